"""Confidential citizens on the consoles: asked for with a reason, let see by another person for some hours, each look noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.deeds import Join
from hotline.domain.people import CITIZEN
from hotline.service.evidence import Evidence
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import NOW, after, an_appeal
from tests.consoles_site import SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_orders import looks, words_of
from tests.media import a_photo
from tests.work_orders import an_order, change, keep

R = StaffRole
NUMBER, PICTURE = "26112300001", "a" * 32
PATH = f"/desk/orders/{NUMBER}"


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
    await Evidence(evidence, most=9).keep(a_photo(), name=PICTURE, conversation="c1", order=NUMBER, at=NOW)
    site = a_consoles_site(store, tmp_path, evidence=evidence)
    await keep(store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL, citizen_name="王建国")))
    return site


async def test_a_second_person_lets_somebody_see_for_some_hours_and_each_look_is_noted(
    site: ConsolesSite,
) -> None:
    li, zhou = await site.account(R.REVIEWER, login="li"), await site.account(R.REVIEWER, login="zhou")
    async with site.client(li) as client:
        assert (await client.post(f"{PATH}/unmask", data={"reason": " "})).status_code == 422
        assert (await client.post(f"{PATH}/contact")).status_code == 403
        assert (await client.post(f"{PATH}/unmask", data={"reason": "法院调取"})).status_code == 303
        assert "等待另一人审批" in (await client.get(PATH)).text
        assert "保密查看 1" in words_of((await client.get("/desk/review")).text)
        own = await client.get("/desk/review/secrecy")
        assert ("须由另一人审批" in own.text, "王建国" in own.text) == (True, False)
        assert (await client.post("/desk/review/secrecy/u1/approve", data={"hours": "4"})).status_code != 303
    async with site.client(zhou) as client:
        page = words_of((await client.get("/desk/review/secrecy")).text)
        assert "li 法院调取" in page
        assert (
            await client.post("/desk/review/secrecy/u1/approve", data={"hours": "400"})
        ).status_code == 422
        assert (await client.post("/desk/review/secrecy/u1/approve", data={"hours": "4"})).status_code == 303
        assert (await client.post(f"{PATH}/contact")).status_code == 403  # it was not zhou who asked
    async with site.client(li) as client:
        assert "已批准您查看" in (await client.get(PATH)).text
        assert "王建国" in (await client.post(f"{PATH}/contact")).text
        assert (await client.get(f"{PATH}/evidence/{PICTURE}")).status_code == 200
        why = '{"why": "unmask: 法院调取 (approved by zhou, request u1)"}'
        assert ("staff:li", NUMBER, why) in await looks(site)
    site.clock.at = after(4 * 3600)
    async with site.client(li) as client:
        assert (await client.post(f"{PATH}/contact")).status_code == 403
        assert (await client.get(f"{PATH}/evidence/{PICTURE}")).status_code == 403


async def test_a_request_is_refused_with_a_reason_that_the_asker_reads(site: ConsolesSite) -> None:
    agent = await site.account(R.AGENT, login="wu")
    async with site.client(agent) as client:
        await client.post(f"{PATH}/unmask", data={"reason": "想回电"})
    async with site.client(await site.account(R.REVIEWER, login="zhou")) as client:
        assert (await client.post("/desk/review/secrecy/u1/refuse", data={"note": " "})).status_code == 422
        assert (
            await client.post("/desk/review/secrecy/u1/refuse", data={"note": "可用热线转接"})
        ).status_code == 303
        again = await client.post("/desk/review/secrecy/u1/refuse", data={"note": "可用热线转接"})
        assert (again.status_code, "须由另一人批准" in again.text) == (409, True)
    async with site.client(agent) as client:
        assert "上次申请未批准：可用热线转接" in (await client.get(PATH)).text


async def test_who_joined_in_confidence_is_not_shown_with_the_others(site: ConsolesSite) -> None:
    order = an_order("26112300002")
    await keep(site.store, order)
    join = Join("26112300003", "我家也是", None, "李秀英", Secrecy.CONFIDENTIAL)
    await change(site.store, order, join, by=CITIZEN, at=after(1))
    async with site.client(await site.account(R.REVIEWER)) as client:
        shown = (await client.post("/desk/orders/26112300002/contact", data={"reason": "回电核实"})).text
        assert ("另有 1 位要求保密" in shown, "李秀英" in shown) == (True, False)
        asked = await client.post("/desk/orders/26112300002/unmask", data={"reason": "回电核实"})
        assert asked.status_code == 409
