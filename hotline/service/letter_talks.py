"""One conversation by letters (来信对话): opened from its journal, led on, and brought to where it stands afterwards; with people too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from hotline.dialogue.cards import ArticleCard
from hotline.dialogue.events import (
    AgentJoined,
    Event,
    FellSilent,
    HungUp,
    NoAgentFree,
    Said,
    Started,
    TakenOver,
)
from hotline.dialogue.journal import decode
from hotline.dialogue.prompts import Prompts
from hotline.dialogue.written_events import AgentParted, AgentWrote, UnitDismissed, UnitInvited
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.knowledge import AnsweredWith, Attachment
from hotline.domain.letters import (
    Correspondent,
    FromDesk,
    Letter,
)
from hotline.domain.people import CITIZEN, Actor, Role
from hotline.domain.repeats import PastOrder
from hotline.service.asking import Asking
from hotline.service.exchange import Exchange
from hotline.service.knowledge_files import links_of
from hotline.service.letter_parts import LetterParts
from hotline.service.repeats import told_of
from hotline.store.journal_store import JournalRow
from hotline.store.letter_values import Claimed, Done

log: Final = structlog.get_logger("letters")

_MOST_ROWS: Final = 1_500
"""A conversation that grows longer ends, and the next letter begins another: it is read anew with every letter."""
_MOST_LINKS: Final = 5
_SILENCE_SECONDS: Final = 600.0
_OF_DESK: Final = (TakenOver, AgentWrote, AgentParted, UnitInvited, UnitDismissed)


@dataclass(slots=True)
class Answer:
    """An answer as it grows. ``begins``: its conversation began with this letter."""

    who: Correspondent
    at: datetime
    texts: list[str]
    talk: Exchange | None = None
    name: str | None = None
    begins: datetime | None = None


class LetterTalks:
    """Leads conversations on, for one answer at a time."""

    def __init__(self, parts: LetterParts) -> None:
        """Take the world."""
        self._parts = parts

    # --- people ----------------------------------------------------------------------------------------------

    async def from_desk(self, answer: Answer, letter: Letter, word: FromDesk, claimed: Claimed) -> None:
        """Let happen what an agent did. Who writes has it, even where the desk was not looked at since they took it."""
        event = decode(word.name, dict(word.body))
        if answer.who.conversation != word.conversation or not isinstance(event, _OF_DESK):
            log.warning("letter.from_desk_too_late", event=word.name)
            return
        await self.open(answer, letter, claimed)
        seat = answer.who.at_desk
        if isinstance(event, AgentWrote | AgentParted):
            if seat is not None and seat.agent != event.agent:
                await self.happen(answer, letter, claimed, AgentJoined(answer.at, seat.turn, event.agent))
        elif seat is not None and not seat.agent:
            await self._look_at_desk(answer, claimed)
        if not isinstance(event, AgentWrote):  # what the unit wrote to the last comes before its leaving
            await self._hear_unit(answer, claimed)
        await self.happen(answer, letter, claimed, event)
        if isinstance(event, AgentWrote):
            answer.texts.append(self._parts.words.text("from_agent", agent=event.agent, words=event.text))
            await self._tell_unit(answer, claimed, event.text, Actor(Role.AGENT, event.agent), event.at)

    async def _look_at_desk(self, answer: Answer, claimed: Claimed) -> None:
        """See whether an agent has come or gone; there is nothing to say as long as nothing has changed."""
        await self._hear_unit(answer, claimed)
        seat = answer.talk.seat if answer.talk is not None else answer.who.at_desk
        who, desk = answer.who, self._parts.desk
        assert who.conversation is not None
        assert seat is not None
        if desk is None:
            await self.happen(answer, None, claimed, NoAgentFree(answer.at, seat.turn))
            return
        events, seat = await desk.look(who.conversation, seat, answer.at)
        if events:
            await self.happen(answer, None, claimed, *events)
        elif answer.talk is not None:
            answer.talk.seat = seat
        else:
            answer.who = replace(who, at_desk=seat, due_at=answer.at + desk.pace.look)

    # --- a unit that takes part --------------------------------------------------------------------------------

    async def _hear_unit(self, answer: Answer, claimed: Claimed) -> None:
        """Let the citizen, and the agent, read what the unit wrote."""
        seat = answer.talk.seat if answer.talk is not None else answer.who.at_desk
        if seat is None or seat.talk is None or self._parts.units is None:
            return
        for wrote in await self._parts.units.heard(seat.talk, answer.at):
            await self.happen(answer, None, claimed, wrote)
            answer.texts.append(self._parts.words.text("from_unit", unit=wrote.unit, words=wrote.text))

    async def _tell_unit(self, answer: Answer, claimed: Claimed, text: str, by: Actor, at: datetime) -> None:
        """Let the unit read what was written; one that has no part in the order any more leaves the talk."""
        seat = answer.talk.seat if answer.talk is not None else None
        if seat is None or seat.talk is None or self._parts.units is None:
            return
        if not await self._parts.units.pass_on(seat.talk, text, by=by, at=at):
            gone = UnitDismissed(answer.at, seat.talk.order, seat.talk.unit)
            await self.happen(answer, None, claimed, gone)

    async def _tell_place(self, answer: Answer, talk: Exchange) -> None:
        """Tell who writes while they wait how many are ahead of them."""
        desk, seat = self._parts.desk, talk.seat
        if desk is not None and seat is not None and not seat.agent:
            events, talk.seat = await desk.look(talk.name, seat, answer.at, tells_place=True)
            await talk.happens(*events)

    # --- the conversation ------------------------------------------------------------------------------------

    async def silent(self, answer: Answer, claimed: Claimed) -> None:
        """End what nobody goes on with; what was begun is kept, and who began it is told its number."""
        if answer.who.conversation is None:
            return
        if answer.who.at_desk is not None:
            await self._look_at_desk(answer, claimed)
            return
        answer.who = replace(answer.who, offer=None)
        await self.happen(answer, None, claimed, FellSilent(answer.at, answer.who.turn))
        talk = answer.talk
        if talk is not None and talk.is_over:
            number = talk.asking.work_order
            answer.texts[:] = (
                [self._parts.words.text("kept_unfinished", number=number)] if number is not None else []
            )

    async def happen(self, answer: Answer, letter: Letter | None, claimed: Claimed, *events: Event) -> None:
        """Let events happen; what is said to them is the answer's."""
        await self.open(answer, letter, claimed)
        talk = answer.talk
        assert talk is not None
        before, answered, was_waiting = len(talk.said), len(talk.answers), talk.seat is not None
        await talk.happens(*events)
        said = events[-1]
        if was_waiting and isinstance(said, Said):
            await self._tell_place(answer, talk)
        answer.texts.extend(text for text in talk.said[before:] if text.strip())
        answer.texts.extend(self._links(answer.who.channel, talk.answers[answered:]))
        if isinstance(said, Said):
            await self._tell_unit(answer, claimed, said.text, CITIZEN, claimed.received_at or answer.at)

    def _links(self, channel: ContactChannel, cards: Sequence[ArticleCard]) -> Iterator[str]:
        """Yield where the forms of answers are had: by channels that show addresses as links, an SMS is too short for them."""
        for card in cards if channel is not ContactChannel.SMS else ():
            links = links_in_words(self._parts.words, card.article, card.attachments, site=self._parts.site)
            if links:
                yield links

    async def open(self, answer: Answer, letter: Letter | None, claimed: Claimed) -> None:
        """Go on with the conversation, or begin one: its greeting gives way to the answer."""
        if answer.talk is not None:
            return
        parts, who = self._parts, answer.who
        rows: tuple[JournalRow, ...] = ()
        if who.conversation is not None:
            rows = tuple(await parts.letters.journal_of(who.conversation))
        name = who.conversation
        if name is None:
            assert letter is not None
            name, answer.begins = _name(letter.key), answer.at
        since = claimed.received_at if letter is not None else who.due_at
        again = claimed.tries > 1 or letter is None
        done_before = await parts.letters.orders_of(name, since=since) if again else ()
        asking = Asking(
            parts.world,
            name,
            done_before=done_before,
            request=lambda turn: f"{name}:{turn}",
            own_orders=partial(self._own_orders, who.id),
        )
        answer.name = name
        answer.talk = talk = Exchange.resumed(
            parts.world,
            parts.world.new_session(who.channel),
            asking,
            rows,
            desk=parts.desk,
            who=who,
            name=name,
        )
        if answer.begins is not None:
            digits = who.address.get("phone", "")
            phone = PhoneNumber(digits) if digits else None
            await talk.happens(Started(answer.at, name, who.channel, phone, is_known=True))
            talk.said.clear()
            answer.texts.append(parts.words.text("notice"))

    async def _own_orders(self, who: str) -> Sequence[PastOrder]:
        """Return the orders that came of a correspondent's own letters, those that may be told them."""
        orders = await self._parts.letters.orders_of_correspondent(who)
        return told_of([PastOrder.of(order, self._parts.world.unit_name) for order in orders])

    async def done(self, answer: Answer, claimed: Claimed) -> Done:
        """Return all that is to be written; a conversation that has ended is recorded first."""
        talk, who = answer.talk, answer.who
        if talk is None or answer.name is None:
            keeps_time = claimed.letter is not None or who.at_desk is not None
            after = replace(who, due_at=who.due_at if keeps_time else None)
            return Done(claimed, after, answer.at, tuple(answer.texts))
        if talk.sequence > _MOST_ROWS and not talk.is_over:
            await talk.happens(HungUp(answer.at))
        if talk.is_over:
            await self._record(talk, answer)
        if talk.session.is_secret and self._parts.evidence is not None:
            await self._parts.evidence.discard(answer.name)
        listens = talk.listens
        patience = timedelta(seconds=listens.seconds if listens is not None else _SILENCE_SECONDS)
        if talk.seat is not None and self._parts.desk is not None:
            patience = self._parts.desk.pace.look
        is_open = not talk.is_over
        after = replace(
            who,
            conversation=answer.name if is_open else None,
            turn=listens.turn if is_open and listens is not None else who.turn,
            due_at=answer.at + patience if is_open else None,
            at_desk=talk.seat if is_open else None,
            offer=None if talk.session.is_secret else who.offer,  # words that were shown back may hold it
        )
        return Done(
            claimed=claimed,
            after=after,
            at=answer.at,
            texts=tuple(answer.texts),
            conversation=answer.name,
            begins=answer.begins,
            rows=tuple(talk.rows),
            end=talk.end if talk.is_over else None,
            is_secret=talk.session.is_secret,
            order=talk.asking.work_order,
        )

    async def _record(self, talk: Exchange, answer: Answer) -> None:
        """Have a conversation recorded that left no order: no contact is without a record (全量受理)."""
        assert answer.name is not None
        if talk.asking.work_order is not None:
            return
        orders = await self._parts.letters.orders_of(answer.name)
        order = orders[-1] if orders else None
        if order is None:
            found = talk.session.article
            order = await self._parts.world.registration.record_contact(
                conversation=answer.name,
                appeal=talk.session.so_far,
                outcome=talk.session.contact_outcome,
                article=AnsweredWith(found.id, found.version) if found is not None else None,
                at=answer.at,
            )
        talk.asking.work_order = order.merged_into or order.number


def links_in_words(words: Prompts, article: str, attachments: Sequence[Attachment], *, site: str) -> str:
    """Return what is written of an answer's attachments; empty where none can be opened by an address alone."""
    links = links_of(article, attachments, site=site)
    rows = [f"{name} {href}" for name, href in links if not href.startswith("/")]
    return words.text("article_files", files="\n".join(rows[:_MOST_LINKS])) if rows else ""


def _name(key: str) -> str:
    """Return the name of the conversation that a letter begins: the same each time the letter is begun."""
    return "l" + hashlib.sha256(f"conversation:{key}".encode()).hexdigest()[:40]
