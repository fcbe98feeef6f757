"""Taking up a changed dispatch catalogue while the hotline runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Final

import structlog

from app.imported_calendar import ImportedCalendar
from app.metrics import CATALOGUE_REFUSED
from app.published_rules import PublishedRules
from router.tables import CatalogueHolder

log: Final = structlog.get_logger("reloading")

_EVERY_SECONDS: Final = 2.0


async def _pause() -> None:
    await asyncio.sleep(_EVERY_SECONDS)


class Reloading:
    """Looks at the catalogue's files again and again; reading them happens beside the loop, no decision waits."""

    def __init__(
        self,
        holder: CatalogueHolder,
        pause: Callable[[], Awaitable[None]] = _pause,
        published: PublishedRules | None = None,
        calendar: ImportedCalendar | None = None,
    ) -> None:
        """Take the holder, and what people published and imported from the consoles; ``pause`` is what passes between two looks."""
        self._holder = holder
        self._pause = pause
        self._published = published
        self._calendar = calendar

    def start(self, stack: AsyncExitStack) -> None:
        """Run until ``stack`` is closed."""
        task = asyncio.create_task(self.run(), name="reload-catalogue")

        async def end() -> None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        stack.push_async_callback(end)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._pause()
            try:
                await asyncio.to_thread(self._holder.reload_when_settled)
                if self._published is not None:
                    await self._published.look()
                if self._calendar is not None:
                    await self._calendar.look()
            except Exception as error:  # noqa: BLE001 -- the old tables stay, and looking must go on
                log.error("catalogue.not_read", error=type(error).__name__)
            CATALOGUE_REFUSED.set(not await self.is_sound())

    async def is_sound(self) -> bool:
        """Tell whether the files as they are now, and all that is published, are in force, for ``/readyz``."""
        is_damaged = self._published is not None and bool(self._published.refused)
        return self._holder.refusal is None and not is_damaged
