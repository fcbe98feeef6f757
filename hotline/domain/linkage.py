"""Linkage with other lines (联动): an appeal is handed over, and exactly one platform ends up with it. Pure.

国办发〔2022〕12号: what is clearly the other's is transferred; what is unclear is settled in a three-party call (三方通话:
citizen, 12345, the other line); what cannot be settled is accepted by the platform that received it first (首接).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from hotline.domain.errors import DeedRefusedError, HotlineError
from hotline.domain.secrecy import is_hidden, without_identity
from hotline.domain.work_order import WorkOrder

OURS: Final = "12345"


class Line(StrEnum):
    """The lines that 12345 is linked with (临沂: 110, 12368, 12309; 国办发〔2022〕12号: 紧急热线)."""

    POLICE = "110"
    FIRE = "119"
    AMBULANCE = "120"
    TRAFFIC = "122"
    COURT = "12368"
    PROCURATORATE = "12309"

    @property
    def is_emergency(self) -> bool:
        """Whether lives may hang on it: then the citizen's number always goes along."""
        return self not in (Line.COURT, Line.PROCURATORATE)


class LinkageState(StrEnum):
    """Where a handover stands."""

    PROPOSED = "proposed"
    UNDECIDED = "undecided"  # 协商未定
    ACCEPTED = "accepted"  # 对方受理
    REFUSED = "refused"  # 对方不受理：由本平台办理
    ACCEPTED_BY_FIRST = "accepted_by_first"  # 首接平台先行受理


SETTLED: Final = frozenset({LinkageState.ACCEPTED, LinkageState.REFUSED, LinkageState.ACCEPTED_BY_FIRST})


class LinkageSettledError(HotlineError):
    """The handover is settled already, and otherwise than what is said now; ``state`` is how. Nothing was changed."""

    code = "linkage.settled"

    def __init__(self, *, handover: str, state: LinkageState) -> None:
        self.handover = handover
        self.state = state
        super().__init__(f"{handover}: {state}")


class LinkageNotFoundError(HotlineError):
    """Nothing was handed over under this id."""

    code = "linkage.not_found"

    def __init__(self, handover: str) -> None:
        self.handover = handover
        super().__init__(handover)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One three-party call: who took part, when, and which line they agreed on; None when they did not agree."""

    started_at: datetime
    ended_at: datetime
    agent: str
    their_operator: str
    agreed_on: str | None = None
    citizen_took_part: bool = True

    def __post_init__(self) -> None:
        """Refuse a call without people or that ends before it begins."""
        if not self.agent.strip() or not self.their_operator.strip():
            raise DeedRefusedError(missing="三方通话双方的工号")
        if self.ended_at < self.started_at:
            raise DeedRefusedError(missing="正确的通话起止时间")


@dataclass(frozen=True, slots=True)
class Linkage:
    """One order handed over to one line. ``first`` is the platform that received it first."""

    number: str
    line: Line
    proposed_at: datetime
    reason: str = ""
    first: str = OURS
    state: LinkageState = LinkageState.PROPOSED
    revision: int = 1
    calls: tuple[CallRecord, ...] = ()
    settled_at: datetime | None = None
    settled_by: str = ""
    reference: str = ""
    note: str = ""

    @property
    def id(self) -> str:
        """What both platforms call the handover."""
        return handover_id(self.number, self.line)

    @property
    def accepted_by(self) -> str | None:
        """Which platform has the appeal now; None while it is open."""
        match self.state:
            case LinkageState.ACCEPTED:
                return self.line.value
            case LinkageState.REFUSED:
                return OURS
            case LinkageState.ACCEPTED_BY_FIRST:
                return self.first
            case _:
                return None

    def decided(
        self, state: LinkageState, *, by: str, at: datetime, note: str = "", reference: str = ""
    ) -> Linkage:
        """Return it after a decision. The same again changes nothing; another one once it is settled is refused."""
        if state is self.state:
            return self
        if self.state in SETTLED or state is LinkageState.PROPOSED:
            raise LinkageSettledError(handover=self.id, state=self.state)
        if state is LinkageState.ACCEPTED_BY_FIRST and self.state is not LinkageState.UNDECIDED:
            raise DeedRefusedError(missing="双方协商未定的记录")
        is_settled = state in SETTLED
        return replace(
            self,
            state=state,
            revision=self.revision + 1,
            settled_at=at if is_settled else None,
            settled_by=by if is_settled else "",
            note=note or self.note,
            reference=reference or self.reference,
        )

    def talked(self, call: CallRecord) -> Linkage:
        """Return it after a three-party call: settled as agreed, and accepted by the first platform if not agreed."""
        if self.state in SETTLED:
            raise LinkageSettledError(handover=self.id, state=self.state)
        if call.agreed_on not in (None, OURS, self.line.value):
            raise DeedRefusedError(missing="通话双方之一作为受理方")
        spoken = replace(self, calls=(*self.calls, call), revision=self.revision + 1)
        if call.agreed_on is None:
            open_still = replace(spoken, state=LinkageState.UNDECIDED)
            return open_still.decided(LinkageState.ACCEPTED_BY_FIRST, by=call.agent, at=call.ended_at)
        state = LinkageState.REFUSED if call.agreed_on == OURS else LinkageState.ACCEPTED
        return spoken.decided(state, by=call.agent, at=call.ended_at)


def handover_id(number: str, line: str) -> str:
    """Return what both platforms call the handover of an order to a line."""
    return f"{number}-{line}"


def handover(
    order: WorkOrder, line: str, *, at: datetime, reason: str = "", first: str = OURS
) -> dict[str, Any]:
    """Return what the other platform is told (docs/linkage.md): never more than it needs.

    An emergency line gets the number to call back, for lives may hang on it (个人信息保护法第13条第1款第4项). The others get
    it unless the citizen wants to stay unknown or tips somebody off; then they talk through 12345.
    """
    appeal = order.appeal
    hidden = is_hidden(order) and not Line(line).is_emergency
    place = appeal.place.text if appeal.place else ""
    return {
        "handover": handover_id(order.number, line),
        "from": OURS,
        "to": line,
        "number": order.number,
        "at": at.isoformat(),
        "first": first,
        "reason": without_identity(reason, order) if hidden else reason,
        "kind": appeal.kind.value,
        "summary": without_identity(appeal.text, order) if hidden else appeal.text,
        "place": without_identity(place, order) if hidden else place,
        "contact": appeal.phone.digits if appeal.phone is not None and not hidden else "",
        "is_confidential": hidden,
        "if_undecided": "first_platform_accepts",
    }
