"""From a classifier's labels to an understanding: the same for every engine.

A class is named as finely as the model is sure of it: the third level, else the second, else none. Where only the second
is sure, ``choices`` are the finer classes that a question can tell apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hotline.domain.category import at_level
from hotline.domain.meaning import Intent, Understanding
from nlu.calibration import Calibration
from nlu.training_data import INTENTS, category_of

_RUNNERS_UP: Final = 9
_CLEARLY: Final = 2.0
_LONGEST_TALK: Final = 60
"""Who says more than that tells of a matter, whatever else the words may be like."""
_MOST_CHOICES: Final = 3
_IN_QUESTION: Final = 0.3


@dataclass(frozen=True, slots=True)
class Ranking:
    """Third-level classes with their shares of an appeal's probability, best first; together 1."""

    shares: tuple[tuple[str, float], ...]

    def named(self, calibration: Calibration) -> tuple[str | None, float, tuple[str, ...]]:
        """Return the class as fine as it is sure, how sure that is, and the finer ones that may be meant."""
        if not self.shares:
            return None, 0.0, ()
        code, share = self.shares[0]
        sure = calibration.curve_third(share)
        if sure >= calibration.third:
            return code, sure, ()
        above, sum_above = self._best_above()
        sure_above = calibration.curve_second(sum_above)
        if above is None or sure_above < calibration.second:
            return None, max(sure, sure_above), ()
        within = [(code, share) for code, share in self.shares if at_level(code) == above]
        choices = tuple(code for code, share in within if share >= _IN_QUESTION * within[0][1])
        if len(choices) == 1:  # no other is likely: nothing to ask
            return choices[0], max(sure, sure_above * within[0][1] / sum_above), ()
        return above, sure_above, choices[:_MOST_CHOICES]

    def _best_above(self) -> tuple[str | None, float]:
        sums: defaultdict[str | None, float] = defaultdict(float)
        for code, share in self.shares:
            sums[at_level(code)] += share
        best = max(sums, key=lambda code: sums[code])
        return best, sums[best]


def ranking_of(guesses: Sequence[tuple[str, float]]) -> tuple[Ranking, float]:
    """Return the ranking of the categories among labels with probabilities, and their probability together."""
    categories = [(code, chance) for label, chance in guesses if (code := category_of(label)) is not None]
    together = sum(chance for _, chance in categories)
    if not together:
        return Ranking(()), 0.0
    return Ranking(tuple((code, chance / together) for code, chance in categories)), together


def understanding_of(
    text: str,
    guesses: Sequence[tuple[str, float]],
    *,
    engine: str,
    calibration: Calibration,
    ranking: Ranking | None = None,
) -> Understanding:
    """Turn labels with probabilities, best first, into an understanding without slots.

    A dialogue intent must beat all categories together, or the best of them clearly: together they always have some
    chance, since there are many. ``ranking``: the categories, where the labels only say that it is an appeal.
    """
    if not guesses:
        return Understanding(text=text, intent=Intent.UNKNOWN, confidence=0.0, engine=engine)
    if ranking is None:
        shown, is_appeal = ranking_of(guesses)
        best = shown.shares[0][1] * is_appeal if shown.shares else is_appeal
        others = guesses
    else:
        shown, is_appeal = ranking, dict(guesses).get(Intent.APPEAL, 0.0)
        best = is_appeal
        others = [(label, chance) for label, chance in guesses if label != Intent.APPEAL]
    label, chance = others[0] if others else ("", 0.0)
    is_talk = (
        label in INTENTS
        and len(text) <= _LONGEST_TALK
        and bool(chance >= is_appeal or chance >= _CLEARLY * best)
    )
    if is_talk:
        return Understanding(text=text, intent=Intent(label), confidence=chance, engine=engine)
    code, sure, choices = shown.named(calibration)
    return Understanding(
        text=text,
        intent=Intent.APPEAL,
        confidence=is_appeal,
        engine=engine,
        category=code,
        category_confidence=sure,
        runners_up=tuple(one for one in shown.shares if one[0] != code)[:_RUNNERS_UP],
        shares=shown.shares,
        choices=choices,
    )
