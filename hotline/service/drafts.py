"""Calls that are being held, and what is left of one whose process died (断线草稿): its caller is called back.

While a call lasts the store knows who calls and which process holds it; the words are in the journal. A process shows
that it lives. One that stops showing it has died with its calls: each becomes a callback, with the words so far.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from hotline.dialogue.actions import Outcome
from hotline.dialogue.events import AppealRegistered, Merged, Said, Started
from hotline.dialogue.journal import decode
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.drafts import BrokenCall, CallProcess, HeldCall
from hotline.service.journal import ConversationLog
from hotline.store.journal_store import JournalRow

log: Final = structlog.get_logger("drafts")

SILENT_FOR: Final = timedelta(seconds=30)
"""A process that showed no sign of life for so long is suspected to have died."""
MADE_SURE_FOR: Final = timedelta(seconds=15)
"""So long a suspect has time to show that it was only the database that was away."""
_MOST_AT_ONCE: Final = 50
_ORDERED: Final = frozenset({AppealRegistered.__name__, Merged.__name__})


class DraftStore(Protocol):
    """Keeps call processes and the calls they hold. All methods raise ``StoreUnavailableError``."""

    async def show(self, process: CallProcess, *, at: datetime) -> None:
        """Note that ``process`` lives, and how it is doing."""

    async def leave(self, process: str) -> None:
        """Forget a process that has ended; one that still holds calls stays, and is found dead later."""

    async def living(self, *, seen_since: datetime) -> Sequence[CallProcess]:
        """Return the processes that showed a sign of life since, by name."""

    async def hold(self, call: HeldCall, *, by: str) -> None:
        """Keep a call that the process ``by`` holds; again: nothing."""

    async def conceal(self, conversation: str) -> None:
        """Note that a state secret may have been said."""

    async def release(self, conversation: str) -> None:
        """Forget a call that has ended."""

    async def suspect(self, *, seen_before: datetime, at: datetime) -> int:
        """Suspect processes that have been silent; return how many are newly suspected."""

    async def orphans(self, *, suspected_before: datetime, limit: int) -> Sequence[HeldCall]:
        """Return calls of processes that have been suspected for long, the oldest first."""

    async def bury(self, *, suspected_before: datetime) -> int:
        """Forget processes that have been suspected for long and hold no more calls; return how many."""


class KeepingDrafts:
    """A ``ConversationLog`` that also keeps which call this process holds, as long as it lasts."""

    def __init__(self, book: ConversationLog, drafts: DraftStore, *, process: str) -> None:
        """Write to ``book``; ``process`` is the run that holds the calls."""
        self._book = book
        self._drafts = drafts
        self._process = process
        self._ended: set[str] = set()

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        """Open the record."""
        await self._book.begin(conversation, channel=channel, call_id=call_id, at=at)

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        """Keep rows; from the first on, the call."""
        for row in rows:
            if row.name == Started.__name__:
                started = decode(row.name, row.body)
                assert isinstance(started, Started)
                held = HeldCall(conversation, started.phone, started.at)
                await self._drafts.hold(held, by=self._process)
        await self._book.append_all(conversation, rows)

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        """Delete what was kept, and keep no words of this call if it breaks."""
        await self._drafts.conceal(conversation)
        await self._book.conceal(conversation, at=at)

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        """Close the record and let the call go."""
        self._ended.add(conversation)
        await self._book.finish(conversation, end)
        await self.settle()

    async def settle(self) -> None:
        """Let go of calls that have ended; those that the store would not let go before are tried again."""
        for conversation in tuple(self._ended):
            await self._drafts.release(conversation)
            self._ended.discard(conversation)


class Journals(Protocol):
    """The conversations that are kept (``hotline.store.sql``)."""

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        """Return a conversation's journal."""

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        """Close the record of a conversation."""


class BrokenCalls:
    """Finds calls whose process died and has their callers called back."""

    def __init__(
        self,
        drafts: DraftStore,
        journals: Journals,
        call_back: Callable[[BrokenCall, datetime], Awaitable[None]],
    ) -> None:
        """``call_back`` makes the callback task; made twice for a conversation it must be one."""
        self._drafts = drafts
        self._journals = journals
        self._call_back = call_back

    async def look(self, at: datetime) -> int:
        """Deal with some of the calls that broke; return how many. Raises ``StoreUnavailableError``."""
        suspected = await self._drafts.suspect(seen_before=at - SILENT_FOR, at=at)
        if suspected:
            log.warning("call_processes.suspected", processes=suspected)
        sure = at - MADE_SURE_FOR
        orphans = await self._drafts.orphans(suspected_before=sure, limit=_MOST_AT_ONCE)
        for call in orphans:
            await self._settle(call, at)
        await self._drafts.bury(suspected_before=sure)
        return len(orphans)

    async def _settle(self, call: HeldCall, at: datetime) -> None:
        words, order = "", None
        if not call.is_secret:
            words, order = _so_far(await self._journals.read(call.conversation))
        if call.phone is None:
            log.warning("call.broken_without_number", conversation=call.conversation)
        else:
            await self._call_back(BrokenCall(call.conversation, call.phone, words, order, call.since), at)
        await self._journals.finish(
            call.conversation,
            ConversationEnd(at=at, outcome=Outcome.FAILED.value, article=None, work_order=order),
        )
        await self._drafts.release(call.conversation)  # last: whatever failed before is done again


def _so_far(rows: Sequence[dict[str, Any]]) -> tuple[str, str | None]:
    """Return what the caller had said, a line for each time, and the number of the order registered for it."""
    said = [str(row["body"]["text"]) for row in rows if row["name"] == Said.__name__]
    orders = [str(row["body"]["number"]) for row in rows if row["name"] in _ORDERED]
    return "\n".join(text for text in said if text), orders[-1] if orders else None
