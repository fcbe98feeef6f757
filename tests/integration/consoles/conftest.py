from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.store.sql import SqlStore
from tests.consoles_site import ConsolesSite, a_consoles_site, a_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = await a_store(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    return a_consoles_site(store, tmp_path)
