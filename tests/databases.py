"""Databases with all their tables, for tests: they are made once in a process and copied, twenty times as quick as migrating each."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url

from hotline.store.sql import migrate


async def lay_out(url: str) -> None:
    """Make the tables of an SQLite database that isn't there yet; PostgreSQL's come with ``PostgresServer.new_database``."""
    place = make_url(url)
    if place.get_backend_name() != "sqlite":
        return
    assert place.database is not None
    template = Path(tempfile.gettempdir()) / f"hotline-{os.getpid()}.sqlite3"
    if not template.exists():
        await migrate(f"sqlite+aiosqlite:///{template}")
        atexit.register(template.unlink, missing_ok=True)
    file = Path(place.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    assert not file.exists(), f"{file} is there already"
    shutil.copyfile(template, file)
    file.chmod(0o600)
