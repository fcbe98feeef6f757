"""The database: its connections, SQLite (WAL) or PostgreSQL by SQLAlchemy, and its migrations."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from hotline.domain.errors import StoreUnavailableError

T = TypeVar("T")

BUSY_SECONDS: Final = 3.0
TIMEOUT_SECONDS: Final = 4.0
MIGRATING_SECONDS: Final = 60.0  # another process that starts may be making all the tables
_WRITES: Final = "hotline_writes"
_WAITS_SECONDS: Final = 1.0
"""So long those go behind the others who can; then they take their turn, for they must not wait for ever."""


class Database:
    """Connections to one database. What is done on them raises ``StoreUnavailableError`` when it is away, full or locked."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Take a SQLAlchemy URL (``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``); connect when first used."""
        busy_seconds = min(BUSY_SECONDS, timeout_seconds * 0.75)
        self.engine = _engine(url, busy_seconds=busy_seconds)
        self._timeout_seconds = timeout_seconds
        self._turns = _Turns() if self.is_sqlite else None
        self._writer = _Writer(url, busy_seconds=busy_seconds) if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.engine.dialect.name == "sqlite"

    @property
    def is_missing(self) -> bool:
        """Whether it is a file of this machine that nobody has made yet."""
        return self.is_sqlite and not Path(self.engine.url.database or "").is_file()

    async def close(self) -> None:
        """Close all connections."""
        if self._writer is not None:
            await self._writer.close()
        await self.engine.dispose()

    async def write(self, work: Callable[[Connection], T], *, can_wait: bool = False) -> T:
        """Return what ``work`` returns, done within one transaction: all of it is written, or nothing.

        For what many do at once: to SQLite it is written on another thread, so ``work`` touches nothing but the connection and
        what it was given. ``can_wait`` as with ``writing``.
        """
        if self._writer is None:
            async with self.writing(can_wait=can_wait) as connection:
                return await connection.run_sync(work)
        async with self._guarded(), self._turn(can_wait=can_wait):
            return await self._writer.write(work)

    @asynccontextmanager
    async def writing(self, *, can_wait: bool = False) -> AsyncIterator[AsyncConnection]:
        """Yield a connection within one transaction: all of it is written, or nothing.

        ``can_wait``: nobody waits for it, as nobody does for the journal; those for whom a citizen waits go first.
        """
        async with (
            self._guarded(),
            self._turn(can_wait=can_wait),
            self.engine.connect() as connection,
        ):
            writing = await connection.execution_options(**{_WRITES: True})
            async with writing.begin():
                yield connection

    @asynccontextmanager
    async def reading(self, *, is_long: bool = False) -> AsyncIterator[AsyncConnection]:
        """Yield a connection to read on; a long read has no time limit."""
        async with self._guarded(is_long=is_long), self.engine.connect() as connection:
            yield connection

    def _turn(self, *, can_wait: bool) -> AbstractAsyncContextManager[None]:
        return self._turns.taken(can_wait=can_wait) if self._turns is not None else nullcontext()

    @asynccontextmanager
    async def _guarded(self, *, is_long: bool = False) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(None if is_long else self._timeout_seconds):
                yield
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreUnavailableError(type(error).__name__) from error


class _Turns:
    """Whose turn it is to write, where a database has one writer at a time, as SQLite has.

    There, who waits asks again and again, with growing pauses and in no order. Within a process they wait here: in order, those behind who can.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._behind = asyncio.Lock()  # of those who can wait one stands in the line, at most
        self._pressing = 0
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()

    @asynccontextmanager
    async def taken(self, *, can_wait: bool) -> AsyncIterator[None]:
        if can_wait:
            async with self._behind:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_WAITS_SECONDS):
                        await self._is_quiet.wait()
                async with self._turn:
                    yield
            return
        self._pressing += 1
        self._is_quiet.clear()
        try:
            async with self._turn:
                yield
        finally:
            self._pressing -= 1
            if not self._pressing:
                self._is_quiet.set()


class _Writer:
    """Writes to SQLite on a thread of its own, a whole transaction in one go.

    The asynchronous driver goes to its thread and back three times for each statement, each time behind whatever computes in this
    process: an order of eleven statements took 30 ms so, of which 2 are the disk's.
    """

    def __init__(self, url: str, *, busy_seconds: float) -> None:
        own = make_url(url).set(drivername="sqlite")
        self._engine = create_engine(own, connect_args={"timeout": busy_seconds})
        _keep_to(self._engine, _file_of(url))
        self._thread: ThreadPoolExecutor | None = None

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` returns. Who no longer waits for it has it undone, unless it is being committed already."""
        is_given_up = Event()

        def written() -> T:
            writing = self._engine.connect().execution_options(**{_WRITES: True})
            with writing as connection, connection.begin() as transaction:
                done = work(connection)
                if is_given_up.is_set():
                    transaction.rollback()
            return done

        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, written)
        except asyncio.CancelledError:
            is_given_up.set()
            raise

    async def close(self) -> None:
        """End what is being written, and the thread; the next to write begins another."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            await asyncio.get_running_loop().run_in_executor(thread, self._engine.dispose)
            thread.shutdown()


def _engine(url: str, *, busy_seconds: float = BUSY_SECONDS) -> AsyncEngine:
    """Make the engine. The driver gives up after ``busy_seconds``, before the store does, so that no thread is left behind."""
    if not url.startswith("sqlite"):
        limits = {"timeout": busy_seconds, "command_timeout": busy_seconds}
        return create_async_engine(url, pool_pre_ping=True, pool_size=10, connect_args=limits)
    file = _file_of(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": busy_seconds})
    _keep_to(engine.sync_engine, file)
    return engine


def _keep_to(engine: Engine, file: Path) -> None:
    """Have an engine of SQLite write nowhere but to ``file``, each transaction begun as what it is, and on the disk when it is committed."""

    @event.listens_for(engine, "do_connect")
    def refuse(*_: Any) -> None:
        # SQLite would make a new, empty database; and the driver leaves a thread behind when it cannot
        if not file.is_file():
            raise sqlite3.OperationalError("the database's file is gone")

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(file)
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "checkout")
    def verify(_: Any, record: ConnectionPoolEntry, __: Any) -> None:
        # SQLite goes on writing to a file that was deleted or replaced: those orders would be lost unseen
        if record.info["file"] != _identity(file):
            raise DisconnectionError(f"{file} was deleted or replaced")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


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
    engine = _engine(url, busy_seconds=MIGRATING_SECONDS)
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
