"""The journal of a conversation (通话记录): all that was said and done, written beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.dialogue.actions import Action
from hotline.dialogue.events import Event, Started
from hotline.dialogue.journal import encode
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.errors import HotlineError
from hotline.store.journal_store import JournalRow

log: Final = structlog.get_logger("conversation")

_CONCEAL: Final = "conceal"  # among the rows of a journal: delete those before
_GATHERS_SECONDS: Final = 0.05
"""So long rows are gathered before they are written: a turn makes a dozen, and each commit waits for the disk, and others for it."""


class ConversationLog(Protocol):
    """Keeps what was said: the journal's rows and one summary row per conversation."""

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        """Open the record of a conversation; once, however often."""

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        """Keep events and actions, all in one transaction; a row that is there already is left as it is."""

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        """Delete all that was kept of a conversation in which a state secret may have been said."""

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        """Close the record with its outcome and how the citizen rated it."""


class Journal:
    """Writes a conversation down in order, off its path; a log book that is down stops no call."""

    def __init__(
        self, book: ConversationLog, conversation: str, *, clock: Callable[[], datetime], deadline: float
    ) -> None:
        """``deadline``: seconds that the book may take for what is written at once."""
        self._book = book
        self._conversation = conversation
        self._clock = clock
        self._deadline = deadline
        self._rows: asyncio.Queue[JournalRow | None] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._sequence = 0
        self._is_concealed = False
        self._is_deleted = False

    async def begin(self, started: Started, call_id: str) -> None:
        """Open the record."""
        self._writer = asyncio.create_task(self._write(started, call_id), name="journal")

    def conceal(self) -> None:
        """Keep nothing of what is said from here on, and delete what was kept before, at once."""
        if not self._is_concealed:
            self._is_concealed = True
            self._rows.put_nowait(JournalRow(0, self._clock(), _CONCEAL, {}))

    def add(self, entry: Event | Action) -> None:
        """Write down what happened or was done."""
        if self._is_concealed:
            return
        self._sequence += 1
        name, body = encode(entry)
        self._rows.put_nowait(JournalRow(self._sequence, self._clock(), name, body))

    def restore(self, past: Sequence[Event | Action]) -> None:
        """Go on behind what was written elsewhere; rows that were still on their way when that ended are written now."""
        at = self._clock()
        for entry in past:
            at = getattr(entry, "at", at)
            self._sequence += 1
            name, body = encode(entry)
            self._rows.put_nowait(JournalRow(self._sequence, at, name, body))

    async def leave(self) -> None:
        """Write what is on the way, and leave the record open: the conversation goes on elsewhere."""
        self._rows.put_nowait(None)
        if self._writer is not None:
            await self._writer

    async def finish(self, end: ConversationEnd) -> None:
        """Close the record when all that is on the way has been written."""
        await self.leave()
        try:
            async with asyncio.timeout(self._deadline):
                if self._is_concealed and not self._is_deleted:
                    await self._book.conceal(self._conversation, at=self._clock())
                await self._book.finish(self._conversation, end)
        except (HotlineError, TimeoutError) as error:
            log.error("journal.lost", error=type(error).__name__)

    async def _write(self, started: Started, call_id: str) -> None:
        """Write rows as they come; what the book does not take is tried again with what comes next, and at the end."""
        waiting: list[JournalRow] = []
        is_begun = is_last = False
        while True:
            try:
                async with asyncio.timeout(self._deadline):
                    if not is_begun:
                        await self._book.begin(
                            self._conversation, channel=started.channel, call_id=call_id, at=started.at
                        )
                        is_begun = True
                    await self._put_down(waiting)
                    waiting.clear()
            except (HotlineError, TimeoutError) as error:
                log.warning("journal.waits", error=type(error).__name__, rows=len(waiting))
            if is_last:
                break
            rows, is_last = await self._gathered()
            waiting += rows
        if waiting or not is_begun:
            log.error("journal.lost", rows=len(waiting))

    async def _put_down(self, rows: Sequence[JournalRow]) -> None:
        plain = [row for row in rows if row.name != _CONCEAL]
        if plain:
            await self._book.append_all(self._conversation, plain)
        if len(plain) < len(rows):  # nothing is added behind it
            await self._book.conceal(self._conversation, at=rows[-1].at)
            self._is_deleted = True

    async def _gathered(self) -> tuple[Sequence[JournalRow], bool]:
        """Wait for a row; return it with those that follow closely, and whether they are the last."""
        rows: list[JournalRow] = []
        first = await self._rows.get()
        if first is None:
            return rows, True
        rows.append(first)
        try:
            async with asyncio.timeout(_GATHERS_SECONDS):
                while (row := await self._rows.get()) is not None:
                    rows.append(row)
                return rows, True
        except TimeoutError:
            return rows, False
