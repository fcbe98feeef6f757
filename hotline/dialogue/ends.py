"""Whether words up to a pause are a whole answer, by what they mean (话说完了没有): so that nobody waits for more. Pure.

It complements the words that answers end with (``lexicon/turns.yaml``): “兰山区银雀山街道的路灯不亮” ends with nothing in
particular, and says all that a work order needs.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from hotline.dialogue.words import AnswerWords
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected

_SURE: Final = 0.8
_SURE_CATEGORY: Final = 0.5
"""Right more often than not, by the calibration curve: every class that an engine names (0.52 and more), none that only
keywords speak for (0.4, ``nlu.engines.rules``)."""
_LEAST_MATTER: Final = 7  # characters: “暖气不热” may be the beginning of a story
_WISHES: Final = frozenset(
    {Intent.TRANSFER_TO_AGENT, Intent.ASK_PROGRESS, Intent.WITHDRAW, Intent.GOODBYE, Intent.REPEAT}
)


class Fullness(IntEnum):
    """How likely it is that nothing more is to come."""

    UNKNOWN = 0
    LIKELY = 1
    WHOLE = 2


def is_wish(text: str, answers: AnswerWords) -> bool:
    """Tell whether ``text`` asks for what is done whatever was asked: a person, or an end of the matter."""
    readers = (answers.wants_agent, answers.is_in_despair, answers.speaks_dialect, answers.withdraws)
    return any(reads(text) for reads in readers)


def fullness(meaning: Understanding, expect: Expected) -> Fullness:
    """Return how whole an answer is to a question of the kind ``expect``, by what it means."""
    place = meaning.slots.place
    has_place = place is not None and place.is_located and bool(place.street_code or place.detail)
    if expect is Expected.PLACE:
        return Fullness.LIKELY if has_place else Fullness.UNKNOWN
    if expect is not Expected.OPEN:
        return Fullness.UNKNOWN
    if meaning.intent in _WISHES:
        return Fullness.WHOLE if meaning.confidence >= _SURE else Fullness.UNKNOWN
    is_matter = (
        meaning.intent is Intent.APPEAL
        and meaning.category_confidence >= _SURE_CATEGORY
        and len(meaning.text) >= _LEAST_MATTER
    )
    if not is_matter:
        return Fullness.UNKNOWN
    return Fullness.WHOLE if has_place else Fullness.LIKELY
