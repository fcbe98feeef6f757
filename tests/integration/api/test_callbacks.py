"""Staff call people back: what waits, who takes it, what came of it; a number is shown to who took the task only."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from hotline.domain.agents import Skill
from hotline.domain.callbacks import CallbackReason
from hotline.domain.outbound import StopReason
from hotline.service.callbacks import Callbacks, WishedFor, read_hours
from hotline.store.callbacks import SqlCallbacks
from hotline.store.sealing import Seal
from tests.builders import NOW, PHONE
from tests.integration.api.conftest import CITY, SECRET, STAFF, Site

AT = "/api/staff/v1/callbacks"


@pytest.fixture
async def waiting(site: Site) -> str:
    """Have one task waiting and return its id."""
    tasks = SqlCallbacks(site.store.database, Seal(SECRET))
    callbacks = Callbacks(tasks, read_hours(CITY), lambda: "t1")
    wish = WishedFor(PHONE, CallbackReason.NO_AGENT, "我家暖气不热", "c1")
    return (await callbacks.plan(wish, NOW)).id


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as client:
        yield client


async def test_a_task_is_listed_masked_taken_whole_and_finished(
    site: Site, http: httpx.AsyncClient, waiting: str
) -> None:
    (listed,) = (await http.get(AT, headers=STAFF)).json()
    assert (listed["id"], listed["phone"], listed["words"], listed["state"]) == (
        waiting,
        str(PHONE),
        None,
        "open",
    )
    taken = (await http.post(f"{AT}/{waiting}/take", json={"agent": "1024"}, headers=STAFF)).json()
    assert (taken["phone"], taken["words"], taken["taken_by"]) == (PHONE.digits, "我家暖气不热", "1024")
    again = await http.post(f"{AT}/{waiting}/take", json={"agent": "1025"}, headers=STAFF)
    assert (again.status_code, again.json()["code"]) == (409, "callback.illegal")
    given = {"agent": "1024", "outcome": "done", "order_number": "26112300001"}
    done = (await http.post(f"{AT}/{waiting}/finish", json=given, headers=STAFF)).json()
    assert (done["state"], done["order_number"], done["words"]) == ("done", "26112300001", None)
    assert (await http.get(AT, headers=STAFF)).json() == []
    assert await site.store.audit_break() is None


async def test_who_is_not_reached_waits_for_another_window(http: httpx.AsyncClient, waiting: str) -> None:
    before = (await http.get(AT, headers=STAFF)).json()[0]["window_end"]
    await http.post(f"{AT}/{waiting}/take", json={"agent": "1024"}, headers=STAFF)
    given = {"agent": "1024", "outcome": "unreached"}
    again = (await http.post(f"{AT}/{waiting}/finish", json=given, headers=STAFF)).json()
    assert (again["state"], again["attempts"]) == ("open", 1)
    assert again["window_start"] >= before


@pytest.mark.parametrize(
    ("path", "given", "status", "code"),
    [
        ("t404/take", {"agent": "1024"}, 404, "callback.unknown"),
        ("t1/take", {}, 422, "http.422"),
        ("t1/finish", {"agent": "1024", "outcome": "solved"}, 422, "http.422"),
        ("t1/finish", {"agent": "1024", "outcome": "done"}, 409, "callback.illegal"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    http: httpx.AsyncClient, waiting: str, path: str, given: dict[str, str], status: int, code: str
) -> None:
    answer = await http.post(f"{AT}/{path}", json=given, headers=STAFF)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert waiting == "t1"


async def test_without_the_token_nobody_is_let_in(http: httpx.AsyncClient, waiting: str) -> None:
    assert (await http.get(AT)).status_code == 401
    assert (await http.post(f"{AT}/{waiting}/take", json={"agent": "1024"})).status_code == 401


async def test_an_agent_has_the_hotline_call_now(site: Site, http: httpx.AsyncClient, waiting: str) -> None:
    assert site.parts.outlook is not None
    await site.parts.outlook.book.note_contact(PHONE, at=site.clock())
    await site.desk.sign_in("1024", "王敏", frozenset({Skill.ORDINARY}))
    answer = await http.post(f"{AT}/{waiting}/call", json={"agent": "1024"}, headers=STAFF)
    found = answer.json()
    assert (answer.status_code, found["state"], found["taken_by"], found["is_calling"]) == (
        202, "taken", "1024", False,
    )  # fmt: skip
    assert found["call_asked_at"] is not None
    again = await http.post(f"{AT}/{waiting}/call", json={"agent": "1024"}, headers=STAFF)
    assert (again.status_code, again.json()["code"]) == (409, "callback.illegal")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("stranger", 409, "outbound.never_contacted_us"),
        ("stopped", 409, "outbound.stopped"),
        ("night", 409, "outbound.out_of_hours"),
        ("signed out", 404, "agent.unknown"),
        ("no task", 404, "callback.unknown"),
    ],
)
async def test_a_call_that_may_not_be_placed_is_refused_with_its_reason(
    site: Site, http: httpx.AsyncClient, waiting: str, fault: str, status: int, code: str
) -> None:
    assert site.parts.outlook is not None
    book = site.parts.outlook.book
    if fault != "stranger":
        await book.note_contact(PHONE, at=site.clock())
    if fault == "stopped":
        await book.stop(PHONE, StopReason.ASKED, by="machine", at=site.clock())
    if fault != "signed out":
        await site.desk.sign_in("1024", "王敏", frozenset({Skill.ORDINARY}))
    if fault == "night":
        site.clock.move(hours=14)
        await site.desk.sign_in("1024", "王敏", frozenset({Skill.ORDINARY}))
    task = "t404" if fault == "no task" else waiting
    answer = await http.post(f"{AT}/{task}/call", json={"agent": "1024"}, headers=STAFF)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
