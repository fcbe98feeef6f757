"""Debian's Chromium for tests, by Playwright: one browser for the whole run, a fresh context for each test.

Screenshots go to ``build/screenshots`` and are kept as artefacts. Nothing is downloaded but axe-core, by npm, verified.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Page, ViewportSize, async_playwright

from asr.models import catalogue, fetch

ROOT = Path(__file__).resolve().parents[1]
SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP: ViewportSize = {"width": 1366, "height": 820}
PHONE: ViewportSize = {"width": 360, "height": 780}
_FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
_AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def program() -> str:
    """Return where Chromium is; skip the test when it is nowhere."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium: /usr/bin/chromium is missing (tools/system-packages installs it)")
    return found


@asynccontextmanager
async def chromium(*, voice: Path | None = None) -> AsyncIterator[Browser]:
    """Run a headless Chromium; its microphone hears the WAV file ``voice`` again and again, or a beep every second."""
    heard = (f"--use-file-for-fake-audio-capture={voice}",) if voice is not None else ()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(), args=[*_FLAGS, *heard], chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            await browser.close()


async def shoot(page: Page, name: str, *, whole: bool = True) -> Path:
    """Take a screenshot of the page and return its file."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    file = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=file, full_page=whole, animations="disabled")
    return file


async def barriers(page: Page, *, only: str = "") -> list[str]:
    """Return what axe-core finds on the page: rule, how bad, and where; nothing when all is well. ``only``: one rule."""
    options = {"runOnly": {"type": "rule", "values": [only]}} if only else _AXE
    folder = fetch(
        catalogue(ROOT / "tests" / "assets.toml")["axe-core"], ROOT / "build" / "test-assets", _quiet
    )
    await page.evaluate((folder / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {' '.join(node['html'].split())[:160]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def examine(page: Page, name: str) -> None:
    """Shoot a page light, dark and on a phone; fail when it keeps anybody out, is wider than a phone, or complains."""
    complaints = Complaints(page)
    await page.reload()
    await page.wait_for_load_state("load")
    await shoot(page, name)
    found = await barriers(page)
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    await shoot(page, f"{name}-dark")
    found += await barriers(page, only="color-contrast")
    await page.evaluate("document.documentElement.dataset.theme = 'light'")
    await page.set_viewport_size(PHONE)
    await shoot(page, f"{name}-phone")
    wider = await overflow(page)
    await page.set_viewport_size(DESKTOP)
    assert (name, found, wider, complaints.found) == (name, [], 0, [])


async def ready(page: Page, expression: str) -> None:
    """Wait until ``expression`` holds; Playwright's own waiting evaluates it in the page, which the page's policy forbids."""
    for _ in range(400):
        with suppress(Error):  # the page is just being left for another
            if await page.evaluate(f"Boolean({expression})"):
                return
        await page.wait_for_timeout(50)
    raise AssertionError(f"never: {expression}")


async def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(
        await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


_LOST_STREAM = "[object Event] "
"""What htmx says when a page's live stream breaks off, before it asks for it anew."""


class Complaints:
    """What a page complained about in the console: refused scripts, errors, missing files.

    A live stream may be lost once: the page asks anew, the log says why, and what the page shows is the test's business.
    """

    def __init__(self, page: Page) -> None:
        """Listen to ``page``."""
        self.found: list[str] = []
        self._lost_streams = 0
        page.on("console", lambda message: self._take(message.type, message.text, message.location["url"]))
        page.on("pageerror", lambda error: self.found.append(str(error)))

    def _take(self, kind: str, text: str, where: str) -> None:
        if kind in ("error", "warning"):
            complaint = f"{text} {where}"
            self._lost_streams += complaint.startswith(_LOST_STREAM)
            if not complaint.startswith(_LOST_STREAM) or self._lost_streams > 1:
                self.found.append(complaint)


def _quiet(_: str, __: int, ___: int) -> None:
    pass
