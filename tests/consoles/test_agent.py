"""The agent desk in a real browser: a call pops, the talk runs, the form fills itself, and it is wrapped up by keyboard."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page, expect
from redis.asyncio import Redis

from app.chat_store import ChatsOnRedis
from hotline.domain.accounts import Account, StaffRole
from hotline.domain.agents import HandoverState, Presence
from hotline.service.evidence import Evidence
from hotline.service.signals import live_topic
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.browser import DESKTOP, Complaints, barriers, overflow, shoot
from tests.browser import PHONE as PHONE_SIZE
from tests.builders import an_appeal
from tests.consoles.conftest import Open
from tests.consoles_site import NOT_WARM, SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_agent import CALL, an_agent, bridged, said
from tests.integration.web.page import connected
from tests.media import a_photo
from tests.redis_server import redis_server
from tests.work_orders import an_order, keep


async def a_page(browser: Browser, site: ConsolesSite, address: str, agent: Account) -> Page:
    """Open the agent's page of a site that is served at ``address``."""
    context = await browser.new_context(base_url=address, viewport=DESKTOP, locale="zh-CN")
    context.set_default_timeout(8_000)
    await context.add_cookies([{"name": "desk", "value": await site.token(agent), "url": address}])
    page = await context.new_page()
    await page.goto("/desk/agent")
    return page


async def clean(page: Page, name: str) -> None:
    """Shoot the page and look for what keeps people out, without leaving it."""
    await shoot(page, name)
    found = await barriers(page)
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    await shoot(page, f"{name}-dark")
    found += await barriers(page, only="color-contrast")
    await page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert found == []


async def test_a_call_is_taken_from_its_pop_to_its_number_by_keyboard(
    site: ConsolesSite, opened: Open
) -> None:
    for index, text in enumerate(("路灯坏了", "井盖松动", "暖气不热"), 1):
        await keep(
            site.store, an_order(f"2611220000{index}", minutes=-1_440 * index, appeal=an_appeal(text=text))
        )
    agent = await site.account(StaffRole.AGENT, login="zhao")
    await an_agent(site, "qian")
    assert site.parts.desk is not None
    await site.parts.desk.turn("8002", Presence.PAUSED)
    page = await opened("/desk/agent", agent)
    complaints = Complaints(page)
    await expect(page.locator("#presence")).to_contain_text("未签入")
    await page.keyboard.press("F2")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#presence")).to_contain_text("空闲")
    await clean(page, "agent-idle")

    await said(site, 1, "Say", parts=["您好，临沂12345热线，请讲。"])
    await said(site, 2, "Said", text="转人工", raw="转人工")
    await site.parts.desk.request(CALL)
    await expect(page.locator("#call")).to_contain_text("暖气不热，要求转人工")
    await expect(page.locator("#caller")).to_contain_text("26112200001")
    await clean(page, "agent-pop")

    board, _, _ = await site.parts.desk.board()
    (handover,) = board.handovers
    for state in (HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED):
        await site.parts.desk.step(handover, state)
    await said(site, 3, "TalkSaid", who="agent", text="您好，工号八千零一为您服务，请讲。", raw="")
    await said(site, 4, "TalkSaid", who="citizen", text=NOT_WARM, raw="")
    await said(site, 5, "TalkSaid", who="citizen", text="我姓王，叫王建国", raw="")
    await site.parts.signals.tell(
        live_topic("c1"), {"name": "Partly", "who": "citizen", "text": "已经三天了"}
    )
    await expect(page.locator("#fill-place")).to_have_value("兰山区银雀山街道")
    await expect(page.locator("#fill-citizen_name")).to_have_value("王建国")
    await expect(page.locator("#help")).to_contain_text("兰山区人民政府")
    await expect(page.locator("#hints")).to_contain_text("可能重复")
    await clean(page, "agent-talk")

    await page.fill("#fill-occurred", "三天前")
    await page.keyboard.press("Tab")
    await expect(page.locator(".fill.mine #fill-occurred")).to_have_value("三天前")
    await page.keyboard.press(
        "F1"
    )  # to the first field that nobody has looked at; Enter: it is right, and on
    await expect(page.locator("#fill-kind")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".fill.mine #fill-kind")).to_be_visible()
    await expect(page.locator("#fill-category")).to_be_focused()
    await page.keyboard.press("F8")
    await expect(page.locator(".fill.mine")).to_have_count(6)
    await page.keyboard.press("F9")
    await expect(page.locator("#finish-body")).to_contain_text("按规则派给 兰山区人民政府")
    await clean(page, "agent-finish")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#finish-body")).to_contain_text(
        "已受理，编号 26112300001，承办单位 兰山区人民政府"
    )
    await shoot(page, "agent-finished", whole=False)
    order = await site.store.get("26112300001")
    assert (order.appeal.occurred, order.appeal.citizen_name, order.lead_unit) == (
        "三天前",
        "王建国",
        "county-371302",
    )
    assert complaints.found == []


async def test_what_is_being_typed_is_not_taken_away_by_what_is_heard(
    site: ConsolesSite, opened: Open
) -> None:
    agent = await an_agent(site)
    page = await opened("/desk/agent", agent)
    await said(site, 1, "Said", text=NOT_WARM, raw="")
    await bridged(site)
    await expect(page.locator("#fill-place")).to_have_value("兰山区银雀山街道")
    await page.fill("#fill-occurred", "昨天晚")
    await said(site, 2, "TalkSaid", who="citizen", text="我姓王，叫王建国", raw="")
    await expect(page.locator("#fill-citizen_name")).to_have_value("王建国")
    await page.keyboard.type("上")
    assert await page.input_value("#fill-occurred") == "昨天晚上"


