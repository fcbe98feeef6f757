"""Agents on real telephones: the first does not answer, the second takes the call, and the caller hears them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hotline.dialogue.actions import TransferToAgent
from hotline.dialogue.events import AgentJoined, AgentRings, Event, HungUp
from hotline.dialogue.talk_events import TalkSaid
from hotline.domain.agents import DeskRules, HandoverState, Presence, Skill
from hotline.domain.speech import PHONE_BAND, Hypothesis
from hotline.domain.talks import PartyState, PartyTelephone, TalkWish, Wanted
from hotline.service.agent_desk import AgentDesk, DeskInMemory
from ivr.agent_handover import QueueSettings
from ivr.agent_talk import TalkSettings
from ivr.channel import PhoneChannel
from ivr.phone_settings import PhoneSettings
from ivr.putting_through import People
from ivr.sip import SipEndpoint, SipLine
from ivr.sip.sound import tone, write_wav
from ivr.transcript import Listening
from tests.telephony.support import HERE, hotline, phones, program, samples, until
from tests.telephony.test_talks import VOICES, heard, voice
from tests.unit.ivr.fakes import LoudnessDetector, ScriptedRecognizer, ScriptedSynthesizer

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")


def a_desk() -> AgentDesk:
    return AgentDesk(DeskInMemory(), DeskRules(), lambda: datetime.now(UTC), lambda: secrets.token_hex(4))


class Held:
    """Asks for an agent on every call and keeps what happened."""

    def __init__(self, desk: AgentDesk, queue: QueueSettings) -> None:
        self.desk = desk
        self.queue = queue
        self.telephones: dict[str, PartyTelephone] = {}
        self.events: list[Event] = []
        self.listening: Listening | None = None

    async def hold(self, line: SipLine) -> None:
        channel = PhoneChannel(
            line,
            ScriptedRecognizer(),
            ScriptedSynthesizer(),
            LoudnessDetector(),
            PhoneSettings(ring_seconds=1.0),
            clock=lambda: datetime.now(UTC),
            conversation="c1",
            people=People(
                desk=self.desk,
                queue=self.queue,
                talks=TalkSettings(self.telephones),
                listening=self.listening,
            ),
        )
        try:
            self.events.append(await channel.receive())
            await channel.perform(TransferToAgent(1, "asked", "暖气不热"))
            while not isinstance(self.events[-1], HungUp):
                self.events.append(await channel.receive())
        finally:
            await channel.close()

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


def _uri(endpoint: SipEndpoint) -> str:
    return f"sip:12345@127.0.0.1:{endpoint.port}"


async def test_the_first_agent_does_not_answer_and_the_second_takes_the_call(tmp_path: Path) -> None:
    desk = a_desk()
    await desk.sign_in("1", "话务员一", frozenset({Skill.ORDINARY}))
    await desk.sign_in("2", "话务员二", frozenset({Skill.ORDINARY}))
    async with phones("1=ring", "2", options=("--ring-seconds", "0.2")) as (_, address):
        held = Held(desk, QueueSettings(address=f"sip:{{agent}}@{address}", poll=0.1))
        async with hotline(held.hold) as endpoint:
            got = str(tmp_path / "got.raw")
            async with program(CALLER, _uri(endpoint), "--record", got, "--seconds", "5") as caller:
                await until(lambda: any(isinstance(event, AgentJoined) for event in held.events))
                talking = await desk.saw("2")
                await caller.event("ended")
            await until(lambda: endpoint.calls == 0 and isinstance(held.events[-1], HungUp))
            await asyncio.sleep(0.1)
    rung = [event.agent for event in held.events if isinstance(event, AgentRings)]
    assert (rung, held.kinds().count("NoAgentFree")) == (["1", "2"], 0)
    assert talking is not None
    assert (talking.state, talking.briefing) == (HandoverState.BRIDGED, "暖气不热")
    board, _, _ = await desk.board()
    assert (board.agents["1"].presence, board.agents["2"].presence) == (Presence.PAUSED, Presence.WRAP_UP)
    heard = samples(Path(got).read_bytes())[-32_000:]
    hertz = np.fft.rfftfreq(len(heard), 1 / 8_000)[np.abs(np.fft.rfft(heard)).argmax()]
    assert hertz == pytest.approx(440, abs=3)  # the second agent's tone; the ringing tone is at 450 Hz


async def test_nobody_takes_the_call_and_nobody_is_left() -> None:
    desk = a_desk()
    await desk.sign_in("1", "话务员一", frozenset({Skill.ORDINARY}))
    async with phones("1=decline") as (_, address):
        held = Held(desk, QueueSettings(address=f"sip:{{agent}}@{address}", poll=0.1))
        async with (
            hotline(held.hold) as endpoint,
            program(CALLER, _uri(endpoint), "--seconds", "3") as caller,
        ):
            await until(lambda: any("Free" in kind or "Failed" in kind for kind in held.kinds()))
            await caller.event("ended")
    assert "AgentJoined" not in held.kinds()
    board, _, _ = await desk.board()
    assert (board.agents["1"].presence, dict(board.handovers)) == (Presence.READY, {})


async def test_an_agent_lets_110_in_and_the_caller_hears_both_and_what_is_said(tmp_path: Path) -> None:
    desk = a_desk()
    await desk.sign_in("1", "话务员一", frozenset({Skill.ORDINARY}))
    async with (
        phones("1", options=("--ring-seconds", "0.2", "--greeting", voice(tmp_path, "agent"))) as (_, agents),
        phones("110", options=("--ring-seconds", "0.2", "--greeting", voice(tmp_path, "unit"))) as (
            _,
            police,
        ),
    ):
        held = Held(desk, QueueSettings(address=f"sip:{{agent}}@{agents}", poll=0.1))
        held.telephones = {"110": PartyTelephone("110", "110", f"sip:110@{police}", is_emergency=True)}
        async with hotline(held.hold) as endpoint:
            got = str(tmp_path / "got.raw")
            async with program(CALLER, _uri(endpoint), "--record", got, "--seconds", "6") as caller:
                await until(lambda: "AgentJoined" in held.kinds())
                await desk.wish("1", TalkWish(Wanted.INVITE, "110"))
                await until(lambda: "PartyJoined" in held.kinds())
                await asyncio.sleep(0.8)
                talk = (await desk.saw("1")).talk  # type: ignore[union-attr]  # they talk
                await desk.wish("1", TalkWish(Wanted.RELEASE, "110"))
                await until(lambda: "PartyGone" in held.kinds())
                await caller.event("ended")
            await until(lambda: endpoint.calls == 0 and held.kinds()[-1] == "HungUp")
    assert [(party.code, party.state) for party in talk.parties] == [("110", PartyState.PRESENT)]
    assert "agent unit" in heard(samples(Path(got).read_bytes()))


class ByPitch:
    """Says whose tone it heard, or what ``said`` has that party say, so that a side can be told from the other."""

    name = "by pitch"
    accepts = PHONE_BAND
    is_streaming = False

    def __init__(self, said: Mapping[str, str] | None = None) -> None:
        self._said = dict(said or {})

    async def recognize(self, audio, *, expect, choices=()):  # type: ignore[no-untyped-def]
        sound = samples(b"".join([part async for part in audio]))
        hertz = np.fft.rfftfreq(len(sound), 1 / 8_000)[np.abs(np.fft.rfft(sound)).argmax()]
        who = min(VOICES, key=lambda name: abs(VOICES[name] - hertz))
        text = self._said.get(who, who)
        yield Hypothesis(text, text, is_final=True, engine=self.name)

    async def close(self) -> None: ...


def words(who: str, seconds: float = 14.0) -> bytes:
    """Return a tone that speaks for a second and pauses for another, again and again."""
    one = tone(VOICES[who], 1.0, level=0.3) + bytes(16_000)
    return one * int(seconds / 2)


async def test_both_sides_of_a_talk_are_written_down_as_they_speak(tmp_path: Path) -> None:
    desk = a_desk()
    await desk.sign_in("8001", "话务员", frozenset({Skill.ORDINARY}))
    (tmp_path / "said.raw").write_bytes(words("caller"))
    write_wav(tmp_path / "agent.wav", words("agent"))
    options = ("--ring-seconds", "0.1", "--greeting", str(tmp_path / "agent.wav"))
    async with phones("8001", options=options) as (_, address):
        held = Held(desk, QueueSettings(address=f"sip:{{agent}}@{address}", poll=0.1))
        held.listening = Listening(ByPitch(), LoudnessDetector, pace=None)
        async with hotline(held.hold) as endpoint:
            send = ("--send", str(tmp_path / "said.raw"), "--seconds", "9")
            async with program(CALLER, _uri(endpoint), *send) as caller:
                await until(
                    lambda: (
                        {"caller", "agent"}
                        <= {event.text for event in held.events if isinstance(event, TalkSaid)}
                    ),
                    seconds=12,
                )
                await caller.event("ended")
            await until(lambda: isinstance(held.events[-1], HungUp))
    said = {(event.who, event.text) for event in held.events if isinstance(event, TalkSaid)}
    assert said == {("citizen", "caller"), ("agent", "agent")}
