"""Sums, organisations, people and plates: as they were said, and in standard form."""

import pytest

from hotline.city import load_city
from hotline.domain.appeal import Fact, FactKind
from nlu.facts import FactFinder
from nlu.figures import figures
from nlu.lexicon import load_meaning_words
from tests.builders import LINYI

CITY = load_city(LINYI)
WORDS = load_meaning_words(CITY)
FINDER = FactFinder(CITY, WORDS)


def found(text: str, kind: FactKind, citizen: str = "") -> list[Fact]:
    return [fact for fact in FINDER.find(text, figures(text, WORDS.letters), citizen) if fact.kind is kind]


@pytest.mark.parametrize(
    ("text", "said", "yuan"),
    [
        ("每个月多扣四十块钱", "四十块钱", "40"),
        ("欠我们十二个人二十三万", "二十三万", "230000"),
        ("交了一万八的课时费", "一万八", "18000"),
        ("被骗了三万五千块", "三万五千块", "35000"),
        ("工资三千五百元没发", "三千五百元", "3500"),
        ("押金三千五块不退", "三千五块", "3500"),
        ("一共15.6万元", "15.6万元", "156000"),
        ("欠款1,200元", "1,200元", "1200"),
        ("一度电要一块八", "一块八", "1.8"),
        ("一袋八毛钱", "八毛钱", "0.8"),
        ("工程款1.2亿", "1.2亿", "120000000"),
        ("一亿两千万的项目款", "一亿两千万", "120000000"),
        ("多扣了10块", "10块", "10"),
    ],
)
def test_a_sum_is_kept_as_said_and_in_yuan(text: str, said: str, yuan: str) -> None:
    assert found(text, FactKind.AMOUNT) == [Fact(FactKind.AMOUNT, said, yuan)]


def test_a_rough_sum_says_so() -> None:
    assert found("多收了三百多块钱", FactKind.AMOUNT) == [Fact(FactKind.AMOUNT, "三百多块钱", "300", "多")]


@pytest.mark.parametrize(
    "text",
    ["花了好几万", "一万人参加", "一块空地没人管", "住了三千多户", "二十号楼停电", "1.2.3元", "百千块"],
)
def test_other_numbers_are_no_money(text: str) -> None:
    assert found(text, FactKind.AMOUNT) == []


@pytest.mark.parametrize(
    ("text", "name", "unit"),
    [
        ("举报临沂鑫源板材厂夜里偷排", "临沂鑫源板材厂", ""),
        ("被沂蒙建筑工程有限公司拖欠工资", "沂蒙建筑工程有限公司", ""),
        ("我给新城热力打过电话", "新城热力", "linked-heat-xincheng"),
        ("供电公司一直不来人", "供电公司", "linked-power"),
        ("去市场监管局投诉没人管", "市场监管局", "body-market"),
    ],
)
def test_an_organisation_is_found_and_a_unit_by_its_code(text: str, name: str, unit: str) -> None:
    assert found(text, FactKind.ORGANISATION) == [Fact(FactKind.ORGANISATION, name, name, unit)]


@pytest.mark.parametrize(
    "text",
    [
        "物业公司不管",
        "小区的物业",
        "我们公司拖欠工资",
        "我家在红星幼儿园门口",
        "一家超市卖假货",
        "通过咨询学校获知",
        "“农商银行”杯篮球赛",
    ],
)
def test_what_only_says_what_kind_of_place_it_is_names_nobody(text: str) -> None:
    assert found(text, FactKind.ORGANISATION) == []


def test_people_are_found_with_their_role_but_not_the_citizen() -> None:
    assert found("包工头王大强跑了，张经理说没钱", FactKind.PERSON) == [
        Fact(FactKind.PERSON, "包工头王大强", "王大强", "包工头"),
        Fact(FactKind.PERSON, "张经理", "张经理", "经理"),
    ]
    assert found("负责人李建国，", FactKind.PERSON, citizen="李建国") == []


def test_a_plate_is_a_fact() -> None:
    assert found("鲁Q12A34的出租车拒载", FactKind.PLATE) == [Fact(FactKind.PLATE, "鲁Q12A34", "鲁Q12A34")]


def test_facts_come_in_the_order_they_are_said() -> None:
    text = "临沂鑫源板材厂的张经理欠我两万块"
    kinds = [fact.kind for fact in FINDER.find(text, ())]
    assert kinds == [FactKind.ORGANISATION, FactKind.PERSON, FactKind.AMOUNT]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("村支书赵德山占了集体的鱼塘", ["赵德山"]),
        ("班主任马老师收了家长的购物卡", ["马老师"]),
        ("队长叫周大海，会计贾秀英管着账", ["周大海", "贾秀英"]),
        ("尊敬的胡书记：我们村长王大力打人", ["王大力"]),
        ("李主任您好，反映一件事", []),
        ("教练高度近视还开车，老师严查作业，业主向物业反映", []),
    ],
)
def test_people_of_the_matter_are_found_and_whom_a_letter_is_to_is_not(text: str, names: list[str]) -> None:
    assert [fact.value for fact in found(text, FactKind.PERSON)] == names


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("押金一千二不退", ["1200"]),
        ("罚了我二百，连个票都没开", ["200"]),
        ("水费三百八十七块六毛五", ["387.65"]),
        ("多收两毛五", ["0.25"]),
        ("走了三千步，一千二百户，住了一万多人", []),
    ],
)
def test_sums_are_found_as_they_are_said_of_money(text: str, yuan: list[str]) -> None:
    assert [fact.value for fact in found(text, FactKind.AMOUNT)] == yuan
