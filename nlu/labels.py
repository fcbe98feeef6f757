"""From a classifier's labels to an understanding: the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hotline.domain.meaning import Intent, Understanding
from nlu.training_data import INTENTS, category_of

_RUNNERS_UP: Final = 3


def understanding_of(text: str, guesses: Sequence[tuple[str, float]], *, engine: str) -> Understanding:
    """Turn labels with probabilities, best first, into an understanding without slots."""
    if not guesses:
        return Understanding(text=text, intent=Intent.UNKNOWN, confidence=0.0, engine=engine)
    categories = [(code, chance) for label, chance in guesses if (code := category_of(label)) is not None]
    is_appeal = sum(chance for _, chance in categories)
    label, chance = guesses[0]
    code, category_chance = categories[0] if categories else (None, 0.0)
    if category_of(label) is None and label in INTENTS and chance >= is_appeal:
        return Understanding(text=text, intent=Intent(label), confidence=chance, engine=engine)
    return Understanding(
        text=text,
        intent=Intent.APPEAL,
        confidence=max(is_appeal, chance),
        engine=engine,
        category=code,
        category_confidence=category_chance / is_appeal if is_appeal else 0.0,
        runners_up=tuple(categories[1 : 1 + _RUNNERS_UP]),
    )
