"""Chats as agents work on them (人工对话): who waits, taking one, reading and writing, and giving it back.

The whole conversation is there, whichever process holds it: what an agent writes is left for that process, which keeps it
and shows it to the citizen. Looks at what a citizen wrote are written down.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from hotline.dialogue.events import Event, TakenOver
from hotline.dialogue.journal import decode
from hotline.dialogue.written_events import AgentParted, AgentWrote, Parting, UnitDismissed, UnitInvited
from hotline.domain.agents import Handover, HandoverState, Medium, NoSuchAgentError, Skill
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import (
    DeedRefusedError,
    EngineUnavailableError,
    HotlineError,
)
from hotline.domain.relay import RelayMessage
from hotline.domain.work_order import WorkOrder
from hotline.service.agent_desk import AgentDesk, HandoverWish
from hotline.service.keeping import Entry
from hotline.service.kept_chats import AgentNotice, KeptChats, Post
from hotline.service.thread import Line, Thread

MOST_CHARACTERS: Final = 5_000
_ONE_LOOK: Final = timedelta(minutes=15)
TAKEN_OVER: Final = "taken_over"
"""Why an agent has a call or chat that they took from the machine."""


class NoSuchChatError(HotlineError):
    """There is no such chat, or nothing is left of it."""

    code = "chat.unknown"


@dataclass(frozen=True, slots=True)
class ChatOnDesk:
    """A chat that waits or is with an agent. ``phone`` is masked when printed; ``position`` is set while it waits."""

    id: str
    state: HandoverState
    agent: str | None
    skill: str
    reason: str
    briefing: str
    phone: PhoneNumber | None
    requested_at: datetime
    is_urgent: bool
    position: int | None = None


class Records(Protocol):
    """Conversations in the database, and the book of who looked at what."""

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        """Return a conversation's journal."""

    async def get(self, number: str) -> WorkOrder:
        """Return an order or raise ``WorkOrderNotFoundError``."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


class Letters(Protocol):
    """Conversations by letter, which no process holds (``hotline.service.letter_desk``)."""

    async def tell_typing(self, conversation: str, *, is_on: bool) -> bool:
        """Let the citizen see that the agent writes, where their channel can; False: this is no conversation by letter."""

    async def leave_word(self, conversation: str, post: Post) -> bool:
        """Keep what an agent did for the citizen to see; False: this is no conversation by letter."""


class AgentChats:
    """What agents do with chats. ``unit_name`` gives the name of a handling unit by its code."""

    def __init__(
        self,
        desk: AgentDesk,
        chats: KeptChats,
        records: Records,
        clock: Callable[[], datetime],
        *,
        unit_name: Callable[[str], str],
        relay: Callable[[str], Awaitable[Sequence[RelayMessage]]],
        letters: Letters | None = None,
    ) -> None:
        """Take the desk, where chats are kept, and the records. ``relay`` gives the messages of an order's relay.

        ``letters``: conversations by WeChat, SMS and e-mail, where there are any.
        """
        self._letters = letters
        self._desk = desk
        self._chats = chats
        self._records = records
        self._clock = clock
        self._unit_name = unit_name
        self._relay = relay
        self._looks: dict[tuple[str, str], datetime] = {}

    async def waiting(self) -> Sequence[ChatOnDesk]:
        """Return the chats that wait for an agent, the next one first, offered ones too."""
        desk, rules, now = await self._desk.board()
        offered = [
            _shown(one)
            for one in desk.handovers.values()
            if one.medium is Medium.CHAT and one.state in (HandoverState.BRIEFING, HandoverState.RINGING)
        ]
        waiting = [one for one in desk.waiting(now, rules) if one.medium is Medium.CHAT]
        return [*offered, *(_shown(one, position) for position, one in enumerate(waiting, 1))]

    async def of_agent(self, agent: str) -> Sequence[ChatOnDesk]:
        """Return the chats that an agent is offered or holds; a sign of life of their desk. Raises ``NoSuchAgentError``."""
        return [_shown(one) for one in await self._desk.chats_of(agent)]

    async def take(self, chat: str, agent: str) -> ChatOnDesk:
        """Take a chat that waits. Raises ``NoSuchAgentError``, ``AgentIsBusyError``, ``IllegalHandoverError``."""
        found = await self._desk.take_chat(chat, agent)
        await self._chats.nudge(chat)
        return _shown(found)

    async def take_over(self, chat: str, agent: str, *, phone: str, briefing: str) -> None:
        """Take a chat that the assistant holds (接管): it is the agent's at once, and the citizen is told by who holds it.

        Raises ``NoSuchAgentError``, ``AgentIsBusyError``, ``IllegalHandoverError``.
        """
        wish = HandoverWish(
            chat, phone, Skill.ORDINARY, TAKEN_OVER, briefing, only=agent, medium=Medium.CHAT, id=chat
        )
        if await self._desk.request(wish) is None:
            raise NoSuchAgentError(agent)
        try:
            await self._desk.take_chat(chat, agent)
        except HotlineError:
            await self._desk.leave(chat)
            raise
        at = self._clock()
        await self._leave_word(chat, f"{agent}:taken:{at.isoformat()}", TakenOver(at, agent, chat))

    async def thread(self, chat: str, reader: str, *, after: int = 0) -> Sequence[Line]:
        """Return what was written in a chat behind line ``after``, the whole past too; the look is written down first.

        ``reader``: who looks, as the audit names them; again and again within minutes is one look. Raises ``NoSuchChatError``.
        """
        now = self._clock()
        self._looks = {one: at for one, at in self._looks.items() if now - at < _ONE_LOOK}
        if (chat, reader) not in self._looks:
            await self._records.note_look(subject=chat, by=reader, why="chat", at=now)
            self._looks[chat, reader] = now
        lines = Thread().read(await self._entries(chat))
        return [line for line in lines if line.number > after]

    async def write(self, chat: str, agent: str, text: str, *, message: str) -> None:
        """Write to the citizen; ``message`` sent again is the same message. Raises ``IllegalHandoverError``."""
        if not text.strip() or len(text) > MOST_CHARACTERS:
            raise DeedRefusedError(missing=f"内容（1至{MOST_CHARACTERS}字）")
        await self._desk.held_chat(chat, agent)
        await self._leave_word(
            chat, f"{agent}:{message}", AgentWrote(self._clock(), agent, text.strip(), message)
        )

    async def check_held(self, chat: str, agent: str) -> None:
        """Raise ``IllegalHandoverError`` unless the agent holds the chat."""
        await self._desk.held_chat(chat, agent)

    async def tell_typing(self, chat: str, agent: str, *, is_on: bool) -> None:
        """Let the citizen see that the agent is writing. Raises ``IllegalHandoverError``."""
        await self._desk.held_chat(chat, agent)
        if self._letters is None or not await self._letters.tell_typing(chat, is_on=is_on):
            await self._chats.tell_typing(chat, is_on=is_on)

    async def part(self, chat: str, agent: str, how: Parting) -> None:
        """Give a chat back to the assistant, or end it. Raises ``IllegalHandoverError``."""
        held = await self._desk.held_chat(chat, agent)
        since = held.since.isoformat() if held.since is not None else ""
        await self._leave_word(chat, f"{agent}:parted:{since}", AgentParted(self._clock(), agent, how))
        await self._desk.leave(chat)

    async def pass_on(self, chat: str, agent: str, *, to: str) -> None:
        """Let another agent have it: ``to`` is a number (工号) or a skill. Raises ``IllegalHandoverError``, ``NoSuchAgentError``."""
        await self._desk.pass_chat_on(chat, agent, to=to)
        await self._chats.nudge(chat)

    async def invite_unit(self, chat: str, agent: str, number: str) -> str:
        """Have the unit of an order take part, through the order's relay; return its name.

        Raises ``IllegalHandoverError``, ``WorkOrderNotFoundError``, and ``DeedRefusedError`` when no unit has the order.
        """
        await self._desk.held_chat(chat, agent)
        unit = await self._unit_of(number)
        if (await self._records.get(number)).is_closed:
            raise DeedRefusedError(missing="在办的工单（已经办完）")
        invited = UnitInvited(self._clock(), number, unit, after=len(await self._relay(number)))
        await self._leave_word(chat, f"{agent}:invite:{number}:{invited.at.isoformat()}", invited)
        return unit

    async def dismiss_unit(self, chat: str, agent: str, number: str) -> None:
        """Let the unit take part no more. Raises ``IllegalHandoverError``, ``WorkOrderNotFoundError``."""
        await self._desk.held_chat(chat, agent)
        gone = UnitDismissed(self._clock(), number, await self._unit_of(number))
        await self._leave_word(chat, f"{agent}:dismiss:{number}:{gone.at.isoformat()}", gone)

    async def watch(self, agent: str) -> AsyncIterator[AgentNotice | None]:
        """Yield word of an agent's chats as it comes; None when something may have changed without a word."""
        async for notice in self._chats.watch(agent):
            yield notice

    async def _entries(self, chat: str) -> Sequence[Entry]:
        """Return a chat as it is kept: in the store of chats, else in the journal."""
        try:
            found = await self._chats.read(chat)
        except EngineUnavailableError:
            found = None
        if found is None:
            found = [decode(row["name"], row["body"]) for row in await self._records.read(chat)]
        if not found:
            raise NoSuchChatError(chat)
        return found

    async def _unit_of(self, number: str) -> str:
        order = await self._records.get(number)
        if not order.is_dispatched or order.lead_unit is None:
            raise DeedRefusedError(missing="已派单的主办单位")
        return self._unit_name(order.lead_unit)

    async def _leave_word(self, chat: str, id_: str, event: Event) -> None:
        post = Post(id_, event)
        if self._letters is None or not await self._letters.leave_word(chat, post):
            await self._chats.leave_word(chat, post)


def _shown(chat: Handover, position: int | None = None) -> ChatOnDesk:
    return ChatOnDesk(
        id=chat.id,
        state=chat.state,
        agent=chat.agent,
        skill=chat.skill.value,
        reason=chat.reason,
        briefing=chat.briefing,
        phone=PhoneNumber(chat.phone) if chat.phone.isdigit() else None,
        requested_at=chat.requested_at,
        is_urgent=chat.is_urgent,
        position=position,
    )
