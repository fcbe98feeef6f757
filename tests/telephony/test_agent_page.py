"""A real call on a real page: an agent takes it from the machine, their page pops and telephone rings, both are written down."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from redis.asyncio import Redis

from app.live import LiveLog
from hotline.domain.accounts import StaffRole
from hotline.domain.agents import Skill
from hotline.service.conversations import Conversations, Surroundings
from hotline.service.takeovers import hand_calls_over
from hotline.store.sql import SqlStore
from ivr.agent_handover import QueueSettings
from ivr.agent_talk import TalkSettings
from ivr.channel import PhoneChannel
from ivr.phone_settings import PhoneSettings
from ivr.putting_through import People
from ivr.sip import SipLine
from ivr.sip.sound import write_wav
from ivr.transcript import Listening
from tests.browser import DESKTOP, Complaints, chromium, shoot
from tests.builders import a_session
from tests.consoles_site import MEANINGS, NOT_WARM, a_consoles_site, a_store
from tests.fakes import FakeRetriever, FakeUnderstander
from tests.redis_server import redis_server
from tests.telephony.support import HERE, hotline, phones, program, until
from tests.telephony.test_agent_queue import ByPitch, words
from tests.unit.ivr.fakes import LoudnessDetector, ScriptedRecognizer, ScriptedSynthesizer

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")
WORDS = {"caller": NOT_WARM, "agent": "您好，我是话务员"}


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A store that is closed however the test ends."""
    store = await a_store(tmp_path)
    yield store
    await store.close()


@pytest.mark.timeout(120)
async def test_a_call_is_taken_from_the_machine_on_the_agents_page_and_fills_the_form(
    store: SqlStore, tmp_path: Path
) -> None:
    (tmp_path / "said.raw").write_bytes(
        bytes(64_000) + words("caller", 60.0)
    )  # silent until somebody is there
    write_wav(tmp_path / "agent.wav", words("agent", 60.0))
    options = ("--ring-seconds", "1.5", "--talk-seconds", "60", "--greeting", str(tmp_path / "agent.wav"))
    with redis_server() as redis_port:
        async with Redis(port=redis_port) as redis, phones("8001", options=options) as (_, address):
            site = a_consoles_site(store, tmp_path)
            assert site.parts.desk is not None
            assert site.parts.agents is not None
            world = Surroundings(
                new_session=a_session, understander=FakeUnderstander(MEANINGS),
                retriever=FakeRetriever(), registration=site.parts.agents.registration,
                log_book=LiveLog(store, redis, site.parts.signals), unit_name=lambda code: code,
                clock=site.parts.clock,
            )  # fmt: skip
            conversations = Conversations(world)
            queue = QueueSettings(address=f"sip:{{agent}}@{address}", poll=0.1)

            lines: list[SipLine] = []
            held: dict[str, PhoneChannel] = {}

            async def hold(line: SipLine) -> None:
                lines.append(line)
                people = People(
                    desk=site.parts.desk, queue=queue, talks=TalkSettings({}),
                    listening=Listening(ByPitch(WORDS), LoudnessDetector, pace=None),
                )  # fmt: skip
                conversation = secrets.token_hex(8)
                channel = held[conversation] = PhoneChannel(
                    line, ScriptedRecognizer(), ScriptedSynthesizer(), LoudnessDetector(), PhoneSettings(),
                    clock=site.parts.clock, conversation=conversation, people=people,
                )  # fmt: skip
                try:
                    await conversations.hold(channel, call_id=line.call_id)
                finally:
                    await line.hang_up()

            handing = asyncio.create_task(
                hand_calls_over(
                    site.parts.signals,
                    lambda call, number, handover: held[call].take_over(number, handover),
                )
            )
            agent = await site.account(StaffRole.AGENT, login="zhao", number="8001")
            await site.parts.desk.sign_in("8001", agent.name, frozenset({Skill.ORDINARY}))
            async with site.served() as base, chromium() as browser, hotline(hold) as endpoint:
                context = await browser.new_context(base_url=base, viewport=DESKTOP, locale="zh-CN")
                await context.add_cookies([{"name": "desk", "value": await site.token(agent), "url": base}])
                page = await context.new_page()
                complaints = Complaints(page)
                await page.goto("/desk/agent")
                slow = {"timeout": 30_000}
                await expect(page.locator("#presence")).to_contain_text("空闲", **slow)
                send = (
                    "--user",
                    "13905390001",
                    "--send",
                    str(tmp_path / "said.raw"),
                    "--seconds",
                    "60",
                )
                async with program(CALLER, f"sip:12345@127.0.0.1:{endpoint.port}", *send) as caller:
                    await until(lambda: bool(held), seconds=20)
                    await page.keyboard.press("m")
                    await expect(page.locator("#takeover-body")).to_contain_text("电话", **slow)
                    await page.locator("#takeover-body").get_by_text("看内容").click()
                    await expect(page.locator("#takeover-body .hotline")).to_contain_text("12345", **slow)
                    await shoot(page, "agent-takeover-call", whole=False)
                    await page.get_by_role("button", name="接管").click()
                    await expect(page.locator("#call")).to_contain_text("139****0001", **slow)
                    await expect(page.locator("#call")).to_contain_text("通话中", **slow)
                    await expect(page.locator("#lines")).to_contain_text("话务员来接听您的电话", **slow)
                    await expect(page.locator("#lines")).to_contain_text(WORDS["agent"], **slow)
                    await expect(page.locator("#lines")).to_contain_text(NOT_WARM, **slow)
                    await expect(page.locator("#fill-place")).to_have_value("兰山区银雀山街道", **slow)
                    await shoot(page, "agent-real-call")
                    await lines[0].hang_up()
                    assert (await caller.event("ended"))["by"] == "far_end"
                await expect(page.locator("#call")).to_contain_text("通话已结束", **slow)
                await until(lambda: endpoint.calls == 0, seconds=20)
                assert complaints.found == []
            handing.cancel()
