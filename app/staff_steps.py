"""The steps of the hotline's staff: one model for each, with what it must say."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from app.step_models import Line, OrderNumber, StaffId, Step, Text, UnitCode, When, compulsory
from app.unit_steps import Files, Units
from hotline.domain import deeds
from hotline.domain.diversion import Diversion, DiversionOutcome, UnreasonableGround
from hotline.domain.people import Actor, Role
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework


class StaffStep(Step):
    """``by`` is the id of whoever decides, never a name."""

    by: StaffId

    @property
    def actor(self) -> Actor:
        """Who acts. Until staff sign in by name, the staff token stands for a reviewer (审核人员)."""
        return Actor(Role.REVIEWER, self.by)

    @abstractmethod
    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Take the step and return the order after it."""


class PlainStep(StaffStep):
    """A step that is one deed."""

    @abstractmethod
    def deed(self) -> deeds.Deed:
        """Return what is done; ``DeedRefusedError`` when something compulsory is missing."""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Do the deed."""
        return await casework.do(number, self.deed(), by=self.actor, at=at, expected=self.revision)


class Dispatch(StaffStep):
    """Dispatch by hand (人工派单)."""

    model_config = compulsory("reason")

    unit: UnitCode
    supporting: Units = ()
    reason: Text = ""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Dispatch with the limits of the matter."""
        return await casework.dispatch(
            number, self.unit, supporting=self.supporting, reason=self.reason, by=self.actor, at=at,
            expected=self.revision,
        )  # fmt: skip


class Designate(Dispatch):
    """Say for good whose it is; it is not sent back after that (指定)."""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Designate with the limits of the matter."""
        return await casework.designate(
            number, self.unit, supporting=self.supporting, reason=self.reason, by=self.actor, at=at,
            expected=self.revision,
        )  # fmt: skip


class WithReason(StaffStep):
    """A step that says why."""

    model_config = compulsory("reason")

    reason: Text = ""


class AcceptReturn(WithReason, PlainStep):
    """Agree to a return (同意退回); ``basis``: what is found of the unit's rule."""

    basis: deeds.BasisFinding | None = None

    def deed(self) -> deeds.AcceptReturn:
        """Return the deed."""
        return deeds.AcceptReturn(self.reason, self.basis)


class RejectReturn(WithReason, PlainStep):
    """Reject a return; the unit goes on (驳回退回). ``basis``: what is found of the unit's rule."""

    basis: deeds.BasisFinding | None = None

    def deed(self) -> deeds.RejectReturn:
        """Return the deed."""
        return deeds.RejectReturn(self.reason, self.basis)


class GrantExtension(StaffStep):
    """Grant the extension that was asked for (批准延期)."""

    reason: Text = ""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Grant it."""
        return await casework.grant_extension(
            number, reason=self.reason, by=self.actor, at=at, expected=self.revision
        )


class RefuseExtension(WithReason, PlainStep):
    """Refuse the extension that was asked for (不批准延期)."""

    def deed(self) -> deeds.RefuseExtension:
        """Return the deed."""
        return deeds.RefuseExtension(self.reason)


class ApproveEnd(WithReason, PlainStep):
    """Agree that handling ends; ``told`` is what the citizen is told (同意终止)."""

    model_config = compulsory("reason", "told")

    told: Text = ""

    def deed(self) -> deeds.ApproveEnd:
        """Return the deed."""
        return deeds.ApproveEnd(self.reason, self.told)


class RejectEnd(WithReason, PlainStep):
    """Refuse that handling ends (不同意终止)."""

    def deed(self) -> deeds.RejectEnd:
        """Return the deed."""
        return deeds.RejectEnd(self.reason)


class PassReview(PlainStep):
    """Find that the reply answers the matter (审核通过)."""

    remark: Text = ""

    def deed(self) -> deeds.PassReview:
        """Return the deed."""
        return deeds.PassReview(self.remark)


class Redo(WithReason):
    """Have it handled again, with new limits (重办)."""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Ask for it."""
        return await casework.redo(number, self.reason, by=self.actor, at=at, expected=self.revision)


class EndSupervision(WithReason):
    """Go on with a supervised or suspended order, with new limits (解除督办、恢复办理)."""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Go on."""
        return await casework.resume(number, self.reason, by=self.actor, at=at, expected=self.revision)


class Revisit(StaffStep):
    """Keep one try to hear the citizen: resolved or not, content with the result and with the manner or not (回访).

    A citizen who is not content has it handled again at once.
    """

    model_config = compulsory("how")

    is_reached: bool
    how: Line = ""
    was_contacted: bool | None = None
    resolution: deeds.Resolution | None = None
    result: deeds.Satisfaction | None = None
    attitude: deeds.Satisfaction | None = None
    remark: Text = ""
    wants_redo: bool = False

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Keep it."""
        revisit = deeds.Revisit(
            self.is_reached, self.how, self.was_contacted, self.resolution, self.result, self.attitude,
            self.remark, self.wants_redo,
        )  # fmt: skip
        return await casework.revisit(number, revisit, by=self.actor, at=at, expected=self.revision)


class Conclude(PlainStep):
    """Close the order; the reason is compulsory where the citizen is not content (结案)."""

    reason: Text = ""

    def deed(self) -> deeds.Conclude:
        """Return the deed."""
        return deeds.Conclude(self.reason)


class Decline(WithReason, PlainStep):
    """Establish one of the eight kinds of unreasonable orders; the last four only with evidence (不予办理)."""

    ground: UnreasonableGround
    evidence: Files = ()

    def deed(self) -> deeds.Decline:
        """Return the deed."""
        return deeds.Decline(self.ground, self.reason, tuple(each.evidence() for each in self.evidence))


