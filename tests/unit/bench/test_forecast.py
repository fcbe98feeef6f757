"""The benchmark of the forecast, on tables small enough to know the outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.forecast import Unclassed, bench_forecast, weekly_series
from bench.repeats import Message, understood
from hotline.domain.forecasting import LEAST_WEEKS

WEDNESDAY = datetime(2019, 1, 2, 9, tzinfo=UTC)


def messages(weeks: int, each: int) -> list[Message]:
    return [
        Message(
            f"{week}-{number}", "甲", WEDNESDAY + timedelta(weeks=week), "停水",
            "A1区停水" if number else "A2区停水", category="010201",
        )
        for week in range(weeks)
        for number in range(each)
    ]  # fmt: skip


async def test_messages_are_counted_by_whole_week_county_and_class() -> None:
    read = await understood(messages(12, 3), Unclassed(), lambda _done, _of: None)
    assert weekly_series(read, classes=True) == {"all": [3] * 10, "county A1区": [2] * 10, "county A2区": [1] * 10}  # fmt: skip
    assert weekly_series(messages(12, 3), classes=True) == {"all": [3] * 10, "class 0102": [3] * 10}


def test_errors_stand_beside_those_of_simpler_forecasts_and_what_is_withheld_is_counted() -> None:
    rising = [round(100 * 1.02**week) for week in range(60)]
    found = bench_forecast({"rising": rising, "same": [5] * 60, "short": [5] * (LEAST_WEEKS - 1)})
    assert (found["too_short"], found["shown"], found["withheld"]) == (1, 1, 1)
    assert found["series"]["short"] == {"weeks": LEAST_WEEKS - 1, "mean": 5.0}
    row = found["series"]["rising"]
    assert row["is_shown"]
    assert row["error"] < row["weekly_naive"]
    shown, everything = found["replayed"]["shown"], found["replayed"]["all"]
    assert (shown["forecasts"], everything["forecasts"]) == (26, 52)
    assert shown["error"] < shown["naive"] < shown["mean_of_four"]
