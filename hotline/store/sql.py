"""The store on SQLite (WAL) or PostgreSQL, by SQLAlchemy: work orders, conversations, journals, audit."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from pydantic import TypeAdapter
from sqlalchemy import Connection, event, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import StaleWorkOrderError, StoreUnavailableError, WorkOrderNotFoundError
from hotline.domain.work_order import TRANSITIONS, WorkOrder, WorkOrderNumber
from hotline.store.auditing import Break, find_break, write_audit
from hotline.store.sealing import Seal
from hotline.store.tables import conversations, counters, journal, work_orders

_WORK_ORDER: Final = TypeAdapter(WorkOrder)
_BUSY_SECONDS: Final = 3.0
_TIMEOUT_SECONDS: Final = 4.0
_OPEN: Final = sorted(
    {status.value for status, _ in TRANSITIONS} - {"concluded", "ended", "answered", "diverted"}
)
_WRITES: Final = "hotline_writes"
_CALL_ID_CHARACTERS: Final = 256
"""A caller may send a longer Call-ID; the rest is cut off, for it must not cost the record of the call."""


class SqlStore:
    """All that is kept. Every method raises ``StoreUnavailableError`` when the database is away, full or locked."""

    def __init__(self, url: str, seal: Seal, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        """Take a SQLAlchemy URL (``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``); connect when first used."""
        self._engine = _engine(url, busy_seconds=min(_BUSY_SECONDS, timeout_seconds * 0.75))
        self._seal = seal
        self._timeout_seconds = timeout_seconds

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def is_up(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self._reading() as connection:
                await connection.execute(select(counters.c.day).limit(1))
        except StoreUnavailableError:
            return False
        return True

    # --- work orders -----------------------------------------------------------------------------------------

    async def next_number(self, on: date) -> WorkOrderNumber:
        """Reserve the next number of that day: yymmdd and five digits."""
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        first = insert(counters).values(day=on, last=1)
        reserve = first.on_conflict_do_update(
            index_elements=[counters.c.day], set_={"last": counters.c.last + 1}
        ).returning(counters.c.last)
        async with self._writing() as connection:
            last = (await connection.execute(reserve)).scalar_one()
        return f"{on:%y%m%d}{last:05d}"

    async def add(self, order: WorkOrder) -> None:
        """Commit a new order with its audit row."""
        async with self._writing() as connection:
            await connection.execute(work_orders.insert().values(**self._row(order)))
            await write_audit(
                connection,
                at=order.registered_at,
                actor="machine",
                action="work_order.registered",
                subject=order.number,
                detail=_facts(order),
            )

    async def get(self, number: WorkOrderNumber) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""
        async with self._reading() as connection:
            row = (
                await connection.execute(select(work_orders.c.body).where(work_orders.c.number == number))
            ).one_or_none()
        if row is None:
            raise WorkOrderNotFoundError(number)
        return self._order(number, row.body)

    async def save(self, order: WorkOrder, *, expected: int) -> None:
        """Commit a changed order, with its audit row, if its stored revision is still ``expected``."""
        last = order.history[-1]
        async with self._writing() as connection:
            changed = await connection.execute(
                update(work_orders)
                .where(work_orders.c.number == order.number, work_orders.c.revision == expected)
                .values(**self._row(order))
            )
            if changed.rowcount != 1:
                raise StaleWorkOrderError(order.number)
            await write_audit(
                connection,
                at=last.at,
                actor=last.by,
                action=f"work_order.{last.step.value if last.step else 'registered'}",
                subject=order.number,
                detail=_facts(order),
            )

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""
        newest = select(work_orders.c.number, work_orders.c.body).order_by(
            work_orders.c.registered_at.desc(), work_orders.c.number.desc()
        )
        if before is not None:
            newest = newest.where(work_orders.c.registered_at < before)
        async with self._reading() as connection:
            rows = (await connection.execute(newest.limit(limit))).all()
        return [self._order(row.number, row.body) for row in rows]

    async def due_before(self, at: datetime) -> AsyncIterator[WorkOrder]:
        """Yield open orders due before ``at``, earliest first."""
        due = (
            select(work_orders.c.number, work_orders.c.body)
            .where(work_orders.c.status.in_(_OPEN), work_orders.c.due_at < at)
            .order_by(work_orders.c.due_at)
        )
        async with self._reading() as connection:
            rows = (await connection.execute(due)).all()
        for row in rows:
            yield self._order(row.number, row.body)

    # --- conversations ---------------------------------------------------------------------------------------

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        """Open the record of a conversation."""
        async with self._writing() as connection:
            await connection.execute(
                conversations.insert().values(
                    id=conversation,
                    channel=channel.value,
                    call_id=call_id[:_CALL_ID_CHARACTERS],
                    started_at=at,
                )
            )

    async def append(
        self, conversation: str, sequence: int, at: datetime, name: str, body: dict[str, Any]
    ) -> None:
        """Keep one event or action of a conversation."""
        sealed = self._seal.close(
            json.dumps(body, ensure_ascii=False).encode(), f"journal:{conversation}:{sequence}"
        )
        async with self._writing() as connection:
            await connection.execute(
                journal.insert().values(
                    conversation=conversation, sequence=sequence, at=at, name=name, body=sealed
                )
            )

    async def finish(
        self, conversation: str, *, at: datetime, outcome: str, article: str | None, work_order: str | None
    ) -> None:
        """Close the record with its outcome."""
        async with self._writing() as connection:
            await connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation)
                .values(ended_at=at, outcome=outcome, article=article, work_order=work_order)
            )

    async def conversation(self, conversation: str) -> Mapping[str, Any] | None:
        """Return one conversation's summary row, or None."""
        return await self._summary(conversations.c.id == conversation)

    async def conversation_of_call(self, call_id: str) -> Mapping[str, Any] | None:
        """Return the summary of the conversation held on a SIP call, or None."""
        return await self._summary(conversations.c.call_id == call_id[:_CALL_ID_CHARACTERS])

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        """Return a conversation's journal in order, from the row behind ``after``."""
        mine = (
            select(journal)
            .where(journal.c.conversation == conversation, journal.c.sequence > after)
            .order_by(journal.c.sequence)
        )
        async with self._reading() as connection:
            rows = (await connection.execute(mine)).all()
        return [
            {
                "sequence": row.sequence,
                "at": row.at.isoformat(),
                "name": row.name,
                "body": json.loads(self._seal.open(row.body, f"journal:{conversation}:{row.sequence}")),
            }
            for row in rows
        ]

    # --- audit -----------------------------------------------------------------------------------------------

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""
        async with self._writing() as connection:
            await write_audit(
                connection, at=at, actor=by, action="looked", subject=subject, detail={"why": why}
            )

    async def audit_break(self) -> Break | None:
        """Return where the audit chain is broken, or None when it is whole."""
        async with self._reading(is_long=True) as connection:
            return await find_break(connection)

    # --- inside ----------------------------------------------------------------------------------------------

    async def _summary(self, condition: Any) -> Mapping[str, Any] | None:
        newest = select(conversations).where(condition).order_by(conversations.c.started_at.desc()).limit(1)
        async with self._reading() as connection:
            row = (await connection.execute(newest)).one_or_none()
        return None if row is None else dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way

    def _row(self, order: WorkOrder) -> dict[str, Any]:
        return {
            "number": order.number,
            "revision": order.revision,
            "status": order.status.value,
            "category": order.appeal.category,
            "lead_unit": order.routing.lead_unit if order.routing else None,
            "conversation": order.conversation,
            "registered_at": order.registered_at,
            "due_at": order.routing.due_at if order.routing else None,
            "body": self._seal.close(_WORK_ORDER.dump_json(order), f"work_order:{order.number}"),
        }

    def _order(self, number: str, sealed: bytes) -> WorkOrder:
        return _WORK_ORDER.validate_json(self._seal.open(sealed, f"work_order:{number}"))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        async with self._guarded(), self._engine.connect() as connection:
            writing = await connection.execution_options(**{_WRITES: True})
            async with writing.begin():
                yield connection

    @asynccontextmanager
    async def _reading(self, *, is_long: bool = False) -> AsyncIterator[AsyncConnection]:
        async with self._guarded(is_long=is_long), self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _guarded(self, *, is_long: bool = False) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(None if is_long else self._timeout_seconds):
                yield
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreUnavailableError(type(error).__name__) from error


