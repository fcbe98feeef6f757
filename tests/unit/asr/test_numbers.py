from __future__ import annotations

import pytest

from asr.numbers import NumberWriter
from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.speech import Expected


@pytest.fixture(scope="module")
def writer(linyi: City) -> NumberWriter:
    rows = read_yaml(linyi.folder / "lexicon" / "numbers.yaml")
    return NumberWriter(rows, [street.name for street in linyi.streets.values()])


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("我电话一三八零五三九二七六四", "我电话13805392764"),
        ("幺三九六四五零八八二一", "13964508821"),
        ("138,0539,2764。", "13805392764。"),
        ("一三八，零零五三，二七六四", "13800532764"),
        ("三七一三零二一九八五零六一二零零三X", "37130219850612003X"),
        ("三号楼二单元五零一室", "3号楼2单元501室"),
        ("沂蒙路一百二十号", "沂蒙路120号"),
        ("欠我三万五千块钱", "欠我35000块钱"),
        ("五万块钱", "5万块钱"),
        ("三百二块钱", "320块钱"),
        ("两千块钱", "2000块钱"),
        ("二十多天了", "20多天了"),
        ("二零二四年三月五号", "2024年3月5号"),
        ("一九九八年", "1998年"),
        ("百分之二十", "20%"),
        ("九点五平方", "9.5平方"),
        ("25,000元", "25000元"),
        ("打一一九", "打119"),
        ("一二三四五热线", "12345热线"),
    ],
)
def test_numbers_are_written_in_digits(writer: NumberWriter, said: str, written: str) -> None:
    assert writer.write(said) == written


@pytest.mark.parametrize(
    "said",
    [
        "莒南县十字路街道",
        "沂水县四十里堡镇",
        "十字路口",
        "五一路和八一路",
        "一天",
        "两点半",
        "差一点",
        "十分着急",
        "三五百块钱",
        "三四个月",
        "第三天",
        "千万别这样",
        "七七八八",
        "一亿八",
        "1,2,3",
    ],
)
def test_what_is_no_exact_number_stays(writer: NumberWriter, said: str) -> None:
    assert writer.write(said) == said


def test_where_digits_are_expected_every_row_of_them_is_a_number(writer: NumberWriter) -> None:
    assert writer.write("二四 六八", Expected.DIGITS) == "2468"
    assert writer.write("二四 六八", Expected.OPEN) == "二四 六八"


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("腰三酒六四五零八八二一", "13964508821"),
        ("我不想留电话", "我不想留电话"),
        ("一五零六九九二三四一七对", "15069923417对"),
    ],
)
def test_where_digits_are_expected_what_sounds_like_one_is_one(
    writer: NumberWriter, heard: str, written: str
) -> None:
    assert writer.write(heard, Expected.DIGITS) == written


def test_a_broken_word_list_is_an_error() -> None:
    with pytest.raises(CityConfigError, match="缺少内容"):
        NumberWriter({"keep": []}, [], file="numbers.yaml")
