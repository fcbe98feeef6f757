"""What figures are made of beside the facts of orders: tiers, cards, places, appeals by day; and figures that are kept (看板统计)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, delete, func, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.deeds import Card, Tier
from hotline.domain.disclosure import COUNTED_KINDS
from hotline.store.database import Database
from hotline.store.tables import appeal_days, kept_figures, order_cards, order_facts

_MICROSECONDS: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1)
_MONDAY: Final = 3  # 1970 began on a Thursday
_SECOND_LEVEL: Final = 4
_CHUNK: Final = timedelta(days=28)
_KINDS: Final = [kind.value for kind in COUNTED_KINDS]
_COUNTED_UNTIL: Final = "appeal_days"
AGAIN: Final = timedelta(days=35)
"""How far back whole days are counted again: an appeal's class and place may be corrected that long, and are counted as they were then."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many orders of one unit stand at a tier, or wait for somebody to decide on it."""

    unit: str | None
    tier: Tier
    is_proposed: bool
    count: int


@dataclass(frozen=True, slots=True)
class CardCount:
    """How often one unit was shown a card."""

    unit: str | None
    card: Card
    count: int


class SqlFigures:
    """Counts by the database. Raises ``StoreUnavailableError`` when that is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    # --- supervision ----------------------------------------------------------------------------------------

    async def standings(self) -> Sequence[Standing]:
        """Count the orders at each tier, and those for which one is proposed, by unit."""
        facts, found = order_facts.c, []
        async with self._database.reading() as connection:
            for column in (facts.tier, facts.proposed_tier):
                query = (
                    select(facts.lead_unit, column, func.count())
                    .where(column.is_not(None))
                    .group_by(facts.lead_unit, column)
                )
                found += [
                    Standing(unit, Tier(tier), column is facts.proposed_tier, count)
                    for unit, tier, count in await connection.execute(query)
                ]
        return found

    async def at_tier(
        self, tier: Tier, *, is_proposed: bool, unit: str = "", after: str = "", limit: int = 50
    ) -> Sequence[str]:
        """Return the numbers of the orders at a tier, or for which it is proposed, in order, behind ``after``."""
        facts = order_facts.c
        column = facts.proposed_tier if is_proposed else facts.tier
        query = select(facts.number).where(column == tier, facts.number > after).order_by(facts.number)
        if unit:
            query = query.where(facts.lead_unit == unit)
        async with self._database.reading() as connection:
            return (await connection.execute(query.limit(limit))).scalars().all()

    async def cards(self, start: datetime, end: datetime) -> Sequence[CardCount]:
        """Count the cards shown from ``start`` to before ``end`` by unit."""
        cards = order_cards.c
        query = (
            select(cards.unit, cards.card, func.count())
            .where(cards.at >= start, cards.at < end)
            .group_by(cards.unit, cards.card)
        )
        async with self._database.reading(is_long=True) as connection:
            return [CardCount(row[0], Card(row[1]), row[2]) for row in await connection.execute(query)]

    async def with_card(
        self, start: datetime, end: datetime, unit: str, card: Card, *, start_at: int = 0, limit: int = 200
    ) -> tuple[Sequence[str], int]:
        """Return the numbers of the orders for which a unit was shown a card, the last shown first, from number ``start_at`` on.

        And how many such orders there are.
        """
        cards = order_cards.c
        shown = func.max(cards.at)
        those = cards.at >= start, cards.at < end, cards.unit == unit, cards.card == card.value
        query = select(cards.number).where(*those).group_by(cards.number).order_by(shown.desc(), cards.number)
        many = select(func.count(func.distinct(cards.number))).where(*those)
        async with self._database.reading() as connection:
            found = (await connection.execute(query.offset(start_at).limit(limit))).scalars().all()
            return found, int((await connection.execute(many)).scalar_one())

    async def by_street(
        self, start: datetime, end: datetime, county: str, category: str = ""
    ) -> Mapping[str, int]:
        """Count the appeals of a county by street, the empty one for those that name none."""
        facts = order_facts.c
        query = (
            select(func.coalesce(facts.street, ""), func.count())
            .where(
                facts.registered_at >= start, facts.registered_at < end, facts.kind.in_(_KINDS), facts.county == county
            )
            .group_by(facts.street)
        )  # fmt: skip
        if category:
            query = query.where(facts.category.startswith(category, autoescape=True))
        async with self._database.reading(is_long=True) as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    # --- appeals by day -------------------------------------------------------------------------------------

    async def counted_until(self) -> date | None:
        """Return the day before which whole days are counted; None before the first time."""
        kept = await self.kept(_COUNTED_UNTIL)
        return date.fromisoformat(kept[1]) if kept is not None else None

    async def count_days(self, until: date, zone: ZoneInfo, at: datetime) -> None:
        """Count the whole days before ``until`` that are not counted yet, and the last ones again.

        Two processes may do so at once: they find the same.
        """
        known = await self.counted_until()
        first = await self._first_day(zone) if known is None else min(known, until) - AGAIN
        while first is not None and first < until:
            following = min(first + _CHUNK, until)
            await self._write_days(await self._days(first, following, zone), first, following)
            first = following
        await self.keep(_COUNTED_UNTIL, until.isoformat(), at)

    async def forget_days(self) -> None:
        """Have all days counted anew: facts of old orders were written."""
        async with self._database.writing() as connection:
            await connection.execute(delete(kept_figures).where(kept_figures.c.key == _COUNTED_UNTIL))

    async def by_day(
        self, first: date, end: date, *, category: str = "", county: str = ""
    ) -> Mapping[date, int]:
        """Return the appeals of each whole day from ``first`` to before ``end``; a category stands for all below it."""
        days = appeal_days.c
        query = self._within(select(days.day, func.sum(days.count)), first, end, category, county)
        async with self._database.reading(is_long=True) as connection:
            rows = await connection.execute(query.group_by(days.day))
            return {_EPOCH + timedelta(days=row[0]): int(row[1]) for row in rows}

    async def by_county(self, first: date, end: date, *, category: str = "") -> Mapping[str, int]:
        """Return the appeals of these days by county, the empty one for those without a place."""
        days = appeal_days.c
        query = self._within(select(days.county, func.sum(days.count)), first, end, category, "")
        async with self._database.reading(is_long=True) as connection:
            return {row[0]: int(row[1]) for row in await connection.execute(query.group_by(days.county))}

    async def by_week(
        self, first: date, end: date, *, by: str, category: str = "", county: str = ""
    ) -> Mapping[str, Mapping[date, int]]:
        """Return the appeals of each week by ``category`` (second level) or ``county``; weeks go by their Mondays."""
        days = appeal_days.c
        key, week = days[by], ((days.day + _MONDAY) // 7).label("week")
        query = self._within(select(key, week, func.sum(days.count)), first, end, category, county)
        found: dict[str, dict[date, int]] = {}
        async with self._database.reading(is_long=True) as connection:
            for row in await connection.execute(query.group_by(key, "week")):
                found.setdefault(row[0], {})[_EPOCH + timedelta(days=row[1] * 7 - _MONDAY)] = int(row[2])
        return found

    # --- kept figures ---------------------------------------------------------------------------------------

    async def kept(self, key: str) -> tuple[datetime, Any] | None:
        """Return what is kept under ``key`` with its time."""
        query = select(kept_figures.c.at, kept_figures.c.body).where(kept_figures.c.key == key)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return (row.at, json.loads(row.body)) if row is not None else None

    async def keep(self, key: str, body: Any, at: datetime) -> None:
        """Keep figures, whatever was kept under ``key``."""
        values = {"at": at, "body": json.dumps(body, ensure_ascii=False)}
        new = self._insert(kept_figures).values(key=key, **values)
        async with self._database.writing() as connection:
            await connection.execute(
                new.on_conflict_do_update(index_elements=[kept_figures.c.key], set_=values)
            )

    async def forget_kept_before(self, at: datetime) -> None:
        """Delete figures that nobody has counted since ``at``."""
        old = kept_figures.c.at < at, kept_figures.c.key != _COUNTED_UNTIL
        async with self._database.writing() as connection:
            await connection.execute(delete(kept_figures).where(*old))

    # --- inside ---------------------------------------------------------------------------------------------

    @property
    def _insert(self) -> Any:
        return sqlite.insert if self._database.is_sqlite else postgresql.insert

    async def _first_day(self, zone: ZoneInfo) -> date | None:
        async with self._database.reading() as connection:
            at = (await connection.execute(select(func.min(order_facts.c.registered_at)))).scalar_one()
        return at.astimezone(zone).date() if at is not None else None

    async def _days(self, first: date, end: date, zone: ZoneInfo) -> list[dict[str, Any]]:
        """Count these days by the city's clock as it goes on the first of them."""
        facts = order_facts.c
        start, stop = (datetime.combine(day, time(), zone) for day in (first, end))
        offset = (start.utcoffset() or timedelta()) // timedelta(microseconds=1)
        day = ((type_coerce(facts.registered_at, BigInteger) + offset) // _MICROSECONDS).label("day")
        category = func.coalesce(func.substr(facts.category, 1, _SECOND_LEVEL), "").label("class")
        county = func.coalesce(facts.county, "").label("place")
        query = (
            select(day, category, county, func.count())
            .where(facts.registered_at >= start, facts.registered_at < stop, facts.kind.in_(_KINDS))
            .group_by("day", "class", "place")
        )
        async with self._database.reading(is_long=True) as connection:
            rows = (await connection.execute(query)).all()
        return [dict(zip(("day", "category", "county", "count"), row, strict=True)) for row in rows]

    async def _write_days(self, rows: list[dict[str, Any]], first: date, end: date) -> None:
        days = appeal_days.c
        new = self._insert(appeal_days)
        whole = new.on_conflict_do_update(
            index_elements=[days.day, days.category, days.county], set_={"count": new.excluded.count}
        )
        span = days.day >= (first - _EPOCH).days, days.day < (end - _EPOCH).days
        async with self._database.writing() as connection:
            await connection.execute(delete(appeal_days).where(*span))
            if rows:
                await connection.execute(whole, rows)

    def _within(self, query: Any, first: date, end: date, category: str, county: str) -> Any:
        days = appeal_days.c
        query = query.where(days.day >= (first - _EPOCH).days, days.day < (end - _EPOCH).days)
        if category:
            query = query.where(days.category.startswith(category, autoescape=True))
        return query.where(days.county == county) if county else query
