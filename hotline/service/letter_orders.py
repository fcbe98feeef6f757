"""What citizens do with their own orders by a letter (短信、微信自助办理): one line of a command, a number, and words.

The door proves who writes: an SMS comes from a number, and an order that a correspondent's own letters led to is theirs.
Whoever else asks proves the telephone on record by a code that is sent there; nothing tells whether there is such an order.
What they are told of their orders is in ``hotline.service.letter_views``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from hotline.dialogue.prompts import Prompts
from hotline.domain.appeal import PhoneNumber
from hotline.domain.citizen_view import CitizenDeed
from hotline.domain.errors import DeedRefusedError, HotlineError, IllegalTransitionError
from hotline.domain.letters import Correspondent
from hotline.domain.life_cycle import Step
from hotline.domain.proofs import NoProofError, Proof, ProofRefusedError, ProofRules
from hotline.service.letter_commands import LetterCommands, View
from hotline.service.letter_parts import Acted
from hotline.service.letter_views import LetterViews
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

    def __init__(  # noqa: PLR0917 -- put together in one place only
        self,
        service: SelfService,
        letters: SqlLetters,
        commands: LetterCommands,
        words: Prompts,
        worded: Callable[[HotlineError], str],
        rules: ProofRules,
        views: LetterViews,
    ) -> None:
        """Take the parts."""
        self._views = views
        self._rules = rules
        self._service = service
        self._letters = letters
        self._commands = commands
        self._words = words
        self._worded = worded

    async def take(
        self, who: Correspondent, text: str, *, at: datetime, begun_before: datetime | None
    ) -> Acted | None:
        """Return what came of a command; None when the text is none.

        ``begun_before``: since when the same letter may have been acted on already, by a process that died then. Raises
        ``StoreUnavailableError``.
        """
        code = self._commands.code(text)
        if code is not None and self._service.sends_codes:
            return await self._prove(*code, at)
        command = self._commands.read(text)
        if command is not None:
            return Acted(await self._act(who, *command, at=at, begun_before=begun_before))
        looked = self._commands.view(text)
        told = None if looked is None else await self._look(who, *looked, at)
        return None if told is None else Acted(told)

    async def _look(self, who: Correspondent, view: View, number: str, at: datetime) -> str | None:
        try:
            return await self._views.answer(view, number, who, await self._proofs(who, at), at=at)
        except NoProofError:
            return self._not_proved(number)

    def _not_proved(self, number: str) -> str:
        name = "own_by_code" if self._service.sends_codes else "own_unproved"
        return self._words.text(name, number=number, word=self._commands.proving)

    async def _prove(self, number: str, code: str, at: datetime) -> Acted:
        """Send a code, or judge the one that was given back; that there is such an order is told by neither."""
        if not code:
            await self._service.send_code(number, at=at)
            minutes = round(self._rules.lasts.total_seconds() / 60)
            word = self._commands.proving
            return Acted(self._words.text("own_code_sent", word=word, number=number, minutes=str(minutes)))
        try:
            proof = await self._service.prove(number, code, at=at)
        except ProofRefusedError as error:
            return Acted(self._worded(error))
        minutes = round(self._rules.proved_for.total_seconds() / 60)
        return Acted(self._words.text("own_proved", number=number, minutes=str(minutes)), proof)

    async def _act(
        self,
        who: Correspondent,
        word: str,
        deed: CitizenDeed,
        number: str,
        rest: str,
        *,
        at: datetime,
        begun_before: datetime | None,
    ) -> str:
        rating = self._commands.rating(rest) if deed is CitizenDeed.RATE else None
        if deed is CitizenDeed.RATE and rating is None:
            return self._words.text("own_rating", number=number)
        if not rest and deed is not CitizenDeed.URGE:
            return self._words.text("own_words", word=word, number=number)
        for proof in await self._proofs(who, at):
            try:
                if not await self._is_done(number, deed, proof, at, begun_before):
                    await self._do(deed, number, rest, rating, proof, who, at)
            except NoProofError:
                continue
            except (IllegalTransitionError, DeedRefusedError) as error:
                return self._worded(error)
            is_left = deed is CitizenDeed.WITHDRAW and await self._service.goes_on(number, proof, at=at)
            return self._words.text("own_goes_on" if is_left else "own_done", word=word, number=number)
        return self._not_proved(number)

    async def _proofs(self, who: Correspondent, at: datetime) -> Sequence[Proof]:
        """Return what proves orders theirs: the number that an SMS comes from, or their own letters; a code."""
        digits = who.address.get("phone", "")
        phone = PhoneNumber(digits) if digits else None
        own: frozenset[str] = frozenset()
        if phone is None:
            own = frozenset(order.number for order in await self._letters.orders_of_correspondent(who.id))
        by_door = Proof(phone, at + _PROVED_FOR, who.channel.value, own)
        return (by_door, who.proof) if who.proof is not None and who.proof.holds(at) else (by_door,)

    async def _is_done(
        self, number: str, deed: CitizenDeed, proof: Proof, at: datetime, since: datetime | None
    ) -> bool:
        step = _STEPS.get(deed)
        if since is None or step is None:
            return False
        if deed is CitizenDeed.WITHDRAW and await self._service.goes_on(number, proof, at=at):
            step = Step.ADD_FACTS  # that one of several wants no more is noted
        return await self._service.has_done(number, step, proof, since=since, at=at)

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
