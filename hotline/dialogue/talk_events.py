"""What happens in a talk with an agent (人工通话), as far as the citizen hears of it. ``party`` is a name that is spoken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PartyRings:
    """A third party is being called."""

    at: datetime
    party: str


@dataclass(frozen=True, slots=True)
class PartyJoined:
    """A third party hears and is heard (三方通话)."""

    at: datetime
    party: str


@dataclass(frozen=True, slots=True)
class PartyNotReached:
    """A third party did not come; ``reason`` is "busy", "no_answer", "rejected", "failed", "no_line" or "left"."""

    at: datetime
    party: str
    reason: str


@dataclass(frozen=True, slots=True)
class PartyGone:
    """A third party has left."""

    at: datetime
    party: str


@dataclass(frozen=True, slots=True)
class PutOnHold:
    """The agent has put the citizen on hold (保持); ``is_still``: some time ago."""

    at: datetime
    is_still: bool = False


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The agent has taken up the talk again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """The agent has left. ``is_passing``: another one is being looked for; else the citizen goes on with a third party."""

    at: datetime
    is_passing: bool = False


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Another agent (工号 ``agent``) has taken the talk over."""

    at: datetime
    agent: str


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """The agent left while the call was being passed on, and nobody took it: the citizen is with the machine again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TalkSaid:
    """Words in a talk between people, as the recogniser heard them; ``who`` is "citizen" or "agent" (and whoever is with them).

    ``since_seconds`` is how long before ``at`` they began.
    """

    at: datetime
    who: str
    text: str
    raw: str
    since_seconds: float = 0.0


TalkEvent = (
    TalkSaid
    | PartyRings
    | PartyJoined
    | PartyNotReached
    | PartyGone
    | PutOnHold
    | Retrieved
    | AgentLeft
    | PassedOn
    | LeftAlone
)
