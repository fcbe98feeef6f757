"""What a revisit call is about and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hotline.dialogue.prompts import Prompts
from hotline.domain.deeds import Resolution, Revisit, Satisfaction
from hotline.domain.work_order import WorkOrderNumber

UNHAPPY: Final = frozenset({Resolution.UNRESOLVED, Satisfaction.DISSATISFIED})


class SurveyStage(StrEnum):
    """What the revisit is waiting for."""

    PERSON = "person"
    CONVENIENT = "convenient"
    WHEN = "when"
    CONTACTED = "contacted"
    RESOLUTION = "resolution"
    RESULT = "result"
    ATTITUDE = "attitude"
    REASON = "reason"
    ALARM = "alarm"
    TRANSFERRING = "transferring"
    EMERGENCY = "emergency"
    HANDED_OVER = "handed_over"
    ENDED = "ended"

    @property
    def prompt(self) -> str:
        """The name of the prompt that asks for it."""
        return "emergency_check" if self is SurveyStage.ALARM else f"ask_{self.value}"


class Ending(StrEnum):
    """How a revisit call ended, for the record."""

    ANSWERED = "answered"
    PARTLY = "partly"
    WRONG_PERSON = "wrong_person"
    POSTPONED = "postponed"
    REFUSED = "refused"
    VOICEMAIL = "voicemail"
    SILENT = "silent"
    HUNG_UP = "hung_up"
    HANDED_OVER = "handed_over"
    AGENT_WANTED = "agent_wanted"
    EMERGENCY = "emergency"
    CONCEALED = "concealed"


class HalfDay(StrEnum):
    """When another call is offered."""

    MORNING = "morning"  # 明天上午
    AFTERNOON = "afternoon"  # 今天下午
    EVENING = "evening"  # 今天晚上
    TOMORROW_AFTERNOON = "tomorrow_afternoon"  # 明天下午


_STAGES_ASKED: Final = ("person", "convenient", "contacted", "resolution", "result", "attitude", "reason")
NAMES: Final = frozenset({
    "greeting", "about", "about_secret", "ask_when", "not_understood", "emergency_check", "emergency",
    "emergency_failed", "transferring", "agent_busy", "agent_failed", "thanks", "thanks_unhappy", "thanks_partly",
    "wrong_person", "postponed", "refused", "silent", "voicemail", "secret", "how", "briefing", "reason", "when", "connector",
    "answer_contacted_yes", "answer_contacted_no", "answer_none",
    *(f"ask_{stage}" for stage in _STAGES_ASKED),
    *(f"ask_{stage}_again" for stage in _STAGES_ASKED),
    *(f"remark_{ending.value}" for ending in Ending),
    *(f"remark_{why}" for why in ("busy", "no_answer", "rejected", "no_such_number", "broken")),
    *(f"answer_resolution_{grade.value}" for grade in Resolution),
    *(f"answer_{about}_{grade.value}" for about in ("result", "attitude") for grade in Satisfaction),
    *(f"half_{half.value}" for half in HalfDay),
})  # fmt: skip
"""The prompts of ``config/<city>/prompts/survey.yaml``."""


@dataclass(frozen=True, slots=True)
class SurveyPolicy:
    """Limits of a revisit call.

    A question is put again ``max_silences`` times to who is silent and ``max_misses`` times to who is not understood.
    First words of ``recorded_characters`` and more come from a machine. Answers longer than ``short_answer``
    characters are kept in the citizen's own words.
    """

    answer_seconds: float = 6.0
    open_seconds: float = 8.0
    max_silences: int = 1
    max_misses: int = 2
    recorded_characters: int = 30
    short_answer: int = 8
    elder_slowness: float = 1.5


@dataclass(frozen=True, slots=True)
class Subject:
    """What the call is about; ``matter`` in short, and never spoken when ``is_secret`` (保密). ``offers``: two half days."""

    number: WorkOrderNumber
    matter: str
    is_secret: bool
    offers: tuple[HalfDay, HalfDay] = (HalfDay.MORNING, HalfDay.TOMORROW_AFTERNOON)


@dataclass(slots=True)
class SurveyResult:
    """What was answered; None is what was not. ``words`` are the citizen's own, ``when`` is when to call again.

    ``stop``: no more calls. ``wants_agent``: a person was asked for and did not come.
    """

    number: WorkOrderNumber
    ending: Ending = Ending.HUNG_UP
    was_contacted: bool | None = None
    resolution: Resolution | None = None
    result: Satisfaction | None = None
    attitude: Satisfaction | None = None
    words: tuple[str, ...] = field(default=())
    when: str = ""
    stop: bool = False
    wants_agent: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all was answered that a revisit needs."""
        return None not in (self.resolution, self.result, self.attitude)

    @property
    def has_answers(self) -> bool:
        """Whether anything was answered."""
        return any(
            answer is not None for answer in (self.was_contacted, self.resolution, self.result, self.attitude)
        )

    def told(self, prompts: Prompts) -> str:
        """Return the answers in words, for a person to read."""
        answers = []
        if self.was_contacted is not None:
            answers.append(f"answer_contacted_{'yes' if self.was_contacted else 'no'}")
        for about, answer in (
            ("resolution", self.resolution),
            ("result", self.result),
            ("attitude", self.attitude),
        ):
            if answer is not None:
                answers.append(f"answer_{about}_{answer.value}")
        return prompts.text("connector").join(prompts.text(name) for name in answers or ["answer_none"])

    def revisit(self, prompts: Prompts) -> Revisit:
        """Return the deed: reached only with all answers; else a try, whose remark keeps what was answered."""
        remark = [prompts.text(f"remark_{self.ending.value}")]
        if not self.is_complete and self.has_answers:
            remark.append(self.told(prompts))
        if self.words:
            remark.append(prompts.text("reason", words=prompts.text("connector").join(self.words)))
        if self.when:
            remark.append(prompts.text("when", words=self.when))
        return Revisit(
            is_reached=self.is_complete,
            how=prompts.text("how"),
            was_contacted=self.was_contacted,
            resolution=self.resolution if self.is_complete else None,
            result=self.result if self.is_complete else None,
            attitude=self.attitude if self.is_complete else None,
            remark="".join(remark),
        )
