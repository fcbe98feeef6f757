"""The review desk in a real browser: a return is rejected by keyboard."""

from __future__ import annotations

from playwright.async_api import expect

from hotline.domain.accounts import StaffRole
from hotline.domain.life_cycle import Status
from tests.browser import PHONE, Complaints, barriers, overflow, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_review import BACK, asked

NUMBER = "26112300001"


async def test_a_return_is_rejected_by_keyboard(site: ConsolesSite, opened: Open) -> None:
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
    await page.keyboard.press("f")
    await page.keyboard.type("事发地在辖区内")
    await shoot(page, "review-reject-phone", whole=False)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已驳回")
    assert (await site.store.get(NUMBER)).status is Status.HANDLING
    assert (found, wider, complaints.found) == ([], 0, [])
