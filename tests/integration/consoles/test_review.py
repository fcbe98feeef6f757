"""The review desk: what waits for a decision, and what each decision does."""

from __future__ import annotations

import json
import re

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.deeds import (
    AskEnd,
    AskExtension,
    Conclude,
    Confer,
    ConferenceKind,
    ContactExemption,
    Deed,
    EndGround,
    Exclude,
    Object,
    PassReview,
    QueueForDispatch,
    Reply,
    Revisit,
    SendBack,
    SignFor,
    Supervise,
    Tier,
)
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import CITIZEN, MACHINE
from hotline.domain.time_limits import LimitPurpose
from hotline.domain.work_order import WorkOrder
from tests.builders import after, an_appeal
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_orders import looks, words_of
from tests.work_orders import LANSHAN_UNIT, REVIEWER, SUPERVISOR, a_registered_order, an_order, change, keep

R = StaffRole
DAY = 86_400
BACK = SendBack("不在辖区", "城市供热条例第五条", "body-housing")
MORE = AskExtension(after(10 * DAY), "等配件")
REPLY = Reply("已修好。", "供热已恢复。", exemption=ContactExemption.NOT_WANTED)
END = AskEnd(EndGround.NOT_TRUE, "三次测温均达标")


async def asked(site: ConsolesSite, number: str, *deeds: Deed) -> WorkOrder:
    """An order on which its unit has done this."""
    order = an_order(number)
    await keep(site.store, order)
    for seconds, deed in enumerate(deeds, 1):
        order = await change(site.store, order, deed, by=LANSHAN_UNIT, at=after(seconds))
    site.clock.at = after(60)
    return order


async def test_what_waits_is_counted_by_kind_and_each_is_in_its_own_list(site: ConsolesSite) -> None:
    await asked(site, "26112300001", BACK)
    await asked(site, "26112300002", SignFor(), MORE)
    await asked(site, "26112300003", SignFor(), END)
    await asked(site, "26112300004", SignFor(), REPLY)
    await asked(site, "26112300005", SignFor())
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        first = words_of((await client.get("/desk/review")).text)
        for number, tab in enumerate(("returns", "extensions", "ends", "replies"), 1):
            words = words_of((await client.get(f"/desk/review?tab={tab}")).text)
            assert [each for each in range(1, 6) if f"2611230000{each}" in words] == [number], tab
    assert "退回申请 1 延期申请 1 终止申请 1 待审核反馈 1 待派单 0 待回访 0" in first
    assert ("staff:li", "orders", '{"why": "review: 26112300001"}') in await looks(site)


async def test_a_return_is_accepted_and_dispatched_or_designated_or_rejected(site: ConsolesSite) -> None:
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        for number, steps, expected, unit in (
            ("26112300001", ("accept_return", "dispatch"), Status.TO_SIGN, "body-housing"),
            ("26112300002", ("designate",), Status.HANDLING, "body-housing"),
            ("26112300003", ("reject_return",), Status.HANDLING, "county-371302"),
        ):
            order = await asked(site, number, BACK)
            page = words_of((await client.get(f"/desk/review/{number}")).text)
            assert "申请退回 第 1 次 理由 不在辖区 依据 城市供热条例第五条 建议单位 市住房城乡建设局" in page
            for revision, step in enumerate(steps, order.revision):
                path, given = f"/desk/review/{number}/{step}", {"revision": revision, "unit": "body-housing"}
                assert (await client.post(path, data={**given, "reason": " "})).status_code == 422
                given |= {"reason": "行业主管", "basis": "holds", "supporting": "body-police"}
                assert (await client.post(path, data=given)).status_code == 303
            found = await site.store.get(number)
            assert (found.status, found.lead_unit, found.history[-1].by.id) == (expected, unit, "li")


