"""Destruction of what is past its time, in batches: each with its audit row in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.retention import Certificate, Kept, Retention, anonymised
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.order_body import dumped, loaded
from hotline.store.sealing import Seal
from hotline.store.tables import conversations, journal, order_citizens, outbox, work_orders

_CLOSED: Final = sorted(CLOSED)
_ANONYMISABLE: Final = sorted(CLOSED - {Status.ARCHIVED})


class SqlRetention:
    """Destroys what is past its time. Open orders, and what was archived, are never touched."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def count(self, retention: Retention, now: datetime) -> int:
        """Return how many things of the category are past their time."""
        found = self._past(retention.kept, retention.cutoff(now)).subquery()
        async with self._database.reading(is_long=True) as connection:
            return int((await connection.execute(select(func.count()).select_from(found))).scalar_one())

    async def destroy(
        self, retention: Retention, now: datetime, *, by: str, limit: int = 500
    ) -> Certificate | None:
        """Destroy one batch and return its certificate; None when nothing is past its time."""
        before = retention.cutoff(now)
        async with self._database.writing() as connection:
            past = self._past(retention.kept, before).limit(limit)
            ids = [str(each) for each in (await connection.execute(past)).scalars()]
            if not ids:
                return None
            certificate = Certificate(
                kept=retention.kept,
                before=before,
                count=len(ids),
                digest=hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest(),
                basis=retention.basis,
                by=by,
                at=now,
            )
            await self._destroy(connection, retention.kept, ids)
            await write_audit(
                connection,
                at=now,
                actor=by,
                action="retention.destroyed",
                subject=retention.kept.value,
                detail={
                    "before": before.isoformat(),
                    "count": certificate.count,
                    "digest": certificate.digest,
                },
            )
        return certificate

    @staticmethod
    def _past(kept: Kept, before: datetime) -> Select[tuple[str]]:
        match kept:
            case Kept.JOURNALS:
                mine = (
                    (work_orders.c.number == conversations.c.work_order)
                    | (work_orders.c.conversation == conversations.c.id)
                )  # fmt: skip
                is_open = (
                    select(work_orders.c.number).where(mine, work_orders.c.status.not_in(_CLOSED)).exists()
                )
                archived = select(work_orders.c.number).where(
                    mine, work_orders.c.status == Status.ARCHIVED.value
                )
                has_rows = select(journal.c.conversation).where(journal.c.conversation == conversations.c.id)
                return select(conversations.c.id).where(
                    conversations.c.ended_at < before, ~is_open, ~archived.exists(), has_rows.exists()
                )
            case Kept.MESSAGES:
                return select(outbox.c.key).where(outbox.c.delivered_at < before)
            case Kept.WORK_ORDERS:
                # What was anonymised has lost its conversation: it is not found again.
                return select(work_orders.c.number).where(
                    work_orders.c.status.in_(_ANONYMISABLE),
                    work_orders.c.registered_at < before,
                    or_(work_orders.c.due_at.is_(None), work_orders.c.due_at < before),
                    work_orders.c.conversation != "",
                )

    async def _destroy(self, connection: AsyncConnection, kept: Kept, ids: Sequence[str]) -> None:
        match kept:
            case Kept.JOURNALS:
                await connection.execute(delete(journal).where(journal.c.conversation.in_(ids)))
                mine = conversations.c.id.in_(ids)
                await connection.execute(update(conversations).where(mine).values(call_id=""))
            case Kept.MESSAGES:
                await connection.execute(delete(outbox).where(outbox.c.key.in_(ids)))
            case Kept.WORK_ORDERS:
                await connection.execute(delete(order_citizens).where(order_citizens.c.number.in_(ids)))
                for number in ids:
                    await self._anonymise(connection, number)

    async def _anonymise(self, connection: AsyncConnection, number: str) -> None:
        mine, place = work_orders.c.number == number, f"work_order:{number}"
        sealed = (await connection.execute(select(work_orders.c.body).where(mine))).scalar_one()
        order = replace(anonymised(loaded(self._seal.open(sealed, place))), conversation="")
        body = self._seal.close(dumped(order), place)
        await connection.execute(update(work_orders).where(mine).values(body=body, conversation=""))
