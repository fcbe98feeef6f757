"""Callbacks on real SIP: an agent is kept free, the citizen is called, and the two hear each other; or why not."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.callback_calls import CallbackErrands
from app.outlook import callback_rules
from hotline.city import load_city
from hotline.domain.agents import DeskRules, HandoverState, Presence, Skill
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import (
    CallbackReason,
    CallbackResult,
    CallbackState,
    CallbackTask,
    CallingHours,
)
from hotline.domain.speech import AudioFormat
from hotline.service.agent_desk import AgentDesk, DeskInMemory
from hotline.service.callbacks import Callbacks, WishedFor
from hotline.service.conversations import Conversations, Surroundings
from hotline.store.callbacks import SqlCallbacks
from hotline.store.outbound import SqlOutbound
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from ivr.agent_handover import QueueSettings
from ivr.channel import PhoneChannel
from ivr.line import Line
from ivr.outbound import Dialler, DialSettings
from ivr.phone_settings import PhoneSettings
from ivr.putting_through import People
from ivr.sip.sound import read_wav, tone, write_wav
from router.time_tables import load_calendar
from tests.builders import LINYI, a_passage, a_session
from tests.databases import lay_out
from tests.fakes import FakeRegistration, FakeRetriever, FakeUnderstander
from tests.telephony.support import hotline, phones, samples, until
from tests.telephony.test_talks import VOICES, heard
from tests.unit.ivr.fakes import LoudnessDetector, ScriptedRecognizer, ScriptedSynthesizer

pytestmark = pytest.mark.telephony

CITIZEN = PhoneNumber("13905390011")
CITY = load_city(LINYI)
HOME = ZoneInfo("Asia/Shanghai")
ALL_DAY = CallingHours(((time(0), time(23, 59, 59)),), timedelta(0), is_automatic=True)
SEAL = Seal("tests only: " + "x" * 32)


class Terse(ScriptedSynthesizer):
    """Says everything in a moment, so that a test is not spent on listening."""

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        yield bytes(audio.bytes_per_second // 4)


def now() -> datetime:
    return datetime.now(HOME)


@dataclass
class CallingBack:
    """One task, one agent who has signed in, and the dialler that is at it."""

    callbacks: Callbacks
    desk: AgentDesk
    task: CallbackTask

    async def after(self, is_so: Callable[[CallbackTask], bool]) -> CallbackTask:
        async with asyncio.timeout(30):
            while True:
                found = await self.callbacks.get(self.task.id)
                assert found is not None
                if is_so(found):
                    return found
                await asyncio.sleep(0.1)

    async def presence(self) -> Presence:
        return (await self.desk.board())[0].agents["8001"].presence


@contextlib.asynccontextmanager
async def calling_back(
    folder: Path, *, citizen: str, agent: str, hours: CallingHours = ALL_DAY
) -> AsyncIterator[CallingBack]:
    url = f"sqlite+aiosqlite:///{folder / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, SEAL)
    book = SqlOutbound(store.database, SEAL)
    callbacks = Callbacks(SqlCallbacks(store.database, SEAL), hours, lambda: "t1")
    await book.note_contact(CITIZEN, at=now())
    desk = AgentDesk(DeskInMemory(), DeskRules(), now, lambda: secrets.token_hex(4))
    await desk.sign_in("8001", "话务员", frozenset({Skill.ORDINARY}))
    wish = WishedFor(CITIZEN, CallbackReason.NO_AGENT, "我家暖气不热", "c1")
    task = await callbacks.plan(wish, now() - timedelta(seconds=1))
    queue = QueueSettings(address=f"sip:{{agent}}@{agent}", poll=0.1)
    world = Surroundings(
        new_session=a_session, understander=FakeUnderstander({}), retriever=FakeRetriever(a_passage()),
        registration=FakeRegistration(), log_book=store, unit_name=str, clock=now,
    )  # fmt: skip

    def channel(line: Line, conversation: str) -> PhoneChannel:
        return PhoneChannel(
            line, ScriptedRecognizer(), Terse(), LoudnessDetector(), PhoneSettings(ring_seconds=1.0),
            clock=now, conversation=conversation, people=People(desk=desk, queue=queue),
        )  # fmt: skip

    async with hotline() as endpoint, asyncio.TaskGroup() as calls:
        errands = CallbackErrands(
            store, callbacks, desk, Conversations(world), channel=channel, recordings=None, clock=now
        )
        dialler = Dialler(
            endpoint,
            book,
            errands,
            rules=replace(callback_rules(CITY), windows=((time(0), time(23, 59, 59)),), keep_free=0),
            calendar=lambda: load_calendar(CITY.folder / "calendar"),
            settings=DialSettings(
                f"sip:{{number}}@{citizen}", "12345", "p", ring_seconds=2, poll_seconds=0.2
            ),
            clock=now,
        )
        dialling = calls.create_task(dialler.run(calls))
        yield CallingBack(callbacks, desk, task)
        dialling.cancel()
        await until(lambda: endpoint.calls == 0, seconds=20)
    await store.close()


def _says(folder: Path, who: str) -> tuple[str, ...]:
    file = folder / f"{who}-says.wav"
    write_wav(file, tone(VOICES[who], 15, level=0.15))
    return ("--greeting", str(file), "--record", str(folder), "--ring-seconds", "0.2")


async def test_in_its_window_a_task_is_called_when_an_agent_is_free_and_the_two_hear_each_other(
    tmp_path: Path,
) -> None:
    talks = (*_says(tmp_path, "caller"), "--talk-seconds", "4.5")
    async with (
        phones(CITIZEN.digits, options=talks) as (citizen, citizens),
        phones("8001", options=_says(tmp_path, "agent")) as (agent, agents),
    ):
        async with calling_back(tmp_path, citizen=citizens, agent=agents) as it:
            assert (await citizen.event("ringing"))["caller"] == "12345"
            offered = await it.desk.saw("8001")
            await agent.event("answered")
            done = await it.after(lambda task: task.state is CallbackState.DONE)
            assert await it.presence() is Presence.WRAP_UP
        await until(
            lambda: (tmp_path / "8001.wav").is_file() and (tmp_path / f"{CITIZEN.digits}.wav").is_file()
        )
    assert offered is not None
    assert (offered.state, offered.reason, offered.briefing) == (
        HandoverState.BRIEFING,
        "callback",
        "我家暖气不热",
    )
    assert (done.taken_by, [(one.result, one.agent) for one in done.tries]) == (
        "8001", [(CallbackResult.TALKED, "8001")],
    )  # fmt: skip
    assert "agent" in heard(samples(read_wav(tmp_path / f"{CITIZEN.digits}.wav")))
    assert "caller" in heard(samples(read_wav(tmp_path / "8001.wav")))


@pytest.mark.parametrize(
    ("manner", "result"), [("busy", CallbackResult.BUSY), ("ring", CallbackResult.NO_ANSWER)]
)
async def test_an_agent_has_somebody_called_who_is_not_reached(
    tmp_path: Path, manner: str, result: CallbackResult
) -> None:
    by_hand = replace(
        ALL_DAY, is_automatic=False, windows=((time(0), time(12)), (time(12), time(23, 59, 59)))
    )
    async with (
        phones(f"{CITIZEN.digits}={manner}") as (_, citizens),
        phones("8001") as (_, agents),
        calling_back(tmp_path, citizen=citizens, agent=agents, hours=by_hand) as it,
    ):
        await asyncio.sleep(0.6)
        assert await it.callbacks.get("t1") == it.task  # nobody calls unasked
        await it.desk.turn("8001", Presence.PAUSED)
        await it.callbacks.ask_call("t1", by="8001", at=now())
        found = await it.after(lambda task: bool(task.tries))
        assert await it.presence() is Presence.READY
    assert (found.state, found.attempts, found.last_result) == (CallbackState.OPEN, 1, result)
    assert found.window.start > it.task.window.start


async def test_a_citizen_who_answers_and_finds_no_agent_is_told_so_and_called_again(tmp_path: Path) -> None:
    async with (
        phones(CITIZEN.digits, options=("--ring-seconds", "0.1")) as (citizen, citizens),
        phones("8001=ring") as (_, agents),
        calling_back(tmp_path, citizen=citizens, agent=agents) as it,
    ):
        ended = await citizen.event("ended", seconds=40)
        found = await it.after(lambda task: bool(task.tries))
        assert await it.presence() is Presence.PAUSED
    assert ended["reason"] == "hung up"
    assert (found.state, found.attempts, found.last_result, found.window) == (
        CallbackState.OPEN, 0, CallbackResult.AGENT_LOST, it.task.window,
    )  # fmt: skip
