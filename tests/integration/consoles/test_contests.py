"""Contests of how orders count: a unit sees its own line and contests one order, and supervision decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.domain.accounts import StaffRole
from hotline.domain.deeds import Conclude
from hotline.domain.people import Actor, Role
from hotline.service.evidence import Evidence
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit
from tests.consoles_site import SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_orders import looks, words_of
from tests.integration.consoles.test_supervision import HAPPY, UNHAPPY, a_number, kept
from tests.media import a_photo
from tests.unit.hotline.domain.test_work_order import REVIEWED
from tests.work_orders import AGENT

R = StaffRole
PHOTO = {"files": ("p.jpg", a_photo(), "image/jpeg")}
CLOSING = (Actor(Role.REVIEWER, "du"), Conclude("已解释"))


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
    return a_consoles_site(store, tmp_path, evidence=evidence, keeping=Evidence(evidence, most=9))


async def counted_against_lanshan(site: ConsolesSite) -> None:
    """Three orders that the citizens are content with and three that they are not; one of these is still open."""
    for index in range(1, 4):
        await kept(site, index, *REVIEWED, (AGENT, HAPPY), CLOSING)
    for index in range(4, 6):
        await kept(site, index, *REVIEWED, (AGENT, UNHAPPY), CLOSING)
    await kept(site, 6, *REVIEWED, (AGENT, UNHAPPY))
    site.clock.move(hours=1)


async def test_a_unit_contests_an_order_with_evidence_and_another_supervisor_takes_it_out_of_the_rates(
    site: ConsolesSite,
) -> None:
    await counted_against_lanshan(site)
    unit, number = await site.account(R.UNIT_HANDLER, login="wang"), a_number(4)
    path, asked = f"/desk/unit/{number}/contest", {"ground": "wrong_record", "reason": "当日已上门，有照片"}
    async with site.client(unit) as client:
        page = words_of((await client.get("/desk/unit/assessment")).text)
        assert "计入 6 响应率 50.00% 点名 解决率 50.00% 点名 满意率 50.00% 点名 不计 0" in page
        assert (
            f"{number} 未响应 未解决 不满意 已结案 家里暖气不热 11-23 10:00 提异议 到 2027-01-08 17:30"
            in page
        )
        assert f"{a_number(6)} 未响应 未解决 不满意 待回访 家里暖气不热 11-23 10:00 办结后可提" in page
        assert a_number(1) not in page
        form = (await client.get(path)).text
        revision = (await site.store.get(number)).revision
        assert f'name="revision" value="{revision}"' in form
        given = {**asked, "revision": revision}
        bare = await client.post(path, data={**given, "ground": "x"}, headers={"HX-Request": "true"})
        assert json.loads(bare.headers["hx-trigger"])["wrong"]["fields"] == {
            "ground": "请选择情形。", "files": "请附证据材料。",
        }  # fmt: skip
        stale = await client.post(path, data={**given, "revision": 1}, files=PHOTO)
        assert (stale.status_code, await site.parts.evidence.of_order(number)) == (422, [])
        assert (await client.post(path, data=given, files=PHOTO)).status_code == 303
        again = await client.post(path, data={**given, "revision": revision + 1}, files=PHOTO)
        assert (again.status_code, "已经提过考核异议" in again.text) == (409, True)
        early = f"/desk/unit/{a_number(6)}/contest"
        assert "没有办结的工单还不能提考核异议" in (await client.get(early)).text
        assert (await client.post(early, data=asked | {"revision": 5}, files=PHOTO)).status_code == 409
    other = await site.account(R.UNIT_LEAD, login="zhao", unit="body-police")
    async with site.client(other) as client:
        assert "还没有计入本单位的工单" in words_of((await client.get("/desk/unit/assessment")).text)
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data=given, files=PHOTO)).status_code == 404
    async with site.client(await site.account(R.UNIT_LEAD, login="sun", unit="body-housing")) as client:
        supporter = await client.post(path, data={**given, "revision": revision + 1}, files=PHOTO)
        assert (supporter.status_code, "只有主办单位" in supporter.text) == (409, True)

    page, take = "/desk/supervision/contests", f"/desk/supervision/contests/{number}"
    given = {"revision": revision + 1, "reason": "照片和通话记录属实"}
    async with site.client(await site.account(R.SUPERVISOR, login="du")) as client:
        words = words_of((await client.get(page)).text)
        assert (
            "未响应 未解决 不满意 响应、时间或者回访的记录与事实不符 当日已上门，有照片 证据1 您办理过这张工单，须由另一人决定"
            in words
        )
        refused = await client.post(f"{take}/exclude", data=given)
        assert (refused.status_code, "须由另一人决定" in refused.text) == (409, True)
        before = words_of((await client.get("/desk/supervision/rates")).text)
    async with site.client(await site.account(R.SUPERVISOR, login="lu")) as client:
        (item,) = await site.parts.evidence.of_order(number)
        assert (await client.get(f"/desk/orders/{number}/evidence/{item.id}")).status_code == 200
        assert (await client.post(f"{take}/exclude", data={**given, "reason": " "})).status_code == 422
        assert (await client.post(f"{take}/exclude", data=given)).status_code == 303
        assert (
            await client.post(f"{take}/keep", data={**given, "revision": revision + 2})
        ).status_code == 409
        assert "没有待决定的考核异议" in (await client.get(page)).text
        site.clock.move(minutes=20)
        await site.parts.board.prepare()
        rates = words_of((await client.get("/desk/supervision/rates")).text)
    assert "兰山区人民政府 6 50.00% 点名 50.00% 点名 50.00% 点名 100.00% 0" in before
    assert "兰山区人民政府 5 60.00% 点名 60.00% 点名 60.00% 点名 100.00% 1" in rates
    async with site.client(unit) as client:
        words = words_of((await client.get("/desk/unit/assessment")).text)
        assert "照片和通话记录属实 异议成立 看异议" in words
        assert "成立，不计考核" in words_of((await client.get(path)).text)
    assert ("staff:du", "orders", f'{{"why": "supervision, contests: {number}"}}') in await looks(site)
    async with site.store.database.reading() as connection:
        query = (
            select(audit.c.actor, audit.c.action).where(audit.c.subject == number).order_by(audit.c.sequence)
        )
        steps = [
            tuple(row) for row in await connection.execute(query) if row.action.startswith("work_order.")
        ]
    assert steps[-2:] == [("unit:wang", "work_order.contest"), ("supervisor:lu", "work_order.exclude")]


async def test_what_is_contested_without_ground_goes_on_counting_and_late_is_too_late(
    site: ConsolesSite,
) -> None:
    await counted_against_lanshan(site)
    unit = await site.account(R.UNIT_LEAD, login="wang")
    numbers = [a_number(4), a_number(5)]
    async with site.client(unit) as client:
        given = {
            "ground": "other",
            "reason": "诉求人联系不上",
            "revision": (await site.store.get(numbers[0])).revision,
        }
        assert (
            await client.post(f"/desk/unit/{numbers[0]}/contest", data=given, files=PHOTO)
        ).status_code == 303
    async with site.client(await site.account(R.SUPERVISOR, login="lu")) as client:
        order = await site.store.get(numbers[0])
        take = f"/desk/supervision/contests/{numbers[0]}/keep"
        kept_ = await client.post(take, data={"revision": order.revision, "reason": "没有通话记录"})
        assert kept_.status_code == 303
    async with site.client(unit) as client:
        assert "不成立，维持计入" in words_of((await client.get(f"/desk/unit/{numbers[0]}/contest")).text)
        site.clock.move(days=60)
    async with site.client(unit) as client:
        page = words_of((await client.get("/desk/unit/assessment?quarter=2026Q4")).text)
        assert ("维持计入 看异议" in page, "已过异议期限" in page) == (True, True)
        late = {**given, "revision": (await site.store.get(numbers[1])).revision}
        refused = await client.post(f"/desk/unit/{numbers[1]}/contest", data=late, files=PHOTO)
        assert (refused.status_code, "已过提出考核异议的期限" in refused.text) == (409, True)
