"""Chats beside calls: offered and taken on the agent's page, written in the same thread, and registered from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from app.chat_store import ChatsOnRedis
from chat import handover, held_chats
from hotline.domain.accounts import StaffRole
from hotline.domain.agents import Skill
from hotline.domain.appeal import ContactChannel
from hotline.domain.life_cycle import Status
from hotline.service.evidence import Evidence
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.consoles_site import NOT_WARM, SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_agent import Screen, an_agent, bridged, screen_of
from tests.integration.consoles.test_orders import looks
from tests.integration.web.page import Page, connected
from tests.media import a_photo
from tests.work_orders import an_order, keep

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_chats, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(handover, "_GRACE_SECONDS", 0.2)


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path, redis_port: int) -> AsyncIterator[ConsolesSite]:
    async with Redis(port=redis_port) as client:
        await client.flushall()
        evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
        chats = ChatsOnRedis(client, Seal(SECRET), process="a")
        yield a_consoles_site(store, tmp_path, kept=chats, evidence=evidence)


@asynccontextmanager
async def asking(site: ConsolesSite) -> AsyncIterator[Page]:
    """A citizen's page that told its matter and wants a person."""
    async with site.served() as address, connected(address.removeprefix("http://")) as page:
        await page.hello()
        await page.answers()
        await page.write(NOT_WARM)
        await page.send_text("转人工")
        yield page


async def taken(site: ConsolesSite, screen: Screen, page: Page, client: object) -> None:
    await screen.shows("chats", "派给您")
    answer = await client.post(f"/desk/agent/chats/{page.session}/take")  # type: ignore[attr-defined]
    assert answer.status_code == 204
    await screen.shows("chat", "转人工")


async def next_of(page: Page, writer: str) -> str:
    while (message := await page.next("said"))["by"] != writer:
        pass
    return str(message["text"])


