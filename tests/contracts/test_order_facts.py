"""Facts of orders on SQLite and PostgreSQL: counted by the database as they are after every step; what is public is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.deeds import Disclose, Reopen, SignFor
from hotline.domain.disclosure import Tally
from hotline.domain.retention import Kept
from hotline.store.inbox import Place
from hotline.store.order_facts import SqlOrderFacts, Which
from hotline.store.retention import SqlRetention
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import order_facts
from tests.builders import LANSHAN, NOW, after, an_appeal
from tests.contracts.conftest import SECRET
from tests.contracts.test_retention import YEARS, rule
from tests.unit.hotline.domain.test_disclosure import alike
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import LANSHAN_UNIT, REVIEWER, an_order, change, keep

DAY = timedelta(days=1)
NOTHING = {"was_in_time": None, "was_contacted": None, "resolution": None, "result": None, "attitude": None}
AT = {"category": "0101", "county": "371302"}


def fresh(count: int, **values: Any) -> Tally:
    """Return the tally of orders that were only dispatched."""
    return alike(count, **{**AT, **NOTHING, "is_closed": False, **values})


def cleared(count: int, **values: Any) -> Tally:
    """Return the tally of orders that were cleared to the citizens' satisfaction."""
    return alike(count, **{**AT, **values})


def together(*tallies: Tally) -> Tally:
    """Return the tally of them all; they are of one class and place."""
    first, *_ = tallies
    names = list(Tally.__slots__)[4:]
    return replace(first, **{name: sum(getattr(each, name) for each in tallies) for name in names})


@pytest.fixture
def facts(store: SqlStore) -> SqlOrderFacts:
    return SqlOrderFacts(store.database, Seal(SECRET))


async def counted(facts: SqlOrderFacts) -> set[Tally]:
    return set(await facts.tallies(NOW - DAY, NOW + DAY))


async def public(facts: SqlOrderFacts, **wanted: object) -> list[str]:
    orders, following = await facts.disclosed(**wanted)  # type: ignore[arg-type]
    assert following is None
    return [order.number for order in orders]


async def test_orders_that_are_alike_are_counted_together_and_each_step_counts(
    store: SqlStore, facts: SqlOrderFacts
) -> None:
    await keep(store, *(an_order(f"2611230000{index}") for index in range(1, 5)))
    await keep(store, an_order("26112300005", appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)))
    await keep(store, an_order("26112300006", appeal=an_appeal(kind=AppealKind.NUISANCE)))
    await keep(store, an_order("26112300007", minutes=60 * 24))
    secret = fresh(1, is_public=False)
    assert await counted(facts) == {fresh(4), secret}
    order = await store.get("26112300001")
    for by, deed in CONCLUDED:
        order = await change(store, order, deed, by=by, at=after(60))
    assert await counted(facts) == {together(fresh(3), cleared(1)), secret}
    assert await public(facts) == []


async def test_what_is_disclosed_is_found_page_by_page_the_last_first_until_it_is_opened_again(
    store: SqlStore, facts: SqlOrderFacts
) -> None:
    for index, category in enumerate(("010101", "0101", "0303", "0101"), 1):
        place = None if category == "0303" else LANSHAN
        order = done(
            an_order(f"2611230000{index}", appeal=an_appeal(category=category, place=place)), *CONCLUDED
        )
        await keep(store, order)
        at = NOW + timedelta(hours=1 if index < 4 else 2)
        await change(store, order, Disclose("供热已恢复"), by=REVIEWER, at=at)
    newest = ["26112300004", "26112300003", "26112300002", "26112300001"]
    assert await public(facts) == newest
    found, place = [], None
    for _ in newest:
        orders, following = await facts.disclosed(after=place, limit=1)
        found += [order.number for order in orders]
        place = Place.read(str(following)) if following is not None else None
    assert (found, place) == (newest, None)
    assert await public(facts, category="01") == [newest[0], *newest[2:]]
    assert await public(facts, category="010101", county="371302") == newest[3:]
    assert await public(facts, county="371311") == []
    await change(store, await store.get(newest[0]), Reopen("又坏了"), by=REVIEWER, at=NOW + DAY)
    assert await public(facts) == newest[1:]


async def test_orders_kept_before_there_were_facts_are_filled_in_and_what_is_destroyed_is_public_no_more(
    store: SqlStore, facts: SqlOrderFacts, tmp_path: Path
) -> None:
    order = done(an_order("26112300001"), *CONCLUDED)
    await keep(store, order, an_order("26112300002"), an_order("26112300003"))
    await change(store, order, Disclose("供热已恢复"), by=REVIEWER, at=after(60))
    await change(store, await store.get("26112300002"), SignFor(), by=LANSHAN_UNIT, at=after(60))
    before = await counted(facts)
    async with store.database.writing() as connection:
        await connection.execute(delete(order_facts).where(order_facts.c.number != "26112300003"))
    assert await counted(facts) == {fresh(1)}
    assert [await facts.fill(limit=1) for _ in range(3)] == [1, 1, 0]
    assert await counted(facts) == before
    assert await public(facts) == ["26112300001"]
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    assert await retention.destroy(rule(Kept.WORK_ORDERS), YEARS, by="operator") is not None
    assert await public(facts) == []


async def test_units_and_the_orders_behind_a_figure_are_counted_alike_on_every_database(
    store: SqlStore, facts: SqlOrderFacts
) -> None:
    await keep(store, done(an_order("26112300001"), *CONCLUDED), an_order("26112300002", minutes=14 * 60 - 1))
    await keep(store, an_order("26112300003", minutes=14 * 60))  # midnight by the city's clock
    start = datetime(2026, 11, 23, tzinfo=ZoneInfo("Asia/Shanghai"))
    span = (start, start + 2 * DAY)
    unit = "county-371302"
    assert set(await facts.unit_tallies(*span)) == {
        together(*(tally(n, county=None, unit=unit) for n, tally in ((2, fresh), (1, cleared)))),
    }
    behind = {which: list(await facts.numbers(*span, unit, which)) for which in Which}
    assert {which: numbers for which, numbers in behind.items() if numbers} == {
        Which.COUNTED: ["26112300003", "26112300002", "26112300001"]
    }
    assert await facts.numbers(*span, "body-housing", Which.COUNTED) == []
    assert await facts.numbers(*span, unit, Which.COUNTED, start_at=1, limit=1) == ["26112300002"]
    assert [await facts.count(*span, each, Which.COUNTED) for each in (unit, "body-housing")] == [3, 0]
