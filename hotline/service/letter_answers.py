"""What a letter is answered (来信答复): from one letter and where its conversation stands to all that is to be written.

Nothing is committed here but orders, by the registration; everything else is in the ``Done`` that the caller commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

import structlog

from hotline.dialogue.events import (
    AgentJoined,
    Event,
    FellSilent,
    HungUp,
    LocationShared,
    NoAgentFree,
    Said,
    Started,
)
from hotline.dialogue.journal import decode
from hotline.dialogue.written_events import AgentParted, AgentWrote
from hotline.domain.appeal import PhoneNumber, Place, Position
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.letters import (
    Arrived,
    Correspondent,
    FromDesk,
    Left,
    Letter,
    Located,
    Offer,
    OfferKind,
    Pictured,
    Spoken,
    Unreadable,
    Written,
)
from hotline.domain.repeats import PastOrder
from hotline.service.asking import Asking
from hotline.service.exchange import Exchange
from hotline.service.letter_parts import Heard, Kept, LetterParts, MediaUnavailableError
from hotline.service.repeats import told_of
from hotline.store.letter_values import Claimed, Done, JournalRow

log: Final = structlog.get_logger("letters")

OFFER_LASTS: Final = timedelta(minutes=30)
_MOST_ROWS: Final = 1_500
"""A conversation that grows longer ends, and the next letter begins another: it is read anew with every letter."""
_SILENCE_SECONDS: Final = 600.0
_SHOWN_DEGREES: Final = 5


@dataclass(slots=True)
class Answer:
    """An answer as it grows. ``begins``: its conversation began with this letter."""

    who: Correspondent
    at: datetime
    texts: list[str]
    talk: Exchange | None = None
    name: str | None = None
    begins: datetime | None = None


class LetterAnswers:
    """Answers letters, one at a time, on behalf of whoever has the correspondent in hand."""

    def __init__(self, parts: LetterParts) -> None:
        """Take the world."""
        self._parts = parts

    async def answer(self, claimed: Claimed) -> Done:
        """Return all that is to be written for a letter, or for a citizen whose time to answer is over.

        Raises ``StoreUnavailableError``: then nothing is lost, and the same letter is answered later.
        """
        at = self._parts.world.clock()
        letter = claimed.letter
        answer = Answer(claimed.correspondent, at, [])
        if letter is None:
            await self._silent(answer, claimed)
        else:
            if not isinstance(letter.content, FromDesk):
                answer.who = replace(answer.who, address=letter.address, heard_at=at, is_gone=False)
            await self._answer(answer, letter, claimed)
        return await self._done(answer, claimed)

    async def _answer(self, answer: Answer, letter: Letter, claimed: Claimed) -> None:
        match letter.content:
            case Written() as written:
                await self._written(answer, letter, written, claimed)
            case Spoken() as spoken:
                await self._spoken(answer, letter, spoken, claimed)
            case Pictured(media=media):
                await self._open(answer, letter, claimed)
                await self._pictured(answer, letter, (media,))
            case Located(label=label, position=position):
                await self._located(answer, letter, self._place(label, position), claimed)
            case Arrived(scene=scene):
                answer.texts.append(self._parts.scenes.get(scene) or self._parts.words.text("welcome"))
            case Left():
                if answer.who.conversation is not None:
                    await self._talk(answer, letter, claimed, HungUp(answer.at))
                answer.texts.clear()
                answer.who = replace(answer.who, is_gone=True, offer=None)
            case Unreadable():
                answer.texts.append(self._parts.words.text("unreadable"))
            case FromDesk() as word:
                await self._from_desk(answer, letter, word, claimed)
            case _:
                assert_never(letter.content)

    # --- words -----------------------------------------------------------------------------------------------

    async def _written(self, answer: Answer, letter: Letter, written: Written, claimed: Claimed) -> None:
        if not written.attachments and await self._acted(answer, written.text, claimed):
            return
        text, offer = written.text, self._offer_of(answer)
        answer.who = replace(answer.who, offer=None)
        agrees = self._parts.reading.yes_or_no(text) if offer is not None else None
        if offer is not None and offer.kind is OfferKind.VOICE and agrees is False:
            answer.texts.append(self._parts.words.text("voice_retry"))
        elif offer is not None and offer.kind is OfferKind.VOICE and agrees:
            await self._talk(answer, letter, claimed, Said(answer.at, offer.text, offer.text))
        elif offer is not None and offer.kind is OfferKind.PLACE and agrees is not None:
            if agrees and offer.position is not None:
                place = Place(said=offer.text, position=offer.position)
                await self._located(answer, letter, place, claimed)
            else:
                answer.texts.append(self._parts.words.text("place_declined"))
        elif text:
            await self._talk(answer, letter, claimed, Said(answer.at, text, text))
        if written.attachments:
            await self._open(answer, letter, claimed)
            await self._pictured(answer, letter, written.attachments)

    async def _acted(self, answer: Answer, text: str, claimed: Claimed) -> bool:
        """Do what the citizen wants done with an order of theirs; the conversation stays where it is."""
        own = self._parts.own_orders
        if own is None:
            return False
        begun_before = claimed.received_at if claimed.tries > 1 else None
        acted = await own.take(answer.who, text, at=answer.at, begun_before=begun_before)
        if acted is None:
            return False
        answer.texts.append(acted.text)
        answer.who = replace(answer.who, proof=acted.proof or answer.who.proof)
        return True

    def _offer_of(self, answer: Answer) -> Offer | None:
        offer = answer.who.offer
        return offer if offer is not None and answer.at - offer.at < OFFER_LASTS else None

    async def _spoken(self, answer: Answer, letter: Letter, spoken: Spoken, claimed: Claimed) -> None:
        """Show what was heard before anything comes of it; only an emergency, and a plain yes or no, are taken at once."""
        words = self._parts.words
        heard = await self._heard(letter, spoken)
        await self._open(answer, letter, claimed)
        if isinstance(heard, Heard):
            names = {Heard.NOTHING: "voice_not_heard", Heard.TOO_LONG: "voice_long", Heard.DOWN: "voice_down"}
            answer.texts.append(words.text(names[heard]))
            return
        is_answer = answer.begins is None and self._parts.reading.yes_or_no(heard) is not None
        if is_answer or self._parts.reading.is_alarm(heard):
            answer.texts.append(words.text("voice_taken", words=heard))
            await self._talk(answer, letter, claimed, Said(answer.at, heard, heard))
            return
        answer.texts.append(words.text("voice_heard", words=heard))
        answer.who = replace(answer.who, offer=Offer(OfferKind.VOICE, heard, answer.at))

    async def _heard(self, letter: Letter, spoken: Spoken) -> str | Heard:
        heard: str | Heard = Heard.DOWN
        if self._parts.voices is not None:
            try:
                sound = await self._fetched(letter, spoken.media)
            except MediaUnavailableError:
                log.warning("letter.voice_not_fetched", letter=letter.key)
            else:
                heard = await self._parts.voices.words(sound)
        if isinstance(heard, str) and not isinstance(heard, Heard):
            return heard
        return (
            spoken.words or heard
        )  # what the channel itself heard is better than nothing: it is shown first anyway

    # --- pictures and places ---------------------------------------------------------------------------------

    async def _pictured(self, answer: Answer, letter: Letter, media: tuple[str, ...]) -> None:
        """Keep pictures with the conversation, or with the order that it has just led to; offer the place they tell."""
        words, talk = self._parts.words, answer.talk
        assert talk is not None
        assert answer.name is not None
        order = await self._order_just_registered(answer)
        last: Kept | None = None
        for number, each in enumerate(media):
            kept = await self._kept(answer, letter, each, f"{letter.key}:{number}", order)
            if isinstance(kept, Kept):
                last = kept
                if kept.position is not None:
                    self._offer_place(answer, kept.position)
            else:
                answer.texts.append(words.text(f"picture_{kept}"))
        if last is None:
            return
        if order is not None:
            answer.texts.append(words.text("picture_of_order", number=order))
            if self._parts.add_facts is not None and last.is_new:
                await self._parts.add_facts(order, words.text("fact_of_picture"), answer.at)
        elif talk.session.has_matter:
            answer.texts.append(words.text("picture_kept", count=str(last.count)))
        else:
            answer.texts.append(words.text("picture_first", count=str(last.count)))
        if answer.who.offer is not None and answer.who.offer.kind is OfferKind.PLACE:
            answer.texts.append(words.text("picture_place", place=answer.who.offer.text))

    async def _kept(
        self, answer: Answer, letter: Letter, media: str, name: str, order: str | None
    ) -> Kept | str:
        """Return the picture as it is kept, or the end of the prompt that says why it is not."""
        if self._parts.evidence is None:
            return "down"
        try:
            body = await self._fetched(letter, media)
        except MediaUnavailableError:
            log.warning("letter.picture_not_fetched", letter=letter.key)
            return "down"
        assert answer.name is not None
        named = hashlib.sha256(name.encode()).hexdigest()[:32]
        kept = await self._parts.evidence.keep(
            body, name=named, conversation=answer.name, order=order, at=answer.at
        )
        return kept if isinstance(kept, Kept) else kept.value

    async def _order_just_registered(self, answer: Answer) -> str | None:
        """Return the conversation's last order, if no other matter has begun since."""
        talk = answer.talk
        if talk is None or answer.name is None or talk.session.has_matter or answer.begins is not None:
            return None
        orders = await self._parts.letters.orders_of(answer.name)
        return orders[-1].number if orders else None

    def _offer_place(self, answer: Answer, position: Position) -> None:
        text = self._position_in_words(position)
        answer.who = replace(answer.who, offer=Offer(OfferKind.PLACE, text, answer.at, position))

    def _position_in_words(self, position: Position) -> str:
        return self._parts.words.text(
            "place_position",
            latitude=f"{position.latitude:.{_SHOWN_DEGREES}f}",
            longitude=f"{position.longitude:.{_SHOWN_DEGREES}f}",
        )

    def _place(self, label: str, position: Position) -> Place:
        """Return a place of the map: county and street as far as its label tells them, and the point itself."""
        found = self._parts.place_of(label) if label else None
        if found is not None:
            return replace(found, said=label, position=position)
        return Place(said=label or self._position_in_words(position), position=position)

    async def _located(self, answer: Answer, letter: Letter, place: Place, claimed: Claimed) -> None:
        await self._open(answer, letter, claimed)
        before = len(answer.texts)
        await self._talk(answer, letter, claimed, LocationShared(answer.at, place))
        if len(answer.texts) == before:  # kept for the matter that comes next: somebody has to say so
            answer.texts.append(self._parts.words.text("place_taken", place=place.text))

    async def _fetched(self, letter: Letter, media: str) -> bytes:
        fetch = self._parts.media.get(letter.channel)
        if fetch is None:
            raise MediaUnavailableError(letter.channel.value)
        return await fetch(letter, media)

    # --- people ----------------------------------------------------------------------------------------------

    async def _from_desk(self, answer: Answer, letter: Letter, word: FromDesk, claimed: Claimed) -> None:
        """Let happen what an agent did. Who writes has it, even where the desk was not looked at since they took it."""
        event = decode(word.name, dict(word.body))
        if answer.who.conversation != word.conversation or not isinstance(event, AgentWrote | AgentParted):
            log.warning("letter.from_desk_too_late", event=word.name)
            return
        seat = answer.who.at_desk
        if seat is not None and seat.agent != event.agent:
            await self._talk(answer, letter, claimed, AgentJoined(answer.at, seat.turn, event.agent))
        await self._talk(answer, letter, claimed, event)
        if isinstance(event, AgentWrote):
            answer.texts.append(self._parts.words.text("from_agent", agent=event.agent, words=event.text))

    async def _look_at_desk(self, answer: Answer, claimed: Claimed) -> None:
        """See whether an agent has come or gone; there is nothing to say as long as nothing has changed."""
        who, desk = answer.who, self._parts.desk
        assert who.conversation is not None
        assert who.at_desk is not None
        if desk is None:
            await self._talk(answer, None, claimed, NoAgentFree(answer.at, who.at_desk.turn))
            return
        events, seat = await desk.look(who.conversation, who.at_desk, answer.at)
        if events:
            await self._talk(answer, None, claimed, *events)
        else:
            answer.who = replace(who, at_desk=seat, due_at=answer.at + desk.pace.look)

    async def _tell_place(self, answer: Answer, talk: Exchange) -> None:
        """Tell who writes while they wait how many are ahead of them."""
        desk, seat = self._parts.desk, talk.seat
        if desk is not None and seat is not None and not seat.agent:
            events, talk.seat = await desk.look(talk.name, seat, answer.at, tells_place=True)
            await talk.happens(*events)

    # --- the conversation ------------------------------------------------------------------------------------

    async def _silent(self, answer: Answer, claimed: Claimed) -> None:
        """End what nobody goes on with; what was begun is kept, and who began it is told its number."""
        if answer.who.conversation is None:
            return
        if answer.who.at_desk is not None:
            await self._look_at_desk(answer, claimed)
            return
        answer.who = replace(answer.who, offer=None)
        await self._talk(answer, None, claimed, FellSilent(answer.at, answer.who.turn))
        talk = answer.talk
        if talk is not None and talk.is_over:
            number = talk.asking.work_order
            answer.texts[:] = (
                [self._parts.words.text("kept_unfinished", number=number)] if number is not None else []
            )

    async def _talk(self, answer: Answer, letter: Letter | None, claimed: Claimed, *events: Event) -> None:
        await self._open(answer, letter, claimed)
        talk = answer.talk
        assert talk is not None
        before, was_waiting = len(talk.said), talk.seat is not None
        await talk.happens(*events)
        if was_waiting and isinstance(events[-1], Said):
            await self._tell_place(answer, talk)
        answer.texts.extend(text for text in talk.said[before:] if text.strip())

    async def _open(self, answer: Answer, letter: Letter | None, claimed: Claimed) -> None:
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

    async def _done(self, answer: Answer, claimed: Claimed) -> Done:
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


def _name(key: str) -> str:
    """Return the name of the conversation that a letter begins: the same each time the letter is begun."""
    return "l" + hashlib.sha256(f"conversation:{key}".encode()).hexdigest()[:40]
