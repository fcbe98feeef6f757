"""The agents' desk as open pages see it: read once for all pages of this process, and kept alive for all of them at once.

A page of an agent is the sign of life of their desk. Four hundred of them would read and write the desk at every change;
here one reader does it. Whose call or presence has changed is told first, at once; who waits and who is there is worked out
once for all, and told to the others afterwards, a few at a time and at most once a second.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
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
_OTHERS_AT_ONCE: Final = 20
_OTHERS_AFTER_SECONDS: Final = 0.05
_OTHERS_EVERY_SECONDS: Final = 1.0


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


@dataclass(frozen=True, slots=True)
class _Shared:
    """What every page shows alike."""

    waiting_chats: tuple[Handover, ...]
    queue: tuple[QueueLine, ...]
    agents: tuple[tuple[str, str, Presence], ...]
    talking: int

    @classmethod
    def of(cls, desk: Desk) -> _Shared:
        """Return it of a desk."""
        return cls(
            tuple(_still(one) for one in _waiting(desk, Medium.CHAT)),
            tuple(
                QueueLine(position, one.skill.value, one.is_urgent, one.requested_at.isoformat())
                for position, one in enumerate(_waiting(desk, Medium.CALL), 1)
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


def _concerned(before: Desk, desk: Desk) -> set[str | None]:
    """Return the agents whose own call, chats or presence have changed."""
    found: set[str | None] = set()
    for id_ in before.handovers.keys() | desk.handovers.keys():
        old, new = before.handovers.get(id_), desk.handovers.get(id_)
        if (old and _still(old)) != (new and _still(new)):
            found |= {one.agent for one in (old, new) if one is not None}
    for agent in before.agents.keys() | desk.agents.keys():
        was, now = before.agents.get(agent), desk.agents.get(agent)
        if was is None or now is None or was.presence is not now.presence or was.since != now.since:
            found.add(agent)
    return found


class Seats:
    """Follows the desk while a page looks at it."""

    def __init__(self, desk: AgentDesk, signals: Signals) -> None:
        """Take the desk, and what tells of its changes."""
        self._desk = desk
        self._signals = signals
        self._watchers: set[_Watcher] = set()
        self._open: Counter[str] = Counter()
        self._now = Desk()
        self._shared = _Shared.of(self._now)
        self._said: tuple[_Shared, str] | None = None
        self._others: set[_Watcher] = set()
        self._telling: asyncio.Task[None] | None = None
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
            self._others.discard(watcher)
            self._open -= Counter([agent])
            if not self._watchers:
                for task in self._tasks:
                    task.cancel()
                if self._telling is not None:
                    self._telling.cancel()
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
        desk, shared = self._now, self._shared
        me, call = desk.agents.get(agent), desk.call_of(agent)
        return SeatView(  # signs of life are no changes
            replace(me, seen_at=me.since) if me is not None else None,
            _still(call) if call is not None else None,
            tuple(_still(one) for one in desk.chats_of(agent)),
            shared.waiting_chats if me is not None else (),
            shared.queue,
            shared.agents,
            shared.talking,
        )

    def said_to_all(self, view: SeatView, said: Callable[[SeatView], str]) -> str:
        """Return what ``said`` makes of what all pages show of ``view``; worked out once for all of them."""
        shared = _Shared((), view.queue, view.agents, view.talking)
        if self._said is None or self._said[0] != shared:
            self._said = shared, said(view)
        return self._said[1]

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
            concerned = _concerned(self._now, desk)
            self._now, self._shared = desk, _Shared.of(desk)
            for watcher in self._watchers:
                if watcher.agent in concerned or watcher.shown is None:
                    watcher.changed.set()
                else:
                    self._others.add(watcher)
            if self._others and (self._telling is None or self._telling.done()):
                self._telling = asyncio.create_task(self._tell_others(), name="seats others")

    async def _tell_others(self) -> None:
        while self._others:
            await asyncio.sleep(_OTHERS_AFTER_SECONDS)  # those concerned come first
            others, self._others = list(self._others), set()
            for start in range(0, len(others), _OTHERS_AT_ONCE):
                for watcher in others[start : start + _OTHERS_AT_ONCE]:
                    watcher.changed.set()
                await asyncio.sleep(0.001)
            await asyncio.sleep(_OTHERS_EVERY_SECONDS)

    async def _keep_alive(self) -> None:
        while True:
            with suppress(EngineUnavailableError):
                await self._desk.saw_all(frozenset(self._open))
            await asyncio.sleep(_ALIVE_SECONDS)
