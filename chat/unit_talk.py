"""A unit's part in a chat (三方对话): what is written goes to it through the order's relay, what it answers comes back.

The relay in the database is the only way between them: the unit sees no names and no numbers. What was passed on already is
read off the relay itself, so that nothing goes twice when another process goes on with the chat. How far a citizen whose page is
open has read is marked for those who would send it to them as a notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.dialogue.events import Event, Said, Started
from hotline.dialogue.written_events import AgentWrote, UnitDismissed, UnitInvited, UnitWrote
from hotline.domain.errors import EngineUnavailableError, HotlineError, StoreUnavailableError
from hotline.domain.people import CITIZEN, Actor, Role
from hotline.domain.relay import RelayMessage
from hotline.service.keeping import Entry
from hotline.service.reading_along import Reading, ReadingAlong, readers_of
from hotline.service.thread import Thread

log: Final = structlog.get_logger("unit_talk")

_LOOK_SECONDS: Final = 2.0


class Relay(Protocol):
    """The talk on an order (``hotline.service.confidential``). Raises ``StoreUnavailableError``."""

    async def send(self, number: str, text: str, *, by: Actor, at: datetime) -> RelayMessage:
        """Pass ``text`` on to the unit, without what tells who anybody is."""

    async def so_far(self, number: str) -> Sequence[RelayMessage]:
        """Return all messages on an order, the oldest first."""


class UnitTalk:
    """Carries messages between one chat and the unit that was invited to it. ``happen`` is told what the unit wrote."""

    def __init__(
        self,
        relay: Relay,
        happen: Callable[[Event], None],
        clock: Callable[[], datetime],
        *,
        reading: ReadingAlong | None = None,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """Begin without a unit. ``reading``: where it is marked how far the citizen has read."""
        self._reading = reading
        self._readers: tuple[str, ...] = ()
        self._has_page = self._is_marked = False
        self._read = 0
        self._relay = relay
        self._happen = happen
        self._clock = clock
        self._look_seconds = look_seconds
        self._invited: UnitInvited | None = None
        self._known = 0
        self._unsent: list[Said | AgentWrote] = []
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    def note(self, entry: Entry) -> None:
        """Take notice of what happened in the chat."""
        match entry:
            case Started():
                self._readers = readers_of(entry.conversation, entry.phone)
                return
            case UnitInvited():
                self._invited, self._known, self._unsent, self._read = entry, entry.after, [], 0
            case UnitDismissed():
                self._invited = None
            case UnitWrote():
                self._known = max(self._known, entry.position)
            case Said() | AgentWrote() if self._invited is not None:
                self._unsent.append(entry)
                self._wake.set()
            case _:
                return
        if self._invited is None:
            self.close()
        elif self._task is None:
            self._task = asyncio.create_task(self._carry(self._invited), name="unit talk")

    def tell_page(self, *, is_there: bool) -> None:
        """Take notice that the citizen's page came or went."""
        self._has_page = is_there
        self._wake.set()

    def seen(self, number: int, entries: Iterable[Entry]) -> None:
        """Take notice that the citizen has seen everything up to message ``number`` of the chat, whose past is ``entries``."""
        if self._invited is not None:
            self._read = max(self._read, _last_of_unit(entries, self._invited.order, upto=number))
            self._wake.set()

    def close(self) -> None:
        """Carry nothing any more, in this process."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _carry(self, invited: UnitInvited) -> None:
        passed_on: set[tuple[Role, datetime]] | None = None
        while True:
            await self._mark(invited)
            try:
                messages = await self._relay.so_far(invited.order)
                if passed_on is None:
                    passed_on = {(each.by.role, each.at) for each in messages[invited.after :]}
                self._hear(invited, messages)
                await self._send(invited, passed_on)
            except StoreUnavailableError as error:
                log.warning("unit_talk.waits", reason=error.reason)
            try:
                async with asyncio.timeout(self._look_seconds):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _mark(self, invited: UnitInvited) -> None:
        """Mark how far the citizen has read, as long as their page is there; a mark that is not renewed runs out."""
        if self._reading is None or not (self._has_page or self._is_marked):
            return
        try:
            await self._reading.note(
                invited.order, self._readers, Reading(self._has_page, invited.after, self._read)
            )
            self._is_marked = self._has_page
        except EngineUnavailableError as error:
            log.info("unit_talk.not_marked", reason=error.reason)

    def _hear(self, invited: UnitInvited, messages: Sequence[RelayMessage]) -> None:
        for position, message in enumerate(messages[self._known :], self._known + 1):
            self._known = position
            if message.by.role is Role.UNIT:
                wrote = UnitWrote(self._clock(), invited.order, invited.unit, message.text, position)
                self._happen(wrote)

    async def _send(self, invited: UnitInvited, passed_on: set[tuple[Role, datetime]]) -> None:
        while self._unsent:
            message = self._unsent[0]
            by = Actor(Role.AGENT, message.agent) if isinstance(message, AgentWrote) else CITIZEN
            if (by.role, message.at) not in passed_on:
                try:
                    await self._relay.send(invited.order, message.text, by=by, at=message.at)
                except StoreUnavailableError:
                    raise
                except HotlineError as error:  # the order has left the unit meanwhile
                    log.warning("unit_talk.refused", error=error.code)
                passed_on.add((by.role, message.at))
            self._unsent.pop(0)


def _last_of_unit(entries: Iterable[Entry], order: str, *, upto: int) -> int:
    """Return the relay's position of the unit's last words among the first ``upto`` messages of a chat; 0: none."""
    thread, position = Thread(), 0
    for entry in entries:
        thread.read([entry])
        if thread.written > upto:
            break
        if isinstance(entry, UnitWrote) and entry.order == order:
            position = entry.position
    return position
