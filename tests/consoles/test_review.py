"""The review desk in a real browser: a return is rejected by keyboard; of two who decide on one order the second is told."""

from __future__ import annotations

from playwright.async_api import expect

from hotline.domain.accounts import StaffRole
from hotline.domain.life_cycle import Status
from tests.browser import PHONE, Complaints, barriers, overflow, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_review import BACK, asked

NUMBER = "26112300001"


async def test_a_return_is_rejected_by_keyboard_and_who_comes_second_is_told(
    site: ConsolesSite, opened: Open
) -> None:
    await asked(site, NUMBER, BACK)
    page = await opened("/desk/review", await site.account(StaffRole.REVIEWER))
    complaints = Complaints(page)
    found = await barriers(page)
    await shoot(page, "review")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/review/{NUMBER}")
    found += await barriers(page)
    await page.set_viewport_size(PHONE)
    await shoot(page, "review-order-phone")
    wider = await overflow(page)
    second = await opened(f"/desk/review/{NUMBER}", await site.account(StaffRole.REVIEWER, login="sun"))
    await page.keyboard.press("f")
    await page.keyboard.type("事发地在辖区内")
    await shoot(page, "review-reject-phone", whole=False)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已驳回")
    decided = await site.store.get(NUMBER)
    assert decided.status is Status.HANDLING
    await second.keyboard.press("a")
    await second.keyboard.type("属市管路段")
    await second.keyboard.press("Control+Enter")
    await expect(second.locator(".toast")).to_contain_text("已被别人改动")
    await expect(second.locator("dialog[open] textarea")).to_have_value("属市管路段")  # it can be copied
    assert await site.store.get(NUMBER) == decided
    assert (found, wider, complaints.found) == ([], 0, [])
