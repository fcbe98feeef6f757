"""Whether a database holds anything that is sealed: then its key must not be made anew."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, LargeBinary, column, inspect, select, table

from hotline.store.database import Database


def holds_sealed_rows(url: str) -> bool:
    """Tell whether anything is sealed in a database, which need not be there yet, nor up to date.

    Blocks, whether a loop is running or not. Raises ``StoreUnavailableError``.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="sealed rows") as thread:
        return thread.submit(lambda: asyncio.run(_look(url))).result()


async def _look(url: str) -> bool:
    database = Database(url)
    try:
        if database.is_missing:
            return False
        async with database.reading() as connection:
            return await connection.run_sync(_holds)
    finally:
        await database.close()


def _holds(connection: Connection) -> bool:
    """Look into all columns of bytes: nothing else than what is sealed lies in such."""
    found = inspect(connection)
    for name in found.get_table_names():
        for each in found.get_columns(name):
            if isinstance(each["type"], LargeBinary):
                sealed = column(each["name"], LargeBinary)
                rows = select(sealed).select_from(table(name)).where(sealed.is_not(None), sealed != b"")
                if connection.execute(rows.limit(1)).first() is not None:
                    return True
    return False
