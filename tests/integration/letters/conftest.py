"""WeChat's stand-in, a real database, and a hotline between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.store.sql import SqlStore
from tests.databases import lay_out
from tests.letter_office import SEAL, Office, office_for
from tests.wechat import WeChatServer, wechat_server


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, SEAL)
    yield store
    await store.close()


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with wechat_server() as server:
        yield server


@pytest.fixture
async def office(wechat: WeChatServer, store: SqlStore, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_for(wechat, store, tmp_path) as office:
        yield office
