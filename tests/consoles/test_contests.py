"""A unit contests how an order counts, and supervision decides, in a real browser: by keyboard, and on a phone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from hotline.domain.accounts import StaffRole
from hotline.domain.life_cycle import Step
from tests.browser import DESKTOP, PHONE, Complaints, barriers, overflow, ready, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_contests import counted_against_lanshan, site
from tests.integration.consoles.test_supervision import a_number
from tests.media import a_photo

__all__ = ["site"]
R = StaffRole
NUMBER = a_number(4)


async def test_a_unit_contests_an_order_and_supervision_takes_it_out(
    site: ConsolesSite, opened: Open
) -> None:
    await counted_against_lanshan(site)
    page = await opened("/desk/unit", await site.account(R.UNIT_HANDLER))
    complaints = Complaints(page)
    await page.keyboard.press("g")
    await page.keyboard.press("z")
    await page.wait_for_url("**/desk/unit/assessment")
    found = await seen(page, "unit-assessment")
    await page.locator(f'a[href="/desk/unit/{NUMBER}/contest"]').click()
    await page.wait_for_url("**/contest")
    await ready(page, "document.querySelector('#f-ground')?.form['htmx-internal-data']")
    await page.select_option("#f-ground", "wrong_record")
    await page.fill("#f-reason", "当日已上门，有照片和通话记录")
    found += await seen(page, "unit-contest")
    await page.set_input_files("#f-files", {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": a_photo()})
    await page.focus("#f-reason")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已提出考核异议")
    await shoot(page, "unit-contested")

    desk = await opened("/desk/supervision/rates", await site.account(R.SUPERVISOR, login="lu"))
    await desk.get_by_role("link", name="考核异议").click()
    await desk.wait_for_url("**/supervision/contests")
    await ready(desk, f"document.querySelector('#exclude-{NUMBER} form')?.['htmx-internal-data']")
    found += await seen(desk, "supervision-contests")
    await desk.keyboard.press("a")
    await desk.keyboard.type("照片和通话记录属实")
    await shoot(desk, "supervision-contest-decided", whole=False)
    found += await barriers(desk)
    await desk.keyboard.press("Control+Enter")
    await expect(desk.locator(".toast")).to_contain_text("异议成立，不计考核")
    assert (await site.store.get(NUMBER)).history[-1].step is Step.EXCLUDE
    assert (found, complaints.found) == ([], [])


async def seen(page: Page, name: str) -> list[str]:
    """Shoot a page at both sizes; return what keeps anybody out, or that it is wider than a phone."""
    await shoot(page, name)
    found = await barriers(page)
    await page.set_viewport_size(PHONE)
    await shoot(page, f"{name}-phone")
    if wider := await overflow(page):
        found.append(f"{name} is {wider} wider than a phone")
    await page.set_viewport_size(DESKTOP)
    return found