async def test_an_extension_is_granted_or_refused_once_and_is_gone_from_the_list(site: ConsolesSite) -> None:
    first = await asked(site, "26112300001", SignFor(), MORE)
    second = await asked(site, "26112300002", SignFor(), MORE)
    async with site.client(await site.account(R.REVIEWER)) as client:
        granted, refused = (
            "/desk/review/26112300001/grant_extension",
            "/desk/review/26112300002/refuse_extension",
        )
        assert (await client.post(granted, data={"revision": first.revision})).status_code == 303
        assert (await client.post(granted, data={"revision": first.revision + 1})).status_code == 422
        assert (
            await client.post(refused, data={"revision": second.revision, "reason": "工期足够"})
        ).status_code == 303
        assert "没有要决定的" in (await client.get("/desk/review?tab=extensions")).text
    ends = [
        (await site.store.get(each)).end_of(LimitPurpose.HANDLING) for each in ("26112300001", "26112300002")
    ]
    assert ends == [after(10 * DAY), after(7 * DAY)]


async def test_an_extension_of_a_supervised_order_waits_in_the_list_and_is_granted(
    site: ConsolesSite,
) -> None:
    order = await asked(site, "26112300001", SignFor(), MORE)
    order = await change(site.store, order, Supervise(Tier.HOTLINE, "集中反映"), by=SUPERVISOR, at=after(10))
    async with site.client(await site.account(R.REVIEWER)) as client:
        listed = words_of((await client.get("/desk/review?tab=extensions")).text)
        assert ("26112300001" in listed, "：等配件" in listed) == (True, True)
        granted = await client.post(
            "/desk/review/26112300001/grant_extension", data={"revision": order.revision}
        )
    assert granted.status_code == 303
    found = await site.store.get("26112300001")
    assert (found.status, found.due_at) == (Status.SUPERVISED, after(10 * DAY))


async def test_a_reply_passes_or_is_done_again_and_an_end_is_told_to_the_citizen(site: ConsolesSite) -> None:
    async with site.client(await site.account(R.REVIEWER)) as client:
        for number, deed, step, given, expected in (
            ("26112300001", REPLY, "pass_review", {}, Status.TO_REVISIT),
            ("26112300002", REPLY, "redo", {"reason": "没有写明措施"}, Status.HANDLING),
            ("26112300003", END, "approve_end", {"reason": "属实", "told": "已办理完毕。"}, Status.ENDED),
            ("26112300004", END, "reject_end", {"reason": "仍在反映"}, Status.HANDLING),
        ):
            order = await asked(site, number, SignFor(), deed)
            shown = words_of((await client.get(f"/desk/review/{number}")).text)
            assert ("给诉求人 已修好。 可公开 供热已恢复。" if deed is REPLY else "情形 经查不属实") in shown
            done = await client.post(
                f"/desk/review/{number}/{step}", data={"revision": order.revision, **given}
            )
            assert (step, done.status_code, (await site.store.get(number)).status) == (step, 303, expected)


async def test_a_step_that_is_not_the_reviewers_is_not_there(site: ConsolesSite) -> None:
    order = await asked(site, "26112300001")
    async with site.client(await site.account(R.REVIEWER)) as client:
        for step in ("sign_for", "withdraw", "supervise", "archive", "nonsense"):
            answer = await client.post(f"/desk/review/26112300001/{step}", data={"revision": order.revision})
            assert (step, answer.status_code) == (step, 404)
    found = await site.store.get("26112300001")
    assert [entry.step for entry in found.history] == [None, Step.DISPATCH]


async def waits_for_dispatch(site: ConsolesSite, number: str, **appeal: object) -> WorkOrder:
    """An order that nobody could route."""
    order = a_registered_order(number, appeal=an_appeal(**appeal))
    await keep(site.store, order.after(QueueForDispatch("无规则"), by=MACHINE, at=order.registered_at))
    site.clock.at = after(60)
    return await site.store.get(number)


