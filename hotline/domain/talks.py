"""What an agent does with a call they have (通话控制): hold it, let a third party in, pass it on. Pure values.

The agent's desk says what is wanted (``TalkWish``), the process that has the call does it and says how the talk stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from hotline.domain.errors import HotlineError


class Wanted(StrEnum):
    """What an agent may want."""

    HOLD = "hold"  # 保持
    RETRIEVE = "retrieve"  # 取回
    INVITE = "invite"  # 三方通话：接入
    RELEASE = "release"  # 三方通话：请出
    LEAVE = "leave"  # 话务员退出，其余的人继续
    PASS_ON = "pass_on"  # noqa: S105 -- 转给别的话务员
    KEEP = "keep"  # 不转了


class PartyState(StrEnum):
    """How a third party stands, or why they are not in the talk."""

    RINGING = "ringing"
    PRESENT = "present"
    LEFT = "left"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    FAILED = "failed"
    NO_LINE = "no_line"  # 线路已满


THERE: Final = frozenset({PartyState.RINGING, PartyState.PRESENT})


class PassState(StrEnum):
    """How the passing on of a call stands, or how it ended."""

    WAITING = "waiting"
    RINGING = "ringing"
    TAKEN = "taken"
    NOBODY = "nobody"  # 没有人接
    KEPT = "kept"  # 不转了


class NoTalkError(HotlineError):
    """The agent has no call that could be held, extended or passed on."""

    code = "talk.none"


class TalkWishRefusedError(HotlineError):
    """The talk does not allow it as it stands: ``wanted`` of ``target``. Nothing was changed."""

    code = "talk.refused"

    def __init__(self, wanted: Wanted, target: str = "") -> None:
        self.wanted = wanted
        self.target = target
        super().__init__(f"{wanted} {target}".strip())


class UnknownPartyError(HotlineError):
    """There is no such party in the table of telephones: nobody else is ever called."""

    code = "party.unknown"

    def __init__(self, party: str) -> None:
        self.party = party
        super().__init__(party)


@dataclass(frozen=True, slots=True)
class TalkWish:
    """Something that is to be done with a call. ``target``: a party's code, for PASS_ON an agent's number or a skill.

    ``note`` is what the next agent is told besides the briefing.
    """

    wanted: Wanted
    target: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TalkParty:
    """A third party in a talk, or who was to be; ``since`` is when ``state`` began."""

    code: str
    state: PartyState
    since: datetime


@dataclass(frozen=True, slots=True)
class Talk:
    """How a talk stands; the last state of each party that was invited stays to be seen."""

    is_held: bool = False
    parties: tuple[TalkParty, ...] = ()
    passing: PassState | None = None

    def with_party(self, code: str, state: PartyState, at: datetime) -> Talk:
        """Return it with a party in another state."""
        others = tuple(party for party in self.parties if party.code != code)
        return replace(self, parties=(*others, TalkParty(code, state, at)))

    @property
    def is_passing(self) -> bool:
        """Whether somebody else is being looked for."""
        return self.passing in (PassState.WAITING, PassState.RINGING)

    def is_there(self, code: str) -> bool:
        """Tell whether a party is in the talk, or rings."""
        return any(party.code == code and party.state in THERE for party in self.parties)

    def check(self, wish: TalkWish, waiting: Sequence[TalkWish] = ()) -> None:
        """Raise ``TalkWishRefusedError`` for what makes no sense now, or is asked for already."""
        has_parties = any(party.state is PartyState.PRESENT for party in self.parties)
        makes_sense = {
            Wanted.HOLD: not self.is_held,
            Wanted.RETRIEVE: self.is_held,
            Wanted.INVITE: not self.is_there(wish.target),
            Wanted.RELEASE: self.is_there(wish.target),
            Wanted.LEAVE: has_parties and not self.is_held,
            Wanted.PASS_ON: not self.is_passing,
            Wanted.KEEP: self.is_passing,
        }[wish.wanted]
        if not makes_sense or any((one.wanted, one.target) == (wish.wanted, wish.target) for one in waiting):
            raise TalkWishRefusedError(wish.wanted, wish.target)


@dataclass(frozen=True, slots=True)
class PartyTelephone:
    """Whom agents may let into a talk: one row of the city's table (三方通话电话表). ``address`` is a SIP address.

    ``is_emergency``: 110, 119, 120, 122; they see the citizen's number and may have the last line.
    """

    code: str
    name: str
    address: str
    is_emergency: bool = False


@dataclass(frozen=True, slots=True)
class PartyCall:
    """One third party's part in a call, for the record. ``agent`` invited them; ``joined_at`` None: they never were in it.

    ``citizen_took_part`` is False when the citizen was on hold all the time.
    """

    id: str
    conversation: str
    party: str
    agent: str
    invited_at: datetime
    state: PartyState = PartyState.RINGING
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    citizen_took_part: bool = False
