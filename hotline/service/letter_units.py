"""A unit's part in a conversation by letter (三方对话): what is written goes to it by the order's relay, what it answers comes back.

Where the talk stands is kept with the correspondent, and what was passed on is read off the relay itself: whatever process
goes on, nothing goes twice. The relay is the only way between them: the unit sees no names and no numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.dialogue.written_events import UnitWrote
from hotline.domain.errors import HotlineError, StoreUnavailableError
from hotline.domain.letters import WithUnit
from hotline.domain.people import Actor, Role
from hotline.domain.relay import RelayMessage

log: Final = structlog.get_logger("letters")


class Relay(Protocol):
    """The talk on an order (``hotline.service.confidential``). Raises ``StoreUnavailableError``."""

    async def send(self, number: str, text: str, *, by: Actor, at: datetime) -> RelayMessage:
        """Pass ``text`` on to the unit, without what tells who anybody is."""

    async def so_far(self, number: str) -> Sequence[RelayMessage]:
        """Return all messages on an order, the oldest first."""


class LetterUnits:
    """Carries words between a conversation by letter and the unit that takes part in it."""

    def __init__(self, relay: Relay) -> None:
        """Take the way to the units."""
        self._relay = relay

    async def heard(self, talk: WithUnit, at: datetime) -> Sequence[UnitWrote]:
        """Return what the unit wrote since."""
        messages = await self._relay.so_far(talk.order)
        return [
            UnitWrote(at, talk.order, talk.unit, message.text, position)
            for position, message in enumerate(messages, 1)
            if position > talk.heard and message.by.role is Role.UNIT
        ]

    async def pass_on(self, talk: WithUnit, text: str, *, by: Actor, at: datetime) -> bool:
        """Pass words on to the unit, once for each ``at``; False: the order is closed or has left the unit, the talk is over."""
        if any(each.by.role is by.role and each.at == at for each in await self._relay.so_far(talk.order)):
            return True
        try:
            await self._relay.send(talk.order, text, by=by, at=at)
        except StoreUnavailableError:
            raise
        except HotlineError as error:
            log.info("letter.unit_left", error=error.code)
            return False
        return True
