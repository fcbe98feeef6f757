"""Lists of orders for other programs and for review: by state, by category, by time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import false, func, literal, or_, select

from hotline.domain.appeal import AppealKind
from hotline.domain.life_cycle import Status
from hotline.domain.work_order import WorkOrder
from hotline.store.database import Database
from hotline.store.knowledge_tables import knowledge_candidates
from hotline.store.order_body import loaded
from hotline.store.sealing import Seal
from hotline.store.tables import audit, order_facts, order_supporters, work_orders


class SqlOrderSearch:
    """Reads the table of orders; nothing is changed."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what its rows are sealed with."""
        self._database = database
        self._seal = seal

    async def find(
        self,
        *,
        statuses: Collection[Status] = (),
        categories: Collection[str] = (),
        kinds: Collection[AppealKind] = (),
        numbers: Collection[str] = (),
        unit: str | None = None,
        supporter: str | None = None,
        registered: tuple[datetime, datetime] | None = None,
        after: str = "",
        limit: int = 50,
        newest_first: bool = False,
    ) -> Sequence[WorkOrder]:
        """Return the orders to which all that is given applies, by number; a category holds for those below it.

        ``unit`` is the lead, ``supporter`` one of those that support; ``registered`` is a half-open span.
        """
        orders = work_orders.c
        conditions = [orders.number > after]
        for column, wanted in (
            (orders.status, [each.value for each in statuses]),
            (orders.kind, [each.value for each in kinds]),
            (orders.number, list(numbers)),
        ):
            if wanted:
                conditions.append(column.in_(sorted(wanted)))
        if categories:
            conditions.append(
                or_(*(orders.category.startswith(code, autoescape=True) for code in sorted(categories)))
            )
        if unit is not None:
            conditions.append(orders.lead_unit == unit)
        if supporter is not None:
            theirs = select(order_supporters.c.number).where(order_supporters.c.unit == supporter)
            conditions.append(orders.number.in_(theirs))
        if registered is not None:
            start, end = registered
            conditions += [orders.registered_at >= start, orders.registered_at < end]
        query = (
            select(orders.number, orders.body)
            .where(*conditions)
            .order_by(orders.number.desc() if newest_first else orders.number)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows]

    async def answered_later(
        self,
        registered: tuple[datetime, datetime],
        *,
        stepped_since: datetime,
        after: str = "",
        limit: int = 50,
    ) -> Sequence[WorkOrder]:
        """Return closed inquiries, by number, that were not answered at once and have not come back to the knowledge base.

        Only those of which a step was taken from ``stepped_since`` on are read.
        """
        orders, facts, start, end = work_orders.c, order_facts.c, *registered
        come_back = select(knowledge_candidates.c.id).where(
            knowledge_candidates.c.key == literal("order:").concat(orders.number)
        )
        stepped = select(audit.c.sequence).where(
            audit.c.subject == orders.number,
            audit.c.action.startswith("work_order."),
            audit.c.at >= stepped_since,
        )
        query = (
            select(orders.number, orders.body)
            .outerjoin(order_facts, facts.number == orders.number)
            .where(
                orders.number > after,
                orders.kind == AppealKind.INQUIRY.value,
                orders.status.in_((Status.CONCLUDED.value, Status.ARCHIVED.value)),
                orders.registered_at >= start,
                orders.registered_at < end,
                func.coalesce(facts.was_answered_at_once, false()).is_(False),
                stepped.exists(),
                ~come_back.exists(),
            )
            .order_by(orders.number)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows]

    async def of_conversation(self, conversation: str) -> str | None:
        """Return the number of the first order that came of a conversation, or None."""
        mine = select(work_orders.c.number).where(work_orders.c.conversation == conversation)
        query = mine.order_by(work_orders.c.number).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none()
