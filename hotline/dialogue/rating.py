"""A conversation whose end is rated by the citizen, by speech or by key (服务评价)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.floor import Actions
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import Stage
from hotline.dialogue.standing import Standing
from hotline.domain.deeds import Satisfaction
from hotline.domain.speech import Expected
from hotline.phonetics import han_only

_LONGEST_UNASKED: Final = 6  # characters: 我非常满意
_KEYS: Final = {"1": Satisfaction.SATISFIED, "2": Satisfaction.MOSTLY, "3": Satisfaction.DISSATISFIED}


class Rated(Standing):
    """A conversation that asks, once and when something was settled, how the citizen found it.

    The rating is what was said or pressed, never what silence may mean; who is not satisfied is offered a person.
    """

    _was_asked_to_rate = False
    _rating: Satisfaction | None = None
    _ratings_asked_again = 0
    _was_done_at_place = False  # whether “没了” was said where a place was asked for

    @property
    def rating(self) -> Satisfaction | None:
        """What the citizen thought of the conversation, None when they did not say."""
        return self._rating

    def _rate_or_goodbye(self) -> Actions:
        """End, after having asked for a rating where the city wants one; what was spoken of as well comes first."""
        if self._is_understanding:  # of a matter that has just been taken up
            return ()
        if self._told_beside and self._stage is not Stage.OPEN:
            return self._take_next_matter()
        if self._ratings is None or not self._policy.asks_rating or self._was_asked_to_rate:
            return self._goodbye("goodbye")
        if not self._is_settled:
            return self._goodbye("goodbye")
        self._was_asked_to_rate = True
        return self._ask(Stage.RATING, Expected.YES_NO, "ask_rating")

    def _done_at_place(self) -> Actions | None:
        """Ask again where it is; who still has nothing more, behind an order and with no matter that is known, had brought none."""
        if not self._was_done_at_place:
            self._was_done_at_place = True  # the question was not heard out
            return self._ask_again()
        if not self._tells_no_matter:
            return None
        self._forget_draft()
        self._stage = Stage.MORE
        return self._rate_or_goodbye()

    def _answer_to_callback(self, text: str) -> Actions:
        """Take the matter down for who would rather tell the machine; who has nothing more, behind an order, is let go."""
        if self._answers.registers_instead(text) and not self._answers.wants_no_call(text):
            return self._register_instead()
        is_told = len(self._told_when_offered) >= self._policy.min_matter_characters
        is_nothing = self._tells_no_matter and not is_told
        if is_nothing and self._answers.read(text, Answer.NO, Answer.DONE) is not None:
            return self._goodbye("goodbye")
        return super()._answer_to_callback(text)

    def _register_instead(self) -> Actions:
        """Go on with a matter that is known, keep one that is not for people to read, and ask for one that was not told."""
        self._no_matches = 0
        if self._draft.category is not None:
            self._draft = replace(self._draft, place_questions=0)  # where it is was not misheard
            return self._next_question()
        if len(self._draft.text) >= self._policy.min_matter_characters:
            return self._take_message()
        return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")

    def _rating_given_unasked(self, text: str) -> Satisfaction | None:
        """Return what a word or two say of the conversation when it was only asked whether there is anything more (“满意”)."""
        is_asked = self._ratings is not None and self._policy.asks_rating and self._is_settled
        is_rating = len(han_only(text)) <= _LONGEST_UNASKED and not self._answers.rates_later(text)
        if not is_asked or self._was_asked_to_rate or not is_rating:
            return None
        assert self._ratings is not None
        return self._ratings.satisfaction(text)

    def _rated_unasked(self, text: str) -> Actions | None:
        """Take a rating that nobody asked for; one that comes again ends the call, and is no matter."""
        if (rated := self._rating_given_unasked(text)) is not None:
            return self._rate(rated)
        return self._rate_or_goodbye() if self._is_mere_rating(text) else None

    def _is_mere_rating(self, text: str) -> bool:
        """Whether a word or two only say that somebody is satisfied (“挺满意”): whatever was asked, that is no matter."""
        is_short = len(han_only(text)) <= _LONGEST_UNASKED and self._answers.speaks_of_rating(text)
        given = self._ratings.satisfaction(text) if is_short and self._ratings is not None else None
        return given in (Satisfaction.SATISFIED, Satisfaction.MOSTLY)

    def _facts_added(self, number: str) -> Actions:
        actions = super()._facts_added(number)
        if actions and self._stage is Stage.MORE and self._rating is None:
            self._was_asked_to_rate = False  # what was put right came instead of the answer
        return actions

    def _answer_to_rating(self, text: str) -> Actions:
        """Take a rating; what is plainly something else is another matter, and what is not clear ends the call."""
        assert self._ratings is not None
        if self._asked is not None and self._answers.asks_to_wait(text):
            return self._listen_longer(*self._asked)
        if self._answers.rates_later(text):
            return self._goodbye("goodbye")
        given = _KEYS.get(self._answers.digit_said(text)) or self._ratings.satisfaction(text)
        if given is not None:
            return self._rate(given)
        if self._answers.read(text, Answer.MORE) is not None:
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        if self._answers.read(text, Answer.NO, Answer.DONE, Answer.YES, Answer.UNCLEAR) is not None:
            return self._goodbye("goodbye")
        is_of_rating = self._answers.speaks_of_rating(text) and self._ratings_asked_again == 0
        if len(text) >= self._policy.min_matter_characters and not is_of_rating:
            self._stage = Stage.OPEN
            return self._understand(self._matter_of(text))
        if self._ratings_asked_again > 0:
            return self._goodbye("goodbye")
        self._ratings_asked_again += 1
        return self._ask(Stage.RATING, Expected.YES_NO, "ask_rating_again")

    def _rating_key(self, key: str) -> Actions:
        given = _KEYS.get(key)
        return self._rate(given) if given is not None else ()

    def _rate(self, given: Satisfaction) -> Actions:
        self._rating = given
        if given is Satisfaction.DISSATISFIED:
            return self._ask_yes_no(Stage.RATED_BADLY, "rated_badly")
        if self._told_beside:
            return self._take_next_matter()
        return self._goodbye("rated")

    def _answer_to_offer_of_person(self, text: str) -> Actions:
        """Put through who is not satisfied and wants a person; their own words are for that person."""
        answer = self._answers.read(text, Answer.NO, Answer.DONE, Answer.YES)
        if answer is Answer.YES:
            return self._transfer("dissatisfied")
        if answer is not None or len(text) < self._policy.min_matter_characters:
            return self._goodbye("goodbye")
        self._draft = self._draft.heard(text)
        return self._transfer("dissatisfied")
