"""Inboxes (收件箱): orders by when they are due, a page at a time, from any place in the list (keyset).

An index holds each unit's orders of each state by due time, another those that it supports. A page is merged from one short
run of each state, so that it costs the same whether a unit has a hundred orders or a hundred thousand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Select, Table, and_, exists, func, or_, select, union_all

from hotline.domain.appeal import AppealKind
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.waiting import Waiting
from hotline.domain.work_order import WorkOrder
from hotline.store.database import Database
from hotline.store.order_body import loaded
from hotline.store.sealing import Seal
from hotline.store.tables import order_supporters, order_waiting, work_orders

OPEN: Final = frozenset(Status) - CLOSED
_PLACE: Final = re.compile(r"(-?\d{1,18})-(\d{11,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an inbox: behind the order of this number, due then (or waiting since then, where a list is sorted so)."""

    due: datetime
    number: str

    def __str__(self) -> str:
        """Return it as it stands in an address."""
        return f"{round(self.due.timestamp() * 1_000_000)}-{self.number}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Return the place that ``str`` wrote; None for any other text: such a page begins at the beginning."""
        found = _PLACE.fullmatch(text)
        try:
            return cls(datetime.fromtimestamp(int(found[1]) / 1_000_000, UTC), found[2]) if found else None
        except (ValueError, OverflowError, OSError):  # no time that there is
            return None


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which orders. ``unit`` leads them, ``supporter`` supports them; ``None``: any. Nothing in ``categories``: all.

    A category stands for all that begin with it; ``due`` is a half-open span;
    ``is_for_counties``: only those that a unit has or had, and no tip-offs;
    ``asks_extension``: only those whose unit waits for an extension; ``waits_for``: only those that wait for this decision.
    """

    statuses: frozenset[Status] = OPEN
    unit: str | None = None
    supporter: str | None = None
    county: str | None = None
    categories: tuple[str, ...] = ()
    kinds: frozenset[AppealKind] = frozenset()
    due: tuple[datetime, datetime] | None = None
    is_for_counties: bool = False
    asks_extension: bool = False
    waits_for: Waiting | None = None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Orders by due time; ``following`` is where the next page begins, None on the last."""

    orders: Sequence[WorkOrder] = field(default_factory=tuple)
    following: Place | None = None


class SqlInbox:
    """Reads the table of orders; nothing is changed. Raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what its rows are sealed with."""
        self._database = database
        self._seal = seal

    async def page(self, wanted: InboxFilter, *, after: Place | None = None, limit: int = 50) -> InboxPage:
        """Return the orders behind ``after``, those due first first; what has no limit comes last."""
        orders = work_orders.c
        runs = [self._run(wanted, status, after, limit + 1) for status in sorted(wanted.statuses)]
        if not runs:
            return InboxPage()
        merged = union_all(*(select(run.subquery()) for run in runs)).subquery()
        numbers = select(merged.c.number).order_by(merged.c.due_order, merged.c.number).limit(limit + 1)
        query = (
            select(orders.number, orders.due_order, orders.body)
            .where(orders.number.in_(numbers.scalar_subquery()))
            .order_by(orders.due_order, orders.number)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        found = [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return InboxPage(found, Place(last.due_order, last.number) if last is not None else None)

    async def waiting(self, what: Waiting, *, after: Place | None = None, limit: int = 50) -> InboxPage:
        """Return the orders that wait for a decision behind ``after``, those that wait longest first."""
        orders, waits = work_orders.c, order_waiting.c
        query = (
            select(orders.number, waits.since, orders.body)
            .join(order_waiting, waits.number == orders.number)
            .where(waits.what == what.value)
            .order_by(waits.since, waits.number)
            .limit(limit + 1)
        )
        if after is not None:
            later = and_(waits.since == after.due, waits.number > after.number)
            query = query.where(or_(waits.since > after.due, later))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        found = [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return InboxPage(found, Place(last.since, last.number) if last is not None else None)

    async def counts(self, wanted: InboxFilter) -> Mapping[Status, int]:
        """Count the orders of each of the states, for tabs; states without orders are missing."""
        column = _listed(wanted).c.status
        query = (
            select(column, func.count())
            .where(*_conditions(wanted), column.in_(sorted(wanted.statuses)))
            .group_by(column)
        )
        async with self._database.reading() as connection:
            return {Status(row[0]): row[1] for row in await connection.execute(query)}

    async def count_due(self, wanted: InboxFilter, *, before: datetime) -> int:
        """Count the orders due before ``before``."""
        listed = _listed(wanted)
        query = (
            select(func.count())
            .select_from(listed)
            .where(
                *_conditions(wanted),
                listed.c.status.in_(sorted(wanted.statuses)),
                listed.c.due_order < before,
            )
        )
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one()

    def _run(self, wanted: InboxFilter, status: Status, after: Place | None, limit: int) -> Select[Any]:
        listed = _listed(wanted).c
        conditions = [listed.status == status.value, *_conditions(wanted)]
        if after is not None:
            later = and_(listed.due_order == after.due, listed.number > after.number)
            conditions += [listed.due_order >= after.due, or_(listed.due_order > after.due, later)]
        return (
            select(listed.number, listed.due_order)
            .where(*conditions)
            .order_by(listed.due_order, listed.number)
            .limit(limit)
        )


def _listed(wanted: InboxFilter) -> Table:
    """Return the table that has the list by state and due time."""
    return work_orders if wanted.supporter is None else order_supporters


def _conditions(wanted: InboxFilter) -> list[Any]:
    """Return what the rows of ``_listed`` must fulfil, besides their state."""
    listed, conditions = _listed(wanted).c, _of_orders(wanted)
    if wanted.supporter is not None:
        if conditions:  # asked of the order itself
            conditions = [exists().where(work_orders.c.number == listed.number, *conditions)]
        conditions.append(listed.unit == wanted.supporter)
    if wanted.waits_for is not None:
        theirs = select(order_waiting.c.number).where(order_waiting.c.what == wanted.waits_for.value)
        conditions.append(listed.number.in_(theirs))
    if wanted.due is not None:
        start, end = wanted.due
        conditions += [listed.due_order >= start, listed.due_order < end]
    return conditions


def _of_orders(wanted: InboxFilter) -> list[Any]:
    orders = work_orders.c
    conditions: list[Any] = []
    if wanted.unit is not None:
        conditions.append(orders.lead_unit == wanted.unit)
    if wanted.county is not None:
        conditions.append(orders.county == wanted.county)
    if wanted.categories:
        conditions.append(
            or_(*(orders.category.startswith(each, autoescape=True) for each in wanted.categories))
        )
    if wanted.kinds:
        conditions.append(orders.kind.in_(sorted(wanted.kinds)))
    if wanted.is_for_counties:
        conditions += [orders.lead_unit.is_not(None), orders.kind.is_distinct_from(AppealKind.TIP_OFF.value)]
    if wanted.asks_extension:
        conditions.append(orders.extension_asked_at.is_not(None))
    return conditions


def statuses(names: Collection[str]) -> frozenset[Status]:
    """Return states by name, those that are none left out."""
    known = {status.value: status for status in Status}
    return frozenset(known[name] for name in names if name in known)
