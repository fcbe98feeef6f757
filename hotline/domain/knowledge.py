"""Knowledge: articles (知识条目) and the passages found for a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Article:
    """One knowledge article, as its unit stands by it.

    ``questions`` are ways citizens ask it; ``spoken`` is the answer read aloud (short, no lists); ``full`` the
    answer shown in writing. ``valid_until`` None means open-ended. Only articles valid on the day are answered with.
    ``is_confirmed`` False marks facts that the responsible unit has yet to confirm (待核).
    """

    id: str
    version: int
    title: str
    questions: tuple[str, ...]
    spoken: str
    full: str
    unit: str
    source: str
    valid_from: date
    valid_until: date | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    is_confirmed: bool = False

    def is_valid(self, *, on: date) -> bool:
        """Tell whether the article may be answered with ``on`` that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Passage:
    """An article found for a question. ``score`` is 0–1 and comparable between questions; the gate is the retriever's.

    ``is_confident`` says that the retriever's confidence gate lets it be answered with.
    """

    article: Article
    score: float
    is_confident: bool
