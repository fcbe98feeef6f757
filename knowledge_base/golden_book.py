"""The book of golden questions (对照题库): those of the city's files, and what editors add, change and retire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from hotline.domain.people import Actor
from knowledge_base.golden import GoldenQuestion, Ground
from knowledge_base.wording import plain


class KeptGolden(Protocol):
    """Keeps what editors say of golden questions (``hotline.store.knowledge_use``)."""

    async def golden(self) -> dict[str, str]:
        """Return rows by the plain form of their question."""

    async def keep_golden(self, key: str, body: str, *, by: Actor, at: datetime) -> None:
        """Keep one."""

    async def drop_golden(self, key: str, *, by: Actor, at: datetime) -> bool:
        """Drop one; tell whether it was there."""


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One question of the book. ``is_kept``: an editor's word, not the city's; ``is_retired``: it is not asked any more."""

    question: GoldenQuestion
    is_kept: bool = False
    is_retired: bool = False


class GoldenBook:
    """What editors keep replaces what the city's files say of the same question."""

    def __init__(self, city: Sequence[GoldenQuestion], kept: KeptGolden) -> None:
        """Take the city's questions and where the editors' are kept."""
        self._city = {plain(one.text): one for one in city}
        self._kept = kept

    async def entries(self) -> dict[str, BookEntry]:
        """Return the whole book by the plain form of the questions."""
        book = {key: BookEntry(one) for key, one in self._city.items()}
        for key, body in (await self._kept.golden()).items():
            question = parse_golden(body)
            is_retired = not question.answers and question.ground is None
            if is_retired and key in self._city:  # how it was answered is worth reading all the same
                question = replace(self._city[key], text=question.text)
            book[key] = BookEntry(question, is_kept=True, is_retired=is_retired)
        return book

    async def questions(self) -> tuple[GoldenQuestion, ...]:
        """Return the questions that are asked."""
        return tuple(one.question for one in (await self.entries()).values() if not one.is_retired)

    async def keep(self, question: GoldenQuestion, *, by: Actor, at: datetime) -> None:
        """Ask a question from now on, or expect something else of it."""
        await self._kept.keep_golden(plain(question.text), dump_golden(question), by=by, at=at)

    async def retire(self, text: str, *, by: Actor, at: datetime) -> bool:
        """Ask a question no more; tell whether it was asked."""
        key = plain(text)
        entry = (await self.entries()).get(key)
        if entry is None or entry.is_retired:
            return False
        if key not in self._city:
            return await self._kept.drop_golden(key, by=by, at=at)
        retired = GoldenQuestion(entry.question.text)
        await self._kept.keep_golden(key, dump_golden(retired), by=by, at=at)
        return True

    async def bring_back(self, text: str, *, by: Actor, at: datetime) -> bool:
        """Take a question of the city as its files have it; tell whether editors had said otherwise."""
        return await self._kept.drop_golden(plain(text), by=by, at=at)


def parse_golden(body: str) -> GoldenQuestion:
    """Return the golden question that ``dump_golden`` wrote."""
    row = json.loads(body)
    return GoldenQuestion(row["q"], tuple(row.get("a", ())), Ground(row["why"]) if row.get("why") else None)


def dump_golden(question: GoldenQuestion) -> str:
    """Return a golden question as JSON."""
    row = {"q": question.text, "a": list(question.answers), "why": question.ground}
    return json.dumps(row, ensure_ascii=False)
