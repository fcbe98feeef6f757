"""What a reviewer decides, read from the form of each decision; what is missing is said beside its field."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import HTTPException

from desk.conferences import conference
from desk.files import evidence_of, placeholders
from desk.forms import Given
from desk.front import Front
from hotline.domain.deeds import (
    AcceptReturn,
    ApproveEnd,
    AskSupplement,
    BasisFinding,
    Conclude,
    Decline,
    Divert,
    Exclude,
    PassReview,
    RefuseExtension,
    RejectEnd,
    RejectHearing,
    RejectObjection,
    RejectReturn,
    Reopen,
    Resolution,
    Revisit,
    Satisfaction,
    Suspend,
    Withhold,
)
from hotline.domain.diversion import Diversion, DiversionOutcome, UnreasonableGround
from hotline.domain.errors import IllegalTransitionError, StaleWorkOrderError, WorkOrderNotFoundError
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import Step, after_step
from hotline.domain.people import Actor
from hotline.domain.refusals import refusal
from hotline.domain.work_order import WorkOrder

DECISIONS: Final = (
    Step.DISPATCH, Step.DESIGNATE, Step.ACCEPT_RETURN, Step.REJECT_RETURN, Step.APPROVE_END, Step.REJECT_END,
    Step.PASS_REVIEW, Step.REDO, Step.REVISIT, Step.CONCLUDE, Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION,
    Step.DECLINE, Step.REJECT_HEARING, Step.DIVERT, Step.JOIN, Step.SPLIT, Step.ASK_SUPPLEMENT, Step.SUSPEND,
    Step.RESUME, Step.DISCLOSE, Step.WITHHOLD, Step.REOPEN, Step.REJECT_OBJECTION, Step.CONFER, Step.EXCLUDE,
)  # fmt: skip
"""The steps of a reviewer; ``JOIN`` is that the order is merged into another (并单)."""
GROUNDS_WITHOUT_HEARING: Final = tuple(
    each for each in UnreasonableGround if each is not UnreasonableGround.FOUND_BY_HEARING
)
_REASON: Final = "请写明理由。"
_TOLD: Final = "请写明告知诉求人的内容。"


@dataclass(frozen=True, slots=True)
class _Decision:
    """One decision being read: the order as it is, the form, who decides and when."""

    front: Front
    order: WorkOrder
    given: Given
    by: Actor
    at: datetime
    revision: int

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "at": self.at, "expected": self.revision}

    def reason(self, needed: str = _REASON) -> str:
        """Return the reason when the whole form is right."""
        text = self.given.text("reason", needed)
        self.given.check()
        return text


async def decided(front: Front, order: WorkOrder, step: Step, given: Given, *, by: Actor) -> object:
    """Take a decision. Raises ``WrongFieldsError``, and what casework raises."""
    revision = given.number("revision")
    if revision is None:
        given.wrong["revision"] = "请刷新页面。"
    here = _Decision(front, order, given, by, front.parts.clock(), revision or 0)
    match step:
        case Step.DISPATCH | Step.DESIGNATE:
            return await _dispatch(here, step)
        case Step.JOIN:
            return await _merge(here)
        case Step.SPLIT:
            return await _split(here)
        case Step.DECLINE:
            return await _decline(here, step)
        case Step.REVISIT:
            return await _revisit(here)
        case _:
            return await _plain(here, step)


def _plain(here: _Decision, step: Step) -> Awaitable[object]:
    work, number, given = here.front.parts.casework, here.order.number, here.given
    match step:
        case Step.GRANT_EXTENSION:
            return work.grant_extension(number, reason=here.reason(""), **here.who)
        case Step.DISCLOSE:
            return work.disclose(number, here.reason("请写明公开内容。"), **here.who)
        case Step.REDO:
            return work.redo(number, here.reason("请写明重办理由。"), **here.who)
        case Step.CONFER:
            return work.do(number, conference(given), **here.who)
        case Step.RESUME:
            return work.resume(number, here.reason(), **here.who)
        case _:
            return work.do(number, _deed(here, step, given), **here.who)


def _deed(here: _Decision, step: Step, given: Given) -> Any:
    match step:
        case Step.ACCEPT_RETURN | Step.REJECT_RETURN:
            basis = given.choice("basis", BasisFinding, "请判断退回依据是否成立。")
            return (AcceptReturn if step is Step.ACCEPT_RETURN else RejectReturn)(here.reason(), basis)
        case Step.APPROVE_END:
            told = given.text("told", _TOLD)
            return ApproveEnd(here.reason(), told)
        case Step.DIVERT:
            outcome = given.choice("outcome", DiversionOutcome, "请选择分流到哪里。")
            told = given.text("told", _TOLD)
            return Divert(Diversion(outcome, here.reason(), told))
        case Step.SUSPEND:
            until = given.when("until", "请写明挂账到何时。")
            return Suspend(until, here.reason("请写明措施和计划。"))
        case Step.ASK_SUPPLEMENT:
            return AskSupplement(here.reason("请写明需要补充什么。"))
        case Step.EXCLUDE:
            ground = given.one_of("ground", here.front.parts.contests.rules.grounds, "请选择情形。")
            approver = given.another("approver", here.by.id, "请写明审批人。")
            return Exclude(ground, here.reason(), approver)
        case Step.PASS_REVIEW | Step.CONCLUDE:
            return (PassReview if step is Step.PASS_REVIEW else Conclude)(here.reason(""))
        case _:
            return _WITH_REASON[step](here.reason())


_WITH_REASON: Final[dict[Step, Any]] = {
    Step.REJECT_END: RejectEnd,
    Step.REFUSE_EXTENSION: RefuseExtension,
    Step.REJECT_HEARING: RejectHearing,
    Step.WITHHOLD: Withhold,
    Step.REOPEN: Reopen,
    Step.REJECT_OBJECTION: RejectObjection,
}


def _dispatch(here: _Decision, step: Step) -> Awaitable[object]:
    units, work = here.front.parts.city.units, here.front.parts.casework
    unit = here.given.one_of("unit", units, "请选择主办单位。")
    supporting = here.given.several("supporting", units)
    if unit in supporting:
        here.given.wrong["supporting"] = "主办单位不能同时协办。"
    reason = here.reason("请写明派单理由。")
    take = work.dispatch if step is Step.DISPATCH else work.designate
    return take(here.order.number, unit, supporting=supporting, reason=reason, **here.who)


async def _merge(here: _Decision) -> object:
    """Merge the order into another, which has to be open: its citizens get every reply to that (并单)."""
    into = here.given.text("into", "请写明并入的工单编号。")
    told = here.given.text("told", _TOLD)
    if into:
        try:
            target = await here.front.parts.records.get(into)
        except WorkOrderNotFoundError:
            here.given.wrong["into"] = "没有这张工单。"
        else:
            if target.is_closed:
                here.given.wrong["into"] = "这张工单已经办结，不能并入。"
            elif into == here.order.number:
                here.given.wrong["into"] = "工单不能并入自己。"
    reason = here.reason()
    return await here.front.parts.casework.merge(
        here.order.number, into, told=told, reason=reason, **here.who
    )


async def _split(here: _Decision) -> object:
    """Let a part of the matter go on as an order of its own (拆单)."""
    agents = here.front.parts.agents
    if agents is None:
        raise HTTPException(404)
    text = here.given.text("text", "请写明另立工单的事项。")
    category = here.given.one_of("category", here.front.parts.city.categories, "请选择分类。")
    reason = here.reason("请写明拆单理由。")
    return await agents.registration.split(
        here.order.number, text, category=category, reason=reason, **here.who
    )


async def _decline(here: _Decision, step: Step) -> object:
    """Establish that the appeal is unreasonable; a hearing's evidence counts, else it is attached here."""
    ground = here.given.choice("ground", UnreasonableGround, "请选择情形。")
    hearing = open_hearing(here.order)
    files = here.given.files("files")
    known = hearing.evidence if hearing is not None else ()
    if ground.needs_evidence and not known and not files and not here.given.wrong.get("ground"):
        here.given.wrong["files"] = "这种情形须附证据材料。"
    reason = here.reason("请写明理由，会告知诉求人。")
    planned = Decline(ground, reason, (*known, *placeholders(files)))
    why = refusal(here.order, planned, here.by, here.at) if after_step(here.order.status, step) else ""
    if why:
        raise IllegalTransitionError(
            number=here.order.number, status=here.order.status, step=step, reason=why
        )
    if here.revision != here.order.revision:  # before any file is kept
        raise StaleWorkOrderError(here.order.number)
    evidence = (*known, *await evidence_of(here.front, here.order, files, "files"))
    return await here.front.parts.casework.do(
        here.order.number, Decline(ground, reason, evidence), **here.who
    )


async def _revisit(here: _Decision) -> object:
    """Write down one try to hear the citizen; who is not content has it handled again at once (回访)."""
    given, words = here.given, here.front.words
    how = given.one_of("how", words["contact_ways"], "请选择回访方式。")
    remark = given.text("remark")
    reached = given.one_of("reached", ("yes", "no"), "请选择是否接通。") == "yes"
    if not reached:
        given.check()
        revisit = Revisit(is_reached=False, how=words["contact_ways"][how], remark=remark)
    else:
        contacted = {"yes": True, "no": False}.get(given.text("was_contacted"))
        resolution = given.choice("resolution", Resolution, "请选择是否解决。")
        result = given.choice("result", Satisfaction, "请选择对办理结果是否满意。")
        attitude = given.choice("attitude", Satisfaction, "请选择对办理过程是否满意。")
        given.check()
        revisit = Revisit(
            True, words["contact_ways"][how], contacted, resolution, result, attitude, remark, given.yes("wants_redo")
        )  # fmt: skip
    return await here.front.parts.casework.revisit(here.order.number, revisit, **here.who)
