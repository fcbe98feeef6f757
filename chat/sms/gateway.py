"""SMS by an HTTP gateway (短信网关): letters come in by a signed webhook, answers go out as one (docs/sms-gateway.md)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import httpx
import structlog
from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from chat.cutting import cut
from chat.wechat.routes import TakingLetters
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.letters import Letter, Written
from hotline.domain.outbox import StoredMessage
from hotline.service.citizen_notices import Notice
from hotline.service.delivery import Failed, Outcome, verdict
from hotline.service.webhooks import WebhookRefusedError, signed, verify

log: Final = structlog.get_logger("sms")

INBOUND: Final = "/api/sms/inbound"
_NUMBER: Final = re.compile(r"(?:\+?86|0086)?(1\d{10}|0\d{9,11}|\d{3,12})", re.ASCII)


class Inbound(BaseModel):
    """One SMS of a citizen. ``id`` is the gateway's, the same at every try."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    id: Annotated[str, Field(min_length=1, max_length=128)]
    sender: Annotated[str, Field(alias="from", min_length=3, max_length=20)]
    text: Annotated[str, Field(max_length=4_000)]
    at: AwareDatetime


class Taken(BaseModel):
    """The SMS is kept; it need not come again."""

    taken: bool = True


@dataclass(frozen=True, slots=True)
class SmsDoor:
    """Takes inbound SMS. ``fingerprint`` hides numbers, ``readable`` cleans texts."""

    secret: str
    correspondence: TakingLetters
    clock: Callable[[], datetime]
    fingerprint: Callable[[str], str]
    readable: Callable[[str], str]

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["sms"])
        routes.post(INBOUND, response_model=Taken, openapi_extra=_BODY)(self.take)
        return routes

    async def take(self, request: Request) -> Taken:
        """Take one SMS, signed as Standard Webhooks has it; the answer goes out by the gateway."""
        body = await request.body()
        try:
            verify([self.secret], request.headers, body, now=self.clock())
        except WebhookRefusedError as error:
            log.warning("sms.refused", reason="signature")
            raise HTTPException(status_code=401) from error
        try:
            given = Inbound.model_validate_json(body)
        except ValidationError as error:
            log.warning("sms.refused", reason="malformed")
            raise HTTPException(status_code=422) from error
        number = digits_of(given.sender)
        if number is None:
            log.warning("sms.refused", reason="number")
            raise HTTPException(status_code=422)
        letter = self._letter(given, number)
        if letter is not None:
            try:
                await self.correspondence.take(letter)
            except OSError as error:
                raise StoreUnavailableError("neither database nor disk") from error
        return Taken()

    def _letter(self, given: Inbound, number: str) -> Letter | None:
        text = self.readable(given.text)
        if not text:
            return None
        return Letter(
            key="sms:" + hashlib.sha256(given.id.encode()).hexdigest()[:48],
            correspondent=f"sms:{self.fingerprint(f'sms:{number}')[:40]}",
            channel=ContactChannel.SMS,
            at=given.at,
            content=Written(text),
            address={"phone": number},
        )


_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Inbound.model_json_schema()}},
    }
}


class SmsSender:
    """Sends SMS by the gateway: one signed POST each, with the same ``webhook-id`` at every try."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        secret: str,
        *,
        clock: Callable[[], datetime],
        timeout_seconds: float,
        most_characters: int,
        more: str,
    ) -> None:
        """Take the client, the gateway's address and secret, how long a text may be, and what a notice that is longer ends with."""
        self._client = client
        self._url = url
        self._secret = secret
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._most_characters = most_characters
        self._more = more

    async def send(self, message: StoredMessage, at: datetime) -> Outcome:
        """Send an answer to a letter."""
        del at
        body = message.message.body
        return await self._post(message.message.key, str(body["address"]["phone"]), str(body["text"]))

    async def tell_phone(self, phone: PhoneNumber, notice: Notice) -> Outcome:
        """Send a notice of progress."""
        number = digits_of(phone.digits)
        if number is None:
            return Failed("not a number that takes SMS", is_final=True)
        text = shortened(notice.text, self._most_characters, self._more)
        return await self._post(notice.key, number, text)

    async def _post(self, identity: str, number: str, text: str) -> Outcome:
        body = json.dumps({"id": identity, "to": number, "text": text}, ensure_ascii=False).encode()
        headers = signed(self._secret, identity=identity, at=self._clock(), body=body)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._client.post(
                    self._url, content=body, headers={**headers, "content-type": "application/json"}
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Failed(type(error).__name__)
        outcome = verdict(response.status_code)
        # Each number is a destination of its own: the gateway's being away is no fault of theirs.
        return (
            Failed(outcome.error, outcome.is_final, after=outcome.after)
            if isinstance(outcome, Failed)
            else outcome
        )


def digits_of(number: str) -> str | None:
    """Return a number without the country's code and separators; None when it is none."""
    found = _NUMBER.fullmatch(re.sub(r"[\s()-]", "", number))
    return found[1] if found else None


def shortened(text: str, most: int, more: str) -> str:
    """Return ``text`` in at most ``most`` characters; what is left out is made up for by ``more``, which says where it is."""
    return text if len(text) <= most else text[: most - len(more)] + more


def pieces(most: int) -> Callable[[str], Sequence[str]]:
    """Return what cuts an answer for SMS, into texts of at most ``most`` characters."""
    return lambda text: cut(text, lambda rest: rest[:most])
