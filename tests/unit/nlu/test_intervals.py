from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotline.domain.appeal import Granularity, Interval
from nlu.intervals import find_interval

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 11, 24, 15, 30, tzinfo=SHANGHAI)


def found(text: str) -> tuple[str, str, str]:
    interval = find_interval(text, TUESDAY)
    assert interval is not None
    return interval.said, f"{interval.start:%Y-%m-%d %H:%M}", f"{interval.end:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("上周三晚上十点多", "2026-11-18 22:00", "2026-11-18 23:00"),
        ("前天下午", "2026-11-22 12:00", "2026-11-22 18:00"),
        ("大前天", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("十一月二十号左右", "2026-11-19 00:00", "2026-11-22 00:00"),
        ("这半个月", "2026-11-09 15:30", "2026-11-24 15:30"),
        ("昨晚到现在", "2026-11-23 18:00", "2026-11-24 15:30"),
        ("从上周五开始", "2026-11-20 00:00", "2026-11-24 15:30"),
        ("上周三到上周五", "2026-11-18 00:00", "2026-11-21 00:00"),
        ("十一月一号到五号", "2026-11-01 00:00", "2026-11-06 00:00"),
        ("昨天上午十一点到下午两点", "2026-11-23 11:00", "2026-11-23 14:00"),
        ("晚上十点到凌晨两点", "2026-11-23 22:00", "2026-11-24 02:00"),
        ("周日", "2026-11-22 00:00", "2026-11-23 00:00"),
        ("上上周五", "2026-11-13 00:00", "2026-11-14 00:00"),
        ("上周末", "2026-11-21 00:00", "2026-11-23 00:00"),
        ("上个月五号", "2026-10-05 00:00", "2026-10-06 00:00"),
        ("10月中旬", "2026-10-11 00:00", "2026-10-21 00:00"),
        ("2025年3月5号", "2025-03-05 00:00", "2025-03-06 00:00"),
        ("2026-11-03", "2026-11-03 00:00", "2026-11-04 00:00"),
        ("二零二五年三月", "2025-03-01 00:00", "2025-04-01 00:00"),
        ("都半个多月了", "2026-11-09 15:30", "2026-11-24 15:30"),
        ("三天前", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("两个小时前", "2026-11-24 13:30", "2026-11-24 13:30"),
        ("今天上午10点20分", "2026-11-24 10:20", "2026-11-24 10:20"),
        ("国庆节那天", "2026-10-01 00:00", "2026-10-02 00:00"),
        ("国庆放假", "2026-10-01 00:00", "2026-10-08 00:00"),
        ("去年五一期间", "2025-05-01 00:00", "2025-05-06 00:00"),
        ("元旦", "2026-01-01 00:00", "2026-01-04 00:00"),
        ("八月二号到十五号", "2026-08-02 00:00", "2026-08-16 00:00"),
        ("十月二十八号到三号", "2026-10-28 00:00", "2026-11-04 00:00"),
    ],
)
def test_a_time_is_the_interval_it_means(text: str, start: str, end: str) -> None:
    assert found(text) == (text, start, end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("昨天凌晨两点半", "2026-11-23 02:30", "2026-11-23 02:30"),
        ("昨天夜里两点", "2026-11-24 02:00", "2026-11-24 03:00"),
        ("昨晚凌晨两点", "2026-11-24 02:00", "2026-11-24 03:00"),
        ("昨天半夜十二点", "2026-11-24 00:00", "2026-11-24 01:00"),
        ("凌晨三点", "2026-11-24 03:00", "2026-11-24 04:00"),
    ],
)
def test_the_hours_after_midnight_belong_to_the_night_that_was_said(text: str, start: str, end: str) -> None:
    assert found(text) == (text, start, end)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("十二月二十号", "2025-12-20 00:00"),
        ("29号", "2026-10-29 00:00"),
        ("这周六", "2026-11-21 00:00"),
        ("晚上十点多", "2026-11-23 22:00"),
        ("17:40", "2026-11-23 17:40"),
        ("12月", "2025-12-01 00:00"),
    ],
)
def test_what_has_happened_is_never_ahead(text: str, start: str) -> None:
    assert found(text)[1] == start


