"""Who handles what (这事归谁管): where no article says it, told as the dispatch catalogue has it, and offered to be taken down."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import FindUnit
from hotline.dialogue.events import UnitFound
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft
from hotline.dialogue.places_told import is_alone
from hotline.dialogue.rating import Rated
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import Stage
from hotline.domain.appeal import AppealKind
from hotline.domain.meaning import Understanding
from hotline.domain.speech import Expected

_LEAST: Final = 3
"""So many characters say what it is about (路灯坏了、下水道堵)."""


class WhoHandles(Rated):
    """A conversation in which a citizen may ask whose business something is."""

    _told_unit = False

    def _asks_who_alone(self, text: str) -> bool:
        """Whether the question is put without what it is about."""
        is_asked = self._answers.asks_who(text)
        return is_asked and len(self._answers.without_who(text)) < _LEAST

    def _ask_who(self, text: str) -> Actions:
        """Find whose business it is; what has not been said yet is asked for."""
        matter = self._answers.without_who(text)
        if len(matter) < _LEAST:
            matter = self._draft.text
        if len(matter) < _LEAST:
            return self._ask(Stage.UNIT_TOLD, Expected.OPEN, "ask_who_matter")
        self._draft = Draft(phone=self._draft.phone).heard(matter)
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.FINDING_UNIT
        return (*stop, FindUnit(turn, matter))

    def _unit_found(self, event: UnitFound) -> Actions:
        if self._stage is not Stage.FINDING_UNIT:
            return ()
        draft = Draft(phone=self._draft.phone, place=self._shared_place).heard(self._draft.text)
        self._draft = draft.filled(event.understanding, self._policy)
        is_sure = event.understanding.category_confidence >= self._policy.unit_confidence
        self._told_unit = event.unit is not None and is_sure
        if event.unit is None or not is_sure:
            return self._no_unit_found()
        return self._ask_yes_no(
            Stage.UNIT_TOLD, "who_found", "who_offer", unit=event.unit, because=event.because
        )

    def _no_unit_found(self) -> Actions:
        """A person must decide, if the citizen wants it taken down."""
        return self._ask_yes_no(Stage.UNIT_TOLD, "who_unknown", "who_offer")

    def _answer_to_who(self, text: str) -> Actions:
        """Take the matter down, end, or take the words for what they are."""
        if not self._draft.text:
            if self._answers.read(text, Answer.NO, Answer.DONE) is not None:
                return self._rate_or_goodbye()
            return self._ask_who(text)
        answer = self._answers.read(text, Answer.NO, Answer.DONE, Answer.YES)
        if answer is Answer.YES:
            return self._take_down_told()
        if answer is not None:
            self._draft = Draft(phone=self._draft.phone)
            return self._rate_or_goodbye()
        return self._understand(text)

    def _is_where_it_is(self, meaning: Understanding) -> bool:
        """Whether the offer to take it down was answered with where it is, which is a yes."""
        place = meaning.slots.place
        return self._stage is Stage.UNIT_TOLD and place is not None and is_alone(place, meaning.text)

    def _take_down_at(self, meaning: Understanding) -> Actions:
        """Take down the matter whose unit was told, at the place that was said."""
        told = replace(meaning, kind=None, category=None, choices=())
        self._draft = self._draft.heard(meaning.text).filled(told, self._policy)
        return self._take_down_told()

    def _take_down_told(self) -> Actions:
        """Take down the matter whose unit was told."""
        if self._draft.kind is AppealKind.INQUIRY:  # asking whose it is was the question
            self._draft = self._draft.of_kind(None)
        return self._next_question()

    @property
    def _was_answered(self) -> bool:
        return super()._was_answered or self._told_unit
