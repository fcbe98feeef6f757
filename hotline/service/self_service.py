"""What citizens do themselves (自助服务): see their orders and each step, add facts, urge, withdraw, rate, object.

Whoever comes by whatever door — web, app, WeChat, SMS — first proves that a telephone is theirs: by the door itself where it
knows the number, else by a code that is sent to the telephone on record. An order is shown to nobody else; that a number
exists is not told either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.domain.appeal import PhoneNumber, Place
from hotline.domain.citizen_view import CitizenDeed, OwnOrder, may, own_order
from hotline.domain.deeds import (
    AddFacts,
    Deed,
    Object,
    Resolution,
    Revisit,
    Satisfaction,
    Supplement,
    Urge,
    Withdraw,
)
from hotline.domain.errors import (
    IllegalTransitionError,
    StaleWorkOrderError,
    WorkOrderNotFoundError,
)
from hotline.domain.life_cycle import Status, Step, after_step
from hotline.domain.outbox import Message
from hotline.domain.people import CITIZEN, Actor, Role
from hotline.domain.proofs import NoProofError, Proof, ProofRefusedError
from hotline.domain.relay import RelayMessage
from hotline.domain.repeats import OrderNews, PastOrder
from hotline.domain.secrecy import is_hidden
from hotline.domain.work_order import Party, WorkOrder
from hotline.service.casework import Casework
from hotline.service.repeats import handled_as
from hotline.service.self_service_rules import SelfServiceRules
from hotline.store.proof_codes import SqlProofCodes

log: Final = structlog.get_logger("self_service")

URGED_LATELY: Final = "urged within the time after which it is urged again"
RATED_ALREADY: Final = "the citizen has rated this reply already"
_TRIES: Final = 3
_MOST_ORDERS: Final = 50
_MERE_CONTACTS: Final = (Status.ANSWERED, Status.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Rating:
    """What a citizen says of a reply: whether the matter is resolved, and of result and attitude apart."""

    resolution: Resolution
    result: Satisfaction
    attitude: Satisfaction
    was_contacted: bool | None = None
    remark: str = ""


class Orders(Protocol):
    """What is needed of the work order store."""

    async def get(self, number: str) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""

    async def of_citizen(self, phone: PhoneNumber, *, limit: int = 20) -> Sequence[WorkOrder]:
        """Return the orders that this telephone registered or joined, the newest first."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


class Relay(Protocol):
    """The way to an order's units (``hotline.service.confidential``)."""

    async def send(self, number: str, text: str, *, by: Actor, at: datetime) -> RelayMessage:
        """Pass ``text`` on to the unit, without what tells who anybody is."""

    async def so_far(self, number: str) -> Sequence[RelayMessage]:
        """Return the talk on an order, the oldest first."""


@dataclass(frozen=True, slots=True)
class CodeWords:
    """The message that brings a code; ``new_code`` and ``new_id`` make what nobody guesses. None: nothing brings codes."""

    text: Callable[[str, str, int], str]
    new_code: Callable[[int], str]
    new_id: Callable[[], str]


