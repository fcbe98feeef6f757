"""The review desk in a real browser, by keyboard: what is missing is said beside its field, nothing typed is lost, nobody overwrites."""

from __future__ import annotations

import re

from playwright.async_api import expect

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.deeds import AskHearing, Evidence, SignFor
from hotline.domain.diversion import UnreasonableGround
from hotline.domain.life_cycle import Status, Step
from tests.browser import DESKTOP, PHONE, Complaints, barriers, overflow, ready, shoot
from tests.builders import after, an_appeal
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_review import BACK, REPLY, asked, objected_to
from tests.work_orders import an_order, keep

NUMBER, HEARD, REPLIED, TAKEN, SECRET, OBJECTED = (f"2611230000{each}" for each in range(1, 7))
ASKED = AskHearing(UnreasonableGround.FOUND_BY_HEARING, "诉求超出政策范围", (Evidence("e" * 32),))


async def decided_by_another(site: ConsolesSite, opened: Open, number: str) -> None:
    """Agree to a return on a page of somebody else's, who has the same order open."""
    other = await opened(f"/desk/review/{number}", await site.account(StaffRole.REVIEWER, login="zhou"))
    await ready(other, "document.querySelector('#accept_return form')?.['htmx-internal-data']")
    await other.keyboard.press("a")
    await other.fill("#accept_return-reason", "属实")
    await other.keyboard.press("Control+Enter")
    await expect(other.locator(".toast")).to_contain_text("已同意退回")
    await other.close()
    assert (await site.store.get(number)).history[-1].by.id == "zhou"


async def test_returns_hearings_and_revisits_are_decided_by_keyboard(
    site: ConsolesSite, opened: Open
) -> None:
    await asked(site, NUMBER, BACK)
    await asked(site, HEARD, SignFor(), ASKED)
    await asked(site, REPLIED, SignFor(), REPLY)
    await asked(site, TAKEN, BACK)
    await keep(site.store, an_order(SECRET, appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)))
    await objected_to(site, OBJECTED)
    page = await opened("/desk/review", await site.account(StaffRole.REVIEWER))
    complaints = Complaints(page)
    found = await barriers(page)
    await shoot(page, "review")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/review/{NUMBER}")
    found += await barriers(page)
    await shoot(page, "review-order")
    await page.set_viewport_size(PHONE)
    await shoot(page, "review-order-phone")
    wider = await overflow(page)

    await ready(page, "document.querySelector('#reject_return form')?.['htmx-internal-data']")
    await page.keyboard.press("f")
    await page.keyboard.press("Tab")
    await page.keyboard.type("   ")
    await page.select_option("#reject_return-basis", "not_applicable")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#reject_return-reason-wrong")).to_have_text("请写明理由。")
    await shoot(page, "review-reject-phone", whole=False)
    found += await barriers(page)
    await page.keyboard.type("事发地在辖区内")
    await expect(page.locator("#reject_return-reason-wrong")).to_have_count(0)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast", has_text="已驳回")).to_be_visible()
    assert (await site.store.get(NUMBER)).status is Status.HANDLING

    await page.set_viewport_size(DESKTOP)
    await page.goto(f"/desk/review/{TAKEN}")
    await ready(page, "document.querySelector('#accept_return form')?.['htmx-internal-data']")
    await page.keyboard.press("a")
    await page.fill("#accept_return-reason", "职责在住建")
    await decided_by_another(site, opened, TAKEN)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已被别人改动（11-23 10:01 热线审核：同意退回）")
    await expect(page.locator("#accept_return-reason")).to_have_value("职责在住建")

    await page.goto(f"/desk/review/{HEARD}")
    await page.keyboard.press("h")
    await page.wait_for_url("**/hearing")
    found += await barriers(page)
    await shoot(page, "hearing")
    await page.set_viewport_size(PHONE)
    await shoot(page, "hearing-phone")
    wider += await overflow(page)
    await ready(page, "document.querySelector('main form')?.['htmx-internal-data']")
    await page.select_option("#f-side", "citizen")
    await page.fill("#f-text", "三次电话未接，已短信通知")
    await page.check("[name=is_silent]")
    await page.focus("#f-text")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已记入陈述")

    wu = await site.account(StaffRole.AGENT, login="wu", name="吴芳")
    assert site.parts.unmaskings is not None
    await site.parts.unmaskings.ask(SECRET, "法院依法调取，附调取函", by=wu.login, at=after(80))
    await page.goto("/desk/review/secrecy")
    found += await barriers(page)
    await shoot(page, "review-secrecy-phone")
    wider += await overflow(page)
    await page.set_viewport_size(DESKTOP)
    await shoot(page, "review-secrecy")
    await ready(page, "document.querySelector('dialog form[action$=approve]')?.['htmx-internal-data']")
    await page.keyboard.press("a")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast", has_text="已批准，4 小时内有效")).to_be_visible()
    await page.set_viewport_size(PHONE)

    await page.goto(f"/desk/review/{REPLIED}")
    await ready(page, "document.querySelector('#pass_review form')?.['htmx-internal-data']")
    await page.keyboard.press("a")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("审核通过")
    await ready(page, "document.querySelector('#revisit form')?.['htmx-internal-data']")
    await page.keyboard.press("v")
    await page.select_option("#revisit-reached", "yes")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#revisit-attitude-wrong")).to_be_visible()
    await shoot(page, "review-revisit-phone", whole=False)
    wider += await overflow(page)
    for field, value in (("resolution", "resolved"), ("result", "satisfied"), ("attitude", "satisfied")):
        await page.select_option(f"#revisit-{field}", value)
    await page.focus("#revisit-remark")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast", has_text="回访已记录")).to_be_visible()

    await page.set_viewport_size(DESKTOP)
    await page.goto("/desk/review?tab=objections")
    await shoot(page, "review-objections")
    found += await barriers(page)
    await page.set_viewport_size(PHONE)
    await shoot(page, "review-objections-phone")
    wider += await overflow(page)
    await page.goto(f"/desk/review/{OBJECTED}")
    await ready(page, "document.querySelector('#reject_objection form')?.['htmx-internal-data']")
    await page.keyboard.press("f")
    await page.focus("#reject_objection-reason")
    await page.keyboard.type("复测三次均达标")
    await shoot(page, "review-objection-phone", whole=False)
    found += await barriers(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_be_visible()
    assert (await site.store.get(OBJECTED)).history[-1].step is Step.REJECT_OBJECTION
    others = [each for each in complaints.found if not re.search("(status of|Code) (409|422)", each)]
    assert (found, wider, others) == ([], 0, [])
