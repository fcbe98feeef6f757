"""A caller waits for an agent and is told how long; agents are rung one after the other (virtual time)."""

from __future__ import annotations

import asyncio
from itertools import count, pairwise

import pytest

from hotline.dialogue.actions import Say, StayHere, TransferToAgent
from hotline.dialogue.events import (
    AgentJoined,
    AgentRings,
    HungUp,
    NoAgentFree,
    TransferFailed,
    WaitsForAgent,
)
from hotline.domain.agents import DeskRules, HandoverState, Presence, Skill
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_desk import AgentDesk, DeskInMemory, HandoverWish
from ivr.agent_handover import QueueSettings
from ivr.line import TransferResult
from tests.unit.ivr.fakes import Call, ScriptedRecognizer, clock, run

QUEUE = QueueSettings(address="sip:{agent}@desk", most_wait=120.0)
ASKED = TransferToAgent(1, "asked", "暖气不热")


def a_desk(store=None) -> AgentDesk:
    numbers = count(1)
    return AgentDesk(store or DeskInMemory(), DeskRules(), clock, lambda: f"h{next(numbers)}")


async def signed_in(*agents: str, skills=frozenset({Skill.ORDINARY})) -> AgentDesk:
    desk = a_desk()
    for agent in agents:
        await desk.sign_in(agent, f"话务员{agent}", skills)
    return desk


async def alive(desk: AgentDesk, *agents: str) -> None:
    """Keep the agents' screens open."""
    while True:
        await asyncio.sleep(5)
        for agent in agents:
            await desk.saw(agent)


async def dialled(call: Call) -> list[str]:
    return [what.removeprefix("transfer ") for _, what in call.line.did if what.startswith("transfer")]


def test_a_free_agent_is_named_briefed_and_rung_after_the_words_and_joins():
    async def test():
        desk = await signed_in("1024")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answers["sip:1024@desk"] = TransferResult.ANSWERED
            await call.do(Say(1, ("马上为您转接",), is_interruptible=False), ASKED)
            rings = await call.until(AgentRings)
            offered = await desk.saw("1024")
            joined = await call.until(AgentJoined)
            talk = await desk.saw("1024")
        assert (rings.agent, joined.agent) == ("1024", "1024")
        assert (offered.state, offered.briefing, offered.phone) == (
            HandoverState.BRIEFING, "暖气不热", "13800001234",
        )  # fmt: skip
        assert talk.state is HandoverState.BRIDGED
        board, _, _ = await desk.board()
        assert (board.agents["1024"].presence, dict(board.handovers)) == (Presence.WRAP_UP, {})

    run(test())


def test_who_does_not_answer_is_paused_and_the_next_takes_the_call():
    async def test():
        desk = await signed_in("1", "2")
        screens = asyncio.create_task(alive(desk, "1", "2"), name="test")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answers["sip:2@desk"] = TransferResult.ANSWERED
            await call.do(ASKED)
            await call.until(AgentJoined)
            assert await dialled(call) == ["sip:1@desk", "sip:2@desk"]
            board, _, _ = await desk.board()
        screens.cancel()
        assert (board.agents["1"].presence, board.agents["2"].presence) == (Presence.PAUSED, Presence.BUSY)

    run(test())


def test_a_process_without_a_free_leg_pauses_no_agent_and_offers_a_call_back():
    async def test():
        desk = await signed_in("1", "2")
        screens = asyncio.create_task(alive(desk, "1", "2"), name="test")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answers |= dict.fromkeys(("sip:1@desk", "sip:2@desk"), TransferResult.NO_CAPACITY)
            call.line.answer_after_seconds = 0.0
            await call.do(ASKED)
            await call.until(NoAgentFree)
            board, _, _ = await desk.board()
        screens.cancel()
        assert {one.presence for one in board.agents.values()} == {Presence.READY}
        assert not board.handovers
        assert len(await dialled(call)) == 3

    run(test())


@pytest.mark.parametrize(("reason", "legs_free"), [("asked", 2), ("emergency", 1)])
def test_the_last_leg_is_left_for_emergencies_and_no_agent_waits_for_it(reason, legs_free):
    async def test():
        desk = await signed_in("1")
        screens = asyncio.create_task(alive(desk, "1"), name="test")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answers["sip:1@desk"] = TransferResult.ANSWERED
            call.line.legs_free = legs_free - 1
            await call.do(TransferToAgent(1, reason, "暖气不热"))
            await asyncio.sleep(10)
            waiting, _, _ = await desk.board()
            call.line.legs_free = legs_free
            await call.until(AgentJoined)
        screens.cancel()
        assert (waiting.agents["1"].presence, dict(waiting.handovers)) == (Presence.READY, {})
        assert call.line.shown == [("sip:1@desk", None, legs_free - 1)]

    run(test())


def test_a_leg_is_waited_for_no_longer_than_a_moment():
    async def test():
        desk = await signed_in("1")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.legs_free = 1
            await call.do(ASKED)
            await call.until(NoAgentFree)
        assert round(call.when(NoAgentFree)) == 30
        assert call.line.shown == []

    run(test())


