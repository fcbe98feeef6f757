"""The interface for citizens' own orders (自助服务, docs/self-service.md): prove a telephone, look, act."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Security
from fastapi.security import HTTPBearer

from app.citizen_models import (
    CodeIn,
    Names,
    NewsOut,
    NumberIn,
    OrderOut,
    OrdersOut,
    ProofOut,
    RatingIn,
    SentOut,
    SubscribeIn,
    UrgeIn,
    WordsIn,
)
from app.faults import step_fault
from app.programs import bearer
from app.token_bucket import TokenBuckets
from app.web_parts import ORDER_NUMBER
from hotline.domain.appeal import PhoneNumber
from hotline.domain.citizen_view import OwnOrder
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.proofs import NoProofError, Proof
from hotline.service.chat_news import ChatNews
from hotline.service.progress import Progress
from hotline.service.self_service import SelfService
from hotline.store.sealing import Seal

PREFIX: Final = "/api/citizen/v1"
_BURST, _PER_SECOND = 60.0, 1.0
_PLACE: Final = "citizen proof"
_HOW: Final = "web"
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: step_fault(HTTPStatus(status).phrase) for status in (400, 403, 409, 415, 422, 429, 503)
}

Number = Annotated[str, Path(pattern=ORDER_NUMBER)]
Identify = Callable[[str], Awaitable[Proof | None]]


class ProofTokens:
    """Proofs as tokens that only this hotline can make and read, on any process."""

    def __init__(self, seal: Seal) -> None:
        """Take what seals them."""
        self._seal = seal

    def token(self, proof: Proof) -> str:
        """Return the token of a proof."""
        phone = proof.phone.digits if proof.phone is not None else ""
        body = {"phone": phone, "until": proof.until.isoformat(), "by": proof.by}
        return base64.urlsafe_b64encode(self._seal.close(json.dumps(body).encode(), _PLACE)).decode()

    def proof(self, token: str) -> Proof | None:
        """Return what a token proves; None when it is none of ours."""
        try:
            body = json.loads(self._seal.open(base64.urlsafe_b64decode(token.encode()), _PLACE))
        except (ValueError, StoreUnavailableError):
            return None
        return Proof(PhoneNumber(body["phone"]), datetime.fromisoformat(body["until"]), body["by"])


class CitizenInterface:
    """The routes below ``/api/citizen/v1``."""

    def __init__(
        self,
        service: SelfService,
        tokens: ProofTokens,
        names: Names,
        buckets: TokenBuckets,
        clock: Callable[[], datetime],
        *,
        progress: Progress,
        code_minutes: int,
        identify: Identify,
        news: ChatNews | None = None,
    ) -> None:
        """``identify`` reads tokens of the app that carries the chat: who came by it has proved a telephone, perhaps.

        ``news``: where it is noted in which chat somebody wants to be told.
        """
        self._news = news
        self._service = service
        self._progress = progress
        self._tokens = tokens
        self._names = names
        self._buckets = buckets
        self._clock = clock
        self._code_minutes = code_minutes
        self._identify = identify

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        router = APIRouter(
            prefix=PREFIX, tags=["citizens"], responses=_RESPONSES, dependencies=[Depends(self._slowly)]
        )
        router.post("/codes", status_code=202)(self.send_code)
        router.post("/proofs")(self.prove)
        router.get("/news/{number}")(self.news)
        own = APIRouter(
            dependencies=[Security(HTTPBearer(auto_error=False, scheme_name="proof of a telephone"))],
            responses={401: step_fault(HTTPStatus.UNAUTHORIZED.phrase)},
        )
        own.get("/orders")(self.orders)
        own.get("/orders/{number}")(self.order)
        own.post("/orders/{number}/facts")(self.add_facts)
        own.post("/orders/{number}/supplement")(self.supplement)
        own.post("/orders/{number}/withdrawal")(self.withdraw)
        own.post("/orders/{number}/urging")(self.urge)
        own.post("/orders/{number}/rating")(self.rate)
        own.post("/orders/{number}/objection")(self.object)
        own.post("/orders/{number}/messages", status_code=202)(self.write)
        own.put("/orders/{number}/subscription")(self.subscribe)
        own.delete("/orders/{number}/subscription")(self.unsubscribe)
        router.include_router(own)
        app.include_router(router)

    # --- proving ---------------------------------------------------------------------------------------------

    async def send_code(self, body: NumberIn) -> SentOut:
        """Send a code to the telephone on record of an order; whether there is one is not told."""
        if not self._service.sends_codes:
            raise HTTPException(503)
        await self._service.send_code(body.number, at=self._clock())
        return SentOut(minutes=self._code_minutes)

    async def prove(self, body: CodeIn) -> ProofOut:
        """Give a code back for a token."""
        proof = await self._service.prove(body.number, body.code, at=self._clock())
        return ProofOut(token=self._tokens.token(proof), until=proof.until)

    # --- looking ---------------------------------------------------------------------------------------------

    async def news(self, number: Number) -> NewsOut:
        """How an order stands, to who knows its number; nothing of a confidential one or a tip-off."""
        return self._names.news(await self._service.news(number))

    async def orders(self, request: Request) -> OrdersOut:
        """The orders of a proved telephone."""
        found = await self._service.orders_of(await self._proof(request), at=self._clock())
        return OrdersOut(orders=await self._all(found))

    async def order(self, number: Number, request: Request) -> OrderOut:
        """One order of a proved telephone, with every step."""
        proof = await self._proof(request)
        return await self._shown(await self._service.order(number, proof, at=self._clock()))

    # --- doing -----------------------------------------------------------------------------------------------

    async def add_facts(self, number: Number, body: WordsIn, request: Request) -> OrderOut:
        """Add facts (补充情况)."""
        proof = await self._proof(request)
        return await self._shown(await self._service.add_facts(number, body.text, proof, at=self._clock()))

    async def supplement(self, number: Number, body: WordsIn, request: Request) -> OrderOut:
        """Give what was missing (补充)."""
        proof = await self._proof(request)
        return await self._shown(await self._service.supplement(number, body.text, proof, at=self._clock()))

    async def withdraw(self, number: Number, body: WordsIn, request: Request) -> OrderOut:
        """Take the matter back (撤单), with a reason."""
        proof = await self._proof(request)
        return await self._shown(await self._service.withdraw(number, body.text, proof, at=self._clock()))

    async def urge(self, number: Number, body: UrgeIn, request: Request) -> OrderOut:
        """Urge (催办), once in a while."""
        proof = await self._proof(request)
        return await self._shown(await self._service.urge(number, body.text, proof, at=self._clock()))

    async def rate(self, number: Number, body: RatingIn, request: Request) -> OrderOut:
        """Rate the reply (评价): who is not content has it handled again."""
        proof = await self._proof(request)
        return await self._shown(
            await self._service.rate(number, body.rating(), proof, how=_HOW, at=self._clock())
        )

    async def object(self, number: Number, body: WordsIn, request: Request) -> OrderOut:
        """Object to how the order ended (异议)."""
        proof = await self._proof(request)
        return await self._shown(await self._service.object(number, body.text, proof, at=self._clock()))

    async def write(self, number: Number, body: WordsIn, request: Request) -> OrderOut:
        """Have words passed on to the unit, which does not learn who wrote them (热线转达)."""
        proof, at = await self._proof(request), self._clock()
        await self._service.write_to_unit(number, body.text, proof, at=at)
        return await self._shown(await self._service.order(number, proof, at=at))

    async def subscribe(self, number: Number, request: Request, body: SubscribeIn | None = None) -> OrderOut:
        """Have each step told to the proved telephone by SMS (订阅进度), instead of by another door.

        What is seen in the open ``chat`` is not sent.
        """
        if not self._service.sends_codes:
            raise HTTPException(503)
        proof = await self._proof(request)
        order = await self._progress.subscribe(number, proof, who=None, at=self._clock())
        if body is not None and self._news is not None:
            with suppress(EngineUnavailableError):  # by SMS, then
                await self._news.follow(f"order:{order.number}", body.chat)
        return await self._shown(order)

    async def unsubscribe(self, number: Number, request: Request) -> OrderOut:
        """Have no more told than the rules demand."""
        proof = await self._proof(request)
        return await self._shown(await self._progress.end(number, proof, at=self._clock()))

    # --- inside ----------------------------------------------------------------------------------------------

    async def _shown(self, order: OwnOrder) -> OrderOut:
        return (await self._all((order,)))[0]

    async def _all(self, orders: Sequence[OwnOrder]) -> list[OrderOut]:
        kept = await self._progress.of_all(orders)
        return [self._names.order(order, kept.get(order.number)) for order in orders]

    async def _proof(self, request: Request) -> Proof:
        token = bearer(request)
        if not token:
            raise NoProofError
        proof = self._tokens.proof(token) if "." not in token else await self._identify(token)
        if proof is None:
            raise NoProofError
        return proof

    async def _slowly(self, request: Request) -> None:
        """Refuse an address that asks too often: numbers of orders and codes are not to be tried out."""
        address = request.client.host if request.client is not None else ""
        if not await self._buckets.take(f"citizen:{address}", burst=_BURST, per_second=_PER_SECOND):
            raise HTTPException(429)
