"""Knowledge: articles (知识条目) and the passages found for a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

HANDED_IN: Final = "sha256:"
"""Begins the addresses of files that editors handed in."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A form or a document that goes with an article.

    ``address`` is an https address, a file of the city's folder, or ``sha256:…`` of a file that editors handed in.
    """

    name: str
    address: str

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the file that editors handed in, in hexadecimal; None where it is kept elsewhere."""
        return self.address.removeprefix(HANDED_IN) if self.address.startswith(HANDED_IN) else None


@dataclass(frozen=True, slots=True)
class Article:
    """One knowledge article (知识条目), as its unit stands by it.

    ``questions`` are ways citizens ask it (问法); ``spoken`` is the answer read aloud (short, no lists); ``full`` the
    answer shown in writing. ``source`` names the document it rests on, ``document_number`` is that document's (文号) and
    ``legal_basis`` the law and the clause. ``steps`` to ``phone`` are the guide (办事指南). ``regions`` are codes of the
    counties it holds for, none the whole city; ``audience`` says whom it holds for, none everybody. ``valid_until``
    None means open-ended. Only articles valid on the day are answered with. ``related`` are ids of other articles.
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
    document_number: str = ""
    legal_basis: str = ""
    steps: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    place: str = ""
    hours: str = ""
    fee: str = ""
    phone: str = ""
    regions: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    related: tuple[str, ...] = ()

    def is_valid(self, *, on: date) -> bool:
        """Tell whether the article may be answered with ``on`` that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def holds_in(self, county: str | None) -> bool:
        """Tell whether the article holds in the county of that code; where the place is not known, only what holds everywhere does."""
        return not self.regions or county in self.regions


@dataclass(frozen=True, slots=True)
class Passage:
    """An article found for a question. ``score`` is 0–1 and comparable between questions; the gate is the retriever's.

    ``is_confident`` says that the retriever's confidence gate lets it be answered with.
    """

    article: Article
    score: float
    is_confident: bool


@dataclass(frozen=True, slots=True)
class AnsweredWith:
    """Which version of an article was answered with, and how sure the search was (rule 8: 答复须带条目编号与版本)."""

    article: str
    version: int
    score: float | None = None


@dataclass(frozen=True, slots=True)
class KnowledgePosition:
    """How far a reader has read the changes of what may be answered with.

    ``token`` tells this database's change from another's of the same number.
    """

    sequence: int
    token: str


START: Final = KnowledgePosition(0, "")
"""Before the first change."""
