"""Signing in with a real browser: by keyboard, on a phone, with nothing that keeps anybody out."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, Page, expect

from hotline.domain.accounts import Account, StaffRole
from tests.browser import Complaints, barriers, examine, overflow, ready, shoot
from tests.consoles.conftest import Open
from tests.consoles_site import PASSWORD, ConsolesSite
from tests.work_orders import an_order, keep


async def test_an_agent_signs_in_by_keyboard_and_is_where_their_work_is(
    site: ConsolesSite, opened: Open
) -> None:
    agent = await site.account(StaffRole.AGENT)
    page = await opened("/desk")
    complaints = Complaints(page)
    await page.keyboard.type(agent.login)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/agent")
    assert await page.locator(".side footer").inner_text() == "赵晓兰\n话务员"
    await page.keyboard.press("g")
    await page.keyboard.press("m")
    await page.wait_for_url("**/desk/me")
    await page.keyboard.press("?")
    assert "g o" in (await page.locator("#keys-list").inner_text()).replace("\n", " ")
    assert complaints.found == []


async def test_a_session_that_is_ended_elsewhere_ends_on_the_open_page(
    site: ConsolesSite, opened: Open
) -> None:
    agent = await site.account(StaffRole.AGENT)
    page = await opened("/desk/orders", agent)
    await page.wait_for_function("document.body.dataset.csrf")
    await site.accounts.store.end_sessions(agent.id)
    await page.wait_for_url("**/desk/sign-in?**", timeout=5_000)


PAGES = {
    "sign-in": ("/desk/sign-in", None),
    "orders": ("/desk/orders", StaffRole.REVIEWER),
    "order": ("/desk/orders/26112300001", StaffRole.REVIEWER),
    "me": ("/desk/me", StaffRole.REVIEWER),
    "password": ("/desk/me/password", StaffRole.REVIEWER),
    "totp": ("/desk/me/totp", StaffRole.REVIEWER),
    "accounts": ("/desk/admin/accounts", StaffRole.SYSTEM_ADMIN),
    "account": ("/desk/admin/accounts/{id}", StaffRole.SECURITY_ADMIN),
    "sessions": ("/desk/admin/sessions", StaffRole.SYSTEM_ADMIN),
    "permissions": ("/desk/admin/permissions", StaffRole.SECURITY_ADMIN),
    "settings": ("/desk/admin/settings", StaffRole.SYSTEM_ADMIN),
    "models": ("/desk/admin/models", StaffRole.SYSTEM_ADMIN),
    "channels": ("/desk/admin/channels", StaffRole.SYSTEM_ADMIN),
    "calendar": ("/desk/admin/calendar", StaffRole.SYSTEM_ADMIN),
    "retention": ("/desk/admin/retention", StaffRole.SYSTEM_ADMIN),
    "audit": ("/desk/admin/audit", StaffRole.AUDIT_ADMIN),
    "exports": ("/desk/exports", StaffRole.SUPERVISOR),
    "county": ("/desk", StaffRole.COUNTY),
    "county-order": ("/desk/orders/26112300001", StaffRole.COUNTY),
    "duty": ("/desk", StaffRole.DUTY_OFFICER),
    "duty-queue": ("/desk/queue", StaffRole.DUTY_OFFICER),
}


@pytest.mark.timeout(240)
async def test_pages_have_no_barriers_fit_a_phone_and_are_shot(site: ConsolesSite, opened: Open) -> None:
    """One site and one window for each role serve all pages: making them anew costs more than the pages."""
    for index in range(3):
        await keep(site.store, an_order(f"2611230000{index + 1}", minutes=index))
    other = await site.account(StaffRole.UNIT_HANDLER, login="wang", name="王海涛")
    windows: dict[StaffRole | None, Page] = {}
    for name, (path, role) in PAGES.items():
        if role not in windows:
            account = await site.account(role) if role is not None else None
            windows[role] = await opened("/desk/sign-in", account)
        await windows[role].goto(path.format(id=other.id))
        await examine(windows[role], f"common-{name}")
    await imported(windows[StaffRole.SYSTEM_ADMIN])
    await a_county_walks(windows[StaffRole.COUNTY])
    await a_duty_officer_walks(windows[StaffRole.DUTY_OFFICER])


async def imported(page: Page) -> None:
    """Bring a year's holidays in by keyboard, and see what they change before they count."""
    await page.goto("/desk/admin/calendar")
    await page.keyboard.press("n")
    table = "日期,类型,名称\n2027-01-01,放假,元旦\n2027-01-04,放假,元旦\n2027-01-09,上班,\n"
    file: FilePayload = {"name": "2027.csv", "mimeType": "text/csv", "buffer": table.encode()}
    await page.set_input_files("#f-file", file)
    await page.fill("#f-basis", "国办发明电〔2026〕9号")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("main")).to_contain_text("还没有生效")
    await shoot(page, "common-calendar-shown")  # loaded again, the file would be sent again
    assert (await barriers(page), await overflow(page)) == ([], 0)
    await ready(page, "document.querySelector('[data-key=a]')?.form['htmx-internal-data']")
    await page.keyboard.press("a")
    await expect(page.locator(".toast")).to_contain_text("2027 年放假安排已生效")


