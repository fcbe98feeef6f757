"""What was understood of a sentence: an answer to what was asked, a question, a matter that begins, or an end."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import Listen
from hotline.dialogue.asking_on import AskingOn
from hotline.dialogue.events import PassagesFound
from hotline.dialogue.floor import Actions, first_of
from hotline.dialogue.intake import Draft, merged
from hotline.dialogue.places_told import is_nothing_else
from hotline.dialogue.stages import INTAKE, Stage
from hotline.domain.appeal import AppealKind
from hotline.domain.knowledge import Article
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected

_BEFORE_MATTER: Final = (Stage.OPEN, Stage.ANSWERED, Stage.MORE, Stage.UNIT_TOLD, Stage.MATTER)
"""Stages in which what is said tells a matter."""


class NewMatters(AskingOn):
    """A conversation that acts upon what the understanding makes of a sentence."""

    # --- an answer --------------------------------------------------------------------------------------------

    def _understood(self, meaning: Understanding) -> Actions:
        self._is_upset = self._is_upset or meaning.is_upset
        if self._stage is Stage.FORM:
            return self._form_understood(meaning)
        before = first_of(
            meaning, self._wish_understood, self._told_instead_of_person, self._withdrawal_understood
        )
        if before is not None:
            return before
        meaning = self._as_answered(meaning)
        beside = first_of(meaning, self._progress_asked_between, self._aside_asked, self._several_told)
        return beside if beside is not None else self._answer_understood(meaning)

    def _wish_understood(self, meaning: Understanding) -> Actions | None:
        """Put through, wait, or ask again, where that is all that was wished."""
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
        return None

    def _told_instead_of_person(self, meaning: Understanding) -> Actions | None:
        """Take what is told where no person is free: as a message, or instead of being called back."""
        if self._stage is Stage.MESSAGE:
            self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
            return self._register_message()
        if self._stage is not Stage.CALLBACK:
            return None
        if (answered := self._callback_understood(meaning)) is not None:
            return answered
        self._stage = Stage.OPEN
        return self._new_matter(meaning)

    def _withdrawal_understood(self, meaning: Understanding) -> Actions | None:
        is_sure = meaning.confidence >= self._policy.withdrawal_confidence
        is_withdrawal = meaning.intent is Intent.WITHDRAW and is_sure
        if self._stage not in INTAKE or not (is_withdrawal or self._takes_back(meaning.text)):
            return None
        return self._withdrawn(self._answers.beside_withdrawal(meaning.text))

    def _withdrawn(self, asked: str = "") -> Actions:
        """Register nothing; answer what was ``asked`` instead."""
        self._was_withdrawn, self._next_matter = True, asked or self._next_matter
        return self._say_and_listen("withdrawn")

    def _progress_asked_between(self, meaning: Understanding) -> Actions | None:
        return self._put_off_progress(meaning.text) if self._is_progress_between(meaning) else None

    def _aside_asked(self, meaning: Understanding) -> Actions | None:
        return self._look_up_aside(meaning) if self._is_aside(meaning) else None

    def _several_told(self, meaning: Understanding) -> Actions | None:
        return self._one_of_several(meaning) if self._stage in _BEFORE_MATTER else None

    def _answer_understood(self, meaning: Understanding) -> Actions:
        """Take the answer to the question that is open; where none is, what was said is a matter of its own."""
        match self._stage:
            case Stage.SECRECY:
                return self._secrecy_understood(meaning)
            case Stage.MATTER_CHOICE:
                return self._matter_choice_understood(meaning)
            case Stage.PLACE_CHOICE | Stage.PLACE | Stage.PLACE_DETAIL:
                return self._place_answered(meaning)
            case Stage.CONFIRM:
                return self._named_right(meaning) or self._confirmation_understood(meaning)
            case Stage.CORRECT:
                named = self._named_right(meaning)
                return named if named is not None else self._supplemented(meaning)
            case Stage.MATTER:
                return self._supplemented(meaning)
            case _ if self._is_where_it_is(meaning):
                return self._take_down_at(meaning)
            case _:
                return self._new_matter(meaning)

    # --- a question or a matter -------------------------------------------------------------------------------

    def _new_matter(self, meaning: Understanding) -> Actions:
        self._was_withdrawn = self._asks_progress = False
        unclear, self._unclear = self._unclear, None
        if self._stage is Stage.UNIT_TOLD:
            self._stage = Stage.OPEN
        done = first_of(
            meaning,
            self._chat_overheard,
            self._last_order_meant,
            self._how_long_asked,
            self._place_of_question_told,
            self._turned_down,
            self._urged_on,
            self._thanked_for_what_is_done,
            self._nothing_for_hotline,
            self._earlier_call_told,
            self._intent_understood,
            self._unknown_looked_up,
        )
        return done if done is not None else self._matter_told(meaning, unclear)

    def _chat_overheard(self, meaning: Understanding) -> Actions | None:
        """Ask once more behind “没了” what is no matter (没了，老头子你把火关小一点): nobody is cut off who meant more."""
        is_chat, self._is_behind_done = self._is_behind_done, False
        is_matter = meaning.category_confidence >= self._policy.category_confidence
        return self._ask_whether_more() if is_chat and not is_matter else None

    def _last_order_meant(self, meaning: Understanding) -> Actions | None:
        told, self._is_another = self._about_last_order(meaning), False
        return told

    def _how_long_asked(self, meaning: Understanding) -> Actions | None:
        """Search for how long a complaint takes; what is asked of none in particular is no complaint."""
        if not self._answers.asks_how_long_it_takes(meaning.text):
            return None
        _, category = self._answers.how_long_it_takes
        draft = Draft(phone=self._draft.phone).heard(meaning.text)
        self._draft, self._no_matches = replace(draft, kind=AppealKind.INQUIRY, category=category), 0
        return (self._look_up_how_long(meaning),)

    def _place_of_question_told(self, meaning: Understanding) -> Actions | None:
        return self._place_of_question(meaning) if self._is_place_of_question(meaning) else None

    def _urged_on(self, meaning: Understanding) -> Actions | None:
        """Urge the earlier order that was just told, where nothing else is told than to hurry."""
        to_urge, self._to_urge = self._to_urge, None
        if to_urge is None or meaning.category is not None or not self._answers.urges(meaning.text):
            return None
        return self._urge(to_urge, meaning.text)

    def _thanked_for_what_is_done(self, meaning: Understanding) -> Actions | None:
        is_praise = meaning.kind is AppealKind.PRAISE
        is_thanks = not is_praise and self._answers.thanks_for_what_is_done(meaning.text)
        return self._say_and_listen("welcome") if is_thanks else None

    def _nothing_for_hotline(self, meaning: Understanding) -> Actions | None:
        return self._no_match("off_topic") if self._answers.is_off_topic(meaning.text) else None

    def _earlier_call_told(self, meaning: Understanding) -> Actions | None:
        """Look for the order of who says that they have called before, and not what about."""
        if meaning.category is not None or not self._answers.has_called_before(meaning.text):
            return None
        return self._ask_progress(meaning.text, self._answers.order_number_in(meaning.text))

    def _intent_understood(self, meaning: Understanding) -> Actions | None:
        """Do what is no matter: ask how an order stands, greet, thank, take leave; None where there is, or may be, a matter."""
        match meaning.intent:
            case Intent.ASK_PROGRESS:
                number = meaning.slots.work_order_number or self._answers.order_number_in(meaning.text)
                return self._ask_progress(meaning.text, number or None)
            case Intent.WITHDRAW:
                return self._transfer("withdraw", "transferring_withdraw")
            case Intent.GREET:
                return self._invite()
            case Intent.GOODBYE | Intent.THANK | Intent.DENY:
                return self._end_understood(meaning)
            case Intent.NUISANCE:
                return self._warned(meaning.text)
            case Intent.OFF_TOPIC:
                return self._no_match("off_topic")
            case Intent.AFFIRM | Intent.WAIT | Intent.REPEAT:
                return self._no_match("not_understood")
            case _:
                return None

    def _end_understood(self, meaning: Understanding) -> Actions:
        """Take thanks and farewells for what they are, unless a question or a matter is announced with them."""
        if self._asks_at_the_end(meaning.text):
            self._draft = Draft(phone=self._draft.phone).heard(meaning.text)
            return (self._look_up(meaning),)
        if meaning.intent is Intent.DENY and self._answers.of_orders.begins_matter(meaning.text):
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")  # 不是没有，我还有个问题
        if self._stage is not Stage.OPEN:
            return self._rate_or_goodbye()
        if meaning.intent is Intent.THANK:
            return self._say_and_listen("welcome")
        is_farewell = self._is_settled or self._answers.takes_leave(meaning.text)
        # Of a caller who has told nothing yet “没有了” is no farewell: they were misheard, or a television was heard.
        if meaning.intent is Intent.DENY or (self._is_spoken and not is_farewell):
            return self._no_match("not_understood")
        return self._rate_or_goodbye()

    def _asks_at_the_end(self, text: str) -> bool:
        """Whether what sounds like an end announces a question and asks it (“不是没有了，我还想问一下护照怎么办”)."""
        return self._answers.of_orders.begins_matter(text) and self._answers.asks(text)

    def _unknown_looked_up(self, meaning: Understanding) -> Actions | None:
        """Search for what was not understood, unless it says where, or only announces something."""
        is_unknown = meaning.intent is Intent.UNKNOWN and meaning.slots.place is None
        if not is_unknown or self._answers.only_announces(meaning.text):
            return None
        self._draft = Draft(phone=self._draft.phone).heard(meaning.text)
        return (self._look_up(meaning),)

    def _matter_told(self, meaning: Understanding, unclear: Draft | None) -> Actions:
        """Search for what is asked, or take down what is told; ``unclear`` is what was told before it and not understood."""
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
        elif self._may_be_answered(self._draft, meaning.text):
            return (self._look_up(meaning),)
        return self._next_question(*(("calm",) if meaning.is_upset else ()))

    def _may_be_answered(self, draft: Draft, text: str) -> bool:
        """Whether something is asked, a topic only named, or so little told that an article may be meant."""
        is_unclear = draft.category is None and draft.kind is AppealKind.HELP
        return (
            draft.kind is AppealKind.INQUIRY
            or self._answers.asks_who(text)
            or self._answers.questions.asks_outright(text)
            or (is_unclear and self._answers.may_ask(text))
            or self._names_only_a_topic(draft)
            or self._asks_on(draft)
            or self._says_only_whom_it_is_about(draft)
        )

    # --- what the knowledge base has of it --------------------------------------------------------------------

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
        return self._answer_found(sure) if sure is not None else self._nothing_found()

    def _answer_found(self, article: Article) -> Actions:
        """Answer with ``article``; the one that was told just before is asked on about."""
        if self._is_about_answer(self._draft) and self._article == article:
            return self._told_more(self._draft.text)
        return self._answered_with(article)

    def _nothing_found(self) -> Actions:
        """Go on where no article answers: with what the last one says of it, with another search, or with an order."""
        done = first_of(self._draft, self._who_asked, self._asked_on_in_vain, self._asked_otherwise_in_vain)
        if done is not None:
            return done
        if self._draft.kind is None and self._draft.category is None:
            self._unclear = self._draft
            return self._no_match("not_understood")
        if self._answers.briefs.only_complains(self._draft.text):
            self._draft = self._against_it(self._draft)
        return self._next_question(*(("no_answer_register",) if self._puts_question(self._draft) else ()))

    def _who_asked(self, draft: Draft) -> Actions | None:
        return self._ask_who(draft.text) if self._answers.asks_who(draft.text) else None

    def _asked_on_in_vain(self, draft: Draft) -> Actions | None:
        """Go on from the answer that was told before: what it says of it, an order about both, or that it tells nothing."""
        if self._is_about_answer(draft) and (told := self._told_about(draft.text)) is not None:
            return told
        if self._asks_on(draft) or self._asks_little(draft):
            self._draft = self._of_question(draft)
            return self._next_question("no_answer_register")
        if self._is_about_answer(draft) and self._tells_of_oneself(draft):
            return self._tell_nothing()
        return None

    def _asked_otherwise_in_vain(self, draft: Draft) -> Actions | None:
        """Say that nobody wrote it down, search for the question within a story, or ask what of the topic is meant."""
        if self._asks_what_nobody_wrote(draft):
            self._article = None
            return self._tell_nothing()
        if (question := self._question_in_story()) is not None:
            return (question,)
        if self._names_only_a_topic(draft):
            self._next_matter = draft.text  # what is asked of it is taken together with it
            return self._invite()
        return None

    # --- going on ---------------------------------------------------------------------------------------------

    def _invite(self) -> Actions:
        """Ask somebody to go on who greeted or announced a matter, and paused: they are waited for as elders are."""
        patience = self._policy.elder_slowness
        actions = self._ask(Stage.OPEN, Expected.OPEN, "invite")
        return tuple(replace(one, slowness=patience) if isinstance(one, Listen) else one for one in actions)

    def _ask_whether_more(self) -> Actions:
        """Ask once more whether there is anything else."""
        turn = self._new_turn()
        return self._put(self._stage, self._prompts.say(turn, (self._closing,)), self._closing_listen(turn))
