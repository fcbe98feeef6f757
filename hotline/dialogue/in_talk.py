"""What the citizen hears while people talk: who comes, who is gone, that they are on hold (人工通话中的播报)."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from hotline.dialogue.floor import Actions
from hotline.dialogue.handing_over import HandingOver
from hotline.dialogue.intake import Draft
from hotline.dialogue.stages import Stage
from hotline.dialogue.talk_events import (
    AgentLeft,
    LeftAlone,
    PartyGone,
    PartyJoined,
    PartyNotReached,
    PartyRings,
    PassedOn,
    PutOnHold,
    Retrieved,
    TalkEvent,
    TalkSaid,
)


class InTalk(HandingOver):
    """A conversation that people hold; the machine only says what they cannot see."""

    _is_held = False

    def _in_talk(self, event: TalkEvent) -> Actions:
        if self._stage is not Stage.HANDED_OVER:
            return ()
        match event:
            case TalkSaid():
                return self._talked_of(event)
            case PartyRings() | PartyJoined() | PartyNotReached() | PartyGone():
                return self._told(_prompt_of(event), party=event.party)
            case PutOnHold():
                self._is_held = True
                return self._say_now("still_on_hold" if event.is_still else "put_on_hold")
            case Retrieved() | AgentLeft() | PassedOn():
                self._is_held = False
                return self._agents_changed(event)
            case LeftAlone():
                return self._left_alone(event.at)
            case _:
                assert_never(event)

    def _talked_of(self, event: TalkSaid) -> Actions:
        """Listen along: people talk, and only a state secret is the machine's business, which then forgets (rule 41)."""
        if self._diversions.may_be_state_secret(event.text):
            self._is_secret = True
            self._draft, self._words = Draft(phone=self._caller), ()
        return ()

    def _agents_changed(self, event: Retrieved | AgentLeft | PassedOn) -> Actions:
        match event:
            case Retrieved():
                return ()  # the agent speaks
            case AgentLeft():
                return self._say_now("agent_left_passing" if event.is_passing else "agent_left")
            case PassedOn():
                agent = self._spelled(event.agent) if event.agent.isdigit() else event.agent
                return self._say_now("agent_took_over", agent=agent)

    def _told(self, name: str, **values: str) -> Actions:
        """Tell all who talk; who is on hold is not told what happens without them."""
        return () if self._is_held else self._say_now(name, **values)

    def _left_alone(self, at: datetime) -> Actions:
        self._stage, self._was_handed_over = Stage.TRANSFERRING, False
        return self._nobody_came(at)


def _prompt_of(event: PartyRings | PartyJoined | PartyNotReached | PartyGone) -> str:
    match event:
        case PartyRings():
            return "party_rings"
        case PartyJoined():
            return "party_joined"
        case PartyNotReached():
            return f"party_{event.reason}"
        case PartyGone():
            return "party_gone"
