"""The review desk: what waits for a decision, and what each decision does."""

from __future__ import annotations

from hotline.domain.accounts import StaffRole
from hotline.domain.deeds import (
    AskEnd,
    AskExtension,
    ContactExemption,
    Deed,
    EndGround,
    Reply,
    SendBack,
    SignFor,
)
from hotline.domain.life_cycle import Status, Step
from hotline.domain.time_limits import LimitPurpose
from hotline.domain.work_order import WorkOrder
from tests.builders import after
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_orders import looks, words_of
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

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
                assert (await client.post(path, data={**given, "reason": "行业主管"})).status_code == 303
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
        for step in ("sign_for", "withdraw", "exclude", "nonsense"):
            answer = await client.post(f"/desk/review/26112300001/{step}", data={"revision": order.revision})
            assert (step, answer.status_code) == (step, 404)
    found = await site.store.get("26112300001")
    assert [entry.step for entry in found.history] == [None, Step.DISPATCH]
