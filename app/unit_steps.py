"""The steps of handling units: one model for each, with what it must say."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.step_models import Line, StaffId, Step, Text, UnitCode, When, compulsory
from hotline.domain import deeds
from hotline.domain.diversion import UnreasonableGround
from hotline.domain.errors import DeedRefusedError
from hotline.domain.people import Actor
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework

Units = Annotated[tuple[UnitCode, ...], Field(max_length=20)]


class UnitStep(Step):
    """``by`` is the id of the unit's employee, never a name."""

    by: StaffId | None = None

    @abstractmethod
    def deed(self) -> deeds.Deed:
        """Return what is done; ``DeedRefusedError`` when something compulsory is missing."""

    async def take(self, casework: Casework, number: str, by: Actor, at: datetime) -> WorkOrder:
        """Take the step and return the order after it."""
        return await casework.do(number, self.deed(), by=by, at=at, expected=self.revision)


class EvidenceIn(BaseModel):
    """A kept file by its id in the unit's evidence store."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,128}$")]
    what: Literal["contact", "handling", "identity"] = "handling"

    def evidence(self) -> deeds.Evidence:
        """Return it as the domain knows it."""
        return deeds.Evidence(self.id, self.what)


Files = Annotated[tuple[EvidenceIn, ...], Field(max_length=50)]


class ContactIn(BaseModel):
    """That the unit talked with the citizen: when, how, and what proves it (联系证据)."""

    model_config = ConfigDict(extra="forbid")

    at: When
    how: Line
    evidence: Files = ()

    def contact(self) -> deeds.Contact:
        """Return it as the domain knows it."""
        return deeds.Contact(self.at, self.how, tuple(each.evidence() for each in self.evidence))


class Sign(UnitStep):
    """Sign for the order (签收)."""

    def deed(self) -> deeds.SignFor:
        """Return the deed."""
        return deeds.SignFor()


class SendBack(UnitStep):
    """Ask that the hotline takes the order back: why, by which rule, whose it is (申请退回)."""

    model_config = compulsory("reason", "basis", "suggested_unit")

    reason: Text = ""
    basis: Text = ""
    suggested_unit: UnitCode | Literal[""] = ""

    def deed(self) -> deeds.SendBack:
        """Return the deed."""
        return deeds.SendBack(self.reason, self.basis, self.suggested_unit)


class CoReply(UnitStep):
    """Tell the lead unit what a supporting unit found (协办反馈)."""

    model_config = compulsory("text")

    text: Text = ""

    def deed(self) -> deeds.CoReply:
        """Return the deed."""
        return deeds.CoReply(self.text)


class AddUnits(UnitStep):
    """Have other units help: what is asked of them, and by when (加派协办)."""

    model_config = compulsory("units", "reason")

    units: Units = ()
    reason: Text = ""
    until: When | None = None

    def deed(self) -> deeds.AddUnits:
        """Return the deed. Raises ``DeedRefusedError`` when it does not say what is asked."""
        if not self.reason.strip():
            raise DeedRefusedError(missing="协办事项")
        return deeds.AddUnits(self.units, self.reason, self.until)


class AskExtension(UnitStep):
    """Ask for more time, before the order is due (申请延期)."""

    model_config = compulsory("reason")

    until: When
    reason: Text = ""

    def deed(self) -> deeds.AskExtension:
        """Return the deed."""
        return deeds.AskExtension(self.until, self.reason)


class GiveNotice(UnitStep):
    """Tell the citizen of progress and of the statutory limit (先行告知)."""

    model_config = compulsory("text")

    text: Text = ""

    def deed(self) -> deeds.GiveNotice:
        """Return the deed."""
        return deeds.GiveNotice(self.text)


class Suspend(UnitStep):
    """Suspend what cannot be resolved now: what is done meanwhile, and until when (挂账)."""

    model_config = compulsory("measures")

    until: When
    measures: Text = ""

    def deed(self) -> deeds.Suspend:
        """Return the deed."""
        return deeds.Suspend(self.until, self.measures)


class Resume(UnitStep):
    """Go on with a suspended order; its limits run anew (恢复办理)."""

    reason: Text = ""

    def deed(self) -> deeds.Resume:
        """Return the deed, without the limits that casework sets."""
        return deeds.Resume((), self.reason)

    async def take(self, casework: Casework, number: str, by: Actor, at: datetime) -> WorkOrder:
        """Go on with new limits."""
        return await casework.resume(number, self.reason, by=by, at=at, expected=self.revision)


class AskEnd(UnitStep):
    """Ask in writing that handling end (申请终止)."""

    model_config = compulsory("reason")

    ground: deeds.EndGround
    reason: Text = ""
    evidence: Files = ()

    def deed(self) -> deeds.AskEnd:
        """Return the deed."""
        return deeds.AskEnd(self.ground, self.reason, tuple(each.evidence() for each in self.evidence))


class AskHearing(UnitStep):
    """Ask, with evidence, that the appeal be judged unreasonable (申请不合理认定)."""

    model_config = compulsory("reason", "evidence")

    ground: UnreasonableGround
    reason: Text = ""
    evidence: Files = ()

    def deed(self) -> deeds.AskHearing:
        """Return the deed."""
        return deeds.AskHearing(self.ground, self.reason, tuple(each.evidence() for each in self.evidence))


class GiveOpinion(UnitStep):
    """Say the unit's side in a hearing (听证陈述)."""

    model_config = compulsory("text")

    text: Text = ""
    evidence: Files = ()

    def deed(self) -> deeds.GiveOpinion:
        """Return the deed."""
        files = tuple(each.evidence() for each in self.evidence)
        return deeds.GiveOpinion(deeds.HearingSide.UNIT, self.text, files)


class Reply(UnitStep):
    """Reply in two versions, with proof of contact or why there was none (反馈).

    ``unresolved_reason`` is compulsory when the matter is not resolved or a suggestion not wholly adopted.
    """

    model_config = compulsory("to_citizen", "public")

    to_citizen: Text = ""
    public: Text = ""
    contact: ContactIn | None = None
    exemption: deeds.ContactExemption | None = None
    is_resolved: bool = True
    unresolved_reason: Text = ""
    adoption: deeds.Adoption | None = None
    evidence: Files = ()

    def deed(self) -> deeds.Reply:
        """Return the deed."""
        return deeds.Reply(
            to_citizen=self.to_citizen,
            public=self.public,
            contact=self.contact.contact() if self.contact is not None else None,
            exemption=self.exemption,
            is_resolved=self.is_resolved,
            unresolved_reason=self.unresolved_reason,
            adoption=self.adoption,
            evidence=tuple(each.evidence() for each in self.evidence),
        )


UNIT_STEPS: Final[dict[str, type[UnitStep]]] = {
    "sign": Sign,
    "send-back": SendBack,
    "add-units": AddUnits,
    "co-reply": CoReply,
    "ask-extension": AskExtension,
    "give-notice": GiveNotice,
    "suspend": Suspend,
    "resume": Resume,
    "ask-end": AskEnd,
    "ask-hearing": AskHearing,
    "give-opinion": GiveOpinion,
    "reply": Reply,
}
