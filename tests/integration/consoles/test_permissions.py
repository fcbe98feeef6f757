"""Every route of the application, asked as every role: the table decides, and what it does not list is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from app.permission_table import table_in_words
from desk.guard import DeskRoute
from desk.permissions import TABLE, UnlistedRouteError
from hotline.domain.accounts import StaffRole
from tests.builders import LANSHAN, an_appeal
from tests.consoles_site import ConsolesSite
from tests.work_orders import an_order, keep

ROOT = Path(__file__).resolve().parents[3]
FILLED = {
    "number": "26112300001", "conversation": "c1", "version": "v", "name:path": "desk.css", "session": "a", "item": "a", "account": "a", "wanted": "hold", "task": "t", "step": "take", "name": "place", "model": "htmx", "provider": "city", "draft": "c9", "row": "heat", "unmask": "a",
}  # fmt: skip
STREAMS = frozenset(
    {"GET /desk/watch", "GET /desk/agent/live", "GET /desk/queue/live", "GET /desk/unit/live"}
)
"""Streams without an end: those who may have them read them in the tests of live pages, those who may not are asked here."""
LAST = "POST /desk/sign-out"
EMPTY_FORM = "POST /desk/sign-in"
"""Public, but nobody gets in by an empty form."""
PROGRAMS = {
    "/api/staff/": "staff token",
    "/api/unit/": "unit's key",
    "/api/conversations": "staff token",
    "/api/orders": "staff token",
}
"""Routes of programs: they have tests of their own; what matters here is that a session of a person opens none of them."""


def routes(site: ConsolesSite) -> list[tuple[str, APIRoute]]:
    """Return all routes with their methods, also those of routers within the application's."""
    return [
        (method, route)
        for route in _all_routes(site.app.routes)
        if isinstance(route, APIRoute)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def _all_routes(found: Iterable[Any]) -> Iterator[Any]:
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _all_routes(inner.routes)
        else:
            yield route


def filled(path: str) -> str:
    """Return a path with something in the place of its parameters."""
    return re.sub(r"\{([^}]+)\}", lambda found: FILLED.get(found[1], "1"), path)


def test_every_route_of_the_consoles_is_in_the_table_and_nothing_else_is(site: ConsolesSite) -> None:
    found = {f"{method} {route.path}" for method, route in routes(site) if route.path.startswith("/desk")}
    assert found == set(TABLE)
    assert all(isinstance(route, DeskRoute) for _, route in routes(site) if route.path.startswith("/desk"))
    assert [route.path for route in site.app.routes if isinstance(route, Mount)] == ["/static"]


def test_a_route_that_the_table_does_not_list_cannot_be_made() -> None:
    with pytest.raises(UnlistedRouteError, match="GET /desk/forgotten"):
        DeskRoute("/desk/forgotten", lambda: None, methods=["GET"])


HOSTILE = "<img src=x onerror=alert(1)>"
EXPIRED = "页面放得太久"


def was_let_in(answer: httpx.Response, *, is_somebody: bool) -> bool:
    to_sign_in = not is_somebody and answer.headers.get("location", "").startswith("/desk/sign-in")
    return answer.status_code not in (401, 403) and not to_sign_in


@pytest.mark.timeout(180)
async def test_every_route_lets_in_whom_the_table_says(site: ConsolesSite) -> None:
    """All roles ask one application, since making one anew costs more than all its answers.

    Every form is sent once without the page's token too, and the words of a hostile citizen stand on no page as markup.
    """
    place = replace(LANSHAN, said=HOSTILE, detail=HOSTILE)
    said = {"text": HOSTILE, "summary": HOSTILE, "citizen_name": HOSTILE, "occurred": HOSTILE, "place": place}
    await keep(site.store, an_order(appeal=an_appeal(**said)))
    lines = sorted(TABLE, key=lambda line: line == LAST)
    wrong, marked, sent = list[Any](), list[str](), set[str]()
    for role in [*StaffRole, None]:
        account = await site.account(role) if role is not None else None
        async with site.client(account) as client:
            token = client.headers.get("X-CSRF", "")
            for line in lines:
                (method, path), permission = line.split(), TABLE[line]
                may = permission.is_public or (account is not None and permission.allows(account.roles))
                if may and line in STREAMS:
                    continue
                if (
                    may
                    and method == "POST"
                    and account is not None
                    and line not in sent
                    and line != EMPTY_FORM
                ):
                    bare = await client.post(filled(path), headers={"X-CSRF": f"{token}0"})
                    sent.add(line)
                    if bare.status_code != 403 or EXPIRED not in bare.text:
                        wrong.append(("without a token", line, bare.status_code))
                answer = await client.request(method, filled(path))
                if was_let_in(answer, is_somebody=account is not None) != may and line != EMPTY_FORM:
                    wrong.append((role, line, answer.status_code))
                if HOSTILE in answer.text:
                    marked.append(line)
    assert (wrong, marked) == ([], [])
    assert sent == {line for line in TABLE if line.startswith("POST")} - {EMPTY_FORM}


@pytest.mark.parametrize(
    ("role", "bound"),
    [(StaffRole.UNIT_HANDLER, {"unit": "body-education"}), (StaffRole.COUNTY, {"county": "371311"})],
)
async def test_the_number_of_anothers_order_is_answered_everywhere_as_if_there_were_none(
    site: ConsolesSite, role: StaffRole, bound: dict[str, str]
) -> None:
    order = an_order()
    await keep(site.store, order)
    form = {
        "revision": "1", "reason": "不在辖区内", "basis": "条例第五条", "unit": "body-housing", "text": "已经办理",
        "until": "2026-11-28T12:00", "ground": "not_true", "told": "已经告知", "title": "供暖", "to_citizen": "已办",
        "public": "已办", "suggested": "body-housing", "suggested_unit": "body-housing", "side": "unit",
    }  # fmt: skip
    lines = [line for line in TABLE if "{number}" in line and TABLE[line].allows(frozenset({role}))]
    answers: dict[str, list[tuple[int, str]]] = {}
    async with site.client(await site.account(role, **bound)) as client:
        for line in lines:
            method, path = line.split()
            for number in (order.number, "26112399999"):
                given = {"data": form} if method == "POST" else {}
                answer = await client.request(method, filled(path).replace(order.number, number), **given)
                answers.setdefault(line, []).append((answer.status_code, answer.text.replace(number, "")))
    assert len(lines) > 2
    assert [(line, theirs[0], none[0]) for line, (theirs, none) in answers.items() if theirs != none] == []
    assert {theirs[0] for theirs, _ in answers.values()} <= {404, 422}
    assert sum(theirs[0] == 404 for theirs, _ in answers.values()) >= len(lines) - 2
    assert await site.store.get(order.number) == order


async def test_a_persons_session_opens_nothing_that_is_for_programs(site: ConsolesSite) -> None:
    reviewer = await site.account(StaffRole.REVIEWER)
    opened = []
    async with site.client(reviewer) as client:
        for method, route in routes(site):
            if route.path.startswith(tuple(PROGRAMS)):
                answer = await client.request(method, filled(route.path), json={})
                if answer.status_code not in (401, 422):
                    opened.append((method, route.path, answer.status_code))
    assert opened == []


async def test_a_role_that_is_taken_back_counts_at_the_next_click(site: ConsolesSite) -> None:
    reviewer, security = await site.account(StaffRole.REVIEWER), await site.account(StaffRole.SECURITY_ADMIN)
    async with site.client(reviewer) as client:
        assert (await client.get("/desk/orders")).status_code == 200
        await site.accounts.grant(reviewer.id, frozenset(), by=security, reason="调离")
        assert (await client.get("/desk/orders")).status_code == 403


def test_the_documented_table_is_the_one_in_force() -> None:
    assert (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8") == table_in_words()
