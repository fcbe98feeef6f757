"""A telephone line (话路): one call as plain sound, keys and a way to put it through.

``ivr/sip`` makes lines of real SIP calls; ``PhoneChannel`` holds a conversation on one. Sound is 8 kHz, 16-bit mono.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

FRAME_SECONDS: Final = 0.02
FRAME_BYTES: Final = 320


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of what the caller sent; ``at_seconds`` is its place in the call's audio time."""

    samples: bytes
    at_seconds: float


@dataclass(frozen=True, slots=True)
class Key:
    """A key the caller pressed (RFC 4733 or in-band), one of 0–9, *, #, A–D."""

    key: str


@dataclass(frozen=True, slots=True)
class Played:
    """Everything queued up to the mark ``mark`` has been sent to the caller, or was dropped by ``stop``."""

    mark: int
    was_stopped: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """The caller hung up or the call broke; the last event of a line."""

    reason: str


@dataclass(frozen=True, slots=True)
class PartyLeft:
    """The party ``party``, whom the caller could hear, has hung up or was released."""

    party: int


LineEvent = Frame | Key | Played | PartyLeft | Gone


class TransferResult(StrEnum):
    """How a transfer ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    FAILED = "failed"
    NO_CAPACITY = "no_capacity"


@dataclass(frozen=True, slots=True)
class Invited:
    """What came of inviting somebody into a call; ``party`` names them while they are in it."""

    result: TransferResult
    party: int | None = None


class Tap(Protocol):
    """Takes a call's sound, 20 ms at a time, on the media thread: it must not block."""

    def heard(self, samples: bytes) -> None:
        """Take what the caller sent."""

    def sent(self, samples: bytes) -> None:
        """Take what was sent to the caller."""

    def joined(self, samples: bytes) -> None:
        """Take what was said by all whom the caller was put through to."""


class Line(Protocol):
    """One call."""

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""

    @property
    def caller(self) -> str:
        """User part of the caller's address where the trunk sends one, else empty; the number of whom the hotline called."""

    async def receive(self) -> LineEvent:
        """Return the next event; ``Gone`` is the last."""

    def play(self, samples: bytes) -> None:
        """Queue sound; never blocks. The line sends silence when nothing is queued."""

    def mark(self, mark: int) -> None:
        """Have ``Played(mark)`` reported when all queued before it has been sent."""

    def stop(self) -> None:
        """Drop what is queued, at once; pending marks are reported with ``was_stopped``."""

    @property
    def queued_seconds(self) -> float:
        """Sound still to be sent."""

    def record(self, tap: Tap) -> None:
        """Have the call's sound given to ``tap`` from now on, also while it is put through."""

    def overhear(self, told: Callable[[bytes], None] | None) -> None:
        """Have what is said by all whom the caller is put through to given to ``told``, 20 ms at a time, on the media thread."""

    async def transfer(self, address: str, *, ring_seconds: float) -> TransferResult:
        """Put the caller through to ``address`` (sip:…, from the settings only) and tell what came of it.

        REFER where the trunk takes it, else a second call is placed and the two are bridged. After ``ANSWERED`` the two
        hear each other and ``Gone`` follows when either hangs up; after anything else the line goes on as before.
        """

    async def invite(
        self, address: str, *, ring_seconds: float, caller: str | None = None, keep_free: int = 0
    ) -> Invited:
        """Call ``address`` (from the settings only) and let who answers hear and be heard by all in this call.

        The call stays here: it is recorded and can be held. ``caller`` is the number shown to them, the caller's own
        unless given. ``keep_free`` call legs are left for others, else it is ``NO_CAPACITY``. ``PartyLeft`` follows when
        they leave, and after the last one's leaving the call ends, unless it ``stays``. What is played is heard by all.
        """

    def has_leg(self, *, keep_free: int) -> bool:
        """Tell whether somebody could be invited now and ``keep_free`` call legs be left."""

    def release(self, party: int) -> None:
        """Hang up on ``party``; unknown ones are none."""

    def hold(self) -> None:
        """Let the caller hear what is played and nobody else, and nobody hear the caller (保持)."""

    def retrieve(self) -> None:
        """Let the caller into the talk again (取回)."""

    def stay(self, *, stays: bool) -> None:
        """Say whether the call goes on when the last party has left."""

    async def hang_up(self) -> None:
        """End the call; idempotent."""
