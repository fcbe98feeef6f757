"""The agents' desk on a real Redis: shared by processes, one call to one agent, and away without harm."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from itertools import count

import pytest
from redis.asyncio import Redis

from app.agent_store import DeskOnRedis
from hotline.domain.agents import DeskRules, HandoverState, Presence, Skill
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_desk import AgentDesk, HandoverWish
from hotline.store.sealing import Seal
from tests.builders import NOW
from tests.redis_server import redis_server

SEAL = Seal("tests only: " + "x" * 32)
WISH = HandoverWish("c1", "13905390001", Skill.ELDER, "asked", "暖气不热", is_urgent=True)


def a_desk(redis: Redis, key: str, name: str) -> AgentDesk:
    numbers = count(1)
    return AgentDesk(
        DeskOnRedis(redis, SEAL, key=key), DeskRules(), lambda: NOW, lambda: f"{name}{next(numbers)}"
    )


async def test_what_one_process_changes_the_other_sees_whole(redis_port: int) -> None:
    async with Redis(port=redis_port) as one, Redis(port=redis_port) as other:
        web, phone = a_desk(one, "seen", "w"), a_desk(other, "seen", "p")
        await web.sign_in("1024", "王敏", frozenset({Skill.ELDER, Skill.DIALECT}))
        handover = await phone.request(WISH)
        offered = await web.saw("1024")
    assert offered is not None
    assert (offered.id, offered.state, offered.skill, offered.briefing, offered.is_urgent, offered.requested_at) == (
        handover, HandoverState.BRIEFING, Skill.ELDER, "暖气不热", True, NOW,
    )  # fmt: skip


async def test_many_processes_at_once_give_each_agent_one_call(redis_port: int) -> None:
    connections = [Redis(port=redis_port) for _ in range(6)]
    desks = [a_desk(redis, "many", f"d{number}-") for number, redis in enumerate(connections)]
    for number in range(10):
        await desks[0].sign_in(str(number), "话务员", frozenset({Skill.ORDINARY}))
    await asyncio.gather(*(desk.request(WISH) for desk in desks for _ in range(3)))
    board, _, _ = await desks[0].board()
    for redis in connections:
        await redis.aclose()
    taken = [one.agent for one in board.handovers.values() if one.agent is not None]
    assert len(board.handovers) == 18
    assert sorted(taken) == sorted(map(str, range(10)))
    assert {one.presence for one in board.agents.values()} == {Presence.BUSY}


async def test_a_redis_that_is_gone_is_told_within_a_second() -> None:
    with redis_server() as port:
        redis = Redis(port=port)
        desk = a_desk(redis, "gone", "g")
        await desk.sign_in("1", "话务员", frozenset({Skill.ORDINARY}))
    began = time.monotonic()
    with pytest.raises(EngineUnavailableError):
        await desk.request(WISH)
    with pytest.raises(EngineUnavailableError):
        await desk.board()
    await redis.aclose()
    assert time.monotonic() - began < 2.5


async def test_what_is_kept_is_sealed_and_what_cannot_be_read_counts_as_empty(redis_port: int) -> None:
    async with Redis(port=redis_port) as redis:
        desk = a_desk(redis, "sealed", "s")
        await desk.sign_in("1", "王敏", frozenset({Skill.ORDINARY}))
        await desk.request(WISH)
        kept = await redis.get("sealed")
        assert "暖气".encode() not in kept
        assert b"13905390001" not in kept
        await redis.set("sealed", b"of another version, or under another key")
        assert await desk.request(WISH) is None
        await desk.sign_in("1", "王敏", frozenset({Skill.ORDINARY}))
        assert await desk.request(WISH) is not None


async def test_signs_of_life_are_written_only_now_and_then(redis_port: int) -> None:
    now = NOW
    async with Redis(port=redis_port) as redis:
        desk = AgentDesk(DeskOnRedis(redis, SEAL, key="life"), DeskRules(), lambda: now, lambda: "h1")
        await desk.sign_in("1", "王敏", frozenset({Skill.ORDINARY}))
        before = await redis.get("life")
        now += timedelta(seconds=4)
        await desk.saw("1")
        assert await redis.get("life") == before
        now += timedelta(seconds=2)
        await desk.saw("1")
        assert await redis.get("life") != before
