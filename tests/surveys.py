"""A revisit call for tests, with the words of the city."""

from __future__ import annotations

from typing import Any, Final

from hotline.city import read_lists, read_yaml
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.prompts import prompts_for
from hotline.dialogue.safety_words import SafetyWords
from hotline.dialogue.survey import SurveySession
from hotline.dialogue.survey_result import NAMES, Subject, SurveyPolicy
from hotline.dialogue.survey_words import SurveyWords
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from hotline.domain.appeal import ContactChannel
from tests.builders import LINYI

NUMBER: Final = "26112300001"


def _lexicon(name: str) -> dict[str, Any]:
    rows: dict[str, Any] = read_yaml(LINYI / "lexicon" / f"{name}.yaml")
    return rows


ANSWERS: Final = AnswerWords(read_lists(LINYI / "lexicon", ANSWER_FILES))
SAFETY: Final = SafetyWords(_lexicon("safety"))
DIVERSIONS: Final = DiversionWords(_lexicon("diversions"))
SURVEY_WORDS: Final = SurveyWords(_lexicon("survey"), ANSWERS)
SURVEY_PROMPTS: Final = prompts_for(
    ContactChannel.PHONE, read_yaml(LINYI / "prompts" / "survey.yaml"), names=NAMES
)


def a_survey(subject: Subject | None = None) -> SurveySession:
    """Return a revisit call that has not begun."""
    return SurveySession(
        subject or Subject(NUMBER, "路灯不亮的事", is_secret=False),
        prompts=SURVEY_PROMPTS,
        words=SURVEY_WORDS,
        answers=ANSWERS,
        safety=SAFETY,
        diversions=DIVERSIONS,
        policy=SurveyPolicy(),
    )
