"""A conversation whose end is rated by the citizen, by speech or by key (服务评价)."""

from __future__ import annotations

from typing import Final

from hotline.dialogue.floor import Actions
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import Stage
from hotline.dialogue.standing import Standing
from hotline.domain.deeds import Satisfaction
from hotline.domain.speech import Expected

_LONGEST_UNASKED: Final = 6  # characters: 我非常满意
_KEYS: Final = {"1": Satisfaction.SATISFIED, "2": Satisfaction.MOSTLY, "3": Satisfaction.DISSATISFIED}


class Rated(Standing):
    """A conversation that asks, once and when something was settled, how the citizen found it.

    The rating is what was said or pressed, never what silence may mean; who is not satisfied is offered a person.
    """

    _was_asked_to_rate = False
    _rating: Satisfaction | None = None
    _ratings_asked_again = 0

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

    def _rating_given_unasked(self, text: str) -> Satisfaction | None:
        """Return what a word or two say of the conversation when it was only asked whether there is anything more (“满意”)."""
        is_asked = self._ratings is not None and self._policy.asks_rating and self._is_settled
        is_rating = len(text) <= _LONGEST_UNASKED and not self._answers.rates_later(text)
        if not is_asked or self._was_asked_to_rate or not is_rating:
            return None
        assert self._ratings is not None
        return self._ratings.satisfaction(text)

    def _answer_to_rating(self, text: str) -> Actions:
        """Take a rating; what is plainly something else is another matter, and what is not clear ends the call."""
        assert self._ratings is not None
        if self._answers.rates_later(text):
            return self._goodbye("goodbye")
        given = self._ratings.satisfaction(text)
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
