"""The revisit call (回访), sans-IO: ``SurveySession.handle(event)`` decides all that the citizen hears next.

    PERSON → CONVENIENT → CONTACTED → RESOLUTION → RESULT → ATTITUDE → (REASON) → (end)
      │         └─ no → WHEN → (end)
      └─ somebody else, a machine, nobody → (end), and nothing of the matter was told
    at any moment: “人工” or 0 → TRANSFERRING → HANDED_OVER; an emergency → EMERGENCY; “别再打了”, a state secret → (end)

What was not answered stays unanswered: a question that is not understood is put again with keys and then passed over,
and ``SurveyResult.revisit`` counts the citizen as reached only when they said all that a revisit asks for.
"""

from __future__ import annotations

from typing import Final

from hotline.dialogue.actions import (
    ChannelAction,
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Outcome,
    Say,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.events import (
    AgentJoined,
    Event,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    NoAgentFree,
    PartlySaid,
    Said,
    SpeechStarted,
    Started,
    TransferFailed,
)
from hotline.dialogue.prompts import Prompts
from hotline.dialogue.safety_words import Alarm, SafetyWords
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.survey_result import (
    UNHAPPY,
    Ending,
    Subject,
    SurveyPolicy,
    SurveyResult,
    SurveyStage,
)
from hotline.dialogue.survey_words import SurveyWords
from hotline.dialogue.talk_events import LeftAlone, TalkSaid
from hotline.dialogue.telling import spelled
from hotline.dialogue.words import AnswerWords
from hotline.domain.appeal import EmergencyService
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.speech import Expected
from hotline.phonetics import han_only

Actions = tuple[ChannelAction, ...]

_YES_NO: Final = {"1": True, "2": False}
_RESOLUTIONS: Final = dict(
    zip("123", (Resolution.RESOLVED, Resolution.MOSTLY, Resolution.UNRESOLVED), strict=True)
)
_GRADES: Final = dict(
    zip("123", (Satisfaction.SATISFIED, Satisfaction.MOSTLY, Satisfaction.DISSATISFIED), strict=True)
)
_QUESTIONS: Final = (
    SurveyStage.CONTACTED,
    SurveyStage.RESOLUTION,
    SurveyStage.RESULT,
    SurveyStage.ATTITUDE,
)
_WAITING: Final = (SurveyStage.TRANSFERRING, SurveyStage.EMERGENCY)


class SurveySession:
    """One revisit call to one citizen."""

    def __init__(
        self,
        subject: Subject,
        *,
        prompts: Prompts,
        words: SurveyWords,
        answers: AnswerWords,
        safety: SafetyWords,
        diversions: DiversionWords,
        policy: SurveyPolicy,
    ) -> None:
        """Take what the call is about, the city's words and the limits of patience."""
        self._subject, self._prompts, self._policy = subject, prompts, policy
        self._words, self._answers, self._safety = words, answers, safety
        self._diversions = diversions
        self.is_secret = False
        self._stage, self._before_alarm = SurveyStage.PERSON, SurveyStage.PERSON
        self._turn = self._silences = self._misses = 0
        self._is_saying = self._is_slow = False
        self._service: EmergencyService | None = None
        self.result = SurveyResult(number=subject.number)

    @property
    def turn(self) -> int:
        """The turn that is open: answers to earlier ones come too late."""
        return self._turn

    @property
    def outcome(self) -> Outcome:
        """How the call ended, as reports print it."""
        match self.result.ending:
            case Ending.ANSWERED:
                return Outcome.ANSWERED
            case Ending.HANDED_OVER:
                return Outcome.AGENT
            case Ending.EMERGENCY:
                return Outcome.EMERGENCY
            case _:
                return Outcome.FAILED

    def handle(self, event: Event) -> Actions:
        """Decide what to do about ``event``."""
        if self._stage is SurveyStage.ENDED or getattr(event, "turn", self._turn) != self._turn:
            return ()
        if self._stage is SurveyStage.HANDED_OVER:
            return self._in_talk(event)
        match event:
            case Started():
                self._is_slow = event.prefers_slow
                return self._greet()
            case SpeechStarted():
                return self._stop_saying()
            case PartlySaid():
                return self._partly_said(event.text)
            case Said() if self._diversions.may_be_state_secret(event.text):
                return self._concealed(event.text)
            case Said() if self._stage not in _WAITING:
                return self._said(event.text)
            case KeyPressed() if self._stage not in _WAITING:
                return self._key(event.key)
            case HearingLost() if self._stage not in _WAITING:
                return self._missed()
            case FellSilent() if self._stage not in _WAITING:
                return self._silent()
            case AgentJoined():
                return self._joined()
            case NoAgentFree() | TransferFailed():
                return self._nobody_came()
            case HungUp():
                self._hung_up()
                return ()
            case _:
                return ()

    # --- what was said --------------------------------------------------------------------------------------

    def _partly_said(self, text: str) -> Actions:
        if self._stage is SurveyStage.PERSON and self._sounds_recorded(text):
            return self._finish(Ending.VOICEMAIL, "voicemail")
        alarm = self._safety.emergency_in(text)
        is_new = self._stage is not SurveyStage.ALARM and self._stage not in _WAITING
        if is_new and alarm is not None and alarm.alarm is Alarm.CERTAIN:
            return self._check_emergency(alarm.service)
        return ()

    def _said(self, text: str) -> Actions:
        if self._stage is SurveyStage.PERSON and self._sounds_recorded(text):
            return self._finish(Ending.VOICEMAIL, "voicemail")
        alarm = self._safety.emergency_in(text)
        if alarm is not None and alarm.alarm is Alarm.CERTAIN:
            return self._give_way(alarm.service)
        if self._stage is SurveyStage.ALARM:
            return self._alarm_answered(self._words.yes_or_no(text))
        if alarm is not None:
            return self._check_emergency(alarm.service)
        if self._answers.wants_agent(text):
            return self._transfer("asked")
        if self._words.wants_no_calls(text):
            self.result.stop = True
            return self._finish(Ending.REFUSED, "refused")
        if self._answers.wants_slower(text):
            self._is_slow = True
            if self._answers.is_only_slower(text):
                return self._ask(self._stage)
        if self._answers.read(text, Answer.REPEAT) is not None:
            return self._ask(self._stage)
        return self._answered(text)

    def _sounds_recorded(self, text: str) -> bool:
        return self._words.is_voicemail(text) or len(han_only(text)) >= self._policy.recorded_characters

    def _answered(self, text: str) -> Actions:
        match self._stage:
            case SurveyStage.PERSON if self._words.is_busy(text):
                return self._when()
            case SurveyStage.PERSON:
                return self._person(self._words.is_person(text), is_hello=self._words.is_hello(text))
            case SurveyStage.CONVENIENT if self._words.is_busy(text):
                return self._when()
            case SurveyStage.CONVENIENT:
                return self._convenient(self._words.is_convenient(text))
            case SurveyStage.WHEN:
                self.result.when = text
                return self._finish(Ending.POSTPONED, "postponed")
            case SurveyStage.REASON:
                if not self._words.has_nothing_to_add(text):
                    self.result.words = (*self.result.words, text)
                return self._settled()
            case _:
                return self._survey_answered(text)

    def _survey_answered(self, text: str) -> Actions:
        answer: bool | Resolution | Satisfaction | None
        if self._stage is SurveyStage.CONTACTED:
            answer = self._words.is_contacted(text)
        elif self._stage is SurveyStage.RESOLUTION:
            answer = self._words.resolution(text)
        else:
            answer = self._words.satisfaction(text)
        if len(han_only(text)) > self._policy.short_answer:
            self.result.words = (*self.result.words, text)
        return self._noted(answer)

    def _key(self, key: str) -> Actions:
        if key == "0":
            return self._transfer("asked")
        match self._stage:
            case SurveyStage.PERSON:
                return self._person(_YES_NO.get(key))
            case SurveyStage.CONVENIENT:
                return self._convenient(_YES_NO.get(key))
            case SurveyStage.ALARM:
                return self._alarm_answered(_YES_NO.get(key))
            case SurveyStage.CONTACTED:
                return self._noted(_YES_NO.get(key))
            case SurveyStage.RESOLUTION:
                return self._noted(_RESOLUTIONS.get(key))
            case SurveyStage.RESULT | SurveyStage.ATTITUDE:
                return self._noted(_GRADES.get(key))
            case SurveyStage.REASON:
                return self._settled()
            case _:
                return ()

    # --- the questions -------------------------------------------------------------------------------------

    def _greet(self) -> Actions:
        turn = self._new_turn()
        say = self._prompts.say(turn, ("greeting", "ask_person"), is_interruptible=False)
        return (*self._spoken(say), *self._listens(turn, SurveyStage.PERSON))

    def _person(self, is_person: bool | None, *, is_hello: bool = False) -> Actions:
        if is_person is False:
            return self._finish(Ending.WRONG_PERSON, "wrong_person")
        if is_person:
            return self._ask(SurveyStage.CONVENIENT, "about_secret" if self._subject.is_secret else "about")
        if is_hello:
            return self._asked_again(Ending.SILENT, "silent")
        return self._missed()

    def _convenient(self, is_convenient: bool | None) -> Actions:
        if is_convenient is None:
            return self._missed()
        return self._ask(SurveyStage.CONTACTED) if is_convenient else self._when()

    def _when(self) -> Actions:
        return self._ask(SurveyStage.WHEN)

    def _noted(self, answer: bool | Resolution | Satisfaction | None) -> Actions:
        if answer is None:
            return self._missed()
        match self._stage:
            case SurveyStage.CONTACTED:
                self.result.was_contacted = bool(answer)
            case SurveyStage.RESOLUTION if isinstance(answer, Resolution):
                self.result.resolution = answer
            case SurveyStage.RESULT if isinstance(answer, Satisfaction):
                self.result.result = answer
            case SurveyStage.ATTITUDE if isinstance(answer, Satisfaction):
                self.result.attitude = answer
            case _:
                return self._missed()
        return self._next_question()

    def _next_question(self) -> Actions:
        following = _QUESTIONS[_QUESTIONS.index(self._stage) + 1 :]
        if following:
            return self._ask(following[0])
        is_unhappy = {self.result.resolution, self.result.result, self.result.attitude} & UNHAPPY
        return self._ask(SurveyStage.REASON) if is_unhappy and not self.result.words else self._settled()

    def _settled(self) -> Actions:
        result = self.result
        if not result.is_complete:
            return self._finish(Ending.PARTLY, "thanks_partly")
        is_unhappy = {result.resolution, result.result, result.attitude} & UNHAPPY
        return self._finish(Ending.ANSWERED, "thanks_unhappy" if is_unhappy else "thanks")

    # --- silence and words that say nothing ----------------------------------------------------------------

    def _missed(self) -> Actions:
        self._misses += 1
        if self._misses <= self._policy.max_misses:
            return self._ask_again("not_understood")
        return self._passed_over(Ending.PARTLY)

    def _asked_again(self, ending: Ending, name: str) -> Actions:
        self._silences += 1
        return (
            self._ask_again() if self._silences <= self._policy.max_silences else self._finish(ending, name)
        )

    def _silent(self) -> Actions:
        if self._stage is SurveyStage.PERSON:
            return self._asked_again(Ending.SILENT, "silent")
        if self._stage is SurveyStage.ALARM:
            return self._alarm_answered(None)
        self._silences += 1
        if self._silences <= self._policy.max_silences and self._stage is not SurveyStage.WHEN:
            return self._ask_again()
        return self._passed_over(Ending.PARTLY)

    def _passed_over(self, ending: Ending) -> Actions:
        """Leave a question unanswered: it is asked no third time."""
        match self._stage:
            case SurveyStage.PERSON | SurveyStage.CONVENIENT:
                return self._finish(ending, "thanks_partly")
            case SurveyStage.WHEN:
                return self._finish(Ending.POSTPONED, "postponed")
            case SurveyStage.REASON:
                return self._settled()
            case SurveyStage.ALARM:
                return self._alarm_answered(None)
            case _ if self._silences > self._policy.max_silences:
                return self._finish(ending, "thanks_partly")
            case _:
                return self._next_question()

    def _hung_up(self) -> None:
        result, stage = self.result, self._stage
        if stage is SurveyStage.TRANSFERRING:
            result.ending, result.wants_agent = Ending.AGENT_WANTED, True
        elif stage is SurveyStage.EMERGENCY:
            result.ending = Ending.EMERGENCY
        elif result.is_complete:
            result.ending = Ending.ANSWERED
        else:
            result.ending = Ending.PARTLY if result.has_answers else Ending.HUNG_UP
        self._stage = SurveyStage.ENDED

    # --- people and emergencies ------------------------------------------------------------------------------

    def _transfer(self, reason: str) -> Actions:
        self.result.wants_agent = True
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = SurveyStage.TRANSFERRING
        say = self._prompts.say(turn, ("transferring",), is_interruptible=False)
        return (*stop, *self._spoken(say), TransferToAgent(turn, reason, self._briefing()))

    def _check_emergency(self, service: EmergencyService) -> Actions:
        self._service, self._before_alarm = service, self._stage
        return self._ask(SurveyStage.ALARM)

    def _alarm_answered(self, is_emergency: bool | None) -> Actions:
        if is_emergency and self._service is not None:
            return self._give_way(self._service)
        return self._ask(self._before_alarm)

    def _give_way(self, service: EmergencyService) -> Actions:
        self._service = service
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = SurveyStage.EMERGENCY
        say = self._prompts.say(turn, ("emergency",), {"service": service.value}, is_interruptible=False)
        return (*stop, *self._spoken(say), GiveWayToEmergency(turn, service, self._briefing()))

    def _concealed(self, text: str) -> Actions:
        """End the call, unless help is on its way: what may be a state secret has no place on a telephone or in this system (regulations: rule 41)."""
        alarm = self._safety.emergency_in(text)
        self._forget()
        if self._stage is SurveyStage.EMERGENCY:
            return ()
        if alarm is not None and alarm.alarm is Alarm.CERTAIN:
            return self._give_way(alarm.service)
        return self._finish(Ending.CONCEALED, "secret")

    def _forget(self) -> None:
        self.is_secret = True
        self.result.words, self.result.when = (), ""

    def _in_talk(self, event: Event) -> Actions:
        """Listen along while people talk; who is left alone is called back, as when nobody came."""
        match event:
            case TalkSaid() if self._diversions.may_be_state_secret(event.text):
                self._forget()
                return ()
            case LeftAlone():
                self._stage, self.result.wants_agent = SurveyStage.TRANSFERRING, True
                return self._nobody_came()
            case _:
                return ()

    def _joined(self) -> Actions:
        is_emergency = self._stage is SurveyStage.EMERGENCY
        self.result.ending = Ending.EMERGENCY if is_emergency else Ending.HANDED_OVER
        self.result.wants_agent = False
        self._stage = SurveyStage.HANDED_OVER
        return ()

    def _nobody_came(self) -> Actions:
        if self._stage is SurveyStage.EMERGENCY:
            turn, service = self._new_turn(), self._service.value if self._service else ""
            self._stage, self.result.wants_agent = SurveyStage.TRANSFERRING, True
            say = self._prompts.say(turn, ("emergency_failed",), {"service": service}, is_interruptible=False)
            return (
                *self._spoken(say),
                TransferToAgent(turn, "emergency", self._briefing()),
            )
        if self._stage is SurveyStage.TRANSFERRING:
            return self._finish(Ending.AGENT_WANTED, "agent_busy", "agent_failed")
        return ()

    def _briefing(self) -> str:
        answers = self.result.told(self._prompts)
        return self._prompts.text("briefing", number=self._subject.number, answers=answers)

    # --- saying and asking -----------------------------------------------------------------------------------

    def _ask(self, stage: SurveyStage, *before: str) -> Actions:
        """Put the question of ``stage`` for the first time."""
        if stage is not self._stage:
            self._silences = self._misses = 0
        return self._question(stage, *before, stage.prompt)

    def _ask_again(self, *before: str) -> Actions:
        again = self._stage in (*_QUESTIONS, SurveyStage.PERSON, SurveyStage.CONVENIENT, SurveyStage.REASON)
        prompt = f"{self._stage.prompt}_again" if again else self._stage.prompt
        return self._question(self._stage, *before, prompt)

    def _question(self, stage: SurveyStage, *names: str) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        first, second = self._subject.offers
        say = self._prompts.say(
            turn,
            names,
            {
                "matter": self._subject.matter,
                "number": spelled(self._subject.number, is_spoken=True),
                "first": self._prompts.text(f"half_{first}"),
                "second": self._prompts.text(f"half_{second}"),
            },
        )
        self._is_saying = True
        return (*stop, *self._spoken(say), *self._listens(turn, stage))

    def _listens(self, turn: int, stage: SurveyStage) -> Actions:
        self._stage = stage
        expect = Expected.OPEN if stage in (SurveyStage.REASON, SurveyStage.WHEN) else Expected.YES_NO
        seconds = self._policy.open_seconds if expect is Expected.OPEN else self._policy.answer_seconds
        slowness = self._policy.elder_slowness if self._is_slow else 1.0
        return (
            Listen(turn, expect, seconds, self._words.likely(stage.value), slowness),
            *(() if expect is Expected.OPEN else (CollectKeys(turn, 1, seconds),)),
        )

    def _finish(self, ending: Ending, *names: str) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self.result.ending = SurveyStage.ENDED, ending
        say = self._prompts.say(turn, names, is_interruptible=False)
        return (*stop, *self._spoken(say), End(self.outcome))

    def _spoken(self, say: Say) -> Actions:
        return (Say(say.turn, say.parts, say.prompts, say.is_interruptible, self._is_slow),)

    def _stop_saying(self) -> Actions:
        was_saying, self._is_saying = self._is_saying, False
        return (StopSaying(),) if was_saying else ()

    def _new_turn(self) -> int:
        self._turn += 1
        return self._turn
