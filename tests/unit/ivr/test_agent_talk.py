"""What an agent does with their call: hold, third parties, passing it on, and what everybody hears (virtual time)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from hotline.dialogue.actions import Listen, Say, TransferToAgent
from hotline.dialogue.events import AgentJoined, HungUp, Said
from hotline.dialogue.talk_events import (
    AgentLeft,
    LeftAlone,
    PartyGone,
    PartyJoined,
    PartyNotReached,
    PartyRings,
    PassedOn,
    PutOnHold,
    Retrieved,
)
from hotline.domain.agents import DeskRules, HandoverState, Presence, Skill
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.speech import Expected
from hotline.domain.talks import (
    NoTalkError,
    PartyState,
    PartyTelephone,
    PassState,
    TalkWish,
    TalkWishRefusedError,
    Wanted,
)
from hotline.service.agent_desk import AgentDesk, DeskInMemory
from ivr.agent_handover import QueueSettings
from ivr.agent_talk import TalkSettings
from ivr.line import TransferResult
from tests.unit.ivr.fakes import Call, ScriptedRecognizer, clock, now, run
from tests.unit.ivr.test_agent_handover import Away, a_desk, alive

QUEUE = QueueSettings(address="sip:{agent}@desk", most_wait=60.0)
POLICE = PartyTelephone("110", "110", "sip:110@trunk", is_emergency=True)
UNIT = PartyTelephone("body-housing", "市住建局", "sip:0539@trunk")
TALKS = TalkSettings({one.code: one for one in (POLICE, UNIT)})
ANSWERED = TransferResult.ANSWERED
_OTHERS = ("Started", "AgentRings", "PromptFinished")


class Calls:
    """Keeps the records of third parties; may be away."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.kept = {}
        self._is_away = is_away

    async def keep(self, call) -> None:
        if self._is_away:
            raise StoreUnavailableError("gone")
        self.kept[call.id] = call


class Talking:
    """A call that agent 1 talks to; agents 2 and 3 are free."""

    def __init__(self, call: Call, desk: AgentDesk, calls: Calls) -> None:
        self.call = call
        self.desk = desk
        self.calls = calls

    async def wants(self, wanted: Wanted, target: str = "", note: str = "", *, agent: str = "1") -> None:
        await self.desk.wish(agent, TalkWish(wanted, target, note))
        await asyncio.sleep(1)

    async def talk(self, agent: str = "1"):
        return (await self.desk.saw(agent)).talk

    async def parties(self):
        return {party.code: party.state for party in (await self.talk()).parties}

    def party(self, address: str) -> int:
        return next(party for party, where in self.call.line.parties.items() if where == address)

    def leaves(self, address: str) -> None:
        self.call.line.leave(self.party(address))

    @property
    def told(self) -> list[str]:
        return [name for name in self.call.names() if name not in _OTHERS]

    async def presence(self, agent: str) -> Presence:
        return (await self.desk.board())[0].agents[agent].presence


@asynccontextmanager
async def talking(*, desk: AgentDesk | None = None, calls: Calls | None = None, answer_after: float = 2.0):
    desk = desk or AgentDesk(DeskInMemory(), DeskRules(), clock, iter(f"h{n}" for n in range(99)).__next__)
    calls = calls or Calls()
    await desk.sign_in("1", "话务员", frozenset({Skill.ORDINARY}))
    screens = asyncio.create_task(alive(desk, "1"), name="test")
    recognizer = ScriptedRecognizer("好的")
    async with Call(recognizer, desk=desk, queue=QUEUE, talks=TALKS, party_calls=calls) as call:
        call.line.answer_after_seconds = 1.0
        call.line.answers = {f"sip:{n}@desk": ANSWERED for n in (1, 2)} | {
            one.address: ANSWERED for one in (POLICE, UNIT)
        }
        await call.do(TransferToAgent(1, "asked", "暖气不热"))
        await call.until(AgentJoined)
        call.line.answer_after_seconds = answer_after
        for other, skills in (("2", {Skill.ORDINARY}), ("3", {Skill.DIALECT})):
            await desk.sign_in(other, "话务员", frozenset(skills))
        others = asyncio.create_task(alive(desk, "2", "3"), name="test")
        yield Talking(call, desk, calls)
    screens.cancel()
    others.cancel()