def test_a_refusal_on_the_screen_stops_the_ringing_and_nobody_else_means_nobody_is_free():
    async def test():
        desk = await signed_in("1")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answers["sip:1@desk"] = TransferResult.ANSWERED
            call.line.answer_after_seconds = 15.0
            await call.do(ASKED)
            await call.until(AgentRings)
            while (await desk.saw("1")).state is not HandoverState.RINGING:
                await asyncio.sleep(0.1)
            await desk.refuse_as("1")
            await call.until((TransferFailed, AgentJoined))
            assert "AgentJoined" not in call.names()
            board, _, _ = await desk.board()
        assert (board.agents["1"].presence, dict(board.handovers)) == (Presence.READY, {})

    run(test())


def test_who_waits_is_told_so_soon_and_again_and_given_up_in_the_end():
    async def test():
        desk = await signed_in("1")
        await desk.request(HandoverWish("c0", "", Skill.ORDINARY, "asked", ""))
        screens = asyncio.create_task(alive(desk, "1"), name="test")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            others = asyncio.create_task(keep(desk, "h1"), name="test")
            await call.do(ASKED)
            await call.until(NoAgentFree)
            others.cancel()
            told = [
                (round(at), event.position) for at, event in call.happened if isinstance(event, WaitsForAgent)
            ]
            over = call.when(NoAgentFree)
        screens.cancel()
        assert told == [(2, 1), (32, 1), (62, 1), (92, 1)]
        assert round(over) == 120

    run(test())


async def keep(desk: AgentDesk, handover: str) -> None:
    while True:
        await desk.news(handover)
        await asyncio.sleep(5)


def test_there_is_a_tone_while_a_caller_waits_and_never_two_seconds_of_nothing_new():
    async def test():
        desk = await signed_in("1")
        await desk.request(HandoverWish("c0", "", Skill.ORDINARY, "asked", ""))
        others = [
            asyncio.create_task(keep(desk, "h1"), name="test"),
            asyncio.create_task(alive(desk, "1"), name="test"),
        ]
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            await call.do(ASKED)
            await asyncio.sleep(20)
            loud = [at for at, sound in call.line.played if any(sound)]
        for other in others:
            other.cancel()
        assert len(loud) >= 16  # four pieces of a quarter second in every five seconds
        assert max(b - a for a, b in pairwise(loud)) <= 4.5  # YD/T: 1 s on, 4 s off

    run(test())


def test_a_caller_who_hangs_up_leaves_the_queue_and_frees_the_agent():
    async def test():
        desk = await signed_in("1")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answer_after_seconds = 15.0
            await call.do(ASKED)
            await call.until(AgentRings)
            call.line.hang_up_caller()
            await call.until(HungUp)
        board, _, _ = await desk.board()
        assert (board.agents["1"].presence, dict(board.handovers)) == (Presence.READY, {})

    run(test())


def test_who_stays_after_all_leaves_the_queue():
    async def test():
        desk = await signed_in("1")
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answer_after_seconds = 15.0
            await call.do(ASKED)
            await call.until(AgentRings)
            await call.do(StayHere(1))
            await asyncio.sleep(1)
            board, _, _ = await desk.board()
        assert (board.agents["1"].presence, dict(board.handovers)) == (Presence.READY, {})

    run(test())


def test_without_anybody_signed_in_the_setting_s_telephone_is_rung():
    async def test():
        async with Call(
            ScriptedRecognizer(), desk=a_desk(), queue=QUEUE, transfers={"agent": "sip:front@desk"}
        ) as call:
            call.line.answers["sip:front@desk"] = TransferResult.ANSWERED
            await call.do(ASKED)
            joined = await call.until(AgentJoined)
            assert (joined.agent, await dialled(call)) == ("", ["sip:front@desk"])

    run(test())


class Away(DeskInMemory):
    """A desk whose store goes away when it is told to."""

    is_away = True

    async def change(self, step):
        if self.is_away:
            raise EngineUnavailableError("agents", "gone")
        return await super().change(step)


def test_a_desk_that_is_away_costs_the_caller_nothing():
    async def test():
        async with Call(
            ScriptedRecognizer(), desk=a_desk(Away()), queue=QUEUE, transfers={"agent": "sip:front@desk"}
        ) as call:
            call.line.answers["sip:front@desk"] = TransferResult.ANSWERED
            await call.do(ASKED)
            await call.until(AgentJoined)
            assert call.when(AgentJoined) < 5

    run(test())


def test_a_desk_that_goes_away_after_the_answer_cuts_no_talk():
    async def test():
        store = Away()
        store.is_away = False
        desk = a_desk(store)
        await desk.sign_in("1", "话务员", frozenset({Skill.ORDINARY}))
        async with Call(ScriptedRecognizer(), desk=desk, queue=QUEUE) as call:
            call.line.answers["sip:1@desk"] = TransferResult.ANSWERED
            await call.do(ASKED)
            await call.until(AgentJoined)
            store.is_away = True
            await asyncio.sleep(60)
            assert "HungUp" not in call.names()

    run(test())
