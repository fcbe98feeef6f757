"""The hotline's staff decide: dispatch, returns, extensions, ends, reviews, revisits, supervision, disclosure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.deeds import (
    AskEnd,
    AskExtension,
    AskHearing,
    ContactExemption,
    Deed,
    EndGround,
    Evidence,
    QueueForDispatch,
    Reply,
    SendBack,
    SignFor,
)
from hotline.domain.diversion import UnreasonableGround
from hotline.domain.life_cycle import Step
from hotline.domain.people import MACHINE
from hotline.domain.work_order import Status, WorkOrder
from tests.builders import NOW, after, an_appeal
from tests.integration.api.conftest import HOUSING_CODE, LANSHAN_CODE, OTHER_CODE, STAFF, Site
from tests.work_orders import LANSHAN_UNIT, a_registered_order, an_order, change, keep

NUMBER = "26112300001"
AT = f"/api/staff/v1/orders/{NUMBER}"
BACK = SendBack("不在本区", "市容条例第11条", HOUSING_CODE)
EXTENSION = AskExtension(NOW + timedelta(days=9), "管网改造")
END = AskEnd(EndGround.NOT_TRUE, "经查室温达标")
REPLY = Reply("已修好", "故障已排除", exemption=ContactExemption.ANONYMOUS)
CONTENT = {
    "is_reached": True,
    "how": "电话",
    "resolution": "resolved",
    "result": "satisfied",
    "attitude": "satisfied",
}


async def after_deeds(site: Site, *deeds: Deed, **values: Any) -> WorkOrder:
    """Keep an order that its lead unit has done this to."""
    order = an_order(NUMBER, **values)
    await keep(site.store, order)
    for index, deed in enumerate(deeds, 1):
        order = await change(site.store, order, deed, by=LANSHAN_UNIT, at=after(index))
    site.clock.move(minutes=1)
    return order


async def waiting(site: Site, **values: Any) -> None:
    """Keep an order that waits to be dispatched by hand."""
    order = a_registered_order(NUMBER, **values)
    await keep(site.store, order.after(QueueForDispatch("需人工派单"), by=MACHINE, at=NOW))
    site.clock.move(minutes=1)


async def step(site: Site, name: str, **body: Any) -> Any:
    async with site.client(headers=STAFF) as client:
        return await client.post(f"{AT}/{name}", json={"by": "r-1", **body})


@pytest.mark.parametrize("key", ["", "Bearer guessed", "Bearer "])
async def test_only_staff_decide(site: Site, key: str) -> None:
    await waiting(site)
    async with site.client(headers={"Authorization": key}) as client:
        refused = await client.post(
            f"{AT}/dispatch", json={"by": "r-1", "unit": LANSHAN_CODE, "reason": "属地"}
        )
    assert refused.status_code == 401
    assert (await site.store.get(NUMBER)).status is Status.TO_DISPATCH


async def test_a_units_key_is_not_enough(site: Site) -> None:
    await waiting(site)
    async with site.unit() as client:
        assert (await client.post(f"{AT}/redo", json={"by": "r-1", "reason": "一"})).status_code == 401


async def test_what_waits_for_a_person_is_found_and_the_look_is_noted(site: Site) -> None:
    await waiting(site)
    await keep(site.store, an_order("26112300002"))
    async with site.client(headers=STAFF) as client:
        waits = (await client.get("/api/staff/v1/orders")).json()["orders"]
        to_sign = (await client.get("/api/staff/v1/orders?state=to_sign")).json()["orders"]
    assert [(order["number"], order["needs_unit"]) for order in waits] == [(NUMBER, True)]
    assert [order["number"] for order in to_sign] == ["26112300002"]
    assert waits[0]["runners_up"][0]["unit"]["name"] == "市住房城乡建设局"


async def test_personal_data_is_masked(site: Site) -> None:
    appeal = an_appeal(text="我叫张三丰，电话13905390001", citizen_name="张三丰")
    await waiting(site, appeal=appeal)
    async with site.client(headers=STAFF) as client:
        shown = (await client.get(AT)).json()
    assert shown["text"] == "我叫张**，电话139******01"


async def test_an_order_is_dispatched_by_hand(site: Site) -> None:
    await waiting(site)
    done = await step(site, "dispatch", unit=LANSHAN_CODE, supporting=[HOUSING_CODE], reason="属地管理")
    assert (done.status_code, done.json()["status"]) == (200, "to_sign")
    assert (done.json()["lead_unit"]["code"], done.json()["because"]) == (LANSHAN_CODE, "属地管理")
    assert done.json()["history"][-1]["by"] == "reviewer:r-1"


async def test_a_tip_off_is_never_dispatched_to_whom_it_names(site: Site) -> None:
    await waiting(site, appeal=an_appeal(kind=AppealKind.TIP_OFF, text="市住房城乡建设局收受好处"))
    refused = await step(site, "dispatch", unit=HOUSING_CODE, reason="行业主管")
    assert (refused.status_code, refused.json()["code"]) == (422, "work_order.conflict_of_interest")
    assert refused.json()["text"] == "举报涉及该单位，须回避，不能派给它。"


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("accept-return", {"reason": "属实"}, "to_dispatch"),
        ("reject-return", {"reason": "属贵单位职责"}, "handling"),
        ("designate", {"unit": OTHER_CODE, "reason": "指定"}, "handling"),
        ("decline", {"ground": "outside_city", "reason": "不在本市"}, "declined"),
    ],
)
async def test_a_return_is_decided_on(site: Site, name: str, body: dict[str, Any], status: str) -> None:
    await after_deeds(site, BACK)
    done = await step(site, name, **body)
    assert (done.status_code, done.json()["status"]) == (200, status)


async def test_an_extension_is_granted_or_refused(site: Site) -> None:
    await after_deeds(site, SignFor(), EXTENSION)
    granted = await step(site, "grant-extension")
    refused = await step(site, "refuse-extension", reason="没有必要")
    assert (granted.status_code, granted.json()["due_at"]) == (200, "2026-12-02T02:00:00+00:00")
    assert (refused.status_code, refused.json()["status"]) == (200, "handling")


async def test_nothing_is_granted_that_was_not_asked_for(site: Site) -> None:
    await after_deeds(site, SignFor())
    refused = await step(site, "grant-extension")
    assert (refused.status_code, refused.json()["missing"]) == (422, "待批准的延期申请")


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("approve-end", {"reason": "属实", "told": "经查不属实，予以终止"}, "ended"),
        ("reject-end", {"reason": "再查"}, "handling"),
    ],
)
async def test_an_end_is_decided_on(site: Site, name: str, body: dict[str, Any], status: str) -> None:
    await after_deeds(site, SignFor(), END)
    done = await step(site, name, **body)
    assert (done.status_code, done.json()["status"]) == (200, status)


async def test_both_sides_are_heard_before_an_appeal_is_judged_unreasonable(site: Site) -> None:
    await after_deeds(site, SignFor(), AskHearing(UnreasonableGround.NOT_TRUE, "不属实", (Evidence("e"),)))
    found = {"ground": "not_true", "reason": "查证不属实", "evidence": [{"id": "e"}]}
    early = await step(site, "decline", **found)
    heard = await step(site, "give-opinion", side="citizen", text="三次未接，已短信通知", is_silent=True)
    declined = await step(site, "decline", **found)
    assert (early.status_code, early.json()["text"]) == (409, "须先听取承办单位和诉求人双方的意见。")
    assert (heard.json()["status"], declined.json()["status"]) == ("handling", "declined")
    assert (await step(site, "reject-hearing", reason="x")).status_code == 409


async def test_a_reply_is_reviewed_the_citizen_revisited_and_the_order_concluded_and_disclosed(
    site: Site,
) -> None:
    await after_deeds(site, SignFor(), REPLY)
    statuses = [
        (await step(site, name, **body)).json()["status"]
        for name, body in (
            ("pass-review", {}),
            ("revisit", CONTENT),
            ("conclude", {}),
            ("disclose", {"text": "银雀山街道供热故障已排除。"}),
            ("withhold", {"reason": "只涉及本人"}),
            ("exclude", {"ground": "不可抗力", "reason": "极端天气", "approver": "r-2"}),
            ("reopen", {"reason": "又不热了"}),
        )
    ]
    assert statuses == ["to_revisit", "to_revisit", *["concluded"] * 4, "to_dispatch"]


async def test_what_tells_who_somebody_is_is_not_disclosed(site: Site) -> None:
    await after_deeds(site, SignFor(), REPLY)
    for name, body in (("pass-review", {}), ("revisit", CONTENT), ("conclude", {})):
        await step(site, name, **body)
    refused = await step(site, "disclose", text="已联系李建国13905390001")
    assert (refused.status_code, refused.json()["code"]) == (422, "work_order.deed_refused")
    assert "脱敏：仍有13*" in refused.json()["text"]
    assert (await site.store.get(NUMBER)).count(Step.DISCLOSE) == 0


async def test_a_citizen_who_is_not_content_has_it_handled_again(site: Site) -> None:
    await after_deeds(site, SignFor(), REPLY)
    await step(site, "pass-review")
    done = await step(site, "revisit", **{**CONTENT, "result": "dissatisfied"})
    assert (done.status_code, done.json()["status"]) == (200, "handling")


async def test_a_reply_that_does_not_answer_is_asked_for_again(site: Site) -> None:
    await after_deeds(site, SignFor(), REPLY)
    done = await step(site, "redo", reason="答非所问")
    assert (done.status_code, done.json()["status"]) == (200, "handling")


async def test_supervision_starts_skips_only_with_an_approver_and_is_ended(site: Site) -> None:
    await after_deeds(site, SignFor())
    first = await step(site, "supervise", tier=1, reason="红牌")
    skipped = await step(site, "supervise", tier=4, reason="久拖不决")
    approved = await step(site, "supervise", tier=4, reason="久拖不决", approver="boss-1")
    ended = await step(site, "resume", reason="已整改")
    assert (first.json()["tier"], first.json()["history"][-1]["by"]) == (1, "supervisor:r-1")
    assert (skipped.status_code, skipped.json()["text"]) == (409, "越级督办须写明批准人。")
    assert (approved.json()["tier"], ended.json()["status"]) == (4, "handling")


async def test_units_confer_and_more_units_help(site: Site) -> None:
    await after_deeds(site, SignFor())
    talked = await step(
        site, "confer", kind="joint_meeting", participants=["兰山区", "市住建局"], conclusion="由兰山区主办"
    )
    helped = await step(site, "add-units", units=[OTHER_CODE], reason="跨区")
    assert (talked.status_code, talked.json()["history"][-1]["note"]) == (200, "由兰山区主办")
    assert [unit["code"] for unit in helped.json()["supporting_units"]] == [HOUSING_CODE, OTHER_CODE]


async def test_an_order_is_diverted_with_what_the_citizen_was_told(site: Site) -> None:
    await waiting(site)
    unsaid = await step(site, "divert", outcome="statutory_channel", reason="已进入诉讼")
    done = await step(site, "divert", outcome="statutory_channel", reason="已进入诉讼", told="请向法院提出")
    assert (unsaid.status_code, unsaid.json()["missing"]) == (422, "分流理由和告知话术")
    assert (done.status_code, done.json()["status"]) == (200, "diverted")


async def test_an_order_is_merged_and_its_citizen_goes_along(site: Site) -> None:
    await waiting(site)
    await keep(site.store, an_order("26112300002"))
    itself = await step(site, "merge", into=NUMBER, reason="重复", told="已并入")
    done = await step(site, "merge", into="26112300002", reason="重复", told="已并入")
    assert itself.status_code == 409
    assert (done.json()["number"], done.json()["citizens"]) == ("26112300002", 2)
    assert (await site.store.get(NUMBER)).merged_into == "26112300002"


async def test_what_is_secret_is_not_disclosed(site: Site) -> None:
    await after_deeds(site, SignFor(), REPLY, appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL))
    for name, body in (("pass-review", {}), ("revisit", CONTENT), ("conclude", {})):
        assert (await step(site, name, **body)).status_code == 200
    refused = await step(site, "disclose", text="某处供热")
    assert (refused.status_code, refused.json()["text"]) == (
        409,
        "保密件、举报件和涉及未成年人的工单不得公开。",
    )


async def test_of_two_agents_who_read_the_same_the_second_is_told(site: Site) -> None:
    await waiting(site)
    async with site.client(headers=STAFF) as client:
        revision = (await client.get(AT)).json()["revision"]
    first = await step(site, "dispatch", unit=LANSHAN_CODE, reason="属地", revision=revision)
    second = await step(site, "designate", unit=OTHER_CODE, reason="指定", revision=revision)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "work_order.stale"
    assert (await site.store.get(NUMBER)).lead_unit == LANSHAN_CODE
