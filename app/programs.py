"""What the interfaces for other programs have in common: their parts, who asks, and that a step is taken once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from app.faults import Faults, status_of
from hotline.dialogue.screening import Screening
from hotline.domain.appeal import Place
from hotline.domain.errors import HotlineError, StoreUnavailableError
from hotline.service.casework import Casework
from hotline.service.confidential import Confidential
from hotline.service.contests import Contests
from hotline.service.conversations import Registering
from hotline.store.access_keys import SqlAccessKeys
from hotline.store.kept_answers import SqlKeptAnswers
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.order_search import SqlOrderSearch

UNIT_HOLDER: Final = "unit:"
APP_HOLDER: Final = "app:"
"""Beginnings of the holders of keys: a handling unit's code, or an app's name, follows."""

log: Final = structlog.get_logger("programs")


@dataclass(frozen=True, slots=True)
class Programs:
    """What the interfaces for other programs need. ``place`` finds a place in words; ``words``: ``prompts/interface.yaml``.

    ``facts`` tell which orders count against a unit; ``screening`` looks through appeals for emergencies and secrets.
    A registration that takes longer than ``patience_seconds`` is answered with a token (Open311).
    """

    casework: Casework
    registration: Registering
    screening: Screening
    keys: SqlAccessKeys
    answers: SqlKeptAnswers
    search: SqlOrderSearch
    confidential: Confidential
    contests: Contests
    facts: SqlOrderFacts
    words: Mapping[str, Any]
    place: Callable[[str], Place | None]
    patience_seconds: float = 3.0


def bearer(request: Request) -> str:
    """Return the bearer token of a request, or nothing."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Once:
    """Takes a step once for each ``Idempotency-Key``: whoever asks again gets the first answer (幂等)."""

    def __init__(self, answers: SqlKeptAnswers, faults: Faults, clock: Callable[[], datetime]) -> None:
        """Take where answers are kept, how faults are worded, and the clock."""
        self._answers = answers
        self._faults = faults
        self._clock = clock

    async def answer(
        self, request: Request, holder: str, key: str | None, work: Callable[[], Awaitable[BaseModel]]
    ) -> Response:
        """Return the answer to ``work``, or the first answer to the same key."""
        if key is None:
            return await self._answered(work)
        asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
        digest = hashlib.sha256(asked).hexdigest()
        first = await self._answers.begin(holder, key, digest, at=self._clock())
        if first is None:
            return await self._first(holder, key, work)
        if first.asked != digest:
            return self._fault(422, "idempotency.other_request")
        if first.status is None:
            return self._fault(409, "idempotency.under_way", retryable=True)
        return Response(
            first.body, first.status, {"Idempotent-Replayed": "true"}, media_type="application/json"
        )

    async def _first(self, holder: str, key: str, work: Callable[[], Awaitable[BaseModel]]) -> Response:
        try:
            response = await self._answered(work)
        except Exception:
            await self._answers.forget(holder, key)
            raise
        try:
            if response.status_code >= 500:
                await self._answers.forget(holder, key)
            else:
                await self._answers.keep(holder, key, response.status_code, bytes(response.body))
        except StoreUnavailableError as error:
            # The step is taken and said so; a repetition within the minute is told to wait, then meets the new state.
            log.warning("answer.not_kept", reason=error.reason)
        return response

    async def _answered(self, work: Callable[[], Awaitable[BaseModel]]) -> Response:
        try:
            found = await work()
        except HotlineError as error:
            return JSONResponse(self._faults.body(error), status_of(error))
        return Response(found.model_dump_json(), media_type="application/json")

    def _fault(self, status: int, code: str, *, retryable: bool = False) -> Response:
        body = {"code": code, "text": self._faults.text(code), "retryable": retryable}
        return JSONResponse(body, status)
