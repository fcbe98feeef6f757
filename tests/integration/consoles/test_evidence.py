"""Pictures on an order's page: shown to whom the order is shown, locked where it is confidential, every look noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import Secrecy
from hotline.service.evidence import Evidence
from hotline.service.letter_parts import Kept
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import NOW, an_appeal
from tests.consoles_site import SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_orders import looks
from tests.media import a_photo
from tests.work_orders import an_order, keep

R = StaffRole
NUMBER = "26112300001"
PATH = f"/desk/orders/{NUMBER}"
PICTURE = "a" * 32


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    """A site with one picture of the order."""
    evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
    kept = await Evidence(evidence, most=9).keep(
        a_photo(), name=PICTURE, conversation="c1", order=NUMBER, at=NOW
    )
    assert isinstance(kept, Kept)
    return a_consoles_site(store, tmp_path, evidence=evidence)


async def test_a_picture_is_shown_on_the_page_and_to_the_orders_unit(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    for account in (await site.account(R.REVIEWER), await site.account(R.UNIT_HANDLER, unit="county-371302")):
        async with site.client(account) as client:
            assert f'<img src="{PATH}/evidence/{PICTURE}" alt="图片1' in (await client.get(PATH)).text
            shown = await client.get(f"{PATH}/evidence/{PICTURE}")
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
            assert (await client.get(f"{PATH}/evidence/{'b' * 32}")).status_code == 404
        assert (f"staff:{account.login}", PICTURE, f'{{"why": "evidence of {NUMBER}"}}') in await looks(site)


async def test_another_unit_sees_neither_order_nor_picture(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    async with site.client(await site.account(R.UNIT_HANDLER, unit="body-police")) as client:
        assert (await client.get(f"{PATH}/evidence/{PICTURE}")).status_code == 404


async def test_a_confidential_orders_pictures_are_locked_for_all(site: ConsolesSite) -> None:
    await keep(site.store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)))
    async with site.client(await site.account(R.REVIEWER)) as client:
        page = (await client.get(PATH)).text
        assert "图片材料已加锁" in page
        assert "<img" not in page[page.index("图片材料") :].partition("</section>")[0]
        assert (await client.get(f"{PATH}/evidence/{PICTURE}")).status_code == 403
