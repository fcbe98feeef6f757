"""What a form that is being written seems to be about: one guess at a time, always of the latest draft."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from chat.web_chat import protocol
from chat.web_chat.doors import Doors
from chat.web_chat.page_words import PageWords
from hotline.dialogue.cards import ArticleCard
from hotline.dialogue.intake import Missing
from hotline.domain.errors import EngineUnavailableError
from hotline.service.guidance import Guess

log: Final = structlog.get_logger("guessing")

_LEAST: Final = 4
"""So few characters say nothing yet."""


class Guessing:
    """The guesses of one page's connection; ``close`` must be called when it is gone."""

    def __init__(
        self, session: str, doors: Doors, words: PageWords, send: Callable[[protocol.Outgoing], None]
    ) -> None:
        """Take whose drafts these are and who is told the guesses."""
        self._session = session
        self._doors = doors
        self._words = words
        self._send = send
        self._latest: protocol.Draft | None = None
        self._task: asyncio.Task[None] | None = None

    def offer(self, draft: protocol.Draft) -> None:
        """Take a draft; one that waited is not guessed at any more."""
        self._latest = draft
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._guess(), name="guess")

    def close(self) -> None:
        """Guess no more."""
        if self._task is not None:
            self._task.cancel()

    async def _guess(self) -> None:
        burst, rate = self._doors.rates.draft
        while (draft := self._latest) is not None:
            self._latest = None
            if self._doors.guidance is None or len(draft.text) < _LEAST:
                continue
            if not await self._doors.buckets.take(f"draft:{self._session}", burst=burst, per_second=rate):
                continue
            try:
                guess = await self._doors.guidance.read(draft.text, at=self._doors.clock(), looks_up=True)
            except EngineUnavailableError as error:
                log.info("draft.not_guessed", error=error.reason)
                continue
            self._send(self._guessed(draft.id, guess))

    def _guessed(self, id_: str, guess: Guess) -> protocol.Guessed:
        appeal, words = guess.appeal, self._words
        card = words.card(ArticleCard.of(guess.article)) if guess.article is not None else None
        assert card is None or isinstance(card, protocol.ArticleCard)
        return protocol.Guessed(
            id=id_,
            kind=appeal.kind.value if appeal.category is not None else "",
            kind_text=words.kind(appeal.kind) if appeal.category is not None else "",
            category=appeal.category or "",
            category_text=words.category(appeal.category),
            place=appeal.place.text if appeal.place is not None else "",
            is_located=appeal.place is not None and appeal.place.is_located,
            occurred=appeal.occurred,
            unit=self._doors.unit_name(guess.unit) if guess.unit is not None else "",
            due_at=guess.due_at,
            missing="" if guess.missing is Missing.NOTHING else guess.missing.value,
            emergency=guess.emergency.value if guess.emergency is not None else "",
            answer=card,
            answer_text=guess.article.full if guess.article is not None else "",
        )
