"""What the SIP side tells the asyncio side: plain values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.line import LineEvent
from ivr.sip.pipe import Pipe
from ivr.sip.settings import Arrival


@dataclass(frozen=True, slots=True)
class Rang:
    """A call came in and rings."""

    arrival: Arrival
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A call came in that there was no line for; it hears the busy tone."""

    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Reached:
    """The called party's side gave a sign of life (100 or later)."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The call is answered and carries sound."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over; ``code`` is the last SIP status, 200 after an ordinary hang-up."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Referred:
    """News of a REFER: the status of the new call, or of the REFER itself."""

    code: int
    is_final: bool


SwitchEvent = LineEvent | Rang | TurnedAway | Reached | Connected | Ended | Referred
Post = Callable[[int, SwitchEvent], None]
