"""Hearings: a unit asks with evidence, both sides are heard, another person decides, and each sees what is theirs to see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.deeds import AddFacts, AskHearing, Decline, Join
from hotline.domain.deeds import Evidence as Proof
from hotline.domain.diversion import UnreasonableGround
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import CITIZEN
from hotline.service.evidence import Evidence
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import after, an_appeal
from tests.consoles_site import SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_orders import words_of
from tests.media import a_photo
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

R = StaffRole
NUMBER = "26112300001"
PATH = f"/desk/orders/{NUMBER}/hearing"
PHOTO = {"files": ("p.jpg", a_photo(), "image/jpeg")}


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
    return a_consoles_site(store, tmp_path, evidence=evidence, keeping=Evidence(evidence, most=9))


async def test_a_unit_asks_both_sides_are_heard_and_a_reviewer_declines(site: ConsolesSite) -> None:
    await keep(site.store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL, citizen_name="王建国")))
    unit, agent = await site.account(R.UNIT_HANDLER, login="wang"), await site.account(R.AGENT)
    asked = {"revision": 1, "ground": "found_by_hearing", "reason": "超出政策范围"}
    async with site.client(unit) as client:
        bare = await client.post(PATH, data=asked, headers={"HX-Request": "true"})
        assert json.loads(bare.headers["hx-trigger"])["wrong"]["fields"] == {
            "files": "承办单位申请须附证据材料。"
        }
        other = await client.post(PATH, data={**asked, "ground": "other_city"}, files=PHOTO)
        assert (other.status_code, await site.parts.evidence.of_order(NUMBER)) == (422, [])
        assert (await client.post(PATH, data=asked, files=PHOTO)).status_code == 303
        assert "正在审定诉求是否合理" in (await client.get(f"/desk/unit/{NUMBER}")).text
        stale = await client.post(f"{PATH}/opinion", data={"revision": 1, "text": "已达标"}, files=PHOTO)
        assert (stale.status_code, len(await site.parts.evidence.of_order(NUMBER))) == (409, 1)
    async with site.client(agent) as client:
        assert f'href="{PATH}"' in (await client.get(f"/desk/orders/{NUMBER}")).text
        page = words_of((await client.get(PATH)).text)
        assert ("⑦经听证认定不合理" in page, "还没有听取：诉求人" in page) == (True, True)
        given = {"revision": 2, "side": "citizen", "text": "王建国说家里只有十四度"}
        assert (await client.post(f"{PATH}/opinion", data=given)).status_code == 303
        assert (await client.post(PATH, data={**asked, "revision": 3})).status_code == 409
    async with site.client(unit) as client:
        page = words_of((await client.get(PATH)).text)
        assert ("家里只有十四度" in page, "王建国" in page) == (True, False)
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        assert "不合理认定 1" in words_of((await client.get("/desk/review?tab=hearings")).text)
        given = {"revision": 3, "ground": "found_by_hearing", "reason": "听证认定不合理"}
        assert (await client.post(f"/desk/review/{NUMBER}/decline", data=given)).status_code == 303
        assert "不予办理 11" in words_of((await client.get(PATH)).text)
    order = await site.store.get(NUMBER)
    found = order.last(Decline)
    assert found is not None
    assert (order.status, len(found.evidence), open_hearing(order)) == (Status.DECLINED, 1, None)


async def test_a_hearing_is_not_decided_by_who_asked_or_before_both_sides_and_may_be_rejected(
    site: ConsolesSite,
) -> None:
    await keep(site.store, an_order())
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        given = {"revision": 1, "ground": "false_report", "reason": "多次不实举报"}
        assert (await client.post(PATH, data=given)).status_code == 303
        refused = await client.post(
            f"/desk/review/{NUMBER}/reject_hearing", data={"revision": 2, "reason": "x"}
        )
        assert (refused.status_code, "不能审批自己的申请" in refused.text) == (409, True)
    async with site.client(await site.account(R.REVIEWER, login="zhou")) as client:
        given = {"revision": 2, "ground": "false_report", "reason": "属实"}
        early = await client.post(f"/desk/review/{NUMBER}/decline", data=given, files=PHOTO)
        assert (early.status_code, "须先听取承办单位和诉求人双方的意见" in early.text) == (409, True)
        assert await site.parts.evidence.of_order(NUMBER) == []
        silent = {
            "revision": 2,
            "side": "citizen",
            "text": "11-23 三次电话未接，已短信通知",
            "is_silent": "yes",
        }
        assert (await client.post(f"{PATH}/opinion", data=silent)).status_code == 303
        assert "未陈述" in (await client.get(PATH)).text
        rejected = await client.post(
            f"/desk/review/{NUMBER}/reject_hearing", data={"revision": 3, "reason": "诉求合理"}
        )
        assert rejected.status_code == 303
    order = await site.store.get(NUMBER)
    assert (order.status, order.history[-1].step, order.history[-1].by.id) == (
        Status.TO_SIGN,
        Step.REJECT_HEARING,
        "zhou",
    )


async def test_what_another_citizen_says_in_a_hearing_names_nobody_to_the_unit(site: ConsolesSite) -> None:
    join = Join("26112300009", "也不热", None, "李四光", Secrecy.CONFIDENTIAL)
    asked = AskHearing(UnreasonableGround.NOT_TRUE, "不属实", (Proof("e"),))
    facts = AddFacts("我是李四光，13905391234，只有十四度")
    await keep(site.store, an_order())
    for index, (deed, by) in enumerate(((join, CITIZEN), (asked, LANSHAN_UNIT), (facts, CITIZEN)), 1):
        await change(site.store, await site.store.get(NUMBER), deed, by=by, at=after(index))
    async with site.client(await site.account(R.UNIT_HANDLER)) as client:
        assert "我是***，***，只有十四度" in words_of((await client.get(PATH)).text)
