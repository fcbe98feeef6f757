"""The life of a work order: each numbered rule of the regulations that the domain keeps, with its refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.co_handling import co_handling, part_of
from hotline.domain.deeds import (
    AcceptReturn,
    AddFacts,
    AddUnits,
    Adoption,
    ApproveEnd,
    Archive,
    AskEnd,
    AskExtension,
    Conclude,
    Confer,
    ConferenceKind,
    Contact,
    ContactExemption,
    CoReply,
    Decline,
    Deed,
    Designate,
    Disclose,
    Dispatch,
    Divert,
    EndGround,
    Evidence,
    Exclude,
    GrantExtension,
    Join,
    PassReview,
    QueueForDispatch,
    Redo,
    RefuseExtension,
    RejectReturn,
    Reopen,
    Reply,
    Resolution,
    Resume,
    Revisit,
    Satisfaction,
    SendBack,
    SignFor,
    Supervise,
    Suspend,
    Tier,
    Withdraw,
)
from hotline.domain.diversion import Diversion, DiversionOutcome, UnreasonableGround
from hotline.domain.errors import DeedRefusedError, IllegalTransitionError
from hotline.domain.life_cycle import CLOSED, KEEPING, TRANSITIONS, WHO, Status, Step
from hotline.domain.people import CITIZEN, MACHINE, Actor, Role, unit_actor
from hotline.domain.time_limits import LimitPurpose, SetLimit
from hotline.domain.work_order import HistoryEntry, WorkOrder
from hotline.domain.work_order_chart import chart
from tests.builders import NOW, an_appeal
from tests.work_orders import (
    AGENT,
    HOUSING,
    LANSHAN_UNIT,
    REVIEWER,
    SUPERVISOR,
    a_decision,
    a_registered_order,
    an_order,
)

DUE = NOW + timedelta(days=7)
SENT_BACK = SendBack("路段归市管", "市容条例第11条", "body-housing")
TALKED = Contact(NOW, "电话", (Evidence("e1", "contact"),))
REPLY = Reply("已修好，室温达标", "已维修供热管道", TALKED)
CONTENT = Revisit(
    is_reached=True, how="电话", was_contacted=True, resolution=Resolution.RESOLVED,
    result=Satisfaction.SATISFIED, attitude=Satisfaction.SATISFIED,
)  # fmt: skip
UNHAPPY = replace(CONTENT, resolution=Resolution.UNRESOLVED, result=Satisfaction.DISSATISFIED)
MISSED = Revisit(is_reached=False, how="电话")


def handling(end: timedelta) -> tuple[SetLimit, ...]:
    return (SetLimit(LimitPurpose.HANDLING, "handle", "市热线条例", NOW, NOW + end),)


Did = tuple[Actor, Deed]
SIGNED: tuple[Did, ...] = ((LANSHAN_UNIT, SignFor()),)
REPLIED: tuple[Did, ...] = (*SIGNED, (LANSHAN_UNIT, REPLY))
REVIEWED: tuple[Did, ...] = (*REPLIED, (REVIEWER, PassReview()))
CONCLUDED: tuple[Did, ...] = (*REVIEWED, (AGENT, CONTENT), (AGENT, Conclude()))


def done(order: WorkOrder, *deeds: Did) -> WorkOrder:
    for by, deed in deeds:
        order = order.after(deed, by=by, at=max(NOW, order.history[-1].at))
    return order


def an_order_after(*deeds: Did, **appeal: object) -> WorkOrder:
    return done(an_order(appeal=an_appeal(**appeal)), *deeds)


def refused(order: WorkOrder, by: Actor, deed: Deed, after: timedelta = timedelta()) -> str:
    with pytest.raises(IllegalTransitionError) as caught:
        order.after(deed, by=by, at=NOW + after)
    return caught.value.reason or "not in this state"


def test_an_order_lives_from_registration_to_the_archive() -> None:
    order = an_order_after(*CONCLUDED, (MACHINE, Archive()))
    assert [entry.after.value for entry in order.history] == [
        "registered", "to_sign", "handling", "replied", "to_revisit", "to_revisit", "concluded", "archived",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("order", "by", "deed"),
    [
        (done(a_registered_order(), (MACHINE, QueueForDispatch("无规则"))), AGENT, Conclude("x")),  # 待派→结案
        (an_order_after(*SIGNED), REVIEWER, PassReview()),  # 未审核→待回访
        (an_order_after(*REPLIED), AGENT, Conclude("x")),
        (an_order_after(*SIGNED, (LANSHAN_UNIT, Suspend(DUE, "春季施工"))), AGENT, Conclude("x")),  # 挂账不得直接结案
        (an_order_after(*CONCLUDED), AGENT, Redo("x", ())),
        (an_order_after(*CONCLUDED), LANSHAN_UNIT, REPLY),
    ],
)  # fmt: skip
def test_steps_outside_the_table_are_refused(order: WorkOrder, by: Actor, deed: Deed) -> None:
    assert refused(order, by, deed) == "not in this state"


def test_the_machine_never_declines_ends_concludes_or_discloses() -> None:
    machine = {step for step, roles in WHO.items() if Role.MACHINE in roles}
    assert not machine & {
        Step.DECLINE,
        Step.APPROVE_END,
        Step.CONCLUDE,
        Step.DISCLOSE,
        Step.EXCLUDE,
        Step.PASS_REVIEW,
    }


def test_every_step_has_its_people_and_its_states() -> None:
    moving = {step for _, step in TRANSITIONS}
    assert set(WHO) == set(Step) == moving | set(KEEPING)
    assert moving.isdisjoint(KEEPING)


# --- return (退回, rules 14-16) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [("", "依据", "body-housing"), ("理由", " ", "body-housing"), ("理由", "依据", "")]
)
def test_a_return_without_reason_basis_or_unit_is_refused(given: tuple[str, str, str]) -> None:
    with pytest.raises(DeedRefusedError):
        SendBack(*given)


def test_after_two_days_the_order_counts_as_the_units() -> None:
    order = an_order()
    assert order.after(SENT_BACK, by=LANSHAN_UNIT, at=NOW + timedelta(days=2)).status is Status.RETURN_ASKED
    assert refused(order, LANSHAN_UNIT, SENT_BACK, timedelta(days=2, seconds=1)) == (
        "the time for sending back is over: it counts as yours"
    )


def test_a_rejected_return_is_not_repeated_but_the_next_unit_may_send_back() -> None:
    rejected = an_order_after((LANSHAN_UNIT, SENT_BACK), (REVIEWER, RejectReturn("路段在贵区")))
    assert refused(rejected, LANSHAN_UNIT, SENT_BACK) == "the return was rejected"
    elsewhere = an_order_after((LANSHAN_UNIT, SENT_BACK), (REVIEWER, AcceptReturn("属实")))
    elsewhere = done(
        elsewhere, (REVIEWER, Dispatch(a_decision(lead_unit="body-housing", supporting_units=())))
    )
    assert elsewhere.after(SENT_BACK, by=HOUSING, at=NOW).status is Status.RETURN_ASKED


def test_the_third_return_ends_in_designation_and_no_further_return() -> None:
    order = an_order()
    for _ in range(2):
        order = done(
            order,
            (LANSHAN_UNIT, SENT_BACK),
            (REVIEWER, AcceptReturn("属实")),
            (REVIEWER, Dispatch(a_decision())),
        )
    order = done(order, (LANSHAN_UNIT, SENT_BACK), (REVIEWER, AcceptReturn("仍不能定")))
    assert refused(order, REVIEWER, Dispatch(a_decision())) == "sent back three times: the hotline designates"
    designated = done(order, (REVIEWER, Designate(a_decision(), "三次派单未定")))
    assert (designated.status, designated.is_designated) == (Status.HANDLING, True)
    assert refused(designated, LANSHAN_UNIT, SENT_BACK) == "designated orders are not sent back"


def test_only_the_lead_unit_acts_for_the_order() -> None:
    assert refused(an_order(), HOUSING, SignFor()) == "only the lead unit may do this"
    assert (
        refused(an_order(), unit_actor("body-police"), CoReply("查过"))
        == "only a supporting unit may do this"
    )
    assert refused(an_order(), HOUSING, AddUnits(("body-police",), "x")) == "only the lead unit may do this"


def test_added_units_support_once_and_the_lead_never_supports_itself() -> None:
    order = an_order_after((AGENT, AddUnits(("body-police", "body-housing"), "需要到场")))
    assert order.supporting_units == ("body-housing", "body-police")
    assert refused(order, AGENT, AddUnits(("county-371302",), "x")) == "the lead unit does not support itself"
    with pytest.raises(DeedRefusedError):
        Dispatch(a_decision(supporting_units=("county-371302",)))


def test_each_supporting_unit_has_its_own_part_and_time_and_the_lead_sees_who_is_missing() -> None:
    until = NOW + timedelta(days=3)
    order = an_order_after(*SIGNED, (LANSHAN_UNIT, AddUnits(("body-police",), "到场维持秩序", until)))
    housing, police = co_handling(order)
    assert (housing.unit, housing.due_at(order), housing.is_missing) == ("body-housing", order.due_at, True)
    assert (police.what, police.due_at(order)) == ("到场维持秩序", until)
    assert [part.is_late(order, at=until + timedelta(hours=1)) for part in (housing, police)] == [False, True]
    answered = done(order, (unit_actor("body-police"), CoReply("已到场")))
    assert [(part.unit, part.answer) for part in co_handling(answered)] == [
        ("body-housing", ""),
        ("body-police", "已到场"),
    ]
    assert not part_of(answered, "body-police").is_late(answered, at=DUE)  # type: ignore[union-attr]  # it is there
    again = done(answered, (LANSHAN_UNIT, AddUnits(("body-police",), "再去一次")))
    assert [part.is_missing for part in co_handling(again)] == [True, True]
    assert part_of(again, "county-371302") is None
    stray = replace(
        order, history=(*order.history, HistoryEntry(NOW, None, order.status, AGENT, CoReply("x")))
    )
    assert co_handling(stray) == co_handling(order)


def test_a_part_is_due_after_it_is_asked_and_before_the_order_is() -> None:
    order, early = an_order_after(*SIGNED), AddUnits(("body-police",), "x", NOW)
    late = AddUnits(("body-police",), "x", DUE + timedelta(seconds=1))
    assert refused(order, LANSHAN_UNIT, early) == "a supporting unit answers later than it is asked"
    assert refused(order, LANSHAN_UNIT, late) == "a supporting unit answers before the order is due"
    overdue = order.after(
        replace(late, until=DUE + timedelta(days=2)), by=LANSHAN_UNIT, at=DUE + timedelta(1)
    )
    assert overdue.supporting_units == ("body-housing", "body-police")


def test_of_a_confidential_order_only_the_hotline_has_more_units_help() -> None:
    order, more = an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)), AddUnits(("body-police",), "x")
    assert refused(order, LANSHAN_UNIT, more).startswith("only the hotline lets more units see")
    assert done(order, (AGENT, more)).supporting_units == ("body-housing", "body-police")


# --- deadlines (时限, rules 23 and 25) ----------------------------------------------------------------------------


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=1)])
def test_an_extension_is_asked_for_before_the_order_is_due(late: timedelta) -> None:
    deed = AskExtension(DUE + timedelta(days=3), "备件未到")
    assert refused(an_order_after(*SIGNED), LANSHAN_UNIT, deed, timedelta(days=7) + late) == (
        "overdue orders cannot be extended"
    )


def test_extensions_are_granted_by_the_hotline_and_never_exceed_the_last_day() -> None:
    order = an_order_after(*SIGNED, (LANSHAN_UNIT, AskExtension(DUE + timedelta(days=3), "备件未到")))
    assert (order.due_at, order.status) == (DUE, Status.HANDLING)
    order = done(order, (REVIEWER, GrantExtension(handling(timedelta(days=10)))))
    assert (order.due_at, order.asked_extension) == (DUE + timedelta(days=3), None)
    assert refused(order, LANSHAN_UNIT, AskExtension(DUE + timedelta(days=3), "x")) == (
        "an extension ends later than the limit it extends"
    )
    assert refused(order, LANSHAN_UNIT, AskExtension(DUE + timedelta(days=14, seconds=1), "x")) == (
        "longer than all extensions together may be"
    )
    assert (
        refused(order, REVIEWER, GrantExtension(handling(timedelta(days=12)))) == "no extension was asked for"
    )


@pytest.mark.parametrize("deed", [GrantExtension(handling(timedelta(days=10))), RefuseExtension("工期足够")])
def test_an_extension_of_a_supervised_order_is_decided_too(deed: Deed) -> None:
    asked = (LANSHAN_UNIT, AskExtension(DUE + timedelta(days=3), "备件未到"))
    order = an_order_after(*SIGNED, asked, (SUPERVISOR, Supervise(Tier.HOTLINE, "集中反映")))
    order = done(order, (REVIEWER, deed))
    granted = DUE + timedelta(days=3 if isinstance(deed, GrantExtension) else 0)
    assert (order.status, order.asked_extension, order.due_at) == (Status.SUPERVISED, None, granted)


def test_a_suspended_order_goes_on_by_itself_on_its_day_and_no_earlier() -> None:
    order = an_order_after(*SIGNED, (LANSHAN_UNIT, Suspend(DUE, "春季施工，先行安置")))
    assert order.suspended_until == DUE
    assert refused(order, MACHINE, Resume(())) == "it goes on by itself only when the suspension ends"
    resumed = order.after(Resume(handling(timedelta(days=14))), by=MACHINE, at=DUE)
    assert (resumed.status, resumed.due_at) == (Status.HANDLING, NOW + timedelta(days=14))


# --- reply, revisit, close (反馈、回访、结案, rules 26-32) ---------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"to_citizen": " "},
        {"public": ""},
        {"contact": None},
        {"contact": Contact(NOW, "电话")},
        {"is_resolved": False},
    ],
    ids=[
        "no reply",
        "no public version",
        "no contact",
        "no evidence of contact",
        "unresolved without a reason",
    ],
)
def test_a_reply_says_what_the_rules_make_compulsory(given: dict[str, object]) -> None:
    with pytest.raises(DeedRefusedError):
        replace(REPLY, **given)


def test_a_citizen_who_wants_no_contact_is_not_contacted() -> None:
    reply = replace(REPLY, contact=None, exemption=ContactExemption.NOT_WANTED)
    assert an_order_after(*SIGNED, (LANSHAN_UNIT, reply)).status is Status.REPLIED


def test_a_suggestion_is_adopted_or_not_with_a_reason() -> None:
    order = an_order_after(*SIGNED, kind=AppealKind.SUGGESTION)
    assert refused(order, LANSHAN_UNIT, REPLY) == "a reply to a suggestion says whether it is adopted"
    with pytest.raises(DeedRefusedError):
        replace(REPLY, adoption=Adoption.NOT_ADOPTED)
    assert done(order, (LANSHAN_UNIT, replace(REPLY, adoption=Adoption.ADOPTED))).status is Status.REPLIED


def test_nobody_is_called_unreachable_before_two_tries() -> None:
    once = an_order_after(*REVIEWED, (AGENT, MISSED))
    assert refused(once, AGENT, Conclude()) == "the citizen was not revisited"
    assert done(once, (AGENT, MISSED), (AGENT, Conclude())).status is Status.CONCLUDED


def test_a_discontent_citizen_gets_a_redo_or_a_reason() -> None:
    order = an_order_after(*REVIEWED, (AGENT, UNHAPPY))
    assert refused(order, AGENT, Conclude()).startswith("the citizen is not content")
    again = done(order, (MACHINE, Redo("未解决", handling(timedelta(days=9)))))
    assert (again.status, again.due_at, again.count(Step.REDO)) == (
        Status.HANDLING,
        NOW + timedelta(days=9),
        1,
    )


def test_the_machine_redoes_only_what_the_citizen_is_not_content_with() -> None:
    order = an_order_after(*REVIEWED, (AGENT, CONTENT))
    assert refused(order, MACHINE, Redo("x", ())).startswith("the machine asks for a redo only")


def test_an_order_without_supplement_closes_with_a_reason() -> None:
    from hotline.domain.deeds import AskSupplement  # noqa: PLC0415 -- used here alone

    order = done(a_registered_order(), (MACHINE, AskSupplement("事发地")))
    assert refused(order, AGENT, Conclude()) == "closed without a reply only with a reason"
    assert done(order, (AGENT, Conclude("多次联系未补充"))).status is Status.CONCLUDED


def test_nobody_approves_the_end_they_asked_for_and_the_citizen_is_told() -> None:
    order = an_order_after(*SIGNED, (LANSHAN_UNIT, AskEnd(EndGround.NOT_TRUE, "现场无此情况")))
    with pytest.raises(DeedRefusedError):
        ApproveEnd("属实", "")
    assert refused(order, LANSHAN_UNIT, ApproveEnd("属实", "已告知")) == "not for unit"
    assert done(order, (REVIEWER, ApproveEnd("属实", "已告知复核渠道"))).status is Status.ENDED


def test_a_closed_order_is_opened_again_by_a_reviewer() -> None:
    order = an_order_after(*CONCLUDED, (REVIEWER, Reopen("异议成立")))
    assert (order.status, order.is_reviewed) == (Status.TO_DISPATCH, False)


# --- diversion and unreasonable orders (rules 1, 5-7) ----------------------------------------------------------------


def test_the_machine_diverts_only_to_an_emergency_line_or_into_an_order() -> None:
    other_city = Diversion(DiversionOutcome.OTHER_CITY, "事发在枣庄", "请拨0632-12345")
    queued = done(a_registered_order(), (MACHINE, QueueForDispatch("非本市", other_city)))
    assert queued.proposal == other_city
    assert refused(a_registered_order(), MACHINE, Divert(other_city)) == "a person decides on this diversion"
    assert done(queued, (AGENT, Divert(other_city))).status is Status.DIVERTED


def test_a_merge_names_its_order_and_loses_no_citizen() -> None:
    merged = Diversion(DiversionOutcome.REPEAT_MERGED, "同一事项", "已并入")
    assert refused(a_registered_order(), MACHINE, Divert(merged)).startswith("a merge names the order")
    assert (
        refused(a_registered_order(), MACHINE, Divert(merged, into="26112300001"))
        == "an order is not merged into itself"
    )
    join = Join("26112300002", "我家也不热", PhoneNumber("13905390002"))
    order = an_order_after((CITIZEN, join))
    assert [party.number for party in order.citizens] == ["26112300001", "26112300002"]
    assert refused(order, CITIZEN, join) == "this citizen has joined already"


@pytest.mark.parametrize("by", [CITIZEN, AGENT])
def test_an_order_of_several_citizens_is_withdrawn_by_none_of_them_for_the_others(by: Actor) -> None:
    again = Join("26112300003", "还是不热", an_appeal().phone)
    theirs = Join("26112300002", "我家也不热", PhoneNumber("13905390002"))
    withdrawn = Withdraw("我家好了")
    assert done(an_order_after((CITIZEN, again)), (by, withdrawn)).status is Status.WITHDRAWN
    order = an_order_after((CITIZEN, again), (CITIZEN, theirs))
    assert refused(order, by, withdrawn) == "others are owed the reply as well: it goes on for them"


@pytest.mark.parametrize(
    "ground",
    [UnreasonableGround.NOT_TRUE, UnreasonableGround.BEYOND_REASON, UnreasonableGround.FALSE_REPORT],
)
def test_the_last_four_grounds_need_evidence_and_a_reviewer(ground: UnreasonableGround) -> None:
    with pytest.raises(DeedRefusedError):
        Decline(ground, "理由")
    order = done(a_registered_order(), (MACHINE, QueueForDispatch("x")))
    deed = Decline(ground, "查证认定", (Evidence("report-1"),))
    assert refused(order, AGENT, deed) == "only a reviewer establishes this ground"
    assert done(order, (REVIEWER, deed)).status is Status.DECLINED


def test_only_records_without_a_matter_are_withdrawn_by_the_machine() -> None:
    assert (
        refused(a_registered_order(), MACHINE, Withdraw("abandoned"))
        == "only the citizen takes a matter back"
    )
    empty = a_registered_order(appeal=an_appeal(kind=AppealKind.INVALID))
    assert done(empty, (MACHINE, Withdraw("abandoned"))).status is Status.WITHDRAWN


# --- supervision (督办, rules 34-36) -------------------------------------------------------------------------------


def test_tiers_rise_one_by_one_and_the_machine_starts_only_the_first() -> None:
    order = an_order_after(*SIGNED)
    assert refused(order, MACHINE, Supervise(Tier.MEDIA, "x")) == "the machine starts the first tier only"
    assert refused(order, SUPERVISOR, Supervise(Tier.GOVERNMENT, "x")) == "a skipped tier needs an approver"
    first = done(order, (MACHINE, Supervise(Tier.HOTLINE, "红牌")))
    second = done(first, (SUPERVISOR, Supervise(Tier.MEDIA, "两次重办")))
    assert (second.status, second.tier) == (Status.SUPERVISED, Tier.MEDIA)
    assert refused(second, SUPERVISOR, Supervise(Tier.MEDIA, "x")) == "it is at this tier already"
    assert refused(second, LANSHAN_UNIT, Resume(())) == "supervision is ended by the hotline"
    ended = done(second, (SUPERVISOR, Resume(handling(timedelta(days=9)), "已恢复供热")))
    assert (ended.status, ended.due_at) == (Status.HANDLING, NOW + timedelta(days=9))
    waits = done(ended, (REVIEWER, Suspend(DUE, "等配件")))
    assert refused(waits, SUPERVISOR, Resume(())) == "a suspension is not ended by who supervises"


@pytest.mark.parametrize(
    "appeal", [{"secrecy": Secrecy.CONFIDENTIAL}, {"kind": AppealKind.TIP_OFF}, {"is_about_minor": True}]
)
def test_the_confidential_never_reaches_media_or_public(appeal: dict[str, object]) -> None:
    first = an_order_after(*SIGNED, (MACHINE, Supervise(Tier.HOTLINE, "红牌")), **appeal)
    assert refused(first, SUPERVISOR, Supervise(Tier.MEDIA, "x", "审批人")).endswith("never reach the media")
    assert done(first, (SUPERVISOR, Supervise(Tier.GOVERNMENT, "仍未办"))).tier is Tier.GOVERNMENT
    assert refused(an_order_after(*CONCLUDED, **appeal), REVIEWER, Disclose("公开版")).endswith(
        "are never disclosed"
    )


def test_supervision_ends_an_order_only_when_its_reply_passed_review() -> None:
    early = an_order_after(*SIGNED, (MACHINE, Supervise(Tier.HOTLINE, "红牌")))
    assert refused(early, AGENT, Conclude("x")) == "its reply has not passed review"
    late = an_order_after(*REVIEWED, (AGENT, UNHAPPY), (SUPERVISOR, Supervise(Tier.HOTLINE, "不满意")))
    assert done(late, (AGENT, Conclude("诉求超出职责，已解释"))).status is Status.CONCLUDED


def test_a_dispute_goes_up_the_ladder_rung_by_rung_with_a_record_each() -> None:
    def talk(kind: ConferenceKind) -> Confer:
        return Confer(kind, ("county-371302", "body-housing"), "由兰山区牵头", "会议纪要")

    disputed = an_order_after((LANSHAN_UNIT, SENT_BACK))
    assert (
        refused(disputed, REVIEWER, talk(ConferenceKind.GOVERNMENT_OFFICE))
        == "a rung of the ladder is skipped"
    )
    ladder = (ConferenceKind.HOTLINE, ConferenceKind.STAFFING_AND_JUSTICE, ConferenceKind.GOVERNMENT_OFFICE)
    risen = done(disputed, *((REVIEWER, talk(kind)) for kind in ladder))
    assert [each.kind for each in risen.deeds(Confer)] == list(ladder)
    assert done(disputed, (REVIEWER, talk(ConferenceKind.JOINT_MEETING))).count(Step.CONFER) == 1
    with pytest.raises(DeedRefusedError):
        Confer(ConferenceKind.HOTLINE, (), "结论")


def test_an_exclusion_names_ground_reason_and_approver() -> None:
    with pytest.raises(DeedRefusedError):
        Exclude("unreasonable", "理由", "")
    assert an_order_after((REVIEWER, Exclude("unreasonable", "理由", "张主任"))).exclusion is not None


def test_history_never_runs_backwards() -> None:
    order = an_order().after(SignFor(), by=LANSHAN_UNIT, at=NOW + timedelta(hours=1))
    assert refused(order, CITIZEN, AddFacts("补充")) == "earlier than the last change"


def test_a_refused_step_changes_nothing() -> None:
    order = an_order()
    before = replace(order)
    refused(order, MACHINE, Supervise(Tier.MEDIA, "x"))
    assert order == before


def test_the_chart_in_the_documents_is_the_table() -> None:
    document = Path(__file__).resolve().parents[4] / "docs" / "work_order.md"
    assert chart() in document.read_text(encoding="utf-8")
    assert all(status in CLOSED or any(before is status for before, _ in TRANSITIONS) for status in Status)
