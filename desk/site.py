"""Puts the consoles into the web application: the front, the live streams, and the pages of each area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from desk.forms import WrongFieldsError
from desk.front import WORDS, Front
from desk.guard import FormRefusedError, front_of
from desk.live import Live
from desk.pages import entrance, finding, hearing, orders
from desk.pages.administration import accounts, audit, calendar, exports, machine
from desk.pages.agent import callbacks, chats, routes, takeovers, wrap_up
from desk.pages.knowledge import article, golden, lists, tasks, transfer, writing
from desk.pages.review import order as review_order
from desk.pages.review import secrecy, waiting
from desk.pages.rules import catalogue, drafts, rows, versions
from desk.pages.rules import words as word_lists
from desk.pages.supervision import board, brief, contests, rates, trends
from desk.pages.supervision import order as supervision_order
from desk.pages.unit import article as unit_article
from desk.pages.unit import assessment, batch, contest, inbox, reply, sheet
from desk.pages.unit import order as unit_order
from desk.pages.unit import tasks as unit_tasks
from desk.parts import DeskParts
from desk.seats import Seats
from hotline.domain.errors import HotlineError

PREFIX: Final = "/desk"
AREAS: Final[Sequence[APIRouter]] = (
    entrance.router,
    finding.router,
    orders.router,
    accounts.router,
    machine.router,
    calendar.router,
    audit.router,
    exports.router,
    routes.router,
    takeovers.router,
    chats.router,
    wrap_up.router,
    callbacks.router,
    hearing.router,
    waiting.router,
    secrecy.router,
    review_order.router,
    board.router,
    trends.router,
    rates.router,
    brief.router,
    contests.router,
    supervision_order.router,
    assessment.router,
    contest.router,
    inbox.router,
    batch.router,
    sheet.router,
    reply.router,
    unit_article.router,
    unit_tasks.router,
    unit_order.router,
    golden.router,
    tasks.router,
    transfer.router,
    lists.router,
    writing.router,
    article.router,
    catalogue.router,
    drafts.router,
    rows.router,
    versions.router,
    word_lists.router,
)
"""The routers of all areas. A new area is a module below ``desk/pages``, a line here, one in ``desk/permissions``, one in
``desk/navigation``."""
_OWN_ERRORS: Final = frozenset(WORDS["refused"])
_FORBIDDEN: Final = 403
_STATUS: Final = {
    "account.sign_on_failed": 403,
    "account.not_found": 404,
    "account.not_allowed": 403,
    "account.sign_in_refused": 403,
    "rules.not_found": 404,
    "rules.stale": 409,
    "rules.damaged": 409,
}


def is_consoles(request: Request) -> bool:
    """Tell whether a page of the consoles is asked for, where there are any."""
    path = request.url.path
    return hasattr(request.app.state, "front") and (path == PREFIX or path.startswith(f"{PREFIX}/"))


def add_consoles(app: FastAPI, parts: DeskParts) -> None:
    """Add all pages."""
    app.state.front = Front(parts)
    app.state.live = Live(parts.accounts)
    if parts.desk is not None:
        app.state.seats = Seats(parts.desk, parts.signals)

    @app.exception_handler(FormRefusedError)
    async def refused(request: Request, error: FormRefusedError) -> Response:
        front = front_of(request)
        return front.fault(request, error.status, front.refusal(error.code))

    for area in AREAS:
        app.router.routes.extend(area.routes)  # made once, not anew for each application


def said(request: Request, error: HotlineError) -> Response:
    """Return the answer to an error known by name."""
    front = front_of(request)
    if isinstance(error, WrongFieldsError):
        return front.misfilled(request, error.wrong)
    if error.code in _OWN_ERRORS:
        text = front.refusal(error.code, getattr(error, "reason", ""))
        if detail := getattr(error, "detail", ""):
            text = f"{text.rstrip('。')}：{detail}"
        return front.fault(request, _STATUS.get(error.code, 422), text)
    status, text = front.parts.worded(error)
    return front.fault(request, status, text)


def turned_away(request: Request, status: int) -> Response:
    """Return the answer to somebody who may not, or who asks for what is not there."""
    front, faults = front_of(request), front_of(request).parts.words["faults"]
    text = front.refusal("not_allowed") if status == _FORBIDDEN else faults["not_found"]
    return front.fault(request, status, text)


def misfilled(request: Request, errors: Sequence[Mapping[str, Any]]) -> Response:
    """Return the answer to a form or an address that cannot be read: which fields are wrong."""
    if all(error["loc"][0] == "path" for error in errors):
        return turned_away(request, 404)
    front = front_of(request)
    names: Mapping[str, str] = WORDS["fields"]
    fields = dict.fromkeys(str(error["loc"][-1]) for error in errors)
    text = front.refusal("form.invalid").format(fields="、".join(names.get(name, name) for name in fields))
    return front.fault(request, 422, text)
