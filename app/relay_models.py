"""The confidential relay in the interfaces: what is sent, what is read, and who is unmasked to whom."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.step_models import Line, StaffId, Text
from hotline.domain.people import Role
from hotline.domain.relay import RelayMessage
from hotline.domain.work_order import Party


class RelayIn(BaseModel):
    """Words for the other side; ``wants_call``: the hotline is asked to call the citizen and connect (代为接通)."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    wants_call: bool = False


class StaffRelayIn(BaseModel):
    """What staff pass on; ``for_citizen``: the citizen said it, by phone or in writing."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    for_citizen: bool = False


class RelayMessageOut(BaseModel):
    """One message of the talk: from whom by capacity only."""

    at: str
    side: Role
    unit: str | None
    text: str
    wants_call: bool


class RelayOut(BaseModel):
    """The talk on an order, the oldest first."""

    number: str
    messages: list[RelayMessageOut]


class UnmaskIn(BaseModel):
    """Why somebody must know who the citizen is, and who allowed it: never the same person (两人)."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    approver: StaffId
    reason: Text


class CitizenOut(BaseModel):
    """A citizen of an order, unmasked."""

    record: Line
    name: str
    phone: str


class UnmaskedOut(BaseModel):
    """Who the citizens are; the look is in the audit chain."""

    number: str
    citizens: list[CitizenOut]


def shown(number: str, messages: list[RelayMessage]) -> RelayOut:
    """Return the talk as the interfaces show it."""
    return RelayOut(
        number=number,
        messages=[
            RelayMessageOut(
                at=each.at.isoformat(),
                side=each.by.role,
                unit=each.by.unit,
                text=each.text,
                wants_call=each.wants_call,
            )
            for each in messages
        ],
    )


def unmasked(number: str, citizens: tuple[Party, ...]) -> UnmaskedOut:
    """Return who the citizens are."""
    return UnmaskedOut(
        number=number,
        citizens=[
            CitizenOut(record=each.number, name=each.name, phone=each.phone.digits if each.phone else "")
            for each in citizens
        ],
    )
