"""Revisit calls, made of a city's files (回访)."""

from __future__ import annotations

from collections.abc import Callable

from app.city_words import lexicon, load_answer_words, load_diversion_words, load_safety_words
from hotline.city import City, read_yaml
from hotline.dialogue.prompts import Prompts, prompts_for
from hotline.dialogue.survey import SurveySession
from hotline.dialogue.survey_result import NAMES, Subject, SurveyPolicy
from hotline.dialogue.survey_words import SurveyWords
from hotline.domain.appeal import ContactChannel


def load_survey_prompts(city: City) -> Prompts:
    """Read what is said and written down in a revisit call."""
    file = city.folder / "prompts" / "survey.yaml"
    return prompts_for(ContactChannel.PHONE, read_yaml(file), file=str(file), names=NAMES)


def survey_maker(city: City) -> Callable[[Subject], SurveySession]:
    """Read everything once; return what makes a revisit call for a subject."""
    prompts, policy = load_survey_prompts(city), SurveyPolicy()
    answers, safety, diversions = load_answer_words(city), load_safety_words(city), load_diversion_words(city)
    rows, file = lexicon(city, "survey")
    words = SurveyWords(rows, answers, file=str(file))

    def make(subject: Subject) -> SurveySession:
        return SurveySession(
            subject,
            prompts=prompts,
            words=words,
            answers=answers,
            safety=safety,
            diversions=diversions,
            policy=policy,
        )

    return make
