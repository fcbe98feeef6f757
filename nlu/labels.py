"""From a classifier's labels to an understanding: the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hotline.domain.meaning import Intent, Understanding
from nlu.training_data import INTENTS, category_of

_RUNNERS_UP: Final = 3
_CLEARLY: Final = 2.0


def understanding_of(text: str, guesses: Sequence[tuple[str, float]], *, engine: str) -> Understanding:
    """Turn labels with probabilities, best first, into an understanding without slots.

    A dialogue intent must beat all categories together, or the best of them clearly: together they always have some
    chance, since there are many. ``category_confidence`` and those of the runners-up are shares of the appeal's own.
    """
    if not guesses:
        return Understanding(text=text, intent=Intent.UNKNOWN, confidence=0.0, engine=engine)
    categories = [(code, chance) for label, chance in guesses if (code := category_of(label)) is not None]
    is_appeal = sum(chance for _, chance in categories)
    best = categories[0][1] if categories else 0.0
    label, chance = guesses[0]
    if label in INTENTS and (chance >= is_appeal or chance >= _CLEARLY * best):
        return Understanding(text=text, intent=Intent(label), confidence=chance, engine=engine)
    shares = tuple((code, chance / is_appeal) for code, chance in categories) if is_appeal else ()
    code, share = shares[0] if shares else (None, 0.0)
    return Understanding(
        text=text,
        intent=Intent.APPEAL,
        confidence=is_appeal,
        engine=engine,
        category=code,
        category_confidence=share,
        runners_up=shares[1 : 1 + _RUNNERS_UP],
    )
