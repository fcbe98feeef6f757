"""Staff see which revisits the machine owes and why it does not call, and keep the stop list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands_outbound import cli
from hotline.domain.appeal import PhoneNumber, Secrecy
from hotline.domain.deeds import PassReview, SignFor
from hotline.domain.work_order import WorkOrder
from tests.builders import PHONE, after, an_appeal
from tests.integration.api.conftest import STAFF, Site
from tests.unit.hotline.domain.test_work_order import REPLY
from tests.work_orders import LANSHAN_UNIT, REVIEWER, an_order, keep

AT = "/api/staff/v1/outbound"
CALLER, STRANGER, SECRET = PHONE, PhoneNumber("13905390022"), PhoneNumber("13905390033")
ON_LIST = {"by": "1001", "phone": CALLER.digits}


async def to_revisit(site: Site, order: WorkOrder) -> None:
    await keep(site.store, order)
    for deed, by in ((SignFor(), LANSHAN_UNIT), (REPLY, LANSHAN_UNIT), (PassReview(), REVIEWER)):
        await site.programs.casework.do(order.number, deed, by=by, at=after(1))


@pytest.fixture
async def owing(site: Site) -> Site:
    """Three orders to revisit: of a caller, of somebody who never called from that number, and a confidential one."""
    for number, phone, secrecy in (
        (1, CALLER, Secrecy.NONE),
        (2, STRANGER, Secrecy.NONE),
        (3, SECRET, Secrecy.CONFIDENTIAL),
    ):
        appeal = replace(an_appeal(phone=phone), secrecy=secrecy)
        await to_revisit(site, an_order(number=f"2611230000{number}", appeal=appeal))
    for phone in (CALLER, SECRET):
        await site.parts.outlook.book.note_contact(phone, at=after(0))
    return site


async def test_each_revisit_that_is_owed_is_listed_masked_with_why_it_is_not_placed(owing: Site) -> None:
    async with owing.client() as http:
        rows = (await http.get(f"{AT}/owed", headers=STAFF)).json()
    assert [(row["reference"], row["phone"], row["why_not"]) for row in rows] == [
        ("26112300001", str(CALLER), None),
        ("26112300002", str(STRANGER), "outbound.never_contacted_us"),
        ("26112300003", str(SECRET), "outbound.left_to_person"),
    ]
    assert {(row["purpose"], row["attempt"]) for row in rows} == {("revisit", 1)}


async def test_a_person_stops_calls_to_a_number_and_allows_them_again(owing: Site) -> None:
    async with owing.client() as http:
        assert (await http.post(f"{AT}/stop-list", json=ON_LIST, headers=STAFF)).json() == {
            "is_stopped": True
        }
        (listed,) = (await http.get(f"{AT}/stop-list", headers=STAFF)).json()
        owed = (await http.get(f"{AT}/owed", headers=STAFF)).json()
        gone = (await http.post(f"{AT}/stop-list/resume", json=ON_LIST, headers=STAFF)).json()
        after_all = (await http.get(f"{AT}/stop-list", headers=STAFF)).json()
    assert (listed["phone"], listed["reason"], listed["by"]) == (str(CALLER), "staff", "reviewer:1001")
    assert owed[0]["why_not"] == "outbound.stopped"
    assert (gone, after_all) == ({"is_stopped": False}, [])
    assert await owing.store.audit_break() is None


async def test_a_number_that_is_none_is_refused_and_nobody_else_may_look(site: Site) -> None:
    async with site.client() as http:
        wrong = await http.post(f"{AT}/stop-list", json={"by": "1001", "phone": "139-0539"}, headers=STAFF)
        unknown = await http.get(f"{AT}/owed")
    assert (wrong.status_code, wrong.json()["code"], unknown.status_code) == (422, "http.422", 401)


def test_the_command_keeps_the_stop_list_and_says_what_is_wrong(tmp_path: Path) -> None:
    def hotline(*arguments: str) -> tuple[int, str]:
        found = CliRunner().invoke(cli, [*arguments, "--data-dir", str(tmp_path)])
        printed = [line for line in found.output.splitlines() if "[warning" not in line]
        return found.exit_code, "\n".join(printed)

    assert hotline("list") == (0, "没有待打的电话。")
    assert hotline("stop-list", "add", CALLER.digits) == (0, "")
    code, listed = hotline("stop-list", "list")
    assert (code, listed.split()[0], listed.split()[2:]) == (0, str(CALLER), ["人工决定", "cli"])
    assert hotline("stop-list", "remove", CALLER.digits)[0] == 0
    assert hotline("stop-list", "remove", CALLER.digits) == (1, "名单里没有这个号码。")
    code, wrong = hotline("stop-list", "add", "139-0539")
    assert (code, "3 到 15 位数字" in wrong) == (2, True)
