"""A call process shows that it lives and how full it is: in the store, and as figures."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from app.broken_calls import open_drafts
from app.clock import now
from app.draining import Ending, TakingCalls
from app.metrics import CALLS_CAPACITY, CALLS_DRAINING, CALLS_OF_PROCESS
from app.settings import Settings
from app.wiring import World
from hotline.domain.drafts import CallProcess
from hotline.domain.errors import StoreUnavailableError
from hotline.service.drafts import DraftStore, KeepingDrafts

log: Final = structlog.get_logger("presence")

_BEAT_SECONDS: Final = 5.0
_SEEN_WITHIN: Final = timedelta(seconds=16)  # three beats


class Presence:
    """This run of a call process."""

    def __init__(self, name: str, *, callers: int) -> None:
        """Take the process's name, and how many callers it takes at once."""
        self._process = CallProcess(
            id=f"{socket.gethostname()}:{name}:{os.getpid()}:{secrets.token_hex(4)}",
            name=name,
            started_at=now(),
            callers=callers,
        )

    @property
    def id(self) -> str:
        """The run, as the store knows it."""
        return self._process.id

    async def show(
        self, endpoint: TakingCalls, ending: Ending, drafts: DraftStore, held: KeepingDrafts
    ) -> None:
        """Show for ever that it lives; a store that is away is told later."""
        while True:
            await self.show_once(endpoint, ending, drafts)
            with suppress(StoreUnavailableError):  # the next beat tries again
                await held.settle()
            await asyncio.sleep(_BEAT_SECONDS)

    async def show_once(self, endpoint: TakingCalls, ending: Ending, drafts: DraftStore) -> None:
        """Show how it is doing now."""
        process = replace(self._process, calls=endpoint.calls, is_draining=ending.is_draining)
        CALLS_OF_PROCESS.labels(process.name).set(process.calls)
        CALLS_CAPACITY.labels(process.name).set(process.callers)
        CALLS_DRAINING.labels(process.name).set(process.is_draining)
        try:
            await drafts.show(process, at=now())
        except StoreUnavailableError as error:
            log.warning("presence.not_shown", reason=str(error))

    async def leave(self, drafts: DraftStore, held: KeepingDrafts) -> None:
        """Say that it has ended, and with it its calls; where that cannot be said it is found out."""
        try:
            await held.settle()  # a call that the store did not let go in time would pass for one that broke
            await drafts.leave(self.id)
        except StoreUnavailableError as error:
            log.warning("presence.not_left", reason=str(error))


async def shown_calls(
    settings: Settings, world: World, endpoint: TakingCalls, ending: Ending, stack: AsyncExitStack
) -> KeepingDrafts:
    """Show this process for as long as ``stack`` is open, and return the log book that keeps which calls it holds."""
    presence = Presence(settings.call_process, callers=settings.max_calls)
    drafts = open_drafts(settings, world.store.database)
    held = KeepingDrafts(world.surroundings.log_book, drafts, process=presence.id)
    stack.push_async_callback(presence.leave, drafts, held)
    await presence.show_once(endpoint, ending, drafts)
    showing = asyncio.create_task(presence.show(endpoint, ending, drafts, held), name="presence")
    stack.push_async_callback(_stopped, showing)
    return held


async def _stopped(showing: asyncio.Task[None]) -> None:
    """Return when nothing more is shown: a sign of life that is still being written would outlive the process."""
    showing.cancel()
    await asyncio.wait([showing])


async def all_callers_can_be_taken(settings: Settings, drafts: DraftStore) -> bool:
    """Tell whether the call processes that live and take calls can take as many callers as are set."""
    living = await drafts.living(seen_since=now() - _SEEN_WITHIN)
    callers = sum(process.callers for process in living if not process.is_draining)
    return callers >= (settings.calls or settings.max_calls)
