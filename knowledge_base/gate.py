"""The confidence gate (把握): whether an article may be answered with, or a person should take over."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge_base.wording import Manner


@dataclass(frozen=True, slots=True)
class Gate:
    """How sure an article must be. Tuned on tests/engines/kb/golden_questions.yaml: rather a person than a wrong answer.

    What counts is the best article's score and its lead over the next one, less what the article does not know of the
    question's subject; in a question of at most ``short`` characters nothing may stay unknown, for there the
    unknown word is what was asked. A text that reports is never answered: who says that the flat is cold and is told
    how heating is measured has not been heard. A bare topic must be short and nearly the article's own words.
    """

    question: float = 0.36
    topic: float = 0.8
    short: int = 12

    def lets(self, manner: Manner, *, score: float, lead: float, subject: float, length: int) -> bool:
        """Decide by the best article's score, its lead over the next, the known share of the subject, and the length."""
        is_short = length <= self.short
        sureness = (score + 1.5 * lead) * (0.3 + 0.7 * subject ** (2 if is_short else 1))
        match manner:
            case Manner.QUESTION:
                return sureness >= self.question
            case Manner.TOPIC:
                return is_short and sureness >= self.topic
            case Manner.REPORT:
                return False
