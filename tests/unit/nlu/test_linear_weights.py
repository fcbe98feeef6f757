from __future__ import annotations

import io

import numpy as np
import pytest

from nlu.engines.linear import _ANALYZERS, build_pipeline, cleaned
from nlu.engines.linear_weights import Weights, weights_from, weights_of

TEXTS = {
    "heat": ["暖气不热", "家里暖气片冰凉", "暖气停了不热", "供暖不热"],
    "light": ["路灯不亮", "小区路灯坏了不亮", "路灯晚上不亮", "街上路灯坏了"],
    "tax": ["个税怎么退", "税务局怎么退税", "退税App怎么用", "怎么交个税"],
}


@pytest.fixture(scope="module")
def trained() -> tuple[object, Weights]:
    pipeline = build_pipeline()
    pipeline.fit(
        [cleaned(text) for texts in TEXTS.values() for text in texts],
        [label for label, texts in TEXTS.items() for _ in texts],
    )
    return pipeline, weights_of(pipeline.named_steps["features"], pipeline.named_steps["classifier"])


@pytest.mark.parametrize("text", ["暖气不热不热", "路灯", "退税app怎么用", "从没见过的话", "x"])
def test_the_plain_weights_score_as_the_library_does(trained: tuple[object, Weights], text: str) -> None:
    pipeline, weights = trained
    given = pipeline.decision_function([cleaned(text)])[0]  # type: ignore[attr-defined]
    assert np.allclose(weights.scores(cleaned(text), _ANALYZERS), given, atol=1e-6)


def test_stored_weights_score_the_same(trained: tuple[object, Weights]) -> None:
    _, weights = trained
    again = weights_from(weights.stored())
    assert again.labels == ("heat", "light", "tax")
    assert np.array_equal(again.scores("暖气不热", _ANALYZERS), weights.scores("暖气不热", _ANALYZERS))


def test_stored_objects_are_not_unpickled() -> None:
    content = io.BytesIO()
    np.savez(
        content, about=np.array([object()], dtype=object), coefficients=np.zeros(1), intercept=np.zeros(1)
    )
    with pytest.raises(ValueError, match="pickle"):
        weights_from(content.getvalue())
