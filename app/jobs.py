"""Jobs by the clock, and those that every hotline has (到期销毁、审计锚点、每周重办清单)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import access_rules
from app.anchors import FILE, add_anchor
from app.broken_calls import broken_calls
from app.clock import now
from app.figures import open_figures
from app.outlook import open_callbacks
from app.retention import destruction_of
from app.settings import Settings
from hotline.city import City
from hotline.domain.assessment import redone_twice
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.order_facts import facts_of
from hotline.domain.outbox import Message
from hotline.domain.people import MACHINE
from hotline.service.hot_issues import HotIssueWatch
from hotline.service.repeats import load_repeat_rules
from hotline.store.accounts import SqlAccounts
from hotline.store.agent_forms import SqlAgentForms
from hotline.store.figures import SqlFigures
from hotline.store.gatherings import SqlGatherings
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from router.vanished import orders_of_vanished_units

_MOST_LISTED = 200
_FORMS_KEPT = timedelta(
    days=2
)  # the record of the call is there; a form that nobody finished is not wanted any more
_NOTES_KEPT = timedelta(days=730)  # as long as recordings (retention.yaml)
_FIRST_LOOK = timedelta(hours=1)
_MOST_COUNTED = 500


@dataclass(frozen=True, slots=True)
class Job:
    """Work that runs by the clock. ``cron`` is in the city's time; a sixth field in front counts seconds.

    ``work`` takes the time it was due and returns how many things it did. It is called again until that is 0, each
    batch kept by DBOS, so it does a bounded number at a time; it may be ended anywhere and called again.
    ``catches_up``: runs missed while no worker was up are made good, oldest first; else the next one does for all.
    """

    name: str
    cron: str
    work: Callable[[datetime], Awaitable[int]]
    catches_up: bool = False


def standing_jobs(settings: Settings, store: SqlStore, seal: Seal, city: City) -> tuple[Job, ...]:
    """Return the jobs of every hotline."""
    destruction = destruction_of(settings, store)

    async def destroy(due_at: datetime) -> int:
        return await destruction.batch(due_at, by="machine")

    async def anchor(due_at: datetime) -> int:
        add_anchor(settings.data_dir / FILE, await store.audit_head(), due_at)
        return 0

    async def list_redone(due_at: datetime) -> int:
        await tell_of_redone(store, seal, city, due_at)
        return 0

    async def list_stranded(due_at: datetime) -> int:
        await tell_of_vanished_units(store, seal, city, due_at)
        return 0

    async def watch(due_at: datetime) -> int:
        return await count_for_hot_issues(store, SqlGatherings(store.database, seal), watcher, due_at)

    async def look_for_broken_calls(_: datetime) -> int:
        return await broken.look(now())

    async def release_callbacks(_: datetime) -> int:
        return await callbacks.release_left(now(), by=str(MACHINE))

    async def end_sessions(_: datetime) -> int:
        rules = access_rules(settings)
        gone = await accounts.end_those_over(now(), now() - rules.idle)
        gone += await forms.forget_before(now() - _FORMS_KEPT)
        return gone + await forms.forget_notes_before(now() - _NOTES_KEPT)

    accounts, forms = SqlAccounts(store.database, seal), SqlAgentForms(store.database, seal)
    broken = broken_calls(settings, city, store, seal)
    callbacks = open_callbacks(settings, city, store)
    watcher = HotIssueWatch(SqlGatherings(store.database, seal), load_repeat_rules(city), city)
    return (
        Job("hot_issues", "* * * * *", watch),
        Job("broken_calls", "*/30 * * * * *", look_for_broken_calls),
        Job("callbacks_left", "*/2 * * * *", release_callbacks),
        Job("sessions", "10 3 * * *", end_sessions),
        *_figure_jobs(store, seal, city),
        Job("retention", "30 2 * * *", destroy),
        Job("audit_anchor", "5 0 * * *", anchor),
        Job("vanished_units", "0 7 * * *", list_stranded),
        Job("redone_weekly", "0 8 * * 1", list_redone, catches_up=True),
    )


def _figure_jobs(store: SqlStore, seal: Seal, city: City) -> tuple[Job, ...]:
    """Return the jobs that count at night what people look at by day."""
    figures = open_figures(city, store.database, seal, now)

    async def fill_facts(_: datetime) -> int:
        if filled := await figures.facts.fill():
            await SqlFigures(store.database).forget_days()
        return filled

    async def count_figures(_: datetime) -> int:
        await figures.trends.prepare()
        await figures.board.prepare()
        return 0

    return Job("order_facts", "40 3 * * *", fill_facts), Job("figures", "50 4 * * *", count_figures)


async def tell_of_redone(store: SqlStore, seal: Seal, city: City, due_at: datetime) -> None:
    """Tell the duty officer which open orders were redone twice or more (河东区周清月结: 每周一); once for each Monday."""
    open_facts = [facts_of(order, city.units) async for order in store.open_orders()]
    redone = redone_twice(open_facts)
    if not redone:
        return
    rows = [{"number": each.number, "unit": each.lead_unit, "redos": each.redos} for each in redone]
    monday = due_at.astimezone(city.timezone).date().isoformat()
    message = Message("duty", "orders.redone", monday, {"orders": rows}, f"weekly:{monday}:redone")
    async with store.database.writing() as connection:
        await write_messages(connection, seal, (message,), due_at)


async def tell_of_vanished_units(store: SqlStore, seal: Seal, city: City, due_at: datetime) -> None:
    """Tell the duty officer of open orders whose unit is no longer listed: somebody must say who takes them over."""
    day = due_at.astimezone(city.timezone).date().isoformat()
    for unit in sorted(await store.units_with_open_orders() - city.units.keys()):
        orders = await store.of_unit(unit, statuses=frozenset(Status) - CLOSED, limit=_MOST_LISTED)
        numbers = [each.number for each in orders_of_vanished_units(orders, city.units)]
        message = Message(
            "duty", "unit.vanished", unit, {"unit": unit, "orders": numbers}, f"vanished:{day}:{unit}"
        )
        async with store.database.writing() as connection:
            await write_messages(connection, seal, (message,), due_at)


async def count_for_hot_issues(
    store: SqlStore, kept: SqlGatherings, watch: HotIssueWatch, due_at: datetime
) -> int:
    """Count some of what was registered, completed or supplemented since the last time; return how many, 0 when that was all.

    It goes by the audit, in which an order stands when it was kept, however late that was: none is missed.
    """
    seen, revision = await kept.seen_until()
    if seen is None:
        head = await store.audit_head()
        async for order in store.registered_between(due_at - _FIRST_LOOK, due_at + _FIRST_LOOK):
            await watch.saw(order, at=due_at)
        await kept.note_seen_until(head.sequence, expected=revision, at=due_at)
        return 0
    found = await store.brought_since(seen, limit=_MOST_COUNTED)
    for _, order in found:
        await watch.saw(order, at=due_at)
    if found:
        await kept.note_seen_until(found[-1][0], expected=revision, at=due_at)
    return len(found) if len(found) == _MOST_COUNTED else 0
