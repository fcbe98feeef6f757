"""Handling units' programs: they see their orders, take their steps, and are told clearly why not."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.deeds import AddUnits, Join, RejectHearing, SendBack, SignFor, Suspend
from hotline.domain.people import CITIZEN
from hotline.domain.work_order import Status
from hotline.store.tables import access_keys, audit
from tests.builders import NOW, after, an_appeal
from tests.integration.api.conftest import CITY, HOUSING_CODE, LANSHAN_CODE, OTHER_CODE, STAFF, Site
from tests.work_orders import LANSHAN_UNIT, REVIEWER, a_decision, an_order, change, keep

NUMBER = "26112300001"
AT = f"/api/unit/v1/orders/{NUMBER}"
SEND_BACK = {"reason": "不在本区", "basis": "市容条例第11条", "suggested_unit": HOUSING_CODE}
CONTACT = {"at": "2026-11-23T03:00:00Z", "how": "电话", "evidence": [{"id": "rec-1", "what": "contact"}]}
REPLY = {"to_citizen": "已修好，您家暖气已热。", "public": "供热故障已排除。", "contact": CONTACT}


async def handling(site: Site, **values: Any) -> None:
    await keep(site.store, an_order(NUMBER, **values))
    await change(site.store, await site.store.get(NUMBER), SignFor(), by=LANSHAN_UNIT, at=after(1))
    site.clock.move(minutes=1)


async def looks(site: Site) -> list[tuple[str, str, str]]:
    rows = select(audit.c.actor, audit.c.subject, audit.c.detail).where(audit.c.action == "looked")
    async with site.store.database.engine.connect() as connection:
        return [tuple(row) for row in (await connection.execute(rows.order_by(audit.c.sequence))).all()]


@pytest.mark.parametrize("key", ["", "guessed", "0123456789ab.guessed", "一.二", "." * 300])
async def test_without_a_key_nothing_is_shown(site: Site, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}".encode()}
    async with site.client(headers=headers) as client:
        refused = await client.get("/api/unit/v1/orders")
    assert (refused.status_code, refused.json()) == (
        401, {"code": "http.401", "text": "需要有效的口令或者密钥。", "retryable": False}
    )  # fmt: skip


async def test_a_revoked_key_lets_nobody_in(site: Site) -> None:
    async with site.unit() as client:
        assert (await client.get("/api/unit/v1/orders")).status_code == 200
        id_ = (await site.key(f"unit:{LANSHAN_CODE}")).partition(".")[0]
        assert await site.programs.keys.revoke(id_, by="test", at=NOW)
        assert (await client.get("/api/unit/v1/orders")).status_code == 401
    assert not await site.programs.keys.revoke(id_, by="test", at=NOW)


async def test_an_apps_key_is_no_units_key(site: Site) -> None:
    key = await site.key("app:wechat")
    async with site.client(headers={"Authorization": f"Bearer {key}"}) as client:
        assert (await client.get("/api/unit/v1/orders")).status_code == 401


async def test_of_a_key_only_a_digest_is_kept_and_its_last_use(site: Site) -> None:
    key = await site.key(f"unit:{LANSHAN_CODE}")
    secret = key.partition(".")[2]
    site.clock.move(hours=1)
    async with site.unit() as client:
        await client.get("/api/unit/v1/orders")
    async with site.store.database.engine.connect() as connection:
        row = (await connection.execute(select(access_keys))).one()
    assert secret not in str(row)
    assert (row.holder, row.used_at) == (f"unit:{LANSHAN_CODE}", NOW + timedelta(hours=1))


async def test_a_unit_sees_the_orders_it_leads_page_by_page(site: Site) -> None:
    await keep(site.store, *(an_order(f"2611230000{n}") for n in (1, 2, 3)))
    other = a_decision(lead_unit=OTHER_CODE, supporting_units=())
    await keep(site.store, an_order("26112300004", routing=other))
    async with site.unit() as client:
        first = (await client.get("/api/unit/v1/orders?limit=2")).json()
        second = (await client.get(f"/api/unit/v1/orders?limit=2&after={first['next']}")).json()
        signed = (await client.get("/api/unit/v1/orders?state=handling")).json()
    assert [order["number"] for order in first["orders"]] == ["26112300001", "26112300002"]
    assert [order["number"] for order in second["orders"]] == ["26112300003"]
    assert (first["next"], second["next"]) == ("26112300002", None)
    assert signed == {"orders": [], "next": None}


async def test_a_unit_sees_the_orders_it_supports_as_long_as_it_does(site: Site) -> None:
    await keep(site.store, an_order(NUMBER), an_order("26112300002", routing=a_decision(supporting_units=())))
    path = "/api/unit/v1/orders?role=supporting"
    async with site.unit(HOUSING_CODE) as client, site.unit(OTHER_CODE) as other:
        first = (await client.get(path)).json()["orders"]
        added = AddUnits((OTHER_CODE,), "跨区")
        await change(site.store, await site.store.get("26112300002"), added, by=REVIEWER, at=after(1))
        added_later = (await other.get(path)).json()["orders"]
        back = SendBack("不在本区", "市容条例第11条", HOUSING_CODE)
        await change(site.store, await site.store.get(NUMBER), back, by=LANSHAN_UNIT, at=after(1))
        site.clock.move(minutes=1)
        await site.programs.casework.designate(
            NUMBER, OTHER_CODE, reason="指定", by=REVIEWER, at=site.clock()
        )
        afterwards = (await client.get(path)).json()["orders"]
    assert [order["number"] for order in first] == [NUMBER]
    assert [order["number"] for order in added_later] == ["26112300002"]
    assert afterwards == []


async def test_an_order_is_shown_with_contact_limits_and_history(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client:
        order = (await client.get(AT)).json()
    assert (order["text"], order["contact"], order["status_text"]) == (
        "家里暖气不热",
        "13905390001",
        "待签收",
    )
    assert order["lead_unit"] == {"code": LANSHAN_CODE, "name": "兰山区人民政府"}
    assert [(entry["step"], entry["by"]) for entry in order["history"]] == [
        (None, "machine"),
        ("dispatch", "machine"),
    ]
    assert {limit["purpose"] for limit in order["limits"]} >= {"signing", "sending_back", "handling"}


@pytest.mark.parametrize("secret", [{"secrecy": Secrecy.CONFIDENTIAL}, {"kind": AppealKind.TIP_OFF}])
async def test_who_wants_to_stay_unknown_stays_unknown(site: Site, secret: dict[str, Any]) -> None:
    appeal = an_appeal(text="我是张三丰，电话13905390001，举报", citizen_name="张三丰", **secret)
    await keep(site.store, an_order(NUMBER, appeal=appeal))
    async with site.unit() as client:
        shown = [
            (await client.get(path)).text for path in ("/api/unit/v1/orders", AT)
        ] + [(await client.post(f"{AT}/sign", json={})).text]  # fmt: skip
    for text in shown:
        assert "张三丰" not in text
        assert "13905390001" not in text
        assert '"is_confidential":true' in text


async def test_a_citizen_who_joins_in_secret_is_not_named_by_the_history(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    join = Join(
        "26112300009",
        "我是李四光，13905391234，也不热",
        PhoneNumber("13905391234"),
        "李四光",
        Secrecy.CONFIDENTIAL,
    )
    await change(site.store, await site.store.get(NUMBER), join, by=CITIZEN, at=after(1))
    async with site.unit() as client:
        text = (await client.get(AT)).text
    assert "也不热" in text
    assert "李四光" not in text
    assert "13905391234" not in text


@pytest.mark.parametrize("path", [AT, "/api/unit/v1/orders/26112399999"])
async def test_other_units_orders_do_not_exist(site: Site, path: str) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit(OTHER_CODE) as client:
        seen, signed = await client.get(path), await client.post(f"{path}/sign", json={})
    for refused in (seen, signed):
        assert (refused.status_code, refused.json()) == (
            404, {"code": "work_order.not_found", "text": "没有这张工单。", "retryable": False}
        )  # fmt: skip
    assert (await site.store.get(NUMBER)).status is Status.TO_SIGN


async def test_every_look_is_in_the_audit_chain_once_in_ten_minutes(site: Site) -> None:
    await keep(site.store, an_order(NUMBER), an_order("26112300002"))
    async with site.unit() as client:
        await client.get(AT)
        await client.get(AT)
        await client.get("/api/unit/v1/orders")
        site.clock.move(minutes=11)
        await client.get("/api/unit/v1/orders")
    by = f"unit:{LANSHAN_CODE}"
    assert [row[:2] for row in await looks(site)] == [
        (by, NUMBER),
        (by, "26112300002"),
        (by, f"inbox:{LANSHAN_CODE}"),
    ]
    assert "26112300001 26112300002" in (await looks(site))[2][2]
    assert await site.store.audit_break() is None


async def test_the_whole_way_from_signing_to_the_reply(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client, site.unit(HOUSING_CODE) as helper:
        signed = (await client.post(f"{AT}/sign", json={"by": "wang-1"})).json()
        assert (signed["status"], signed["revision"]) == ("handling", 2)
        noticed = await client.post(f"{AT}/give-notice", json={"text": "正在抢修"})
        helped = await helper.post(f"{AT}/co-reply", json={"text": "已调压"})
        replied = (
            await client.post(f"{AT}/reply", json={**REPLY, "revision": helped.json()["revision"]})
        ).json()
    assert (noticed.status_code, helped.status_code, replied["status"]) == (200, 200, "replied")
    order = await site.store.get(NUMBER)
    assert order.reply is not None
    assert (order.reply.public, str(order.history[2].by)) == (
        "供热故障已排除。",
        f"unit:{LANSHAN_CODE}/wang-1",
    )


async def test_an_order_is_sent_back_extended_suspended_resumed_and_its_end_asked_for(site: Site) -> None:
    await handling(site)
    until = (NOW + timedelta(days=9)).isoformat()
    async with site.unit() as client:
        asked = await client.post(f"{AT}/ask-extension", json={"until": until, "reason": "管网改造"})
        suspended = await client.post(f"{AT}/suspend", json={"until": until, "measures": "临时供热"})
        resumed = await client.post(f"{AT}/resume", json={"reason": "材料已到"})
        heard = {"ground": "beyond_reason", "reason": "超出供热标准", "evidence": [{"id": "report-1"}]}
        hearing = await client.post(f"{AT}/ask-hearing", json=heard)
        said = await client.post(f"{AT}/give-opinion", json={"text": "三次测温达标"})
        early = await client.post(f"{AT}/ask-end", json={"ground": "not_true", "reason": "x"})
        assert (hearing.status_code, said.status_code, early.status_code) == (200, 200, 409)
        order = await site.store.get(NUMBER)
        await change(site.store, order, RejectHearing("诉求合理"), by=REVIEWER, at=order.history[-1].at)
        ended = await client.post(f"{AT}/ask-end", json={"ground": "not_true", "reason": "经查室温达标"})
    assert [each.status_code for each in (asked, suspended, resumed, ended)] == [200, 200, 200, 200]
    assert asked.json()["asked_extension_until"] == "2026-12-02T02:00:00Z"
    assert suspended.json()["suspended_until"] == "2026-12-02T02:00:00Z"
    assert [each.json()["status"] for each in (suspended, resumed, ended)] == [
        "suspended",
        "handling",
        "end_asked",
    ]


async def test_a_return_is_asked_for_with_reason_basis_and_unit(site: Site) -> None:
    await handling(site)
    async with site.unit() as client:
        unknown = await client.post(f"{AT}/send-back", json={**SEND_BACK, "suggested_unit": "body-moon"})
        returned = await client.post(f"{AT}/send-back", json=SEND_BACK)
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["unit"]) == (
        422,
        "unit.unknown",
        "body-moon",
    )
    assert returned.json()["status"] == "return_asked"


@pytest.mark.parametrize(
    ("step", "body", "missing"),
    [
        ("send-back", {"basis": "条例", "suggested_unit": HOUSING_CODE}, "退回理由"),
        ("send-back", {"reason": "不在本区", "suggested_unit": HOUSING_CODE}, "退回依据"),
        ("send-back", {"reason": "不在本区", "basis": "  ", "suggested_unit": HOUSING_CODE}, "退回依据"),
        ("reply", {"to_citizen": "已办", "public": "已办"}, "联系诉求人的证据，或免于联系的理由"),
        ("reply", {**REPLY, "is_resolved": False}, "未解决的原因"),
        ("co-reply", {"text": ""}, "协办意见"),
    ],
)
async def test_what_is_missing_is_named(site: Site, step: str, body: dict[str, Any], missing: str) -> None:
    await handling(site)
    async with site.unit() as client:
        refused = await client.post(f"{AT}/{step}", json=body)
    assert (refused.status_code, refused.json()) == (
        422,
        {
            "code": "work_order.deed_refused", "text": f"缺少：{missing}。", "retryable": False,
            "missing": missing,
        },
    )  # fmt: skip


async def test_a_step_that_the_state_forbids_is_refused_with_the_state(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client:
        refused = await client.post(f"{AT}/reply", json=REPLY)
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "code": "work_order.illegal_transition", "text": "工单现在是“待签收”，不能“反馈”。", "retryable": False,
            "status": "to_sign", "step": "reply",
        },
    )  # fmt: skip


async def test_a_step_that_a_rule_forbids_is_refused_with_the_rule(site: Site) -> None:
    await handling(site)
    site.clock.move(days=3)
    async with site.unit() as client, site.unit(HOUSING_CODE) as helper:
        late = await client.post(f"{AT}/send-back", json=SEND_BACK)
        not_lead = await helper.post(f"{AT}/reply", json=REPLY)
    assert (late.status_code, late.json()["text"]) == (409, "已过退回期限，视为本单位承办。")
    assert late.json()["reason"] == "the time for sending back is over: it counts as yours"
    assert (not_lead.status_code, not_lead.json()["text"]) == (409, "只有主办单位可以操作。")


async def test_of_two_who_read_the_same_the_second_is_told(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client:
        revision = (await client.get(AT)).json()["revision"]
        first = await client.post(f"{AT}/sign", json={"revision": revision})
        second = await client.post(f"{AT}/send-back", json={**SEND_BACK, "revision": revision})
    assert first.status_code == 200
    assert (second.status_code, second.json()) == (
        409,
        {"code": "work_order.stale", "text": "这张工单已被别人改动，请重新读取后再办。", "retryable": True},
    )


async def test_of_many_who_sign_at_once_one_does(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client:
        answers = await asyncio.gather(*(client.post(f"{AT}/sign", json={}) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409, 409]
    assert (await site.store.get(NUMBER)).revision == 2


async def test_a_repeated_step_gets_the_first_answer_and_is_taken_once(site: Site) -> None:
    await handling(site)
    again = {"Idempotency-Key": "a-1"}
    async with site.unit() as client:
        first = await client.post(f"{AT}/give-notice", json={"text": "正在抢修"}, headers=again)
        second = await client.post(f"{AT}/give-notice", json={"text": "正在抢修"}, headers=again)
        other = await client.post(f"{AT}/give-notice", json={"text": "别的"}, headers=again)
        third = await client.post(f"{AT}/give-notice", json={"text": "正在抢修"})
    assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
    assert second.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.other_request")
    assert third.json()["revision"] == first.json()["revision"] + 1


async def test_keys_of_two_units_are_apart_and_are_forgotten_after_a_day(site: Site) -> None:
    await handling(site)
    again = {"Idempotency-Key": "a-1"}
    async with site.unit() as client, site.unit(HOUSING_CODE) as helper:
        await client.post(f"{AT}/give-notice", json={"text": "一"}, headers=again)
        helped = await helper.post(f"{AT}/co-reply", json={"text": "二"}, headers=again)
        site.clock.move(hours=25)
        later = await client.post(f"{AT}/give-notice", json={"text": "三"}, headers=again)
    assert (helped.status_code, later.status_code) == (200, 200)
    assert "idempotent-replayed" not in later.headers


async def test_an_answer_lost_with_its_process_does_not_block_for_ever(site: Site) -> None:
    await handling(site)
    holder, key = f"unit:{LANSHAN_CODE}", "a-1"
    body = {"text": "正在抢修"}
    asked = httpx.Request("POST", f"http://site{AT}/give-notice", json=body)
    digest = hashlib.sha256(f"POST {AT}/give-notice\n".encode() + asked.read()).hexdigest()
    assert await site.programs.answers.begin(holder, key, digest, at=site.clock()) is None
    async with site.unit() as client:
        waits = await client.post(f"{AT}/give-notice", json=body, headers={"Idempotency-Key": key})
        site.clock.move(minutes=2)
        taken = await client.post(f"{AT}/give-notice", json=body, headers={"Idempotency-Key": key})
    assert (waits.status_code, waits.json()["code"], waits.json()["retryable"]) == (
        409,
        "idempotency.under_way",
        True,
    )
    assert taken.status_code == 200


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"content": b"\xff\xfe{", "headers": {"content-type": "application/json"}}, 400, "http.400"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "http.422"),
        ({"content": b"text=1", "headers": {"content-type": "text/plain"}}, 415, "http.415"),
        ({"json": {"text": "x" * 300_000}}, 413, "http.413"),
        ({"json": {"text": "x" * 5_000}}, 422, "http.422"),
        (
            {"content": b'{"text": "\\ud800"}', "headers": {"content-type": "application/json"}},
            422,
            "http.422",
        ),
        ({"content": b'{"\\ud800": 1}', "headers": {"content-type": "application/json"}}, 422, "http.422"),
        ({"json": {"text": "一", "revision": 2**70}}, 422, "http.422"),
        ({"json": {"text": "一", "surprise": 1}}, 422, "http.422"),
        ({"json": {"text": "一"}, "headers": {"Idempotency-Key": "k" * 65}}, 422, "http.422"),
    ],
)
async def test_bad_bodies_are_refused_clearly(
    site: Site, send: dict[str, Any], status: int, code: str
) -> None:
    await handling(site)
    async with site.unit() as client:
        refused = await client.post(f"{AT}/give-notice", **send)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["text"] != ""


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_too(site: Site) -> None:
    async def endless() -> Any:
        while True:
            yield b" " * 10_000

    async with site.unit() as client:
        headers = {"content-type": "application/json"}
        refused = await client.post(f"{AT}/sign", content=endless(), headers=headers)
    assert refused.status_code == 413


@pytest.mark.parametrize("after_", ["x", "26112300001'--", "9" * 13, "２６１１２３００００１"])
async def test_a_bad_cursor_is_refused(site: Site, after_: str) -> None:
    async with site.unit() as client:
        refused = await client.get("/api/unit/v1/orders", params={"after": after_})
    assert (refused.status_code, refused.json()["code"]) == (422, "http.422")


async def test_times_beyond_all_calendars_are_refused(site: Site) -> None:
    await handling(site)
    async with site.unit() as client:
        for until in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-12-01T00:00:00"):
            refused = await client.post(f"{AT}/suspend", json={"until": until, "measures": "临时供热"})
            assert refused.status_code == 422


async def test_a_unit_that_is_no_longer_listed_is_told_and_staff_see_its_orders_marked(
    new_site: Callable[..., Site],
) -> None:
    left = MappingProxyType({code: unit for code, unit in CITY.units.items() if code != LANSHAN_CODE})
    site = new_site(city=replace(CITY, units=left))
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client, site.client(headers=STAFF) as staff:
        refused = await client.get("/api/unit/v1/orders")
        found = (await staff.get("/api/staff/v1/orders", params={"unit": LANSHAN_CODE})).json()["orders"]
    assert (refused.status_code, refused.json()["code"]) == (403, "unit.not_listed")
    assert [(order["number"], order["needs_unit"]) for order in found] == [(NUMBER, True)]
    assert found[0]["lead_unit"] == {
        "code": LANSHAN_CODE, "name": LANSHAN_CODE, "is_listed": False,
        "remark": "该单位已不在承办单位名录中，请重新派单",
    }  # fmt: skip


@pytest.mark.parametrize("deeds", [[], [SignFor()], [SignFor(), Suspend(after(9_000), "临时供热")]])
async def test_what_a_unit_left_behind_is_given_to_another(
    new_site: Callable[..., Site], deeds: list[Any]
) -> None:
    left = MappingProxyType({code: unit for code, unit in CITY.units.items() if code != LANSHAN_CODE})
    site = new_site(city=replace(CITY, units=left))
    order = an_order(NUMBER)
    await keep(site.store, order)
    for index, deed in enumerate(deeds, 1):
        order = await change(site.store, order, deed, by=LANSHAN_UNIT, at=after(index))
    site.clock.move(days=30)
    async with site.client(headers=STAFF) as staff:
        body = {"by": "r-1", "unit": OTHER_CODE, "reason": "原单位已撤并"}
        done = await staff.post(f"/api/staff/v1/orders/{NUMBER}/designate", json=body)
    assert (done.status_code, done.json()["status"], done.json()["needs_unit"]) == (200, "handling", False)
    assert (await site.store.get(NUMBER)).lead_unit == OTHER_CODE
    async with site.unit(OTHER_CODE) as client:
        assert (await client.post(f"{AT}/give-notice", json={"text": "正在抢修"})).status_code == 200


async def test_what_a_listed_unit_has_is_not_taken_from_it(site: Site) -> None:
    await handling(site)
    async with site.client(headers=STAFF) as staff:
        body = {"by": "r-1", "unit": OTHER_CODE, "reason": "换一家"}
        refused = await staff.post(f"/api/staff/v1/orders/{NUMBER}/designate", json=body)
    assert (refused.status_code, refused.json()["reason"]) == (
        409,
        "only a unit that is no longer listed is replaced",
    )
    assert (await site.store.get(NUMBER)).lead_unit == LANSHAN_CODE


async def test_a_database_that_is_away_may_be_asked_again(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    async with site.unit() as client:
        await client.get(AT)
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE work_orders RENAME TO gone")
        refused = await client.post(f"{AT}/sign", json={}, headers={"Idempotency-Key": "a"})
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE gone RENAME TO work_orders")
        signed = await client.post(f"{AT}/sign", json={}, headers={"Idempotency-Key": "a"})
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (
        503,
        "store.unavailable",
        True,
    )
    assert (signed.status_code, signed.json()["status"]) == (200, "handling")
