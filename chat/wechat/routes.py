"""Where WeChat calls us (服务器地址): checked at the door, kept as a letter, answered in time or afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.background import BackgroundTask

from chat.wechat.door import Door, Opened
from chat.wechat.letters import LetterMaker
from chat.wechat.messages import MOST_BYTES, Incoming, incoming
from chat.wechat.nonces import Nonces
from chat.wechat.refusals import STATUS, Refusal, WeChatRefusedError
from chat.wechat.replies import text_reply
from hotline.domain.letters import Letter

log: Final = structlog.get_logger("wechat")

_BODY_SECONDS: Final = 4.0
_TAKEN: Final = "success"


class TakingLetters(Protocol):
    """Takes letters (``hotline.service.correspondence``)."""

    async def take(self, letter: Letter, *, wait_seconds: float = 0.0) -> tuple[str, ...] | None:
        """Keep a letter and return its answer if it comes in time."""

    def passed(self, letter: Letter) -> None:
        """Say that the answer was handed over."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account that WeChat calls us for: at ``path``, with its door and its letters.

    ``replies``: answers may go with the call itself (official accounts; not mini-programmes). ``waits_out``: the account
    cannot write by itself, so that a call waits for the answer as long as WeChat goes on trying.
    """

    path: str
    door: Door
    letters: LetterMaker
    replies: bool = True
    waits_out: bool = False


@dataclass(slots=True)
class WeChat:
    """The routes of all accounts."""

    accounts: tuple[Account, ...]
    nonces: Nonces
    correspondence: TakingLetters
    clock: Callable[[], datetime]
    wait_seconds: float = 4.0
    refused: Callable[[str], None] = lambda _: None
    """Is told why a call was refused."""

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(include_in_schema=False)
        for account in self.accounts:
            routes.add_api_route(account.path, self._greeting(account), methods=["GET"])
            routes.add_api_route(account.path, self._taking(account), methods=["POST"])
        return routes

    def _greeting(self, account: Account) -> Callable[..., object]:
        async def greet(request: Request) -> Response:
            try:
                echo = account.door.greet(request.query_params, now=self.clock().timestamp())
            except WeChatRefusedError as error:
                return self._refusal(error)
            return PlainTextResponse(echo)

        return greet

    def _taking(self, account: Account) -> Callable[..., object]:
        async def take(request: Request) -> Response:
            try:
                opened, message = await self._opened(account, request)
            except WeChatRefusedError as error:
                return self._refusal(error)
            response, letter = await self._taken(account, opened, message)
            if letter is not None and not await request.is_disconnected():
                response.background = BackgroundTask(self.correspondence.passed, letter)
            return response

        return take

    async def _opened(self, account: Account, request: Request) -> tuple[Opened, Incoming]:
        """Return what came, or refuse it."""
        body = await _body(request)
        opened = account.door.open(request.query_params, body, now=self.clock().timestamp())
        message = incoming(opened.fields)
        if not await self.nonces.may_use(opened.signature, message.key.encode()):
            raise WeChatRefusedError(Refusal.REPLAYED)
        return opened, message

    async def _taken(
        self, account: Account, opened: Opened, message: Incoming
    ) -> tuple[Response, Letter | None]:
        """Return the response, and the letter whose answer is in it."""
        letter = account.letters.letter(message)
        if letter is None:
            return PlainTextResponse(_TAKEN), None
        wait = self._wait(account)
        try:
            texts = await self.correspondence.take(letter, wait_seconds=wait)
        except OSError as error:  # neither database nor disk: WeChat will come again
            log.error("wechat.not_kept", error=type(error).__name__)
            return PlainTextResponse("", status_code=503), None
        if not texts:
            return PlainTextResponse(_TAKEN), None
        at = int(self.clock().timestamp())
        reply = text_reply(to=message.sender, account=message.account, at=at, text="\n".join(texts))
        content = account.door.reply(reply, is_encrypted=opened.is_encrypted, at=at)
        return Response(content, media_type="application/xml"), letter

    def _wait(self, account: Account) -> float:
        if not account.replies:
            return 0.0
        return 3 * self.wait_seconds if account.waits_out else self.wait_seconds

    def _refusal(self, error: WeChatRefusedError) -> Response:
        log.warning("wechat.refused", reason=error.reason.value)
        self.refused(error.reason.value)
        return PlainTextResponse("", status_code=STATUS[error.reason])


async def _body(request: Request) -> bytes:
    """Read a body that is small and comes at once; refuse any other."""
    body = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    raise WeChatRefusedError(Refusal.TOO_LARGE)
    except TimeoutError as error:
        raise WeChatRefusedError(Refusal.SLOW) from error
    return body
