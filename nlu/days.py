"""Days, weeks, months, years and lengths of time in a text, as spans of time seen from a moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from hotline.domain.appeal import Granularity
from hotline.numerals import cardinal

_N: Final = r"(?:\d{1,6}|[一二两三四五六七八九十百]{1,6})"
_WEEKDAYS: Final = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5} | {
    str(day): day - 1 for day in range(1, 8)
}
_DAYS_AGO: Final = {"今": 0, "昨": 1, "前": 2, "大前": 3}
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of a text mean the time from ``begins`` to ``ends``.

    ``is_length``: it is a length of time up to now (这半个月), which no hour can follow.
    """

    start: int
    end: int
    begins: datetime
    ends: datetime
    granularity: Granularity
    is_length: bool = False

    def widened(self, begins: datetime, ends: datetime) -> tuple[datetime, datetime]:
        """Return the span with what “左右” may mean before and after."""
        by = {
            Granularity.MINUTE: timedelta(minutes=15),
            Granularity.HOUR: timedelta(minutes=30),
            Granularity.PART_OF_DAY: timedelta(hours=1),
            Granularity.DAY: _DAY,
        }.get(self.granularity, timedelta(days=3))
        return begins - by, ends + by


_Times = tuple[datetime, datetime]
_Reader = Callable[["re.Match[str]", datetime], "tuple[_Times, Granularity] | None"]


def spans(text: str, position: int, at: datetime) -> Iterator[Span]:
    """Yield what names a day or more, from ``position`` on; the longer of two that begin together."""
    found: list[tuple[int, int, re.Match[str], int]] = []
    for index, (pattern, _, _) in enumerate(_PATTERNS):
        found += [(each.start(), -each.end(), each, index) for each in pattern.finditer(text, position)]
    reached = position
    for start, negative_end, match, index in sorted(found, key=lambda one: one[:2]):
        _, read, is_length = _PATTERNS[index]
        if start < reached or (known := read(match, at)) is None:
            continue
        (begins, ends), granularity = known
        reached = -negative_end
        yield Span(start, reached, begins, ends, granularity, is_length)


def midnight(day: date, at: datetime) -> datetime:
    """Return the beginning of ``day`` in the zone of ``at``."""
    return datetime.combine(day, time(), at.tzinfo)


def _whole_day(day: date, at: datetime) -> tuple[_Times, Granularity]:
    return (midnight(day, at), midnight(day + _DAY, at)), Granularity.DAY


def _relative_day(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity]:
    return _whole_day(at.date() - timedelta(days=_DAYS_AGO[found["which"]]), at)


