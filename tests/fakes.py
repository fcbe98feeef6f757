"""Stand-ins for the world, written by hand: they do what a real part would, or fail the way it would."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hotline.dialogue.actions import ChannelAction, End, Listen, Say, TransferToAgent
from hotline.dialogue.events import Event, HungUp, NoAgentFree, PromptFinished
from hotline.domain.appeal import Appeal, ContactChannel, PhoneNumber
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.diversion import ContactOutcome, Diversion
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError, WorkOrderNotFoundError
from hotline.domain.knowledge import AnsweredWith, Passage
from hotline.domain.knowledge_use import Lookup
from hotline.domain.meaning import Understanding
from hotline.domain.work_order import Status, WorkOrder
from hotline.store.journal_store import JournalRow


class FakeChannel:
    """A citizen who says the next thing whenever the hotline listens, and hangs up at the end. No agent is on duty."""

    def __init__(self, *events: Event) -> None:
        self._events = list(events)
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._inbox.put_nowait(self._events.pop(0))
        self.did: list[ChannelAction] = []
        self.is_closed = False

    async def receive(self) -> Event:
        return await self._inbox.get()

    async def perform(self, action: ChannelAction) -> None:
        self.did.append(action)
        match action:
            case Say():
                self._inbox.put_nowait(PromptFinished(self._now, action.turn))
            case Listen() if self._events:
                self._inbox.put_nowait(self._events.pop(0))
            case TransferToAgent():
                self._inbox.put_nowait(NoAgentFree(self._now, action.turn))
            case Listen() | End():
                self._inbox.put_nowait(HungUp(self._now))
            case _:
                pass

    async def close(self) -> None:
        self.is_closed = True

    @property
    def said(self) -> list[str]:
        return [action.text for action in self.did if isinstance(action, Say)]

    _now = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


class FakeUnderstander:
    """Knows some sentences by heart."""

    name = "fake"

    def __init__(self, meanings: dict[str, Understanding]) -> None:
        self._meanings = meanings

    async def understand(self, text: str) -> Understanding:
        return self._meanings[text]

    async def close(self) -> None:
        pass


class BrokenUnderstander:
    name = "broken"

    async def understand(self, text: str) -> Understanding:
        raise EngineUnavailableError("understander", "away")

    async def close(self) -> None:
        pass


class NeverUnderstander:
    """Up, but never answers."""

    name = "never"

    async def understand(self, text: str) -> Understanding:
        await asyncio.Event().wait()
        raise AssertionError

    async def close(self) -> None:
        pass


class FakeRetriever:
    """Finds always the same; ``asked`` are the questions, whether each was heard, and what else it may have been."""

    def __init__(self, *passages: Passage) -> None:
        self._passages = passages
        self.asked: list[tuple[str, bool, tuple[str, ...]]] = []

    async def retrieve(
        self,
        question: str,
        *,
        on: date,
        category: str | None = None,
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,
        others: Sequence[str] = (),
    ) -> Sequence[Passage]:
        self.asked.append((question, is_heard, tuple(others)))
        return self._passages[:limit]


@dataclass
class FakeLookups:
    """Keeps look-ups in memory; ``is_down`` makes that fail."""

    is_down: bool = False
    kept: list[tuple[str, Sequence[Lookup]]] = field(default_factory=list)

    async def keep(self, conversation: str, found: Sequence[Lookup]) -> None:
        if self.is_down:
            raise StoreUnavailableError("disk full")
        self.kept.append((conversation, found))


@dataclass
class FakeRegistration:
    """Registers in memory; ``is_down`` makes every commit fail, ``cannot_merge`` every merge."""

    is_down: bool = False
    cannot_merge: bool = False
    appeals: list[Appeal] = field(default_factory=list)
    linked_to: list[str | None] = field(default_factory=list)
    diversions: list[Diversion | None] = field(default_factory=list)
    contacts: list[tuple[ContactOutcome, Appeal, AnsweredWith | None]] = field(default_factory=list)
    merged: list[tuple[str, Appeal]] = field(default_factory=list)
    added: list[tuple[str, str]] = field(default_factory=list)

    async def register(
        self,
        appeal: Appeal,
        *,
        conversation: str,
        article: str | None,
        diversion: Diversion | None,
        linked_to: str | None,
        at: datetime,
        request: str | None = None,
    ) -> WorkOrder:
        if self.is_down:
            raise StoreUnavailableError("disk full")
        self.appeals.append(appeal)
        self.linked_to.append(linked_to)
        self.diversions.append(diversion)
        return self._order(f"261123{len(self.appeals):05d}", appeal, conversation, at)

    async def record_contact(
        self,
        *,
        conversation: str,
        appeal: Appeal,
        outcome: ContactOutcome,
        article: AnsweredWith | None,
        at: datetime,
        request: str | None = None,
    ) -> WorkOrder:
        if self.is_down:
            raise StoreUnavailableError("disk full")
        self.contacts.append((outcome, appeal, article))
        return self._order(f"261123{90_000 + len(self.contacts):05d}", appeal, conversation, at)

    async def merge(
        self,
        number: str,
        appeal: Appeal,
        *,
        conversation: str,
        told: str,
        at: datetime,
        request: str | None = None,
    ) -> WorkOrder:
        if self.is_down or self.cannot_merge:
            raise StoreUnavailableError("disk full")
        self.merged.append((number, appeal))
        return self._order(number, appeal, conversation, at)

    async def add_facts(
        self, number: str, text: str, *, at: datetime, wants_secrecy: bool = False
    ) -> WorkOrder:
        if self.is_down:
            raise StoreUnavailableError("disk full")
        self.added.append((number, text))
        return self._order(number, self.appeals[-1], "c1", at)

    async def urge(self, number: str, text: str, *, at: datetime) -> WorkOrder:
        return await self.add_facts(number, text, at=at)

    def _order(self, number: str, appeal: Appeal, conversation: str, at: datetime) -> WorkOrder:
        return WorkOrder(
            number=number,
            appeal=appeal,
            status=Status.TO_DISPATCH,
            registered_at=at,
            conversation=conversation,
        )


@dataclass
class FakePastOrders:
    """Orders in memory, by telephone and by number; ``is_down`` makes every look fail, ``hangs`` last for ever."""

    orders: list[WorkOrder] = field(default_factory=list)
    is_down: bool = False
    hangs: bool = False

    async def of_citizen(self, phone: PhoneNumber, *, limit: int = 20) -> Sequence[WorkOrder]:
        await self._answer()
        found = [order for order in self.orders if phone in [party.phone for party in order.citizens]]
        return found[:limit]

    async def get(self, number: str) -> WorkOrder:
        await self._answer()
        for order in self.orders:
            if order.number == number:
                return order
        raise WorkOrderNotFoundError(number)

    async def _answer(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_down:
            raise StoreUnavailableError("away")


@dataclass
class FakeLogBook:
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ended: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        if self.is_down:
            raise StoreUnavailableError("away")

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        if self.is_down:
            raise StoreUnavailableError("away")
        self.rows += [(row.name, row.body) for row in rows]

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        if self.is_down:
            raise StoreUnavailableError("away")
        self.rows.clear()

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        if self.is_down:
            raise StoreUnavailableError("away")
        self.ended = {
            "outcome": end.outcome,
            "article": end.article,
            "work_order": end.work_order,
            "rating": end.rating,
        }
