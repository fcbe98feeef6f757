"""A conversation in writing that people take over and give back (人工对话): what the machine says about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from hotline.dialogue.actions import StayHere, Understand
from hotline.dialogue.floor import Actions
from hotline.dialogue.forms import ReportForm
from hotline.dialogue.intake import Draft, Missing, merged
from hotline.dialogue.of_orders import OfOrders
from hotline.dialogue.safety_words import Alarm
from hotline.dialogue.stages import DEAF, Stage
from hotline.dialogue.written_events import (
    AgentParted,
    AgentWrote,
    FormSent,
    OrderNewsCame,
    Parting,
    PictureSent,
    UnitDismissed,
    UnitInvited,
    UnitWrote,
    WrittenEvent,
)
from hotline.domain.meaning import Understanding
from hotline.domain.speech import Expected

_KEYS: Final = {
    Stage.CONFIRM: "12",
    Stage.EMERGENCY_CHECK: "1",
    Stage.SECRECY: "12",
    Stage.CALLBACK: "12",
    Stage.RATING: "123",
    Stage.RATED_BADLY: "12",
    Stage.REPEAT: "12",
}
"""The keys that each question has."""


class InWriting(OfOrders):
    """A conversation whose citizen may go on writing while they wait for a person, and afterwards."""

    def _in_writing(self, event: WrittenEvent) -> Actions:
        if self._stage is not Stage.HANDED_OVER:
            return self._sent(event) if isinstance(event, FormSent | PictureSent) else ()
        match event:
            case AgentWrote() | UnitWrote() | OrderNewsCame() | FormSent() | PictureSent():
                return ()  # people read it
            case AgentParted():
                return self._agent_parted(event.how)
            case UnitInvited():
                return self._say_now("unit_invited", unit=event.unit)
            case UnitDismissed():
                return self._say_now("unit_dismissed", unit=event.unit)
            case _:
                assert_never(event)

    def _key_written(self, text: str) -> str:
        """Return the key that a digit stands for by itself, where the question has it; empty elsewhere, and by telephone."""
        digit = "" if self._is_spoken else self._answers.digit_alone(text)
        return digit if digit in _KEYS.get(self._stage, "") else ""

    def _is_heading(self, text: str) -> bool:
        """Whether a line of a letter that is written piece by piece is only a heading: what was asked is still open."""
        is_asked = self._asked is not None and not self._is_spoken
        return is_asked and self._answers.is_heading(text)

    # --- forms and pictures ------------------------------------------------------------------------------------

    def _sent(self, event: FormSent | PictureSent) -> Actions:
        if self._stage in DEAF:
            return ()
        if isinstance(event, PictureSent):
            is_first = self._stage is Stage.OPEN and not self._is_understanding
            return self._ask(Stage.OPEN, Expected.OPEN, "picture_first") if is_first else ()
        return self._form_sent(event.form)

    def _form_sent(self, form: ReportForm) -> Actions:
        """Take a form instead of what was taken down so far; what it leaves open is understood from its text."""
        emergency = self._safety.emergency_in(form.text, is_spoken=False)
        if emergency is not None and emergency.alarm is Alarm.CERTAIN:
            self._alarm_word = emergency.word
            return self._give_way(emergency.service, form.text)
        if self._diversions.may_be_state_secret(form.text):
            return self._conceal()
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._is_understanding, self._silences = Stage.FORM, False, 0
        self._draft = Draft(
            kind=form.kind,
            category=form.category,
            category_confidence=1.0 if form.category is not None else 0.0,
            place=form.place,
            occurred=form.occurred,
            phone=form.phone or self._caller,
            citizen_name=form.name,
            wants_secrecy=form.wants_secrecy,
            was_asked_secrecy=True,
            was_offered_places=True,
            was_offered_categories=True,
        ).heard(form.text)
        return (*stop, Understand(turn, form.text))

    def _form_understood(self, meaning: Understanding | None) -> Actions:
        """Register what the form says, completed by what was understood; a place that is needed is asked for."""
        form = self._draft
        if meaning is not None:
            place = merged(meaning.slots.place, form.place)
            slots = replace(meaning.slots, place=place, place_choices=())
            filled = form.filled(replace(meaning, slots=slots), self._policy)
            self._draft = replace(
                filled,
                kind=form.kind or filled.kind,
                phone=form.phone or filled.phone,
                occurred=form.occurred or filled.occurred,
            )
        if self._draft.missing(self._categories, self._policy) in (Missing.PLACE, Missing.PLACE_DETAIL):
            return self._next_question()
        return self._register()

    # --- people ------------------------------------------------------------------------------------------------

    def _agent_parted(self, how: Parting) -> Actions:
        match how:
            case Parting.BACK:
                self._draft = Draft(phone=self._draft.phone)
                return self._ask(Stage.OPEN, Expected.OPEN, "agent_parted")
            case Parting.CLOSED:
                return self._rate_or_goodbye()
            case Parting.PASSED_ON:
                return self._transfer("passed_on", "agent_passes_on")
            case Parting.LOST:
                return self._transfer("agent_lost", "agent_lost")

    def _said_while_waiting(self, text: str) -> Actions:
        """Keep what is written to somebody who is still awaited, and let go who does not want to wait."""
        if self._answers.wants_call(text) and self._offered_call_at is not None:
            return self._call_back_instead()
        if self._answers.stops_waiting(text):
            stay = StayHere(self._turn)
            return (stay, *self._ask(Stage.OPEN, Expected.OPEN, "waits_no_more"))
        self._draft = self._draft.heard(text)
        return ()

    @property
    def _is_settled(self) -> bool:
        """Whether something came of it: what an agent did in a conversation does."""
        return super()._is_settled or (self._was_handed_over and not self._is_spoken)
