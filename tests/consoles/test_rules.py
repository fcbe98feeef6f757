"""The rules console in a real browser: a rule is edited, checked, tried, let pass by somebody else, in force, and rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from app.published_rules import PublishedRules
from hotline.domain.accounts import StaffRole
from hotline.store.rules import SqlRules
from hotline.store.sql import SqlStore
from router.rule_router import RuleRouter
from router.tables import CatalogueHolder
from tests.browser import PHONE, Complaints, barriers, examine, overflow, shoot
from tests.builders import NOW, an_appeal
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite, a_consoles_site
from tests.small_catalogue import small_city
from tests.work_orders import an_order, keep

HEATING = an_appeal(category="0101", text="暖气不热")


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    return a_consoles_site(store, tmp_path, city=small_city(tmp_path, is_whole=True))


async def a_word_is_added(page: Page) -> list[str]:
    """Add a word to a list by keyboard, seeing what it means; return what keeps people out."""
    await page.keyboard.press("w")
    await page.wait_for_url("**/desk/rules/words?draft=c1")
    await shoot(page, "rules-words", whole=False)
    found = await barriers(page)
    await page.click("text=questions")
    await page.locator("#f-words").press("End")
    await page.keyboard.type("、算不算、路")
    await expect(page.locator("#w-words .hint")).to_have_text("4 个词；新增 算不算、路")
    await shoot(page, "rules-word-list")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/desk/rules/drafts/c1")
    await expect(page.locator("main")).to_contain_text("算不算、路")
    return found + await barriers(page)


@pytest.mark.timeout(180)
async def test_a_rule_is_edited_checked_tried_published_and_rolled_back(
    site: ConsolesSite, opened: Open
) -> None:
    await keep(site.store, an_order(appeal=HEATING))
    holder = CatalogueHolder(site.parts.city)
    published = PublishedRules(SqlRules(site.store.database), holder, NOW.date)

    async def led() -> tuple[str | None, str]:
        await published.look()
        decision = RuleRouter(site.parts.city, holder).route(HEATING, at=NOW)
        return decision.lead_unit, decision.catalogue_version

    page = await opened("/desk", await site.account(StaffRole.RULES_EDITOR, login="zheng"))
    complaints = Complaints(page)
    await page.wait_for_url("**/desk/rules")
    found = await barriers(page)
    await page.keyboard.press("n")
    await page.fill("#f-reason", "供热职责由属地划转住建")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/desk/rules?draft=c1")
    await page.fill("#f-q", "供热由属地")  # the table is narrowed while one types
    await expect(page.locator("#rows tr")).to_have_count(1)
    await shoot(page, "rules-table")
    await page.click("#rows a")
    await page.wait_for_url("**/rows/heat")
    await page.fill("#f-lead", "没有的局")
    await expect(page.locator("#w-lead .wrong")).to_have_text("没有这个单位：没有的局")
    await expect(page.locator("#f-lead")).to_have_attribute("aria-invalid", "true")
    await shoot(page, "rules-row-wrong")
    found += await barriers(page)
    await page.set_viewport_size(PHONE)
    await shoot(page, "rules-row-phone")
    wider = await overflow(page)
    await page.set_viewport_size({"width": 1366, "height": 820})
    await page.fill("#f-lead", "body-housing")
    await page.fill("#f-supporting", "属地")
    await expect(page.locator("#w-lead .hint")).to_have_text("市住房城乡建设局")
    await expect(page.locator("#sum")).to_have_text("没有错误")
    await page.focus("#f-lead")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/desk/rules/drafts/c1")
    found += await a_word_is_added(page)
    await page.click("#trial button")
    await expect(page.locator("#trial")).to_contain_text("1件会改派", timeout=30_000)
    await shoot(page, "rules-draft-gate")
    await page.fill("#why-1", "临政办发明确由住建主管")
    await page.click("text=记为有意的调整")
    await expect(page.locator(".toast")).to_contain_text("请重新试算")
    await page.click("#trial button:has-text('重新试算')")
    await expect(page.locator("#trial")).to_contain_text("2 → 3", timeout=30_000)
    await page.click("#trial a:text-is('1')")  # the orders that would go elsewhere
    await page.wait_for_url("**/drafts/c1/orders?**")
    await shoot(page, "rules-orders")
    found += await barriers(page)
    await page.goto("/desk/rules/drafts")
    await shoot(page, "rules-drafts")
    found += await barriers(page)
    await page.goto("/desk/rules/drafts/c1")
    await page.wait_for_function("document.querySelector('[data-key=s]')?.form['htmx-internal-data']")
    await page.keyboard.press("s")
    await expect(page.locator(".toast")).to_contain_text("等待另一个人审核")
    assert await led() == ("county-371302", "linyi-2026.1")

    other = await opened("/desk/rules/drafts/c1", await site.account(StaffRole.RULES_REVIEWER, login="qian"))
    await examine(other, "rules-draft")
    await other.keyboard.press("a")
    await other.fill("#publish-reason", "核对无误，同意发布")
    await shoot(other, "rules-publish", whole=False)
    await other.keyboard.press("Control+Enter")
    await other.wait_for_url("**/desk/rules/versions")
    assert await led() == ("body-housing", "linyi-2026.1+1")
    await examine(other, "rules-versions")
    await other.goto("/desk/rules/versions/linyi-2026.1")
    await other.keyboard.press("b")
    await other.fill("#back-reason", "派错了，先恢复")
    await shoot(other, "rules-roll-back", whole=False)
    await other.keyboard.press("Control+Enter")
    await other.wait_for_url("**/desk/rules/versions")
    await expect(other.locator("tbody tr").first).to_contain_text("回退到 linyi-2026.1")
    assert await led() == ("county-371302", "linyi-2026.1+2")
    await other.goto("/desk/rules/versions/linyi-2026.1%2B1")
    await shoot(other, "rules-version")
    found += await barriers(other)
    assert (found, wider, complaints.found) == ([], 0, [])
