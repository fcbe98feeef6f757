"""Accounts and sessions: the system administrator keeps them, the security administrator gives roles (账号与会话)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.permissions import TABLE
from desk.seat import Seat
from hotline.domain.accounts import NotAllowedError, StaffRole
from hotline.domain.errors import DeedRefusedError

router = desk_router()

AccountId = Annotated[str, InPath(pattern=r"^[0-9a-f]{1,32}$")]
SessionId = Annotated[str, InPath(pattern=r"^[0-9a-f]{1,64}$")]
Reason = Annotated[str, Form(max_length=200)]
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,31}")
_A_PAGE: Final = 100


@router.get("/desk/admin/accounts")
async def accounts(
    request: Request,
    role: Annotated[str, Query(max_length=32)] = "",
    unit: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show accounts by their name for signing in; a search by name or number looks through all of them."""
    front = front_of(request)
    chosen = StaffRole(role) if role in set(StaffRole) else None
    store = front.parts.accounts.store
    found = list(
        await store.listed(role=chosen, unit=unit or None, after=after, limit=10_000 if q else _A_PAGE)
    )
    if q:
        wanted = q.strip().casefold()
        found = [one for one in found if wanted in f"{one.login} {one.name} {one.number or ''}".casefold()][
            :_A_PAGE
        ]
    values: dict[str, Any] = {
        "accounts": found,
        "role": role,
        "unit": unit,
        "q": q,
        "following": found[-1].login if len(found) == _A_PAGE and not q else "",
    }
    if request.headers.get("hx-target") == "rows":
        return front.fragment(request, "administration/_accounts.html", **values)
    return front.page(request, "administration/accounts.html", title="账号", **values, units=_units(front))


@router.post("/desk/admin/accounts")
async def add(
    request: Request,
    seat: Seat,
    login: Annotated[str, Form(max_length=64)] = "",
    name: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Make an account without roles; its one-time password is shown this once."""
    front = front_of(request)
    if not _LOGIN.fullmatch(login) or not name.strip():
        return front.fault(request, 422, "登录名用 2—32 位小写字母、数字、点或连字符；姓名必填。")
    account, password = await front.parts.accounts.add(login, name.strip(), by=seat.account)
    return await _one(request, account.id, password=password)


@router.get("/desk/admin/accounts/{account}")
async def account(request: Request, account: AccountId) -> Response:
    """Show one account with its sessions, and what may be done to it."""
    return await _one(request, account)


@router.post("/desk/admin/accounts/{account}/lock")
async def lock(request: Request, seat: Seat, account: AccountId, reason: Reason = "") -> Response:
    """Lock it; its open pages end at once."""
    front = front_of(request)
    await front.parts.accounts.lock(account, by=seat.account, reason=_reason(reason))
    return front.done(request, to=f"/desk/admin/accounts/{account}", toast="已锁定，登录着的全部退出")


@router.post("/desk/admin/accounts/{account}/unlock")
async def unlock(request: Request, seat: Seat, account: AccountId, reason: Reason = "") -> Response:
    """Open it again."""
    front = front_of(request)
    await front.parts.accounts.unlock(account, by=seat.account, reason=_reason(reason))
    return front.done(request, to=f"/desk/admin/accounts/{account}", toast="已解锁")


@router.post("/desk/admin/accounts/{account}/reset")
async def reset(request: Request, seat: Seat, account: AccountId, reason: Reason = "") -> Response:
    """Give it a new one-time password, shown this once."""
    front = front_of(request)
    password = await front.parts.accounts.reset_password(account, by=seat.account, reason=_reason(reason))
    return await _one(request, account, password=password)


@router.post("/desk/admin/accounts/{account}/totp")
async def forget_totp(request: Request, seat: Seat, account: AccountId, reason: Reason = "") -> Response:
    """Forget its authenticator; its owner signs in by the password and binds another."""
    front = front_of(request)
    await front.parts.accounts.forget_totp(account, by=seat.account, reason=_reason(reason))
    return front.done(request, to=f"/desk/admin/accounts/{account}", toast="动态口令已解除，登录着的全部退出")


@router.post("/desk/admin/accounts/{account}/roles")
async def roles(
    request: Request,
    seat: Seat,
    account: AccountId,
    role: Annotated[list[StaffRole] | None, Form()] = None,
    unit: Annotated[str, Form(max_length=64)] = "",
    county: Annotated[str, Form(max_length=6)] = "",
    number: Annotated[str, Form(max_length=16, pattern=r"^[0-9]*$")] = "",
    reason: Reason = "",
) -> Response:
    """Give it exactly these roles; its open pages are held to them at once."""
    front, city = front_of(request), front_of(request).parts.city
    if (unit and unit not in city.units) or (county and county not in city.counties):
        return front.fault(request, 422, "没有这个承办单位或者县区。")
    await front.parts.accounts.grant(
        account, frozenset(role or ()), unit=unit or None, county=county or None, number=number or None,
        by=seat.account, reason=_reason(reason),
    )  # fmt: skip
    return front.done(request, to=f"/desk/admin/accounts/{account}", toast="岗位已更改，立即生效")


@router.post("/desk/admin/accounts/{account}/sessions/{session}/end")
async def end_session(request: Request, seat: Seat, account: AccountId, session: SessionId) -> Response:
    """End one session of somebody's."""
    front = front_of(request)
    if seat.account.id == account:
        raise NotAllowedError("self")
    await front.parts.accounts.end_session(session, of=account, by=seat.account)
    return front.done(request, to=f"/desk/admin/accounts/{account}", toast="已结束")


@router.get("/desk/admin/sessions")
async def sessions(request: Request) -> Response:
    """Show who is signed in, from where, and since when."""
    front = front_of(request)
    store, now = front.parts.accounts.store, front.parts.clock()
    found = [one for one in await store.all_sessions() if not one.is_over(now, front.parts.accounts.rules)]
    owners = {one.account: await store.get(one.account) for one in found}
    return front.page(
        request, "administration/sessions.html", title="登录会话", sessions=found, owners=owners
    )


@router.get("/desk/admin/permissions")
async def permissions(request: Request) -> Response:
    """Show the table of permissions that is in force."""
    front = front_of(request)
    return front.page(request, "administration/permissions.html", title="权限表", table=TABLE)


async def _one(request: Request, id_: str, *, password: str = "") -> Response:
    front = front_of(request)
    store = front.parts.accounts.store
    found = await store.get(id_)
    return front.page(
        request, "administration/account.html", title=found.name, account=found, password=password,
        sessions=await store.sessions_of(id_), units=_units(front),
    )  # fmt: skip


def _units(front: Front) -> list[tuple[str, str]]:
    return [(unit.code, unit.name) for unit in front.parts.city.units.values()]


def _reason(text: str) -> str:
    if len(text.strip()) < 2:
        raise DeedRefusedError(missing="事由")
    return text.strip()
