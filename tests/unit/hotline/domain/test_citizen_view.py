"""What citizens see of their order and may do with it: all that was done for them, nothing of others, nothing internal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hotline.domain.appeal import PhoneNumber, Secrecy
from hotline.domain.citizen_view import CitizenDeed, OwnOrder, may, own_order
from hotline.domain.deeds import (
    AcceptReturn,
    AddFacts,
    AskExtension,
    AskSupplement,
    Contact,
    Deed,
    Divert,
    Evidence,
    GiveNotice,
    GrantExtension,
    Join,
    Object,
    PassReview,
    Redo,
    Reply,
    Resolution,
    Revisit,
    Satisfaction,
    SendBack,
    SignFor,
    Supplement,
    Suspend,
    Urge,
    Withdraw,
)
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.life_cycle import Status, Step
from hotline.domain.notices import messages
from hotline.domain.people import CITIZEN, MACHINE, Actor
from hotline.domain.time_limits import LimitPurpose, SetLimit
from hotline.domain.work_order import WorkOrder
from tests.builders import NOW, PHONE
from tests.work_orders import LANSHAN_UNIT, REVIEWER, a_decision, a_registered_order, an_order

DAY = timedelta(days=1)
REPLY = Reply("已经修好", "暖气已修好", contact=Contact(NOW, "电话", (Evidence("e1"),)), is_resolved=True)
GOOD = Revisit(
    is_reached=True, how="网上", resolution=Resolution.RESOLVED, result=Satisfaction.SATISFIED,
    attitude=Satisfaction.MOSTLY,
)  # fmt: skip


def after(order: WorkOrder, *deeds: tuple[Deed, Actor], minutes: float = 10) -> WorkOrder:
    for deed, by in deeds:
        order = order.after(deed, by=by, at=order.history[-1].at + timedelta(minutes=minutes))
    return order


def seen(order: WorkOrder, at: datetime = NOW + DAY, party: int = 0) -> OwnOrder:
    return own_order(order, order.citizens[party], at, urge_again=DAY)


def test_a_fresh_order_shows_its_unit_and_time_and_what_may_be_done() -> None:
    found = seen(an_order(), NOW)
    assert (found.lead_unit, found.due_at, found.text) == ("county-371302", NOW + 7 * DAY, "家里暖气不热")
    assert [(step.step, step.unit, step.until) for step in found.steps] == [
        (None, None, None), (Step.DISPATCH, "county-371302", NOW + 7 * DAY),
    ]  # fmt: skip
    assert found.may == {
        CitizenDeed.ADD_FACTS, CitizenDeed.URGE, CitizenDeed.WITHDRAW, CitizenDeed.WRITE,
    }  # fmt: skip


def test_returns_extensions_and_redos_are_shown_but_not_what_units_say_among_themselves() -> None:
    later = (SetLimit(LimitPurpose.HANDLING, "延期", "省办法", NOW, NOW + 9 * DAY),)
    order = after(
        an_order(),
        (SendBack("不归我们", "三定方案", "body-housing"), LANSHAN_UNIT),
        (AcceptReturn("同意"), REVIEWER),
    )
    steps = [(step.step, step.text) for step in seen(order).steps][2:]
    assert steps == [(Step.SEND_BACK, ""), (Step.ACCEPT_RETURN, "")]
    order = after(
        an_order(), (SignFor(), LANSHAN_UNIT), (GiveNotice("正在换阀门"), LANSHAN_UNIT),
        (Suspend(NOW + 30 * DAY, "开春更换管道"), REVIEWER),
    )  # fmt: skip
    steps = [(step.step, step.text, step.until) for step in seen(order).steps][2:]
    assert steps == [
        (Step.SIGN_FOR, "", None), (Step.GIVE_NOTICE, "正在换阀门", None),
        (Step.SUSPEND, "开春更换管道", NOW + 30 * DAY),
    ]  # fmt: skip
    order = after(
        an_order(), (SignFor(), LANSHAN_UNIT), (AskExtension(NOW + 9 * DAY, "等配件"), LANSHAN_UNIT),
        (GrantExtension(later), REVIEWER),
    )  # fmt: skip
    steps = [(step.step, step.text, step.until) for step in seen(order).steps][3:]
    assert steps == [(Step.GRANT_EXTENSION, "", NOW + 9 * DAY)]


def test_a_reply_is_shown_once_it_has_passed_review_and_then_it_may_be_rated_once() -> None:
    replied = after(an_order(), (SignFor(), LANSHAN_UNIT), (REPLY, LANSHAN_UNIT))
    assert (seen(replied).reply, [step.step for step in seen(replied).steps][-1]) == ("", Step.SIGN_FOR)
    passed = after(replied, (PassReview(), REVIEWER))
    found = seen(passed)
    assert (found.reply, found.steps[-1].text) == ("已经修好", "已经修好")
    assert CitizenDeed.RATE in found.may
    rated = after(passed, (GOOD, CITIZEN))
    assert CitizenDeed.RATE not in seen(rated).may
    redone = after(rated, (Redo("再修", a_decision().limits), REVIEWER))
    assert (seen(redone).reply, seen(redone).steps[-2].step) == ("", Step.REVISIT)


def test_urging_is_possible_again_after_a_while() -> None:
    order = after(an_order(), (Urge("快点"), CITIZEN))
    assert CitizenDeed.URGE not in seen(order, NOW + timedelta(hours=5)).may
    assert CitizenDeed.URGE in seen(order, NOW + 2 * DAY).may


def test_what_is_missing_may_be_supplied_and_a_closed_order_objected_to() -> None:
    lacking = after(a_registered_order(routing=None), (AskSupplement("请说明小区"), MACHINE))
    assert (seen(lacking).steps[-1].text, CitizenDeed.SUPPLEMENT in seen(lacking).may) == ("请说明小区", True)
    told = Diversion(DiversionOutcome.STATUTORY_CHANNEL, "诉讼", "请向法院提出")
    closed = after(a_registered_order(routing=None), (Divert(told), REVIEWER))
    found = seen(closed)
    assert (found.status, found.steps[-1].text) == (Status.DIVERTED, "请向法院提出")
    assert found.may == {CitizenDeed.OBJECT}


def test_who_joined_sees_their_own_words_and_nothing_of_the_other_citizen() -> None:
    order = after(
        an_order(),
        (AddFacts("我在三楼，姓王"), CITIZEN),
        (Join("26112300007", "我家也不热", PHONE), CITIZEN),
        (AddFacts("老人住院了"), CITIZEN),
    )
    mine = seen(order, party=1)
    assert (mine.number, mine.handled_as, mine.text, mine.place) == (
        "26112300007", "26112300001", "我家也不热", "",
    )  # fmt: skip
    assert mine.registered_at == order.history[3].at
    assert [(step.step, step.text) for step in mine.steps] == [
        (None, ""), (Step.DISPATCH, ""), (Step.ADD_FACTS, ""),
    ]  # fmt: skip


def test_nobody_takes_back_what_others_are_owed_the_reply_to() -> None:
    order = after(an_order(), (Join("26112300007", "我家也不热", PhoneNumber("13905390002")), CITIZEN))
    assert [CitizenDeed.WITHDRAW in seen(order, party=party).may for party in (0, 1)] == [False, False]


def test_alone_one_reads_ones_own_words_again() -> None:
    order = after(an_order(), (AddFacts("我在三楼"), CITIZEN), (Withdraw("已经修好"), CITIZEN))
    assert [step.text for step in seen(order).steps[2:]] == ["我在三楼", "已经修好"]
    lacking = after(
        a_registered_order(routing=None), (AskSupplement("小区"), MACHINE), (Supplement("阳光花园"), CITIZEN)
    )
    assert seen(lacking).steps[-1].text == "阳光花园"
    by_machine = after(a_registered_order(appeal=replace(an_order().appeal), routing=None))
    assert seen(by_machine).lead_unit is None


@pytest.mark.parametrize("deed", list(CitizenDeed))
def test_a_confidential_order_is_handled_like_any_other(deed: CitizenDeed) -> None:
    secret = an_order(appeal=replace(an_order().appeal, secrecy=Secrecy.CONFIDENTIAL))
    assert may(secret, deed, NOW, urge_again=DAY) == may(an_order(), deed, NOW, urge_again=DAY)
    assert seen(secret).is_confidential


def test_the_duty_officer_is_told_of_an_objection() -> None:
    told = Diversion(DiversionOutcome.STATUTORY_CHANNEL, "诉讼", "请向法院提出")
    closed = after(a_registered_order(routing=None), (Divert(told), REVIEWER))
    objected = after(closed, (Object("我没有起诉"), CITIZEN))
    (message,) = messages(closed, objected)
    assert (message.destination, message.kind, message.body["reason"]) == (
        "duty", "work_order.object", "我没有起诉",
    )  # fmt: skip
    assert seen(objected).steps[-1].text == "我没有起诉"
