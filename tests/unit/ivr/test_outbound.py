"""Placing the calls that the hotline owes: what the network says, and what is told of it."""

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.city import load_city
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.outbound import CallPurpose, DueCall, OutboundOutcome
from hotline.domain.working_calendar import WorkingCalendar
from hotline.service.outbound import load_outbound_rules
from ivr.line import TransferResult
from ivr.outbound import Dialler, DialSettings
from ivr.sip.endpoint import Dialled
from tests.builders import LINYI
from tests.unit.ivr.fakes import FakeLine, run

RULES = load_outbound_rules(load_city(LINYI))
CALENDAR = WorkingCalendar(frozenset(), frozenset(), frozenset({2026}))
MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SETTINGS = DialSettings("sip:{number}@10.1.2.3", "12345", "ivr1")


def phone(number: int) -> PhoneNumber:
    return PhoneNumber(f"1390539{number:04}")


def owed(*numbers: int) -> list[DueCall]:
    return [DueCall(f"2611230{each:04}", CallPurpose.REVISIT, phone(each)) for each in numbers]


class Trunk:
    """Places calls as told by ``answers``: by number, or the same for all."""

    def __init__(self, answer=None, *, capacity: int = 8) -> None:
        self.answer = answer or Dialled(TransferResult.BUSY, 486)
        self.capacity, self.calls = capacity, 0
        self.dialled: list[tuple[str, str]] = []

    async def dial(self, address: str, *, ring_seconds: float, caller: str = "", number: str = "") -> Dialled:
        self.dialled.append((address, caller))
        await asyncio.sleep(min(ring_seconds, 2.0))
        return self.answer


class Book:
    """A book in memory that gives every call to whoever asks first."""

    def __init__(self) -> None:
        self.claimed: list[str] = []
        self.ended: list[tuple[str, OutboundOutcome]] = []
        self.waiting: list[tuple[str, datetime]] = []
        self.renewed: list[tuple[str, datetime]] = []
        self.is_away = False

    async def taken(self, keys, *, at):
        return frozenset(self.claimed) & frozenset(keys)

    async def renew(self, call, *, until) -> None:
        self.renewed.append((call.key, until))

    async def claim(self, call, *, by, at, lease, pacing) -> bool:
        if call.key in self.claimed:
            return False
        self.claimed.append(call.key)
        return True

    async def end(self, call, outcome, *, at) -> None:
        self.ended.append((call.key, outcome))

    async def put_off(self, call, *, until) -> None:
        self.waiting.append((call.key, until))

    async def contacted(self, phones):
        if self.is_away:
            raise StoreUnavailableError("away")
        return frozenset(phones)

    async def stopped(self, phones):
        return frozenset()


class Errands:
    """Keeps what it is told; ``pages`` are owed."""

    def __init__(self, *pages: list[DueCall]) -> None:
        self.pages = pages
        self.talked: list[str] = []
        self.tried: list[tuple[str, OutboundOutcome]] = []
        self.fault: Exception | None = None
        self.is_ready, self.is_desk_away = True, False
        self.talk_seconds = 0.0
        self.given_up: list[str] = []

    async def ready(self, call) -> bool:
        if self.is_desk_away:
            raise EngineUnavailableError("desk", "away")
        return self.is_ready

    async def not_placed(self, call) -> None:
        self.given_up.append(call.due.reference)

    async def due(self):
        for page in self.pages:
            yield page

    async def talk(self, call, line) -> None:
        if self.fault is not None:
            raise self.fault
        await asyncio.sleep(self.talk_seconds)
        self.talked.append(call.due.reference)

    async def unreached(self, call, outcome) -> None:
        self.tried.append((call.due.reference, outcome))


def a_dialler(trunk, book, errands, *, at=MORNING) -> Dialler:
    return Dialler(
        trunk, book, errands, rules=RULES, calendar=lambda: CALENDAR, settings=SETTINGS, clock=lambda: at
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Dialled(TransferResult.BUSY, 486), OutboundOutcome.BUSY),
        (Dialled(TransferResult.NO_ANSWER, 480), OutboundOutcome.NO_ANSWER),
        (Dialled(TransferResult.REJECTED, 603), OutboundOutcome.REJECTED),
        (Dialled(TransferResult.FAILED, 404), OutboundOutcome.NO_SUCH_NUMBER),
    ],
)
def test_what_the_network_says_of_a_number_is_a_try_and_the_call_is_over(answer, outcome):
    trunk, book, errands = Trunk(answer), Book(), Errands(owed(1))

    async def place():
        dialler = a_dialler(trunk, book, errands)
        for call in await dialler.claim():
            await dialler.place(call)

    run(place())
    assert trunk.dialled == [("sip:13905390001@10.1.2.3", "12345")]
    assert errands.tried == [("26112300001", outcome)]
    assert book.ended == [("revisit:26112300001:1", outcome)]


@pytest.mark.parametrize(
    "answer",
    [
        Dialled(TransferResult.FAILED, 404, was_reached=False),
        Dialled(TransferResult.FAILED, 503),
        Dialled(TransferResult.NO_CAPACITY, 0),
    ],
    ids=["no trunk", "trunk is full", "no leg free"],
)
def test_a_trunk_that_is_away_costs_the_citizen_no_try(answer):
    book, errands = Book(), Errands(owed(1))

    async def place():
        dialler = a_dialler(Trunk(answer), book, errands)
        for call in await dialler.claim():
            await dialler.place(call)

    run(place())
    assert (errands.tried, book.ended) == ([], [])
    assert book.waiting == [("revisit:26112300001:1", MORNING + timedelta(minutes=10))]
    assert errands.given_up == ["26112300001"]


