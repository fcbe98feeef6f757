"""Destruction of what is past its time, in batches: each with its audit row in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.retention import Certificate, Kept, Retention, anonymised
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.order_body import dumped, loaded
from hotline.store.sealing import Seal
from hotline.store.tables import (
    audit,
    conversations,
    corrections,
    correspondences,
    correspondents,
    evidence,
    journal,
    letters,
    order_citizens,
    order_facts,
    outbox,
    party_calls,
    progress_subscriptions,
    recordings,
    relay,
    work_orders,
)

_CLOSED: Final = sorted(CLOSED)
_ANONYMISABLE: Final = sorted(CLOSED - {Status.ARCHIVED})


class SqlRetention:
    """Destroys what is past its time. Open orders, and what was archived, are never touched."""

    def __init__(
        self, database: Database, seal: Seal, recordings_folder: Path, evidence_folder: Path
    ) -> None:
        """Take the database, what seals its rows, and where the files of recordings and of evidence are."""
        self._recordings_folder = recordings_folder
        self._evidence_folder = evidence_folder
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
            if retention.kept is Kept.WORK_ORDERS:
                ids = [number for number in ids if await self._anonymise(connection, number)]
            if not ids:
                return None
            await self._destroy(connection, retention.kept, ids)
            certificate = Certificate(
                kept=retention.kept,
                before=before,
                count=len(ids),
                digest=hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest(),
                basis=retention.basis,
                by=by,
                at=now,
            )
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
                    "basis": retention.basis,
                },
            )
        return certificate

    @staticmethod
    def _past(kept: Kept, before: datetime) -> Select[tuple[str]]:
        match kept:
            case Kept.RECORDINGS:
                talk = recordings.c.conversation
                return select(talk).where(recordings.c.started_at < before, *_settled(talk))
            case Kept.JOURNALS:
                has_rows = select(journal.c.conversation).where(journal.c.conversation == conversations.c.id)
                return select(conversations.c.id).where(
                    func.coalesce(conversations.c.ended_at, conversations.c.started_at) < before,
                    *_settled(conversations.c.id),
                    has_rows.exists(),
                )
            case Kept.LETTERS:
                return select(letters.c.key).where(
                    letters.c.answered_at < before, *_settled(letters.c.conversation)
                )
            case Kept.EVIDENCE:
                return select(evidence.c.id).where(
                    evidence.c.kept_at < before, *_settled(evidence.c.conversation)
                )
            case Kept.MESSAGES:
                return select(outbox.c.key).where(outbox.c.delivered_at < before)
            case Kept.WORK_ORDERS:
                # The time runs from the last step. What was anonymised has lost its conversation: it is not found again.
                step_since = select(audit.c.sequence).where(
                    audit.c.subject == work_orders.c.number,
                    audit.c.action.startswith("work_order."),
                    audit.c.at >= before,
                )
                return select(work_orders.c.number).where(
                    work_orders.c.status.in_(_ANONYMISABLE),
                    work_orders.c.registered_at < before,
                    work_orders.c.conversation != "",
                    ~step_since.exists(),
                )

    async def _destroy(self, connection: AsyncConnection, kept: Kept, ids: Sequence[str]) -> None:
        match kept:
            case Kept.RECORDINGS:
                mine = recordings.c.conversation.in_(ids)
                for path in (await connection.execute(select(recordings.c.path).where(mine))).scalars():
                    await asyncio.to_thread((self._recordings_folder / path).unlink, missing_ok=True)
                await connection.execute(delete(recordings).where(mine))
            case Kept.JOURNALS:
                await connection.execute(delete(journal).where(journal.c.conversation.in_(ids)))
                await connection.execute(delete(party_calls).where(party_calls.c.conversation.in_(ids)))
                mine = conversations.c.id.in_(ids)
                await connection.execute(update(conversations).where(mine).values(call_id=""))
            case Kept.LETTERS:
                await connection.execute(delete(letters).where(letters.c.key.in_(ids)))
                await _forget_correspondents(connection)
            case Kept.EVIDENCE:
                those = evidence.c.id.in_(ids)
                for path in (await connection.execute(select(evidence.c.path).where(those))).scalars():
                    await asyncio.to_thread((self._evidence_folder / path).unlink, missing_ok=True)
                await connection.execute(delete(evidence).where(those))
            case Kept.MESSAGES:
                await connection.execute(delete(outbox).where(outbox.c.key.in_(ids)))
            case Kept.WORK_ORDERS:
                await connection.execute(delete(order_citizens).where(order_citizens.c.number.in_(ids)))
                await connection.execute(delete(relay).where(relay.c.number.in_(ids)))
                await connection.execute(delete(corrections).where(corrections.c.number.in_(ids)))
                wanted = progress_subscriptions.c.number.in_(ids)
                await connection.execute(delete(progress_subscriptions).where(wanted))
                theirs = order_facts.c.number.in_(ids)
                await connection.execute(update(order_facts).where(theirs).values(disclosed_at=None))

    async def _anonymise(self, connection: AsyncConnection, number: str) -> bool:
        """Anonymise one order; False, and nothing done, when somebody changed it meanwhile."""
        mine, place = work_orders.c.number == number, f"work_order:{number}"
        row = (await connection.execute(select(work_orders.c.body, work_orders.c.revision).where(mine))).one()
        order = anonymised(loaded(self._seal.open(row.body, place)))
        changed = await connection.execute(
            update(work_orders)
            .where(mine, work_orders.c.revision == row.revision, work_orders.c.status.in_(_ANONYMISABLE))
            .values(body=self._seal.close(dumped(order), place), conversation="", revision=order.revision)
        )
        return changed.rowcount == 1


async def _forget_correspondents(connection: AsyncConnection) -> None:
    """Forget who has no letter left and no conversation open, and whose conversations were theirs."""
    theirs = select(letters.c.id).where(letters.c.correspondent == correspondents.c.id)
    gone = correspondents.c.conversation.is_(None) & ~theirs.exists()
    await connection.execute(delete(correspondents).where(gone))
    known = select(correspondents.c.id).where(correspondents.c.id == correspondences.c.correspondent)
    await connection.execute(delete(correspondences).where(~known.exists()))


def _settled(talk: Column[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Tell that no order of a talk is open, and none archived."""
    summary = conversations.alias("summary")
    order_of_talk = (
        select(summary.c.work_order).where(summary.c.id == talk).correlate(talk.table).scalar_subquery()
    )
    mine = (work_orders.c.number == order_of_talk) | (work_orders.c.conversation == talk)
    open_ones = select(work_orders.c.number).where(mine, work_orders.c.status.not_in(_CLOSED))
    open_ones = open_ones.correlate(talk.table)
    archived = select(work_orders.c.number).where(mine, work_orders.c.status == Status.ARCHIVED.value)
    archived = archived.correlate(talk.table)
    return ~open_ones.exists(), ~archived.exists()
