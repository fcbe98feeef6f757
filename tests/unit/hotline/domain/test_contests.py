"""A unit contests how an order counts against it: within its time, once, decided by whoever did not count it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hotline.city import load_city
from hotline.domain.contests import ContestRules, last_contest, open_contest
from hotline.domain.deeds import (
    Answer,
    Archive,
    Conclude,
    Contest,
    Dispatch,
    Evidence,
    Exclude,
    RejectContest,
    Reopen,
)
from hotline.domain.errors import DeedRefusedError, IllegalTransitionError
from hotline.domain.notices import messages
from hotline.domain.order_facts import facts_of
from hotline.domain.people import MACHINE, Actor, Role
from hotline.domain.time_limits import LimitUnit, TimeLimit
from hotline.domain.waiting import Waiting, waits_for, waits_since
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework
from hotline.service.contests import Contests
from router.time_tables import load_time_limits
from tests.builders import LINYI, NOW
from tests.unit.hotline.domain.test_work_order import (
    CONCLUDED,
    REVIEWED,
    UNHAPPY,
    an_order_after,
    done,
    refused,
)
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

CONTEST = Contest("wrong_record", "当日已电话联系", (Evidence("e"),), NOW + timedelta(days=40))
DECIDER = Actor(Role.SUPERVISOR, "s-2")
CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
RULES = ContestRules(TimeLimit("contest", 5, LimitUnit.WORKING_DAYS, "待核"), {"wrong_record": "记录不符"})


def contested() -> WorkOrder:
    return an_order_after(*CONCLUDED, (LANSHAN_UNIT, CONTEST))


def test_upheld_the_order_counts_no_longer_and_the_unit_is_told() -> None:
    order = contested()
    assert (waits_for(order), waits_since(order, Waiting.CONTEST)) == (
        {Waiting.CONTEST, Waiting.DISCLOSURE},
        NOW,
    )
    assert facts_of(order, CITY.units).counts
    decided = done(order, (DECIDER, Exclude("wrong_record", "通话记录属实", "s-2")))
    found = last_contest(decided)
    assert found is not None
    assert (found.is_upheld, found.reason, found.decided_by) == (True, "通话记录属实", DECIDER)
    assert (open_contest(decided), facts_of(decided, CITY.units).counts) == (None, False)
    told = [(each.destination, each.kind) for each in messages(order, decided)]
    assert told == [("unit:county-371302", "work_order.exclude")]
    asked = [(each.destination, each.kind) for each in messages(an_order_after(*CONCLUDED), order)]
    assert asked == [("supervisor:1", "work_order.contest")]


def test_rejected_it_goes_on_counting_and_is_not_contested_again_until_it_is_opened_again() -> None:
    kept = done(contested(), (DECIDER, RejectContest("没有通话记录")))
    found = last_contest(kept)
    assert found is not None
    assert (found.is_upheld, found.reason, open_contest(kept)) == (False, "没有通话记录", None)
    assert facts_of(kept, CITY.units).counts
    told = [(each.destination, each.kind) for each in messages(contested(), kept)]
    assert told == [("unit:county-371302", "work_order.reject_contest")]
    assert refused(kept, LANSHAN_UNIT, CONTEST) == "its counting was contested already"
    again = done(kept, (REVIEWER, Reopen("有新情况")), (REVIEWER, Dispatch(a_decision())))
    assert last_contest(again) is None


def test_whoever_counted_it_does_not_decide_nor_does_a_reviewer_around_them() -> None:
    order = done(
        an_order(), *CONCLUDED[:-1], (Actor(Role.REVIEWER, "s-1"), Conclude()), (LANSHAN_UNIT, CONTEST)
    )
    exclusion = Exclude("wrong_record", "属实", "x")
    own = "nobody decides on a contest of what they counted"
    assert (refused(order, SUPERVISOR, RejectContest("-")), refused(order, SUPERVISOR, exclusion)) == (
        own,
        own,
    )
    contest = "its counting is contested: supervision decides"
    assert (refused(order, REVIEWER, exclusion), refused(order, REVIEWER, Archive())) == (contest, contest)
    assert refused(order, REVIEWER, RejectContest("-")) == "not for reviewer"
    assert done(order, (DECIDER, RejectContest("-"))).count(RejectContest("-").step) == 1


def test_only_the_lead_contests_in_time_what_counts() -> None:
    order = an_order_after(*CONCLUDED)
    assert refused(order, HOUSING, CONTEST) == "only the lead unit may do this"
    late = CONTEST.until - NOW + timedelta(seconds=1)
    assert refused(order, LANSHAN_UNIT, CONTEST, late) == "the time for contesting its counting is over"
    assert refused(an_order_after(*REVIEWED), LANSHAN_UNIT, CONTEST) == "not in this state"
    excluded = done(order, (REVIEWER, Exclude("unreasonable", "八类", "张主任")))
    answered = done(a_registered_order(), (MACHINE, Answer("A0101-01")))
    for uncounted in (excluded, answered):
        assert refused(uncounted, LANSHAN_UNIT, CONTEST) == "it does not count in the assessment"
    for deed in (RejectContest("-"), Exclude("x", "-", "-")):
        assert refused(order, DECIDER, deed) == "its counting is not contested"
    assert last_contest(excluded) is None


@pytest.mark.parametrize(
    "given", [("", "理由", (Evidence("e"),)), ("g", " ", (Evidence("e"),)), ("g", "理由", ())]
)
def test_a_contest_without_ground_reason_or_evidence_is_refused(
    given: tuple[str, str, tuple[Evidence, ...]],
) -> None:
    with pytest.raises(DeedRefusedError):
        Contest(*given, NOW)
    with pytest.raises(DeedRefusedError):
        RejectContest(" ")


def test_the_time_runs_from_the_end_of_the_quarter_or_from_when_it_was_closed_if_that_is_later() -> None:
    class NoStore:
        pass

    contests = Contests(Casework(NoStore(), lambda: LIMITS, CITY.units), RULES)  # type: ignore[arg-type]
    order = an_order_after(*CONCLUDED)
    assert contests.until(an_order_after(*REVIEWED)) is None
    ends = contests.until(order)
    assert ends is not None
    assert ends.date() == LIMITS.calendar.add_working_days(datetime(2026, 12, 31).date(), 5)
    late = an_order_after(*REVIEWED, (AGENT, UNHAPPY)).after(
        Conclude("解释清楚"), by=AGENT, at=datetime(2027, 3, 1, 10, tzinfo=CITY.timezone)
    )
    ends = contests.until(late)
    assert ends is not None
    assert ends.date() == datetime(2027, 3, 8).date()
    assert contests.deed(order, "wrong_record", "-", (Evidence("e"),)).until == contests.until(order)
    with pytest.raises(DeedRefusedError):
        contests.deed(order, "unheard_of", "-", (Evidence("e"),))
    with pytest.raises(IllegalTransitionError):
        contests.deed(an_order_after(*REVIEWED), "wrong_record", "-", (Evidence("e"),))
