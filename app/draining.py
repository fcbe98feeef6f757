"""How a call process ends: SIGTERM lets its calls finish first; SIGINT, or a second SIGTERM, ends them."""

from __future__ import annotations

import asyncio
import signal
from typing import Final, Protocol

import structlog

log: Final = structlog.get_logger("draining")

_LOOK_SECONDS: Final = 0.2


class TakingCalls(Protocol):
    """What takes calls (``ivr.sip.SipEndpoint``)."""

    @property
    def calls(self) -> int:
        """Call legs in use, those bridged to somebody else included."""

    def refuse_calls(self) -> None:
        """Take no further calls; those under way go on."""


class Ending:
    """What a call process was told about its end."""

    def __init__(self, *, limit_seconds: float) -> None:
        """Wait for calls to finish ``limit_seconds`` at most."""
        self._limit_seconds = limit_seconds
        self._is_asked = asyncio.Event()
        self._is_urgent = asyncio.Event()

    def listen(self) -> None:
        """Take the signals of this process."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.ask)
        loop.add_signal_handler(signal.SIGINT, self.hurry)

    def ask(self) -> None:
        """End when the calls have finished; asked again, at once."""
        if self._is_asked.is_set():
            self._is_urgent.set()
        self._is_asked.set()

    def hurry(self) -> None:
        """End at once."""
        self._is_asked.set()
        self._is_urgent.set()

    @property
    def is_draining(self) -> bool:
        """True from the moment it takes no further calls."""
        return self._is_asked.is_set()

    async def asked(self) -> None:
        """Return when the process was asked to end."""
        await self._is_asked.wait()

    async def emptied(self, endpoint: TakingCalls) -> None:
        """Return when the process is to end: it was asked to, and its calls have finished or their time is up."""
        await self._is_asked.wait()
        endpoint.refuse_calls()
        log.info("draining.begun", calls=endpoint.calls)
        try:
            async with asyncio.timeout(self._limit_seconds):
                while endpoint.calls and not self._is_urgent.is_set():  # noqa: ASYNC110 -- the SIP thread's count
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            log.warning("draining.cut_off", calls=endpoint.calls)
        else:
            log.info("draining.ended", calls=endpoint.calls)
