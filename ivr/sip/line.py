"""A SIP call as a ``Line``: the conversation's side of it, on the asyncio thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from ivr.line import Frame, Gone, Invited, LineEvent, Played, Tap, TransferResult
from ivr.sip.pipe import Pipe
from ivr.sip.settings import Arrival

_MOST_FRAMES_WAITING: Final = 3_000  # a minute of sound that nobody takes
_HANG_UP_SECONDS: Final = 2.0


class Exchange(Protocol):
    """What a line asks of the endpoint."""

    def hang_up(self, key: int) -> None:
        """Begin to end the call."""

    def press(self, key: int, keys: str) -> None:
        """Send keys."""

    def put_through(self, line: SipLine, address: str, ring_seconds: float) -> Awaitable[TransferResult]:
        """Transfer the caller."""

    def invite(
        self, line: SipLine, address: str, ring_seconds: float, caller: str, keep_free: int
    ) -> Awaitable[Invited]:
        """Let somebody into the call."""

    def has_leg(self, keep_free: int) -> bool:
        """Tell whether a leg is free beyond ``keep_free`` others."""

    def release(self, key: int, party: int) -> None:
        """Begin to hang up on a party of the call."""

    def hold(self, key: int, *, is_held: bool) -> None:
        """Part the call from its parties, or let it into the talk again."""

    def stay(self, key: int, *, stays: bool) -> None:
        """Say whether the call outlives its last party."""


class SipLine:
    """One SIP call. Made by ``SipEndpoint``."""

    def __init__(self, exchange: Exchange, key: int, arrival: Arrival, pipe: Pipe) -> None:
        self.key = key
        self.called = arrival.called
        self._exchange = exchange
        self._call_id = arrival.call_id
        self._caller = arrival.caller
        self._pipe = pipe
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._gone: Gone | None = None
        self._is_gone = asyncio.Event()
        self._is_transferring = False
        self.on_gone: Callable[[], None] | None = None

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self._call_id

    @property
    def caller(self) -> str:
        """User part of the caller's address, the one the trunk vouches for, where it does; whom the hotline called."""
        return self._caller

    @property
    def queued_seconds(self) -> float:
        """Sound still to be sent."""
        return self._pipe.playback.queued_seconds

    async def receive(self) -> LineEvent:
        """Return the next event; ``Gone`` is the last, and returned for ever after."""
        if self._gone is not None and self._events.empty():
            return self._gone
        return await self._events.get()

    def play(self, samples: bytes) -> None:
        """Queue sound."""
        if self._gone is None:
            self._pipe.playback.play(samples)

    def mark(self, mark: int) -> None:
        """Have ``Played(mark)`` reported."""
        if self._gone is None:
            self._pipe.playback.mark(mark)

    def stop(self) -> None:
        """Drop what is queued; the frame under way is the last that is heard."""
        for mark in self._pipe.playback.stop():
            self._events.put_nowait(Played(mark=mark, was_stopped=True))

    def record(self, tap: Tap) -> None:
        """Have the call's sound given to ``tap``; what a REFER has put through elsewhere is not heard any more."""
        self._pipe.tap = tap

    def overhear(self, told: Callable[[bytes], None] | None) -> None:
        """Have what the caller's company says given to ``told``."""
        self._pipe.overheard = told

    def press(self, keys: str) -> None:
        """Send ``keys`` to the far end (RFC 4733)."""
        self._exchange.press(self.key, keys)

    async def transfer(self, address: str, *, ring_seconds: float) -> TransferResult:
        """Put the caller through to ``address``; one transfer at a time."""
        if self._gone is not None or self._is_transferring:
            return TransferResult.FAILED
        self._is_transferring = True
        try:
            return await self._exchange.put_through(self, address, ring_seconds)
        finally:
            self._is_transferring = False

    async def invite(
        self, address: str, *, ring_seconds: float, caller: str | None = None, keep_free: int = 0
    ) -> Invited:
        """Let who answers at ``address`` into the call."""
        if self._gone is not None:
            return Invited(TransferResult.FAILED)
        shown = self._caller if caller is None else caller
        return await self._exchange.invite(self, address, ring_seconds, shown, keep_free)

    def has_leg(self, *, keep_free: int) -> bool:
        """Tell whether somebody could be invited now."""
        return self._exchange.has_leg(keep_free)

    def release(self, party: int) -> None:
        """Hang up on ``party``."""
        self._exchange.release(self.key, party)

    def hold(self) -> None:
        """Let the caller hear what is played and nobody else."""
        self._exchange.hold(self.key, is_held=True)

    def retrieve(self) -> None:
        """Let the caller into the talk again."""
        self._exchange.hold(self.key, is_held=False)

    def stay(self, *, stays: bool) -> None:
        """Say whether the call goes on when the last party has left."""
        self._exchange.stay(self.key, stays=stays)

    async def hang_up(self) -> None:
        """End the call. A far end that does not answer is not waited for."""
        if self._gone is None:
            self._exchange.hang_up(self.key)
            try:
                async with asyncio.timeout(_HANG_UP_SECONDS):
                    await self._is_gone.wait()
            except TimeoutError:
                self.gone("far end does not answer")

    async def wait_gone(self) -> None:
        """Wait until the call is over."""
        await self._is_gone.wait()

    # --- for the endpoint ------------------------------------------------------------------------------------

    def put(self, event: LineEvent) -> None:
        """Take an event from the SIP side."""
        if self._gone is None and not (
            isinstance(event, Frame) and self._events.qsize() > _MOST_FRAMES_WAITING
        ):
            self._events.put_nowait(event)

    def connected(self, call_id: str) -> None:
        """Note the Call-ID of a call that was placed."""
        self._call_id = call_id

    def gone(self, reason: str) -> None:
        """Note that the call is over."""
        if self._gone is None:
            self.stop()
            self._gone = Gone(reason)
            self._events.put_nowait(self._gone)
            self._is_gone.set()
            if self.on_gone is not None:
                self.on_gone()
