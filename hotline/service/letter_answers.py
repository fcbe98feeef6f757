"""What a letter is answered (来信答复): from one letter and where its conversation stands to all that is to be written.

Nothing is committed here but orders, by the registration; everything else is in the ``Done`` that the caller commits.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Final, assert_never

import structlog

from hotline.dialogue.events import (
    HungUp,
    LocationShared,
    Said,
)
from hotline.dialogue.written_events import PictureSent
from hotline.domain.appeal import Place, Position
from hotline.domain.letters import (
    Arrived,
    FromDesk,
    Left,
    Letter,
    Located,
    Offer,
    OfferKind,
    Pictured,
    Spoken,
    Unreadable,
    UnreadMail,
    Written,
)
from hotline.service.letter_parts import Heard, Kept, LetterParts, MediaUnavailableError
from hotline.service.letter_talks import Answer, LetterTalks
from hotline.store.letter_values import Claimed, Done

log: Final = structlog.get_logger("letters")

OFFER_LASTS: Final = timedelta(minutes=30)
_SHOWN_DEGREES: Final = 5
_MAILS: Final = frozenset(UnreadMail)


class LetterAnswers:
    """Answers letters, one at a time, on behalf of whoever has the correspondent in hand."""

    def __init__(self, parts: LetterParts) -> None:
        """Take the world."""
        self._parts = parts
        self._talks = LetterTalks(parts)

    async def answer(self, claimed: Claimed) -> Done:
        """Return all that is to be written for a letter, or for a citizen whose time to answer is over.

        Raises ``StoreUnavailableError``: then nothing is lost, and the same letter is answered later.
        """
        at = self._parts.world.clock()
        letter = claimed.letter
        answer = Answer(claimed.correspondent, at, [])
        if letter is None:
            await self._talks.silent(answer, claimed)
        else:
            if not isinstance(letter.content, FromDesk):
                answer.who = replace(answer.who, address=letter.address, heard_at=at, is_gone=False)
            await self._answer(answer, letter, claimed)
        return await self._talks.done(answer, claimed)

    async def _answer(self, answer: Answer, letter: Letter, claimed: Claimed) -> None:
        match letter.content:
            case Written() as written:
                await self._written(answer, letter, written, claimed)
            case Spoken() as spoken:
                await self._spoken(answer, letter, spoken, claimed)
            case Pictured(media=media):
                await self._talks.open(answer, letter, claimed)
                await self._pictured(answer, letter, (media,), claimed)
            case Located(label=label, position=position):
                await self._located(answer, letter, self._place(label, position), claimed)
            case Arrived(scene=scene):
                answer.texts.append(self._parts.scenes.get(scene) or self._parts.words.text("welcome"))
            case Left():
                if answer.who.conversation is not None:
                    await self._talks.happen(answer, letter, claimed, HungUp(answer.at))
                answer.texts.clear()
                answer.who = replace(answer.who, is_gone=True, offer=None)
            case Unreadable() as unread:
                await self._unreadable(answer, letter, unread, claimed)
            case FromDesk() as word:
                await self._talks.from_desk(answer, letter, word, claimed)
            case _:
                assert_never(letter.content)

    # --- words -----------------------------------------------------------------------------------------------

    async def _unreadable(self, answer: Answer, letter: Letter, unread: Unreadable, claimed: Claimed) -> None:
        """Say so; a mail begins a conversation even then, so that it is recorded (全量受理)."""
        if unread.kind not in _MAILS:
            answer.texts.append(self._parts.words.text("unreadable"))
            return
        await self._talks.open(answer, letter, claimed)
        answer.texts.append(self._parts.words.text(unread.kind))
        if unread.words:
            await self._talks.happen(answer, letter, claimed, Said(answer.at, unread.words, unread.words))

    async def _written(self, answer: Answer, letter: Letter, written: Written, claimed: Claimed) -> None:
        if not written.attachments and await self._acted(answer, written.text, claimed):
            return
        text, offer = written.text, self._offer_of(answer)
        answer.who = replace(answer.who, offer=None)
        agrees = self._parts.reading.yes_or_no(text) if offer is not None else None
        if offer is not None and offer.kind is OfferKind.VOICE and agrees is False:
            answer.texts.append(self._parts.words.text("voice_retry"))
        elif offer is not None and offer.kind is OfferKind.VOICE and agrees:
            said = Said(answer.at, offer.text, offer.text, engine=offer.kind.value)
            await self._talks.happen(answer, letter, claimed, said)
        elif offer is not None and offer.kind is OfferKind.PLACE and agrees is not None:
            if agrees and offer.position is not None:
                place = Place(said=offer.text, position=offer.position)
                await self._located(answer, letter, place, claimed)
            else:
                answer.texts.append(self._parts.words.text("place_declined"))
        elif text:
            await self._talks.happen(answer, letter, claimed, Said(answer.at, text, text))
        if written.attachments:
            await self._talks.open(answer, letter, claimed)
            await self._pictured(answer, letter, written.attachments, claimed)

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
        await self._talks.open(answer, letter, claimed)
        if isinstance(heard, Heard):
            names = {Heard.NOTHING: "voice_not_heard", Heard.TOO_LONG: "voice_long", Heard.DOWN: "voice_down"}
            answer.texts.append(words.text(names[heard]))
            return
        # A secret is not said back: what is sent stays with others.
        if self._parts.reading.may_be_state_secret(heard):
            await self._talks.happen(answer, letter, claimed, Said(answer.at, heard, heard))
            return
        if answer.talk is not None and answer.talk.seat is not None:  # a person reads it
            answer.texts.append(words.text("voice_at_desk", words=heard))
            await self._talks.happen(answer, letter, claimed, Said(answer.at, heard, heard))
            return
        is_answer = answer.begins is None and self._parts.reading.yes_or_no(heard) is not None
        if is_answer or self._parts.reading.is_alarm(heard):
            answer.texts.append(words.text("voice_taken", words=heard))
            await self._talks.happen(answer, letter, claimed, Said(answer.at, heard, heard))
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

    async def _pictured(
        self, answer: Answer, letter: Letter, media: tuple[str, ...], claimed: Claimed
    ) -> None:
        """Keep pictures with the conversation, or with the order that it has just led to; offer the place they tell.

        Who is with an agent, or waits for one, sends them to the agent: nothing is offered and nothing asked.
        """
        words, talk = self._parts.words, answer.talk
        assert talk is not None
        assert answer.name is not None
        is_at_desk = talk.seat is not None
        order = await self._order_just_registered(answer)
        last: Kept | None = None
        for number, each in enumerate(media):
            kept = await self._kept(answer, letter, each, f"{letter.key}:{number}", order)
            if isinstance(kept, Kept):
                last = kept
                if is_at_desk:
                    sent = PictureSent(answer.at, kept.id, kept.kind, f"{letter.key}:{number}")
                    await self._talks.happen(answer, letter, claimed, sent)
                elif kept.position is not None:
                    self._offer_place(answer, kept.position)
            else:
                answer.texts.append(words.text(f"picture_{kept}"))
        if last is not None:
            await self._say_kept(answer, last, order)

    async def _say_kept(self, answer: Answer, kept: Kept, order: str | None) -> None:
        """Say where the last picture went."""
        words, talk = self._parts.words, answer.talk
        assert talk is not None
        if talk.seat is not None:
            answer.texts.append(words.text("picture_at_desk"))
        elif order is not None:
            answer.texts.append(words.text("picture_of_order", number=order))
            if self._parts.add_facts is not None and kept.is_new:
                await self._parts.add_facts(order, words.text("fact_of_picture"), answer.at)
        else:
            name = "picture_kept" if talk.session.has_matter else "picture_first"
            answer.texts.append(words.text(name, count=str(kept.count)))
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
        await self._talks.open(answer, letter, claimed)
        before = len(answer.texts)
        await self._talks.happen(answer, letter, claimed, LocationShared(answer.at, place))
        if len(answer.texts) == before:  # kept for the matter that comes next: somebody has to say so
            answer.texts.append(self._parts.words.text("place_taken", place=place.text))

    async def _fetched(self, letter: Letter, media: str) -> bytes:
        fetch = self._parts.media.get(letter.channel)
        if fetch is None:
            raise MediaUnavailableError(letter.channel.value)
        return await fetch(letter, media)