class SelfService:
    """Looks up, proves, and does. Everything raises ``StoreUnavailableError`` when the database is away."""

    def __init__(
        self,
        orders: Orders,
        casework: Casework,
        codes: SqlProofCodes,
        relay: Relay,
        *,
        rules: SelfServiceRules,
        words: CodeWords | None,
        unit_name: Callable[[str], str],
    ) -> None:
        """Take where orders, codes and relays are kept, the city's rules, and what a code is brought with."""
        self._orders = orders
        self._casework = casework
        self._codes = codes
        self._relay = relay
        self._rules = rules
        self._words = words
        self._unit_name = unit_name

    @property
    def sends_codes(self) -> bool:
        """Whether codes can be sent: without a way for SMS nobody proves themselves by one."""
        return self._words is not None

    # --- proving ---------------------------------------------------------------------------------------------

    async def send_code(self, number: str, *, at: datetime) -> None:
        """Send a code to the telephone on record of an order.

        Nothing tells whether there was one to send it to, or whether too many were sent: neither is told to a stranger.
        """
        party = await self._party_of(number)
        if self._words is None or party is None or party.phone is None:
            log.info("proof.no_code")
            return
        phone, words, rules = party.phone, self._words, self._rules.proof
        code, id_ = words.new_code(rules.digits), words.new_id()
        body = {
            "address": {"phone": phone.digits},
            "text": words.text(code, number, round(rules.lasts.total_seconds() / 60)),
        }
        is_sent = await self._codes.send(
            number,
            phone,
            code,
            id_=id_,
            rules=rules,
            message=lambda: Message(f"sms:{id_}", "citizen.code", number, body, f"proof:{id_}"),
            at=at,
        )
        log.info("proof.code_sent" if is_sent else "proof.too_many", work_order=number)

    async def prove(self, number: str, code: str, *, at: datetime) -> Proof:
        """Return what the right code proves. Raises ``ProofRefusedError``."""
        party = await self._party_of(number)
        is_right = party is not None and party.phone is not None
        is_right = is_right and await self._codes.try_(number, code, rules=self._rules.proof, at=at)
        if not is_right or party is None or party.phone is None:
            raise ProofRefusedError(number)
        return Proof(party.phone, at + self._rules.proof.proved_for, "code")

    # --- looking ---------------------------------------------------------------------------------------------

    async def news(self, number: str) -> OrderNews:
        """Return how an order stands to who knows its number only; of a secret one nothing (``NoProofError``)."""
        try:
            order = await handled_as(self._orders, number)
        except WorkOrderNotFoundError as error:
            raise NoProofError(number) from error
        past = PastOrder.of(order, self._unit_name)
        if past.is_secret:
            raise NoProofError(number)
        return past.news

    async def orders_of(self, proof: Proof, *, at: datetime) -> Sequence[OwnOrder]:
        """Return the orders of a proved telephone, open ones first, then the newest; records of mere contacts not."""
        _check(proof, at)
        shown = []
        for order in await self._covered(proof):
            party = _party_of(order, proof)
            if party is not None and order.merged_into is None and order.status not in _MERE_CONTACTS:
                shown.append(self._own(order, party, at))
        shown.sort(key=lambda each: (not each.may.isdisjoint(_OF_OPEN), each.registered_at), reverse=True)
        await self._look("own orders", at)
        return shown

    async def order(self, number: str, proof: Proof, *, at: datetime) -> OwnOrder:
        """Return one order of a proved telephone. Raises ``NoProofError``, whether there is such an order or not.

        A secret order is there only for who has proved more than that they hold a telephone.
        """
        order, party = await self._own_order(number, proof, at)
        if is_hidden(order) and not proof.opens_secret_orders:
            raise NoProofError(number)
        await self._look(order.number, at)
        return self._own(order, party, at)

    async def words_of_units(self, order: OwnOrder) -> Sequence[RelayMessage]:
        """Return what units wrote to an order's citizen, the oldest first."""
        return [each for each in await self._relay.so_far(order.handled_as) if each.by.role is Role.UNIT]

    async def has_done(self, number: str, step: Step, proof: Proof, *, since: datetime, at: datetime) -> bool:
        """Tell whether a step was taken since then. Raises ``NoProofError``."""
        order, _ = await self._own_order(number, proof, at)
        return any(entry.step is step and entry.at >= since for entry in order.history)

    # --- doing -----------------------------------------------------------------------------------------------

    async def add_facts(self, number: str, text: str, proof: Proof, *, at: datetime) -> OwnOrder:
        """Add facts (补充情况)."""
        return await self._do(number, AddFacts(text), proof, at)

    async def supplement(
        self, number: str, text: str, proof: Proof, *, place: Place | None = None, at: datetime
    ) -> OwnOrder:
        """Give what was missing (补充)."""
        return await self._do(number, Supplement(text, place), proof, at)

    async def withdraw(self, number: str, reason: str, proof: Proof, *, at: datetime) -> OwnOrder:
        """Take the matter back (撤单).

        Where others are owed the reply, the order goes on with a note that this citizen wants no more (rule 7: 并单不丢诉求人).
        """
        deed: AddFacts | Withdraw = Withdraw(reason)
        order, party = await self._own_order(number, proof, at)
        if order.is_shared and after_step(order.status, Step.WITHDRAW) is not None:
            deed = AddFacts(self._rules.leaving.format(number=party.number, reason=reason))
        return await self._do(number, deed, proof, at)

    async def goes_on(self, number: str, proof: Proof, *, at: datetime) -> bool:
        """Tell whether an order that one citizen took back goes on for others. Raises ``NoProofError``."""
        order, _ = await self._own_order(number, proof, at)
        return order.is_shared and not order.is_closed

    async def urge(self, number: str, text: str, proof: Proof, *, at: datetime) -> OwnOrder:
        """Urge (催办), once in a while."""
        return await self._do(number, Urge(text), proof, at)

    async def object(self, number: str, text: str, proof: Proof, *, at: datetime) -> OwnOrder:
        """Object to how the order ended (异议): a person decides whether it is opened again."""
        return await self._do(number, Object(text), proof, at)

    async def rate(self, number: str, rating: Rating, proof: Proof, *, how: str, at: datetime) -> OwnOrder:
        """Rate the reply; who is not content has it handled again at once (自动重办)."""
        revisit = Revisit(
            is_reached=True,
            how=how,
            was_contacted=rating.was_contacted,
            resolution=rating.resolution,
            result=rating.result,
            attitude=rating.attitude,
            remark=rating.remark,
        )
        return await self._do(number, revisit, proof, at)

    async def write_to_unit(self, number: str, text: str, proof: Proof, *, at: datetime) -> None:
        """Have the hotline pass words on to the unit; it does not learn who wrote them (热线转达)."""
        order, _ = await self._own_order(number, proof, at)
        if not may(order, CitizenDeed.WRITE, at, urge_again=self._rules.urge_again):
            raise IllegalTransitionError(number=order.number, status=order.status, step="relay")
        await self._relay.send(order.number, text, by=CITIZEN, at=at)

    async def _do(self, number: str, deed: Deed, proof: Proof, at: datetime) -> OwnOrder:
        """Do it, committed; the newest state is read anew when somebody else was faster."""
        for attempt in range(_TRIES):
            order, party = await self._own_order(number, proof, at)
            self._check_pace(order, deed, at)
            latest = max(at, order.history[-1].at)
            try:
                if isinstance(deed, Revisit):
                    changed = await self._casework.revisit(order.number, deed, by=CITIZEN, at=latest)
                else:
                    changed = await self._casework.do(order.number, deed, by=CITIZEN, at=latest)
            except StaleWorkOrderError:
                if attempt + 1 == _TRIES:
                    raise
            else:
                return self._own(changed, party, at)
        raise AssertionError  # the loop returns or raises

    def _check_pace(self, order: WorkOrder, deed: Deed, at: datetime) -> None:
        """Refuse what the table of steps would allow again and again."""
        urge_again = self._rules.urge_again
        reason = ""
        match deed:
            case Urge() if not may(order, CitizenDeed.URGE, at, urge_again=urge_again):
                urged = order.when(Step.URGE)
                reason = URGED_LATELY if urged is not None and urged > at - urge_again else ""
            case Revisit() if any(each.is_reached for each in order.revisits):
                reason = RATED_ALREADY
            case _:
                return
        if reason:
            raise IllegalTransitionError(
                number=order.number, status=order.status, step=deed.step, reason=reason
            )

    # --- inside ----------------------------------------------------------------------------------------------

    def _own(self, order: WorkOrder, party: Party, at: datetime) -> OwnOrder:
        return own_order(order, party, at, urge_again=self._rules.urge_again)

    async def _own_order(self, number: str, proof: Proof, at: datetime) -> tuple[WorkOrder, Party]:
        """Return an order and which of its citizens has proved themselves. Raises ``NoProofError``."""
        _check(proof, at)
        try:
            order = await handled_as(self._orders, number)
        except WorkOrderNotFoundError as error:
            raise NoProofError(number) from error
        party = _party_of(order, proof)
        if party is None:
            raise NoProofError(number)
        return order, party

    async def _covered(self, proof: Proof) -> Sequence[WorkOrder]:
        """Return the orders of a proof, each once; secret ones only to who may be told them."""
        found: dict[str, WorkOrder] = {}
        if proof.phone is not None:
            found = {
                each.number: each for each in await self._orders.of_citizen(proof.phone, limit=_MOST_ORDERS)
            }
        for number in sorted(proof.numbers - found.keys()):
            order = await handled_as(self._orders, number)
            found.setdefault(order.number, order)
        return [each for each in found.values() if proof.opens_secret_orders or not is_hidden(each)]

    async def _party_of(self, number: str) -> Party | None:
        """Return whose record ``number`` is: the first citizen of an order, or who was merged into another."""
        try:
            order = await handled_as(self._orders, number)
        except WorkOrderNotFoundError:
            return None
        return next((party for party in order.citizens if party.number == number), None)

    async def _look(self, subject: str, at: datetime) -> None:
        await self._orders.note_look(subject=subject, by="citizen:citizen", why="self-service", at=at)


_OF_OPEN: Final = frozenset({CitizenDeed.ADD_FACTS, CitizenDeed.SUPPLEMENT, CitizenDeed.RATE})


def _check(proof: Proof, at: datetime) -> None:
    if not proof.holds(at):
        raise NoProofError


def _party_of(order: WorkOrder, proof: Proof) -> Party | None:
    return next((party for party in order.citizens if proof.covers(party.number, party.phone)), None)
