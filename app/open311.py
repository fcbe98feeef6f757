"""Open311 GeoReport v2 (https://wiki.open311.org/GeoReport_v2; docs/open311.md): services, requests and tokens for the public."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from app.open311_appeal import BadFormError, appeal_of, checked_form
from app.open311_format import answer, format_of, single
from app.open311_views import public_order, service
from app.programs import APP_HOLDER, Programs
from app.rate_limit import RateLimit
from app.web_parts import ORDER_NUMBER, WebParts
from hotline.dialogue.screening import Finding
from hotline.domain.appeal import Appeal, AppealKind, Urgency
from hotline.domain.category import SECOND
from hotline.domain.disclosure import PUBLIC_KINDS, is_public
from hotline.domain.diversion import ContactOutcome
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.work_order import WorkOrder

log: Final = structlog.get_logger("open311")

PREFIX: Final = "/open311/"
SPAN: Final = timedelta(days=90)
MOST_REQUESTS: Final = 1_000
_MOST_IDS: Final = 100
_READS_A_MINUTE: Final = 300
_POSTS_A_MINUTE: Final = 60
_CONVERSATION: Final = "open311-"
_NUMBER: Final = re.compile(ORDER_NUMBER)
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_DATE: Final = TypeAdapter(AwareDatetime)
_STATES: Final = {"open": frozenset(Status) - CLOSED, "closed": CLOSED}
_REASONS: Final = {
    404: "not_found",
    408: "bad",
    413: "too_big",
    415: "not_a_form",
    429: "too_fast",
    503: "unavailable",
}
_STATUSES: Final = {404: 404, 413: 413, 429: 429}
"""HTTP statuses of refusals; everything else is 400, as the specification wants (503 too: its body says 503)."""

Form = Annotated[Literal["json", "xml"], Path(description="Format of the answer")]
Code = Annotated[str, Path(max_length=16)]
Words = Annotated[str, Query(max_length=2_000)]
_BOTH: Final[dict[str, Any]] = {
    "application/json": {"schema": {}},
    "text/xml": {"schema": {"type": "string"}},
}
_FIELDS: Final = (
    "api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "email",
    "device_id", "account_id", "first_name", "last_name", "phone", "description", "media_url",
)  # fmt: skip
_POST_BODY: Final = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["api_key", "service_code"],
                "properties": {name: {"type": "string"} for name in _FIELDS},
            }
        }
    },
}


class Open311:
    """The routes below ``/open311``. Only orders that may be disclosed exist here, and nothing personal of them."""

    def __init__(self, parts: WebParts, programs: Programs) -> None:
        """Take the parts."""
        self._parts = parts
        self._programs = programs
        self._words: Mapping[str, Any] = programs.words["open311"]
        self._services = {
            code: category for code, category in parts.city.categories.items() if category.level >= SECOND
        }
        self._reads = RateLimit(_READS_A_MINUTE, parts.clock)
        self._posts = RateLimit(_POSTS_A_MINUTE, parts.clock)
        self._under_way: set[asyncio.Task[WorkOrder]] = set()

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        faults: dict[int | str, dict[str, Any]] = {
            status: {"description": text, "content": _BOTH}
            for status, text in (
                (400, "Invalid, or the service is away (then the body says 503)."),
                (403, "The api_key is missing or invalid."),
                (404, "Not found, or not public."),
                (413, "The body is too large."),
                (429, "Too many requests."),
            )
        }
        answers: dict[int | str, dict[str, Any]] = {200: {"description": "Found", "content": _BOTH}, **faults}
        router = APIRouter(
            prefix="/open311", tags=["open311"], default_response_class=Response, responses=answers,
            dependencies=[Depends(self._for_us)],
        )  # fmt: skip
        router.get("/discovery.{form}")(self.discovery)
        router.get("/v2/services.{form}")(self.services)
        router.get("/v2/services/{code}.{form}")(self.definition)
        router.get("/v2/requests.{form}")(self.requests)
        router.post("/v2/requests.{form}", openapi_extra={"requestBody": _POST_BODY})(self.post)
        router.get("/v2/requests/{id}.{form}")(self.request)
        router.get("/v2/tokens/{token}.{form}")(self.token)
        app.include_router(router)

    # --- routes ----------------------------------------------------------------------------------------------

    async def discovery(self, request: Request, form: Form) -> Response:
        """Which version of which interface is where (Service Discovery)."""
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{request.base_url}open311/v2",
            "changeset": "2026-11-23T00:00:00+08:00",
            "type": "production",
            "formats": ["text/xml", "application/json"],
        }
        found = {
            "changeset": endpoint["changeset"],
            "contact": self._words["contact"],
            "key_service": self._words["contact"],
            "endpoints": [endpoint],
        }
        return single(form, "discovery", found)

    async def services(self, form: Form) -> Response:
        """The categories that appeals are made in, of the second level (GET Service List); finer ones are taken as well."""
        found = [service(category, self._words) for category in self._parts.city.categories_at(SECOND)]
        return answer(form, "services", "service", found)

    async def definition(self, form: Form, code: Code) -> Response:
        """The attributes of a service: none has any (GET Service Definition)."""
        if code not in self._services:
            return self._fault(form, 404, "service_code_unknown")
        return single(form, "service_definition", {"service_code": code, "attributes": []})

    async def requests(  # noqa: PLR0917 -- FastAPI passes them by name
        self,
        form: Form,
        service_request_id: Words = "",
        service_code: Words = "",
        start_date: Words = "",
        end_date: Words = "",
        status: Words = "",
    ) -> Response:
        """Orders that may be disclosed, the newest first: 90 days or 1,000 at most (GET Service Requests)."""
        if service_request_id:
            numbers = frozenset(each for each in _listed(service_request_id) if _NUMBER.fullmatch(each))
            if len(numbers) > _MOST_IDS:
                return self._fault(form, 400, "too_many")
            found = await self._programs.search.find(numbers=numbers, limit=_MOST_IDS) if numbers else ()
            return self._shown(form, found)
        span = self._span(start_date, end_date)
        if span is None:
            return self._fault(form, 400, "dates")
        states = _listed(status)
        if not states <= _STATES.keys():
            return self._fault(form, 400, "status")
        codes = _listed(service_code)
        if not codes <= self._services.keys():
            return self._fault(form, 404, "service_code_unknown")
        found = await self._programs.search.find(
            statuses=frozenset().union(*(_STATES[state] for state in states)),
            categories=codes,
            kinds=PUBLIC_KINDS,
            registered=span,
            limit=MOST_REQUESTS,
            newest_first=True,
        )
        return self._shown(form, found)

    async def request(self, form: Form, id: Annotated[str, Path(max_length=20)]) -> Response:  # noqa: A002
        """One order that may be disclosed (GET Service Request)."""
        found = await self._programs.search.find(numbers=[id]) if _NUMBER.fullmatch(id) else ()
        public = [order for order in found if is_public(order)]
        return self._shown(form, public) if public else self._fault(form, 404, "request_unknown")

    async def post(self, request: Request, form: Form) -> Response:
        """Register an appeal (POST Service Request). The number is told only once the order is committed."""
        try:
            given = checked_form(parse_qsl((await request.body()).decode(), max_num_fields=100))
        except ValueError:  # UnicodeDecodeError is one
            return self._fault(form, 400, "not_text")
        except BadFormError as error:
            return self._fault(form, 400, error.reason)
        jurisdiction = given.get("jurisdiction_id", "")
        if jurisdiction and jurisdiction != self._parts.city.code:
            return self._fault(form, 404, "jurisdiction_unknown")
        holder = await self._programs.keys.holder(given.get("api_key", ""), at=self._parts.clock())
        if holder is None or not holder.startswith(APP_HOLDER):
            return self._fault(form, 403, "api_key")
        if not self._posts.allows(holder):
            return self._fault(form, 429, "too_fast")
        code = given.get("service_code", "")
        category = self._services.get(code)
        if category is None:
            return (
                self._fault(form, 404, "service_code_unknown")
                if code
                else self._fault(form, 400, "service_code_missing")
            )
        try:
            appeal = appeal_of(given, category, self._programs.place)
        except BadFormError as error:
            return self._fault(form, 400, error.reason)
        token = secrets.token_hex(16)
        finding = self._programs.screening.of(f"{given.get('address_string', '')}\n{appeal.text}")
        registering = asyncio.create_task(self._registered(appeal, finding, _CONVERSATION + token))
        self._under_way.add(registering)
        registering.add_done_callback(self._ended)
        done, _ = await asyncio.wait({registering}, timeout=self._programs.patience_seconds)
        told = {"service_request_id": registering.result().number} if done else {"token": token}
        notice = {"service_notice": self._notice(finding, is_registered=bool(done)), "account_id": None}
        return answer(form, "service_requests", "request", [{**told, **notice}])

    async def token(self, form: Form, token: Annotated[str, Path(max_length=64)]) -> Response:
        """The order that came of a token (GET service_request_id from a token)."""
        is_token = _TOKEN.fullmatch(token) is not None
        number = await self._programs.search.of_conversation(_CONVERSATION + token) if is_token else None
        if number is None:
            return self._fault(form, 404, "token_unknown")
        return answer(form, "service_requests", "request", [{"service_request_id": number, "token": token}])

    # --- faults ----------------------------------------------------------------------------------------------

    def fault_of(self, request: Request, status: int, reason: str = "") -> Response:
        """Return what is answered where no route answers by itself; ``reason`` is a key of the words, if one fits."""
        known = reason if reason in self._words["faults"] else _REASONS.get(status, "bad")
        return self._fault(format_of(request.url.path), _STATUSES.get(status, 400), known, code=status)

    def _fault(self, form: str, status: int, reason: str, *, code: int | None = None) -> Response:
        fault = {"code": code or status, "description": self._words["faults"][reason]}
        response = answer(form, "errors", "error", [fault], status=status)
        if status == 429:
            response.headers["Retry-After"] = "60"
        return response

    # --- inside ----------------------------------------------------------------------------------------------

    async def _registered(self, appeal: Appeal, finding: Finding, conversation: str) -> WorkOrder:
        """Return the order; of what may be a state secret only the record that somebody came, with their number (rule 41)."""
        registration, at = self._programs.registration, self._parts.clock()
        if finding.is_secret:
            index = Appeal(AppealKind.INVALID, None, "", phone=appeal.phone, channel=appeal.channel)
            return await registration.record_contact(
                conversation=conversation, appeal=index, outcome=ContactOutcome.SECRET, article=None, at=at
            )
        if finding.emergency is not None:
            appeal = replace(appeal, emergency=finding.emergency, urgency=Urgency.LIFE_SAFETY)
        return await registration.register(
            appeal, conversation=conversation, article=None, diversion=None, linked_to=None, at=at
        )

    def _notice(self, finding: Finding, *, is_registered: bool) -> str:
        """Return what the citizen is told; that it is registered only once it is (``is_registered``)."""
        if finding.is_secret:
            return str(self._words["notice_secret"])
        notice = str(self._words["notice" if is_registered else "notice_waiting"])
        if finding.emergency is None:
            return notice
        return str(self._words["notice_emergency"]).format(service=finding.emergency.value) + notice

    async def _for_us(self, request: Request, jurisdiction_id: Words = "") -> None:
        """Refuse other cities' requests, and those of somebody who asks too often."""
        address = request.client.host if request.client is not None else ""
        if not self._reads.allows(address):
            raise HTTPException(status_code=429)
        if jurisdiction_id and jurisdiction_id != self._parts.city.code:
            raise HTTPException(status_code=404, detail="jurisdiction_unknown")

    def _shown(self, form: str, orders: Sequence[WorkOrder]) -> Response:
        found = [public_order(order, self._parts.city, self._words) for order in orders if is_public(order)]
        return answer(form, "service_requests", "request", found)

    def _span(self, start: str, end: str) -> tuple[datetime, datetime] | None:
        """Return from when to when orders were registered, or None when that is no span of at most 90 days."""
        try:
            first = _DATE.validate_python(start) if start else None
            last = _DATE.validate_python(end) if end else None
            now = self._parts.clock()
            last = last or (min(first + SPAN, now) if first is not None else now)
            last += timedelta(seconds=1)  # the latest second is within the search
            first = first or last - SPAN
            is_span = timedelta(0) <= last - first <= SPAN + timedelta(seconds=1)
        except (ValidationError, OverflowError):
            return None
        return (first, last) if is_span else None

    def _ended(self, registering: asyncio.Task[WorkOrder]) -> None:
        self._under_way.discard(registering)
        if not registering.cancelled() and isinstance(registering.exception(), StoreUnavailableError):
            log.error("open311.not_registered")


def _listed(value: str) -> frozenset[str]:
    """Return the parts of a list with commas."""
    return frozenset(part.strip() for part in value.split(",") if part.strip())
