"""Facts of orders for figures (统计要素), written with every change of an order, counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Insert, Label, and_, case, func, null, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.deeds import Remind, Resolution, Satisfaction
from hotline.domain.disclosure import COUNTED_KINDS, Tally, disclosed, is_public
from hotline.domain.life_cycle import CLOSED
from hotline.domain.order_facts import facts_of
from hotline.domain.work_order import WorkOrder
from hotline.store.database import Database
from hotline.store.inbox import Place
from hotline.store.order_body import loaded
from hotline.store.sealing import Seal
from hotline.store.tables import order_cards, order_facts, work_orders

_CLOSED: Final = sorted(CLOSED)

_LAYOUT: Final = 3
"""Rows that were written before columns were added, or were counted otherwise, have a smaller one; ``fill`` writes them anew."""
_FACTS: Final = order_facts.c


class Which(StrEnum):
    """Which of a unit's orders are behind a figure."""

    COUNTED = "counted"  # 计入考核
    EXCLUDED = "excluded"  # 不计考核
    NOT_CONTACTED = "not_contacted"  # 未响应
    UNRESOLVED = "unresolved"  # 未解决
    DISSATISFIED = "dissatisfied"  # 不满意
    PROCESS_DISSATISFIED = "process_dissatisfied"  # 对过程不满意
    LATE = "late"  # 超期反馈


AGAINST: Final = (Which.NOT_CONTACTED, Which.UNRESOLVED, Which.DISSATISFIED, Which.LATE)
"""Why an order counts against its unit."""


def _one(name: str, *conditions: ColumnElement[bool]) -> Label[int]:
    """Return 1 for the orders of which all this is true, else 0."""
    return case((and_(*conditions), 1), else_=0).label(name)


_COUNTED: Final = _FACTS.counts.is_(True)
_SUMMED: Final = (
    _one("closed", _FACTS.status.in_(_CLOSED)),
    _one("at_once", _FACTS.was_answered_at_once.is_(True)),
    _one("in_time", _FACTS.was_in_time.is_(True)),
    _one("late", _FACTS.was_in_time.is_(False)),
    _one("counted", _COUNTED),
    _one("contacted", _COUNTED, _FACTS.was_contacted.is_(True)),
    _one("not_contacted", _COUNTED, _FACTS.was_contacted.is_(False)),
    *(
        _one(each.value, _COUNTED, _FACTS.resolution == each.value)
        for each in (Resolution.RESOLVED, Resolution.MOSTLY, Resolution.UNRESOLVED)
    ),
    *(
        _one(f"result_{each.value}", _COUNTED, _FACTS.result == each.value)
        for each in (Satisfaction.SATISFIED, Satisfaction.MOSTLY, Satisfaction.DISSATISFIED)
    ),
    *(
        _one(f"attitude_{each.value}", _COUNTED, _FACTS.attitude == each.value)
        for each in (Satisfaction.SATISFIED, Satisfaction.MOSTLY, Satisfaction.DISSATISFIED)
    ),
)
"""In the order of the fields of ``Tally`` behind ``count``."""

_CONDITIONS: Final[dict[Which, tuple[ColumnElement[bool], ...]]] = {
    Which.COUNTED: (_FACTS.counts.is_(True),),
    Which.EXCLUDED: (_FACTS.counts.is_(False),),
    Which.NOT_CONTACTED: (_FACTS.counts.is_(True), _FACTS.was_contacted.is_(False)),
    Which.UNRESOLVED: (_FACTS.counts.is_(True), _FACTS.resolution == Resolution.UNRESOLVED.value),
    Which.DISSATISFIED: (_FACTS.counts.is_(True), _FACTS.result == Satisfaction.DISSATISFIED.value),
    Which.PROCESS_DISSATISFIED: (
        _FACTS.counts.is_(True),
        _FACTS.attitude == Satisfaction.DISSATISFIED.value,
    ),
    Which.LATE: (_FACTS.counts.is_(True), _FACTS.was_in_time.is_(False)),
}


def _behind(start: datetime, end: datetime, unit: str, which: Which) -> tuple[ColumnElement[bool], ...]:
    facts = order_facts.c
    span = facts.registered_at >= start, facts.registered_at < end
    return (*span, facts.lead_unit == unit, *_CONDITIONS[which])


def put_order_facts(connection: Connection, order: WorkOrder) -> None:
    """Write what figures count of ``order`` as it is now."""
    connection.execute(_new_facts(connection.dialect.name), _row(order))
    cards = [  # the lead's: a unit is not counted for an order that it only supports
        {
            "number": order.number,
            "card": deed.card.value,
            "about": deed.about,
            "at": entry.at,
            "unit": order.lead_unit,
        }
        for entry in order.history
        if isinstance(deed := entry.deed, Remind) and deed.unit is None
    ]
    if cards:  # one that was shown before stays with the unit that led then
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(order_cards).on_conflict_do_nothing(), cards)


