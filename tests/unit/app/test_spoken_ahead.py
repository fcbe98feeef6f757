"""What is read back is among what is rendered ahead, in the very pieces in which it is said."""

from __future__ import annotations

from app.city_words import load_answer_words, load_prompts
from app.settings import ROOT
from app.spoken_ahead import fixed_texts, names
from hotline.city import load_city
from hotline.dialogue.intake import Draft
from hotline.dialogue.telling import spelled
from hotline.domain.appeal import AppealKind, ContactChannel, Place

CITY = load_city(ROOT / "config" / "linyi")
WORDS = load_answer_words(CITY)
PROMPTS = load_prompts(CITY, ContactChannel.PHONE)
FEIXIAN = Place(said="费县", county_code="371325", county="费县", street="探沂镇", detail="富源小区")


def read_back(category: str, place: Place) -> tuple[str, ...]:
    draft = Draft(accounts=("路灯坏了",), kind=AppealKind.HELP, category=category, place=place)
    return PROMPTS.parts("confirm", matter=draft.matter(PROMPTS, CITY.categories, WORDS.briefs))


def test_a_matter_at_a_known_place_is_read_back_without_waiting_for_its_sound() -> None:
    fixed, named = set(fixed_texts(CITY, with_revisits=False)), set(names(CITY))
    for code in CITY.categories:
        if code[:2] == "99":
            continue
        live = [part for part in read_back(code, FEIXIAN) if part not in fixed and part not in named]
        assert live == ["富源小区"], code


def test_the_units_are_among_the_names_as_they_are_said() -> None:
    named = set(names(CITY))
    for unit in CITY.units.values():
        assert set(PROMPTS.parts("registered_due", unit=unit.name, due="")) & named


def test_a_work_order_number_is_said_in_two_pieces_that_read_as_before() -> None:
    parts = PROMPTS.parts("registered", number=spelled("26112800002", is_spoken=True))
    assert parts[-2:] == ("261128 ", "00002。")
    assert spelled("8001", is_spoken=True) == "8001"
    assert spelled("26112800002", is_spoken=False) == "26112800002"
