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
(people), ``in_talk`` (while people talk), ``taking_down`` (an appeal), ``confirming`` (it), ``earlier_orders`` (repeats and
progress), ``changed_orders`` (what is put right afterwards), ``over_turns`` (second thoughts, alarms in mid-sentence, more
matters), ``standing`` (what it amounts to), ``rating``, ``who_handles`` and ``of_orders`` (what is asked about units and
orders), ``in_writing``, ``asking_on`` (about an answer). Here is what starts them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from hotline.dialogue.actions import End, Listen
from hotline.dialogue.asking_on import AskingOn
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
from hotline.dialogue.intake import Draft, merged
from hotline.dialogue.safety_words import Alarm
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import (
    COMMITTING,
    DEAF,
    INTAKE,
    TOLD_OF_ORDERS,
    WAITS_FOR_PEOPLE,
    Stage,
)
from hotline.dialogue.taking_down import is_nothing_else
from hotline.dialogue.talk_events import TalkEvent
from hotline.dialogue.written_events import WrittenEvent
from hotline.domain.appeal import (
    AppealKind,
    ContactChannel,
    Place,
)
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected

_LAST_WORDS: Final = 10
_LAST_ASKED: Final = 12  # characters
_SHORT_OF_A_MATTER: Final = 8  # characters: 俺不知道咋办啊

_BEFORE_MATTER: Final = (Stage.OPEN, Stage.ANSWERED, Stage.MORE, Stage.UNIT_TOLD, Stage.MATTER)
"""Stages in which what is said tells a matter."""

_MAY_BE_MISDIALLED: Final = INTAKE | {Stage.OPEN, Stage.ANSWERED}

_WITH_PAGE: Final = (ContactChannel.WEB_CHAT, ContactChannel.APP)
"""Channels whose page shows people their own orders, and what is published."""


