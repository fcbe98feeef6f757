"""What a text is about while it is written: as the conversation would take it, bounded, and never more than a guess."""

from __future__ import annotations

from datetime import datetime

import pytest

from hotline.city import read_yaml
from hotline.dialogue.intake import Missing
from hotline.dialogue.safety_words import SafetyWords
from hotline.domain.appeal import Appeal, AppealKind, EmergencyService
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.routing import RoutingDecision
from hotline.service.guidance import LONGEST, Guidance
from tests.builders import CATEGORIES, LANSHAN, LINYI, NOW, a_complaint, a_meaning, a_passage
from tests.fakes import BrokenUnderstander, FakeRetriever, FakeUnderstander, NeverUnderstander
from tests.work_orders import a_decision

COMPLAINT, QUESTION, UNSURE, FIRE = "兰山区银雀山街道暖气不热", "什么时候供暖", "有点事", "我家着火了快来人"
MEANINGS = {
    COMPLAINT: a_complaint(COMPLAINT, place=LANSHAN),
    QUESTION: a_complaint(QUESTION, kind=AppealKind.INQUIRY),
    UNSURE: a_meaning(UNSURE),
    FIRE: a_meaning(FIRE),
    "热" * LONGEST: a_meaning("热" * LONGEST),
}
SAFETY = SafetyWords(read_yaml(LINYI / "lexicon" / "safety.yaml"))


class OneUnit:
    """Routes everything to Lanshan; ``is_manual`` leaves it to a person, ``is_broken`` fails."""

    def __init__(self, *, is_manual: bool = False, is_broken: bool = False) -> None:
        self._is_manual, self._is_broken = is_manual, is_broken

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        if self._is_broken:
            raise KeyError(appeal.category)
        return a_decision(at, is_manual=self._is_manual)


def guidance(router: OneUnit | None = None, understander: object | None = None) -> Guidance:
    return Guidance(
        understander or FakeUnderstander(MEANINGS),  # type: ignore[arg-type]
        FakeRetriever(a_passage()),
        router or OneUnit(),
        categories=CATEGORIES,
        safety=SAFETY,
        seconds=0.05,
    )


async def test_matter_place_unit_and_time_are_guessed() -> None:
    guess = await guidance().read(f" {COMPLAINT} ", at=NOW, looks_up=True)
    assert (guess.appeal.category, guess.appeal.place, guess.missing) == ("0101", LANSHAN, Missing.NOTHING)
    assert (guess.unit, guess.because, guess.due_at) == (
        "county-371302", "按属地派单", a_decision(NOW).due_at,
    )  # fmt: skip
    assert (guess.article, guess.emergency) == (None, None)


async def test_a_question_is_answered_before_it_is_asked_where_that_is_wanted() -> None:
    assert (await guidance().read(QUESTION, at=NOW)).article is None
    found = (await guidance().read(QUESTION, at=NOW, looks_up=True)).article
    assert found is not None
    assert found.id == "A0101-01"


async def test_what_a_person_must_decide_has_no_unit() -> None:
    for router in (OneUnit(is_manual=True), OneUnit(is_broken=True)):
        assert (await guidance(router).read(COMPLAINT, at=NOW)).unit is None
    assert (await guidance().read(UNSURE, at=NOW)).unit is None


async def test_an_emergency_is_seen() -> None:
    assert (await guidance().read(FIRE, at=NOW)).emergency is EmergencyService.FIRE


async def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert (await guidance().read("热" * 10_000, at=NOW)).meaning.text == "热" * LONGEST


@pytest.mark.parametrize("understander", [BrokenUnderstander(), NeverUnderstander()])
async def test_without_understanding_there_is_no_guess(understander: object) -> None:
    with pytest.raises(EngineUnavailableError):
        await guidance(understander=understander).read(COMPLAINT, at=NOW)
