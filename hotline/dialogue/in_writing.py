"""A conversation in writing that people take over and give back (人工对话): what the machine says about it."""

from __future__ import annotations

from typing import assert_never

from hotline.dialogue.actions import StayHere
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft
from hotline.dialogue.rating import Rated
from hotline.dialogue.stages import Stage
from hotline.dialogue.written_events import (
    AgentParted,
    AgentWrote,
    Parting,
    UnitDismissed,
    UnitInvited,
    UnitWrote,
    WrittenEvent,
)
from hotline.domain.speech import Expected


class InWriting(Rated):
    """A conversation whose citizen may go on writing while they wait for a person, and afterwards."""

    def _in_writing(self, event: WrittenEvent) -> Actions:
        if self._stage is not Stage.HANDED_OVER:
            return ()
        match event:
            case AgentWrote() | UnitWrote():
                return ()
            case AgentParted():
                return self._agent_parted(event.how)
            case UnitInvited():
                return self._say_now("unit_invited", unit=event.unit)
            case UnitDismissed():
                return self._say_now("unit_dismissed", unit=event.unit)
            case _:
                assert_never(event)

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