class SqlOrderFacts:
    """Counts orders, and finds those whose outcome is public. Raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what its rows are sealed with."""
        self._database = database
        self._seal = seal

    async def tallies(self, start: datetime, end: datetime) -> Sequence[Tally]:
        """Count the orders registered from ``start`` to before ``end``, those that are alike together."""
        facts = order_facts.c
        kinds = facts.kind.in_([kind.value for kind in COUNTED_KINDS])
        return await self._tallies(start, end, kinds, county=facts.county)

    async def unit_tallies(self, start: datetime, end: datetime) -> Sequence[Tally]:
        """Count the same by the unit that leads, of all kinds of orders that were dispatched."""
        facts = order_facts.c
        return await self._tallies(start, end, facts.lead_unit.is_not(None), unit=facts.lead_unit)

    async def numbers(
        self, start: datetime, end: datetime, unit: str, which: Which, *, start_at: int = 0, limit: int = 200
    ) -> Sequence[str]:
        """Return the numbers of a unit's orders behind a figure, the newest first, from number ``start_at`` of them on."""
        facts = order_facts.c
        query = (
            select(facts.number)
            .where(*_behind(start, end, unit, which))
            .order_by(facts.registered_at.desc(), facts.number.desc())
        )
        async with self._database.reading() as connection:
            return (await connection.execute(query.offset(start_at).limit(limit))).scalars().all()

    async def count(self, start: datetime, end: datetime, unit: str, which: Which) -> int:
        """Count them."""
        query = select(func.count()).select_from(order_facts).where(*_behind(start, end, unit, which))
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def answered_at_once(self, start: datetime, end: datetime) -> int:
        """Count the orders that were answered at once (当场答复)."""
        facts = order_facts.c
        query = (
            select(func.count())
            .select_from(order_facts)
            .where(
                facts.registered_at >= start,
                facts.registered_at < end,
                facts.kind.in_([kind.value for kind in COUNTED_KINDS]),
                facts.was_answered_at_once.is_(True),
            )
        )
        async with self._database.reading(is_long=True) as connection:
            return int((await connection.execute(query)).scalar_one())

    async def _tallies(
        self,
        start: datetime,
        end: datetime,
        condition: ColumnElement[bool],
        *,
        county: Any = None,
        unit: Any = None,
    ) -> Sequence[Tally]:
        facts = order_facts.c
        keys = [
            facts.category,
            null() if county is None else county,
            null() if unit is None else unit,
            facts.is_public,
        ]
        these = (
            select(*(key.label(f"k{index}") for index, key in enumerate(keys)), *_SUMMED)
            .where(facts.registered_at >= start, facts.registered_at < end, condition)
            .subquery()
        )
        by = list(these.c)[: len(keys)]
        sums = [func.sum(column) for column in list(these.c)[len(keys) :]]
        query = select(*by, func.count(), *sums).group_by(*by)
        async with self._database.reading(is_long=True) as connection:
            rows = (await connection.execute(query)).all()
        return [Tally(*row[:3], bool(row[3]), *map(int, row[4:])) for row in rows]

    async def disclosed(
        self, *, category: str = "", county: str = "", after: Place | None = None, limit: int = 10
    ) -> tuple[Sequence[WorkOrder], Place | None]:
        """Return the orders that are public, the last disclosed first, and the place behind which the next page begins.

        A category stands for all that begin with it.
        """
        facts = order_facts.c
        query = (
            select(work_orders.c.number, work_orders.c.body, facts.disclosed_at)
            .join(work_orders, work_orders.c.number == facts.number)
            .where(facts.disclosed_at.is_not(None))
            .order_by(facts.disclosed_at.desc(), facts.number.desc())
            .limit(limit + 1)
        )
        if category:
            query = query.where(facts.category.startswith(category, autoescape=True))
        if county:
            query = query.where(facts.county == county)
        if after is not None:
            query = query.where(
                facts.disclosed_at <= after.due,
                or_(facts.disclosed_at < after.due, facts.number < after.number),
            )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        orders = [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return orders, Place(last.disclosed_at, last.number) if last is not None else None

    async def fill(self, *, limit: int = 500) -> int:
        """Write the facts of orders that were kept before there were any, or before all of them were; return how many."""
        missing = (
            select(work_orders.c.number, work_orders.c.body)
            .outerjoin(order_facts, order_facts.c.number == work_orders.c.number)
            .where(or_(order_facts.c.number.is_(None), order_facts.c.layout < _LAYOUT))
            .limit(limit)
        )

        def filled(connection: Connection) -> int:
            rows = connection.execute(missing).all()
            for row in rows:
                put_order_facts(connection, loaded(self._seal.open(row.body, f"work_order:{row.number}")))
            return len(rows)

        return await self._database.write(filled)


@cache  # made once: putting a statement together takes longer than doing it
def _new_facts(dialect: str) -> Insert:
    new = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(order_facts)
    changed = {column.name: new.excluded[column.name] for column in order_facts.c if column.name != "number"}
    return new.on_conflict_do_update(index_elements=[order_facts.c.number], set_=changed)


def _row(order: WorkOrder) -> dict[str, Any]:
    facts, shown = facts_of(order, {}), disclosed(order)
    return {
        "number": order.number,
        "registered_at": order.registered_at,
        "status": order.status.value,
        "kind": order.appeal.kind.value,
        "category": facts.category,
        "county": facts.county,
        "lead_unit": facts.lead_unit,
        "is_public": is_public(order),
        "was_answered_at_once": facts.was_answered_at_once,
        "counts": facts.counts,
        "was_in_time": facts.was_in_time,
        "was_contacted": facts.was_contacted,
        "resolution": facts.resolution.value if facts.resolution is not None else None,
        "result": facts.result.value if facts.result is not None else None,
        "attitude": facts.attitude.value if facts.attitude is not None else None,
        "disclosed_at": shown.at if shown is not None else None,
        "street": facts.street,
        "tier": facts.standing_tier,
        "proposed_tier": facts.proposed_tier,
        "layout": _LAYOUT,
    }
