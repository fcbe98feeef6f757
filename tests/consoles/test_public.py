"""The pages for everybody in a real browser: desktop, phone, large text, without scripts, heard and used by keyboard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser import PHONE, Complaints, barriers, overflow, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_public import seeded

PAGES = {"figures": "/public", "cases": "/public/cases", "units": "/public/units?q=暖气"}


async def test_everybody_reads_figures_cases_and_units_on_a_phone_in_large_text_without_a_script(
    site: ConsolesSite, opened: Open
) -> None:
    await seeded(site)
    page = await opened("/public")
    complaints, found, wider = Complaints(page), [], []
    for name, path in PAGES.items():
        await page.goto(path)
        await shoot(page, f"public-{name}")
        found += await barriers(page)
    await page.set_viewport_size(PHONE)
    for name, path in (("plain", "/public"), ("figures", "/public?text=large"), *list(PAGES.items())[1:]):
        await page.goto(path)
        await shoot(page, f"public-{name}-phone")
        wider.append(await overflow(page))
    found += await barriers(page)
    assert (found, wider, complaints.found) == ([], [0] * 4, [])
    plain = await opened("/public", java_script_enabled=False, viewport=PHONE)
    await plain.keyboard.press("Tab")
    await expect(plain.locator(":focus")).to_have_text("跳到正文")
    await plain.get_by_role("link", name="大字版").click()
    await expect(plain.locator("html.large")).to_be_visible()
    await plain.get_by_role("link", name="谁管什么").click()
    await plain.get_by_label("找一件事").fill("欠薪")
    await plain.keyboard.press("Enter")
    await expect(plain.locator("html.large")).to_be_visible()
    await expect(plain.locator("main")).to_contain_text("市人力资源社会保障局")
