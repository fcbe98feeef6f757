"""Unreasonable appeals (rule 6), splits and what else orders wait for: both sides are heard, a person decides, another than who asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.domain.citizen_view import own_order
from hotline.domain.deeds import (
    AddFacts,
    AskHearing,
    BasisFinding,
    Decline,
    Disclose,
    Divert,
    Evidence,
    GiveOpinion,
    HearingSide,
    QueueForDispatch,
    RejectHearing,
    RejectReturn,
    Reopen,
    SendBack,
    SignFor,
    Split,
    Suspend,
    Withdraw,
    Withhold,
)
from hotline.domain.disclosure import disclosed
from hotline.domain.diversion import Diversion, DiversionOutcome, UnreasonableGround
from hotline.domain.errors import DeedRefusedError
from hotline.domain.hearings import hearings, open_hearing
from hotline.domain.life_cycle import Status, Step
from hotline.domain.notices import messages
from hotline.domain.people import CITIZEN, MACHINE, Actor, Role, unit_actor
from hotline.domain.refusals import is_unhappy
from hotline.domain.waiting import Waiting, waits_for
from hotline.domain.work_order import WorkOrder
from tests.builders import NOW, an_appeal
from tests.unit.hotline.domain.test_work_order import CONCLUDED, CONTENT, REPLY, an_order_after, done, refused
from tests.work_orders import AGENT, HOUSING, LANSHAN_UNIT, REVIEWER, a_registered_order, an_order

GROUND = UnreasonableGround.FOUND_BY_HEARING
PHOTO, MINUTES = Evidence("photo"), Evidence("minutes")
ASKED = AskHearing(GROUND, "超出政策范围", (PHOTO,))
SAYS_CITIZEN = GiveOpinion(HearingSide.CITIZEN, "我家确实不热", (MINUTES,))
SAYS_UNIT = GiveOpinion(HearingSide.UNIT, "室温达标")
FOUND = Decline(GROUND, "听证认定不合理", (PHOTO,))
OTHER = Actor(Role.REVIEWER, "r-2")


def under_hearing(*more: tuple[Actor, object]) -> WorkOrder:
    return an_order_after((LANSHAN_UNIT, ASKED), *more)  # type: ignore[arg-type]


def test_what_both_sides_say_stands_in_the_hearing_until_a_reviewer_decides() -> None:
    order = under_hearing((AGENT, SAYS_CITIZEN))
    hearing = open_hearing(order)
    assert hearing is not None
    assert (hearing.by, hearing.unheard, hearing.evidence) == (LANSHAN_UNIT, (), (PHOTO, MINUTES))
    assert waits_for(order) == {Waiting.HEARING}
    declined = done(order, (REVIEWER, FOUND))
    (ended,) = hearings(declined)
    assert (declined.status, ended.step, ended.reason, ended.decided_by) == (
        Status.DECLINED,
        Step.DECLINE,
        "听证认定不合理",
        REVIEWER,
    )
    assert (open_hearing(declined), waits_for(declined)) == (None, frozenset())
    assert own_order(declined, declined.citizens[0], NOW, urge_again=timedelta(days=1)).steps[-1].text == (
        "听证认定不合理"
    )


def test_a_hearing_that_is_rejected_leaves_the_order_where_it_is_and_tells_everybody_why() -> None:
    before = under_hearing((AGENT, SAYS_CITIZEN))
    order = done(before, (REVIEWER, RejectHearing("诉求合理")))
    assert (order.status, open_hearing(order)) == (Status.TO_SIGN, None)
    told = {(each.destination, each.body["reason"]) for each in messages(before, order)}
    assert told == {("unit:county-371302", "诉求合理"), ("citizen:26112300001", "诉求合理")}
    assert len(hearings(done(order, (AGENT, ASKED)))) == 2


def test_a_unit_asks_with_evidence_for_its_own_orders_and_only_once() -> None:
    order = an_order()
    assert refused(order, LANSHAN_UNIT, replace(ASKED, evidence=())) == (
        "a unit asks for a hearing with evidence"
    )
    assert refused(order, HOUSING, ASKED) == "only the lead unit may do this"
    assert refused(under_hearing(), AGENT, ASKED) == "a hearing is open: it is decided first"
    with pytest.raises(DeedRefusedError):
        AskHearing(UnreasonableGround.OUTSIDE_CITY, "外市")


def test_nobody_speaks_for_the_other_side_and_the_hotline_writes_down_both() -> None:
    order = under_hearing()
    assert refused(order, LANSHAN_UNIT, SAYS_CITIZEN) == "nobody speaks for the other side"
    assert refused(order, CITIZEN, SAYS_UNIT) == "nobody speaks for the other side"
    assert refused(order, unit_actor("body-police"), SAYS_UNIT) == "only the units of the order may do this"
    heard = done(order, (HOUSING, SAYS_UNIT), (CITIZEN, SAYS_CITIZEN), (AGENT, SAYS_UNIT))
    assert [len(each.opinions) for each in hearings(heard)] == [3]
    for deed in (SAYS_UNIT, RejectHearing("诉求合理")):
        assert refused(an_order(), REVIEWER, deed) == "no hearing is open"


def test_a_hearing_is_decided_after_both_sides_by_a_reviewer_who_did_not_ask_for_it() -> None:
    by_unit = under_hearing()
    assert refused(by_unit, REVIEWER, FOUND) == "both sides are heard before a hearing is decided"
    silent = GiveOpinion(HearingSide.CITIZEN, "三次电话未接，短信通知", is_silent=True)
    assert done(by_unit, (AGENT, silent), (REVIEWER, FOUND)).status is Status.DECLINED
    by_reviewer = an_order_after((REVIEWER, ASKED), (AGENT, SAYS_CITIZEN))
    assert refused(by_reviewer, OTHER, FOUND) == "both sides are heard before a hearing is decided"
    ready = done(by_reviewer, (HOUSING, SAYS_UNIT))
    for deed in (FOUND, RejectHearing("诉求合理")):
        assert refused(ready, REVIEWER, deed) == "nobody approves their own application"
    assert refused(ready, AGENT, Decline(UnreasonableGround.AGAINST_LAW, "x")) == (
        "only a reviewer decides a hearing"
    )
    assert done(ready, (OTHER, FOUND)).status is Status.DECLINED


def test_what_a_citizen_adds_meanwhile_is_their_opinion() -> None:
    order = under_hearing((AGENT, AddFacts("话务员记的")), (CITIZEN, AddFacts("我有测温照片")))
    (hearing,) = hearings(order)
    assert [opinion.given.text for opinion in hearing.opinions] == ["我有测温照片"]
    assert hearing.unheard == ()


def test_while_a_hearing_is_open_nothing_ends_the_order_but_its_citizen() -> None:
    order = under_hearing()
    sent_back = SendBack("不在辖区", "条例第五条", "body-housing")
    assert refused(order, LANSHAN_UNIT, sent_back) == "a hearing is open: it is decided first"
    suspended = done(order, *SIGNED_FOR, (LANSHAN_UNIT, Suspend(NOW + timedelta(days=2), "等配件")))
    assert refused(done(order, *SIGNED_FOR), LANSHAN_UNIT, REPLY) == (
        "a hearing is open: it is decided first"
    )
    assert open_hearing(suspended) is not None
    withdrawn = done(order, (CITIZEN, Withdraw("不反映了")))
    assert [each.step for each in hearings(withdrawn)] == [Step.WITHDRAW]


SIGNED_FOR = ((LANSHAN_UNIT, SignFor()),)


def test_what_a_unit_works_on_is_declined_by_a_hearing_only() -> None:
    assert refused(an_order(), REVIEWER, Decline(UnreasonableGround.AGAINST_LAW, "不符合政策")) == (
        "no hearing is open"
    )
    queued = done(a_registered_order(), (MACHINE, QueueForDispatch("x")))
    assert refused(queued, REVIEWER, FOUND) == "no hearing is open"
    assert done(queued, (AGENT, Decline(UnreasonableGround.AGAINST_LAW, "不符合政策"))).status is (
        Status.DECLINED
    )


def test_an_order_that_a_unit_has_is_merged_by_a_reviewer_and_else_not_diverted() -> None:
    merge = Divert(Diversion(DiversionOutcome.REPEAT_MERGED, "同一事项", "已并入"), into="26112300002")
    other = Divert(Diversion(DiversionOutcome.OTHER_CITY, "外市", "请拨"))
    why = "an order that a unit has is only merged, and by a reviewer"
    assert (refused(an_order(), AGENT, merge), refused(an_order(), REVIEWER, other)) == (why, why)
    merged = done(an_order(), (REVIEWER, merge))
    assert (merged.status, merged.merged_into) == (Status.DIVERTED, "26112300002")
    assert "unit:county-371302" in {each.destination for each in messages(an_order(), merged)}


def test_a_part_that_goes_on_by_itself_is_told_and_leaves_the_order_where_it_is() -> None:
    assert refused(an_order(), REVIEWER, Split("26112300001", "路灯", "两件事")) == (
        "a part of an order goes into another order"
    )
    split = done(an_order(), (REVIEWER, Split("26112300002", "路灯不亮", "路灯由城管办理")))
    steps = own_order(split, split.citizens[0], NOW, urge_again=timedelta(days=1)).steps
    assert (split.status, steps[-1].text) == (Status.TO_SIGN, "路灯由城管办理")


def test_a_closed_order_waits_until_somebody_decides_whether_it_is_public() -> None:
    closed = an_order_after(*CONCLUDED)
    assert waits_for(closed) == {Waiting.DISCLOSURE}
    public = done(closed, (REVIEWER, Disclose("供热已恢复。")))
    assert (waits_for(public), disclosed(public) is not None) == (frozenset(), True)
    taken_off = done(public, (REVIEWER, Withhold("涉及个人隐私")))
    assert (waits_for(taken_off), disclosed(taken_off)) == (frozenset(), None)
    assert waits_for(done(taken_off, (REVIEWER, Reopen("异议成立")))) == frozenset()
    assert waits_for(replace(closed, appeal=an_appeal(is_about_minor=True))) == frozenset()
    with pytest.raises(DeedRefusedError):
        Withhold(" ")


def test_a_citizen_who_is_content_but_asks_for_it_has_it_handled_again() -> None:
    assert (is_unhappy(CONTENT), is_unhappy(replace(CONTENT, wants_redo=True))) == (False, True)


def test_a_return_keeps_what_was_found_of_its_basis() -> None:
    back = (LANSHAN_UNIT, SendBack("不在辖区", "条例第五条", "body-housing"))
    order = an_order_after(back, (REVIEWER, RejectReturn("在辖区内", BasisFinding.NOT_APPLICABLE)))
    found = order.last(RejectReturn)
    assert found is not None
    assert found.basis is BasisFinding.NOT_APPLICABLE
