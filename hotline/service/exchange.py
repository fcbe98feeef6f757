"""One exchange of a conversation by letters: from what a citizen wrote to when the hotline waits for them again.

The session is made anew from its journal each time: whatever process gets the next letter goes on where the last one
stopped, and nothing of a conversation lives in memory between two letters.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from hotline.dialogue.actions import (
    Action,
    AddToOrder,
    CheckRepeat,
    CollectKeys,
    End,
    FindUnit,
    GiveWayToEmergency,
    Listen,
    LookUp,
    LookUpProgress,
    MergeIntoOrder,
    PlanCallback,
    RegisterAppeal,
    Say,
    SendText,
    StayHere,
    StopSaying,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.cards import ArticleCard
from hotline.dialogue.events import AgentJoined, Event, NoAgentFree, PromptFinished, TransferFailed
from hotline.dialogue.journal import decode, encode, is_event
from hotline.dialogue.session import Session
from hotline.dialogue.written_events import AgentParted, UnitDismissed, UnitInvited, UnitWrote
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.letters import AtDesk, Correspondent, WithUnit
from hotline.service.asking import Asking
from hotline.service.letter_desk import LetterDesk
from hotline.service.surroundings import Surroundings
from hotline.store.journal_store import JournalRow


@dataclass(slots=True)
class Exchange:
    """A session that is fed events until it waits for the citizen; collects what it says, and the journal's new rows.

    ``answers`` are the articles that were answered with.
    ``desk``: where people are, if there are any; ``seat``: where the conversation ``name`` stands there.
    """

    world: Surroundings
    session: Session
    asking: Asking
    desk: LetterDesk | None = None
    seat: AtDesk | None = None
    name: str = ""
    phone: str = ""
    sequence: int = 0
    said: list[str] = field(default_factory=list)
    answers: list[ArticleCard] = field(default_factory=list)
    rows: list[JournalRow] = field(default_factory=list)
    listens: Listen | None = None
    is_over: bool = False

    @classmethod
    def resumed(
        cls,
        world: Surroundings,
        session: Session,
        asking: Asking,
        rows: Sequence[JournalRow],
        *,
        desk: LetterDesk | None = None,
        who: Correspondent | None = None,
        name: str = "",
    ) -> Exchange:
        """Bring a fresh session to where its conversation stands, by the events of its journal."""
        for row in rows:
            if is_event(row.name):
                event = decode(row.name, row.body)
                session.handle(event)  # type: ignore[arg-type]  # is_event said so
        seat, phone = (who.at_desk, who.address.get("phone", "")) if who is not None else (None, "")
        return cls(world, session, asking, desk, seat, name, phone, rows[-1].sequence if rows else 0)

    async def happens(self, *events: Event) -> None:
        """Let events happen, one after the other, with all that comes of each."""
        for event in events:
            await self._settle(event)

    async def _settle(self, event: Event) -> None:
        inbox: deque[Event] = deque([event])
        asked: set[asyncio.Task[Event]] = set()
        try:
            while inbox or asked:
                if not inbox:
                    done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                    inbox.extend(task.result() for task in done)
                    continue
                happened = inbox.popleft()
                self._seat_after(happened)
                actions = self.session.handle(happened)
                self._note(happened)
                for action in actions:
                    self._note(action)
                    await self._perform(action, inbox, asked)
        finally:
            for task in asked:
                task.cancel()

    def _seat_after(self, event: Event) -> None:
        match event:
            case AgentJoined():
                seat = self.seat or AtDesk(event.turn, event.at)
                self.seat = replace(seat, agent=event.agent, offered_to="", offered_at=None)
            case AgentParted() | NoAgentFree():
                self.seat = None
            case UnitInvited() if self.seat is not None:
                self.seat = replace(self.seat, talk=WithUnit(event.order, event.unit, event.after))
            case UnitWrote() if self.seat is not None and self.seat.talk is not None:
                self.seat = replace(self.seat, talk=replace(self.seat.talk, heard=event.position))
            case UnitDismissed() if self.seat is not None:
                self.seat = replace(self.seat, talk=None)
            case _:
                pass

    async def _hand_over(self, action: TransferToAgent) -> Sequence[Event]:
        now = self.world.clock()
        if self.desk is None:
            return (NoAgentFree(now, action.turn),)
        events, self.seat = await self.desk.request(action, self.name, self.phone, now)
        return events

    async def _leave_desk(self) -> None:
        if self.seat is not None and self.desk is not None:
            await self.desk.leave(self.name)
        self.seat = None

    async def _perform(self, action: Action, inbox: deque[Event], asked: set[asyncio.Task[Event]]) -> None:
        now = self.world.clock()
        match action:
            case Say():
                self.said.append(action.text)
                self.answers += [action.card] if isinstance(action.card, ArticleCard) else []
                inbox.append(PromptFinished(now, action.turn))
            case SendText():
                self.said.append(action.text)
            case Listen():
                self.listens = action
            case TransferToAgent():
                inbox.extend(await self._hand_over(action))
            case GiveWayToEmergency():  # nobody can be put through in writing: the words say to dial
                inbox.append(TransferFailed(now, action.turn, "letter"))
            case End():
                self.is_over = True
                await self._leave_desk()
            case StayHere():
                await self._leave_desk()
            case StopSaying() | CollectKeys():
                pass
            case (
                Understand()
                | LookUp()
                | RegisterAppeal()
                | CheckRepeat()
                | MergeIntoOrder()
                | AddToOrder()
                | PlanCallback()
                | LookUpProgress()
                | FindUnit()
            ):
                asked.add(asyncio.create_task(self.asking.ask(action), name=type(action).__name__))
            case _:
                assert_never(action)

    def _note(self, entry: Event | Action) -> None:
        self.sequence += 1
        name, body = encode(entry)
        self.rows.append(JournalRow(self.sequence, self.world.clock(), name, body))

    @property
    def end(self) -> ConversationEnd:
        """How the conversation ended, for its record."""
        session = self.session
        return ConversationEnd(
            at=self.world.clock(),
            outcome=session.outcome.value,
            article=session.article.id if session.article else None,
            work_order=self.asking.work_order,
            rating=session.rating.value if session.rating else None,
        )
