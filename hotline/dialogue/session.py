"""The conversation (对话), sans-IO: ``Session.handle(event)`` decides all that a citizen hears next.

A session waits for nothing and reads no clock: to wait is an action, that it is over is an event. Every action that
expects an answer carries the turn number, and an answer to a turn that has passed is dropped: that one rule settles
barge-in, late answers and stale timers. The stages:

    OPEN ─ question → ANSWERED ─ nothing more → (end)
      ├─ how an order stands → LOOKING_UP · PROGRESS_NUMBER · PROGRESS_PROOF → MORE
      └─ anything else → MATTER · MATTER_CHOICE · PLACE_CHOICE · PLACE · PLACE_DETAIL · SECRECY → CONFIRM ⇄ CORRECT → CHECKING
    MORE ─ nothing more → RATING → (end), or not satisfied → RATED_BADLY → TRANSFERRING or (end)
    CHECKING ─ an earlier order → REPEAT ─ yes → MERGING → MORE · CLOSED_REPEAT ─ no → MORE
      └─ none, or not to be told → REGISTERING → MORE → (end)
    MORE ─ “不对，位置是……” → ADDING → MORE
    at any moment: “人工” or 0 → TRANSFERRING → HANDED_OVER, or nobody free → CALLBACK → (end), or MESSAGE → (end)
    at any moment: emergency → EMERGENCY → HANDED_OVER

Nothing says that something was recorded before ``AppealRegistered`` or ``Merged``, which come after the commit.

One conversation is spread over files, each building on the one before: ``floor`` (saying and asking), ``handing_over``
(people), ``in_talk`` (while people talk), ``places_told`` (where it is), ``taking_down`` (an appeal), ``confirming`` (it),
``earlier_orders`` (repeats and progress), ``changed_orders`` (what is put right afterwards), ``over_turns`` (second
thoughts, alarms in mid-sentence, more matters), ``standing`` (what it amounts to), ``rating``, ``who_handles`` and
``of_orders`` (what is asked about units and orders), ``in_writing``, ``asking_on`` (about an answer), ``new_matters`` (what
was understood), ``hearing`` (what is said and pressed, before that). Here is what starts them: the events.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from hotline.dialogue.actions import End
from hotline.dialogue.events import (
    AgentJoined,
    AgentRings,
    AppealRegistered,
    CallbackPlanned,
    EngineFailed,
    Event,
    FactsAdded,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    LocationShared,
    Merged,
    NoAgentFree,
    NoProgress,
    NoRepeat,
    PartlySaid,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    RepeatFound,
    Said,
    SpeechStarted,
    Started,
    StoreDelayed,
    TakenOver,
    TransferFailed,
    Understood,
    UnitFound,
    WaitsForAgent,
)
from hotline.dialogue.floor import Actions
from hotline.dialogue.hearing import Hearing
from hotline.dialogue.intake import Draft, merged
from hotline.dialogue.stages import (
    DEAF,
    INTAKE,
    TOLD_OF_ORDERS,
    WAITS_FOR_PEOPLE,
    Stage,
)
from hotline.dialogue.talk_events import TalkEvent
from hotline.dialogue.written_events import WrittenEvent
from hotline.domain.appeal import ContactChannel, Place
from hotline.domain.speech import Expected


class Session(Hearing):
    """One conversation with one citizen."""

    def handle(self, event: Event) -> Actions:
        """Decide what to do about ``event``."""
        if self._stage is Stage.ENDED or self._is_late(event):
            return ()
        actions = self._happened(event)
        actions = (*actions, *self._hand_to_taker(is_first=not actions))
        self._forget_before(event, actions)
        return self._paced(actions)

    def _happened(self, event: Event) -> Actions:  # noqa: C901, PLR0911, PLR0912 - one case per event; completeness is checked by type
        if isinstance(event, TalkEvent):
            return self._in_talk(event)
        if isinstance(event, WrittenEvent):
            return self._in_writing(event)
        match event:
            case Started():
                self._channel, self._caller, self._is_known = event.channel, event.phone, event.is_known
                self._is_slow = event.prefers_slow and self._is_spoken
                self._draft = Draft(phone=event.phone)
                if event.callback is not None:
                    return self._call_back(event.callback)
                return self._ask(Stage.OPEN, Expected.OPEN, "greeting")
            case SpeechStarted():
                return self._stop_saying() if self._stage not in DEAF else ()
            case Said():
                text = self._going_on(event.text) if event.continues else event.text
                self._is_heard = bool(event.engine)
                self._otherwise_heard = {} if event.continues else {text: event.others}
                self._keyed = ""
                self._remember(text)
                return self._said(text)
            case PartlySaid():
                return self._partly_said(event.text)
            case KeyPressed():
                return self._key(event.key)
            case LocationShared():
                return self._located(event.place)
            case HearingLost():
                if event.is_engine_busy:
                    return self._not_heard("hearing_busy")
                return self._not_heard("hearing_down" if event.is_engine_down else "not_heard")
            case FellSilent():
                return self._fell_silent()
            case PromptFinished():
                was_heard, self._saying = self._saying is not None, None
                return self._take_next_matter() if was_heard and self._may_take_next_matter else ()
            case Understood():
                self._is_understanding = False
                return self._understood(event.understanding)
            case PassagesFound():
                return self._passages_found(event)
            case AppealRegistered():
                return self._registered(event)
            case RepeatFound():
                return self._repeat_found(event)
            case NoRepeat():
                self._linked_to = event.linked_to
                return self._now_register() if self._stage is Stage.CHECKING else ()
            case UnitFound():
                return self._unit_found(event)
            case Merged():
                return self._merged(event.number)
            case FactsAdded():
                return self._facts_added(event.number)
            case ProgressFound():
                return self._progress_found(event)
            case NoProgress():
                return self._no_progress(event)
            case EngineFailed():
                return self._engine_failed(event.engine)
            case StoreDelayed():
                return self._delayed()
            case WaitsForAgent():
                return self._told_to_wait(event)
            case AgentRings():
                return self._told_who_rings(event.agent)
            case AgentJoined():
                return self._agent_joined(event.agent)
            case NoAgentFree():
                return self._nobody_came(event.at, hours=event.hours)
            case TransferFailed():
                return self._nobody_came(event.at)
            case TakenOver():
                self._taken_over(event)
                return ()
            case CallbackPlanned():
                return self._callback_planned(event)
            case HungUp():
                return self._hung_up()
            case _:
                assert_never(event)

    def _is_late(self, event: Event) -> bool:
        turn = getattr(event, "turn", self._turn)
        return isinstance(turn, int) and turn != self._turn

    @property
    def _may_take_next_matter(self) -> bool:
        is_due = self._stage in (Stage.MORE, Stage.ANSWERED) and not self._is_understanding
        return bool(self._told_beside) and is_due

    def _located(self, place: Place) -> Actions:
        if self._stage not in INTAKE:
            self._shared_place = place  # of the matter that comes next
            is_awaited = self._stage in TOLD_OF_ORDERS and not self._is_understanding
            if self._is_spoken or not is_awaited:
                return ()
            return self._ask(Stage.OPEN, Expected.OPEN, "place_first", place=place.text)
        self._draft = replace(self._draft, place=merged(self._draft.place, place))
        return self._next_question()

    def _fell_silent(self) -> Actions:
        self._keyed = ""
        if self._is_understanding or self._stage in DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        if self._may_take_next_matter:
            return self._take_next_matter()
        taken = self._silence_taken()
        return taken if taken is not None else self._ask_after_silence()

    def _silence_taken(self) -> Actions | None:
        """Do what it means to say nothing to a question that needs no answer; None where it is asked again."""
        match self._stage:
            case Stage.ANSWERED | Stage.MORE:
                return self._goodbye("goodbye_silent")
            case Stage.RATING | Stage.RATED_BADLY | Stage.UNIT_TOLD:
                return self._goodbye("goodbye")
            case Stage.CALLBACK:
                return self._plan_callback()
            case Stage.MESSAGE:
                return self._goodbye("message_none")
            case Stage.REPEAT | Stage.CLOSED_REPEAT:
                return self._now_register()  # confirmed already, and neither answer loses anything
            case _:
                return None

    def _ask_after_silence(self) -> Actions:
        """Put the question again; who says nothing to that either gets a person, or in writing a farewell."""
        self._silences += 1
        self._is_slow = self._is_slow or (self._is_spoken and self._silences > 1)
        if self._silences > self._policy.max_silences:
            if self._channel is not ContactChannel.PHONE:
                return self._goodbye("goodbye_silent", *self._keep_unfinished())
            return self._transfer("silent")
        if self._stage is Stage.CONFIRM:
            return self._ask_yes_no(Stage.CONFIRM, "confirm_unclear", keep_silences=True)
        if self._stage is Stage.OPEN:
            name = "reprompt_open" if self._silences == 1 else "reprompt_keys"
            return self._ask(Stage.OPEN, Expected.OPEN, name)
        return self._ask_again()

    def _hung_up(self) -> Actions:
        keep = self._keep_unfinished()
        is_expected = self._is_secret or self._is_callback
        self._was_abandoned = self._stage in WAITS_FOR_PEOPLE and not is_expected
        self._stage = Stage.ENDED
        return (*keep, End(self.outcome))

    def _engine_failed(self, engine: str) -> Actions:
        """Go on without what has failed; where nothing can be done without it, a person takes over."""
        match engine:
            case "repeats" | "merge":  # what cannot be checked or merged is registered
                return self._now_register() if self._stage in (Stage.CHECKING, Stage.MERGING) else ()
            case "facts":  # what was said goes with the briefing
                return self._transfer("store_failed", "not_added") if self._stage is Stage.ADDING else ()
            case "callbacks":
                return self._take_message() if self._stage is Stage.PLANNING_CALLBACK else ()
            case "progress":
                is_waiting, self._denied = self._stage is Stage.LOOKING_UP, ""
                return self._transfer("progress", "progress_unavailable") if is_waiting else ()
            case "router":
                return self._no_unit_found() if self._stage is Stage.FINDING_UNIT else ()
            case _ if self._stage is Stage.FORM:
                return self._form_understood(None)
            case "store":
                return self._store_failed()
            case _:
                return self._not_understandable(engine)

    def _store_failed(self) -> Actions:
        """Say that nothing was recorded, where somebody waits to hear that it was."""
        self._store_failures += 1
        if self._stage is Stage.REGISTERING:
            return self._transfer("store_failed", "not_recorded", "transferring")
        if self._stage is Stage.RECORDING_MESSAGE:
            return self._goodbye("not_recorded", then="message_none")
        return ()

    def _not_understandable(self, engine: str) -> Actions:
        """Go on without an answer where the search has failed; what was not understood is for a person."""
        self._is_understanding = False
        if engine == "retriever" and self._pending_question is not None:
            return self._answer_aside(None)
        if engine == "retriever" and self._untold == self._turn:
            return self._tell_nothing()
        if engine == "retriever" and (self._draft.kind is not None or self._draft.category is not None):
            return self._next_question("no_answer_register")
        self._draft = self._draft.heard(self._heard)
        return self._transfer("engine_failed")