async def test_an_offered_chat_is_taken_with_its_whole_past_and_fills_the_form(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with asking(site) as page, screen_of(site, agent) as screen, site.client(agent) as client:
        await taken(site, screen, page, client)
        assert NOT_WARM in screen.parts["chat"]
        await screen.shows("form", "兰山区银雀山街道")

        sent = {"text": "您好，请问是哪个小区？", "message": "m1"}
        for _ in range(2):  # sent twice, it is one message
            assert (
                await client.post(f"/desk/agent/chats/{page.session}/write", data=sent)
            ).status_code == 204
        assert await next_of(page, "agent") == "您好，请问是哪个小区？"
        await screen.shows("chat-line", "您好，请问是哪个小区？")
        await page.send_text("我姓王，叫王建国")
        await screen.shows("chat-line", "我姓王，叫王建国")
        await screen.shows("form", "王建国")
        await page.send({"type": "writing", "is_on": True})
        await screen.shows("chat-writing", "正在输入")


async def test_a_matter_is_registered_from_a_chat_and_the_chat_goes_on(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with asking(site) as page, screen_of(site, agent) as screen, site.client(agent) as client:
        await taken(site, screen, page, client)
        await screen.shows("form", "兰山区银雀山街道")
        finished = await client.post(
            f"/desk/agent/forms/{page.session}/finish", data={"end": "register", "told": ""}
        )
        assert "已受理，编号 <span" in finished.text
        await screen.until(lambda one: one.parts["form"] == "")
        order = await site.store.get("26112300001")
        assert (order.appeal.channel, order.status, order.appeal.text) == (
            ContactChannel.WEB_CHAT,
            Status.TO_SIGN,
            NOT_WARM,
        )
        await client.post(f"/desk/agent/chats/{page.session}/write", data={"text": "已经登记了。"})
        assert await next_of(page, "agent") == "已经登记了。"
        assert (await client.post(f"/desk/agent/chats/{page.session}/back")).status_code == 204
        assert (await page.next("standing"))["whom"] == "assistant"
        await screen.until(lambda one: one.parts["chat"] == "" and "对话" not in one.parts["chats"])


async def test_the_agent_and_nobody_else_sees_the_pictures_and_words_of_a_chat_and_writes_into_it(
    site: ConsolesSite,
) -> None:
    mine, other = await an_agent(site), await site.account(StaffRole.AGENT, login="other")
    async with asking(site) as page, screen_of(site, mine) as screen, site.client(mine) as client:
        await taken(site, screen, page, client)
        assert site.parts.evidence is not None
        keeping, picture = Evidence(site.parts.evidence, most=9), "a" * 32
        await keeping.keep(a_photo(), name=picture, conversation=page.session, order=None, at=site.clock())
        await page.send({"type": "picture", "id": "p1", "evidence": picture})
        path = f"/desk/agent/chats/{page.session}/evidence/{picture}"
        image = f'<img class="sent" src="{path}"'
        await screen.until(lambda one: image in one.parts["chat"] + one.parts.get("chat-line", ""))
        shown = await client.get(path)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert (await client.get(path.replace("aaaa", "bbbb"))).status_code == 404
        async with site.client(other) as stranger, screen_of(site, other) as empty:
            for step, data in (
                ("write", {"text": "我来"}),
                ("close", {}),
                ("pass-on", {"to": "8009"}),
                ("typing", {"is_on": "true"}),
                ("unit", {"order": "26112300001"}),
            ):
                refused = await stranger.post(f"/desk/agent/chats/{page.session}/{step}", data=data)
                assert refused.status_code == 409, step
            assert (await stranger.get(path)).status_code == 409
            assert (await stranger.post(f"/desk/agent/chats/{page.session}/show")).status_code == 204
            await empty.shows("chats", "")
            assert NOT_WARM not in "".join(empty.parts.values())
            assert (await stranger.get(f"/desk/agent/forms/{page.session}/finish")).status_code == 404
    assert await next_line(site, page) == ""  # the picture: nothing of the stranger came


async def test_looks_at_a_chat_are_found_in_the_audit_by_who_looked_each_time(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with asking(site) as page, screen_of(site, agent) as screen, site.client(agent) as client:
        await taken(site, screen, page, client)
        assert site.parts.agents is not None
        assert site.parts.agents.chats is not None
        site.clock.move(hours=1)
        for _ in range(2):  # again and again within minutes is one look
            await site.parts.agents.chats.thread(page.session, f"staff:{agent.login}")
        chat = [who for who, subject, why in await looks(site) if subject == page.session and '"chat"' in why]
    assert chat == [f"staff:{agent.login}"] * 2


def told_of(answer: httpx.Response) -> str:
    return str(json.loads(answer.headers["HX-Trigger"])["toast"]["text"])


async def next_line(site: ConsolesSite, page: Page) -> str:
    assert site.parts.agents is not None
    assert site.parts.agents.chats is not None
    thread = await site.parts.agents.chats.thread(page.session, "8001")
    return [line.text for line in thread if line.by == "citizen"][-1]


async def test_a_unit_takes_part_in_a_chat_by_the_number_of_its_order(site: ConsolesSite) -> None:
    await keep(site.store, an_order("26112300001"))
    agent = await an_agent(site)
    async with asking(site) as page, screen_of(site, agent) as screen, site.client(agent) as client:
        await taken(site, screen, page, client)
        for step, told in (
            ("invite", "已经请兰山区人民政府加入对话"),
            ("dismiss", "兰山区人民政府已经退出对话"),
        ):
            asked = await client.post(
                f"/desk/agent/chats/{page.session}/unit", data={"order": "26112300001", "step": step}
            )
            assert asked.status_code == 204
            while not (await next_of(page, "hotline")).startswith(told):
                pass
            await screen.until(  # as a line of its own, or in the whole thread when that was just shown
                lambda one, told=told: any(told in one.parts.get(name, "") for name in ("chat-line", "chat"))
            )


async def test_after_a_chat_nothing_of_it_is_left_on_the_screen(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with asking(site) as page, screen_of(site, agent) as screen, site.client(agent) as client:
        await taken(site, screen, page, client)
        await screen.shows("form", "兰山区银雀山街道")
        assert (await client.post(f"/desk/agent/chats/{page.session}/close")).status_code == 204
        await screen.until(lambda one: one.parts["form"] == one.parts["chat"] == "")
        assert site.parts.agents is not None
        assert await site.parts.agents.forms.get(page.session) is None
        assert (await client.post("/desk/agent/presence", data={"to": "ready"})).status_code == 204
        await bridged(site)
        await screen.shows("call", "通话中")
        assert screen.parts["chat"] == ""


async def test_an_agent_takes_a_chat_that_the_assistant_holds(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with site.served() as address, connected(address.removeprefix("http://")) as page:
        await page.hello()
        await page.answers()
        await page.write(NOT_WARM)
        async with screen_of(site, agent) as screen, site.client(agent) as client:
            listed = await client.get("/desk/agent/takeovers")
            assert page.session in listed.text
            assert NOT_WARM not in listed.text
            shown = await client.get(f"/desk/agent/takeovers/{page.session}")
            assert NOT_WARM in shown.text
            looked = [(subject, json.loads(detail)["why"]) for _, subject, detail in await looks(site)]
            assert (page.session, "takeover") in looked
            assert (await client.post(f"/desk/agent/takeovers/{page.session}")).status_code == 204
            assert await next_of(page, "hotline") == "请稍等，话务员来接待您。"
            assert await next_of(page, "hotline") == "8001号话务员为您服务，前面的对话都看得到，请直接说。"
            await screen.shows("chat", NOT_WARM)
            await screen.shows("form", "兰山区银雀山街道")
            assert page.session not in (await client.get("/desk/agent/takeovers")).text
            again = await client.post(f"/desk/agent/takeovers/{page.session}")
            assert again.status_code == 409
            assert (await client.post(f"/desk/agent/chats/{page.session}/back")).status_code == 204
            while "助手" not in await next_of(page, "hotline"):
                pass


async def test_only_who_is_signed_in_and_free_takes_a_chat_over(site: ConsolesSite) -> None:
    agent = await site.account(StaffRole.AGENT, login="qian", number="8002")
    async with site.served() as address, connected(address.removeprefix("http://")) as page:
        await page.hello()
        await page.answers()
        async with site.client(agent) as client:
            refused = await client.post(f"/desk/agent/takeovers/{page.session}", headers=HTMX)
            assert (refused.status_code, told_of(refused)) == (404, "没有这个工号，请先签入。")
            assert site.parts.desk is not None
            await site.parts.desk.sign_in("8002", agent.name, frozenset({Skill.ORDINARY}))
            await bridged(site)  # they talk with somebody else
            busy = await client.post(f"/desk/agent/takeovers/{page.session}", headers=HTMX)
            assert (busy.status_code, told_of(busy)) == (409, "正在通话，或者对话已经满了，现在不能这样做。")
            assert page.session in (await client.get("/desk/agent/takeovers")).text  # it waits for nobody
            assert (await client.post("/desk/agent/takeovers/unknown")).status_code == 409
