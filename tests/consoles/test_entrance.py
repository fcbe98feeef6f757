"""Signing in with a real browser: by keyboard, on a phone, with nothing that keeps anybody out."""

from __future__ import annotations

import pytest

from hotline.domain.accounts import StaffRole
from tests.browser import Complaints, examine, shoot
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
}


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_has_no_barriers_fits_a_phone_and_is_shot(
    site: ConsolesSite, opened: Open, name: str
) -> None:
    path, role = PAGES[name]
    for index in range(3):
        await keep(site.store, an_order(f"2611230000{index + 1}", minutes=index))
    other = await site.account(StaffRole.UNIT_HANDLER, login="wang", name="王海涛")
    account = await site.account(role) if role is not None else None
    page = await opened(path.format(id=other.id), account)
    await examine(page, f"common-{name}")


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
