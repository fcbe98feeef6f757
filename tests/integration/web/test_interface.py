"""The interface for programs: conversations read and followed live, health, figures, and its own description."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select

from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.store.tables import audit
from tests.builders import NOW, after
from tests.integration.web.conftest import STAFF, Site
from tests.work_orders import an_order, keep

ORDER = {
    "number": "26112300001",
    "category": "0101 供暖",
    "lead_unit": "兰山区人民政府",
    "supporting_units": ["市住房城乡建设局"],
    "due_at": "2026-11-30T10:00:00+08:00",
    "place": "兰山区银雀山街道",
    "kind": "help",
    "is_confidential": False,
}


async def a_conversation(site: Site) -> None:
    await keep(site.store, an_order())
    await site.store.begin("c1", channel=ContactChannel.PHONE, call_id="abc@host", at=NOW)
    await site.store.append("c1", 1, NOW, "Said", {"text": "暖气不热", "raw": "暖气不热"})
    await site.store.append("c1", 2, after(1), "Say", {"parts": ["请问在哪里？"]})


async def finish(site: Site) -> None:
    await site.store.finish(
        "c1", ConversationEnd(at=after(9), outcome="registered", article=None, work_order="26112300001")
    )


async def audit_rows(site: Site) -> int:
    async with site.store.database.engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(audit))).scalar_one()


@pytest.mark.parametrize(
    "path", ["/api/conversations?call_id=abc@host", "/api/conversations/c1", "/api/conversations/c1/events",
             "/api/work-orders"],
)  # fmt: skip
async def test_what_citizens_said_is_for_staff_only(site: Site, path: str) -> None:
    await a_conversation(site)
    async with site.client() as client:
        refused = await client.get(path, headers={"Authorization": "Bearer guessed"})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json() == {"code": "http.401", "text": "需要工作人员的口令。", "retryable": False}


@pytest.mark.parametrize("path", ["/api/conversations?call_id=abc@host", "/api/conversations/c1"])
async def test_a_conversation_is_found_by_id_and_by_call(site: Site, path: str) -> None:
    await a_conversation(site)
    await finish(site)
    async with site.client(headers=STAFF) as client:
        found = (await client.get(path)).json()
    assert found == {
        "id": "c1",
        "channel": "phone",
        "call_id": "abc@host",
        "started_at": "2026-11-23T02:00:00Z",
        "ended_at": "2026-11-23T02:00:09Z",
        "outcome": "registered",
        "article": None,
        "work_order": ORDER,
        "rating": None,
        "rows": [
            {"sequence": 1, "at": "2026-11-23T02:00:00+00:00", "name": "Said",
             "body": {"text": "暖气不热", "raw": "暖气不热"}},
            {"sequence": 2, "at": "2026-11-23T02:00:01+00:00", "name": "Say", "body": {"parts": ["请问在哪里？"]}},
        ],
    }  # fmt: skip


async def test_a_program_that_polls_has_looked_once(site: Site) -> None:
    await a_conversation(site)
    before = await audit_rows(site)
    async with site.client(headers=STAFF) as client:
        for _ in range(5):
            assert (await client.get("/api/conversations/c1")).json()["outcome"] is None
    assert await audit_rows(site) == before + 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/conversations/unknown", 404, "http.404"),
        ("/api/conversations?call_id=unknown", 404, "http.404"),
        ("/api/conversations?call_id=", 422, "http.422"),
        ("/api/conversations", 422, "http.422"),
        ("/api/conversations/unknown/events", 404, "http.404"),
        ("/api/work-orders?limit=0", 422, "http.422"),
        ("/api/work-orders?before=2026-11-23T10:00:00", 422, "http.422"),
        ("/api/nothing", 404, "http.404"),
    ],
)
async def test_bad_questions_get_a_code_and_a_text(site: Site, path: str, status: int, code: str) -> None:
    async with site.client(headers=STAFF) as client:
        refused = await client.get(path)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["text"] != ""


async def test_a_database_that_is_away_may_be_asked_again(site: Site) -> None:
    async with site.store.database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE conversations")
    async with site.client(headers=STAFF) as client:
        refused = await client.get("/api/conversations/c1")
    assert refused.status_code == 503
    assert (refused.json()["code"], refused.json()["retryable"]) == ("store.unavailable", True)


async def test_work_orders_are_listed_without_personal_data(site: Site) -> None:
    await keep(site.store, an_order())
    async with site.client(headers=STAFF) as client:
        listed = await client.get("/api/work-orders")
    assert listed.json() == [ORDER]


async def test_a_conversation_is_followed_while_it_lasts(site: Site) -> None:
    await a_conversation(site)
    seen: list[Any] = []

    async def follow(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/api/conversations/c1/events", headers=STAFF) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            async for line in response.aiter_lines():
                if line.startswith(("event: ", "data: ", "id: ")):
                    seen.append(line.partition(": ")[2])  # noqa: PERF401 -- read while it grows

    async with (
        site.served() as address,
        httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client,
    ):
        following = asyncio.create_task(follow(client))
        async with asyncio.timeout(10):
            while len(seen) < 6:
                await asyncio.sleep(0.02)
            await site.store.append("c1", 3, after(2), "Said", {"text": "兰山区"})
            while len(seen) < 9:
                await asyncio.sleep(0.02)
            await finish(site)
            await following
    rows = [json.loads(line) for line in seen[2::3]]
    assert [(row["sequence"], row["name"]) for row in rows[:3]] == [(1, "Said"), (2, "Say"), (3, "Said")]
    assert seen[9:] == ["ended", '{"outcome": "registered"}']


async def test_who_follows_again_goes_on_where_it_was(site: Site) -> None:
    await a_conversation(site)
    await finish(site)
    async with site.client(headers={**STAFF, "Last-Event-ID": "1"}) as client:
        events = (await client.get("/api/conversations/c1/events")).text.split("\n\n")
    assert [event.split("\n")[0] for event in events] == ["id: 2", "event: ended", ""]


async def test_readiness_names_what_is_down_and_fails_for_what_is_needed(site: Site) -> None:
    async with site.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            200, {"ready": True, "degraded": True, "parts": {"database": True, "redis": True, "search": False}},
        )  # fmt: skip
        site.down.add("redis")
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE counters")
        down = await client.get("/readyz")
        assert (down.status_code, down.json()) == (
            503, {"ready": False, "degraded": True, "parts": {"database": False, "redis": False, "search": False}},
        )  # fmt: skip


async def test_figures_and_where_to_call_are_open(site: Site) -> None:
    async with site.client() as client:
        figures = await client.get("/metrics")
        assert figures.headers["content-type"].startswith("text/plain")
        assert "hotline_turn_seconds" in figures.text
        about = (await client.get("/api/about")).json()
    assert about["sip"] == "sip:12345@127.0.0.1:5060"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_interface_is_as_it_describes_itself(site: Site) -> None:
    """Whatever is asked, the answer is one of those that are described."""
    asyncio.run(a_conversation(site))
    asyncio.run(finish(site))
    asyncio.run(site.store.close())  # its connections belonged to that loop
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.app)
    asked = []
    for operation in schema.get_all_operations():

        @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.ok().as_strategy())
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=STAFF)

        ask()
        asked.append(operation.ok().path)
    assert len(asked) == 9