def test_a_unit_is_let_in_shown_the_hotline_s_number_and_leaves_again():
    async def test():
        async with talking() as it:
            await it.wants(Wanted.INVITE, UNIT.code)
            ringing = await it.parties()
            joined = await it.call.until(PartyJoined)
            await asyncio.sleep(0.5)
            present = await it.parties()
            it.leaves(UNIT.address)
            gone = await it.call.until(PartyGone)
            await asyncio.sleep(0.5)
            left = await it.parties()
            assert (ringing, present, left) == (
                {UNIT.code: PartyState.RINGING},
                {UNIT.code: PartyState.PRESENT},
                {UNIT.code: PartyState.LEFT},
            )
            assert (joined.party, gone.party) == ("市住建局", "市住建局")
            assert it.call.line.shown[-1] == (UNIT.address, "12345", 1)
        assert it.told == ["AgentJoined", "PartyRings", "PartyJoined", "PartyGone", "HungUp"]
        (kept,) = it.calls.kept.values()
        assert (kept.party, kept.agent, kept.conversation, kept.state) == (
            UNIT.code,
            "1",
            "c1",
            PartyState.LEFT,
        )
        assert kept.citizen_took_part
        assert kept.invited_at < kept.joined_at < kept.ended_at

    run(test())


def test_an_emergency_line_sees_the_citizen_s_number_and_may_have_the_last_leg():
    async def test():
        async with talking() as it:
            await it.wants(Wanted.INVITE, POLICE.code)
            await it.call.until(PartyJoined)
            assert it.call.line.shown[-1] == (POLICE.address, None, 0)

    run(test())


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (TransferResult.BUSY, PartyState.BUSY),
        (TransferResult.NO_ANSWER, PartyState.NO_ANSWER),
        (TransferResult.REJECTED, PartyState.REJECTED),
        (TransferResult.FAILED, PartyState.FAILED),
        (TransferResult.NO_CAPACITY, PartyState.NO_LINE),
    ],
)
def test_who_is_not_reached_is_told_by_its_reason_and_the_talk_goes_on(result, state):
    async def test():
        async with talking() as it:
            it.call.line.answers[UNIT.address] = result
            await it.wants(Wanted.INVITE, UNIT.code)
            not_reached = await it.call.until(PartyNotReached)
            await asyncio.sleep(0.5)
            assert (not_reached.party, not_reached.reason) == ("市住建局", state.value)
            assert await it.parties() == {UNIT.code: state}
            assert "HungUp" not in it.told
        (kept,) = it.calls.kept.values()
        assert (kept.state, kept.joined_at, kept.citizen_took_part) == (state, None, False)
        assert kept.ended_at is not None

    run(test())


def test_a_party_that_rings_can_be_called_off_and_one_that_talks_hung_up_on():
    async def test():
        async with talking(answer_after=9.0) as it:
            await it.wants(Wanted.INVITE, UNIT.code)
            await it.wants(Wanted.RELEASE, UNIT.code)
            assert await it.parties() == {UNIT.code: PartyState.LEFT}
            it.call.line.answer_after_seconds = 1.0
            await it.wants(Wanted.INVITE, POLICE.code)
            await asyncio.sleep(1)
            await it.wants(Wanted.RELEASE, POLICE.code)
            assert await it.parties() == {UNIT.code: PartyState.LEFT, POLICE.code: PartyState.LEFT}
            assert list(it.call.line.parties.values()) == ["sip:1@desk"]
        assert it.told[1:] == [
            "PartyRings",
            "PartyNotReached",
            "PartyRings",
            "PartyJoined",
            "PartyGone",
            "HungUp",
        ]

    run(test())


def test_the_agent_leaves_and_the_citizen_goes_on_with_the_third_party():
    async def test():
        async with talking() as it:
            await it.wants(Wanted.INVITE, POLICE.code)
            await it.call.until(PartyJoined)
            await asyncio.sleep(0.5)
            await it.wants(Wanted.LEAVE)
            assert await it.presence("1") is Presence.WRAP_UP
            assert list(it.call.line.parties.values()) == [POLICE.address]
            assert "HungUp" not in it.told
            it.leaves(POLICE.address)
            await it.call.until(HungUp)
        assert it.told == ["AgentJoined", "PartyRings", "PartyJoined", "AgentLeft", "PartyGone", "HungUp"]
        (left,) = [event for event in it.call.events if isinstance(event, AgentLeft)]
        assert not left.is_passing

    run(test())


