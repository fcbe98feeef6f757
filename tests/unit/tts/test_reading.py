from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from hotline.domain.errors import CityConfigError
from tts.reading import Reading

LINYI = Path(__file__).parents[3] / "config" / "linyi"
ROWS = yaml.safe_load((LINYI / "lexicon" / "pronunciation.yaml").read_text(encoding="utf-8"))
READING = Reading(ROWS)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("请拨打12345", "请拨打幺二三四五"),
        ("拨打110、119或者120。", "拨打幺幺零、幺幺九或者幺二零。"),
        ("手机13905391001", "手机幺三九，零五三九，幺零零幺"),
        ("139 0539 1001", "幺三九，零五三九，幺零零幺"),
        ("电话0539-8012345", "电话零五三九，八零幺二，三四五"),
        ("400-123-4567", "四零零，幺二三，四五六七"),
        ("工单编号26112300001", "工单编号二六幺，幺二三零，零零零幺"),
        ("20261123000012", "二零二六，幺幺二三，零零零零，幺二"),
        ("身份证371302199001011234", "身份证三七幺三零二，幺九九零，零幺零幺，幺二三四"),
    ],
)
def test_numbers_of_lines_and_papers_are_read_digit_by_digit_in_groups(written: str, said: str) -> None:
    assert READING.aloud(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("120元", "一百二十元"),
        ("10000元", "一万元"),
        ("12,345.6元", "一万二千三百四十五点六元"),
        ("20000户", "两万户"),
        ("2个月", "两个月"),
        ("第2个", "第二个"),
        ("12个", "十二个"),
        ("1.50元", "一点五零元"),
        ("2楼", "二楼"),
        ("0元", "零元"),
        ("15个工作日", "十五个工作日"),
        ("10-20元", "十到二十元"),
        ("5%—10%", "百分之五到百分之十"),
        ("3/4", "四分之三"),
        ("每㎡2.5元", "每平方米二点五元"),
        ("3元/吨", "三元每吨"),
        ("7×24小时", "七乘二十四小时"),
    ],
)
def test_quantities_are_read_as_quantities(written: str, said: str) -> None:
    assert READING.aloud(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("18℃", "十八摄氏度"),
        ("-5℃", "零下五摄氏度"),
        ("零下5度", "零下五度"),
        ("16℃~18℃", "十六摄氏度到十八摄氏度"),
        ("-3", "负三"),
    ],
)
def test_temperatures(written: str, said: str) -> None:
    assert READING.aloud(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026年11月23日", "二零二六年十一月二十三日"),
        ("2026-11-23", "二零二六年十一月二十三日"),
        ("2005年后", "二零零五年后"),
        ("2024—2025年度", "二零二四到二零二五年度"),
        ("国发〔2024〕5号", "国发，二零二四，五号"),
        ("8:30至17:05", "八点半至十七点零五分"),
        ("2:00", "两点"),
        ("8:30—12:00", "八点半到十二点"),
        ("4月—10月", "四月到十月"),
    ],
)
def test_dates_and_times(written: str, said: str) -> None:
    assert READING.aloud(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5号楼2单元301室", "五号楼二单元三零幺室"),
        ("117路公交", "幺幺七路公交"),
        ("51路", "五十一路"),
        ("G206国道", "寄二零六国道"),
        ("App", "诶屁屁"),
        ("A座", "诶座"),
        ("12345", "幺二三四五"),
    ],
)
def test_places_and_letters(written: str, said: str) -> None:
    assert READING.aloud(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("说“转人工”。", "说转人工。"),
        ("《供热条例》规定", "供热条例规定"),
        ("（一）身份证；（二）户口本。", "一，身份证；二，户口本。"),
        ("兰山区（含经开区）。", "兰山区，含经开区。"),
        ("办理——越快越好", "办理，越快越好"),
    ],
)
def test_what_is_only_written_is_left_out_or_is_a_pause(written: str, said: str) -> None:
    assert READING.aloud(written) == said


@given(st.text(alphabet="0123456789.,:-—/% 年月日元个℃（）第零ab", max_size=60))
def test_no_figure_is_left_whatever_is_written(text: str) -> None:
    assert not re.search(r"[0-9]", READING.aloud(text))


@pytest.mark.parametrize(
    ("place", "pinyin"),
    [
        ("莒南县", "ju3 nan2 xian4"),
        ("郯城县", "tan2 cheng2 xian4"),
        ("兰陵县", "lan2 ling2 xian4"),
        ("临沭县", "lin2 shu4 xian4"),
        ("费县", "fei4 xian4"),
        ("重坊镇", "chong2 fang1 zhen4"),
        ("长城镇", "chang2 cheng2 zhen4"),
        ("朝阳街道", "chao2 yang2 jie1 dao4"),
        ("高都街道", "gao1 du1 jie1 dao4"),
        ("岱崮镇", "dai4 gu4 zhen4"),
    ],
)
def test_places_sound_as_people_say_them(place: str, pinyin: str) -> None:
    assert " ".join(lazy_pinyin(READING.aloud(place), style=Style.TONE3)) == pinyin


def test_no_place_of_the_city_becomes_longer_or_shorter_when_read() -> None:
    for file in ("counties.csv", "streets.csv"):
        with (LINYI / "places" / file).open(encoding="utf-8") as rows:
            names = [row["name"] for row in csv.DictReader(rows)]
        assert {name: len(READING.aloud(name)) - len(name) for name in names} == dict.fromkeys(names, 0)


def test_a_word_is_replaced_by_one_of_the_same_sound() -> None:
    """Only the tones and syllables of what is spoken may not change, except where the common reading is the wrong one."""
    corrected = {"长城镇", "高都", "朝阳街道", "芦柞", "柏林镇", "重坊"}
    different = {
        written
        for written, said in ROWS["words"].items()
        if lazy_pinyin(written, style=Style.TONE3) != lazy_pinyin(said, style=Style.TONE3)
    }

    assert different <= corrected


def test_a_broken_list_is_named() -> None:
    with pytest.raises(CityConfigError, match=r"pronunciation\.yaml: .*digits"):
        Reading({"words": {}, "units": {}}, file="pronunciation.yaml")
    with pytest.raises(CityConfigError, match="写法不对"):
        Reading({**ROWS, "words": ["莒南"]})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0 %", "百分之零"),
        ("涨了0.5 %", "涨了百分之零点五"),
        ("1 2%", "幺，百分之二"),
        ("0.5 1%", "零点五，百分之一"),
        ("0 0%", "零，百分之零"),
    ],
)
def test_a_gap_before_the_percent_sign_or_within_the_figure_is_read(written: str, said: str) -> None:
    assert READING.aloud(written) == said
