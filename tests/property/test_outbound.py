"""Whatever is due: who may not be called is not, and callers keep their lines."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbound import CallPurpose, DueCall
from hotline.domain.working_calendar import WorkingCalendar
from hotline.service.outbound import Lines, NotCalled, OutboundRules, half_day, plan

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar(frozenset(), frozenset(), frozenset({2026}))
RULES = OutboundRules(
    windows=((time(9), time(12)), (time(14), time(20))),
    only_working_days=False,
    max_attempts=3,
    at_once=2,
    per_minute=4,
    keep_free=2,
    machine_calls_secret=False,
)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZONE)
PHONES = [PhoneNumber(f"1390539000{last}") for last in range(6)]

_TIMES = st.integers(-3 * 24 * 60, 3 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
_DUE = st.lists(
    st.builds(
        DueCall,
        reference=st.integers(0, 99).map(str),
        purpose=st.sampled_from(CallPurpose),
        phone=st.sampled_from(PHONES),
        is_secret=st.booleans(),
        tried_at=st.lists(_TIMES, max_size=4).map(tuple),
    ),
    max_size=8,
)
_LINES = st.builds(Lines, st.integers(0, 8), st.integers(0, 4), st.integers(0, 6))


@given(_DUE, _TIMES, _LINES, st.sets(st.sampled_from(PHONES)), st.sets(st.sampled_from(PHONES)))
def test_nobody_is_called_who_may_not_be_called_now(
    due: list[DueCall],
    at: datetime,
    lines: Lines,
    contacted: set[PhoneNumber],
    stopped: set[PhoneNumber],
) -> None:
    made = plan(due, at=at, rules=RULES, calendar=CALENDAR, contacted=contacted, stopped=stopped, lines=lines)
    now = half_day(at, RULES, CALENDAR)
    for call in made.calls:
        assert call.due.phone in contacted - stopped
        assert not call.due.is_secret
        assert now is not None
        assert call.attempt == len(call.due.tried_at) + 1 <= RULES.max_attempts
        assert now not in [half_day(tried, RULES, CALENDAR) for tried in call.due.tried_at]
    phones = [call.due.phone for call in made.calls]
    assert len(phones) == len(set(phones))
    assert len(made.calls) + len(made.left) == len(due)


@given(_DUE, _TIMES, _LINES)
def test_callers_keep_their_lines(due: list[DueCall], at: datetime, lines: Lines) -> None:
    made = plan(due, at=at, rules=RULES, calendar=CALENDAR, contacted=PHONES, stopped=(), lines=lines)
    placed = len(made.calls)
    assert placed == 0 or lines.free - placed >= RULES.keep_free
    assert placed == 0 or lines.running + placed <= RULES.at_once
    assert placed == 0 or lines.placed_lately + placed <= RULES.per_minute


@given(_TIMES)
def test_a_call_that_nothing_hinders_is_placed_in_every_allowed_hour(at: datetime) -> None:
    due = DueCall("26112300001", CallPurpose.REVISIT, PHONES[0])
    made = plan(
        [due], at=at, rules=RULES, calendar=CALENDAR, contacted=PHONES, stopped=(), lines=Lines(free=4)
    )
    is_allowed = time(9) <= at.time() < time(12) or time(14) <= at.time() < time(20)
    assert (len(made.calls) == 1) is is_allowed
    assert is_allowed or made.left == ((due, NotCalled.OUT_OF_HOURS),)
