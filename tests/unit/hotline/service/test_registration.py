"""Registering: what an appeal becomes, by its facts and by what the router says, and that no fault loses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hotline.city import City, load_city
from hotline.domain.appeal import Appeal, AppealKind, EmergencyService, Place
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import HistoryEntry, Status, Step, WorkOrder
from hotline.service.registration import Registration
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate
from tests.builders import LINYI, NOW, an_appeal
from tests.work_orders import a_decision

CITY = load_city(LINYI)
NOWHERE = Place(said="我们小区")


class FixedRouter:
    """Always decides the same."""

    def __init__(self, decision: RoutingDecision) -> None:
        self._decision = decision

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        return self._decision


class BrokenRouter:
    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        raise KeyError(appeal.category)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await migrate(url)
    store = SqlStore(url, Seal("tests only: " + "x" * 32))
    yield store
    await store.close()


async def registered(
    store: SqlStore, appeal: Appeal, *, router: Any = None, article: str | None = None, city: City = CITY
) -> WorkOrder:
    registration = Registration(store, router or FixedRouter(a_decision()), city)
    return await registration.register(appeal, conversation="c1", article=article, at=NOW)


def history(status: Status, step: Step, note: str) -> tuple[HistoryEntry, ...]:
    return (
        HistoryEntry(at=NOW, step=None, before=None, after=Status.REGISTERED, by="machine"),
        HistoryEntry(at=NOW, step=step, before=Status.REGISTERED, after=status, by="machine", note=note),
    )


async def test_an_appeal_is_dispatched_and_kept_as_it_is_returned(store: SqlStore) -> None:
    order = await registered(store, an_appeal())
    assert order == WorkOrder(
        number="26112300001", appeal=an_appeal(), status=Status.TO_SIGN, registered_at=NOW, conversation="c1",
        routing=a_decision(), history=history(Status.TO_SIGN, Step.DISPATCH, "按属地派单"), revision=1,
    )  # fmt: skip
    assert await store.get("26112300001") == order
    assert await store.audit_break() is None


@pytest.mark.parametrize(
    ("appeal", "article", "decision", "status", "step", "note"),
    [
        (an_appeal(), None, a_decision(is_manual=True, because="两个单位都可能"),
         Status.TO_DISPATCH, Step.QUEUE_FOR_DISPATCH, "两个单位都可能"),
        (an_appeal(), None, a_decision(lead_unit=None),
         Status.TO_DISPATCH, Step.QUEUE_FOR_DISPATCH, "按属地派单"),
        (an_appeal(place=None), None, a_decision(), Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "place_missing"),
        (an_appeal(place=NOWHERE), None, a_decision(is_manual=True),
         Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "place_missing"),
        (an_appeal(place=None, category=None), None, a_decision(is_manual=True),
         Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "place_missing"),
        (an_appeal(place=None, kind=AppealKind.SUGGESTION), None, a_decision(),
         Status.TO_SIGN, Step.DISPATCH, "按属地派单"),
        (an_appeal(place=None, kind=AppealKind.INQUIRY), None, a_decision(),
         Status.TO_SIGN, Step.DISPATCH, "按属地派单"),
        (an_appeal(is_confirmed=False), None, a_decision(),
         Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "not_confirmed"),
        (an_appeal(emergency=EmergencyService.FIRE, is_confirmed=False, place=None), None, a_decision(),
         Status.DIVERTED, Step.DIVERT, "emergency"),
        (an_appeal(kind=AppealKind.INQUIRY, place=None), "A0101-01", a_decision(),
         Status.ANSWERED, Step.ANSWER, "answered"),
    ],
    ids=[
        "a person dispatches what the router leaves open", "no unit", "no place", "a place in no county",
        "neither category nor place", "a suggestion needs no place", "an inquiry needs no place",
        "not read back", "an emergency was given away", "answered on the spot",
    ],
)  # fmt: skip
async def test_the_first_step_follows_from_the_facts(
    store: SqlStore, appeal: Appeal, article: str | None, decision: RoutingDecision, status: Status,
    step: Step, note: str,
) -> None:  # fmt: skip
    order = await registered(store, appeal, router=FixedRouter(decision), article=article)
    assert (order.status, order.history, order.article) == (status, history(status, step, note), article)
    assert await store.get(order.number) == order


async def test_a_category_that_needs_no_place_is_dispatched_without_one(store: SqlStore) -> None:
    code = next(code for code, category in CITY.categories.items() if not category.needs_place)
    order = await registered(store, an_appeal(category=code, place=None))
    assert order.status is Status.TO_SIGN


async def test_a_broken_router_loses_no_appeal(store: SqlStore) -> None:
    order = await registered(store, an_appeal(), router=BrokenRouter())
    assert order.routing is None
    assert order.history == history(Status.TO_DISPATCH, Step.QUEUE_FOR_DISPATCH, "router_failed")
    assert await store.get(order.number) == order


async def test_numbers_follow_the_citys_day_and_not_utc(store: SqlStore) -> None:
    registration = Registration(store, FixedRouter(a_decision()), CITY)
    evening = NOW.replace(hour=16, minute=30)  # half past midnight in Linyi
    order = await registration.register(an_appeal(), conversation="c1", article=None, at=evening)
    assert order.number == "26112400001"


async def test_a_refused_commit_is_said_and_nothing_is_recorded(store: SqlStore) -> None:
    async with store._engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(StoreUnavailableError):
        await registered(store, an_appeal())
    assert await store.recent() == []


async def test_an_appeal_of_ten_thousand_characters_is_kept_whole(store: SqlStore) -> None:
    long = replace(an_appeal(), text="暖气不热，" * 2_000)
    order = await registered(store, long)
    assert (await store.get(order.number)).appeal.text == "暖气不热，" * 2_000
