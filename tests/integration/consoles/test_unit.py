"""The desk of the handling units: the inbox, and every step that a unit takes on its orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.domain.accounts import Account, StaffRole
from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.deeds import Join, Reply
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import CITIZEN, Actor, Role
from hotline.service.evidence import Evidence
from hotline.store.evidence import SqlEvidence
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import after, an_appeal
from tests.consoles_site import SECRET, ConsolesSite, a_consoles_site
from tests.integration.consoles.test_orders import looks, words_of
from tests.media import a_photo
from tests.work_orders import a_decision, an_order, change, keep

R = StaffRole
NUMBER = "26112300001"
PATH = f"/desk/unit/{NUMBER}"
HELP = {"unit": "body-police", "text": "到场维持秩序", "until": "2026-11-25T12:00"}
REPLIED = {"to_citizen": "已修好供热管道。", "public": "供热已恢复。", "is_resolved": "true"}


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    evidence = SqlEvidence(store.database, Seal(SECRET), tmp_path / "evidence")
    return a_consoles_site(store, tmp_path, evidence=evidence, keeping=Evidence(evidence, most=9))


async def lanshan(site: ConsolesSite) -> Account:
    return await site.account(R.UNIT_HANDLER, login="wang")


async def status(site: ConsolesSite) -> Status:
    return (await site.store.get(NUMBER)).status


async def test_the_inbox_has_the_units_own_orders_by_due_time_and_notes_the_look(site: ConsolesSite) -> None:
    await keep(site.store, *(an_order(f"2611230000{each}", minutes=-each) for each in (1, 2, 3)))
    site.clock.move(days=6, hours=12)
    async with site.client(await lanshan(site)) as client:
        page = (await client.get("/desk/unit")).text
    words = words_of(page)
    assert words.index("26112300003") < words.index("26112300002") < words.index("26112300001")
    assert "24 小时内到期 3 件" in words
    assert "待签收 3" in words
    assert ("staff:wang", "orders", '{"why": "inbox: 26112300003 26112300002 26112300001"}') in await looks(
        site
    )
    housing = await site.account(R.UNIT_LEAD, unit="body-housing")
    async with site.client(housing) as client:
        assert "这里没有工单" in (await client.get("/desk/unit")).text
        assert "26112300002" in (await client.get("/desk/unit?tab=support")).text
    async with site.client(await site.account(R.UNIT_HANDLER, unit="body-education")) as client:
        assert "2611230000" not in words_of((await client.get("/desk/unit?tab=support")).text)


async def test_chosen_orders_are_worked_on_together_and_what_came_of_each_is_listed(
    site: ConsolesSite,
) -> None:
    numbers = [f"2611230000{each}" for each in (1, 2, 3)]
    await keep(site.store, *(an_order(number) for number in numbers))
    foreign = a_decision(lead_unit="body-education", supporting_units=())
    await keep(site.store, an_order("26112300004", routing=foreign))
    async with site.client(await lanshan(site)) as client:
        none = await client.post("/desk/unit/sign")
        signed = await client.post("/desk/unit/sign", data={"number": numbers[:2]})
        shown = words_of((await client.get("/desk/unit")).text)
        again = words_of(
            (await client.post("/desk/unit/sign", data={"number": [*numbers, "26112300004", "x"]})).text
        )
        more = {"until": "2026-12-05T18:00", "reason": "等配件"}
        bare = await client.post("/desk/unit/extend", data={**more, "number": numbers, "reason": " "})
        await client.post("/desk/unit/extend", data={**more, "number": numbers[:1]})
        extended = words_of((await client.post("/desk/unit/extend", data={**more, "number": numbers})).text)
        printed = await client.post("/desk/unit/print", data={"number": numbers[:2]})
        pdf = await client.get(printed.headers["location"])
        partly = (await client.post("/desk/unit/print", data={"number": [numbers[0], "26112300004"]})).text
        stolen = await client.get(f"/desk/unit/sheets.pdf?number={numbers[0]}&number=26112300004")
    assert (none.status_code, signed.status_code, bare.status_code) == (422, 303, 422)
    assert "已签收 2 件" in shown
    assert "签收成功 1 件，没有办成 4 件" in again
    assert "26112300001 没有办成 工单现在是“办理中”，不能“签收”。" in again
    assert "26112300003 已办成" in again
    assert "26112300004 没有办成 没有这张工单。 x 没有办成 没有这张工单。" in again
    assert "26112300001 没有办成 已经申请延期，等待审批。 26112300002 已办成 — 26112300003 已办成" in extended
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (
        200,
        "application/pdf",
        b"%PDF-",
    )
    assert "26112300004" not in printed.headers["location"]
    assert "sheets.pdf?number=26112300001" in partly
    assert stolen.status_code == 404
    orders = [await site.store.get(number) for number in [*numbers, "26112300004"]]
    assert [order.asked_extension is not None for order in orders] == [True, True, True, False]
    assert orders[3].status is Status.TO_SIGN


async def test_an_order_of_another_unit_is_not_there_whatever_is_asked(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    async with site.client(await site.account(R.UNIT_HANDLER, unit="body-education")) as client:
        answers = [
            await client.get(PATH),
            await client.get(f"{PATH}/sheet"),
            await client.get(f"{PATH}/reply"),
            await client.post(f"{PATH}/sign", data={"revision": 1}),
            await client.post(f"{PATH}/reply", data={"revision": 1, **REPLIED, "exemption": "not_wanted"}),
            await client.post(f"{PATH}/relay", data={"text": "请问"}),
            await client.post(f"{PATH}/evidence", files={"files": ("a.jpg", a_photo())}),
            await client.post(f"{PATH}/helpers", data={"revision": 1, **HELP}),
            await client.get(f"{PATH}/sheet.pdf"),
        ]
    assert {answer.status_code for answer in answers} == {404}
    assert await status(site) is Status.TO_SIGN


async def test_it_is_sent_back_only_with_reason_basis_and_unit(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    given = {"revision": 1, "reason": "不在辖区", "basis": "城市供热条例第五条", "unit": "body-housing"}
    async with site.client(await lanshan(site)) as client:
        for missing in ("reason", "basis", "unit"):
            assert (await client.post(f"{PATH}/return", data={**given, missing: " "})).status_code == 422
        await client.post(f"{PATH}/return", data=given)
    found = await site.store.get(NUMBER)
    assert found.status is Status.RETURN_ASKED
    assert found.history[-1].by == Actor(Role.UNIT, "wang", "county-371302")


async def test_after_two_days_sending_back_is_over_and_the_page_says_so(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    site.clock.move(days=3)
    async with site.client(await lanshan(site)) as client:
        words = words_of((await client.get(PATH)).text)
        late = await client.post(
            f"{PATH}/return", data={"revision": 1, "reason": "甲", "basis": "乙", "unit": "body-housing"}
        )
    assert "不能退回：已过退回时限，视为认领" in words
    assert (late.status_code, "已过退回时限" in late.text) == (409, True)


async def test_who_comes_second_is_told_and_nothing_is_done_twice(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    async with site.client(await lanshan(site)) as client:
        assert (await client.post(f"{PATH}/sign", data={"revision": 1})).status_code == 303
        second = await client.post(f"{PATH}/sign", data={"revision": 1})
    assert (second.status_code, "已被别人改动" in second.text) == (409, True)


async def test_more_time_is_asked_for_by_the_citys_clock_and_waits_for_the_hotline(
    site: ConsolesSite,
) -> None:
    await keep(site.store, an_order())
    async with site.client(await lanshan(site)) as client:
        await client.post(f"{PATH}/sign", data={"revision": 1})
        early = await client.post(
            f"{PATH}/extend", data={"revision": 2, "until": "2026-11-24T10:00", "reason": "等配件"}
        )
        await client.post(
            f"{PATH}/extend", data={"revision": 2, "until": "2026-12-05T18:00", "reason": "等配件"}
        )
        page = (await client.get(PATH)).text
    assert (early.status_code, "延期须晚于现在的期限" in early.text) == (409, True)
    asked = (await site.store.get(NUMBER)).asked_extension
    assert asked is not None
    assert asked.until.isoformat() == "2026-12-05T18:00:00+08:00"
    assert "已申请延期到 12-05 18:00，等待热线审批" in page


async def test_a_reply_has_two_versions_and_proof_that_the_citizen_was_heard(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    async with site.client(await lanshan(site)) as client:
        await client.post(f"{PATH}/sign", data={"revision": 1})
        bare = await client.post(f"{PATH}/reply", data={"revision": 2, **REPLIED})
        assert (bare.status_code, "联系诉求人的证据" in bare.text) == (422, True)
        contact = {"how": "phone", "contacted_at": "2026-11-23T09:50"}
        broken = await client.post(
            f"{PATH}/reply", data={"revision": 2, **REPLIED, **contact},
            files={"contact_files": ("a.jpg", b"no picture")},
        )  # fmt: skip
        assert (broken.status_code, "只收图片和 PDF" in broken.text) == (422, True)
        assert await status(site) is Status.HANDLING
        done = await client.post(
            f"{PATH}/reply", data={"revision": 2, **REPLIED, **contact},
            files=[("contact_files", ("a.jpg", a_photo())), ("handling_files", ("b.pdf", b"%PDF-1.4 x"))],
        )  # fmt: skip
        assert done.status_code == 303
        page = (await client.get(PATH)).text
    found = (await site.store.get(NUMBER)).last(Reply)
    assert found is not None
    assert (found.to_citizen, found.public) == ("已修好供热管道。", "供热已恢复。")
    assert found.contact is not None
    assert found.contact.how == "电话"
    async with site.client(await site.account(R.REVIEWER)) as client:
        review = (await client.get(f"/desk/review/{NUMBER}")).text
    proof = f'<dt>联系证据</dt><dd><a href="/desk/orders/{NUMBER}/evidence/{found.contact.evidence[0].id}"'
    assert proof in review
    kept = [one.id for one in await site.parts.evidence.of_order(NUMBER)]  # type: ignore[union-attr]
    assert {found.contact.evidence[0].id, found.evidence[0].id} == set(kept)
    assert all(f"/evidence/{one}" in page for one in kept)


@pytest.mark.parametrize(
    ("revision", "second", "refused"),
    [(1, ("b.pdf", b"%PDF-1.4 x"), 409), (2, ("b.txt", b"no picture"), 422)],
    ids=["the order was changed meanwhile", "the second file is none that is taken"],
)
async def test_of_a_reply_that_is_refused_no_file_is_kept(
    site: ConsolesSite, revision: int, second: tuple[str, bytes], refused: int
) -> None:
    await keep(site.store, an_order())
    contact = {"how": "phone", "contacted_at": "2026-11-23T09:50"}
    async with site.client(await lanshan(site)) as client:
        await client.post(f"{PATH}/sign", data={"revision": 1})
        answer = await client.post(
            f"{PATH}/reply", data={"revision": revision, **REPLIED, **contact},
            files=[("contact_files", ("a.jpg", a_photo())), ("handling_files", second)],
        )  # fmt: skip
    assert answer.status_code == refused
    assert await site.parts.evidence.of_order(NUMBER) == []  # type: ignore[union-attr]
    assert await status(site) is Status.HANDLING


async def test_a_confidential_citizen_is_reached_through_the_hotline_and_that_is_proof(
    site: ConsolesSite,
) -> None:
    secret = an_appeal(secrecy=Secrecy.CONFIDENTIAL, citizen_name="王建国")
    await keep(site.store, an_order(appeal=secret))
    async with site.client(await lanshan(site)) as client:
        await client.post(f"{PATH}/sign", data={"revision": 1})
        told = await client.post(f"{PATH}/relay", data={"text": "请问是哪栋楼？"})
        assert "请问是哪栋楼？" in told.text
        wished = await client.post(f"{PATH}/relay", data={"text": "须入户测温", "wants_call": "true"})
        assert "请热线代为接通" in wished.text
        form, sheet = (await client.get(f"{PATH}/reply")).text, (await client.get(f"{PATH}/sheet")).text
        await client.post(
            f"{PATH}/reply",
            data={"revision": 2, **REPLIED, "how": "relay", "contacted_at": "2026-11-23T10:00"},
        )
    assert "热线转接" in form
    for page in (form, sheet, told.text):
        assert "王建国" not in page
        assert "139" not in words_of(f"<main>{page[page.find('<main') :]}")
    found = await site.store.get(NUMBER)
    assert found.status is Status.REPLIED
    assert found.reply is not None
    assert found.reply.contact is not None
    assert [one.id for one in found.reply.contact.evidence] == [f"relay:{NUMBER}"]
    async with site.client(await site.account(R.REVIEWER)) as client:
        review = words_of((await client.get(f"/desk/review/{NUMBER}")).text)
    assert "联系证据 热线转接记录，见下" in review
    assert "请问是哪栋楼？" in review
    async with site.client(await site.account(R.AGENT)) as client:  # the wish for a call is an agent's task
        (task,) = await site.parts.agents.callbacks.waiting()  # type: ignore[union-attr]  # they are there
        await client.post(f"/desk/callbacks/{task.id}/take")
        shown = words_of((await client.get("/desk/callbacks")).text)
    assert f"139****0001 承办单位请求接通 {NUMBER} 兰山区人民政府（{NUMBER}）：须入户测温" in shown


async def test_who_joins_in_confidence_is_named_on_no_page_of_the_order(site: ConsolesSite) -> None:
    order = an_order()
    await keep(site.store, order)
    said = "我是李四光，13905391234，家里也不热"
    join = Join("26112300009", said, PhoneNumber("13905391234"), "李四光", Secrecy.CONFIDENTIAL)
    await change(site.store, order, join, by=CITIZEN, at=after(1))
    async with site.client(await lanshan(site)) as client:
        of_unit = words_of((await client.get(PATH)).text)
    async with site.client(await site.account(R.COUNTY, county="371302")) as client:
        of_county = words_of((await client.get(f"/desk/orders/{NUMBER}")).text)
    async with site.client(await site.account(R.REVIEWER)) as client:
        of_hotline = words_of((await client.get(f"/desk/orders/{NUMBER}")).text)
    assert ["我是***，***，家里也不热" in page for page in (of_unit, of_county)] == [True, True]
    assert "我是李**，139******34，家里也不热" in of_hotline


async def test_a_unit_reads_nothing_of_who_tips_off(site: ConsolesSite) -> None:
    said = "我是王建国，13905390001，可发wang@163.com"
    await keep(
        site.store,
        an_order(appeal=an_appeal(text=said, citizen_name="王建国", kind=AppealKind.TIP_OFF)),
    )
    async with site.client(await lanshan(site)) as client:
        assert "我是***，***，可发***" in words_of((await client.get(PATH)).text)


async def test_a_suggestion_is_answered_with_whether_it_is_adopted(site: ConsolesSite) -> None:
    await keep(site.store, an_order(appeal=an_appeal(kind=AppealKind.SUGGESTION)))
    given = {"revision": 2, **REPLIED, "exemption": "not_wanted"}
    async with site.client(await lanshan(site)) as client:
        await client.post(f"{PATH}/sign", data={"revision": 1})
        without = await client.post(f"{PATH}/reply", data=given)
        assert (without.status_code, "是否采纳" in without.text) == (409, True)
        await client.post(f"{PATH}/reply", data={**given, "adoption": "adopted"})
    assert await status(site) is Status.REPLIED


async def test_units_help_each_with_its_part_and_time_and_the_lead_sees_who_is_missing(
    site: ConsolesSite,
) -> None:
    await keep(site.store, an_order())
    housing = await site.account(R.UNIT_HANDLER, unit="body-housing")
    police = await site.account(R.UNIT_HANDLER, unit="body-police", name="郑平")
    wang = await lanshan(site)
    async with site.client(wang) as lead:
        await lead.post(f"{PATH}/sign", data={"revision": 1})
        empty = await lead.post(f"{PATH}/helpers", data={**HELP, "revision": 2, "text": ""})
        late = await lead.post(f"{PATH}/helpers", data={**HELP, "revision": 2, "until": "2026-12-25T12:00"})
        await lead.post(f"{PATH}/helpers", data={**HELP, "revision": 2})
        assert (empty.status_code, late.status_code, "不能晚于工单" in late.text) == (422, 409, True)
        async with site.client(police) as client:
            inbox = words_of((await client.get("/desk/unit?tab=support")).text)
            page = words_of((await client.get(PATH)).text)
            refused = await client.post(
                f"{PATH}/end", data={"revision": 3, "ground": "not_true", "reason": "x"}
            )
            await client.post(f"{PATH}/co-reply", data={"revision": 3, "text": "已到场"})
            after = words_of((await client.get("/desk/unit?tab=support")).text)
        assert "剩 2 天" in inbox
        assert "请您单位协办： 到场维持秩序 。11-25 12:00 前交主办单位" in page
        assert "申请退回" not in page
        assert (refused.status_code, "只有主办单位" in refused.text) == (409, True)
        assert "已交协办意见" in after
    site.clock.move(days=8)
    async with site.client(wang) as lead:
        shown = words_of((await lead.get(f"{PATH}/reply")).text)
        assert "还有 1 个单位没有反馈" in shown
        assert "市住房城乡建设局 超期未反馈 按派单协办 ， 11-30 10:00 前" in shown
        assert "已到场 11-23 10:00" in shown
        await site.parts.casework.sweep(site.clock())
        assert "等协办单位、已超期 1 件" in words_of((await lead.get("/desk/unit?tab=handling")).text)
        assert "协办超期未反馈：市住房城乡建设局" in words_of((await lead.get(PATH)).text)
        async with site.client(housing) as client:
            assert "您单位协办超期 1 件" in words_of((await client.get("/desk/unit?tab=support")).text)
            revision = (await site.store.get(NUMBER)).revision
            await client.post(f"{PATH}/co-reply", data={"revision": revision, "text": "管网图已提供"})
        assert "都已反馈" in words_of((await lead.get(PATH)).text)
        assert "市住房城乡建设局：管网图已提供" in (await lead.get(f"{PATH}/sheet")).text


async def test_telling_suspending_going_on_and_asking_for_the_end(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    steps = (
        ("sign", {}, Status.HANDLING),
        ("notice", {"text": "正在更换阀门，三日内完成"}, Status.HANDLING),
        ("suspend", {"until": "2026-12-20T10:00", "measures": "待开春施工"}, Status.SUSPENDED),
        ("resume", {"reason": "提前施工"}, Status.HANDLING),
        ("end", {"ground": "not_true", "reason": "三次测温均达标"}, Status.END_ASKED),
    )
    async with site.client(await lanshan(site)) as client:
        for revision, (step, given, expected) in enumerate(steps, 1):
            answer = await client.post(f"{PATH}/{step}", data={"revision": revision, **given})
            assert (step, answer.status_code, await status(site)) == (step, 303, expected)
    found = await site.store.get(NUMBER)
    assert {entry.by.role for entry in found.history[2:]} == {Role.UNIT}
    assert found.history[-1].step is Step.ASK_END
