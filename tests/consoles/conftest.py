"""Consoles in a real browser on a real database; all of it on one event loop, so that one Chromium serves all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from hotline.domain.accounts import Account
from hotline.store.sql import SqlStore
from tests.browser import DESKTOP, chromium
from tests.consoles_site import ConsolesSite, a_consoles_site, a_store
from tests.media import a_sound

HERE = Path(__file__).parent
WAITS = 20_000
"""Milliseconds: a page that is late on a busy machine is waited for; only one that never comes fails a test."""
expect.set_options(timeout=WAITS)
Open = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    voice = tmp_path_factory.mktemp("voice") / "voice.wav"
    voice.write_bytes(a_sound("wav", "pcm_s16le", seconds=10))
    async with chromium(voice=voice) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = await a_store(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    return a_consoles_site(store, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def opened(site: ConsolesSite, browser: Browser) -> AsyncIterator[Open]:
    """Open a page of the served site as somebody, in a browser window of their own."""
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(site.served())

        async def open_page(path: str, account: Account | None = None, **settings: Any) -> Page:
            context = await browser.new_context(
                base_url=address, **{"viewport": DESKTOP, "locale": "zh-CN", **settings}
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(WAITS)
            if account is not None:
                await context.add_cookies(
                    [{"name": "desk", "value": await site.token(account), "url": address}]
                )
            page = await context.new_page()
            await page.goto(path)
            return page

        yield open_page
