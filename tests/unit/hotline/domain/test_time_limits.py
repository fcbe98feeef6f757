from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from hotline.domain.appeal import AppealKind, Urgency
from hotline.domain.time_limits import Expiry, LimitUnit, StatutoryLimit, TimeLimit, TimeLimits
from hotline.domain.working_calendar import WorkingCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")


def limit(name: str, amount: int, unit: LimitUnit) -> TimeLimit:
    return TimeLimit(name=name, amount=amount, unit=unit, basis=f"basis of {name}")


def limits(day_ends_at: time = time(17, 30)) -> TimeLimits:
    """Spring Festival 2026: rest from 15 to 23 February, 14 and 28 February made up."""
    return TimeLimits(
        timezone=SHANGHAI,
        calendar=WorkingCalendar(
            holidays=frozenset(date(2026, 2, day) for day in range(15, 24)),
            makeup_workdays=frozenset({date(2026, 2, 14), date(2026, 2, 28)}),
            published_years=frozenset({2026}),
        ),
        day_ends_at=day_ends_at,
        signing={
            Urgency.LIFE_SAFETY: limit("life", 15, LimitUnit.MINUTES),
            Urgency.UTILITIES: limit("utilities", 30, LimitUnit.MINUTES),
            Urgency.ORDINARY: limit("ordinary", 1, LimitUnit.WORKING_DAYS),
        },
        handling=limit("handle", 5, LimitUnit.WORKING_DAYS),
        statutory=(
            StatutoryLimit(limit("measure", 24, LimitUnit.HOURS), frozenset(), frozenset()),
            StatutoryLimit(
                limit("gas", 15, LimitUnit.WORKING_DAYS),
                frozenset({"0104"}),
                frozenset({AppealKind.COMPLAINT}),
            ),
            StatutoryLimit(limit("petition", 60, LimitUnit.DAYS), frozenset({"1104"}), frozenset()),
        ),
        sending_back=limit("send_back", 2, LimitUnit.WORKING_DAYS),
        extension=limit("extension", 10, LimitUnit.WORKING_DAYS),
        warning=limit("warning", 1, LimitUnit.WORKING_DAYS),
    )


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


EVE = local("2026-02-14T16:00")
"""The last working day before the Spring Festival, a made-up Saturday."""


@pytest.mark.parametrize(
    ("urgency", "sign_by"),
    [
        (Urgency.LIFE_SAFETY, "2026-02-14T16:15"),
        (Urgency.UTILITIES, "2026-02-14T16:30"),
        (Urgency.ORDINARY, "2026-02-24T17:30"),
    ],
)
def test_signing_is_due_by_urgency_even_on_the_eve_of_the_festival(urgency: Urgency, sign_by: str) -> None:
    assert limits().sign_by(urgency, start=EVE).at == local(sign_by)


def test_hours_run_through_the_night_and_the_holiday() -> None:
    start = local("2026-02-16T23:50")
    assert limits().due("0101", AppealKind.HELP, start=start, named="measure").at == local("2026-02-17T23:50")
    assert limits().sign_by(Urgency.LIFE_SAFETY, start=start).at == local("2026-02-17T00:05")


@pytest.mark.parametrize(
    ("category", "kind", "name", "due_at"),
    [
        ("0204", AppealKind.HELP, "handle", "2026-02-28T17:30"),
        ("0104", AppealKind.HELP, "handle", "2026-02-28T17:30"),
        ("0104", AppealKind.COMPLAINT, "gas", "2026-03-13T17:30"),
        ("1104", AppealKind.COMPLAINT, "petition", "2026-04-15T17:30"),
        (None, AppealKind.HELP, "handle", "2026-02-28T17:30"),
    ],
)
def test_the_law_of_a_sector_comes_before_the_general_limit(
    category: str | None, kind: AppealKind, name: str, due_at: str
) -> None:
    expiry = limits().due(category, kind, start=EVE)
    assert (expiry.limit.name, expiry.at) == (name, local(due_at))


def test_the_day_may_end_at_its_last_second() -> None:
    midnight = limits(time(23, 59, 59)).due("0204", AppealKind.HELP, start=EVE)
    assert midnight.at == local("2026-02-28T23:59:59")


def test_the_starting_day_is_the_citys_own_even_when_the_clock_says_utc() -> None:
    late_in_utc = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # Monday 2 March 07:30 in Linyi
    expiry = limits().sign_by(Urgency.ORDINARY, start=late_in_utc)
    assert expiry.at == local("2026-03-03T17:30")


def test_sending_back_extending_and_warning_count_working_days() -> None:
    due_at = limits().due("0204", AppealKind.HELP, start=EVE).at
    assert limits().send_back_by(start=EVE).at == local("2026-02-25T17:30")
    assert limits().latest_extension(due_at).at == local("2026-03-13T17:30")
    assert limits().warn_at(due_at) == local("2026-02-27T17:30")


def test_a_limit_over_an_unpublished_year_says_so() -> None:
    expiry = limits().due("0204", AppealKind.HELP, start=local("2026-12-30T09:00"))
    assert expiry == Expiry(local("2027-01-06T17:30"), limits().handling, unpublished_years=(2027,))
