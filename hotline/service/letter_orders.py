"""What citizens do with their own orders by a letter (短信、微信自助办理): one line of a command, a number, and words.

The door proves who writes: an SMS comes from a number, and an order that a correspondent's own letters led to is theirs.
Whoever else asks is told to prove the telephone on the page; nothing tells whether there is such an order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from hotline.dialogue.prompts import Prompts
from hotline.domain.appeal import PhoneNumber
from hotline.domain.citizen_view import CitizenDeed
from hotline.domain.errors import DeedRefusedError, HotlineError, IllegalTransitionError
from hotline.domain.letters import Correspondent
from hotline.domain.life_cycle import Step
from hotline.domain.proofs import NoProofError, Proof
from hotline.service.letter_commands import LetterCommands
from hotline.service.self_service import Rating, SelfService
from hotline.store.letters import SqlLetters

_PROVED_FOR: Final = timedelta(minutes=1)
_STEPS: Final = {
    CitizenDeed.URGE: Step.URGE,
    CitizenDeed.ADD_FACTS: Step.ADD_FACTS,
    CitizenDeed.WITHDRAW: Step.WITHDRAW,
    CitizenDeed.OBJECT: Step.OBJECT,
    CitizenDeed.RATE: Step.REVISIT,
}


class LetterOrders:
    """Takes commands; ``worded`` says why something is refused."""

    def __init__(
        self,
        service: SelfService,
        letters: SqlLetters,
        commands: LetterCommands,
        words: Prompts,
        worded: Callable[[HotlineError], str],
    ) -> None:
        """Take the parts."""
        self._service = service
        self._letters = letters
        self._commands = commands
        self._words = words
        self._worded = worded

    async def take(
        self, who: Correspondent, text: str, *, at: datetime, begun_before: datetime | None
    ) -> str | None:
        """Return what is answered to a command; None when the text is none.

        ``begun_before``: since when the same letter may have been acted on already, by a process that died then. Raises
        ``StoreUnavailableError``.
        """
        command = self._commands.read(text)
        if command is None:
            return None
        word, deed, number, rest = command
        rating = self._commands.rating(rest) if deed is CitizenDeed.RATE else None
        if deed is CitizenDeed.RATE and rating is None:
            return self._words.text("own_rating", number=number)
        if not rest and deed is not CitizenDeed.URGE:
            return self._words.text("own_words", word=word, number=number)
        try:
            proof = await self._proof(who, number, at)
            if begun_before is None or not await self._is_done(number, deed, proof, at, begun_before):
                await self._do(deed, number, rest, rating, proof, who, at)
        except NoProofError:
            return self._words.text("own_unproved", number=number)
        except (IllegalTransitionError, DeedRefusedError) as error:
            return self._worded(error)
        return self._words.text("own_done", word=word, number=number)

    async def _proof(self, who: Correspondent, number: str, at: datetime) -> Proof:
        digits = who.address.get("phone", "")
        phone = PhoneNumber(digits) if digits else None
        if phone is None:
            orders = await self._letters.orders_of_correspondent(who.id)
            phone = next((order.appeal.phone for order in orders if order.number == number), None)
        if phone is None:
            raise NoProofError(number)
        return Proof(phone, at + _PROVED_FOR, who.channel.value)

    async def _is_done(
        self, number: str, deed: CitizenDeed, proof: Proof, at: datetime, since: datetime
    ) -> bool:
        order = await self._service.order(number, proof, at=at)
        return any(each.step is _STEPS.get(deed) and each.at >= since for each in order.steps)

    async def _do(  # noqa: PLR0917 -- one place
        self,
        deed: CitizenDeed,
        number: str,
        text: str,
        rating: Rating | None,
        proof: Proof,
        who: Correspondent,
        at: datetime,
    ) -> None:
        service = self._service
        match deed:
            case CitizenDeed.URGE:
                await service.urge(number, text, proof, at=at)
            case CitizenDeed.ADD_FACTS:
                await service.add_facts(number, text, proof, at=at)
            case CitizenDeed.SUPPLEMENT:
                await service.supplement(number, text, proof, at=at)
            case CitizenDeed.WITHDRAW:
                await service.withdraw(number, text, proof, at=at)
            case CitizenDeed.OBJECT:
                await service.object(number, text, proof, at=at)
            case CitizenDeed.WRITE:
                await service.write_to_unit(number, text, proof, at=at)
            case CitizenDeed.RATE:
                assert rating is not None
                await service.rate(number, rating, proof, how=who.channel.value, at=at)
