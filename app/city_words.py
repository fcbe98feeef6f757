"""The dialogue's words and sessions, made of a city's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hotline.city import City, read_lists, read_yaml
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.policy import WRITTEN, Policy
from hotline.dialogue.prompts import Prompts, prompts_for
from hotline.dialogue.safety_words import SafetyWords
from hotline.dialogue.screening import Screening
from hotline.dialogue.session import Session
from hotline.dialogue.survey_words import SurveyWords
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import CityConfigError
from hotline.domain.speech import Expected
from hotline.service.callbacks import read_hours

_PATIENCE: Final = {
    ContactChannel.WECHAT: 1_800.0,
    ContactChannel.MINI_PROGRAMME: 1_800.0,
    ContactChannel.SMS: 3_600.0,
    ContactChannel.EMAIL: 14_400.0,
}
"""Seconds after which a conversation by letters ends by itself; what was begun is registered then, for people to complete."""


_HELD_IN_ONE_PIECE: Final = (ContactChannel.PHONE, ContactChannel.WEB_CHAT, ContactChannel.APP)
"""Channels on which a citizen waits for a person, and may be offered to be called back instead."""


def _policy(city: City, channel: ContactChannel) -> Policy:
    if channel is ContactChannel.PHONE:
        return Policy(asks_rating=city.asks_rating)
    if channel not in _PATIENCE:
        return replace(WRITTEN, asks_rating=city.asks_rating)
    seconds = _PATIENCE[channel]
    return replace(
        WRITTEN,
        silence_seconds=dict.fromkeys(Expected, seconds),
        closing_seconds=min(seconds, WRITTEN.closing_seconds),
        patience_seconds=seconds,
    )


def load_prompts(city: City, channel: ContactChannel) -> Prompts:
    """Read the dialogue's prompts in the wording for ``channel``."""
    file = city.folder / "prompts" / "dialogue.yaml"
    return prompts_for(channel, read_yaml(file), file=str(file))


def lexicon(city: City, name: str) -> tuple[Any, Path]:
    """Read one word list of the city and say where it is."""
    file = city.folder / "lexicon" / f"{name}.yaml"
    return read_yaml(file), file


def load_safety_words(city: City) -> SafetyWords:
    """Read the words of emergencies."""
    rows, file = lexicon(city, "safety")
    return SafetyWords(rows, file=str(file))


def load_answer_words(city: City) -> AnswerWords:
    """Read the words of short answers and wishes, of orders and of letters."""
    folder = city.folder / "lexicon"
    return AnswerWords(read_lists(folder, ANSWER_FILES), file=str(folder))


def load_diversion_words(city: City) -> DiversionWords:
    """Read the words of matters that are for somebody else, and of state secrets."""
    rows, file = lexicon(city, "diversions")
    return DiversionWords(rows, file=str(file))


def load_screening(city: City) -> Screening:
    """Read the words of emergencies and secrets."""
    return Screening(load_safety_words(city), load_diversion_words(city))


def session_maker(city: City) -> Callable[[ContactChannel], Session]:
    """Read everything once; return what makes a session for a channel."""
    safety = load_safety_words(city)
    answers = load_answer_words(city)
    rows, file = lexicon(city, "answers")
    delicate = _categories(city, rows.get("secrecy_categories", ()), file)
    policies = {
        channel: replace(_policy(city, channel), secrecy_categories=delicate) for channel in ContactChannel
    }
    rows, file = lexicon(city, "survey")
    ratings = SurveyWords(rows, answers, file=str(file))
    diversions = load_diversion_words(city)
    hours = read_hours(city)
    prompts = {channel: load_prompts(city, channel) for channel in ContactChannel}

    def make(channel: ContactChannel) -> Session:
        return Session(
            prompts=prompts[channel],
            categories=city.categories,
            safety=safety,
            answers=answers,
            diversions=diversions,
            ratings=ratings,
            policy=policies[channel],
            timezone=city.timezone,
            calling_hours=hours if channel in _HELD_IN_ONE_PIECE else None,
        )

    return make


def _categories(city: City, codes: Iterable[str], file: Path) -> frozenset[str]:
    """Return the codes of categories; one that does not exist is a ``CityConfigError``."""
    found = frozenset(map(str, codes))
    for code in sorted(found - city.categories.keys()):
        raise CityConfigError(file=str(file), row=code, reason="没有这个分类")
    return found
