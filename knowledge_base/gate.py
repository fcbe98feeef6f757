"""The confidence gate (把握): whether an article may be answered with, or a person should take over."""

from __future__ import annotations

import math
from dataclasses import dataclass

from knowledge_base.wording import Manner


@dataclass(frozen=True, slots=True)
class Find:
    """What is known about the best article found for a question; all but ``length`` are between 0 and 1.

    ``lead`` is its score less the next one's; ``subject`` the share of the question's subject that the article knows;
    ``way`` the share of its most alike way of asking that the question has; ``length`` the question's characters.
    ``by_meaning``: the score counts meaning besides words.
    """

    score: float
    lead: float
    subject: float
    way: float
    length: int
    by_meaning: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """How sure an article must be. Tuned on the golden questions of the city: rather a person than a wrong answer.

    In a question of at most ``short`` characters hardly anything may stay unknown, for there the unknown word is what
    was asked; a long one tells a story around it. A text that reports is never answered: who says that the flat is
    cold and is told how heating is measured has not been heard. A bare topic must be short and nearly the article's
    own words. Scores that count meaning are higher and need another threshold.
    """

    question: float = 0.4
    topic: float = 0.8
    meant_question: float = 0.3
    meant_topic: float = 0.5
    short: int = 12
    meant_short: int = 10

    def lets(self, manner: Manner, find: Find) -> bool:
        """Tell whether a text of that manner may be answered with what was found; more of ``subject`` and ``way`` never harms."""
        is_short = find.length <= (self.meant_short if find.by_meaning else self.short)
        match manner:
            case Manner.QUESTION:
                return self._sureness(find, is_short=is_short) >= self._threshold(find)
            case Manner.TOPIC:
                enough = self.meant_topic if find.by_meaning else self.topic
                return find.length <= self.short and self._sureness(find, is_short=is_short) >= enough
            case Manner.REPORT:
                return False

    def _threshold(self, find: Find) -> float:
        return self.meant_question if find.by_meaning else self.question

    @staticmethod
    def _sureness(find: Find, *, is_short: bool) -> float:
        if find.by_meaning:
            known = math.pow(find.subject, 1.0 if is_short else 0.3)
            return max(0.0, find.score - 0.4 + 3 * find.lead) * known
        known = math.pow(find.subject, 3.0 if is_short else 0.5)
        return (find.score + 2 * find.lead) * known * (1 + find.way) / 2
