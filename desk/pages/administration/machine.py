"""The machine: settings, models, channels and trunks, calendar, retention (系统)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.administration import Machine, SettingRow
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.seat import Seat
from hotline.domain.errors import DeedRefusedError
from hotline.store.accounts import Audited
from hotline.store.audit_log import SqlAuditLog

router = desk_router()


def machine_of(front: Front) -> Machine:
    """Return the machine behind the pages."""
    if front.parts.machine is None:
        raise HTTPException(404)
    return front.parts.machine


def log_of(front: Front) -> SqlAuditLog:
    """Return the audit."""
    if front.parts.audit is None:
        raise HTTPException(404)
    return front.parts.audit


@router.get("/desk/admin/settings")
async def settings(request: Request) -> Response:
    """Show what is set, where it comes from, and what has yet to be confirmed."""
    front = front_of(request)
    machine = machine_of(front)
    groups: dict[str, list[SettingRow]] = {}
    for row in machine.settings():
        groups.setdefault(row.group, []).append(row)
    return front.page(
        request, "administration/settings.html", title="设置", groups=groups, limits=machine.limits()
    )


@router.get("/desk/admin/models")
async def models(request: Request) -> Response:
    """Show the models with their identity."""
    front = front_of(request)
    return front.page(
        request, "administration/models.html", title="模型与版本", rows=await machine_of(front).models()
    )


@router.post("/desk/admin/models/{model}/verify")
async def verify(request: Request, model: Annotated[str, InPath(pattern=r"^[a-z0-9-]{1,64}$")]) -> Response:
    """Hash every file of a model."""
    front = front_of(request)
    wrong = await machine_of(front).verify(model)
    return front.fragment(request, "administration/_verified.html", model=model, wrong=wrong)


@router.get("/desk/admin/channels")
async def channels(request: Request) -> Response:
    """Show the ways in and out."""
    front = front_of(request)
    return front.page(
        request, "administration/channels.html", title="渠道与中继", rows=await machine_of(front).channels()
    )


@router.get("/desk/admin/retention")
async def retention(request: Request) -> Response:
    """Show what is kept how long, what is past its time, and the certificates of what was destroyed."""
    front = front_of(request)
    return front.page(
        request, "administration/retention.html", title="保存期限", view=await machine_of(front).retention()
    )


@router.post("/desk/admin/retention")
async def destroy(
    request: Request, seat: Seat, reason: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Destroy what is past its time now, instead of tonight."""
    front = front_of(request)
    if len(reason.strip()) < 2:
        raise DeedRefusedError(missing="事由")
    who = f"staff:{seat.account.login}"
    audited = Audited(who, "retention.by_hand", front.parts.clock(), {"reason": reason.strip()})
    await log_of(front).note("retention", audited)
    done = await machine_of(front).destroy(by=who)
    return front.done(request, to="/desk/admin/retention", toast=f"已处理 {done} 项，凭证见下")