def _weekday(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    weekday, before = _WEEKDAYS[found["day"]], found["before"] or ""
    monday = at.date() - timedelta(days=at.weekday()) - before.count("上") * _WEEK
    day = monday + timedelta(days=weekday)
    if day > at.date():
        day -= _WEEK
    times, granularity = _whole_day(day, at)
    if found["day"] == "末":
        times = times[0], times[1] + _DAY
    return times, granularity


def _week(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity]:
    begins = midnight(at.date() - timedelta(days=at.weekday()) - found["before"].count("上") * _WEEK, at)
    return (begins, begins + _WEEK), Granularity.WEEK


def _calendar_day(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    """A date with as much as was said of it; what was not said makes it the last such date."""
    said_year, said_month = found["year"], found["month"]
    day = cardinal(found["day"])
    month = None
    if said_month:
        relative = (at.month - 2) % _MONTHS + 1 if said_month.startswith("上") else at.month
        month = cardinal(said_month.removesuffix("月")) if said_month[0] not in "上这本" else relative
    year = _year(said_year, at) if said_year else None
    first = at.date().replace(day=1)
    for back in range(_MONTHS * 5):  # five years hold a 29th of February
        years, months = divmod(first.year * _MONTHS + first.month - 1 - back, _MONTHS)
        if (month not in (None, months + 1)) or (year not in (None, years)) or day is None:
            continue
        try:
            meant = date(years, months + 1, day)
        except ValueError:
            continue
        if meant <= at.date():
            return _whole_day(meant, at)
    return None


def _holiday(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    """A holiday with a fixed date, the last one; “期间” and “放假” are its days off."""
    month, day, days = _HOLIDAYS[found["holiday"][:2]]
    year = _year(found["year"], at) if found["year"] else at.year - ((month, day) > (at.month, at.day))
    if year is None or not date.min.year < year <= at.year:
        return None
    first = date(year, month, day)
    if found["one"]:
        return _whole_day(first, at)
    return (midnight(first, at), midnight(first + days * _DAY, at)), Granularity.WEEK


def _year(said: str, at: datetime) -> int | None:
    relative = {"今年": 0, "本年": 0, "去年": 1, "前年": 2, "大前年": 3}.get(said)
    return at.year - relative if relative is not None else cardinal(said.removesuffix("年"))


def _month(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    said, part = found["month"], found["part"] or ""
    if said.startswith("上"):
        years, months = divmod(at.year * _MONTHS + at.month - 1 - said.count("上"), _MONTHS)
        first = date(years, months + 1, 1)
    elif said[0] in "这本当":
        first = at.date().replace(day=1)
    else:
        month = cardinal(said.rstrip("月份"))
        if month is None or not 1 <= month <= _MONTHS:
            return None
        year = _year(found["year"], at) if found["year"] else at.year - (month > at.month)
        if year is None or year < date.min.year:
            return None
        first = date(year, month, 1)
    after = (first + timedelta(days=31)).replace(day=1)
    parts = {
        "初": (first, first + timedelta(days=10)),
        "上旬": (first, first + timedelta(days=10)),
        "中旬": (first + timedelta(days=10), first + timedelta(days=20)),
        "下旬": (first + timedelta(days=20), after),
        "底": (first + timedelta(days=20), after),
    }
    begins, ends = parts.get(part, (first, after))
    return (midnight(begins, at), midnight(ends, at)), Granularity.WEEK if part else Granularity.MONTH


def _whole_year(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    year, part = _year(found["year"], at), found["part"] or ""
    if year is None or not date.min.year < year <= at.year:
        return None
    months = {
        "上半年": (1, 7),
        "初": (1, 3),
        "年初": (1, 3),
        "下半年": (7, 13),
        "底": (11, 13),
        "年底": (11, 13),
    }
    first, last = months.get(part, (1, 13))
    ends = date(year + last // 13, (last - 1) % _MONTHS + 1, 1)
    return (midnight(date(year, first, 1), at), midnight(ends, at)), Granularity.YEAR


def _length(found: re.Match[str]) -> tuple[timedelta, Granularity] | None:
    count, unit = found["count"], found["unit"]
    size, granularity = _UNITS[next(name for name in _UNITS if unit.endswith(name))]
    if count.startswith("半"):
        return size / 2, granularity
    several = {"几": 3, "好几": 5, "十几": 15, "十来": 12, "几十": 30, "好些": 5, "好多": 5}.get(count)
    number = several if several is not None else cardinal(count)
    if number is None or number * size > timedelta(days=40_000):
        return None
    more = 0.5 if found["half"] else 0.0
    return (number + more) * size, granularity


def _lately(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    length = _length(found)
    return ((at - length[0], at), length[1]) if length is not None else None


def _ago(found: re.Match[str], at: datetime) -> tuple[_Times, Granularity] | None:
    """“三天前” is that day, “两个小时前” that hour, “半年前” about that month."""
    length = _length(found)
    if length is None:
        return None
    moment, granularity = at - length[0], length[1]
    if granularity in (Granularity.MINUTE, Granularity.HOUR):
        return (moment, moment), granularity
    if granularity is Granularity.DAY:
        return _whole_day(moment.date(), at)
    slack = {Granularity.WEEK: timedelta(days=3), Granularity.MONTH: timedelta(days=15)}
    about = slack.get(granularity, timedelta(days=90))
    return (moment - about, min(at, moment + about)), granularity


def _vaguely(length: timedelta, granularity: Granularity) -> _Reader:
    return lambda _, at: ((at - length, at), granularity)


_UNITS: Final = {
    "小时": (timedelta(hours=1), Granularity.HOUR),
    "钟头": (timedelta(hours=1), Granularity.HOUR),
    "分钟": (timedelta(minutes=1), Granularity.MINUTE),
    "天": (_DAY, Granularity.DAY),
    "晚上": (_DAY, Granularity.DAY),
    "宿": (_DAY, Granularity.DAY),
    "周": (_WEEK, Granularity.WEEK),
    "星期": (_WEEK, Granularity.WEEK),
    "礼拜": (_WEEK, Granularity.WEEK),
    "月": (timedelta(days=30), Granularity.MONTH),
    "年": (timedelta(days=365), Granularity.YEAR),
}
_HOLIDAYS: Final = {
    "元旦": (1, 1, 3),
    "五一": (5, 1, 5),
    "六一": (6, 1, 1),
    "教师": (9, 10, 1),
    "国庆": (10, 1, 7),
}
"""Month, day and days off (全国年节及纪念日放假办法)."""
_COUNT: Final = rf"(?P<count>半|好几|十几|十来|几十|好些|好多|几|{_N})"
_SIZED: Final = rf"{_COUNT}多?个?多?(?P<half>半)?(?P<unit>小时|钟头|分钟|天|晚上|周|星期|礼拜|月|年)"
_YEAR: Final = r"(?P<year>(?:\d{4}|[一二][零〇一二三四五六七八九]{3})年(?!前)|大前年|前年|去年|今年|本年)"
_HOLIDAY: Final = (
    rf"(?:{_YEAR}的?)?(?P<holiday>元旦|五一(?:劳动节|节)?|六一(?:儿童节|节)?|教师节|国庆节?)"
    r"(?:(?P<one>那天|当天|当日|[早晚]上|上午|下午)|期间|放假|假期|长假|小长假|那几天|(?<=节|旦)(?![路街]))"
)

_PATTERNS: Final[tuple[tuple[re.Pattern[str], _Reader, bool], ...]] = tuple(
    (re.compile(pattern), read, is_length)
    for pattern, read, is_length in (
        (r"(?P<which>大前|前|昨|今)(?:天|日|儿个?|(?=晚|夜|早|晨))", _relative_day, False),
        (
            r"(?P<before>上上|上|这|本)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-7])(?!个)",
            _weekday,
            False,
        ),
        (r"(?P<before>上上|上|这|本)个?(?:周|星期|礼拜)(?![一二三四五六日天末1-7])", _week, False),
        (
            rf"(?:{_YEAR}的?)?(?:(?P<month>上个?月|这个?月|本月|{_N}月)的?|(?<=[，。,、\s从到至是自于就])|^)(?P<day>{_N})(?:号|日)(?!楼|院|线|门|库|井|机|桌|店|文件|令)",
            _calendar_day,
            False,
        ),
        (r"(?P<year>20\d{2})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)", _calendar_day, False),
        (
            rf"(?:{_YEAR}的?)?(?P<month>上上个?月|上个?月|这个?月|本月|当月|{_N}月份?)(?P<part>初|上旬|中旬|下旬|底)?(?!\d|[一二三四五六七八九十]+[号日])",
            _month,
            False,
        ),
        (
            _HOLIDAY,
            _holiday,
            False,
        ),
        (rf"{_YEAR}(?P<part>上半年|下半年|年初|年底|初|底)?", _whole_year, False),
        (rf"(?:最近|近|这|过去)的?这?{_SIZED}(?:以来|来)?", _lately, True),
        (
            rf"(?<!过期)(?<![\d一二三四五六七八九十百])(?:都|已经|快|有|持续|停了|坏了|断了|没了)?(?:都|已经|快|有)?{_SIZED}多?(?:了|(?=(?:都|也|一直|还|就)?(?:没|不|未)))",
            _lately,
            True,
        ),
        (rf"(?:大概|大约)?{_SIZED}(?:之前|以前|前)", _ago, True),
        (
            r"前几天|前两天|前些天|前些日子|前一阵子?|前段时间",
            _vaguely(timedelta(days=15), Granularity.WEEK),
            True,
        ),
        (
            r"最近(?![的距])|近期|近来|这几天|这两天|这些天|这阵子|这段时间|这些日子",
            _vaguely(_WEEK, Granularity.WEEK),
            True,
        ),
        (r"刚才|刚刚|方才|就在刚", _vaguely(timedelta(hours=1), Granularity.HOUR), True),
    )
)
