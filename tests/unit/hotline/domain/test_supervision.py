"""Cards and tiers follow from the limits on the order: each once, in order, after any downtime."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.city import load_city
from hotline.domain.appeal import AppealKind, Secrecy, Urgency
from hotline.domain.deeds import (
    AddUnits,
    AskExtension,
    Card,
    CoReply,
    Dispatch,
    GiveNotice,
    GrantExtension,
    ProposeTier,
    Redo,
    RefuseExtension,
    RejectTier,
    Remind,
    Resume,
    SignFor,
    Supervise,
    Suspend,
    Tier,
)
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.order_facts import facts_of
from hotline.domain.people import MACHINE, unit_actor
from hotline.domain.supervision import due_deed, next_duty_at
from hotline.domain.waiting import Waiting, late_parts, waits_for
from hotline.domain.work_order import Status, WorkOrder
from router.rule_router import build_router
from tests.builders import LINYI, an_appeal
from tests.unit.hotline.domain.test_work_order import REPLIED, SIGNED, done
from tests.work_orders import LANSHAN_UNIT, REVIEWER, SUPERVISOR, a_decision, a_registered_order

CITY = load_city(LINYI)
ROUTER = build_router(CITY)
LIMITS = ROUTER.holder.current.limits
LINYI_TIME = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=LINYI_TIME)
"""An ordinary Monday: five working days later is Monday the 30th, 17:30."""


def local(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LINYI_TIME)


def a_dispatched_order(category: str = "0501", **appeal: object) -> WorkOrder:
    given = an_appeal(category=category, text="路灯不亮", **appeal)
    routing = ROUTER.route(given, at=MONDAY)
    limits = LIMITS.at_dispatch(category=category, kind=given.kind, urgency=routing.urgency, start=MONDAY)
    decision = a_decision(MONDAY, limits=limits, supporting_units=())
    order = replace(a_registered_order(appeal=given), registered_at=MONDAY)
    return order.after(Dispatch(decision), by=MACHINE, at=MONDAY)


def caught_up(order: WorkOrder, now: datetime) -> tuple[WorkOrder, list[object]]:
    deeds: list[object] = []
    while (deed := due_deed(order, LIMITS, now)) is not None:
        deeds.append(deed)
        order = order.after(deed, by=MACHINE, at=now)
    return order, deeds


def test_the_yellow_card_is_shown_one_working_day_before_and_the_red_one_on_the_first_after() -> None:
    order = done(a_dispatched_order(), *SIGNED)
    assert order.due_at == local(11, 30, 17, 30)
    assert next_duty_at(order, LIMITS) == local(11, 27, 17, 30)
    assert caught_up(order, local(11, 27, 17, 29))[1] == []
    order, shown = caught_up(order, local(11, 27, 17, 30))
    assert shown == [Remind(Card.YELLOW, local(11, 30, 17, 30))]
    assert caught_up(order, local(11, 30, 23, 59))[1] == []
    order, shown = caught_up(order, local(12, 1))
    assert shown == [Remind(Card.RED, local(11, 30, 17, 30)), Supervise(Tier.HOTLINE, "overdue")]
    assert (order.status, order.tier) == (Status.SUPERVISED, Tier.HOTLINE)


def test_a_week_of_downtime_is_caught_up_in_order_and_only_once() -> None:
    order, shown = caught_up(done(a_dispatched_order(), *SIGNED), local(12, 10))
    due = local(11, 30, 17, 30)
    assert shown[:3] == [Remind(Card.YELLOW, due), Remind(Card.RED, due), Supervise(Tier.HOTLINE, "overdue")]
    assert caught_up(order, local(12, 10))[1] == []
    # The red card was shown on the 10th: the third tier is proposed five working days after that.
    order, shown = caught_up(order, local(12, 18))
    assert shown == [ProposeTier(Tier.GOVERNMENT, "overdue since the red card")]


def test_a_tier_that_was_turned_down_is_proposed_again_for_a_new_cause_only() -> None:
    order, _ = caught_up(done(a_dispatched_order(), *SIGNED), local(12, 1))
    order, shown = caught_up(order, local(12, 9))
    assert shown == [ProposeTier(Tier.GOVERNMENT, "overdue since the red card")]
    turned_down = RejectTier(Tier.GOVERNMENT, "单位已在现场抢修")
    order = order.after(turned_down, by=SUPERVISOR, at=local(12, 9, 10))
    assert (order.proposed_tier, facts_of(order, {}).proposed_tier) == (None, None)
    assert caught_up(order, local(12, 31))[1] == []
    with pytest.raises(IllegalTransitionError, match="no such tier is proposed"):
        order.after(turned_down, by=SUPERVISOR, at=local(12, 10))
    again = Resume(LIMITS.handling_anew("0501", an_appeal().kind, start=local(12, 10, 9)), "另定时限")
    order, _ = caught_up(order.after(again, by=SUPERVISOR, at=local(12, 10, 9)), local(12, 21))
    order, shown = caught_up(order, local(12, 31))
    assert ProposeTier(Tier.GOVERNMENT, "overdue since the red card") in shown  # another red card
    assert order.proposed_tier == ProposeTier(Tier.GOVERNMENT, "overdue since the red card")


def test_a_clock_that_was_set_back_shows_no_card_again() -> None:
    order, _ = caught_up(done(a_dispatched_order(), *SIGNED), local(11, 28))
    assert due_deed(order, LIMITS, local(11, 24)) is None


def test_an_order_nobody_signs_is_reminded_of() -> None:
    order = a_dispatched_order()
    assert next_duty_at(order, LIMITS) == local(11, 24, 17, 30)
    assert caught_up(order, local(11, 25))[1] == [Remind(Card.UNSIGNED, local(11, 24, 17, 30))]


def test_a_statutory_limit_wants_an_interim_notice_and_none_once_it_was_given() -> None:
    order = done(a_dispatched_order(category="0104", kind=AppealKind.COMPLAINT), *SIGNED)
    cards = [deed.card for deed in caught_up(order, local(12, 1))[1] if isinstance(deed, Remind)]
    assert cards == [Card.NOTICE_MISSING]
    told = done(order, (LANSHAN_UNIT, GiveNotice("正在检测，法定期限15个工作日")))
    assert caught_up(told, local(12, 1))[1] == []


def test_a_suspended_order_goes_on_with_new_limits_on_its_day() -> None:
    until = local(12, 7, 9)
    order = done(a_dispatched_order(), *SIGNED, (LANSHAN_UNIT, Suspend(until, "春季施工")))
    assert next_duty_at(order, LIMITS) == until
    order, shown = caught_up(order, until)
    assert [type(deed) for deed in shown] == [Resume]
    assert (order.status, order.due_at) == (Status.HANDLING, local(12, 14, 17, 30))


def test_nothing_runs_against_a_unit_that_has_replied() -> None:
    assert next_duty_at(done(a_dispatched_order(), *REPLIED), LIMITS) is None


def test_two_redos_propose_the_media_but_never_for_a_confidential_order() -> None:
    again = (REVIEWER, Redo("答非所问", LIMITS.handling_anew("0501", an_appeal().kind, start=MONDAY)))
    for secrecy, tiers in ((Secrecy.NONE, [Tier.MEDIA]), (Secrecy.CONFIDENTIAL, [])):
        order = done(a_dispatched_order(secrecy=secrecy), *REPLIED, again, *REPLIED[1:], again)
        proposed = [
            deed.tier
            for deed in caught_up(order, MONDAY + timedelta(hours=1))[1]
            if isinstance(deed, ProposeTier)
        ]
        assert proposed == tiers


def imposed(due: datetime) -> WorkOrder:
    order = replace(a_registered_order(appeal=an_appeal(imposed_due=due)), registered_at=MONDAY)
    limits = LIMITS.at_dispatch(
        category="0501", kind=order.appeal.kind, urgency=Urgency.ORDINARY, start=MONDAY, imposed=due
    )
    return done(order.after(Dispatch(a_decision(MONDAY, limits=limits)), by=MACHINE, at=MONDAY), *SIGNED)


def test_a_provinces_due_time_is_warned_of_like_any_other() -> None:
    order = imposed(local(12, 18, 17, 30))
    assert next_duty_at(done(order, (LANSHAN_UNIT, GiveNotice("办理中"))), LIMITS) == local(12, 17, 17, 30)
    cards = [
        deed.card
        for deed in caught_up(order, local(12, 21))[1]
        if isinstance(deed, Remind) and deed.unit is None
    ]
    assert cards == [Card.NOTICE_MISSING, Card.YELLOW, Card.RED]


def test_a_provinces_order_that_comes_late_is_red_at_once() -> None:
    order, shown = caught_up(imposed(local(11, 20, 17, 30)), MONDAY)
    due = local(11, 20, 17, 30)
    red, supported = Remind(Card.RED, due), Remind(Card.CO_LATE, due, "body-housing")
    assert shown == [red, supported, Supervise(Tier.HOTLINE, "overdue")]
    assert order.tier is Tier.HOTLINE


def test_a_redo_has_the_limit_that_the_catalogue_named() -> None:
    heat = LIMITS.at_dispatch(
        category="0101", kind=AppealKind.HELP, urgency=Urgency.UTILITIES, start=MONDAY, named="heat-measuring"
    )
    order = done(replace(a_dispatched_order(category="0101"), limits=heat), *SIGNED)
    anew = LIMITS.handling_anew("0101", AppealKind.HELP, start=local(11, 25, 9), like=order.first_limit)
    assert anew[0].end == local(11, 26, 9)
    plain = LIMITS.handling_anew("0101", AppealKind.HELP, start=local(11, 25, 9))
    assert plain[0].end == local(12, 2, 17, 30)


def test_a_supporting_unit_is_reminded_as_the_lead_is_until_it_has_answered_and_no_tier_starts_for_it() -> (
    None
):
    until = local(11, 26, 12)
    order = a_dispatched_order().after(SignFor(), by=LANSHAN_UNIT, at=MONDAY)
    order = order.after(AddUnits(("body-police",), "到场", until), by=LANSHAN_UNIT, at=MONDAY)
    order, shown = caught_up(order, local(11, 25, 12))
    assert shown == [Remind(Card.CO_SOON, until, "body-police")]
    assert (waits_for(order), caught_up(order, local(11, 26, 18))[1]) == (frozenset(), [])
    order, shown = caught_up(order, local(11, 27))
    assert shown == [Remind(Card.CO_LATE, until, "body-police")]
    assert ([part.unit for part in late_parts(order)], waits_for(order)) == (
        ["body-police"],
        {Waiting.CO_REPLY},
    )
    assert (order.tier, caught_up(order, local(11, 27, 1))[1]) == (None, [])
    answered = order.after(CoReply("已到场"), by=unit_actor("body-police"), at=local(11, 27, 9))
    assert (late_parts(answered), waits_for(answered)) == ((), frozenset())
    assert caught_up(answered, local(11, 30, 17))[1] == [Remind(Card.YELLOW, answered.due_at)]


DUE, MORE = local(11, 30, 17, 30), local(12, 3, 17, 30)
IN_TIME = AskExtension(MORE, "备件未到")


def test_an_extension_that_was_asked_for_in_time_waits_without_a_red_card_and_is_granted_after_the_due_time() -> (
    None
):
    order = done(a_dispatched_order(), *SIGNED).after(IN_TIME, by=LANSHAN_UNIT, at=local(11, 30, 16))
    order, shown = caught_up(order, local(12, 1, 8, 30))
    assert (order.status, shown) == (Status.HANDLING, [Remind(Card.YELLOW, DUE)])
    granted = GrantExtension(LIMITS.extended(MORE, start=local(12, 1, 8, 30)))
    order, shown = caught_up(order.after(granted, by=REVIEWER, at=local(12, 1, 8, 30)), local(12, 2, 9))
    assert (order.due_at, order.tier, shown) == (MORE, None, [])
    order, shown = caught_up(order, local(12, 4))
    assert shown == [Remind(Card.YELLOW, MORE), Remind(Card.RED, MORE), Supervise(Tier.HOTLINE, "overdue")]


def test_an_extension_that_is_refused_after_the_due_time_brings_the_red_card_at_once() -> None:
    order = done(a_dispatched_order(), *SIGNED).after(IN_TIME, by=LANSHAN_UNIT, at=local(11, 30, 16))
    order, _ = caught_up(order, local(12, 1, 8, 30))
    order = order.after(RefuseExtension("工期足够"), by=REVIEWER, at=local(12, 1, 8, 30))
    assert next_duty_at(order, LIMITS) == local(12, 1)
    order, shown = caught_up(order, local(12, 1, 8, 31))
    assert shown == [Remind(Card.RED, DUE), Supervise(Tier.HOTLINE, "overdue")]


def test_what_was_asked_for_under_the_limit_before_holds_no_red_card_back() -> None:
    order = done(a_dispatched_order(), *SIGNED).after(IN_TIME, by=LANSHAN_UNIT, at=local(11, 25, 16))
    order = order.after(Supervise(Tier.HOTLINE, "集中反映"), by=SUPERVISOR, at=local(11, 26))
    anew = Resume(LIMITS.handling_anew("0501", an_appeal().kind, start=local(11, 26, 9)), "另定时限")
    order = order.after(anew, by=SUPERVISOR, at=local(11, 26, 9))
    assert Remind(Card.RED, local(12, 3, 17, 30)) in caught_up(order, local(12, 4))[1]
