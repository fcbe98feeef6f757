"""The unit desk in a real browser: an order is signed for, answered and gone from the inbox, by keyboard; on a phone."""

from __future__ import annotations

from playwright.async_api import expect

from hotline.domain.accounts import StaffRole
from hotline.domain.life_cycle import Status
from tests.browser import PHONE, Complaints, barriers, overflow, ready, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.work_orders import an_order, keep

NUMBER = "26112300001"


async def test_a_unit_signs_for_an_order_and_answers_it_by_keyboard(site: ConsolesSite, opened: Open) -> None:
    await keep(site.store, an_order())
    handler = await site.account(StaffRole.UNIT_HANDLER)
    page = await opened("/desk", handler)
    complaints = Complaints(page)
    await page.wait_for_url("**/desk/unit")
    found = await barriers(page)
    await keep(site.store, an_order("26112300002", minutes=1))  # it comes while the page is open
    await expect(page.locator("#rows")).to_contain_text("26112300002")
    await shoot(page, "unit-inbox")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/unit/{NUMBER}")
    await ready(page, "document.querySelector('[data-key=s]')?.form['htmx-internal-data']")
    await page.keyboard.press("s")
    await expect(page.locator(".toast")).to_contain_text("已签收")
    found += await barriers(page)
    await shoot(page, "unit-order")
    await page.keyboard.press("b")
    await shoot(page, "unit-return", whole=False)
    await page.keyboard.press("Escape")
    await expect(page.locator("#return")).to_be_hidden()
    await page.click("[data-dialog=helpers]")
    await page.select_option("#helpers-unit", "body-police")
    await page.fill("#helpers-until", "2026-11-25T12:00")
    await page.fill("#helpers-text", "到场维持秩序")
    await shoot(page, "unit-helpers", whole=False)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已请该单位协办")
    await expect(page.locator("main")).to_contain_text("还有 2 个单位没有反馈")
    await shoot(page, "unit-order-helped")
    site.clock.move(minutes=5)
    await page.goto("/desk/unit")
    await page.check("[data-select-all]")
    await page.keyboard.press("s")
    await expect(page.locator("main")).to_contain_text("签收成功 1 件，没有办成 1 件")
    found += await barriers(page)
    await shoot(page, "unit-outcomes")
    await page.goto(f"/desk/unit/{NUMBER}")
    await page.keyboard.press("r")
    await page.wait_for_url("**/reply")
    await page.select_option("#f-template", label="已解决")
    await expect(page.locator("#f-public")).to_have_value(
        "经核实，反映的情况属实。承办单位已〔采取的措施〕，问题已解决。"
    )
    await page.fill("#f-to-citizen", "您好，供热管道已修好。")
    await page.fill("#f-public", "供热已恢复。")
    await page.select_option("#f-exemption", "not_wanted")
    await page.reload()  # as after a session that ended
    await expect(page.locator("#kept")).to_be_visible()
    await expect(page.locator("#f-to-citizen")).to_have_value("您好，供热管道已修好。")
    await expect(page.locator("#f-exemption")).to_have_value("not_wanted")
    found += await barriers(page)
    await shoot(page, "unit-reply")
    await page.focus("#f-public")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已反馈")
    assert (await site.store.get(NUMBER)).status is Status.REPLIED
    await page.set_viewport_size(PHONE)
    wider = 0
    for name, path in (
        ("inbox", "/desk/unit"),
        ("order", "/desk/unit/26112300002"),
        ("sheet", "/desk/unit/26112300002/sheet"),
    ):
        await page.goto(path)
        await shoot(page, f"unit-{name}-phone")
        wider += await overflow(page)
    await page.goto("/desk/unit/26112300002")
    await expect(page.locator("main")).to_contain_text("家里暖气不热")
    complained = list(complaints.found)  # before the page is left
    security = await site.account(StaffRole.SECURITY_ADMIN)
    await site.accounts.grant(handler.id, frozenset(), by=security, reason="调离")  # while the page is open
    await expect(page.locator("body")).not_to_contain_text("家里暖气不热", timeout=20_000)
    assert (found, wider, complained) == ([], 0, [])
