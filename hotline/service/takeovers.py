"""Taking a conversation over from the machine (接管): an agent sees what it holds now, and has one from the next word on.

A call lives in one process: all call processes are told, and the one that has it says so. A chat has a place where word
is left for its owner. Either way the machine falls silent, and what was said and taken down goes to the agent's page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from hotline.domain.agents import AgentIsBusyError, HandoverState, NoSuchAgentError, Skill
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import HotlineError
from hotline.service.agent_chats import TAKEN_OVER, AgentChats
from hotline.service.agent_desk import AgentDesk, HandoverWish
from hotline.service.signals import Signals

_TOPIC: Final = "takeovers"
_ANSWER_SECONDS: Final = 0.5
_TRIES: Final = 4
_LATEST: Final = timedelta(hours=12)
"""Conversations that began before are no longer offered: nobody is there any more."""
_TO_PEOPLE: Final = frozenset({"TransferToAgent", "GiveWayToEmergency", "AgentJoined"})
_TO_MACHINE: Final = frozenset({"NoAgentFree", "TransferFailed", "StayHere", "AgentParted", "LeftAlone"})


class TakeoverRefusedError(HotlineError):
    """The machine does not hold the conversation, or no longer: it is over, or people have it."""

    code = "takeover.refused"


@dataclass(frozen=True, slots=True)
class HeldByMachine:
    """A conversation that the machine holds now, without its words."""

    conversation: str
    channel: ContactChannel
    since: datetime


class Records(Protocol):
    """Conversations as the database has them."""

    async def under_way(self, *, since: datetime) -> Sequence[tuple[str, ContactChannel, datetime]]:
        """Return conversations begun after ``since`` that have no end: id, channel, beginning; the newest first."""

    async def conversation(self, conversation: str) -> Mapping[str, Any] | None:
        """Return one conversation's summary, or None."""


class Takeovers:
    """What agents may take over. ``rows`` gives a conversation's journal so far; without ``chats`` there are calls only."""

    def __init__(
        self,
        desk: AgentDesk,
        signals: Signals,
        records: Records,
        rows: Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]],
        clock: Callable[[], datetime],
        *,
        chats: AgentChats | None,
        takes_calls: bool = True,
    ) -> None:
        """``takes_calls``: agents have telephones that can be rung."""
        self._desk = desk
        self._signals = signals
        self._records = records
        self._rows = rows
        self._clock = clock
        self._chats = chats
        self._takes_calls = takes_calls

    async def held(self) -> Sequence[HeldByMachine]:
        """Return what the machine holds now and no agent waits for or has."""
        desk, _, _ = await self._desk.board()
        known = {one.conversation for one in desk.handovers.values()}
        return [
            HeldByMachine(*one)
            for one in await self._records.under_way(since=self._clock() - _LATEST)
            if one[0] not in known and self._can_be_had(one[1])
        ]

    async def read(self, conversation: str) -> Sequence[Mapping[str, Any]]:
        """Return the journal of a conversation that the machine holds. Raises ``TakeoverRefusedError``."""
        record = await self._records.conversation(conversation)
        if record is None or record["ended_at"] is not None:
            raise TakeoverRefusedError(conversation)
        rows = await self._rows(conversation)
        if not self._can_be_had(ContactChannel(record["channel"])) or not is_with_machine(rows):
            raise TakeoverRefusedError(conversation)
        return rows

    async def take(self, conversation: str, agent: str, *, briefing: str) -> ContactChannel:
        """Have a conversation from the machine; return what it is held by. ``briefing`` stands on the agent's page.

        Raises ``TakeoverRefusedError``, ``NoSuchAgentError``, ``AgentIsBusyError``.
        """
        started = next(row["body"] for row in await self.read(conversation) if row["name"] == "Started")
        channel, phone = ContactChannel(started["channel"]), (started["phone"] or {}).get("digits", "")
        if channel is ContactChannel.PHONE:
            await self._take_call(conversation, agent, phone, briefing)
        elif self._chats is not None:
            await self._chats.take_over(conversation, agent, phone=phone, briefing=briefing)
        return channel

    async def _take_call(self, conversation: str, agent: str, phone: str, briefing: str) -> None:
        desk, _, _ = await self._desk.board()
        if agent not in desk.agents:
            raise NoSuchAgentError(agent)
        wish = HandoverWish(
            conversation, phone, Skill.ORDINARY, TAKEN_OVER, briefing, only=agent, is_called_for=True
        )
        handover = await self._desk.request(wish)
        assert handover is not None  # somebody called for it
        try:
            if (await self._desk.news(handover)).state is not HandoverState.BRIEFING:
                raise AgentIsBusyError(agent)
            if not await self._is_handed_over(conversation, agent, handover):
                raise TakeoverRefusedError(conversation)
        except HotlineError:
            await self._desk.leave(handover)
            raise

    async def _is_handed_over(self, conversation: str, agent: str, handover: str) -> bool:
        """Tell the call processes until the one that has the call has answered."""
        told = {"conversation": conversation, "agent": agent, "handover": handover}
        async with self._signals.of(_answer_topic(handover)) as answers:
            for _ in range(_TRIES):
                await self._signals.tell(_TOPIC, told)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ANSWER_SECONDS):
                        await anext(answers)
                        return True
        return False

    def _can_be_had(self, channel: ContactChannel) -> bool:
        return self._takes_calls if channel is ContactChannel.PHONE else self._chats is not None


async def hand_calls_over(signals: Signals, take: Callable[[str, str, str], bool]) -> None:
    """Hand this process's calls to agents who take them over, for ever; ``take`` (call, agent, hand-over) tells whether it is here."""
    async with signals.of(_TOPIC) as notices:
        async for _, told in notices:
            if take(told["conversation"], told["agent"], told["handover"]):
                await signals.tell(_answer_topic(told["handover"]), {})


def is_with_machine(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell by its journal whether nobody but the machine has a conversation or is being called to it."""
    turns = [row["name"] for row in rows if row["name"] in _TO_PEOPLE | _TO_MACHINE]
    return bool(rows) and (not turns or turns[-1] in _TO_MACHINE)


def _answer_topic(handover: str) -> str:
    return f"takeover:{handover}"
