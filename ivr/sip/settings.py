"""How the SIP endpoint is set up, who rings, and how a ring is met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hotline.domain.errors import HotlineError
from ivr.sip.pace import PaceSettings

ANSWER: Final = 200
FORBIDDEN: Final = 403
BUSY: Final = 486
UNAVAILABLE: Final = 503
LAST_TRY: Final = "X-Hotline-Last-Try"
"""Header by which a dispatcher says that no other process is asked for a line after this one."""
_ANY_PACE: Final = PaceSettings(calls_per_number=None, rings_per_second=None)


class SipUnavailableError(HotlineError):
    """The SIP endpoint could not start or has stopped; ``reason`` says why, in Chinese."""

    code = "sip.unavailable"
    retryable = True

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class SipSettings:
    """Settings of one endpoint (one process).

    ``port`` 0 takes any free one. ``trunks``: networks whose calls are taken; packets of others are dropped unread where
    the kernel can do it, and their calls refused in any case. ``max_calls``: callers at once, None for as many as
    the library was built for; a bridged transfer takes one more of the library's. ``ring_seconds``: how long it rings
    before it is answered. ``reach_seconds``: a called party that sends no sign of life for so long is away.
    ``quiet_seconds``: a call whose far end sends no sound packets for so long is broken. ``max_call_seconds`` bounds what
    the machine has of a call, ``max_talk_seconds`` what people talk who were let into it. ``refer``: the trunk takes
    REFER. ``log_file``: the library's own log with all messages, for finding faults; it holds phone numbers. ``pace``:
    what one number and one trunk address may do. ``is_dispatched``: other processes are asked as well, so that a refused
    call is missed only where ``LAST_TRY`` stands in it.
    """

    bind: str = "127.0.0.1"
    port: int = 5060
    public_address: str = ""
    rtp_first_port: int = 40_000
    rtp_last_port: int = 40_999
    trunks: tuple[str, ...] = ("127.0.0.0/8",)
    max_calls: int | None = None
    codecs: tuple[str, ...] = ("PCMA/8000", "PCMU/8000")
    srtp: bool = False
    refer: bool = False
    user: str = "12345"
    user_agent: str = "hotline12345"
    ring_seconds: float = 0.0
    reach_seconds: float = 6.0
    quiet_seconds: float = 60.0
    max_call_seconds: float = 3_600.0
    max_talk_seconds: float = 14_400.0
    log_file: str = ""
    pace: PaceSettings = _ANY_PACE
    is_dispatched: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that rings: ``caller`` and ``called`` are the user parts of the two addresses, either may be empty."""

    call_id: str
    caller: str
    called: str


@dataclass(frozen=True, slots=True)
class Reception:
    """How a ring is met: with SIP status ``code`` after ``after_seconds``; ``code`` None lets it ring."""

    code: int | None = ANSWER
    after_seconds: float = 0.0


Receptionist = Callable[[Arrival], Reception]
