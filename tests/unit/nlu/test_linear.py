"""The in-process model: trained on a small city, stored, read again, and refused when it is not what it should be."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotline.city import City, load_city
from hotline.domain.errors import ModelRefusedError
from hotline.domain.meaning import Intent
from hotline.phonetics import syllables
from nlu.engines import linear
from nlu.engines.features import ANALYZERS, passages
from nlu.engines.linear import LinearUnderstander, model_in_force, model_name, shelf_of, weights_in
from nlu.engines.linear_training import described, misheard, train
from nlu.engines.linear_weights import Head, Weights, head_of, weights_from
from nlu.training_data import Example
from tests.builders import LINYI

WORDS = {
    "c010101": "暖气不热 家里冰凉 室温太低 暖气片不热 屋里冷 地暖不热 卧室只有十四度 暖气温度不够 客厅冰凉 暖气忽冷忽热",
    "c010102": "停暖了 暖气管道爆了 换热站坏了 整栋楼停暖 暖气漏水 供热管道漏了 暖气停了三天 停暖没通知 管道爆裂停暖 暖气全停了",
    "c020401": "路灯不亮 路灯坏了 路灯一直闪 街上路灯全灭 灯杆歪了 小区外路灯不亮 路灯白天亮 路灯坏了没人修 一排路灯不亮 村里路灯坏了",
    "affirm": "对 是的 好的 可以 没错 就是这样 对对对 嗯是的 行 确认",
}
EXAMPLES = [Example(text, label) for label, texts in WORDS.items() for text in texts.split()]


def small(city: City) -> City:
    kept = {"01", "0101", "010101", "010102", "02", "0204", "020401"}
    return replace(city, categories={code: city.categories[code] for code in kept})


CITY = small(load_city(LINYI))


@pytest.fixture(scope="module")
def weights() -> Weights:
    return train(CITY, EXAMPLES)


@pytest.fixture
def shelf(tmp_path: Path, weights: Weights) -> Path:
    shelf_of(tmp_path).put(model_name(CITY), weights.stored())
    return tmp_path


async def test_it_understands_what_it_was_trained_for(shelf: Path) -> None:
    engine = LinearUnderstander(CITY, shelf)
    for text, intent, code in (
        ("我家暖气一点都不热", Intent.APPEAL, "010101"),
        ("路灯有一个月没亮了", Intent.APPEAL, "020401"),
        ("是的没错", Intent.AFFIRM, None),
    ):
        found = await engine.understand(text)
        assert (found.intent, found.engine) == (intent, "linear")
        guessed = max(engine.guess(text), key=lambda one: one[1])[0]
        assert guessed == ("affirm" if code is None else f"c{code}")


@pytest.mark.parametrize("text", ["", "   ", "😀😀😀", "！！？", "\x00\x07"])
async def test_text_without_words_is_not_understood(shelf: Path, text: str) -> None:
    found = await LinearUnderstander(CITY, shelf).understand(text)
    assert (found.intent, found.category) == (Intent.UNKNOWN, None)


def test_chances_are_of_all_labels_and_together_one(weights: Weights) -> None:
    chances = weights.chances(passages("暖气不热"), ANALYZERS)
    assert len(chances) == len(weights.finest.labels) == 4
    assert abs(chances.sum() - 1.0) < 1e-9


def test_stored_weights_say_the_same(weights: Weights) -> None:
    again = weights_from(weights.stored())
    assert again.finest.labels == weights.finest.labels
    assert again.calibration == weights.calibration
    for text in ("暖气不热", "路灯", "从没见过的话", "x"):
        assert np.allclose(
            again.chances(passages(text), ANALYZERS), weights.chances(passages(text), ANALYZERS)
        )


def test_a_head_scores_as_the_dense_classifier_does() -> None:
    chance = np.random.default_rng(1)
    dense = chance.normal(size=(5, 40)).astype(np.float32)
    head = head_of(list("abcde"), dense, np.arange(5.0), 1.0)
    columns, values = np.array([3, 7, 20]), np.array([0.5, 0.25, 0.8])
    assert np.allclose(head.scores(columns, values), dense[:, columns] @ values + np.arange(5.0), atol=0.05)
    assert np.allclose(head.scores(np.empty(0, dtype=np.intp), np.empty(0)), np.arange(5.0))
    assert abs(head.said_by(7, 2) - float(dense[2, 7])) < 0.01


def test_weights_that_hardly_matter_are_left_out() -> None:
    head = head_of(["a", "b"], np.array([[1.0, 0.001], [0.001, 0.5]]), np.zeros(2), 1.0)
    assert (head.starts.tolist(), head.places.tolist(), head.said_by(1, 0)) == ([0, 1, 2], [0, 1], 0.0)
    assert isinstance(head, Head)


def test_stored_objects_are_not_unpickled() -> None:
    content = io.BytesIO()
    np.savez(content, about=np.array([object()], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        weights_from(content.getvalue())


def test_the_taxonomy_tells_of_itself() -> None:
    texts = [example.text for example in described(CITY.categories) if example.label == "c010101"]
    assert {"供热温度不达标", "暖气不热", "忽冷忽热"} <= set(texts)
    assert {example.label for example in described(CITY.categories)} == {"c010101", "c010102", "c020401"}


def test_misheard_utterances_sound_the_same() -> None:
    noisy = misheard(EXAMPLES)
    assert [syllables(one.text) for one in noisy] == [syllables(one.text) for one in EXAMPLES]
    assert sum(one.text != other.text for one, other in zip(noisy, EXAMPLES, strict=True)) > 3


def test_new_utterances_leave_the_others_misheard_as_they_were() -> None:
    more = [Example("客厅的暖气坏了", "c010102"), *EXAMPLES, Example("路灯全坏了", "c020401")]
    assert misheard(more)[1:-1] == misheard(EXAMPLES)


def test_the_last_good_model_stays_when_the_present_one_is_missing_or_damaged(
    shelf: Path, weights: Weights, caplog: pytest.LogCaptureFixture
) -> None:
    old = shelf_of(shelf).put("before", weights.stored())
    os.utime(old, (1_000, 1_000))
    now = shelf_of(shelf).file(model_name(CITY))
    assert model_in_force(CITY, shelf) == now
    now.write_bytes(now.read_bytes()[:1_000])
    assert model_in_force(CITY, shelf) == old
    now.unlink()
    assert LinearUnderstander(CITY, shelf).file == old


def test_without_any_sound_model_the_one_wanted_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError, match=rf"linear-{model_name(CITY)}\.model"):
        LinearUnderstander(CITY, tmp_path)


def test_a_model_of_another_taxonomy_is_refused(shelf: Path) -> None:
    other = replace(CITY, categories={code: CITY.categories[code] for code in ("02", "0204", "020401")})
    with pytest.raises(ModelRefusedError, match="分类"):
        weights_in(shelf_of(shelf).file(model_name(CITY)), other)


def test_training_is_done_once(tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[City] = []

    def fresh(city: City) -> Weights:
        trained.append(city)
        return weights

    monkeypatch.setattr(linear, "fresh_model", fresh)
    assert linear.train_linear(CITY, tmp_path) == linear.train_linear(CITY, tmp_path)
    assert len(trained) == 1


def test_what_speaks_for_a_label_is_told(shelf: Path) -> None:
    reasons = LinearUnderstander(CITY, shelf).reasons("路灯不亮", "c020401")
    assert "路灯" in [term for term, _ in reasons]
    assert all(value > 0 for _, value in reasons)