class Divert(WithReason, PlainStep):
    """Send the matter another way than to a unit, and say what the citizen was told (分流)."""

    model_config = compulsory("reason", "told")

    outcome: DiversionOutcome
    told: Text = ""

    def deed(self) -> deeds.Divert:
        """Return the deed."""
        return deeds.Divert(Diversion(self.outcome, self.reason, self.told))


class Merge(WithReason):
    """Merge the order into another: its citizens get every reply; the answer is the order it went into (并单)."""

    model_config = compulsory("reason", "told")

    into: OrderNumber
    told: Text = ""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Merge both in one transaction."""
        return await casework.merge(
            number,
            self.into,
            told=self.told,
            reason=self.reason,
            by=self.actor,
            at=at,
            expected=self.revision,
        )


class Exclude(WithReason, PlainStep):
    """Leave the order out of the assessment: on what ground, and who approved it (不计考核)."""

    model_config = compulsory("ground", "reason", "approver")

    ground: Line = ""
    approver: StaffId | None = None

    def deed(self) -> deeds.Exclude:
        """Return the deed."""
        return deeds.Exclude(self.ground, self.reason, self.approver or "")


class Reopen(WithReason, PlainStep):
    """Open a closed order again (重新办理)."""

    def deed(self) -> deeds.Reopen:
        """Return the deed."""
        return deeds.Reopen(self.reason)


class Supervise(WithReason, PlainStep):
    """Start a tier of supervision; skipping one needs who approved it (督办)."""

    tier: deeds.Tier
    approver: StaffId | None = None

    @property
    def actor(self) -> Actor:
        """Who acts: here the staff token stands for a supervisor (督办人员)."""
        return Actor(Role.SUPERVISOR, self.by)

    def deed(self) -> deeds.Supervise:
        """Return the deed."""
        return deeds.Supervise(self.tier, self.reason, self.approver or "")


class RejectTier(WithReason, PlainStep):
    """Turn down a tier that the rules proposed (不予升级督办); it is not proposed again for the same cause."""

    tier: deeds.Tier

    @property
    def actor(self) -> Actor:
        """Who acts: here the staff token stands for a supervisor (督办人员)."""
        return Actor(Role.SUPERVISOR, self.by)

    def deed(self) -> deeds.RejectTier:
        """Return the deed."""
        return deeds.RejectTier(self.tier, self.reason)


class Confer(PlainStep):
    """Keep the minutes of a talk about the order (会商)."""

    model_config = compulsory("participants", "conclusion")

    kind: deeds.ConferenceKind
    participants: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    conclusion: Text = ""
    minutes: Text = ""

    def deed(self) -> deeds.Confer:
        """Return the deed."""
        return deeds.Confer(self.kind, self.participants, self.conclusion, self.minutes)


class Disclose(StaffStep):
    """Disclose the public version, which a person has read and confirmed (公开)."""

    model_config = compulsory("text")

    text: Text = ""

    async def take(self, casework: Casework, number: str, at: datetime) -> WorkOrder:
        """Disclose it; refused while it tells who anybody is."""
        return await casework.disclose(number, self.text, by=self.actor, at=at, expected=self.revision)


class Withhold(WithReason, PlainStep):
    """Decide that it is not made public, or no longer (不公开)."""

    def deed(self) -> deeds.Withhold:
        """Return the deed."""
        return deeds.Withhold(self.reason)


class GiveOpinion(PlainStep):
    """Write down what a side says in a hearing, or that it was asked in vain: ``is_silent`` (听证陈述)."""

    model_config = compulsory("text")

    side: deeds.HearingSide
    text: Text = ""
    evidence: Files = ()
    is_silent: bool = False

    def deed(self) -> deeds.GiveOpinion:
        """Return the deed."""
        files = tuple(each.evidence() for each in self.evidence)
        return deeds.GiveOpinion(self.side, self.text, files, self.is_silent)


class RejectObjection(WithReason, PlainStep):
    """What a citizen objects to stands (异议不成立); ``reopen`` where it does not."""

    def deed(self) -> deeds.RejectObjection:
        """Return it."""
        return deeds.RejectObjection(self.reason)


class RejectHearing(WithReason, PlainStep):
    """Find that the appeal is not unreasonable (不予认定); ``decline`` finds that it is."""

    def deed(self) -> deeds.RejectHearing:
        """Return the deed."""
        return deeds.RejectHearing(self.reason)


class AddUnits(WithReason, PlainStep):
    """Have more units help (加派协办)."""

    model_config = compulsory("units", "reason")

    units: Units = ()
    until: When | None = None

    def deed(self) -> deeds.AddUnits:
        """Return the deed."""
        return deeds.AddUnits(self.units, self.reason, self.until)


STAFF_STEPS: Final[dict[str, type[StaffStep]]] = {
    "dispatch": Dispatch,
    "designate": Designate,
    "accept-return": AcceptReturn,
    "reject-return": RejectReturn,
    "grant-extension": GrantExtension,
    "refuse-extension": RefuseExtension,
    "approve-end": ApproveEnd,
    "reject-end": RejectEnd,
    "pass-review": PassReview,
    "redo": Redo,
    "resume": EndSupervision,
    "revisit": Revisit,
    "conclude": Conclude,
    "decline": Decline,
    "divert": Divert,
    "merge": Merge,
    "exclude": Exclude,
    "reopen": Reopen,
    "supervise": Supervise,
    "reject-tier": RejectTier,
    "confer": Confer,
    "disclose": Disclose,
    "withhold": Withhold,
    "give-opinion": GiveOpinion,
    "reject-hearing": RejectHearing,
    "reject-objection": RejectObjection,
    "add-units": AddUnits,
}
