from __future__ import annotations

import pytest

from hotline.city import load_city
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder
from tests.builders import LINYI, NOW

CITY = load_city(LINYI)
FINDER = SlotFinder(CITY, load_meaning_words(CITY))


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("十字路口有人乞讨", None),
        ("小区草坪上全是垃圾", None),
        ("莒南县十字路街道有人乞讨", "十字路街道"),
        ("坪上镇的路坏了", "坪上镇"),
    ],
)
def test_everyday_words_that_hold_a_towns_name_are_no_place(text: str, street: str | None) -> None:
    place = FINDER.place(text)
    assert (place.street if place is not None else None) == street


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("我的电话是13905390001", "13905390001"),
        ("电话幺三九零五三九零零零一", "13905390001"),
        ("我电话是一三九零五三九三个零一", "13905390001"),
        ("一三九零五三九三个八四", "13905398884"),
        ("139 0539 0001", "13905390001"),
        ("不是13905390001，是13905390002", "13905390002"),
        ("固定电话8312345", "8312345"),
        ("工单编号26112300012", None),
        ("这里有三个一样的井盖坏了", None),
        ("欠了我们两个八百块钱", None),
    ],
)
def test_a_telephone_number_is_heard_as_people_say_it(text: str, phone: str | None) -> None:
    found = FINDER.find(text, NOW).phone
    assert (found.digits if found is not None else None) == phone


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("莒南县大店镇，不对，是莒南县坪上镇", "坪上镇"),
        ("就是大店那边，不对，就是县城边上", None),
        ("在莒南县大店镇路灯坏了，不对，是不亮", "大店镇"),
    ],
)
def test_of_who_takes_a_place_back_it_is_what_comes_after(text: str, street: str | None) -> None:
    place = FINDER.find(text, NOW).place
    assert (place.street if place is not None else None) == street


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("老板电话是13805391234，你记一下", None),
        ("负责人的手机号是13805391234", None),
        ("村长电话13805391234你们打他", None),
        ("路灯不亮，你们给李主任打电话13805391234", None),
        ("他那个手机号我也有，你记一下，13805391234", None),
        ("老板姓王，电话13805391234", None),
        ("13805391234这是房东的电话", None),
        ("你们直接联系张经理13805391234", None),
        ("我们村书记的电话是13805391234", None),
        ("老板电话是13805391234，我的是13612345678", "13612345678"),
        ("手机13612345678，老板电话13805391234", "13612345678"),
        ("我对象的电话是13612345678", "13612345678"),
        ("你打我妈的手机13612345678", "13612345678"),
        ("我是村书记，电话13612345678", "13612345678"),
        ("老板不接电话，13612345678", "13612345678"),
        ("老板欠薪，电话13612345678", "13612345678"),
        ("他家电话不通，你打13612345678", "13612345678"),
        ("联系人王经理，电话13612345678", "13612345678"),
        ("你们联系物业处理，13612345678", "13612345678"),
        ("其他电话13612345678", "13612345678"),
    ],
)
def test_the_number_of_somebody_else_is_not_the_citizens(text: str, phone: str | None) -> None:
    found = FINDER.find(text, NOW)
    assert (found.phone.digits if found.phone is not None else None) == phone
    assert found.figures