async def a_county_walks(page: Page) -> None:
    """From the list to an order of theirs by keyboard; of the hotline's own pages there is none."""
    await page.goto("/desk")
    await expect(page.locator("#rows tr")).to_have_count(3)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/orders/2611230000*")
    await expect(page.locator("main")).to_contain_text("家里暖气不热")
    await expect(page.locator("main")).not_to_contain_text("13905390001")
    await page.goto("/desk/queue")
    await expect(page.locator("main")).to_contain_text("您的岗位不能打开这个页面")


async def a_duty_officer_walks(page: Page) -> None:
    """From the wallboard to an order that a citizen tells the number of, by keyboard."""
    await page.goto("/desk/queue")
    await expect(page.locator("#board")).to_contain_text("在岗")
    await page.goto("/desk/orders")
    await page.keyboard.press("/")
    await page.keyboard.type("26112300002")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/orders/26112300002")
    await expect(page.locator("main")).to_contain_text("兰山区人民政府")
    await page.goto("/desk/supervision")
    await expect(page.locator("main")).to_contain_text("您的岗位不能打开这个页面")


async def test_a_system_administrator_makes_and_locks_an_account_by_keyboard(
    site: ConsolesSite, opened: Open
) -> None:
    system = await site.account(StaffRole.SYSTEM_ADMIN)
    page = await opened("/desk/admin/accounts", system)
    await page.wait_for_function("document.querySelector('#keys-off')")
    await page.keyboard.press("n")
    await page.keyboard.type("li.ming")
    await page.keyboard.press("Tab")
    await page.keyboard.type("李明")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector(".notice code")
    await shoot(page, "common-account-made")
    await page.keyboard.press("l")
    await page.keyboard.type("建错了")
    await shoot(page, "common-account-lock", whole=False)
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector(".toast >> text=已锁定，登录着的全部退出")
    assert "已锁定" in await page.locator("main").inner_text()


async def test_roles_are_given_and_the_audit_is_read_by_two_administrators_with_their_authenticators(
    site: ConsolesSite, opened: Open
) -> None:
    """By keyboard from the door on; who gives roles cannot read the audit, and the other way round."""
    li = await site.account(login="li.ming", name="李明")
    security, auditor = [
        await site.account(role, login=login)
        for role, login in ((StaffRole.SECURITY_ADMIN, "sec"), (StaffRole.AUDIT_ADMIN, "shen"))
    ]
    page = await at_the_door(site, await opened("/desk/admin/audit"), security)
    await expect(page.locator("main")).to_contain_text("您的岗位不能打开这个页面")
    await page.goto(f"/desk/admin/accounts/{li.id}")
    await ready(page, "document.querySelector('#f-reason')?.form['htmx-internal-data']")
    await page.get_by_label("话务员", exact=True).focus()
    await page.keyboard.press("Space")
    await page.focus("#f-number")
    await page.keyboard.type("8123")
    await page.focus("#f-reason")
    await page.keyboard.type("新员工上岗")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("岗位已更改")
    assert (await site.accounts.store.get(li.id)).roles == {StaffRole.AGENT}

    page = await at_the_door(site, await opened("/desk/admin/audit"), auditor)
    await page.wait_for_url("**/desk/admin/audit")
    await page.keyboard.press("/")
    await page.keyboard.type("sec")
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows")).not_to_contain_text("新建账号")
    await expect(page.locator("#rows")).to_contain_text("授予岗位")
    await page.keyboard.press("c")
    await expect(page.locator("#chain")).to_contain_text("审计链完整")
    await shoot(page, "common-audit-checked")


async def at_the_door(site: ConsolesSite, page: Page, account: Account) -> Page:
    """Sign in by keyboard; a password alone does not let an administrator in."""
    for code in ("", await site.code(account)):
        await page.fill("#f-login", "")
        await page.focus("#f-login")
        for text in (account.login, PASSWORD, code):
            await page.keyboard.type(text)
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        if not code:
            await expect(page.get_by_role("alert")).to_contain_text("动态口令不对")
    return page
