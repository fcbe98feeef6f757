"""Live streams (server-sent events): what a page is told while it is open, for as long as its viewer may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi.responses import StreamingResponse

from desk.front import LiveEvent, LiveSource, as_sse
from desk.permissions.rules import Permission
from hotline.domain.accounts import Account
from hotline.domain.errors import StoreUnavailableError
from hotline.service.accounts import Accounts, SignedIn

log: Final = structlog.get_logger("live")

OVER: Final = LiveEvent("signed-out", "")
"""The session has ended, or its account may not see this any more: the page leaves."""
_CHECK_SECONDS: Final = 1.0
_SIGN_OF_LIFE_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 3_600.0
_END: Final = object()


@dataclass(slots=True, eq=False)
class _Viewer:
    session: str
    account: Account
    needed: Permission
    over: asyncio.Event


class Watch:
    """Looks once a second whether the viewers of all streams of this process are still signed in: one query for all."""

    def __init__(self, accounts: Accounts) -> None:
        """Take the accounts; nothing runs until somebody views something."""
        self._accounts = accounts
        self._viewers: set[_Viewer] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    def add(self, viewer: _Viewer) -> None:
        """Watch over a viewer."""
        self._viewers.add(viewer)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="watch over viewers")

    def remove(self, viewer: _Viewer) -> None:
        """Watch no more; the last one switches the light off."""
        self._viewers.discard(viewer)
        if not self._viewers and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            with suppress(StoreUnavailableError):  # nobody is sent away because the database is
                await self._check()

    async def _check(self) -> None:
        viewers = list(self._viewers)
        versions = await self._accounts.versions({viewer.session for viewer in viewers})
        for viewer in viewers:
            version = versions.get(viewer.session)
            if version is None:
                viewer.over.set()
            elif version != viewer.account.version:
                before, viewer.account = (
                    viewer.account,
                    await self._accounts.store.get(viewer.account.id),
                )
                if not _may_stay(before, viewer.account, viewer.needed):
                    viewer.over.set()


def _may_stay(before: Account, now: Account, needed: Permission) -> bool:
    """Tell whether an open page stays: whoever lost a role, or changed the unit, may not see what it was opened with."""
    is_bound_as_before = (before.unit, before.county) == (now.unit, now.county)
    return not now.is_locked and before.roles <= now.roles and is_bound_as_before and needed.allows(now.roles)


class Live:
    """Makes the streams of one application."""

    def __init__(self, accounts: Accounts) -> None:
        """Take the accounts."""
        self.watch = Watch(accounts)

    def stream(self, seat: SignedIn, needed: Permission, source: LiveSource) -> StreamingResponse:
        """Return ``source`` as a stream; it ends with the session, with the role, or after an hour (the page asks anew)."""
        viewer = _Viewer(seat.session.id, seat.account, needed, asyncio.Event())
        return StreamingResponse(
            self._stream(viewer, source),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _stream(self, viewer: _Viewer, source: LiveSource) -> AsyncIterator[str]:
        queue: asyncio.Queue[LiveEvent | object] = asyncio.Queue(64)
        self.watch.add(viewer)
        tasks = [
            asyncio.create_task(_pump(source, queue), name="live source"),
            asyncio.create_task(_when_over(viewer, queue), name="live over"),
        ]
        until = asyncio.get_running_loop().time() + _LONGEST_SECONDS
        try:
            yield "retry: 2000\n\n"
            while asyncio.get_running_loop().time() < until:
                try:
                    async with asyncio.timeout(_SIGN_OF_LIFE_SECONDS):
                        event = await queue.get()
                except TimeoutError:
                    yield ": \n\n"
                    continue
                if not isinstance(event, LiveEvent):
                    return
                if viewer.over.is_set():
                    event = OVER
                yield as_sse(event)
                if event is OVER:
                    return
        finally:
            self.watch.remove(viewer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: LiveSource, queue: asyncio.Queue[LiveEvent | object]) -> None:
    try:
        async for event in source:
            await queue.put(event)
    except StoreUnavailableError as error:
        log.warning("live.away", error=error.reason)  # the page asks anew
    except Exception:
        log.exception("live.failed")
    finally:
        with suppress(asyncio.QueueFull):
            queue.put_nowait(_END)


async def _when_over(viewer: _Viewer, queue: asyncio.Queue[LiveEvent | object]) -> None:
    await viewer.over.wait()
    await queue.put(OVER)


async def nothing() -> AsyncIterator[LiveEvent]:
    """Return a source that never says anything: for pages that only want to know when they are over."""
    await asyncio.Event().wait()
    yield OVER