async def test_what_is_missing_is_said_of_each_field_and_nothing_is_done(site: ConsolesSite) -> None:
    order = await asked(site, "26112300001", BACK)
    path = "/desk/review/26112300001"
    async with site.client(await site.account(R.REVIEWER)) as client:
        for step, given, expected in (
            ("reject_return", {"reason": " "}, {"reason", "basis"}),
            ("designate", {"unit": "body-nobody"}, {"unit", "reason"}),
            ("designate", {"unit": "body-housing", "supporting": "body-housing", "reason": "x"}, {"supporting"}),
            ("divert", {"outcome": "nowhere"}, {"outcome", "reason", "told"}),
            ("join", {"into": "26112300009", "told": "已并入", "reason": "同一事项"}, {"into"}),
            ("split", {}, {"text", "category", "reason"}),
            ("suspend", {"until": "soon", "reason": "等配件"}, {"until"}),
            ("revisit", {"reached": "yes", "how": "phone"}, {"resolution", "result", "attitude"}),
            ("decline", {"ground": "not_true", "reason": "不属实"}, {"files"}),
            ("reject_return", {"revision": "", "basis": "holds", "reason": "x"}, {"revision"}),
            ("reject_return", {"basis": "holds", "reason": "长" * 4001}, {"reason"}),
        ):  # fmt: skip
            answer = await client.post(
                f"{path}/{step}", data={"revision": order.revision, **given}, headers={"HX-Request": "true"}
            )
            wrong = json.loads(answer.headers["hx-trigger"])["wrong"]["fields"]
            assert (step, answer.status_code, set(wrong)) == (step, 422, expected)
        page = await client.post(f"{path}/split", data={"revision": order.revision})
        assert "请写明另立工单的事项。" in page.text
    assert await site.store.get("26112300001") == order


async def test_a_matter_is_diverted_declined_completed_or_set_aside_with_words_for_the_citizen(
    site: ConsolesSite,
) -> None:
    told = {"told": "请拨0632-12345", "reason": "事发在枣庄"}
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        for number, step, given, expected in (
            ("26112300001", "divert", {"outcome": "other_city", **told}, Status.DIVERTED),
            ("26112300002", "decline", {"ground": "against_law", "reason": "不符合政策"}, Status.DECLINED),
            ("26112300003", "ask_supplement", {"reason": "事发地"}, Status.NEEDS_SUPPLEMENT),
        ):
            order = await waits_for_dispatch(site, number)
            path = f"/desk/review/{number}"
            assert "要决定的" not in words_of((await client.get(path)).text)
            done = await client.post(f"{path}/{step}", data={"revision": order.revision, **given})
            assert (step, done.status_code, (await site.store.get(number)).status) == (step, 303, expected)
        reopened = {"revision": 2, "reason": "诉求人补充了新情况"}
        assert (await client.post("/desk/review/26112300002/reopen", data=reopened)).status_code == 303
        order = await asked(site, "26112300004", SignFor())
        path, until = "/desk/review/26112300004", "2026-12-31T09:00"
        given = {"revision": order.revision, "until": until, "reason": "春季施工"}
        assert (await client.post(f"{path}/suspend", data=given)).status_code == 303
        given = {"revision": order.revision + 1, "reason": "材料已到"}
        assert (await client.post(f"{path}/resume", data=given)).status_code == 303
    found = [(await site.store.get(f"2611230000{each}")).status for each in (2, 4)]
    assert found == [Status.TO_DISPATCH, Status.HANDLING]


