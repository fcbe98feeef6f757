"""Slots on sentences with every slot that is in them: each kind is found as fully and rightly as it was, or better."""

from __future__ import annotations

import pytest

from app.commands_nlu import SAID_AT, SLOTS
from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from nlu.lexicon import load_meaning_words
from nlu.slot_scores import KindScore, SlotReport, read_slot_rows, slot_report
from nlu.slots import SlotFinder
from tests.builders import LINYI

CITY = load_city(LINYI)
FINDER = SlotFinder(CITY, load_meaning_words(CITY))
AT = SAID_AT.astimezone(CITY.timezone)
FLOORS = {
    "county": 0.99,
    "street": 0.96,
    "detail": 0.93,
    "interval": 0.92,
    "people": 0.99,
    "persons": 0.99,
    "organisations": 0.99,
    "phone": 0.99,
    "plates": 0.99,
    "amounts": 0.99,
}


@pytest.fixture(scope="module")
def report() -> SlotReport:
    return slot_report(FINDER, read_slot_rows(SLOTS), AT)


@pytest.mark.parametrize(("kind", "floor"), FLOORS.items())
def test_each_kind_of_slot_is_found_at_least_so_well(report: SlotReport, kind: str, floor: float) -> None:
    assert report.scores[kind].f1 >= floor, "\n".join(miss for miss in report.misses if f"：{kind} " in miss)
    assert report.scores[kind].there >= 7  # otherwise the score says nothing


def test_what_is_missed_and_what_is_made_up_both_count_against_it() -> None:
    row = {"text": "我叫李梅，电话13905390001", "people": ["李梅"], "amounts": ["500"]}
    found = slot_report(FINDER, [row], AT)
    assert found.scores["people"] == KindScore(1, 1, 1)
    assert (found.scores["amounts"].f1, found.scores["phone"].f1, found.scores["plates"].f1) == (
        0.0,
        0.0,
        1.0,
    )
    assert found.misses == (
        "我叫李梅，电话13905390001：phone ['13905390001']（应为 []）",
        "我叫李梅，电话13905390001：amounts []（应为 ['500']）",
    )


def test_an_unknown_field_is_named(tmp_path) -> None:
    file = tmp_path / "slots.yml"
    file.write_text("utterances:\n  - {text: 你好, colour: 红}\n", encoding="utf-8")
    with pytest.raises(CityConfigError, match="colour"):
        read_slot_rows(file)