def test_who_is_on_hold_hears_a_tone_and_is_told_again_and_never_two_seconds_of_nothing():
    async def test():
        async with talking() as it:
            began = now()
            await it.wants(Wanted.HOLD)
            assert (await it.talk()).is_held
            await asyncio.sleep(50)
            loud = [at for at, sound in it.call.line.played if any(sound) and at > began]
            await it.wants(Wanted.RETRIEVE)
            silent_from = now()
            await asyncio.sleep(5)
            assert not (await it.talk()).is_held
            assert [at for at, sound in it.call.line.played if at > silent_from] == []
            assert max(b - a for a, b in pairwise([began, *loud])) < 2.0
            assert [what for _, what in it.call.line.did if what in ("hold", "retrieve")] == [
                "hold",
                "retrieve",
            ]
        held = [event.is_still for event in it.call.events if isinstance(event, PutOnHold)]
        assert held == [False, True, True]
        assert isinstance(it.call.events[-2], Retrieved)

    run(test())


def test_a_party_in_a_talk_without_the_citizen_is_recorded_as_such():
    async def test():
        async with talking() as it:
            await it.wants(Wanted.HOLD)
            await it.wants(Wanted.INVITE, UNIT.code)
            await asyncio.sleep(2)
            it.leaves(UNIT.address)
            await asyncio.sleep(0.5)
            await it.wants(Wanted.INVITE, POLICE.code)
            await asyncio.sleep(2)
            await it.wants(Wanted.RETRIEVE)
        took_part = {call.party: call.citizen_took_part for call in it.calls.kept.values()}
        assert took_part == {UNIT.code: False, POLICE.code: True}

    run(test())


def test_a_held_citizen_is_let_into_the_talk_when_the_agent_leaves():
    async def test():
        async with talking() as it:
            await it.wants(Wanted.INVITE, POLICE.code)
            await asyncio.sleep(2)
            await it.wants(Wanted.HOLD)
            it.leaves("sip:1@desk")
            await asyncio.sleep(1)
            assert [what for _, what in it.call.line.did if what in ("hold", "retrieve")] == [
                "hold",
                "retrieve",
            ]

    run(test())


def test_a_call_is_passed_on_and_the_first_agent_stays_until_the_next_has_answered():
    async def test():
        async with talking(answer_after=5.0) as it:
            await it.wants(Wanted.PASS_ON, "2", "请核实地址")
            assert list(it.call.line.parties.values()) == ["sip:1@desk"]
            assert (await it.talk()).passing is PassState.RINGING
            offered = await it.desk.saw("2")
            assert (offered.reason, offered.briefing) == ("passed_on", "请核实地址\n暖气不热")
            passed = await it.call.until(PassedOn)
            await asyncio.sleep(1)
            assert passed.agent == "2"
            assert list(it.call.line.parties.values()) == ["sip:2@desk"]
            assert (await it.presence("1"), await it.presence("2")) == (Presence.WRAP_UP, Presence.BUSY)
            assert (await it.desk.saw("2")).state is HandoverState.BRIDGED
            with pytest.raises(NoTalkError):
                await it.desk.wish("1", TalkWish(Wanted.HOLD))
            await it.wants(Wanted.HOLD, agent="2")
            assert (await it.talk("2")).is_held
            it.leaves("sip:2@desk")
            await it.call.until(HungUp)
        assert "AgentLeft" not in it.told

    run(test())


def test_a_call_is_passed_on_to_a_skill():
    async def test():
        async with talking() as it:
            it.call.line.answers["sip:3@desk"] = ANSWERED
            await it.wants(Wanted.PASS_ON, "dialect")
            passed = await it.call.until(PassedOn)
            assert passed.agent == "3"

    run(test())


def test_an_agent_who_leaves_before_the_next_one_answers_leaves_nobody_in_silence():
    async def test():
        async with talking(answer_after=8.0) as it:
            await it.wants(Wanted.PASS_ON, "2")
            it.leaves("sip:1@desk")
            left = await it.call.until(AgentLeft)
            began = now()
            passed = await it.call.until(PassedOn)
            loud = [at for at, sound in it.call.line.played if any(sound) and at >= began]
            assert (left.is_passing, passed.agent) == (True, "2")
            assert max(b - a for a, b in pairwise([began, *loud])) <= 4.5  # the ringing tone
            assert await it.presence("1") is Presence.WRAP_UP

    run(test())


def test_nobody_takes_it_and_the_first_agent_still_talks():
    async def test():
        async with talking() as it:
            it.call.line.answers["sip:2@desk"] = TransferResult.NO_ANSWER
            await it.wants(Wanted.PASS_ON, "2")
            await asyncio.sleep(10)
            assert (await it.talk()).passing is PassState.NOBODY
            assert list(it.call.line.parties.values()) == ["sip:1@desk"]
            await it.wants(Wanted.HOLD)
            assert (await it.talk()).is_held

    run(test())


