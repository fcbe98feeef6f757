"""Agents' desks: signing in, the call that is offered with its briefing, refusing it, and the wallboard."""

from __future__ import annotations

import json

from sqlalchemy import select

from app.agent_interface import AgentInterface
from hotline.domain.agents import HandoverState, Skill
from hotline.service.agent_desk import HandoverWish
from hotline.store.tables import audit
from tests.integration.api.conftest import STAFF, Site

AT = "/api/staff/v1/agents"
WISH = HandoverWish("c1", "13905390001", Skill.ORDINARY, "asked", "诉求人电话：139****0001。暖气不热。")


async def test_an_agent_signs_in_and_is_shown_the_call_with_its_briefing(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        given = {"name": "王敏", "skills": ["ordinary", "dialect"]}
        assert (await http.put(f"{AT}/1024", json=given)).status_code == 204
        assert (await http.get(f"{AT}/1024/handover")).json() is None
        await site.desk.request(WISH)
        offered = (await http.get(f"{AT}/1024/handover")).json()
        board = (await http.get(AT)).json()
    assert {key: offered[key] for key in ("state", "skill", "briefing", "phone", "conversation")} == {
        "state": "briefing",
        "skill": "ordinary",
        "briefing": WISH.briefing,
        "phone": "139****0001",
        "conversation": "c1",
    }
    (agent,) = board["agents"]
    assert (agent["id"], agent["name"], agent["presence"], agent["skills"]) == (
        "1024", "王敏", "busy", ["dialect", "ordinary"],
    )  # fmt: skip


async def test_a_call_that_is_refused_goes_to_the_next_and_nobody_refuses_another_s(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        for number in ("1", "2"):
            await http.put(f"{AT}/{number}", json={"name": "话务员"})
        await site.desk.request(WISH)
        first, second = ("1", "2") if (await http.get(f"{AT}/1/handover")).json() else ("2", "1")
        none = await http.post(f"{AT}/{second}/refuse")
        assert (none.status_code, none.json()["code"]) == (409, "handover.illegal")
        assert (await http.post(f"{AT}/{first}/refuse")).status_code == 204
        assert (await http.get(f"{AT}/{first}/handover")).json() is None
        assert (await http.get(f"{AT}/{second}/handover")).json()["state"] == "briefing"


async def test_presence_changes_but_not_in_a_call_and_not_for_strangers(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        await http.put(f"{AT}/1024", json={"name": "王敏"})
        assert (await http.post(f"{AT}/1024/presence", json={"presence": "paused"})).status_code == 204
        assert (await http.get(AT)).json()["agents"][0]["presence"] == "paused"
        await http.post(f"{AT}/1024/presence", json={"presence": "ready"})
        await site.desk.request(WISH)
        busy = await http.post(f"{AT}/1024/presence", json={"presence": "paused"})
        stranger = await http.post(f"{AT}/9/presence", json={"presence": "paused"})
    assert (busy.status_code, busy.json()["code"]) == (409, "agent.busy")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "agent.unknown")


async def test_the_wallboard_tells_who_waits_and_how_long(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        await http.put(f"{AT}/1024", json={"name": "王敏"})
        for _ in range(5):  # five talks of two minutes
            handover = await site.desk.request(WISH)
            for state in (HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED):
                await site.desk.step(handover or "", state)
            for _ in range(4):
                site.clock.move(seconds=30)
                await site.desk.news(handover or "")
            await site.desk.leave(handover or "")
            await http.post(f"{AT}/1024/presence", json={"presence": "ready"})
        await site.desk.request(WISH)
        await site.desk.request(WISH)
        site.clock.move(seconds=10)
        board = (await http.get(AT)).json()
    assert board["waiting"] == [
        {
            "medium": "call",
            "position": 1,
            "skill": "ordinary",
            "is_urgent": False,
            "waited_seconds": 10.0,
            "estimated_wait_seconds": 120.0,
        }
    ]
    assert (board["talking"], board["mean_talk_seconds"]) == (0, 120.0)


async def test_only_staff_may_look(site: Site) -> None:
    async with site.client() as http:
        assert (await http.get(AT)).status_code == 401
        assert (await http.put(f"{AT}/1", json={"name": "谁"})).status_code == 401


async def test_a_desk_follows_its_calls_and_every_briefing_is_written_down_once(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        await http.put(f"{AT}/1024", json={"name": "王敏"})
        handover = await site.desk.request(WISH)
        for _ in range(3):
            await http.get(f"{AT}/1024/handover")
        stream = AgentInterface(site.parts, site.desk)._follow("1024", await site.desk.saw("1024"))
        first = await anext(stream)
        await site.desk.leave(handover or "")
        second = await anext(stream)
        await stream.aclose()
    assert json.loads(first.split("data: ")[1])["briefing"] == WISH.briefing
    assert second == "event: handover\ndata: null\n\n"
    async with site.store.database.engine.connect() as connection:
        rows = (await connection.execute(select(audit).where(audit.c.subject == "c1"))).all()
    looks = [(row.actor, json.loads(row.detail)["why"]) for row in rows]
    assert (
        looks == [("1024", "briefing")] * 2
    )  # by polling, and by the stream of a desk that is new to this process
