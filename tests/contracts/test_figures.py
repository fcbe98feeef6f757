"""Tiers, cards, places and days are counted alike on SQLite and PostgreSQL; figures that are kept are everybody's."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from hotline.domain.appeal import AppealKind
from hotline.domain.deeds import Card, ProposeTier, Remind, SignFor, Supervise, Tier
from hotline.domain.people import MACHINE
from hotline.store.figures import AGAIN, CardCount, SqlFigures, Standing
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import order_facts
from tests.builders import LANSHAN, NOW, after, an_appeal
from tests.contracts.conftest import SECRET
from tests.work_orders import LANSHAN_UNIT, SUPERVISOR, an_order, change, keep
from tests.years import a_fact

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)
UNIT = "county-371302"
DUE = NOW + timedelta(hours=2)


@pytest.fixture
def figures(store: SqlStore) -> SqlFigures:
    return SqlFigures(store.database)


async def test_who_stands_at_which_tier_and_what_is_proposed_is_counted_with_every_step(
    store: SqlStore, figures: SqlFigures
) -> None:
    order = an_order("26112300001")
    await keep(store, order, an_order("26112300002"))
    steps = (
        (LANSHAN_UNIT, SignFor()),
        (MACHINE, Remind(Card.RED, DUE)),
        (MACHINE, Supervise(Tier.HOTLINE, "overdue")),
        (MACHINE, ProposeTier(Tier.GOVERNMENT, "overdue since the red card")),
    )
    for minute, (by, deed) in enumerate(steps, 1):
        order = await change(store, order, deed, by=by, at=after(minute))
    first = Standing(UNIT, Tier.HOTLINE, is_proposed=False, count=1)
    assert await figures.standings() == [first, Standing(UNIT, Tier.GOVERNMENT, is_proposed=True, count=1)]
    assert await figures.at_tier(Tier.GOVERNMENT, is_proposed=True) == ["26112300001"]
    assert await figures.at_tier(Tier.HOTLINE, is_proposed=False, unit=UNIT) == ["26112300001"]
    assert await figures.at_tier(Tier.HOTLINE, is_proposed=False, after="26112300001") == []
    assert await figures.at_tier(Tier.HOTLINE, is_proposed=False, unit="other") == []
    await change(
        store, order, Supervise(Tier.GOVERNMENT, "红牌后仍未办结", "王主任"), by=SUPERVISOR, at=after(9)
    )
    assert await figures.standings() == [Standing(UNIT, Tier.GOVERNMENT, is_proposed=False, count=1)]


async def test_a_card_counts_once_for_the_unit_that_led_when_it_was_shown(
    store: SqlStore, figures: SqlFigures
) -> None:
    order = an_order("26112300001")
    await keep(store, order)
    cards = (Remind(Card.YELLOW, DUE), Remind(Card.RED, DUE), Remind(Card.RED, DUE + DAY))
    for minute, card in enumerate(cards, 1):
        order = await change(store, order, card, by=MACHINE, at=after(minute))
    await change(store, order, SignFor(), by=LANSHAN_UNIT, at=after(5))
    span = NOW, NOW + DAY
    found = {(each.card, each.count) for each in await figures.cards(*span) if each.unit == UNIT}
    assert found == {(Card.YELLOW, 1), (Card.RED, 2)}
    assert await figures.cards(NOW, after(2)) == [CardCount(UNIT, Card.YELLOW, 1)]
    assert await figures.with_card(*span, UNIT, Card.RED) == (["26112300001"], 1)
    assert await figures.with_card(*span, UNIT, Card.RED, start_at=1) == ([], 1)
    assert await figures.with_card(*span, "other", Card.RED) == ([], 0)


async def test_days_are_counted_once_and_the_last_ones_again(store: SqlStore, figures: SqlFigures) -> None:
    """By the city's clock, by second-level class and county; what is no appeal is left out."""
    old = NOW - AGAIN - 5 * DAY
    rows = [
        a_fact(1, old, "010101", "371302"),
        a_fact(2, old, "010102", "371302"),
        a_fact(3, old, "0204", "371311"),
    ]
    async with store.database.writing() as connection:
        await connection.execute(insert(order_facts), rows)
    await keep(store, an_order("26112300001", appeal=an_appeal(place=None)))
    await keep(store, an_order("26112300002", minutes=14 * 60 - 1))
    await keep(store, an_order("26112300003", minutes=14 * 60))  # midnight by the city's clock: today
    await keep(store, an_order("26112300004", appeal=an_appeal(kind=AppealKind.NUISANCE)))
    assert await figures.counted_until() is None
    await figures.count_days(TODAY, SHANGHAI, NOW)
    day, yesterday = old.astimezone(SHANGHAI).date(), TODAY - DAY
    everything = day, TODAY + DAY
    assert await figures.by_day(*everything) == {day: 3, yesterday: 2}
    assert await figures.by_day(*everything, category="01", county="371302") == {day: 2, yesterday: 1}
    assert await figures.by_county(*everything) == {"371302": 3, "371311": 1, "": 1}
    monday = date(2026, 11, 23)
    assert await figures.by_week(monday, TODAY, by="category") == {"0101": {monday: 2}}
    assert (await figures.by_week(*everything, by="county"))["371302"] == {
        day - timedelta(days=day.weekday()): 2,
        monday: 1,
    }
    async with store.database.writing() as connection:
        await connection.execute(update(order_facts).values(category="0204"))
    await asyncio.gather(*(figures.count_days(TODAY + DAY, SHANGHAI, NOW + DAY) for _ in range(2)))
    assert await figures.counted_until() == TODAY + DAY
    assert await figures.by_day(*everything, category="0204") == {day: 1, yesterday: 2, TODAY: 1}
    await figures.forget_days()
    await figures.count_days(TODAY + DAY, SHANGHAI, NOW + DAY)
    assert await figures.by_day(*everything, category="0204") == {day: 3, yesterday: 2, TODAY: 1}


async def test_streets_of_a_county_are_counted_and_facts_of_an_older_layout_are_written_anew(
    store: SqlStore, figures: SqlFigures
) -> None:
    await keep(store, an_order("26112300001"), an_order("26112300002", appeal=an_appeal(category="0204")))
    span = datetime(2026, 11, 23, tzinfo=SHANGHAI), datetime(2026, 11, 24, tzinfo=SHANGHAI)
    street = LANSHAN.street_code
    assert await figures.by_street(*span, "371302") == {street: 2}
    assert await figures.by_street(*span, "371302", "02") == {street: 1}
    assert await figures.by_street(*span, "371311") == {}
    async with store.database.writing() as connection:
        await connection.execute(update(order_facts).values(street=None, layout=2))
    assert await figures.by_street(*span, "371302") == {"": 2}
    facts = SqlOrderFacts(store.database, Seal(SECRET))
    assert [await facts.fill(), await facts.fill()] == [2, 0]
    assert await figures.by_street(*span, "371302") == {street: 2}


async def test_kept_figures_are_replaced_and_old_ones_forgotten_but_not_how_far_days_are_counted(
    figures: SqlFigures,
) -> None:
    assert await figures.kept("rates") is None
    await figures.keep("rates", {"是": [1]}, NOW)
    await figures.keep("rates", {"否": ["1/3"]}, NOW + DAY)
    assert await figures.kept("rates") == (NOW + DAY, {"否": ["1/3"]})
    await figures.count_days(TODAY, SHANGHAI, NOW)
    await figures.forget_kept_before(NOW + 2 * DAY)
    assert (await figures.kept("rates"), await figures.counted_until()) == (None, TODAY)
