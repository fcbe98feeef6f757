"""The agents' desk as open pages see it: read once for all pages of this process, and kept alive for all of them at once.

A page of an agent is the sign of life of their desk. Four hundred of them would read and write the desk at every change;
here one reader does it, and each page is told only when what concerns it has changed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from hotline.domain.agents import Agent, Desk, Handover, HandoverState, Medium, Presence
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_desk import AgentDesk
from hotline.service.signals import AGENTS, Signals

log: Final = structlog.get_logger("seats")

_ALIVE_SECONDS: Final = 10.0
_GATHER_SECONDS: Final = 0.02
_LOOK_ANYWAY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One call that waits: its place, what it needs, since when; nothing of what was said."""

    position: int
    skill: str
    is_urgent: bool
    since: str


@dataclass(frozen=True, slots=True)
class SeatView:
    """What one agent's page shows of the desk: their own call and chats, and who waits."""

    agent: Agent | None
    call: Handover | None
    chats: tuple[Handover, ...] = ()
    waiting_chats: tuple[Handover, ...] = ()
    queue: tuple[QueueLine, ...] = ()
    agents: tuple[tuple[str, str, Presence], ...] = ()
    talking: int = 0


@dataclass(slots=True, eq=False)
class _Watcher:
    agent: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    shown: SeatView | None = None


def _still(handover: Handover) -> Handover:
    """Return it without its signs of life."""
    return replace(handover, kept_at=handover.requested_at)


def _waiting(desk: Desk, medium: Medium) -> list[Handover]:
    found = (
        one
        for one in desk.handovers.values()
        if one.medium is medium and one.state is HandoverState.REQUESTED
    )
    return sorted(found, key=lambda one: (not one.is_urgent, one.requested_at))


class Seats:
    """Follows the desk while a page looks at it."""

    def __init__(self, desk: AgentDesk, signals: Signals) -> None:
        """Take the desk, and what tells of its changes."""
        self._desk = desk
        self._signals = signals
        self._watchers: set[_Watcher] = set()
        self._open: Counter[str] = Counter()
        self._now = Desk()
        self._is_away = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def open_pages(self) -> int:
        """How many pages look at the desk."""
        return len(self._watchers)

    @asynccontextmanager
    async def watching(self, agent: str) -> AsyncIterator[AsyncIterator[SeatView]]:
        """Yield what ``agent``'s page shows, now and whenever it changes; the agent is alive meanwhile."""
        watcher = _Watcher(agent)
        self._watchers.add(watcher)
        self._open[agent] += 1
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._follow(), name="seats"),
                asyncio.create_task(self._keep_alive(), name="seats alive"),
            ]
        try:
            await self._look()
            yield self._views(watcher)
        finally:
            self._watchers.discard(watcher)
            self._open -= Counter([agent])
            if not self._watchers:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    async def _views(self, watcher: _Watcher) -> AsyncIterator[SeatView]:
        while True:
            view = self._view(watcher.agent)
            if view != watcher.shown:
                watcher.shown = view
                yield view
            await watcher.changed.wait()
            watcher.changed.clear()

    def _view(self, agent: str) -> SeatView:
        desk = self._now
        waiting = _waiting(desk, Medium.CALL)
        me, call = desk.agents.get(agent), desk.call_of(agent)
        return SeatView(  # signs of life are no changes
            replace(me, seen_at=me.since) if me is not None else None,
            _still(call) if call is not None else None,
            tuple(_still(one) for one in desk.chats_of(agent)),
            tuple(_still(one) for one in _waiting(desk, Medium.CHAT)) if me is not None else (),
            tuple(
                QueueLine(position, one.skill.value, one.is_urgent, one.requested_at.isoformat())
                for position, one in enumerate(waiting, 1)
            ),
            tuple(
                (one.id, one.name, one.presence)
                for one in sorted(desk.agents.values(), key=lambda one: one.id)
            ),
            sum(
                one.medium is Medium.CALL and one.state is HandoverState.BRIDGED
                for one in desk.handovers.values()
            ),
        )

    async def _follow(self) -> None:
        async with self._signals.of(AGENTS) as notices:
            while True:
                with suppress(TimeoutError):  # a notice may have been lost
                    async with asyncio.timeout(_LOOK_ANYWAY_SECONDS):
                        await anext(notices)
                await self._look()
                await asyncio.sleep(_GATHER_SECONDS)  # changes come in bursts

    async def _look(self) -> None:
        try:
            desk, _, _ = await self._desk.board()
        except EngineUnavailableError as error:
            if not self._is_away:
                log.warning("seats.away", error=error.reason)
            self._is_away = True
            return
        self._is_away = False
        if desk != self._now:
            self._now = desk
            for watcher in self._watchers:
                watcher.changed.set()

    async def _keep_alive(self) -> None:
        while True:
            with suppress(EngineUnavailableError):
                await self._desk.saw_all(frozenset(self._open))
            await asyncio.sleep(_ALIVE_SECONDS)
