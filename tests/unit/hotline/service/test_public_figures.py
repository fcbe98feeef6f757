"""Figures for the public are counted once in ten minutes over whole days, and stay while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.domain.deeds import Disclose, Join
from hotline.domain.disclosure import Tally
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.people import MACHINE
from hotline.domain.work_order import WorkOrder
from hotline.service.public_figures import Disclosure, PublicCase
from hotline.store.inbox import Place
from tests.builders import NOW, an_appeal
from tests.unit.hotline.domain.test_assessment import FORMULA
from tests.unit.hotline.domain.test_disclosure import alike
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import REVIEWER, an_order

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)


class Counted:
    """Notes what it was asked; ``is_away`` like a database that does not answer."""

    def __init__(self, *orders: WorkOrder) -> None:
        self.asked: list[tuple[datetime, datetime]] = []
        self.is_away = False
        self.orders = orders

    async def tallies(self, start: datetime, end: datetime) -> Sequence[Tally]:
        self.asked.append((start, end))
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreUnavailableError("away")
        return [alike(len(self.asked))]

    async def disclosed(
        self, *, category: str = "", county: str = "", after: Place | None = None, limit: int = 10
    ) -> tuple[Sequence[WorkOrder], Place | None]:
        return self.orders[:limit], None


async def test_they_are_of_thirty_whole_days_and_counted_once_for_all_who_ask() -> None:
    at, store = NOW, Counted()
    disclosure = Disclosure(store, [FORMULA], SHANGHAI, lambda: at)
    found = await asyncio.gather(*(disclosure.figures() for _ in range(5)))
    assert {(each.first, each.last, each.figures.accepted) for each in found} == {
        (date(2026, 10, 24), date(2026, 11, 22), 1)
    }
    assert store.asked == [(MIDNIGHT - timedelta(days=30), MIDNIGHT)]
    at = NOW + timedelta(minutes=9)
    assert (await disclosure.figures()).figures.accepted == 1
    at = NOW + timedelta(minutes=10)
    assert (await disclosure.figures()).figures.accepted == 2


async def test_a_new_day_begins_at_midnight_though_they_were_counted_just_before() -> None:
    at, store = MIDNIGHT - timedelta(minutes=1), Counted()
    disclosure = Disclosure(store, [FORMULA], SHANGHAI, lambda: at)
    assert (await disclosure.figures()).last == date(2026, 11, 21)
    at = MIDNIGHT
    assert (await disclosure.figures()).last == date(2026, 11, 22)


async def test_while_the_database_is_away_the_last_figures_stay_with_their_time() -> None:
    at, store = NOW, Counted()
    disclosure = Disclosure(store, [FORMULA], SHANGHAI, lambda: at)
    store.is_away = True
    with pytest.raises(StoreUnavailableError):
        await disclosure.figures()
    store.is_away = False
    await disclosure.figures()
    store.is_away, at = True, NOW + timedelta(hours=1)
    assert (await disclosure.figures()).at == NOW


async def test_a_case_is_shown_without_names_and_no_finer_than_the_street() -> None:
    order = an_order(appeal=an_appeal(citizen_name="李建国"))
    order = order.after(Join("26112300009", "也不热", None, "王秀英"), by=MACHINE, at=NOW)
    order = done(order, *CONCLUDED)
    overlooked = "李建国、王秀英家3号楼2单元已修好，电话13905390001"
    shown = order.after(Disclose(overlooked), by=REVIEWER, at=NOW + timedelta(days=1))
    disclosure = Disclosure(Counted(shown, order), [FORMULA], SHANGHAI, lambda: NOW)
    case = PublicCase(
        "26112300001", "help", "0101", "兰山区", "银雀山街道", "county-371302", date(2026, 11, 23), date(2026, 11, 24),
        "李**、王**家******已修好，电话****",
    )  # fmt: skip
    assert await disclosure.cases() == ([case], None)