def test_what_is_not_ready_waits_a_little_and_no_telephone_rings():
    book, errands, trunk = Book(), Errands(owed(1)), Trunk()
    errands.is_ready = False

    async def place():
        dialler = a_dialler(trunk, book, errands)
        for call in await dialler.claim():
            await dialler.place(call)

    run(place())
    assert (trunk.dialled, errands.tried, book.ended) == ([], [], [])
    assert book.waiting == [("revisit:26112300001:1", MORNING + timedelta(seconds=15))]


def test_a_desk_that_is_away_lets_go_of_the_call_until_a_little_later():
    book, errands, trunk = Book(), Errands(owed(1)), Trunk()
    errands.is_desk_away = True

    async def place():
        dialler = a_dialler(trunk, book, errands)
        for call in await dialler.claim():
            await dialler.place(call)

    run(place())
    assert trunk.dialled == []
    assert book.waiting == [("revisit:26112300001:1", MORNING + timedelta(seconds=15))]


def test_a_claim_is_renewed_while_people_talk_however_long():
    book, errands = Book(), Errands(owed(1))
    errands.talk_seconds = SETTINGS.lease.total_seconds() * 0.6

    async def place():
        dialler = a_dialler(Trunk(Dialled(TransferResult.ANSWERED, 200, FakeLine())), book, errands)
        for call in await dialler.claim():
            await dialler.place(call)
        await asyncio.sleep(0)
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("keep:")]

    run(place())
    assert book.renewed == [("revisit:26112300001:1", MORNING + SETTINGS.lease)] * 2
    assert book.ended == [("revisit:26112300001:1", OutboundOutcome.TALKED)]


def test_calls_that_are_put_off_leave_the_lines_to_the_others():
    book = Book()
    book.claimed = ["revisit:26112300001:1", "revisit:26112300002:1"]
    due = [*owed(1, 2), *owed(3), DueCall("26112300004", CallPurpose.REVISIT, phone(1))]
    found = run(a_dialler(Trunk(), book, Errands(due)).claim())
    assert [call.key for call in found] == [
        "revisit:26112300003:1"
    ]  # and the number of the first rings for no other order


def test_who_answers_is_talked_to_and_hung_up_on_at_the_end():
    book, errands, lines = Book(), Errands(owed(1)), []

    async def place():
        lines.append(FakeLine())
        dialler = a_dialler(Trunk(Dialled(TransferResult.ANSWERED, 200, lines[0])), book, errands)
        for call in await dialler.claim():
            await dialler.place(call)

    run(place())
    assert errands.talked == ["26112300001"]
    assert book.ended == [("revisit:26112300001:1", OutboundOutcome.TALKED)]
    assert not lines[0].is_open


def test_a_fault_of_ours_in_mid_call_is_a_try_so_that_nobody_is_called_again_at_once():
    book, errands = Book(), Errands(owed(1))
    errands.fault = RuntimeError("bug")

    async def place():
        line = FakeLine()
        dialler = a_dialler(Trunk(Dialled(TransferResult.ANSWERED, 200, line)), book, errands)
        for call in await dialler.claim():
            await dialler.place(call)
        assert not line.is_open

    run(place())
    assert errands.tried == [("26112300001", OutboundOutcome.BROKEN)]
    assert book.ended == [("revisit:26112300001:1", OutboundOutcome.BROKEN)]


@pytest.mark.parametrize(
    ("at", "capacity", "expected"),
    [
        (MORNING, 8, 2),  # at_once
        (MORNING, 3, 1),  # one line beyond those kept free
        (MORNING, 2, 0),
        (MORNING.replace(hour=13), 8, 0),
    ],
    ids=["morning", "one line", "no line", "noon"],
)
def test_calls_are_placed_in_hours_and_only_while_lines_are_left_for_callers(at, capacity, expected):
    book = Book()

    async def look():
        return await a_dialler(Trunk(capacity=capacity), book, Errands(owed(1), owed(2, 3)), at=at).claim()

    assert len(run(look())) == expected
    assert len(book.claimed) == expected


def test_what_is_never_to_be_called_does_not_stand_in_the_way_of_the_next_page():
    tired = [DueCall("26112300009", CallPurpose.REVISIT, phone(9), tried_at=(MORNING,) * 3)]
    book = Book()
    run(a_dialler(Trunk(), book, Errands(tired, owed(1))).claim())
    assert book.claimed == ["revisit:26112300001:1"]


def test_a_database_that_is_away_is_asked_again():
    book, errands, trunk = Book(), Errands(owed(1)), Trunk()
    book.is_away = True

    async def watch():
        dialler = a_dialler(trunk, book, errands)
        async with asyncio.TaskGroup() as calls:
            running = calls.create_task(dialler.run(calls))
            await asyncio.sleep(20)
            assert trunk.dialled == []
            book.is_away = False
            await asyncio.sleep(20)
            running.cancel()

    run(watch())
    assert errands.tried == [("26112300001", OutboundOutcome.BUSY)]