def _facts(order: WorkOrder) -> dict[str, Any]:
    """What an audit row says of an order: nothing that identifies a person."""
    return {
        "status": order.status.value,
        "revision": order.revision,
        "lead_unit": order.routing.lead_unit if order.routing else None,
        "rule": order.routing.rule if order.routing else None,
        "catalogue": order.routing.catalogue_version if order.routing else None,
    }


def _engine(url: str, *, busy_seconds: float = _BUSY_SECONDS) -> AsyncEngine:
    """Make the engine. The driver gives up after ``busy_seconds``, before the store does, so that no thread is left behind."""
    if not url.startswith("sqlite"):
        limits = {"timeout": busy_seconds, "command_timeout": busy_seconds}
        return create_async_engine(url, pool_pre_ping=True, pool_size=10, connect_args=limits)
    file = _file_of(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": busy_seconds})

    @event.listens_for(engine.sync_engine, "do_connect")
    def refuse(*_: Any) -> None:
        # SQLite would make a new, empty database; and the driver leaves a thread behind when it cannot
        if not file.is_file():
            raise sqlite3.OperationalError("the database's file is gone")

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(file)
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "checkout")
    def verify(_: Any, record: ConnectionPoolEntry, __: Any) -> None:
        # SQLite goes on writing to a file that was deleted or replaced: those orders would be lost unseen
        if record.info["file"] != _identity(file):
            raise DisconnectionError(f"{file} was deleted or replaced")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _file_of(url: str) -> Path:
    return Path(url.partition("///")[2])


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


async def migrate(url: str) -> None:
    """Bring the database's tables up to date; raise ``StoreUnavailableError`` when it is away or newer than this program."""
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        _file_of(url).touch(mode=0o600)  # SQLite gives the files beside it the same mode

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    try:
        async with engine.connect() as connection:
            writing = await connection.execution_options(**{_WRITES: True})
            async with writing.begin():
                if (
                    engine.dialect.name == "postgresql"
                ):  # two processes that start at once migrate one after the other
                    await connection.execute(text("SELECT pg_advisory_xact_lock(12345)"))
                await connection.run_sync(upgrade)
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailableError(type(error).__name__) from error
    except CommandError as error:  # Alembic: a revision that this program does not know
        raise StoreUnavailableError(str(error)) from error
    finally:
        await engine.dispose()
