"""Revisits by telephone (电话回访) as the errands of the dialler: which orders are owed one, and what is kept of each."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.dialogue.survey import SurveySession
from hotline.dialogue.survey_result import Ending, Subject, SurveyResult
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import CallbackReason
from hotline.domain.category import Category
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.errors import StaleWorkOrderError, StoreUnavailableError
from hotline.domain.life_cycle import Status
from hotline.domain.outbound import DueCall, OutboundOutcome, PlannedCall, StopReason
from hotline.domain.people import MACHINE
from hotline.service.callbacks import Callbacks, WishedFor
from hotline.service.channel import Channel
from hotline.service.conversations import RememberingPace
from hotline.service.journal import ConversationLog, Journal
from hotline.service.outbound_book import OutboundBook
from hotline.service.revisit_calls import RevisitCalls, due_revisit, subject_of
from hotline.service.survey_calls import hold_survey
from hotline.store.sql import SqlStore
from ivr.line import Line

log: Final = structlog.get_logger("revisits")

_PAGE: Final = 200
_DEADLINE_SECONDS: Final = 5.0
_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # seconds between attempts to keep what a citizen said
_STOPS: Final = {Ending.WRONG_PERSON: StopReason.WRONG_PERSON}


class RecordingCalls(Protocol):
    """Records calls (``app.recordings.Recordings``)."""

    async def begin(self, conversation: str, line: Line, at: datetime) -> None:
        """Record a call from now on."""

    async def end(self, conversation: str) -> None:
        """End its recording."""


class RevisitErrands:
    """Revisits all orders that wait for it. ``channel`` makes a conversation's channel of a line."""

    def __init__(
        self,
        store: SqlStore,
        book: OutboundBook,
        calls: RevisitCalls,
        survey: Callable[[Subject], SurveySession],
        *,
        categories: Mapping[str, Category],
        channel: Callable[[Line, str], Channel],
        log_book: ConversationLog,
        recordings: RecordingCalls | None,
        callbacks: Callbacks,
        slow_callers: RememberingPace | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._book, self._calls, self._survey = store, book, calls, survey
        self._categories, self._channel, self._clock = categories, channel, clock
        self._log_book, self._recordings = log_book, recordings
        self._callbacks, self._slow_callers = callbacks, slow_callers

    def due(self) -> AsyncIterator[Sequence[DueCall]]:
        """Yield the revisits that are owed, the oldest orders first."""
        return owed_revisits(self._store)

    async def ready(self, call: PlannedCall) -> bool:  # noqa: ARG002 -- a revisit needs nobody
        """Return True: the machine is always ready."""
        return True

    async def not_placed(self, call: PlannedCall) -> None:
        """Do nothing: nothing was made ready."""

    async def talk(self, call: PlannedCall, line: Line) -> None:
        """Hold the revisit on ``line``; what was said is kept before this returns."""
        order, phone = await self._store.get(call.due.reference), call.due.phone
        conversation = secrets.token_hex(8)
        session = self._survey(subject_of(order, self._categories))
        journal = Journal(self._log_book, conversation, clock=self._clock, deadline=_DEADLINE_SECONDS)
        is_slow = self._slow_callers is not None and await self._slow_callers.includes(phone)
        if self._recordings is not None:
            await self._recordings.begin(conversation, line, self._clock())
        with structlog.contextvars.bound_contextvars(conversation=conversation):
            try:
                result = await hold_survey(
                    self._channel(line, conversation),
                    session,
                    journal,
                    call_id=line.call_id,
                    prefers_slow=is_slow,
                )
            finally:
                end = ConversationEnd(
                    self._clock(), session.outcome.value, article=None, work_order=order.number, rating=None
                )
                await journal.finish(end)  # first: it deletes the recording of what must not be kept
                if self._recordings is not None:
                    await self._recordings.end(conversation)
        await self._keep(result, phone, conversation)

    async def unreached(self, call: PlannedCall, outcome: OutboundOutcome) -> None:
        """Keep a try at which nobody was spoken to."""
        await until_kept(lambda: self._calls.keep_unreached(call.due.reference, outcome, at=self._clock()))

    async def _keep(self, result: SurveyResult, phone: PhoneNumber, conversation: str) -> None:
        """Keep what came of it; the answers last, since the order may have moved on meanwhile and refuse them."""
        reason = StopReason.ASKED if result.stop else _STOPS.get(result.ending)
        if reason is not None:
            await until_kept(lambda: self._book.stop(phone, reason, by=str(MACHINE), at=self._clock()))
        if result.ending is Ending.AGENT_WANTED:
            words = "".join(result.words)
            wish = WishedFor(phone, CallbackReason.NO_AGENT, words, conversation, order_number=result.number)
            await until_kept(lambda: self._callbacks.plan(wish, self._clock()))
        await until_kept(lambda: self._calls.keep(result, at=self._clock()))


async def owed_revisits(store: SqlStore) -> AsyncIterator[Sequence[DueCall]]:
    """Yield the revisits that are owed, page by page, the oldest orders first."""
    after = ""
    while orders := await store.in_status(Status.TO_REVISIT, limit=_PAGE, after=after):
        yield [due for order in orders if (due := due_revisit(order)) is not None]
        after = orders[-1].number


async def until_kept(keep: Callable[[], Awaitable[object]]) -> None:
    """Keep what a citizen said, again while the database is away; raise as ``keep`` does when it stays away."""
    for pause in _PAUSES:
        try:
            await keep()
        except (StoreUnavailableError, StaleWorkOrderError) as error:
            log.warning("revisit.not_kept_yet", error=type(error).__name__)
            await asyncio.sleep(pause)
        else:
            return
    await keep()
