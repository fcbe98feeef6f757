"""Destruction of what is past its time, in batches: each with its audit row in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Column, ColumnElement, Select, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.callbacks import FINISHED
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.linkage import Linkage
from hotline.domain.outbox import MessageState
from hotline.domain.retention import (
    Certificate,
    Kept,
    Retention,
    anonymised,
    without_reasons,
    without_texts,
)
from hotline.domain.unmasking import UnmaskRequest
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.knowledge_tables import NO_QUESTION, lookups
from hotline.store.order_body import dumped, loaded
from hotline.store.sealing import Seal
from hotline.store.tables import (
    audit,
    callback_tasks,
    conversations,
    corrections,
    correspondences,
    correspondents,
    evidence,
    journal,
    letters,
    linkages,
    nuisance_flags,
    order_citizens,
    order_facts,
    outbox,
    party_calls,
    progress_subscriptions,
    recordings,
    relay,
    unmask_requests,
    work_orders,
)

T = TypeVar("T")

_CLOSED: Final = sorted(CLOSED)
_ANONYMISABLE: Final = sorted(CLOSED - {Status.ARCHIVED})
_FINISHED: Final = sorted(FINISHED)
_UNMASKING: Final = TypeAdapter(UnmaskRequest)
_LINKAGE: Final = TypeAdapter(Linkage)


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
        found: Column[Any]
        when: Sequence[ColumnElement[bool]]
        match kept:
            case Kept.RECORDINGS:
                found = recordings.c.conversation
                when = recordings.c.started_at < before, *_settled(found)
            case Kept.JOURNALS:
                found = conversations.c.id
                rows = select(journal.c.conversation).where(journal.c.conversation == found)
                asked = select(lookups.c.conversation).where(
                    lookups.c.conversation == found, lookups.c.question != NO_QUESTION
                )
                ended_at = func.coalesce(conversations.c.ended_at, conversations.c.started_at)
                when = ended_at < before, *_settled(found), rows.exists() | asked.exists()
            case Kept.LETTERS:
                found = letters.c.key
                when = letters.c.answered_at < before, *_settled(letters.c.conversation)
            case Kept.EVIDENCE:
                found = evidence.c.id
                when = evidence.c.kept_at < before, *_settled(evidence.c.conversation)
            case Kept.CALLBACKS:
                found, task = callback_tasks.c.id, callback_tasks.c
                when = task.window_end < before, task.state.in_(_FINISHED), *_settled(task.conversation)
            case Kept.NUISANCES:
                found = nuisance_flags.c.id
                when = nuisance_flags.c.at < before, *_settled(nuisance_flags.c.conversation)
            case Kept.MESSAGES:
                found, when = outbox.c.key, [outbox.c.delivered_at < before]
            case Kept.DEAD_MESSAGES:
                found = outbox.c.key
                when = outbox.c.created_at < before, outbox.c.state == MessageState.DEAD.value
            case Kept.WORK_ORDERS:
                # The time runs from the last step. What was anonymised has lost its conversation: it is not found again.
                found = work_orders.c.number
                step_since = select(audit.c.sequence).where(
                    audit.c.subject == found,
                    audit.c.action.startswith("work_order."),
                    audit.c.at >= before,
                )
                when = (
                    work_orders.c.status.in_(_ANONYMISABLE),
                    work_orders.c.registered_at < before,
                    work_orders.c.conversation != "",
                    ~step_since.exists(),
                )
        return select(found).where(*when)

    async def _destroy(self, connection: AsyncConnection, kept: Kept, ids: Sequence[str]) -> None:
        match kept:
            case Kept.RECORDINGS:
                mine = recordings.c.conversation.in_(ids)
                await _unlink(connection, select(recordings.c.path).where(mine), self._recordings_folder)
                await connection.execute(delete(recordings).where(mine))
            case Kept.JOURNALS:
                await connection.execute(delete(journal).where(journal.c.conversation.in_(ids)))
                await connection.execute(delete(party_calls).where(party_calls.c.conversation.in_(ids)))
                mine = conversations.c.id.in_(ids)
                await connection.execute(update(conversations).where(mine).values(call_id=""))
                asked = update(lookups).where(lookups.c.conversation.in_(ids))
                # What was found, and whether it helped, is still counted.
                await connection.execute(asked.values(question=NO_QUESTION))
            case Kept.LETTERS:
                await connection.execute(delete(letters).where(letters.c.key.in_(ids)))
                await _forget_correspondents(connection)
            case Kept.EVIDENCE:
                those = evidence.c.id.in_(ids)
                await _unlink(connection, select(evidence.c.path).where(those), self._evidence_folder)
                await connection.execute(delete(evidence).where(those))
            case Kept.CALLBACKS:
                await connection.execute(delete(callback_tasks).where(callback_tasks.c.id.in_(ids)))
            case Kept.NUISANCES:
                await connection.execute(delete(nuisance_flags).where(nuisance_flags.c.id.in_(ids)))
            case Kept.MESSAGES | Kept.DEAD_MESSAGES:
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
        if changed.rowcount != 1:
            return False
        await self._rewrite(
            connection, unmask_requests, number, place="unmask", kind=_UNMASKING, without=without_reasons
        )
        await self._rewrite(
            connection, linkages, number, place="linkage", kind=_LINKAGE, without=without_texts
        )
        moved = update(linkages).where(linkages.c.number == number)
        await connection.execute(moved.values(revision=linkages.c.revision + 1))  # as in the body
        return True

    async def _rewrite(
        self,
        connection: AsyncConnection,
        table: Table,
        number: str,
        *,
        place: str,
        kind: TypeAdapter[T],
        without: Callable[[T], T],
    ) -> None:
        """Take the texts out of what is kept beside an order."""
        mine = select(table.c.id, table.c.body).where(table.c.number == number).with_for_update()
        for row in (await connection.execute(mine)).all():
            at = f"{place}:{row.id}"
            kept = without(kind.validate_json(self._seal.open(row.body, at)))
            body = self._seal.close(kind.dump_json(kept), at)
            await connection.execute(update(table).where(table.c.id == row.id).values(body=body))


async def _unlink(connection: AsyncConnection, paths: Select[Any], folder: Path) -> None:
    for path in (await connection.execute(paths)).scalars():
        await asyncio.to_thread((folder / path).unlink, missing_ok=True)


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