def test_nobody_takes_it_and_the_first_agent_has_left_so_the_hotline_listens_again():
    async def test():
        async with talking(answer_after=5.0) as it:
            it.call.line.answers["sip:2@desk"] = TransferResult.NO_ANSWER
            await it.wants(Wanted.PASS_ON, "2")
            it.leaves("sip:1@desk")
            await it.call.until(LeftAlone)
            assert "HungUp" not in it.told
            await it.call.do(Say(2, ("工作人员给您回电，可以吗",)), Listen(2, Expected.YES_NO, 5.0))
            await asyncio.sleep(3)
            it.call.line.speak(0.6)
            said = await it.call.until(Said)
            assert said.text == "好的"
            assert dict((await it.desk.board())[0].handovers) == {}

    run(test())


def test_what_is_kept_is_not_passed_on():
    async def test():
        async with talking(answer_after=9.0) as it:
            await it.wants(Wanted.PASS_ON, "2")
            await it.wants(Wanted.KEEP)
            assert (await it.talk()).passing is PassState.KEPT
            assert await it.presence("2") is Presence.READY
            await asyncio.sleep(12)
            assert list(it.call.line.parties.values()) == ["sip:1@desk"]
            it.leaves("sip:1@desk")
            await it.call.until(HungUp)

    run(test())


def test_a_caller_who_hangs_up_leaves_nothing_ringing_and_every_record_has_an_end():
    async def test():
        async with talking(answer_after=3.0) as it:
            await it.wants(Wanted.INVITE, UNIT.code)
            await asyncio.sleep(3)
            it.call.line.answer_after_seconds = 60.0
            await it.wants(Wanted.INVITE, POLICE.code)
            await it.wants(Wanted.PASS_ON, "2")
            it.call.line.hang_up_caller()
            await it.call.until(HungUp)
        states = {call.party: (call.state, call.ended_at is not None) for call in it.calls.kept.values()}
        assert states == {UNIT.code: (PartyState.LEFT, True), POLICE.code: (PartyState.LEFT, True)}
        board = (await it.desk.board())[0]
        assert dict(board.handovers) == {}
        assert board.agents["2"].presence is Presence.READY

    run(test())


def test_records_that_cannot_be_kept_and_a_desk_that_is_away_cost_the_talk_nothing():
    async def test():
        store = Away()
        store.is_away = False
        async with talking(desk=a_desk(store), calls=Calls(is_away=True)) as it:
            await it.wants(Wanted.INVITE, UNIT.code)
            store.is_away = True
            await it.call.until(PartyJoined)
            await asyncio.sleep(30)
            assert "HungUp" not in it.told
            store.is_away = False

    run(test())


def test_what_makes_no_sense_is_refused_at_once():
    async def test():
        async with talking() as it:
            for wish in (
                TalkWish(Wanted.RETRIEVE),
                TalkWish(Wanted.RELEASE, UNIT.code),
                TalkWish(Wanted.LEAVE),
                TalkWish(Wanted.KEEP),
                TalkWish(Wanted.PASS_ON, "1"),
                TalkWish(Wanted.PASS_ON, "404"),
                TalkWish(Wanted.PASS_ON, "enterprise"),
            ):
                with pytest.raises(TalkWishRefusedError):
                    await it.desk.wish("1", wish)
            await it.desk.wish("1", TalkWish(Wanted.HOLD))
            with pytest.raises(TalkWishRefusedError):  # asked for a moment ago
                await it.desk.wish("1", TalkWish(Wanted.HOLD))
            with pytest.raises(NoTalkError):
                await it.desk.wish("2", TalkWish(Wanted.HOLD))
            await it.desk.wish("1", TalkWish(Wanted.INVITE, "no-such-party"))
            await asyncio.sleep(1)
            assert "PartyRings" not in it.told

    run(test())


def test_nobody_is_told_twice_when_a_party_is_gone_before_it_was_known():
    async def test():
        async with talking() as it:
            it.call.line.answer_after_seconds = 0.0
            await it.wants(Wanted.INVITE, UNIT.code)
            assert isinstance(it.call.events[-2], PartyRings)
            it.leaves(UNIT.address)
            await asyncio.sleep(1)
            assert it.told.count("PartyGone") == 1

    run(test())