class Session(AskingOn):
    """One conversation with one citizen."""

    def handle(self, event: Event) -> Actions:
        """Decide what to do about ``event``."""
        if self._stage is Stage.ENDED or self._is_late(event):
            return ()
        actions = self._happened(event)
        actions = (*actions, *self._hand_to_taker(is_first=not actions))
        self._forget_before(event, actions)
        return self._paced(actions)

    def _happened(self, event: Event) -> Actions:
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

    def _said(self, text: str) -> Actions:
        self._silences, self._is_alarm_denied = 0, False
        if self._stage is Stage.HANDED_OVER or not text.strip():
            return ()
        self._words = (*self._words, text.strip("，。 "))[-_LAST_WORDS:]
        emergency = self._safety.emergency_in(text, is_spoken=self._is_spoken)
        if self._stage is Stage.EMERGENCY:
            return self._sentence_after_alarm(text, emergency) if self._draft_before_alarm is not None else ()
        if emergency is not None:
            self._alarm_word = emergency.word
        if emergency is not None and emergency.alarm is Alarm.CERTAIN:
            return self._give_way(emergency.service, text)
        if self._diversions.may_be_state_secret(text):
            return self._conceal()
        if self._stage is Stage.TRANSFERRING and not self._is_spoken:
            return self._said_while_waiting(text)
        if self._stage in DEAF:
            return self._delayed() if self._is_delayed else ()
        wants_person = self._answers.wants_agent(text) or self._answers.is_for_somebody(text)
        is_offered = self._stage is Stage.CALLBACK and self._answers.wants_call_back(text)
        if wants_person and not (is_offered or self._answers.of_orders.is_for_when_done(text)):
            return self._transfer("asked")
        # Who is waiting for a person already is left to wait: what they say goes to that person.
        if self._stage not in WAITS_FOR_PEOPLE and self._answers.is_in_despair(
            text, is_spoken=self._is_spoken
        ):
            self._draft = self._draft.heard(text)
            return self._transfer("despair", "despair")
        if self._answers.speaks_dialect(text):
            return self._transfer("dialect")
        if emergency is None and (of_order := self._asked_of_order(text)) is not None:
            return of_order
        if (
            self._is_spoken
            and self._answers.wants_slower(text)
            and (again := self._slow_down(text)) is not None
        ):
            return again
        if self._asked is not None and (
            self._answers.asks_who_answers(text) or self._answers.slips.takes_for_another(text)
        ):
            return self._tell_who_answers()
        is_alarm_heard = emergency is not None
        if emergency is None and self._is_spoken:
            emergency = self._safety.misheard_in(text)
        if emergency is not None and not self._was_asked_about_emergency:
            self._was_asked_about_emergency, self._alarm_word = True, emergency.word
            self._is_alarm_heard = is_alarm_heard
            self._service, self._heard = emergency.service, text
            self._before_check = (self._stage, self._asked) if self._stage in INTAKE else None
            return self._ask_yes_no(Stage.EMERGENCY_CHECK, "emergency_check", service=emergency.service.value)
        is_repeat = self._asks_back(text) or self._answers.read(text, Answer.REPEAT) is not None
        if self._asked is not None and is_repeat:
            return self._ask_again()
        if self._channel in _WITH_PAGE and self._stage in (Stage.OPEN, Stage.ANSWERED, Stage.MORE):
            page = self._answers.page_of(text)
            if page is not None:
                return self._ask(Stage.OPEN, Expected.OPEN, page)
        return self._answer_to_stage(text)

    def _tell_who_answers(self) -> Actions:
        """Say that a machine answers and how to get a person, and put the question again that was open."""
        if self._stage is Stage.OPEN:
            return self._ask(Stage.OPEN, Expected.OPEN, "machine_open")
        if self._stage in (Stage.MORE, Stage.ANSWERED):
            return self._say_and_listen("machine")
        return self._ask_again_after(self._prompts.parts("machine"), "machine")

    def _asks_back(self, text: str) -> bool:
        """Whether the question that is open was not understood; after an answer “行吗” and “真的吗” are about that answer."""
        of_answer = self._answers.asks_on(text) or self._answers.doubts_answer(text)
        is_of_answer = self._stage in (Stage.ANSWERED, Stage.MORE) and of_answer
        return self._stage is not Stage.OPEN and not is_of_answer and self._answers.asks_back(text)

    def _answer_to_stage(self, text: str) -> Actions:
        read = self._answers.read
        if key := self._key_written(text):
            return self._key(key)
        if self._stage is Stage.EMERGENCY_CHECK:
            return self._answer_to_emergency_check(text)
        if self._is_heading(text):
            return () if self._is_understanding else self._ask_again()
        if (
            read(text, Answer.OPENLY, Answer.SECRETLY) is Answer.SECRETLY
            and (kept := self._wants_secrecy(text)) is not None
        ):
            return kept
        if self._gives_question_up(text):
            return self._withdrawn()
        if (done := self._beside_orders(text) or self._asked_otherwise(text)) is not None:
            return done
        if self._stage in INTAKE and self._takes_back(text):
            return self._withdrawn(self._answers.beside_withdrawal(text))
        if self._stage in _MAY_BE_MISDIALLED and self._answers.slips.has_misdialled(text):
            self._was_withdrawn, self._draft = True, Draft(phone=self._draft.phone)
            return self._goodbye("goodbye")
        if self._stage is Stage.MATTER and (settled := self._no_more_of_matter(text)) is not None:
            return settled
        if self._leaves_midway(text):
            self._was_held_back = True
            return self._ask_again_after(self._prompts.parts("not_registered_yet"), "not_registered_yet")
        text, has_second = self._second_in_between(text)
        if has_second and not text:
            return self._ask_again_after(self._prompts.parts("matter_later"), "matter_later")
        if self._stage is Stage.CONFIRM:
            return self._answer_to_confirmation(text)
        if self._stage is Stage.CORRECT:
            return self._put_right(text)
        if self._stage in (Stage.PLACE, Stage.PLACE_DETAIL):
            is_done = self._stage is Stage.PLACE and read(text, Answer.DONE) is not None
            if is_done and (done := self._done_at_place()) is not None:
                return done
            right = self._answers.slips.put_anew(text)
            is_matter = bool(right) and not self._answers.places.is_name(right)
            return self._understand(self._answers.denied(right) if is_matter else text)
        if self._stage is Stage.SECRECY:
            return self._slip_in_place(text) or self._answer_to_secrecy(text)
        if self._stage is Stage.CALLBACK:
            return self._answer_to_callback(text)
        if self._stage is Stage.RATING:
            return self._answer_to_rating(text)
        if self._stage is Stage.RATED_BADLY:
            return self._answer_to_offer_of_person(text)
        if self._stage is Stage.MATTER_CHOICE:
            return self._answer_to_matter_choice(text)
        if self._stage is Stage.PLACE_CHOICE:
            return self._answer_to_choice(text)
        if self._stage in (Stage.REPEAT, Stage.CLOSED_REPEAT):
            return self._answer_to_repeat(text)
        if self._stage in (Stage.PROGRESS_NUMBER, Stage.PROGRESS_PROOF):
            return self._digits_said(text)
        if self._stage is Stage.UNIT_TOLD:
            return self._answer_to_who(text)
        if self._stage in TOLD_OF_ORDERS and self._asks_who_alone(text):
            return self._ask_who(text)
        if self._stage in TOLD_OF_ORDERS and not self._next_matter:
            first, second = self._answers.two_matters(text)
            if second and self._answers.wants_progress(first):  # 上次报的路灯咋样了，顺便问下……
                text, self._next_matter = first, second
        if self._stage in TOLD_OF_ORDERS and (told := self._about_earlier_orders(text)) is not None:
            return told
        if self._stage in (Stage.ANSWERED, Stage.MORE):
            return self._answer_to_anything_more(text)
        if self._stage is Stage.OPEN and not self._is_understanding:
            opens = self._answers.only_opens(text) or self._answers.asks_back(text)
            if opens or self._answers.was_cut_off(text) or self._is_mere_rating(text):
                return self._invite()
            if topic := self._answers.asks_about(text):
                self._next_matter = topic  # the question itself is taken together with it
                return self._invite()
            short = read(text, Answer.MORE, Answer.DONE, Answer.MISDIALLED)
            if short is Answer.MORE:
                return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
            if short is Answer.MISDIALLED or (short is Answer.DONE and self._is_settled):
                return self._goodbye("goodbye")
            if self._answers.lets_it_be(text):
                return self._goodbye("goodbye") if self._is_settled else self._withdrawn()
        if self._stage in (Stage.OPEN, Stage.MATTER) and not self._is_understanding:
            text = self._matter_of(text)
        return self._understand(text)

    def _answer_to_emergency_check(self, text: str) -> Actions:
        """Give way to who says that it is urgent, however they say it; an answer that says neither is asked for once more."""
        is_urgent = self._is_urgent(text)
        if is_urgent and self._service is not None:
            return self._give_way(self._service, self._heard)
        is_another = not self._is_alarm_heard or self._safety.is_of_another(text)
        is_open = is_urgent is None and (len(text) <= _SHORT_OF_A_MATTER or not is_another)
        if is_open and not self._was_asked_again_about_emergency:
            self._was_asked_again_about_emergency = True
            return self._ask_again()
        if is_open and self._is_alarm_heard and self._service is not None:
            return self._give_way(self._service, self._heard)  # asked twice, and nobody said no
        # Behind a no the matter itself may be told (“已经好多了，我就想问问……”).
        is_all = is_urgent is False and not self._safety.is_of_another(text)
        said = self._heard if is_all else f"{self._heard}，{text}"
        if self._before_check is not None:  # nothing of what is being taken down is lost
            self._stage, self._asked = self._before_check
            return self._answer_to_stage(said)
        self._stage, self._is_alarm_denied = Stage.OPEN, is_urgent is False
        return self._understand(said)

    def _is_urgent(self, text: str) -> bool | None:
        """Tell what is answered to the question about danger: yes, no, or neither.

        What is described (都见血了) is a yes to an alarm that was said; of one that only sounded so, an alarm of its own.
        """
        is_urgent = self._safety.is_urgent(text)
        asks_back = not self._is_spoken and text.rstrip().endswith(("？", "?"))  # “嗯？” in writing is no yes
        answer = None if asks_back else self._answers.read(text, Answer.YES, Answer.NO)
        if is_urgent is None and answer is not None:
            is_urgent = answer is Answer.YES
        if is_urgent is not None:
            return is_urgent
        if self._is_alarm_heard:
            is_told = self._safety.tells_of_danger(text)
            return True if is_told else False if self._safety.is_harmless(text) else None
        if (own := self._safety.emergency_in(text, is_spoken=self._is_spoken)) is not None:
            self._service = own.service
            return True
        return None

    def _invite(self) -> Actions:
        """Ask somebody to go on who greeted or announced a matter, and paused: they are waited for as elders are."""
        patience = self._policy.elder_slowness
        actions = self._ask(Stage.OPEN, Expected.OPEN, "invite")
        return tuple(replace(one, slowness=patience) if isinstance(one, Listen) else one for one in actions)

    def _gives_question_up(self, text: str) -> bool:
        """Whether a question without an answer need not be written down after all (“知道了”, “没了”)."""
        if self._stage not in INTAKE or self._draft.kind is not AppealKind.INQUIRY:
            return False
        if self._answers.lets_it_be(text):
            return True
        # At the read-back 没有了 says as well that there is nothing to add.
        other = Answer.YES if self._stage is Stage.CONFIRM else Answer.DONE
        return self._answers.read(text, other, Answer.NO_NEED) in (Answer.NO_NEED, Answer.DONE)

    def _asked_otherwise(self, text: str) -> Actions | None:
        """Understand anew what was asked, where a question is taken down as another (“我不是问这个，我是问断交了咋补”)."""
        asked = self._answers.asked_instead(text)
        is_question = self._stage in INTAKE and self._draft.kind is AppealKind.INQUIRY
        if not is_question or not self._answers.asks(asked):
            return None
        self._stage = Stage.OPEN
        return self._understand(asked)

    @property
    def _may_take_next_matter(self) -> bool:
        is_due = self._stage in (Stage.MORE, Stage.ANSWERED) and not self._is_understanding
        return bool(self._told_beside) and is_due

    def _answer_to_anything_more(self, text: str) -> Actions:
        among = (Answer.DONE, Answer.MORE, Answer.UNCLEAR, Answer.NO, Answer.YES, Answer.OPENLY)
        answer = self._answers.read(text, *among) if not self._answers.only_announces(text) else None
        if answer is Answer.MORE:
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        is_order = self._stage is Stage.MORE and self._last_order is not None
        if (
            is_order
            and answer is None
            and self._answers.withdraws(text)
            and not self._answers.lets_it_be(text)
        ):
            return self._transfer("withdraw", "transferring_withdraw")
        if answer is Answer.UNCLEAR and self._stage is Stage.ANSWERED:
            self._article = None
            return self._next_question("no_answer_register")
        lets_it_be = self._answers.lets_it_be(text) or (not is_order and self._answers.withdraws(text))
        is_leaving = self._answers.takes_over_from_here(text) and not self._answers.asks_to_wait(text)
        if answer is not None or lets_it_be or is_leaving or self._answers.is_done_and_urges(text):
            return self._rate_or_goodbye()
        if self._answers.is_mere_sound(text):
            return self._ask_whether_more()
        if is_order and self._answers.of_orders.wants_word_when_done(text):
            return self._add_to_order(text)
        if behind := self._answers.behind_done(text):
            if self._answers.asks_who_answers(behind[-_LAST_ASKED:]):
                return self._tell_who_answers()
            self._is_behind_done = not self._answers.asks(behind)
            return self._understand(behind)
        if asked := self._answers.asks_after_thanks(text):
            return self._answer_to_anything_more(asked)
        if (rated := self._rated_unasked(text)) is not None:
            return rated
        if self._stage is Stage.ANSWERED and (told := self._said_to_answer(text)) is not None:
            return told
        if self._answers.only_registers(text):
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")  # 我再登记一个事
        if self._stage is Stage.MORE and self._last_due and self._asks_of_order(text):
            return self._due_again(self._last_due)
        return self._understand(self._matter_of(text))

    def _ask_whether_more(self) -> Actions:
        """Ask once more whether there is anything else."""
        turn = self._new_turn()
        return self._put(self._stage, self._prompts.say(turn, (self._closing,)), self._closing_listen(turn))

    def _key(self, key: str) -> Actions:
        self._silences = 0
        if self._stage is Stage.TRANSFERRING and key == "1":
            return self._call_back_instead()
        if self._stage in DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        if key == "0" and not self._keyed:
            return self._transfer("asked")
        if key == "*" and self._asked is not None:
            self._keyed = ""
            return self._ask_again()
        if self._stage in (Stage.PROGRESS_NUMBER, Stage.PROGRESS_PROOF):
            return self._digit_keyed(key)
        if self._stage is Stage.CONFIRM and key == "1":
            return self._register()
        if self._stage is Stage.CONFIRM and key == "2":
            return self._ask(Stage.CORRECT, Expected.OPEN, "what_is_wrong")
        if self._stage is Stage.EMERGENCY_CHECK and key == "1" and self._service is not None:
            return self._give_way(self._service, self._heard)
        if self._stage is Stage.SECRECY and key in "12":
            return self._secrecy_said(wanted=key == "1")
        if self._stage is Stage.CALLBACK and key in "12":
            return self._plan_callback() if key == "1" else self._take_message()
        if self._stage is Stage.RATING:
            return self._rating_key(key)
        if self._stage is Stage.RATED_BADLY and key in "12":
            return self._transfer("dissatisfied") if key == "1" else self._goodbye("goodbye")
        if self._stage is Stage.REPEAT and key in "12":
            return self._merge() if key == "1" else self._now_register()
        return self._key_unasked()

    def _key_unasked(self) -> Actions:
        """Say at once that a key means nothing here, once a question: who presses it waits for something to happen."""
        if not self._is_spoken or self._asked is None or self._is_understanding:
            return ()
        if self._stage is self._told_of_keys:
            return ()
        self._told_of_keys = self._stage
        if self._stage is Stage.OPEN:
            return self._ask(Stage.OPEN, Expected.OPEN, "reprompt_open")
        return self._ask_again_after(self._prompts.parts("key_unknown"), "key_unknown")

    def _located(self, place: Place) -> Actions:
        if self._stage not in INTAKE:
            self._shared_place = place  # of the matter that comes next
            is_awaited = (
                self._stage in (Stage.OPEN, Stage.ANSWERED, Stage.MORE) and not self._is_understanding
            )
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
        if self._stage in (Stage.ANSWERED, Stage.MORE):
            return self._goodbye("goodbye_silent")
        if self._stage in (Stage.RATING, Stage.RATED_BADLY, Stage.UNIT_TOLD):
            return self._goodbye("goodbye")
        if self._stage is Stage.CALLBACK:
            return self._plan_callback()
        if self._stage is Stage.MESSAGE:
            return self._goodbye("message_none")
        if self._stage in (Stage.REPEAT, Stage.CLOSED_REPEAT):
            return self._now_register()  # confirmed already, and neither answer loses anything
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

    def _understood(self, meaning: Understanding) -> Actions:
        self._is_upset = self._is_upset or meaning.is_upset
        if self._stage is Stage.FORM:
            return self._form_understood(meaning)
        if self._asked is not None and self._answers.asks_to_wait(meaning.text):
            return self._listen_longer(*self._asked)
        is_later = self._answers.of_orders.wants_word_when_done(meaning.text)
        match meaning.intent:
            case Intent.TRANSFER_TO_AGENT if not is_later:
                return self._transfer("asked")
            case Intent.WAIT if self._asked is not None:
                return self._listen_longer(*self._asked)
            case Intent.REPEAT if self._asked is not None:
                return self._ask_again()
        if self._stage is Stage.MESSAGE:
            self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
            return self._register_message()
        if self._stage is Stage.CALLBACK:
            if (answered := self._callback_understood(meaning)) is not None:
                return answered
            self._stage = Stage.OPEN
            return self._new_matter(meaning)
        is_sure = meaning.confidence >= self._policy.withdrawal_confidence
        is_withdrawal = meaning.intent is Intent.WITHDRAW and is_sure
        if self._stage in INTAKE and (is_withdrawal or self._takes_back(meaning.text)):
            return self._withdrawn(self._answers.beside_withdrawal(meaning.text))
        meaning = self._as_answered(meaning)
        if self._is_progress_between(meaning):
            return self._put_off_progress(meaning.text)
        if self._is_aside(meaning):
            return self._look_up_aside(meaning)
        if self._stage in _BEFORE_MATTER and (one := self._one_of_several(meaning)) is not None:
            return one
        if self._stage is Stage.SECRECY:
            return self._secrecy_understood(meaning)
        if self._stage is Stage.MATTER_CHOICE:
            return self._matter_choice_understood(meaning)
        if self._stage in (Stage.PLACE_CHOICE, Stage.PLACE, Stage.PLACE_DETAIL):
            return self._place_answered(meaning)
        if self._stage is Stage.CONFIRM:
            return self._named_right(meaning) or self._confirmation_understood(meaning)
        if self._stage is Stage.CORRECT and (done := self._named_right(meaning)) is not None:
            return done
        if self._stage in (Stage.CORRECT, Stage.MATTER):
            return self._supplemented(meaning)
        if self._is_where_it_is(meaning):
            return self._take_down_at(meaning)
        return self._new_matter(meaning)

    def _leaves_midway(self, text: str) -> bool:
        """Whether somebody goes who may think that it is registered already; it is told them once (“对，再见” confirms)."""
        is_open = self._stage in INTAKE and self._is_told and self._asked is not None
        is_yes = self._stage is Stage.CONFIRM and self._answers.opens_with(text, Answer.YES)
        return is_open and self._answers.breaks_off(text) and not (is_yes or self._was_held_back)

    def _withdrawn(self, asked: str = "") -> Actions:
        """Register nothing; answer what was ``asked`` instead."""
        self._was_withdrawn, self._next_matter = True, asked or self._next_matter
        return self._say_and_listen("withdrawn")

    def _new_matter(self, meaning: Understanding) -> Actions:
        self._was_withdrawn = self._asks_progress = False
        unclear, self._unclear = self._unclear, None
        if self._stage is Stage.UNIT_TOLD:
            self._stage = Stage.OPEN
        is_chat, self._is_behind_done = self._is_behind_done, False
        if is_chat and meaning.category_confidence < self._policy.category_confidence:
            return self._ask_whether_more()  # 没了，老头子你把火关小一点; nobody is cut off who meant more
        told, self._is_another = self._about_last_order(meaning), False
        if told is not None:
            return told
        if self._answers.asks_how_long_it_takes(meaning.text):
            return self._how_long_asked(meaning)
        if self._is_place_of_question(meaning):
            return self._place_of_question(meaning)
        if (refused := self._turned_down(meaning)) is not None:
            return refused
        to_urge, self._to_urge = self._to_urge, None
        if to_urge is not None and meaning.category is None and self._answers.urges(meaning.text):
            return self._urge(to_urge, meaning.text)
        is_praise = meaning.kind is AppealKind.PRAISE
        if not is_praise and self._answers.thanks_for_what_is_done(meaning.text):
            return self._say_and_listen("welcome")
        if self._answers.is_off_topic(meaning.text):
            return self._no_match("off_topic")
        if meaning.category is None and self._answers.has_called_before(meaning.text):
            return self._ask_progress(meaning.text, self._answers.order_number_in(meaning.text))
        match meaning.intent:
            case Intent.ASK_PROGRESS:
                number = meaning.slots.work_order_number or self._answers.order_number_in(meaning.text)
                return self._ask_progress(meaning.text, number or None)
            case Intent.WITHDRAW:
                return self._transfer("withdraw", "transferring_withdraw")
            case Intent.GREET:
                return self._invite()
            case Intent.GOODBYE | Intent.THANK | Intent.DENY if self._asks_at_the_end(meaning.text):
                self._draft = Draft(phone=self._draft.phone).heard(meaning.text)
                return (self._look_up(meaning),)
            case Intent.DENY if self._answers.of_orders.begins_matter(meaning.text):
                return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")  # 不是没有，我还有个问题
            case Intent.GOODBYE | Intent.THANK | Intent.DENY if self._stage is not Stage.OPEN:
                return self._rate_or_goodbye()
            case Intent.GOODBYE if self._is_spoken and not (
                self._is_settled or self._answers.takes_leave(meaning.text)
            ):
                # Of a caller who has told nothing yet “没有了” is no farewell: they were misheard, or a television was heard.
                return self._no_match("not_understood")
            case Intent.GOODBYE:
                return self._rate_or_goodbye()
            case Intent.NUISANCE:
                return self._warned(meaning.text)
            case Intent.THANK:
                return self._say_and_listen("welcome")
            case Intent.AFFIRM | Intent.DENY | Intent.WAIT | Intent.REPEAT:
                return self._no_match("not_understood")
            case Intent.OFF_TOPIC:
                return self._no_match("off_topic")
            case Intent.UNKNOWN if meaning.slots.place is None and not self._answers.only_announces(
                meaning.text
            ):
                self._draft = Draft(phone=self._draft.phone).heard(meaning.text)
                return (self._look_up(meaning),)
        place = self._place_from_before(meaning, self._shared_place)
        draft = Draft(phone=self._draft.phone, place=place).heard(self._matter_alone(meaning))
        self._shared_place = None
        # Where, and not what: nothing is guessed of it.
        if is_nothing_else(meaning.slots.place, meaning.text):
            # Of what was not understood before it may be the place: it is read back in the citizen's own words.
            before = unclear or Draft(phone=self._draft.phone)
            self._draft = replace(before, place=merged(draft.place, meaning.slots.place))
            return self._next_question()
        self._draft = self._with_organisation(draft.filled(meaning, self._policy), meaning)
        self._no_matches = 0
        if self._answers.wants_it_done(meaning.text):  # who handles it is told with the number
            self._draft = self._against_it(self._draft)
            return self._next_question(*(("calm",) if meaning.is_upset else ()))
        is_question = self._draft.kind is AppealKind.INQUIRY or self._answers.asks_who(meaning.text)
        is_question = is_question or self._answers.questions.asks_outright(meaning.text)
        is_unclear = self._draft.category is None and self._draft.kind is AppealKind.HELP
        is_question = is_question or (is_unclear and self._answers.may_ask(meaning.text))
        is_question = is_question or self._names_only_a_topic(self._draft)
        if is_question or self._asks_on(self._draft) or self._says_only_whom_it_is_about(self._draft):
            return (self._look_up(meaning),)
        return self._next_question(*(("calm",) if meaning.is_upset else ()))

    def _how_long_asked(self, meaning: Understanding) -> Actions:
        """Search for how long a complaint takes; what is asked of none in particular is no complaint."""
        _, category = self._answers.how_long_it_takes
        draft = Draft(phone=self._draft.phone).heard(meaning.text)
        self._draft, self._no_matches = replace(draft, kind=AppealKind.INQUIRY, category=category), 0
        return (self._look_up_how_long(meaning),)

    def _asks_at_the_end(self, text: str) -> bool:
        """Whether what sounds like an end announces a question and asks it (“不是没有了，我还想问一下护照怎么办”)."""
        return self._answers.of_orders.begins_matter(text) and self._answers.asks(text)

    def _passages_found(self, event: PassagesFound) -> Actions:
        best = event.passages[0] if event.passages else None
        sure = best.article if best is not None and best.is_confident else None
        if sure is not None and not (
            self._answers.follow_ups.may_answer(sure, self._looked_up) and self._fits_story(sure)
        ):
            sure = None
        if self._pending_question is not None:
            return self._aside_found(sure)
        if self._untold == self._turn:
            return self._others_looked_through(event.passages, sure)
        if self._needs_context(sure):
            otherwise = self._found_otherwise(sure)
            return self._told_about(self._draft.text) or (self._look_up_in_context(otherwise=otherwise),)
        if self._in_context == self._turn:
            sure = sure or self._otherwise
        if sure is not None:
            if self._is_about_answer(self._draft) and self._article == sure:
                return self._told_more(self._draft.text)
            return self._answered_with(sure)
        if self._answers.asks_who(self._draft.text):
            return self._ask_who(self._draft.text)
        if self._is_about_answer(self._draft) and (told := self._told_about(self._draft.text)) is not None:
            return told
        if self._asks_on(self._draft) or self._asks_little(self._draft):
            self._draft = self._of_question(self._draft)
            return self._next_question("no_answer_register")
        if self._is_about_answer(self._draft) and self._tells_of_oneself(self._draft):
            return self._tell_nothing()
        if self._asks_what_nobody_wrote(self._draft):
            self._article = None
            return self._tell_nothing()
        if (question := self._question_in_story()) is not None:
            return (question,)
        if self._names_only_a_topic(self._draft):
            self._next_matter = self._draft.text  # what is asked of it is taken together with it
            return self._invite()
        if self._draft.kind is None and self._draft.category is None:
            self._unclear = self._draft
            return self._no_match("not_understood")
        if self._answers.briefs.only_complains(self._draft.text):
            self._draft = self._against_it(self._draft)
        return self._next_question(*(("no_answer_register",) if self._puts_question(self._draft) else ()))

    def _delayed(self) -> Actions:
        """Say in writing that what was confirmed is not committed yet, but kept in mind; again to who asks meanwhile."""
        self._is_delayed = self._stage in COMMITTING and not self._is_spoken
        if not self._is_delayed:
            return ()
        return (self._prompts.say(self._turn, ("still_registering",), {}, is_interruptible=False),)

    def _engine_failed(self, engine: str) -> Actions:
        if engine in ("repeats", "merge"):  # what cannot be checked or merged is registered
            return self._now_register() if self._stage in (Stage.CHECKING, Stage.MERGING) else ()
        if engine == "facts":  # what was said goes with the briefing
            return self._transfer("store_failed", "not_added") if self._stage is Stage.ADDING else ()
        if engine == "callbacks":
            return self._take_message() if self._stage is Stage.PLANNING_CALLBACK else ()
        if engine == "progress":
            is_waiting, self._denied = self._stage is Stage.LOOKING_UP, ""
            return self._transfer("progress", "progress_unavailable") if is_waiting else ()
        if engine == "router":
            return self._no_unit_found() if self._stage is Stage.FINDING_UNIT else ()
        if self._stage is Stage.FORM:
            return self._form_understood(None)
        if engine == "store":
            self._store_failures += 1
            if self._stage is Stage.REGISTERING:
                return self._transfer("store_failed", "not_recorded", "transferring")
            if self._stage is Stage.RECORDING_MESSAGE:
                return self._goodbye("not_recorded", then="message_none")
            return ()
        self._is_understanding = False
        if engine == "retriever" and self._pending_question is not None:
            return self._answer_aside(None)
        if engine == "retriever" and self._untold == self._turn:
            return self._tell_nothing()
        if engine == "retriever" and (self._draft.kind is not None or self._draft.category is not None):
            return self._next_question("no_answer_register")
        self._draft = self._draft.heard(self._heard)
        return self._transfer("engine_failed")
