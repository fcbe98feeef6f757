"""The floor of a conversation: what is being said, what was asked last, and how long an answer is waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final, TypeVar

from hotline.dialogue.actions import (
    Action,
    End,
    Listen,
    Outcome,
    Say,
    StopSaying,
    Understand,
)
from hotline.dialogue.cards import Card
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.intake import Draft
from hotline.dialogue.policy import Policy
from hotline.dialogue.prompts import Prompts
from hotline.dialogue.safety_words import SafetyWords
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import Stage
from hotline.dialogue.survey_words import SurveyWords
from hotline.dialogue.telling import Teller, spelled
from hotline.dialogue.words import AnswerWords
from hotline.domain.appeal import (
    ContactChannel,
    EmergencyService,
    PhoneNumber,
    Place,
)
from hotline.domain.callbacks import CallbackWindow, CallingHours
from hotline.domain.category import Category
from hotline.domain.knowledge import Article
from hotline.domain.speech import Expected

Actions = tuple[Action, ...]
_Told = TypeVar("_Told")


def first_of(told: _Told, *ways: Callable[[_Told], Actions | None]) -> Actions | None:
    """Return what the first of ``ways`` does that has anything to do about ``told`` (nothing to hear is done, too); None: none has."""
    return next((done for way in ways if (done := way(told)) is not None), None)


_LEADS: Final = frozenset({
    "no_answer_register", "not_registered_yet", "calm", "secrecy_by_law", "secrecy_wished", "facts_noted", "aside_unknown", "aside_back", "progress_later", "key_unknown", "text_not_sent",
})  # fmt: skip
"""What is told before a question, and not once more when it is put again."""


class Floor:
    """A conversation as far as saying and asking goes, with all that is known of it."""

    _alone: Say | None = None  # the question asked last, where something else was told before it
    _told_of_keys: Stage | None = None
    """The stage of the question at which it was said that keys mean nothing."""

    _before_check: tuple[Stage, tuple[Say, Listen] | None] | None = None
    """What was asked, while a matter was being taken down, before the question whether there is an emergency."""

    _is_alarm_heard = False  # whether the emergency that was asked about was said, and not only sounded alike
    _is_alarm_denied = False  # whether it was just said that what was taken for an emergency is none
    _waiting: tuple[str, ...] = ()
    """Matters that were told together with the first, each at its place unless it says otherwise."""

    _unclear: Draft | None = None  # what was told last and not understood

    def __init__(
        self,
        *,
        prompts: Prompts,
        categories: Mapping[str, Category],
        safety: SafetyWords,
        answers: AnswerWords,
        diversions: DiversionWords,
        policy: Policy,
        timezone: tzinfo,
        calling_hours: CallingHours | None = None,
        ratings: SurveyWords | None = None,
    ) -> None:
        """Take the city's words and the limits of patience; ``timezone`` is for days that are spoken.

        Without ``calling_hours`` nobody is offered to be called back at a certain time, without ``ratings`` nobody is
        asked how the conversation was.
        """
        self._calling_hours = calling_hours
        self._ratings = ratings
        self._window: CallbackWindow | None = None
        self._was_offered_callback = False
        # When it was told, while waiting for an agent, that key 1 asks for a call.
        self._offered_call_at: datetime | None = None
        self._prompts = prompts
        self._categories = categories
        self._safety = safety
        self._answers = answers
        self._diversions = diversions
        self._teller = Teller(prompts, categories, timezone)
        self._policy = policy
        self._timezone = timezone
        self._channel = ContactChannel.PHONE
        self._stage = Stage.OPEN
        self._turn = 0
        self._draft = Draft()
        self._heard = ""  # words that are being understood
        self._is_understanding = False
        self._saying: Say | None = None
        self._asked: tuple[Say, Listen] | None = None
        self._silences = 0
        self._no_matches = 0
        self._corrections = self._additions = 0
        self._store_failures, self._is_delayed = 0, False
        self._was_asked_about_emergency = self._was_asked_again_about_emergency = False
        self._service: EmergencyService | None = None
        self._article: Article | None = None
        self._was_registered = False
        self._was_handed_over = False
        self._gave_way = False
        self._caller: PhoneNumber | None = (
            None  # the calling number only: a number that was told proves nothing
        )
        self._shared_place: Place | None = None
        self._words: tuple[str, ...] = ()
        self._lead: Say | None = None  # what is to be said together with “已受理”
        self._linked_to: str | None = None
        self._progress_number: str | None = None
        self._progress_questions = 0
        self._asks_progress = False
        self._told_progress = False
        self._nuisances = 0
        self._alarm_word = ""
        self._was_withdrawn = self._was_held_back = False
        self._is_secret = False
        self._is_slow = False
        self._is_upset = False
        self._repeats_asked = 0
        self._was_abandoned = False
        self._next_matter = ""  # a second matter that was spoken of together with the first

    def _understand(self, text: str) -> Actions:
        """Have ``text`` understood; words that come before the answer are understood together with it."""
        self._heard = f"{self._heard}，{text}" if self._is_understanding else text
        self._is_understanding = True
        return (*self._stop_saying(), Understand(self._new_turn(), self._heard))

    @property
    def turn(self) -> int:
        """The turn that is being waited for: answers to others come too late."""
        return self._turn

    @property
    def is_ended(self) -> bool:
        """Whether nothing that happens changes anything any more."""
        return self._stage is Stage.ENDED

    @property
    def outcome(self) -> Outcome:
        """How the conversation has gone so far."""
        if self._gave_way:
            return Outcome.EMERGENCY
        if self._was_handed_over:
            return Outcome.AGENT
        if self._was_registered:
            return Outcome.REGISTERED
        return Outcome.ANSWERED if self._was_answered else Outcome.FAILED

    @property
    def _was_answered(self) -> bool:
        return self._article is not None or self._told_progress

    @property
    def _is_settled(self) -> bool:
        return self._was_registered or self._was_answered

    def _ask(self, stage: Stage, expect: Expected, *names: str, **values: str) -> Actions:
        turn = self._new_turn()
        say = self._prompts.say(turn, names, values)
        return self._put(stage, say, Listen(turn, expect, self._policy.silence_seconds[expect]))

    def _ask_yes_no(self, stage: Stage, *names: str, keep_silences: bool = False, **values: str) -> Actions:
        if not keep_silences:
            self._silences = 0
        turn = self._new_turn()
        likely = self._answers.likely(Answer.YES, Answer.NO)
        listen = Listen(turn, Expected.YES_NO, self._policy.silence_seconds[Expected.YES_NO], likely)
        return self._put(stage, self._prompts.say(turn, names, values), listen)

    @property
    def _closing(self) -> str:
        """What is said after a matter is settled: the next one that was spoken of, or whether there is one."""
        return "next_matter" if self._told_beside else "anything_more"

    @property
    def _told_beside(self) -> tuple[str, ...]:
        """The matters that are still to be taken, as they were told."""
        return (*filter(None, (self._next_matter,)), *self._waiting)

    def _with_card(self, actions: Actions, card: Card | None) -> Actions:
        """Show a card with what is said, which can be asked again without it."""
        return tuple(replace(one, card=card) if isinstance(one, Say) else one for one in actions)

    def _say_and_listen(self, name: str, **values: str) -> Actions:
        """Say how a matter was settled and ask whether there is anything more."""
        turn = self._new_turn()
        say = self._prompts.say(turn, (name, self._closing), values)
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _closing_listen(self, turn: int) -> Listen:
        likely = self._answers.likely(Answer.DONE, Answer.MORE)
        return Listen(turn, Expected.YES_NO, self._policy.closing_seconds, likely)

    @property
    def _most_no_matches(self) -> int:
        """How often somebody may not be understood before a person takes over; who is upset is not asked twice."""
        return 1 if self._is_upset else self._policy.max_no_match

    def _ask_again(self) -> Actions:
        assert self._asked is not None
        self._repeats_asked += 1
        self._is_slow = self._is_slow or (self._is_spoken and self._repeats_asked > 1)
        say, listen = self._asked
        turn, alone = self._new_turn(), self._alone
        actions = self._put(self._stage, replace(say, turn=turn), replace(listen, turn=turn))
        self._alone = alone  # what was told before it is not told once more with the next
        return actions

    def _ask_again_after(self, lead: tuple[str, ...], *names: str) -> Actions:
        """Put the question again that was left open, with ``lead`` (of the prompts or the article ``names``) before it."""
        assert self._asked is not None
        turn, listen = self._new_turn(), self._asked[1]
        alone = self._without_leads(self._alone or self._asked[0])
        whole = Say(turn, (*lead, *alone.parts), prompts=(*names, *alone.prompts))
        actions = self._put(self._stage, whole, replace(listen, turn=turn))
        self._alone = alone
        return actions

    def _without_leads(self, say: Say) -> Say:
        """Return the question itself, without what was told before it the first time."""
        while say.prompts and say.prompts[0] in _LEADS:
            told = len(self._prompts.parts(say.prompts[0]))
            say = replace(say, parts=say.parts[told:], prompts=say.prompts[1:])
        return say

    def _listen_longer(self, say: Say, listen: Listen) -> Actions:
        turn = self._new_turn()
        wait = self._prompts.say(turn, ("take_your_time",))
        patient = replace(listen, turn=turn, seconds=self._policy.patience_seconds)
        actions = self._put(self._stage, wait, patient)
        self._asked = (say, listen)
        return actions

    def _put(self, stage: Stage, say: Say, listen: Listen) -> Actions:
        stop = self._stop_saying()
        self._stage, self._saying, self._asked, self._alone = stage, say, (say, listen), None
        return (*stop, say, listen)

    def _goodbye(self, name: str, *before: Action, then: str = "goodbye", **values: str) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        names = (name,) if name.startswith("goodbye") else (name, then)
        say = self._prompts.say(turn, names, values, is_interruptible=False)
        self._stage = Stage.ENDED
        return (*stop, *before, say, End(self.outcome))

    def _conceal(self) -> Actions:
        """End the talk: what may be a state secret has no place on a telephone or in this system (regulations: rule 41)."""
        self._is_secret = True
        self._draft, self._words, self._heard, self._is_understanding = (
            Draft(phone=self._caller),
            (),
            "",
            False,
        )
        return self._goodbye("divert_secret")

    def _stop_saying(self) -> Actions:
        if self._saying is None or not self._saying.is_interruptible:
            return ()
        self._saying = None
        return (StopSaying(),)

    def _spelled(self, number: str) -> str:
        return spelled(number, is_spoken=self._is_spoken)

    @property
    def _is_spoken(self) -> bool:
        return self._channel is ContactChannel.PHONE

    def _new_turn(self) -> int:
        self._turn += 1
        return self._turn