async def test_words_of_citizens_never_become_markup_on_the_desk(site: ConsolesSite, opened: Open) -> None:
    agent = await an_agent(site)
    page = await opened("/desk/agent", agent)
    hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>兰山区'
    await said(site, 1, "Said", text=hostile, raw=hostile)
    await bridged(site)
    await expect(page.locator("#lines")).to_contain_text("onerror")
    await site.parts.signals.tell(live_topic("c1"), {"name": "Partly", "who": "citizen", "text": hostile})
    await expect(page.locator("#partly")).to_contain_text("onerror")
    assert await page.locator("#talk img, #talk script, #partly img, #form img").count() == 0
    assert "坐席" in await page.title()


async def test_an_agent_whose_role_is_taken_back_sees_nothing_more(site: ConsolesSite, opened: Open) -> None:
    agent, security = await an_agent(site), await site.account(StaffRole.SECURITY_ADMIN)
    page = await opened("/desk/agent", agent)
    await said(site, 1, "Said", text=NOT_WARM, raw="")
    await bridged(site)
    await expect(page.locator("#lines")).to_contain_text("暖气不热")
    await site.accounts.grant(agent.id, frozenset(), by=security, reason="调离")
    await page.wait_for_url("**/desk/**", timeout=5_000)
    await expect(page.locator("body")).not_to_contain_text("暖气不热")


async def test_a_chat_is_taken_and_answered_by_keyboard_beside_the_form(
    store: SqlStore, tmp_path: Path, browser: Browser
) -> None:
    with redis_server() as port:
        async with Redis(port=port) as client:
            evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
            chats = ChatsOnRedis(client, Seal(SECRET), process="a")
            site = a_consoles_site(store, tmp_path, kept=chats, evidence=evidence)
            agent = await an_agent(site)
            async with site.served() as address, connected(address.removeprefix("http://")) as citizen:
                page = await a_page(browser, site, address, agent)
                complaints = Complaints(page)
                await citizen.hello()
                await citizen.answers()
                await citizen.write(NOT_WARM)
                await citizen.send_text("转人工")
                await expect(page.locator("#chats")).to_contain_text("派给您")
                await page.wait_for_function("document.querySelector('[data-key=t]')?.['htmx-internal-data']")
                await page.keyboard.press("t")
                await expect(page.locator("#thread")).to_contain_text("暖气不热")
                await expect(page.locator("#fill-place")).to_have_value("兰山区银雀山街道")
                await page.keyboard.press("r")
                await page.keyboard.type("您好，请问是哪个小区？")
                while (told := await citizen.next("typing"))["by"] != "agent":
                    pass
                assert told["is_on"]
                await page.keyboard.press("Enter")
                await expect(page.locator("#thread .agent").last).to_contain_text("请问是哪个小区")
                await expect(page.locator("#f-reply")).to_have_value("")
                await citizen.send_text("我姓王，叫王建国")
                await citizen.send({"type": "writing", "is_on": True})
                await expect(page.locator("#thread .citizen").last).to_contain_text("王建国")
                await expect(page.locator("#writing")).to_contain_text("正在输入")
                await expect(page.locator("#fill-citizen_name")).to_have_value("王建国")
                sent = {"name": "a" * 32, "conversation": citizen.session, "order": None, "at": site.clock()}
                await Evidence(evidence, most=9).keep(a_photo(), **sent)
                await citizen.send({"type": "picture", "id": "p1", "evidence": "a" * 32})
                await expect(page.locator("#thread img.sent")).to_have_js_property("complete", True)
                await page.locator("[data-reply]").first.click()
                await clean(page, "agent-chat")
                await page.set_viewport_size(PHONE_SIZE)
                await shoot(page, "agent-chat-phone")
                assert await overflow(page) == 0
                assert complaints.found == []
                await page.context.close()


async def test_the_desk_fits_a_telephone_and_the_wallboard_counts(site: ConsolesSite, opened: Open) -> None:
    agent = await an_agent(site)
    leader = await site.account(StaffRole.TEAM_LEADER)
    page = await opened("/desk/agent", agent, viewport=PHONE_SIZE)
    await bridged(site)
    await expect(page.locator("#call")).to_contain_text("通话中")
    await expect(page.locator("#form")).to_contain_text("登记表")
    await shoot(page, "agent-phone")
    assert await overflow(page) == 0
    board = await opened("/desk/queue", leader)
    await expect(board.locator("#board")).to_contain_text("赵晓兰")
    await site.parts.desk.request(CALL)  # type: ignore[union-attr]  # it is there
    await expect(board.locator(".figure").first).to_contain_text("1")
    await clean(board, "agent-board")
    tasks = await opened("/desk/callbacks", agent)
    await clean(tasks, "agent-callbacks")
    await keep(site.store, an_order("26112200001"))
    await tasks.goto("/desk/orders")
    await tasks.keyboard.press("/")
    await tasks.keyboard.type("139 0539 0001")
    await tasks.keyboard.press("Enter")
    await expect(tasks.locator("#rows")).to_contain_text("26112200001")
    await clean(tasks, "orders-found")
