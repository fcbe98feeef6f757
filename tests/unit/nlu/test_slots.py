from __future__ import annotations

import pytest

from hotline.city import load_city
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder
from tests.builders import LINYI

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
