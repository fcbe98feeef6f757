"""The confidence gate (把握): whether an article may be answered with, or a person should take over."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge_base.wording import Manner


@dataclass(frozen=True, slots=True)
class Find:
    """What is known about the best article found for a question; all but ``length`` are between 0 and 1.

    ``lead`` is its score less the next one's; ``subject`` the share of the question's subject that the article knows;
    ``way`` the share of its most alike way of asking that the question has; ``length`` the question's characters.
    """

    score: float
    lead: float
    subject: float
    way: float
    length: int


@dataclass(frozen=True, slots=True)
class Gate:
    """How sure an article must be. Tuned on the golden questions of the city: rather a person than a wrong answer.

    In a question of at most ``short`` characters hardly anything may stay unknown, for there the unknown word is what
    was asked; a long one tells a story around it. A text that reports is never answered: who says that the flat is
    cold and is told how heating is measured has not been heard. A bare topic must be short and nearly the article's
    own words.
    """

    question: float = 0.4
    topic: float = 0.8
    short: int = 12

    def lets(self, manner: Manner, find: Find) -> bool:
        """Tell whether a text of that manner may be answered with what was found."""
        is_short = find.length <= self.short
        known = find.subject**3 if is_short else find.subject**0.5
        sureness = (find.score + 2 * find.lead) * known * (1 + find.way) / 2
        match manner:
            case Manner.QUESTION:
                return sureness >= self.question
            case Manner.TOPIC:
                return is_short and sureness >= self.topic
            case Manner.REPORT:
                return False