@pytest.mark.parametrize(
    "text", ["明天停水吗", "今天晚上八点", "2月30号", "13月5号", "99999天前", "一直到现在"]
)
def test_what_can_only_lie_ahead_or_nowhere_is_no_time(text: str) -> None:
    assert find_interval(text, TUESDAY) is None


@pytest.mark.parametrize(
    "text",
    [
        "3号楼2单元",
        "沂蒙路25号漏水",
        "住三号院",
        "我有两点建议",
        "早一点来",
        "差一点",
        "早上好我想反映",
        "离我家最近的医院",
        "欠了三个月工资",
    ],
)
def test_everyday_words_with_numbers_are_no_time(text: str) -> None:
    assert find_interval(text, TUESDAY) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("每天夜里都吵", "每天夜里"),
        ("一到晚上就开始唱", "一到晚上"),
        ("每周六早上", "每周六早上"),
        ("每天晚上十点到十二点", "每天晚上十点到十二点"),
    ],
)
def test_what_happens_again_and_again_is_known_as_such(text: str, said: str) -> None:
    interval = find_interval(text, TUESDAY)
    assert interval is not None
    assert (interval.said, interval.is_recurring) == (said, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("不是昨天，是前天下午", "前天下午"),
        ("前天，不对，昨天晚上", "昨天晚上"),
        ("昨天吧，说错了，上周五", "上周五"),
    ],
)
def test_a_corrected_time_counts(text: str, said: str) -> None:
    assert found(text)[0] == said


def test_how_exactly_it_was_told_is_kept() -> None:
    told = {
        "十点半": Granularity.MINUTE,
        "前天下午": Granularity.PART_OF_DAY,
        "去年": Granularity.YEAR,
        "上周": Granularity.WEEK,
    }
    heard = {text: interval.granularity for text in told if (interval := find_interval(text, TUESDAY))}
    assert heard == told


WORDS = st.sampled_from(
    [
        "今天",
        "昨天",
        "前天",
        "昨晚",
        "上周三",
        "周末",
        "这周日",
        "十一月二十号",
        "2月29号",
        "31号",
        "上个月",
        "去年",
        "2024年",
        "三天前",
        "半年前",
        "两个小时前",
        "半个月了",
        "最近",
        "刚才",
        "每天",
        "经常",
        "晚上",
        "凌晨",
        "半夜",
        "夜里",
        "下午",
        "中午",
        "早上",
        "十点",
        "12点",
        "零点",
        "两点半",
        "25点",
        "9点多",
        "左右",
        "到",
        "到现在",
        "从",
        "开始",
        "以来",
        "的",
        "，",
        "不对",
        "不是",
        "是",
        "一",
        "三",
        "十",
        "号",
        "月",
        "年",
    ]
)
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(SHANGHAI)
)


@given(words=st.lists(WORDS, max_size=8), at=MOMENTS)
@example(words=["2月29号"], at=datetime(2027, 1, 1, tzinfo=SHANGHAI))
@example(words=["昨晚", "到", "前天"], at=TUESDAY)
@example(words=["十", "十点"], at=TUESDAY)
def test_an_interval_is_never_ahead_nor_upside_down(words: list[str], at: datetime) -> None:
    text = "".join(words)
    match find_interval(text, at):
        case Interval(said, start, end):
            assert start <= end <= at
            assert said
            assert said in text
        case nothing:
            assert nothing is None


@given(text=st.text(max_size=60), at=MOMENTS)
def test_any_text_is_read_without_a_fall(text: str, at: datetime) -> None:
    interval = find_interval(text, at)
    assert interval is None or interval.said in text


@pytest.mark.parametrize("text", ["卖的奶过期十一天了", "他叫李国庆", "五一路的路灯坏了", "国庆路堵车"])
def test_what_only_sounds_like_a_time_is_none(text: str) -> None:
    assert find_interval(text, TUESDAY) is None


@pytest.mark.parametrize("text", ["从上周五就停水了", "从上周五一直没水", "打上周五停到现在"])
def test_what_began_and_goes_on_lasts_until_now(text: str) -> None:
    interval = find_interval(text, TUESDAY)
    assert interval is not None
    assert f"{interval.start:%m-%d} {interval.end:%m-%d %H:%M}" == "11-20 11-24 15:30"