async def test_an_order_is_merged_into_another_of_the_citizen_and_a_part_is_split_off(
    site: ConsolesSite,
) -> None:
    order, target = await asked(site, "26112300901"), await asked(site, "26112300902", SignFor())
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        page = (await client.get("/desk/review/26112300901")).text
        assert '<option value="26112300902">' in page
        given = {
            "revision": order.revision,
            "into": "26112300902",
            "told": "已并入原单",
            "reason": "同一事项",
        }
        assert (await client.post("/desk/review/26112300901/join", data=given)).status_code == 303
        merged = words_of((await client.get("/desk/review/26112300901")).text)
        assert "已并入 26112300902" in merged
        part = {"text": "小区路灯也不亮", "category": "0303", "reason": "路灯另由城管办理"}
        given = {"revision": target.revision + 1, **part}
        assert (await client.post("/desk/review/26112300902/split", data=given)).status_code == 303
        number = (await site.store.get("26112300902")).parts[0]
        assert f"拆出 {number}" in words_of((await client.get("/desk/review/26112300902")).text)
        again = await client.post("/desk/review/26112300902/split", data=given)
        assert (again.status_code, "已被别人改动（" in again.text, "热线审核：拆单" in again.text) == (
            409,
            True,
            True,
        )
    split = await site.store.get(number)
    assert (split.status, split.appeal.text, split.linked_to) == (
        Status.TO_DISPATCH, "小区路灯也不亮", "26112300902",
    )  # fmt: skip
    assert [party.number for party in split.citizens] == [number, "26112300901"]


async def test_what_is_offered_for_a_merge_does_not_tell_whose_a_hidden_order_is(site: ConsolesSite) -> None:
    for number, values in (
        ("26112300901", {}),
        ("26112300902", {"secrecy": Secrecy.CONFIDENTIAL}),
        ("26112300903", {"kind": AppealKind.TIP_OFF}),
        ("26112300904", {}),
    ):
        await keep(site.store, an_order(number, appeal=an_appeal(**values)))
    offered = {}
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:
        for last in "1234":
            page = (await client.get(f"/desk/review/2611230090{last}")).text
            assert 'name="into"' in page
            offered[last] = re.findall(r'<option value="2611230090(\d)">', page)
    assert offered == {"1": ["4"], "2": [], "3": [], "4": ["1"]}


async def test_a_revisit_is_written_down_and_the_citizens_wish_has_it_handled_again(
    site: ConsolesSite,
) -> None:
    order = await asked(site, "26112300001", SignFor(), REPLY)
    path = "/desk/review/26112300001"
    content = {"reached": "yes", "how": "phone", "was_contacted": "yes", "resolution": "mostly", "result": "mostly", "attitude": "satisfied"}  # fmt: skip
    async with site.client(await site.account(R.REVIEWER)) as client:
        for step, given in (
            ("pass_review", {}),
            ("revisit", {"reached": "no", "how": "text"}),
            ("revisit", {**content, "wants_redo": "yes", "remark": "还有一处没修"}),
        ):
            order = await site.store.get("26112300001")
            done = await client.post(f"{path}/{step}", data={"revision": order.revision, **given})
            assert (step, done.status_code) == (step, 303)
    found = await site.store.get("26112300001")
    assert (found.status, [entry.step for entry in found.history][-3:]) == (
        Status.HANDLING, [Step.REVISIT, Step.REVISIT, Step.REDO],
    )  # fmt: skip
    last = found.last(Revisit)
    assert last is not None
    assert (last.how, last.was_contacted, last.remark) == ("电话", True, "还有一处没修")


async def test_whether_a_closed_order_is_public_waits_for_a_decision(site: ConsolesSite) -> None:
    await concluded(site, "26112300002")
    await asked(site, "26112300001", SignFor(), REPLY)
    path = "/desk/review/26112300001"
    async with site.client(await site.account(R.REVIEWER)) as client:

        async def decided(step: str, **given: str) -> str:
            order = await site.store.get("26112300001")
            done = await client.post(f"{path}/{step}", data={"revision": order.revision, **given})
            assert (step, done.status_code) == (step, 303)
            return words_of((await client.get("/desk/review?tab=disclosure")).text)

        await decided("pass_review")
        for _ in range(2):
            await decided("revisit", reached="no", how="phone")
        waiting = await decided("conclude")
        assert "待定公开 2" in waiting
        assert "编号 结案 状态 " in waiting
        assert waiting.index("26112300002") < waiting.index("26112300001")  # concluded first, due as soon
        assert "待定公开 1" in await decided("withhold", reason="只涉及本人")
        assert "待定公开 1" in await decided("disclose", reason="供热已恢复。")
        assert "已公开" in words_of((await client.get(path)).text)


