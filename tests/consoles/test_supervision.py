"""The supervision board in a real browser: the chart is drawn from its table, pages fit a phone and keep nobody out."""

from __future__ import annotations

from hotline.domain.accounts import StaffRole
from tests.browser import examine
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_supervision import supervised

INK = """() => { const canvas = document.querySelector(".chart canvas");
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0); }"""


async def test_a_supervisor_sees_the_board_and_the_rates(site: ConsolesSite, opened: Open) -> None:
    await supervised(site)
    page = await opened("/desk/supervision", await site.account(StaffRole.SUPERVISOR))
    await page.wait_for_function(INK)
    await examine(page, "supervision")
    await page.goto("/desk/supervision/rates")
    await examine(page, "supervision-rates")
