"""Parts of the day and hours (时段、钟点): “晚上十点多” of a day, or of the last day it can have been."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from hotline.domain.appeal import Granularity
from hotline.numerals import cardinal
from nlu.days import Span, midnight

_N: Final = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_PARTS: Final = {  # hours from the midnight the day begins with; the night goes on after the next midnight
    "凌晨": (0, 6),
    "清晨": (5, 8),
    "早晨": (5, 9),
    "大清早": (5, 8),
    "一早": (5, 9),
    "早上": (5, 9),
    "早": (5, 9),
    "上午": (8, 12),
    "中午": (11, 14),
    "下午": (12, 18),
    "傍晚": (17, 20),
    "晚上": (18, 24),
    "夜里": (22, 30),
    "夜间": (22, 30),
    "深夜": (22, 30),
    "后半夜": (24, 30),
    "大半夜": (23, 29),
    "半夜": (23, 29),
    "晚": (18, 24),
    "夜": (22, 30),
}
_ALONE: Final = sorted((part for part in _PARTS if len(part) > 1), key=len, reverse=True)
_HOUR: Final = (
    rf"(?P<hour>{_N})(?:点钟?|时(?!候|间|常|不))(?P<minute>半|[一三]刻|[零过]?{_N}分?(?!多?[天个号年月]))?(?P<more>多|来钟)?"
    rf"|(?P<colon>\d{{1,2}})[:：](?P<past>\d{{2}})(?!\d)"
)
CLOCK: Final = re.compile(
    rf"(?P<part>(?:{'|'.join(_ALONE)}|(?<=[今昨前])[早晚夜])(?:上|里|间)?)的?(?P<second>凌晨|半夜|夜里)?(?:大概|大约|差不多)?(?:{_HOUR})"
    rf"|(?P<only>(?:{'|'.join(_ALONE)})(?!好)|(?<=[今昨前])[早晚夜])(?P<then>凌晨|半夜)?"
    rf"|(?<![\d.点一二三四五六七八九十百有差几])(?!一点(?!半|钟|多|[一二三四五]十))(?:{_HOUR.replace('P<', 'P<bare_')})(?!\d|建议|意见|要求|问题|希望|诉求|想法|理由|原因|疑问)",
)
"""A part of the day, an hour, or both."""
_NIGHT_ENDS: Final = 6
_EVENING_BEGINS: Final = 5
_NOON: Final = 12
_DAY_HOURS: Final = 24
_MINUTES: Final = {"半": 30, "一刻": 15, "三刻": 45}
_DAY: Final = timedelta(days=1)


def of_day(clock: re.Match[str], day: Span | None, at: datetime) -> Span | None:
    """Return the time that ``clock`` means on ``day``; without a day, the last time that was."""
    part = clock["only"] or (clock["part"] or "").removesuffix("上" if clock["part"] not in _PARTS else "")
    part = part if part in _PARTS else part.rstrip("上里间")
    second = clock["second"] or clock["then"]
    bare = "bare_" if clock["bare_hour"] or clock["bare_colon"] else ""
    hour, minute = _hour(clock, bare)
    start = day.start if day is not None else clock.start()
    if hour is None and not (second or part):  # 十十点
        return None
    if hour is None:
        first, last = _PARTS["后半夜" if second else part]
        begins, ends, granularity = timedelta(hours=first), timedelta(hours=last), Granularity.PART_OF_DAY
    elif hour > _DAY_HOURS or minute >= 60:
        return None
    else:
        whole = _on_dial(hour, second if second and part.startswith(("晚", "夜")) else part, bool(second))
        begins = timedelta(hours=whole, minutes=minute)
        is_exact = clock[f"{bare}minute"] is not None or clock[f"{bare}colon"] is not None
        ends = begins if is_exact else begins + timedelta(hours=1)
        granularity = Granularity.MINUTE if is_exact else Granularity.HOUR
    base = day.begins if day is not None else midnight(at.date(), at)
    span = Span(start, clock.end(), base + begins, base + ends, granularity)
    if day is not None:
        return span
    while span.begins > at:  # the day was not said: the last time it was that hour
        if bare and hour is not None and hour <= _NIGHT_ENDS and span.begins.hour >= _NOON:
            earlier = span.begins - timedelta(hours=_NOON)
            if earlier <= at:
                return Span(start, span.end, earlier, earlier + (span.ends - span.begins), granularity)
        span = Span(start, span.end, span.begins - _DAY, span.ends - _DAY, granularity)
    return span


def _hour(clock: re.Match[str], bare: str) -> tuple[int | None, int]:
    if clock[f"{bare}colon"]:
        return int(clock[f"{bare}colon"]), int(clock[f"{bare}past"])
    if not clock[f"{bare}hour"]:
        return None, 0
    said = (clock[f"{bare}minute"] or "").removesuffix("分")
    minute = _MINUTES.get(said) or cardinal(said.lstrip("零过")) or 0
    return cardinal(clock[f"{bare}hour"]), minute


def _on_dial(hour: int, part: str, is_after_midnight: bool) -> int:
    """Return the hour from the day's midnight on; 24 and more are after the next one (晚上十二点, 夜里两点)."""
    if hour > _NOON:
        return hour
    match part:
        case "下午" | "傍晚":
            return hour if hour == _NOON else hour + _NOON
        case "中午":
            return hour if hour >= 10 else hour + _NOON
        case "凌晨" | "后半夜" if not is_after_midnight:
            return hour % _NOON
        case "晚上" | "晚" | "夜里" | "夜间" | "夜" | "深夜" | "半夜" | "大半夜" | "凌晨" | "后半夜":
            if hour == _NOON:
                return _DAY_HOURS
            return (
                hour + _NOON
                if hour > _EVENING_BEGINS and part not in ("凌晨", "后半夜")
                else hour + _DAY_HOURS
            )
        case "":
            return hour + _NOON if hour <= _EVENING_BEGINS else hour
        case _:
            return hour
