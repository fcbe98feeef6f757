"""Why a sentence is understood as it is, as plain data for people who keep the training data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from hotline.city import City
from hotline.domain.category import nearest
from hotline.domain.meaning import Understanding


class Reasoner(Protocol):
    """An engine that can say what speaks for a label."""

    def guess(self, text: str) -> Sequence[tuple[str, float]]:
        """Return every label with its probability, best first."""

    def reasons(self, text: str, label: str) -> Sequence[tuple[str, float]]:
        """Return what speaks most for a label in ``text``."""


def explanation(meaning: Understanding, engine: Reasoner, city: City) -> dict[str, Any]:
    """Return what was understood, what else it may have been, and on what words it rests."""
    guesses = list(engine.guess(meaning.text))[:5]
    slots, place = meaning.slots, meaning.slots.place
    return {
        "意图": f"{meaning.intent.value}（{meaning.confidence:.2f}）",
        "分类": f"{_named(city, meaning.category)}（把握 {meaning.category_confidence:.2f}，{meaning.engine}）",
        "须问清": [_named(city, code) for code in meaning.choices],
        "其他可能": [f"{_named(city, code)} {share:.2f}" for code, share in meaning.runners_up[:4]],
        "模型的前五": [f"{label} {chance:.2f}" for label, chance in guesses],
        "凭": [f"{term} {value:.2f}" for term, value in engine.reasons(meaning.text, guesses[0][0])]
        if guesses
        else [],
        "类型": meaning.kind.value if meaning.kind is not None else "",
        "急缓": meaning.urgency.value,
        "情绪激动": "是" if meaning.is_upset else "否",
        "要求保密": "是" if slots.wants_secrecy else "否",
        "地点": place.text if place is not None else "",
        "时间": slots.occurred,
        "要素": [f"{fact.kind.value} {fact.value}（{fact.said}）" for fact in slots.facts],
    }


def _named(city: City, code: str | None) -> str:
    category = nearest(code, city.categories)
    return f"{code} {category.name}" if category is not None else "不明"
