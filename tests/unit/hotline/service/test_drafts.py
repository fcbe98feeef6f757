"""A call whose process dies becomes a callback with what the caller had said; a call that ended does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from hotline.dialogue.actions import Say
from hotline.dialogue.events import AppealRegistered, Event, HungUp, Said, Started
from hotline.dialogue.journal import encode
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.drafts import BrokenCall, CallProcess, HeldCall
from hotline.domain.errors import StoreUnavailableError
from hotline.service.conversations import Conversations, Surroundings
from hotline.service.drafts import BrokenCalls, KeepingDrafts
from hotline.store.journal_store import JournalRow
from tests.builders import NOW, PHONE, a_passage, a_session, after
from tests.fakes import FakeChannel, FakeLogBook, FakeRegistration, FakeRetriever, FakeUnderstander

PROCESS = CallProcess("host:1", "ivr-1", NOW, callers=3)
STARTED = Started(NOW, "c1", ContactChannel.PHONE, PHONE)
SAID = Said(after(5), "银雀山街道路灯坏了", "银雀山街道路灯坏了")


@dataclass
class FakeDrafts:
    """Keeps calls and processes in memory."""

    seen: dict[str, datetime] = field(default_factory=dict)
    suspected: dict[str, datetime] = field(default_factory=dict)
    held: dict[str, tuple[str, HeldCall]] = field(default_factory=dict)
    is_down: bool = False

    def _answer(self) -> None:
        if self.is_down:
            raise StoreUnavailableError("away")

    async def show(self, process: CallProcess, *, at: datetime) -> None:
        self._answer()
        self.seen[process.id] = at
        self.suspected.pop(process.id, None)

    async def leave(self, process: str) -> None:
        self._answer()
        self.seen.pop(process, None)

    async def living(self, *, seen_since: datetime) -> Sequence[CallProcess]:
        self._answer()
        return [PROCESS for at in self.seen.values() if at >= seen_since]

    async def hold(self, call: HeldCall, *, by: str) -> None:
        self._answer()
        self.held.setdefault(call.conversation, (by, call))

    async def conceal(self, conversation: str) -> None:
        self._answer()
        by, call = self.held[conversation]
        self.held[conversation] = by, replace(call, is_secret=True)

    async def release(self, conversation: str) -> None:
        self._answer()
        self.held.pop(conversation, None)

    async def suspect(self, *, seen_before: datetime, at: datetime) -> int:
        self._answer()
        fresh = [
            name for name, seen in self.seen.items() if seen < seen_before and name not in self.suspected
        ]
        self.suspected.update(dict.fromkeys(fresh, at))
        return len(fresh)

    async def orphans(self, *, suspected_before: datetime, limit: int) -> Sequence[HeldCall]:
        self._answer()
        dead = {name for name, at in self.suspected.items() if at <= suspected_before}
        return [call for by, call in self.held.values() if by in dead][:limit]

    async def bury(self, *, suspected_before: datetime) -> int:
        self._answer()
        dead = [name for name, at in self.suspected.items() if at <= suspected_before]
        for name in dead:
            del self.seen[name], self.suspected[name]
        return len(dead)


class World:
    """A call process and the worker that looks for calls that broke."""

    def __init__(self) -> None:
        self.drafts = FakeDrafts()
        self.book = FakeLogBook()
        self.log = KeepingDrafts(self.book, self.drafts, process=PROCESS.id)
        self.called_back: list[BrokenCall] = []
        self.closed: list[tuple[str, str, str | None]] = []
        self.is_callback_down = False

    async def events(self, *events: Event) -> None:
        for index, event in enumerate(events, 1):
            await self.log.append_all("c1", (JournalRow(index, event.at, *encode(event)),))

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        return [{"name": name, "body": body} for name, body in self.book.rows]

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        self.closed.append((conversation, end.outcome, end.work_order))

    async def look(self, *seconds: float) -> int:
        async def call_back(broken: BrokenCall, _: datetime) -> None:
            if self.is_callback_down:
                raise StoreUnavailableError("away")
            self.called_back.append(broken)

        calls = BrokenCalls(self.drafts, self, call_back)
        return sum([await calls.look(after(each)) for each in seconds])


@pytest.fixture
async def world() -> World:
    world = World()
    await world.drafts.show(PROCESS, at=NOW)
    return world


async def test_a_broken_call_is_called_back_with_what_was_said(world: World) -> None:
    await world.events(STARTED, SAID, replace(SAID, text="在超市门口"))
    await world.log.append_all("c1", (JournalRow(4, NOW, *encode(Say(turn=1, parts=("请问是哪里",)))),))
    assert await world.look(31, 46) == 1
    words = "银雀山街道路灯坏了\n在超市门口"
    assert world.called_back == [BrokenCall("c1", PHONE, words, None, NOW)]
    assert world.closed == [("c1", "failed", None)]
    assert await world.look(61, 76) == 0


async def test_the_order_that_was_registered_before_it_broke_is_named(world: World) -> None:
    await world.events(STARTED, SAID, AppealRegistered(after(9), 3, "26112300001", None, None))
    await world.look(31, 46)
    assert [call.order_number for call in world.called_back] == ["26112300001"]


async def test_a_call_that_ended_is_not_called_back(world: World) -> None:
    await world.events(STARTED, SAID)
    await world.log.finish(
        "c1", ConversationEnd(at=after(20), outcome="answered", article=None, work_order=None)
    )
    assert await world.look(31, 46) == 0
    assert world.called_back == []


async def test_a_process_that_was_only_cut_off_from_the_store_keeps_its_calls(world: World) -> None:
    await world.events(STARTED, SAID)
    await world.look(31)
    await world.drafts.show(PROCESS, at=after(35))
    assert await world.look(46, 61) == 0


async def test_of_a_secret_talk_no_word_is_kept_and_the_caller_is_called_back(world: World) -> None:
    await world.events(STARTED, SAID)
    await world.log.conceal("c1", at=after(6))
    assert world.book.rows == []
    await world.look(31, 46)
    assert world.called_back == [BrokenCall("c1", PHONE, "", None, NOW)]


async def test_a_caller_without_a_number_cannot_be_called_back_but_the_record_is_closed(world: World) -> None:
    await world.events(replace(STARTED, phone=None), SAID)
    assert await world.look(31, 46) == 1
    assert world.called_back == []
    assert world.closed == [("c1", "failed", None)]


async def test_a_callback_that_could_not_be_kept_is_tried_again(world: World) -> None:
    await world.events(STARTED, SAID)
    world.is_callback_down = True
    with pytest.raises(StoreUnavailableError):
        await world.look(31, 46)
    world.is_callback_down = False
    assert await world.look(47) == 1
    assert [call.conversation for call in world.called_back] == ["c1"]


async def test_a_call_that_ended_while_the_store_was_away_is_let_go_later(world: World) -> None:
    await world.events(STARTED, SAID)
    world.drafts.is_down = True
    with pytest.raises(StoreUnavailableError):
        await world.log.finish(
            "c1", ConversationEnd(at=after(20), outcome="answered", article=None, work_order=None)
        )
    world.drafts.is_down = False
    await world.log.settle()
    assert await world.look(31, 46) == 0


class WatchedBook(FakeLogBook):
    """Remembers when it was told to forget."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        await super().append_all(conversation, rows)
        self.told += [row.name for row in rows]

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        await super().conceal(conversation, at=at)
        self.told.append("conceal")

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        await super().finish(conversation, end)
        self.told.append("finish")


class Waiting(FakeChannel):
    """A citizen who stays on the line until ``may_go``."""

    def __init__(self, *events: Event) -> None:
        super().__init__(*events)
        self.may_go = asyncio.Event()

    async def receive(self) -> Event:
        event = await super().receive()
        if isinstance(event, HungUp):
            await self.may_go.wait()
        return event


async def test_what_was_written_before_a_talk_turned_secret_is_deleted_while_it_lasts() -> None:
    book, citizen = WatchedBook(), Waiting(STARTED, replace(SAID, text="我这里有份绝密文件要反映"))
    world = Surroundings(
        new_session=a_session,
        understander=FakeUnderstander({}),
        retriever=FakeRetriever(a_passage()),
        registration=FakeRegistration(),
        log_book=book,
        unit_name=str,
        clock=lambda: NOW,
    )
    holding = asyncio.create_task(Conversations(world).hold(citizen))
    async with asyncio.timeout(5):
        while "conceal" not in book.told:
            await asyncio.sleep(0)
    assert "Started" in book.told
    assert book.rows == []
    assert not holding.done()
    citizen.may_go.set()
    await holding
    assert book.told[book.told.index("conceal") :] == ["conceal", "finish"]
    assert book.rows == []
