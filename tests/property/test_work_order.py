"""Whatever people and the machine do to orders, in whatever order, the rules hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hotline.city import load_city
from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.deeds import (
    AcceptReturn,
    AddFacts,
    AddUnits,
    Adoption,
    Answer,
    ApproveEnd,
    Archive,
    AskEnd,
    AskExtension,
    AskHearing,
    AskSupplement,
    Complete,
    Conclude,
    Confer,
    ConferenceKind,
    Contact,
    Contest,
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
    GiveNotice,
    GiveOpinion,
    GrantExtension,
    HearingSide,
    Join,
    Object,
    PassReview,
    ProposeTier,
    QueueForDispatch,
    Redo,
    RefuseExtension,
    RejectContest,
    RejectEnd,
    RejectHearing,
    RejectObjection,
    RejectReturn,
    RejectTier,
    Reopen,
    Reply,
    Resolution,
    Resume,
    Revisit,
    Satisfaction,
    SendBack,
    SignFor,
    Split,
    Supervise,
    Supplement,
    Suspend,
    Tier,
    Urge,
    Withdraw,
    Withhold,
)
from hotline.domain.diversion import Diversion, DiversionOutcome, UnreasonableGround
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.life_cycle import CLOSED, Status, Step, after_step
from hotline.domain.people import CITIZEN, MACHINE, Actor
from hotline.domain.supervision import due_deed, next_duty_at
from hotline.domain.work_order import WorkOrder
from router.time_tables import load_time_limits
from tests.builders import LINYI, NOW, an_appeal
from tests.work_orders import (
    AGENT,
    HOUSING,
    LANSHAN_UNIT,
    REVIEWER,
    SUPERVISOR,
    a_decision,
    a_registered_order,
)

LIMITS = load_time_limits(load_city(LINYI))
PEOPLE = (MACHINE, CITIZEN, AGENT, REVIEWER, SUPERVISOR, LANSHAN_UNIT, HOUSING)
MERGED, MEMBER = "26112300001", "26112300002"
REPLY = Reply("已处理", "已处理", Contact(NOW, "电话", (Evidence("e"),)), adoption=Adoption.ADOPTED)

Maker = Callable[[WorkOrder, datetime], Deed]


def _run(order: WorkOrder, at: datetime, days: int = 0) -> tuple:  # type: ignore[type-arg]
    return LIMITS.handling_anew(order.appeal.category, order.appeal.kind, start=at + timedelta(days=days))


def _routing(lead: str) -> Maker:
    return lambda _, at: Dispatch(
        replace(a_decision(at, lead_unit=lead, supporting_units=()), supporting_units=())
    )


def _diversion(outcome: DiversionOutcome) -> Diversion:
    return Diversion(outcome, "理由", "告知")


MAKERS: tuple[Maker, ...] = (
    lambda *_: Answer("A0101-01"),
    lambda *_: Divert(_diversion(DiversionOutcome.OTHER_CITY)),
    lambda *_: Divert(_diversion(DiversionOutcome.REPEAT_MERGED), into="26112300009"),
    lambda *_: Decline(UnreasonableGround.OUTSIDE_CITY, "外市"),
    lambda *_: Decline(UnreasonableGround.FALSE_REPORT, "不实", (Evidence("e"),)),
    lambda *_: Withdraw("已自行解决"),
    lambda *_: AskSupplement("事发地"),
    lambda *_: Supplement("在银雀山街道"),
    lambda *_: QueueForDispatch("无规则"),
    _routing("county-371302"),
    _routing("body-housing"),
    lambda *_: SignFor(),
    lambda *_: SendBack("非本单位职责", "三定方案", "body-housing"),
    lambda *_: AcceptReturn("属实"),
    lambda *_: RejectReturn("不属实"),
    lambda _, at: Designate(a_decision(at), "三次未定"),
    lambda *_: AddUnits(("body-police",), "需要到场"),
    lambda *_: CoReply("已查"),
    lambda order, at: AskExtension((order.due_at or at) + timedelta(days=2), "备件未到"),
    lambda order, at: GrantExtension(
        LIMITS.extended(order.asked_extension.until if order.asked_extension else at, start=at)
    ),
    lambda *_: RefuseExtension("理由不足"),
    lambda *_: GiveNotice("检测中"),
    lambda _, at: Suspend(at + timedelta(days=20), "春季施工"),
    lambda order, at: Resume(_run(order, at)),
    lambda *_: AskEnd(EndGround.NOT_TRUE, "不属实"),
    lambda *_: ApproveEnd("属实", "已告知"),
    lambda *_: RejectEnd("证据不足"),
    lambda *_: REPLY,
    lambda *_: PassReview(),
    lambda order, at: Redo("答非所问", _run(order, at)),
    lambda *_: Revisit(is_reached=False, how="电话"),
    lambda *_: Revisit(
        is_reached=True, how="电话", resolution=Resolution.UNRESOLVED, result=Satisfaction.DISSATISFIED,
        attitude=Satisfaction.SATISFIED,
    ),
    lambda *_: Conclude(),
    lambda *_: Conclude("解释清楚"),
    lambda *_: ProposeTier(Tier.GOVERNMENT, "overdue since the red card"),
    lambda *_: RejectTier(Tier.GOVERNMENT, "单位已在办"),
    lambda *_: Supervise(Tier.HOTLINE, "红牌"),
    lambda *_: Supervise(Tier.MEDIA, "两次重办"),
    lambda *_: Supervise(Tier.DISCIPLINE, "虚假办结", "审批人"),
    lambda *_: Confer(ConferenceKind.JOINT_MEETING, ("body-housing",), "由住建牵头"),
    lambda *_: Urge(),
    lambda *_: AddFacts("又漏了"),
    lambda order, _: Complete(replace(order.appeal, category="0303", text="公积金提取")),
    lambda *_: Join(MEMBER, "我家也是", PhoneNumber("13905390002")),
    lambda *_: Object("不认可"),
    lambda *_: RejectObjection("已依法答复"),
    lambda *_: Exclude("unreasonable", "理由", "审批人"),
    lambda _, at: Contest("wrong_record", "已联系", (Evidence("e"),), at + timedelta(days=5)),
    lambda *_: RejectContest("记录属实"),
    lambda *_: Split("26112300008", "另一事项", "两件事"),
    lambda *_: AskHearing(UnreasonableGround.BEYOND_REASON, "超出合理范围", (Evidence("e"),)),
    lambda *_: GiveOpinion(HearingSide.UNIT, "已办到位"),
    lambda *_: GiveOpinion(HearingSide.CITIZEN, "问题还在"),
    lambda *_: RejectHearing("诉求合理"),
    lambda *_: Disclose("公开版"),
    lambda *_: Withhold("涉及个人隐私"),
    lambda *_: Reopen("异议成立"),
    lambda *_: Archive(),
)  # fmt: skip


class LifeOfAnOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.at = NOW

    @initialize(
        secrecy=st.sampled_from(Secrecy), kind=st.sampled_from(AppealKind), is_about_minor=st.booleans()
    )
    def register(self, secrecy: Secrecy, kind: AppealKind, *, is_about_minor: bool) -> None:
        appeal = an_appeal(secrecy=secrecy, kind=kind, is_about_minor=is_about_minor)
        self.order = a_registered_order(appeal=appeal)

    def attempt(self, deed: Deed, by: Actor, at: datetime) -> None:
        before = replace(self.order)
        try:
            self.order = self.order.after(deed, by=by, at=at)
        except IllegalTransitionError:
            assert self.order == before
        else:
            assert self.order.status is after_step(before.status, deed.step)
            assert self.order.history[:-1] == before.history
            assert self.order.limits[: len(before.limits)] == before.limits

    @rule(maker=st.sampled_from(MAKERS), by=st.sampled_from(PEOPLE), hours=st.integers(-2, 30))
    def do_anything(self, maker: Maker, by: Actor, hours: int) -> None:
        at = self.at + timedelta(hours=hours)
        self.at = max(self.at, at)
        self.attempt(maker(self.order, at), by, at)

    @rule(data=st.data(), hours=st.integers(0, 40))
    def do_something_the_table_allows(self, data: st.DataObject, hours: int) -> None:
        self.at += timedelta(hours=hours)
        deeds = [maker(self.order, self.at) for maker in MAKERS]
        allowed = [deed for deed in deeds if after_step(self.order.status, deed.step) is not None]
        if allowed:
            deed = data.draw(st.sampled_from(allowed))
            for by in PEOPLE:
                self.attempt(deed, by, self.at)

    @rule(days=st.integers(0, 12))
    def time_passes_and_the_machine_catches_up(self, days: int) -> None:
        self.at += timedelta(days=days)
        for _ in range(20):
            deed = due_deed(self.order, LIMITS, self.at)
            if deed is None:
                break
            self.order = self.order.after(deed, by=MACHINE, at=self.at)
        assert due_deed(self.order, LIMITS, self.at) is None
        waits_until = next_duty_at(self.order, LIMITS)
        assert waits_until is None or waits_until > self.at

    @invariant()
    def history_is_complete_and_runs_forward(self) -> None:
        entries = self.order.history
        assert self.order.revision == len(entries) - 1
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        assert [entry.before for entry in entries] == [None, *(entry.after for entry in entries[:-1])]
        assert self.order.status is entries[-1].after

    @invariant()
    def there_is_one_lead_and_it_does_not_support_itself(self) -> None:
        assert self.order.lead_unit not in self.order.supporting_units
        assert len(set(self.order.supporting_units)) == len(self.order.supporting_units)

    @invariant()
    def who_was_designated_never_sends_it_back(self) -> None:
        for index, entry in enumerate(self.order.history):
            if entry.step is Step.SEND_BACK:
                earlier = (Step.DESIGNATE, Step.DISPATCH)
                last = next(e.step for e in reversed(self.order.history[:index]) if e.step in earlier)
                assert last is Step.DISPATCH

    @invariant()
    def nothing_is_closed_without_a_reply_or_a_reason(self) -> None:
        if self.order.status in CLOSED - {Status.ARCHIVED}:
            closing = next(
                entry for entry in reversed(self.order.history)
                if entry.before is not entry.after and entry.after in CLOSED
            )  # fmt: skip
            assert closing.note or self.order.is_reviewed
            if closing.step is Step.CONCLUDE and closing.before is not Status.NEEDS_SUPPLEMENT:
                assert self.order.reply is not None
                assert self.order.is_reviewed

    @invariant()
    def the_machine_only_proposes(self) -> None:
        for entry in self.order.history:
            if entry.by is MACHINE:
                assert entry.step not in (
                    Step.DECLINE,
                    Step.APPROVE_END,
                    Step.CONCLUDE,
                    Step.DISCLOSE,
                    Step.EXCLUDE,
                    Step.ACCEPT_RETURN,
                )
                assert not isinstance(entry.deed, Supervise) or entry.deed.tier is Tier.HOTLINE

    @invariant()
    def the_confidential_stays_with_the_hotline(self) -> None:
        if not self.order.appeal.may_be_disclosed:
            assert self.order.count(Step.DISCLOSE) == 0
            assert Tier.MEDIA not in {deed.tier for deed in self.order.deeds(Supervise)}

    @invariant()
    def no_card_is_shown_twice(self) -> None:
        cards = [entry.deed for entry in self.order.history if entry.step is Step.REMIND]
        assert len(set(cards)) == len(cards)

    @invariant()
    def no_citizen_is_lost(self) -> None:
        joined = {deed.number for deed in self.order.deeds(Join)}
        assert {party.number for party in self.order.citizens} == {MERGED} | joined


TestLifeOfAnOrder = LifeOfAnOrder.TestCase
TestLifeOfAnOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
