"""When it happened (发生时间): the interval that “上周三晚上十点多” or “这半个月” means, seen from a given moment.

What has happened lies in the past: a day without its year, month or week is the last such day, an end is never later
than the moment of speaking, and what can only lie ahead (明天) is no answer. A time is a *day* (or week, month, length),
a part of the day and an hour; each may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from hotline.domain.appeal import Granularity, Interval
from nlu.clock_times import CLOCK, of_day
from nlu.days import Span, spans

_CORRECTION: Final = re.compile(r"不是[^，。,]{0,12}[，,]?(?:而|应该)?是|不对|不是|说错了|记错了")
_ALWAYS: Final = re.compile(
    r"每天|每日|天天|每晚|每夜|夜夜|每到|一到(?=晚|夜|半夜|周末|凌晨|早|中午|下午)|每个?(?=周|星期|礼拜|月|年)|经常|总是|老是|长期|时不时|每逢"
)
_TILL_NOW: Final = re.compile(
    r"(?:一直)?(?:就)?(?:持续)?(?:到|至)(?:现在|今天|今|目前|这会儿?)|以来|开始|起(?!来)|之后一直|就一直"
)
_SINCE: Final = re.compile(r"(?:[^，。,]{0,6}(?:到|至)(?:现在|今天|目前|这会儿?))|就(?![是要])|一直|都(?!是)")
_DAY_OF_MONTH: Final = re.compile(r"[\d一二三四五六七八九十]{1,3}[号日]")
_FROM: Final = re.compile(r"(?:自从|从|打|自)$")
_ROUGHLY: Final = re.compile(r"左右|前后|上下|那几天|那两天")
_TO: Final = re.compile(r"到|至|—|-|~")
_GLUE: Final = re.compile(r"[的，、\s]?")
_CLOCK_TIMES: Final = frozenset({Granularity.MINUTE, Granularity.HOUR})
_HALF_DAY: Final = timedelta(hours=12)
_LONGEST: Final = 2_000


def find_interval(text: str, at: datetime) -> Interval | None:
    """Return when what ``text`` tells of happened, None where it does not say; ``at``: when it is said, local time.

    A correction (不对，是昨天) counts more than what it corrects; otherwise what is said first.
    """
    text = text[:_LONGEST]
    cuts = [found.end() for found in _CORRECTION.finditer(text)]
    for start in (*reversed(cuts), 0):
        for interval in _intervals(text, start, at):
            return interval
    return None


def _intervals(text: str, start: int, at: datetime) -> Iterator[Interval]:
    position = start
    while (span := _next(text, position, at)) is not None:
        position = span.end
        interval = _finished(text, span, at)
        if interval is not None:
            yield interval


def _next(text: str, position: int, at: datetime) -> Span | None:
    """Return the next time in ``text``: the day with the part of the day and hour that follow it."""
    day = next(spans(text, position, at), None)
    clock = CLOCK.search(text, position)
    if day is None or (clock is not None and clock.start() < day.start):
        return of_day(clock, None, at) if clock is not None else None
    if day.granularity in (Granularity.DAY, Granularity.WEEK) and not day.is_length:
        glue = _GLUE.match(text, day.end)
        after = CLOCK.match(text, glue.end() if glue else day.end)
        if after is not None:
            return of_day(after, day, at)
    return day


def _finished(text: str, span: Span, at: datetime) -> Interval | None:
    """Apply what stands around the time (每, 从…开始, 左右, 到现在) and keep it out of the future."""
    begin, start, end, until = span.start, span.begins, span.ends, span.end
    if rough := _ROUGHLY.match(text, until):
        until = rough.end()
        start, end = span.widened(start, end)
    if still := _TILL_NOW.match(text, until):
        until, end = still.end(), at
    elif (to := _TO.match(text, until)) and (other := _next(text, to.end(), at)) and other.start == to.end():
        last = _end_of_range(text, to.end(), span, other)
        if last >= start:
            until, end = other.end, last
    always = _ALWAYS.search(text)
    if always is not None and always.end() == begin:
        begin = always.start()
    elif before := _FROM.search(text, max(0, begin - 2), begin):
        begin = before.start()
        if _SINCE.match(text, until):
            end = at
    if start > at:
        return None
    return Interval(text[begin:until], start, min(end, at), span.granularity, is_recurring=always is not None)


def _end_of_range(text: str, start: int, first: Span, other: Span) -> datetime:
    """Return when a range ends: an hour without its day is the next such hour, “十点到十二点” in the same half of the day."""
    if _DAY_OF_MONTH.fullmatch(text, other.start, other.end):  # 八月二号到十五号
        return _same_month(first.begins, other.begins.day) + timedelta(days=1)
    if other.granularity not in _CLOCK_TIMES or next(spans(text[: other.end], start, other.begins), None):
        return other.ends
    clock = CLOCK.match(text, start)
    step = _HALF_DAY if clock is not None and (clock["bare_hour"] or clock["bare_colon"]) else 2 * _HALF_DAY
    return other.begins - (other.begins - first.begins) // step * step


def _same_month(first: datetime, day: int) -> datetime:
    """Return the next such day of the month from ``first`` on."""
    found = first.replace(hour=0, minute=0)
    while found.day != day:
        found += timedelta(days=1)
    return found
