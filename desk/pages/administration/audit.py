"""The audit: searched, checked against its chain, taken out as a file (审计)."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BeforeValidator

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.administration.machine import log_of, machine_of
from desk.seat import Seat
from desk.sheets import cell
from hotline.store.accounts import Audited
from hotline.store.audit_log import AuditFilter

router = desk_router()

_A_PAGE: Final = 100
_AT_ONCE: Final = 1_000
"""Rows of a file that are read together: it may have millions."""
_Text = Annotated[str, Query(max_length=64)]
_Day = Annotated[date | None, BeforeValidator(lambda given: given or None)]
"""A day that may be left empty: forms send empty fields too."""


@router.get("/desk/admin/audit")
async def audit(
    request: Request,
    actor: _Text = "",
    action: _Text = "",
    subject: _Text = "",
    since: _Day = None,
    until: _Day = None,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show the audit, the newest first."""
    front = front_of(request)
    wanted = _filter(front, actor, action, subject, since, until)
    rows = await log_of(front).page(wanted, before=before, limit=_A_PAGE)
    named = {row.action: in_words(front, row.action) for row in rows}
    values: dict[str, Any] = {
        "rows": rows,
        "named": named,
        "wanted": {"actor": actor, "action": action, "subject": subject, "since": since, "until": until},
        "following": rows[-1].sequence if len(rows) == _A_PAGE else None,
    }
    if request.headers.get("hx-target") == "rows":
        return front.fragment(request, "administration/_audit.html", **values)
    return front.page(request, "administration/audit.html", title="审计", **values, actions=_known(front))


@router.post("/desk/admin/audit/check")
async def check(request: Request, seat: Seat) -> Response:
    """Check the whole chain; that it was checked, and what was found, is written down."""
    front = front_of(request)
    state = await machine_of(front).check_audit()
    facts = {"rows": state.rows, "broken_at": state.row, "reason": state.reason or ""}
    await log_of(front).note(
        "audit", Audited(f"staff:{seat.account.login}", "audit.checked", front.parts.clock(), facts)
    )
    return front.fragment(request, "administration/_chain.html", state=state)


@router.get("/desk/admin/audit/rows.csv")
async def rows(
    request: Request,
    seat: Seat,
    actor: _Text = "",
    action: _Text = "",
    subject: _Text = "",
    since: _Day = None,
    until: _Day = None,
) -> Response:
    """Return the lines that were searched for as a file; that it was taken is written down."""
    front = front_of(request)
    wanted = _filter(front, actor, action, subject, since, until)
    facts = {
        "actor": actor, "action": action, "subject": subject, "since": str(since or ""), "until": str(until or "")
    }  # fmt: skip
    audited = Audited(f"staff:{seat.account.login}", "audit.exported", front.parts.clock(), facts)
    await log_of(front).note("audit", audited)

    async def lines() -> AsyncIterator[str]:
        yield "\ufeff" + _line(("序号", "时间", "谁", "动作", "对象", "内容", "摘要"))
        before = None
        while True:
            found = await log_of(front).page(wanted, before=before, limit=_AT_ONCE)
            for row in found:
                at = row.at.astimezone(front.parts.city.timezone).isoformat(timespec="seconds")
                yield _line(
                    (str(row.sequence), at, row.actor, row.action, row.subject, row.detail, row.digest)
                )
            if len(found) < _AT_ONCE:
                return
            before = found[-1].sequence

    name = f"audit-{front.parts.clock():%Y%m%d-%H%M%S}.csv"
    return StreamingResponse(
        lines(), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def in_words(front: Front, action: str) -> str:
    """Return an action of the audit for people: by its own name, else by what it is done to and the step."""
    words, (family, _, step) = front.words["audit"], action.partition(".")
    if action in words["actions"]:
        return str(words["actions"][action])
    steps: Mapping[str, Mapping[str, str]] = {
        "work_order": front.parts.words["steps"],
        "rules": front.words["rules"]["steps"],
        "article": front.words["article_steps"],
        "knowledge_task": front.words["task_steps"],
    }
    about, what = words["families"].get(family, ""), steps.get(family, {}).get(step, "")
    return f"{about}：{what}" if about and what else about


def _known(front: Front) -> list[tuple[str, str]]:
    """Return what the search for an action offers: the beginning of a code, and what it stands for."""
    words = front.words["audit"]
    families = [(f"{family}.", f"{about}（全部）") for family, about in words["families"].items()]
    steps = [(f"work_order.{step}", f"工单：{name}") for step, name in front.parts.words["steps"].items()]
    return [*families, *words["actions"].items(), *steps]


def _filter(
    front: Front, actor: str, action: str, subject: str, since: date | None, until: date | None
) -> AuditFilter:
    zone = front.parts.city.timezone

    def start(day: date | None) -> datetime | None:
        return datetime.combine(day, time(), zone) if day is not None else None

    end = start(until + timedelta(days=1)) if until is not None else None
    return AuditFilter(actor.strip(), action.strip(), subject.strip(), start(since), end)


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([cell(one) for one in cells])
    return out.getvalue()
