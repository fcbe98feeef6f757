"""The confidential relay and unmasking over HTTP."""

from __future__ import annotations

from sqlalchemy import select

from hotline.domain.appeal import Secrecy
from hotline.store.tables import audit
from tests.builders import an_appeal
from tests.integration.api.conftest import OTHER_CODE, STAFF, Site
from tests.work_orders import an_order, keep

NUMBER = "26112300001"


async def test_unit_and_citizen_talk_and_no_number_is_shown(site: Site) -> None:
    await keep(site.store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL, citizen_name="李建国")))
    at_unit, at_staff = f"/api/unit/v1/orders/{NUMBER}/relay", f"/api/staff/v1/orders/{NUMBER}/relay"
    async with site.unit() as unit, site.client(headers=STAFF) as staff:
        asked = await unit.post(at_unit, json={"text": "请问几号楼？"}, headers={"Idempotency-Key": "once"})
        again = await unit.post(at_unit, json={"text": "请问几号楼？"}, headers={"Idempotency-Key": "once"})
        assert (asked.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
        answer = {"by": "a-7", "for_citizen": True, "text": "三号楼，我是李建国，打13905390001"}
        assert (await staff.post(at_staff, json=answer)).status_code == 200
        talk = (await unit.get(at_unit)).json()
    assert [(each["side"], each["text"]) for each in talk["messages"]] == [
        ("unit", "请问几号楼？"), ("citizen", "三号楼，我是***，打***"),
    ]  # fmt: skip
    async with site.unit(OTHER_CODE) as other:
        assert (await other.get(at_unit)).status_code == 404
        assert (await other.post(at_unit, json={"text": "x"})).status_code == 404


async def test_unmasking_takes_two_people_and_a_reason_and_is_written_down_first(site: Site) -> None:
    await keep(site.store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)))
    address = f"/api/staff/v1/orders/{NUMBER}/unmask"
    async with site.client(headers=STAFF) as staff:
        alone = await staff.post(address, json={"by": "a-7", "approver": "a-7", "reason": "核实线索"})
        silent = await staff.post(address, json={"by": "a-7", "approver": "r-1", "reason": " "})
        told = await staff.post(address, json={"by": "a-7", "approver": "r-1", "reason": "核实线索"})
    assert (alone.status_code, silent.status_code) == (422, 422)
    assert told.json()["citizens"] == [{"record": NUMBER, "name": "", "phone": "13905390001"}]
    async with site.store.database.reading() as connection:
        found = select(audit.c.actor, audit.c.detail).where(audit.c.action == "looked")
        (row,) = (await connection.execute(found)).all()
    assert row.actor == "agent:a-7"
    assert "approved by reviewer:r-1" in row.detail
