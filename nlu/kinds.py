"""Kind of appeal, urgency, mood and wish for secrecy: by rules over words, not by the model."""

from __future__ import annotations

import re
from typing import Final

from hotline.domain.appeal import AppealKind, Urgency
from hotline.domain.category import Category
from nlu.lexicon import MeaningWords

_YES_OR_NO: Final = re.compile(r"([^\W\d_时动])不\1")
"""开不开, 收不收; but 时不时, 动不动."""


def kind_of(text: str, category: Category | None, words: MeaningWords) -> AppealKind:
    """Return what kind of appeal ``text`` is.

    A question about how something is done is an inquiry; one that tells what has gone wrong is not, even with a
    question mark (“暖气不热怎么办” wants help).
    """
    for word in words.kinds_not:
        text = text.replace(word, "，")
    is_report = any(word in text for word in words.report)
    for kind, found in words.kinds[:3]:
        if any(word in text for word in found):
            return kind
    if any(word in text for word in words.inquiry_strong) and not is_report:
        return AppealKind.INQUIRY
    for kind, found in words.kinds[3:]:
        if any(word in text for word in found):
            return kind
    is_weak = any(word in text for word in words.inquiry_weak)
    is_weak = is_weak or ends_with_question(text, words) or _YES_OR_NO.search(text) is not None
    if not is_report and is_weak:
        return AppealKind.INQUIRY
    if category is None:
        return AppealKind.HELP
    if category.default_kind is AppealKind.INQUIRY and is_report:
        return AppealKind.HELP
    return category.default_kind


def ends_with_question(text: str, words: MeaningWords) -> bool:
    """Tell whether ``text`` ends as questions end in Shandong (“能申请不”)."""
    return text.rstrip("？?。，").endswith(words.inquiry_ends)


def urgency_of(text: str, category: Category | None, words: MeaningWords) -> Urgency:
    """Return how urgent the matter is: danger to life or property, water-power-gas-heat, or ordinary."""
    if any(word in text for word in words.urgent):
        return Urgency.LIFE_SAFETY
    return category.urgency if category is not None else Urgency.ORDINARY


def is_upset(text: str, words: MeaningWords) -> bool:
    """Tell whether the citizen is upset."""
    return any(word in text for word in words.upset)


def wants_secrecy(text: str, words: MeaningWords) -> bool:
    """Tell whether the citizen asks that their identity be kept secret."""
    for word in words.secrecy_not:
        text = text.replace(word, "，")
    is_wished = any(word in text for word in words.secrecy) or words.secrecy_from.search(text) is not None
    return is_wished or any(hidden.search(text) is not None for hidden in words.secrecy_of)