async def concluded(site: ConsolesSite, number: str) -> WorkOrder:
    """Keep an order that was concluded, though its citizen was never reached."""
    order = await asked(site, number, SignFor(), REPLY)
    two = [Revisit(is_reached=False, how="电话")] * 2
    for seconds, deed in enumerate([PassReview(), *two, Conclude("两次未接通")], 10):
        order = await change(site.store, order, deed, by=REVIEWER, at=after(seconds))
    return order


async def objected_to(site: ConsolesSite, number: str) -> WorkOrder:
    """Keep an order that was concluded and whose citizen objects to that."""
    order = await concluded(site, number)
    return await change(site.store, order, Object("暖气还是不热"), by=CITIZEN, at=after(14))


async def test_an_objection_is_judged_by_another_reviewer_beside_what_was_decided(site: ConsolesSite) -> None:
    order = await objected_to(site, "26112300001")
    path = f"/desk/review/{order.number}/reject_objection"
    given = {"revision": order.revision, "reason": "复测三次均达标"}
    async with site.client(await site.account(R.REVIEWER, login=REVIEWER.id)) as client:
        refused = await client.post(path, data=given)
    async with site.client(await site.account(R.REVIEWER, login="wu")) as client:
        words = words_of((await client.get("/desk/review?tab=objections")).text)
        page = words_of((await client.get(f"/desk/review/{order.number}")).text)
        assert (await client.post(path, data={**given, "reason": " "})).status_code == 422
        assert (await client.post(path, data=given)).status_code == 303
        after_it = words_of((await client.get("/desk/review?tab=objections")).text)
    assert (refused.status_code, "自己所作结论" in refused.text) == (409, True)
    assert "暖气还是不热 结案：已修好。" in words
    assert "11-30 17:30 前决定" in page
    assert "诉求人异议 0" in after_it
    assert (await site.store.get(order.number)).history[-1].step is Step.REJECT_OBJECTION


async def test_a_dispute_is_talked_over_rung_by_rung_and_an_order_is_left_out_of_the_assessment_with_an_approver(
    site: ConsolesSite,
) -> None:
    order = await asked(site, "26112300001", BACK)
    path, talk = (
        "/desk/review/26112300001",
        {"participants": "兰山区、市住建局", "conclusion": "由兰山区主办"},
    )
    left_out = {"ground": "unreachable", "reason": "两次未接通", "approver": "张主任"}
    async with site.client(await site.account(R.REVIEWER, login="li")) as client:

        async def sent(step: str, revision: int, **given: str) -> tuple[int, str]:
            answer = await client.post(f"{path}/{step}", data={"revision": revision, **given})
            return answer.status_code, answer.text

        assert [each in (await client.get(path)).text for each in (">会商</button>", ">不计考核</button>")] == [True, True]  # fmt: skip
        wrong = [
            await sent("confer", order.revision, kind="hotline", participants="、", conclusion="x"),
            await sent("confer", order.revision, kind="government_office", **talk),
            await sent("exclude", order.revision, **{**left_out, "approver": "li"}),
            await sent("exclude", order.revision, **{**left_out, "ground": "mood"}),
        ]
        assert [status for status, _ in wrong] == [422, 409, 422, 422]
        said = ("请写明参加单位。", "争议须逐级会商", "须由另一个人批准。", "请选择情形。")
        assert [words in text for words, (_, text) in zip(said, wrong, strict=True)] == [True] * 4
        assert (await sent("confer", order.revision, kind="hotline", **talk))[0] == 303
        assert (await sent("exclude", order.revision + 1, **left_out))[0] == 303
        page = (await client.get(path)).text
    found = await site.store.get("26112300001")
    assert (tuple(found.deeds(Confer)), found.exclusion) == (
        (Confer(ConferenceKind.HOTLINE, ("兰山区", "市住建局"), "由兰山区主办"),),
        Exclude("unreachable", "两次未接通", "张主任"),
    )
    assert ">不计考核</button>" not in page
