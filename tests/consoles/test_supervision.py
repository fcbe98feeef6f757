"""The supervision board in a real browser: charts are drawn from their tables, pages fit a phone and keep nobody out."""

from __future__ import annotations

import io

import pytest
from docx import Document
from playwright.async_api import Page, expect

from hotline.domain.accounts import StaffRole
from tests.browser import DESKTOP, PHONE, barriers, examine, overflow, ready, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_supervision import supervised
from tests.years import keep_years

INK = """() => [...document.querySelectorAll(".chart")].every((place) => { const canvas = place.querySelector("canvas");
  return canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0); })"""
TABS = (("五级督办", "ladder"), ("热点与预测", "issues"), ("三率", "rates"), ("周报", "brief"))


@pytest.mark.timeout(180)
async def test_a_supervisor_walks_from_the_board_to_the_brief(site: ConsolesSite, opened: Open) -> None:
    """All pages in one walk: the site and its years are made once, and counted before as the worker does at night."""
    await keep_years(site.store, 70)
    await supervised(site)
    await site.parts.trends.prepare()
    await site.parts.board.prepare()
    account = await site.account(StaffRole.SUPERVISOR)
    page = await opened("/desk/me", account)
    page.context.set_default_timeout(30_000)
    await page.goto("/desk/supervision")
    await page.wait_for_function(INK)
    await examine(page, "supervision")
    await page.goto("/desk/supervision/map")
    await page.get_by_role("link", name="兰山区 ", exact=False).first.click()
    await page.get_by_role("heading", name="兰山区各街道、乡镇").wait_for()
    await page.wait_for_function(INK)
    await examine(page, "supervision-map")
    for path in (
        "cards?unit=county-371302&card=red&days=7",
        "orders?quarter=2026Q4&unit=county-371302&which=excluded",
    ):
        await page.goto(f"/desk/supervision/{path}")
        await page.get_by_role("table").wait_for()
        await seen(page, f"supervision-{path.partition('?')[0]}")
    await raised_by_keyboard(page)
    for tab, name in TABS:
        await page.get_by_role("navigation", name="督办").get_by_role("link", name=tab, exact=True).click()
        await page.wait_for_url(f"**/supervision/{name}")
        await page.wait_for_function(INK)
        await seen(page, f"supervision-{name}")
    await page.get_by_label("工作建议").fill("请各县区做好供暖保障。")
    async with page.expect_download() as started:
        await page.get_by_role("button", name="下载 Word").click()
    made = Document(io.BytesIO((await (await started.value).path()).read_bytes()))
    assert made.paragraphs[-1].text == "请各县区做好供暖保障。"
    await issued_by_keyboard(page)
    await seen(page, "supervision-brief-issued")
    plain = await opened("/desk/supervision/brief?week=2026-11-09", account, java_script_enabled=False)
    await plain.get_by_role("button", name="印发", exact=True).click()
    await shoot(plain, "supervision-brief-asked-plain")
    await plain.get_by_role("button", name="确定印发").click()
    await plain.get_by_text("文字和数字都是印发时的").wait_for()


async def raised_by_keyboard(page: Page) -> None:
    """Go from what the rules propose to the order, and raise it past a tier: who approved that is asked for beside its field."""
    await page.goto("/desk/supervision/ladder?tier=3&state=proposed")
    await page.locator('tbody a[href^="/desk/supervision/2"]').focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="督办", exact=True).wait_for()
    await examine(page, "supervision-order")
    await ready(page, "document.querySelector('#supervise form')?.['htmx-internal-data']")
    await page.keyboard.press("b")
    await page.locator("#reject_tier-reason").wait_for()
    await shoot(page, "supervision-order-turn-down", whole=False)
    await page.keyboard.press("Escape")
    await page.locator("#reject_tier").wait_for(state="hidden")
    await page.keyboard.press("a")
    await page.focus("#supervise-reason")
    await page.keyboard.type("红牌后仍未办结")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#supervise-approver-wrong")).to_have_text("跳级督办须写明由谁批准。")
    await seen(page, "supervision-order-raise")
    await page.fill("#supervise-approver", "张主任")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast", has_text="已督办")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("政务督办")


async def issued_by_keyboard(page: Page) -> None:
    """Ask to issue, think again, ask once more and confirm: all of it by keys."""
    dialog, question = page.get_by_role("dialog"), "不能再改，也不能撤回"
    await page.get_by_role("heading", name="工作建议").click()
    await page.keyboard.press("p")
    await dialog.get_by_text(question).wait_for()
    await seen(page, "supervision-brief-asked")
    await page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")
    await page.keyboard.press("p")
    await dialog.get_by_text(question).wait_for()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await page.get_by_text("文字和数字都是印发时的").wait_for()


async def seen(page: Page, name: str) -> None:
    """Shoot a page at both sizes; fail when it keeps anybody out or is wider than a phone."""
    await shoot(page, name)
    found = await barriers(page)
    await page.set_viewport_size(PHONE)
    await shoot(page, f"{name}-phone")
    wider = await overflow(page)
    await page.set_viewport_size(DESKTOP)
    assert (found, wider) == ([], 0)
