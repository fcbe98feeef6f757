"""Benchmark of the forecast of weekly counts on tables of real messages (``id,user,time,topic,detail``), by county and by class.

Nothing is trained on them: the method has no weights, and its test at each week knows the weeks before it only. A series that
is shown was chosen because its test came out well, which flatters that test; so the last ``_REPLAYED`` weeks are replayed as well:
at each of them the forecast is made of what was known then, shown or withheld by its test then, and measured by what came.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from bench.repeats import Message
from hotline.domain.category import at_level
from hotline.domain.forecasting import AHEAD, LEAST_WEEKS, YEAR, Forecast, forecast
from hotline.domain.meaning import Intent, Understanding

_WEEK: Final = timedelta(days=7)
_REPLAYED: Final = 26
_LATELY: Final = 8
_MEAN: Final = 4  # weeks whose mean is a further simple forecast, which the board does not ask for


class Unclassed:
    """Understands nothing: for series by county only."""

    name = "none"

    async def understand(self, text: str) -> Understanding:
        """Return an understanding without a class."""
        return Understanding(text, Intent.UNKNOWN, 0.0, self.name)

    async def close(self) -> None:
        """Nothing to close."""


def weekly_series(messages: Sequence[Message], *, classes: bool) -> dict[str, list[int]]:
    """Count messages by whole week: all of them, by county, and by second-level class if ``classes``.

    A county or class needs one message a week over the last eight, as on the board.
    """
    mondays = [_monday(message.at.date()) for message in messages]
    first, end = min(mondays) + _WEEK, max(mondays)  # the first and the last week may be halves
    length = max((end - first) // _WEEK, 0)
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for message, monday in zip(messages, mondays, strict=True):
        week = (monday - first) // _WEEK
        keys = ["all", f"county {message.county}" if message.county else ""]
        keys.append(f"class {at_level(message.category)}" if classes and message.category else "")
        for key in filter(None, keys):
            counts[key][week] += 1
    series = {key: [found[week] for week in range(length)] for key, found in sorted(counts.items())}
    return {
        key: found
        for key, found in series.items()
        if found and (key == "all" or sum(found[-_LATELY:]) >= len(found[-_LATELY:]))
    }


def bench_forecast(series: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Return the errors of the method and of the naive forecasts for each series, for those shown, and replayed."""
    found = {key: forecast(counts) for key, counts in series.items()}
    made = {key: each for key, each in found.items() if each is not None}
    return {
        "series": {key: _row(series[key], each) for key, each in found.items()},
        "too_short": len(found) - len(made),
        "shown": sum(each.is_useful for each in made.values()),
        "withheld": sum(not each.is_useful for each in made.values()),
        "replayed": _replayed(series),
    }


def _row(counts: Sequence[int], found: Forecast | None) -> dict[str, Any]:
    row: dict[str, Any] = {"weeks": len(counts), "mean": round(sum(counts) / len(counts), 1)}
    if found is None:
        return row
    return {
        **row,
        "tested": found.tested,
        "error": round(found.error, 4),
        "weekly_naive": round(found.weekly_error, 4),
        "seasonal_naive": round(found.yearly_error, 4) if found.yearly_error is not None else None,
        "is_shown": found.is_useful,
    }


def _replayed(series: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Return the pooled errors at the last weeks, of what was shown then and of all that could be forecast."""
    sums: dict[str, Counter[str]] = {"shown": Counter(), "all": Counter()}
    for counts in series.values():
        last = len(counts) - AHEAD
        for week in range(max(LEAST_WEEKS, last - _REPLAYED + 1), last + 1):
            found = forecast(counts[:week])
            if found is None:
                continue
            came = counts[week : week + AHEAD]
            is_yearly = found.yearly_error is not None and found.yearly_error < found.weekly_error
            naive = counts[week - YEAR : week - YEAR + AHEAD] if is_yearly else [counts[week - 1]] * AHEAD
            for kind in ("shown", "all") if found.is_useful else ("all",):
                sums[kind]["forecasts"] += 1
                sums[kind]["came"] += sum(came)
                sums[kind]["missed"] += sum(abs(each.middle - count) for each, count in zip(found.weeks, came, strict=True))  # type: ignore[assignment]  # fmt: skip
                sums[kind]["naive"] += sum(abs(one - count) for one, count in zip(naive, came, strict=True))
                sums[kind]["mean"] += sum(
                    abs(sum(counts[week - _MEAN : week]) / _MEAN - count) for count in came
                )  # type: ignore[assignment]
                sums[kind]["held"] += sum(each.low <= count <= each.high for each, count in zip(found.weeks, came, strict=True))  # fmt: skip
    return {
        kind: {
            "forecasts": each["forecasts"],
            "error": _share(each["missed"], each["came"]),
            "naive": _share(each["naive"], each["came"]),
            "mean_of_four": _share(each["mean"], each["came"]),
            "within_range": _share(each["held"], AHEAD * each["forecasts"]),
        }
        for kind, each in sums.items()
    }


def _share(part: float, of: float) -> float | None:
    return round(part / of, 4) if of else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
