"""Valid values for tests; a test says only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hotline.city import read_lists, read_yaml
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.policy import WRITTEN, Policy
from hotline.dialogue.prompts import Prompts, prompts_for
from hotline.dialogue.safety_words import SafetyWords
from hotline.dialogue.session import Session
from hotline.dialogue.survey_words import SurveyWords
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from hotline.domain.appeal import Appeal, AppealKind, ContactChannel, PhoneNumber, Place
from hotline.domain.callbacks import CallingHours
from hotline.domain.category import Category
from hotline.domain.knowledge import Article, Passage
from hotline.domain.meaning import Intent, Slots, Understanding

LINYI = Path(__file__).resolve().parent.parent / "config" / "linyi"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PHONE = PhoneNumber("13905390001")

HEATING = Category("0101", "供暖", "供暖", "公用事业")
ACCOUNTS = Category("0303", "住房公积金", "住房公积金", "住房城乡建设", needs_place=False)
CATEGORIES = {category.code: category for category in (HEATING, ACCOUNTS)}

LANSHAN = Place(
    said="兰山区银雀山街道",
    county_code="371302",
    county="兰山区",
    street_code="371302002",
    street="银雀山街道",
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@cache
def prompts(channel: ContactChannel = ContactChannel.PHONE) -> Prompts:
    return prompts_for(channel, read_yaml(LINYI / "prompts" / "dialogue.yaml"))


@cache
def _words() -> tuple[SafetyWords, AnswerWords, DiversionWords]:
    safety, diversions = (read_yaml(LINYI / "lexicon" / f"{name}.yaml") for name in ("safety", "diversions"))
    answers = read_lists(LINYI / "lexicon", ANSWER_FILES)
    return SafetyWords(safety), AnswerWords(answers), DiversionWords(diversions)


def a_session(
    channel: ContactChannel = ContactChannel.PHONE,
    *,
    calling_hours: CallingHours | None = None,
    asks_rating: bool = False,
    categories: Mapping[str, Category] | None = None,
) -> Session:
    safety, answers, diversions = _words()
    return Session(
        prompts=prompts(channel),
        categories=CATEGORIES if categories is None else categories,
        safety=safety,
        answers=answers,
        diversions=diversions,
        policy=replace(Policy() if channel is ContactChannel.PHONE else WRITTEN, asks_rating=asks_rating),
        ratings=SurveyWords(read_yaml(LINYI / "lexicon" / "survey.yaml"), answers),
        timezone=UTC,
        calling_hours=calling_hours,
    )


def a_meaning(text: str, intent: Intent = Intent.APPEAL, **values: Any) -> Understanding:
    slots = Slots(
        **{
            key: values.pop(key)
            for key in ("place", "place_choices", "phone", "wants_secrecy", "people", "occurred", "facts")
            if key in values
        }
    )
    return Understanding(text=text, intent=intent, confidence=0.9, engine="test", slots=slots, **values)


def a_complaint(text: str = "暖气不热", **values: Any) -> Understanding:
    given = {"kind": AppealKind.HELP, "category": "0101", "category_confidence": 0.9, **values}
    return a_meaning(text, **given)


def an_article(**values: Any) -> Article:
    article = Article(
        id="A0101-01", version=1, title="供暖时间", questions=("什么时候供暖",), spoken="采暖期是十一月十日到次年三月二十日。",
        full="采暖期为11月10日至次年3月20日。", unit="市住建局", source="临沂市供热条例", valid_from=date(2024, 1, 1),
    )  # fmt: skip
    return replace(article, **values)


def a_passage(*, is_confident: bool = True) -> Passage:
    return Passage(article=an_article(), score=0.9, is_confident=is_confident)


def an_appeal(**values: Any) -> Appeal:
    given = {
        "kind": AppealKind.HELP,
        "category": "0101",
        "text": "家里暖气不热",
        "place": LANSHAN,
        "phone": PHONE,
        **values,
    }
    return Appeal(**given)
