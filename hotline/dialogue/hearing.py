"""A sentence or a key, before it is understood: an emergency, the wish for a person, a short answer to what was asked.

What a sentence may be is tried in order, and the first that it is decides: what goes before what is the order of the steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from hotline.dialogue.floor import Actions, first_of
from hotline.dialogue.intake import Draft
from hotline.dialogue.new_matters import NewMatters
from hotline.dialogue.safety_words import Alarm, Emergency
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import (
    COMMITTING,
    DEAF,
    INTAKE,
    TOLD_OF_ORDERS,
    WAITS_FOR_PEOPLE,
    Stage,
)
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.speech import Expected

_LAST_WORDS: Final = 10
_LAST_ASKED: Final = 12  # characters
_SHORT_OF_A_MATTER: Final = 8  # characters: 俺不知道咋办啊

_MAY_BE_MISDIALLED: Final = INTAKE | {Stage.OPEN, Stage.ANSWERED}

_WITH_PAGE: Final = (ContactChannel.WEB_CHAT, ContactChannel.APP)
"""Channels whose page shows people their own orders, and what is published."""


class Hearing(NewMatters):
    """A conversation that listens: words that need no model are acted upon at once, the others are understood."""

    # --- what may be said at any moment -----------------------------------------------------------------------

    def _said(self, text: str) -> Actions:
        """Act upon a sentence: what is urgent first, then the wish for a person, then what answers the question."""
        self._silences, self._is_alarm_denied = 0, False
        if self._stage is Stage.HANDED_OVER or not text.strip():
            return ()
        self._words = (*self._words, text.strip("，。 "))[-_LAST_WORDS:]
        emergency = self._safety.emergency_in(text, is_spoken=self._is_spoken)
        if self._stage is Stage.EMERGENCY:
            return self._sentence_after_alarm(text, emergency) if self._draft_before_alarm is not None else ()
        if emergency is not None:
            self._alarm_word = emergency.word
            if emergency.alarm is Alarm.CERTAIN:
                return self._give_way(emergency.service, text)
        done = first_of(
            text,
            self._state_secret_told,
            self._said_while_busy,
            self._person_wanted,
            self._despair_told,
            self._dialect_spoken,
            *(() if emergency is not None else (self._asked_of_order,)),
            self._slower_wanted,
            self._asked_who_answers,
            partial(self._alarm_heard, emergency),
            self._question_not_heard,
            self._page_wanted,
        )
        return done if done is not None else self._answer_to_stage(text)

    def _state_secret_told(self, text: str) -> Actions | None:
        return self._conceal() if self._diversions.may_be_state_secret(text) else None

    def _said_while_busy(self, text: str) -> Actions | None:
        """Take what is said while somebody is rung, or something committed: on the telephone it changes nothing."""
        if self._stage is Stage.TRANSFERRING and not self._is_spoken:
            return self._said_while_waiting(text)
        if self._stage in DEAF:
            return self._delayed() if self._is_delayed else ()
        return None

    def _delayed(self) -> Actions:
        """Say in writing that what was confirmed is not committed yet, but kept in mind; again to who asks meanwhile."""
        self._is_delayed = self._stage in COMMITTING and not self._is_spoken
        if not self._is_delayed:
            return ()
        return (self._prompts.say(self._turn, ("still_registering",), {}, is_interruptible=False),)

    def _person_wanted(self, text: str) -> Actions | None:
        """Put through who asks for a person; a call back that is on offer, or when it is done, is none."""
        answers = self._answers
        if not (answers.wants_agent(text) or answers.is_for_somebody(text)):
            return None
        is_offered = self._stage is Stage.CALLBACK and answers.wants_call_back(text)
        return None if is_offered or answers.of_orders.is_for_when_done(text) else self._transfer("asked")

    def _despair_told(self, text: str) -> Actions | None:
        """Put through who may be in despair; who waits for a person already is left to wait: it goes to that person."""
        is_waiting = self._stage in WAITS_FOR_PEOPLE
        if is_waiting or not self._answers.is_in_despair(text, is_spoken=self._is_spoken):
            return None
        self._draft = self._draft.heard(text)
        return self._transfer("despair", "despair")

    def _dialect_spoken(self, text: str) -> Actions | None:
        return self._transfer("dialect") if self._answers.speaks_dialect(text) else None

    def _slower_wanted(self, text: str) -> Actions | None:
        return self._slow_down(text) if self._is_spoken and self._answers.wants_slower(text) else None

    def _asked_who_answers(self, text: str) -> Actions | None:
        is_asked = self._answers.asks_who_answers(text) or self._answers.slips.takes_for_another(text)
        return self._tell_who_answers() if self._asked is not None and is_asked else None

    def _tell_who_answers(self) -> Actions:
        """Say that a machine answers and how to get a person, and put the question again that was open."""
        if self._stage is Stage.OPEN:
            return self._ask(Stage.OPEN, Expected.OPEN, "machine_open")
        if self._stage in (Stage.MORE, Stage.ANSWERED):
            return self._say_and_listen("machine")
        return self._ask_again_after(self._prompts.parts("machine"), "machine")

    def _alarm_heard(self, said: Emergency | None, text: str) -> Actions | None:
        """Ask, once a conversation, whether there is danger: words of an emergency were ``said``, or heard that sound like them."""
        alarm = said
        if alarm is None and self._is_spoken:
            alarm = self._safety.misheard_in(text)
        if alarm is None or self._was_asked_about_emergency:
            return None
        self._was_asked_about_emergency, self._alarm_word = True, alarm.word
        self._is_alarm_heard = said is not None
        self._service, self._heard = alarm.service, text
        self._before_check = (self._stage, self._asked) if self._stage in INTAKE else None
        return self._ask_yes_no(Stage.EMERGENCY_CHECK, "emergency_check", service=alarm.service.value)

    def _question_not_heard(self, text: str) -> Actions | None:
        is_repeat = self._asks_back(text) or self._answers.read(text, Answer.REPEAT) is not None
        return self._ask_again() if self._asked is not None and is_repeat else None

    def _asks_back(self, text: str) -> bool:
        """Whether the question that is open was not understood; after an answer “行吗” and “真的吗” are about that answer."""
        of_answer = self._answers.asks_on(text) or self._answers.doubts_answer(text)
        is_of_answer = self._stage in (Stage.ANSWERED, Stage.MORE) and of_answer
        return self._stage is not Stage.OPEN and not is_of_answer and self._answers.asks_back(text)

    def _page_wanted(self, text: str) -> Actions | None:
        if self._channel not in _WITH_PAGE or self._stage not in TOLD_OF_ORDERS:
            return None
        page = self._answers.page_of(text)
        return self._ask(Stage.OPEN, Expected.OPEN, page) if page is not None else None

    # --- what answers the question that is open ---------------------------------------------------------------

    def _answer_to_stage(self, text: str) -> Actions:
        if key := self._key_written(text):
            return self._key(key)
        if self._stage is Stage.EMERGENCY_CHECK:
            return self._answer_to_emergency_check(text)
        if self._is_heading(text):
            return () if self._is_understanding else self._ask_again()
        done = first_of(
            text,
            self._secrecy_wanted,
            self._question_given_up,
            self._beside_orders,
            self._asked_otherwise,
            self._matter_taken_back,
            self._misdialled,
            self._nothing_to_add,
            self._left_midway,
        )
        if done is not None:
            return done
        text, has_second = self._second_in_between(text)
        if has_second and not text:
            return self._ask_again_after(self._prompts.parts("matter_later"), "matter_later")
        reader = self._readers.get(self._stage)
        return reader(text) if reader is not None else self._said_freely(text)

    @property
    def _readers(self) -> dict[Stage, Callable[[str], Actions]]:
        """What reads the answer to each question that is about something in particular."""
        return {
            Stage.CONFIRM: self._answer_to_confirmation,
            Stage.CORRECT: self._put_right,
            Stage.PLACE: self._answer_to_place,
            Stage.PLACE_DETAIL: self._answer_to_place,
            Stage.PLACE_CHOICE: self._answer_to_choice,
            Stage.MATTER_CHOICE: self._answer_to_matter_choice,
            Stage.SECRECY: lambda text: self._slip_in_place(text) or self._answer_to_secrecy(text),
            Stage.CALLBACK: self._answer_to_callback,
            Stage.RATING: self._answer_to_rating,
            Stage.RATED_BADLY: self._answer_to_offer_of_person,
            Stage.REPEAT: self._answer_to_repeat,
            Stage.CLOSED_REPEAT: self._answer_to_repeat,
            Stage.PROGRESS_NUMBER: self._digits_said,
            Stage.PROGRESS_PROOF: self._digits_said,
            Stage.UNIT_TOLD: self._answer_to_who,
        }

    def _secrecy_wanted(self, text: str) -> Actions | None:
        is_wanted = self._answers.read(text, Answer.OPENLY, Answer.SECRETLY) is Answer.SECRETLY
        return self._wants_secrecy(text) if is_wanted else None

    def _question_given_up(self, text: str) -> Actions | None:
        return self._withdrawn() if self._gives_question_up(text) else None

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

    def _matter_taken_back(self, text: str) -> Actions | None:
        if self._stage not in INTAKE or not self._takes_back(text):
            return None
        return self._withdrawn(self._answers.beside_withdrawal(text))

    def _misdialled(self, text: str) -> Actions | None:
        if self._stage not in _MAY_BE_MISDIALLED or not self._answers.slips.has_misdialled(text):
            return None
        self._was_withdrawn, self._draft = True, Draft(phone=self._draft.phone)
        return self._goodbye("goodbye")

    def _nothing_to_add(self, text: str) -> Actions | None:
        return self._no_more_of_matter(text) if self._stage is Stage.MATTER else None

    def _left_midway(self, text: str) -> Actions | None:
        """Tell who goes and may think that it is registered already that it is not, once (“对，再见” confirms)."""
        is_open = self._stage in INTAKE and self._is_told and self._asked is not None
        if not is_open or self._was_held_back or not self._answers.breaks_off(text):
            return None
        if self._stage is Stage.CONFIRM and self._answers.opens_with(text, Answer.YES):
            return None
        self._was_held_back = True
        return self._ask_again_after(self._prompts.parts("not_registered_yet"), "not_registered_yet")

    def _answer_to_place(self, text: str) -> Actions:
        is_done = self._stage is Stage.PLACE and self._answers.read(text, Answer.DONE) is not None
        if is_done and (done := self._done_at_place()) is not None:
            return done
        right = self._answers.slips.put_anew(text)
        is_matter = bool(right) and not self._answers.places.is_name(right)
        return self._understand(self._answers.denied(right) if is_matter else text)

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

    # --- what is said to an open question ---------------------------------------------------------------------

    def _said_freely(self, text: str) -> Actions:
        """Take a matter, a question, or what is said instead of one."""
        if self._stage in TOLD_OF_ORDERS:
            if self._asks_who_alone(text):
                return self._ask_who(text)
            text = self._progress_first(text)
            if (told := self._about_earlier_orders(text)) is not None:
                return told
        if self._stage in (Stage.ANSWERED, Stage.MORE):
            return self._answer_to_anything_more(text)
        if self._stage not in (Stage.OPEN, Stage.MATTER) or self._is_understanding:
            return self._understand(text)
        opened = first_of(text, self._only_opened, self._little_said) if self._stage is Stage.OPEN else None
        return opened if opened is not None else self._understand(self._matter_of(text))

    def _progress_first(self, text: str) -> str:
        """Return the question how an order stands, where another matter follows it, which is kept (上次报的路灯咋样了，顺便问下……)."""
        first, second = self._answers.two_matters(text) if not self._next_matter else (text, "")
        if not second or not self._answers.wants_progress(first):
            return text
        self._next_matter = second
        return first

    def _only_opened(self, text: str) -> Actions | None:
        """Have somebody go on who greeted or announced something, or said what it will be about."""
        opens = self._answers.only_opens(text) or self._answers.asks_back(text)
        if opens or self._answers.was_cut_off(text) or self._is_mere_rating(text):
            return self._invite()
        topic = self._answers.asks_about(text)
        if topic:
            self._next_matter = topic  # the question itself is taken together with it
        return self._invite() if topic else None

    def _little_said(self, text: str) -> Actions | None:
        """Read a word or two that are no matter: 有, 没有了, 打错了, 算了."""
        short = self._answers.read(text, Answer.MORE, Answer.DONE, Answer.MISDIALLED)
        if short is Answer.MORE:
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        if short is Answer.MISDIALLED or (short is Answer.DONE and self._is_settled):
            return self._goodbye("goodbye")
        if not self._answers.lets_it_be(text):
            return None
        return self._goodbye("goodbye") if self._is_settled else self._withdrawn()

    def _answer_to_anything_more(self, text: str) -> Actions:
        done = first_of(text, self._said_shortly, self._chat_behind_done)
        if done is None and (asked := self._answers.asks_after_thanks(text)):
            return self._answer_to_anything_more(asked)
        if done is None:
            done = first_of(text, self._rated_unasked, self._said_of_last)
        return done if done is not None else self._understand(self._matter_of(text))

    def _said_shortly(self, text: str) -> Actions | None:
        """Read whether there is anything more: yes, no, leave, or what takes the last order back."""
        among = (Answer.DONE, Answer.MORE, Answer.UNCLEAR, Answer.NO, Answer.YES, Answer.OPENLY)
        answer = self._answers.read(text, *among) if not self._answers.only_announces(text) else None
        if answer is Answer.MORE:
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        withdraws, lets_it_be = self._answers.withdraws(text), self._answers.lets_it_be(text)
        if self._is_order_last and answer is None and withdraws and not lets_it_be:
            return self._transfer("withdraw", "transferring_withdraw")
        if answer is Answer.UNCLEAR and self._stage is Stage.ANSWERED:
            self._article = None
            return self._next_question("no_answer_register")
        lets_it_be = lets_it_be or (withdraws and not self._is_order_last)
        is_leaving = self._answers.takes_over_from_here(text) and not self._answers.asks_to_wait(text)
        is_end = answer is not None or lets_it_be or is_leaving or self._answers.is_done_and_urges(text)
        return self._rate_or_goodbye() if is_end else None

    def _chat_behind_done(self, text: str) -> Actions | None:
        """Take mere sounds, a wish for the order, and what is said behind “没有了”: that may be another matter."""
        if self._answers.is_mere_sound(text):
            return self._ask_whether_more()
        if self._is_order_last and self._answers.of_orders.wants_word_when_done(text):
            return self._add_to_order(text)
        behind = self._answers.behind_done(text)
        if not behind:
            return None
        if self._answers.asks_who_answers(behind[-_LAST_ASKED:]):
            return self._tell_who_answers()
        self._is_behind_done = not self._answers.asks(behind)
        return self._understand(behind)

    def _said_of_last(self, text: str) -> Actions | None:
        """Do what is asked of the answer, or the order, that was told last; None: something else is told."""
        if self._stage is Stage.ANSWERED and (told := self._said_to_answer(text)) is not None:
            return told
        if self._answers.only_registers(text):
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")  # 我再登记一个事
        if self._stage is Stage.MORE and self._last_due and self._asks_of_order(text):
            return self._due_again(self._last_due)
        return None

    @property
    def _is_order_last(self) -> bool:
        """Whether it was asked behind an order whether there is anything more."""
        return self._stage is Stage.MORE and self._last_order is not None

    # --- keys -------------------------------------------------------------------------------------------------

    def _key(self, key: str) -> Actions:
        """Act upon a key: 0 is a person at every moment, * the question again, the others answer what was asked."""
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
        if self._stage is Stage.RATING:
            return self._rating_key(key)
        chosen = self._choices.get((self._stage, key))
        return chosen() if chosen is not None else self._key_unasked()

    @property
    def _choices(self) -> dict[tuple[Stage, str], Callable[[], Actions]]:
        """What a key chooses where one is named in the question."""
        choices: dict[tuple[Stage, str], Callable[[], Actions]] = {
            (Stage.CONFIRM, "1"): self._register,
            (Stage.CONFIRM, "2"): partial(self._ask, Stage.CORRECT, Expected.OPEN, "what_is_wrong"),
            (Stage.SECRECY, "1"): partial(self._secrecy_said, wanted=True),
            (Stage.SECRECY, "2"): partial(self._secrecy_said, wanted=False),
            (Stage.CALLBACK, "1"): self._plan_callback,
            (Stage.CALLBACK, "2"): self._take_message,
            (Stage.RATED_BADLY, "1"): partial(self._transfer, "dissatisfied"),
            (Stage.RATED_BADLY, "2"): partial(self._goodbye, "goodbye"),
            (Stage.REPEAT, "1"): self._merge,
            (Stage.REPEAT, "2"): self._now_register,
        }
        if self._service is not None:
            choices[Stage.EMERGENCY_CHECK, "1"] = partial(self._give_way, self._service, self._heard)
        return choices

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
