"""Inboxes on SQLite and PostgreSQL: by due time, page by page, by state and unit; nothing lost, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import text, update

from hotline.domain.deeds import AskExtension, QueueForDispatch, RefuseExtension, SignFor
from hotline.domain.life_cycle import Status
from hotline.domain.people import MACHINE
from hotline.store.inbox import InboxFilter, Place, SqlInbox, statuses
from hotline.store.sealing import Seal
from hotline.store.tables import order_supporters
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET
from tests.work_orders import LANSHAN_UNIT, REVIEWER, a_decision, a_registered_order, an_order, change, keep

LANSHAN = InboxFilter(unit="county-371302")
SUPPORTING = InboxFilter(supporter="body-housing")


@pytest.fixture
def inbox(store):
    return SqlInbox(store.database, Seal(SECRET))


def due_in(number, hours, **values):
    return an_order(number, routing=a_decision(due_at=NOW + timedelta(hours=hours)), **values)


async def numbers(inbox, wanted, limit=50):
    found, after_ = [], None
    while True:
        page = await inbox.page(wanted, after=after_, limit=limit)
        found += [order.number for order in page.orders]
        if page.following is None:
            return found
        after_ = Place.read(str(page.following))


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_the_first_due_comes_first_over_all_states_and_pages(store, inbox, limit):
    for number, hours in (("26112300001", 30), ("26112300002", 10), ("26112300003", 20), ("26112300004", 10)):
        await keep(store, due_in(number, hours))
    await change(store, due_in("26112300003", 20), SignFor(), by=LANSHAN_UNIT, at=after(60))
    queued = a_registered_order("26112300005").after(QueueForDispatch("人工"), by=MACHINE, at=NOW)
    await keep(store, queued)
    order = ["26112300002", "26112300004", "26112300003", "26112300001"]
    assert await numbers(inbox, LANSHAN, limit) == order
    assert await numbers(inbox, InboxFilter(), limit) == [*order, "26112300005"]


async def test_states_categories_kinds_spans_and_supporters_narrow_it(store, inbox):
    await keep(store, due_in("26112300001", 30), due_in("26112300002", 10))
    await change(store, due_in("26112300002", 10), SignFor(), by=LANSHAN_UNIT, at=after(60))
    found = {
        "signed": InboxFilter(frozenset({Status.HANDLING})),
        "category": InboxFilter(categories=("01",)),
        "other category": InboxFilter(categories=("02", "0303")),
        "soon": InboxFilter(due=(NOW, NOW + timedelta(hours=24))),
        "supporting": SUPPORTING,
        "supporting, signed": replace(SUPPORTING, statuses=frozenset({Status.HANDLING})),
        "supporting, soon": replace(SUPPORTING, due=(NOW, NOW + timedelta(hours=24))),
        "supporting, of a county": replace(SUPPORTING, county="371302", unit="county-371302"),
        "supporting, of another": replace(SUPPORTING, county="371311"),
        "elsewhere": InboxFilter(unit="county-371311"),
        "county": InboxFilter(county="371302"),
        "nothing": InboxFilter(frozenset()),
    }
    both = ["26112300002", "26112300001"]
    assert {name: await numbers(inbox, wanted) for name, wanted in found.items()} == {
        "signed": ["26112300002"], "category": both, "other category": [], "soon": ["26112300002"],
        "supporting": both, "supporting, signed": ["26112300002"], "supporting, soon": ["26112300002"],
        "supporting, of a county": both, "supporting, of another": [], "elsewhere": [], "county": both, "nothing": [],
    }  # fmt: skip


async def test_orders_are_counted_by_state_and_by_how_near_they_are(store, inbox):
    await keep(store, due_in("26112300001", 30), due_in("26112300002", 10))
    await change(store, due_in("26112300002", 10), SignFor(), by=LANSHAN_UNIT, at=after(60))
    for wanted in (LANSHAN, SUPPORTING):
        assert await inbox.counts(wanted) == {Status.TO_SIGN: 1, Status.HANDLING: 1}
        assert await inbox.count_due(wanted, before=NOW + timedelta(hours=24)) == 1


async def test_orders_of_before_are_in_the_inbox_of_who_supports_them(store, inbox):
    await keep(store, due_in("26112300001", 30), due_in("26112300002", 10))
    migration = import_module("hotline.store.migrations.versions.0034_supporters_inbox")
    async with store.database.writing() as connection:
        await connection.execute(update(order_supporters).values(status="", due_order=after(0)))
        await connection.execute(text(migration._FILL))
    assert await numbers(inbox, SUPPORTING) == ["26112300002", "26112300001"]


def test_names_that_are_no_states_are_left_out():
    assert statuses(["to_sign", "guessed"]) == {Status.TO_SIGN}


async def test_who_waits_for_an_extension_is_found_until_it_is_decided(store, inbox):
    waiting = InboxFilter(asks_extension=True)
    orders = [an_order("26112300001"), an_order("26112300002")]
    await keep(store, *orders)
    signed = [await change(store, each, SignFor(), by=LANSHAN_UNIT, at=after(1)) for each in orders]
    more = AskExtension(NOW + timedelta(days=10), "等配件")
    asked = await change(store, signed[0], more, by=LANSHAN_UNIT, at=after(2))
    assert await numbers(inbox, waiting) == ["26112300001"]
    await change(store, asked, RefuseExtension("工期足够"), by=REVIEWER, at=after(3))
    assert await numbers(inbox, waiting) == []


@pytest.mark.parametrize(
    "text", ["", "1", "x-26112300001", "999999999999999999-26112300001", "1-2611\x00300001", "１-26112300001"]
)
def test_what_is_no_place_in_a_list_is_none(text: str) -> None:
    assert Place.read(text) is None


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(NOW, "26112300001")
    assert Place.read(str(place)) == place
