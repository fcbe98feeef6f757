"""Orders in the consoles: who sees which, what is masked, that every look is noted, and hostile words."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import AppealKind, ContactChannel, Secrecy
from hotline.domain.deeds import QueueForDispatch, SignFor
from hotline.domain.people import MACHINE
from hotline.store.tables import audit
from tests.builders import NOW, after, an_appeal
from tests.consoles_site import ConsolesSite
from tests.work_orders import LANSHAN_UNIT, a_decision, a_registered_order, an_order, change, keep

R = StaffRole
NUMBER = "26112300001"
PATH = f"/desk/orders/{NUMBER}"
HOSTILE = "<script>alert(1)</script>"


async def looks(site: ConsolesSite) -> list[tuple[str, str, str]]:
    async with site.store.database.engine.connect() as connection:
        rows = (await connection.execute(select(audit).where(audit.c.action == "looked"))).all()
    return [(row.actor, row.subject, row.detail) for row in rows]


async def said(site: ConsolesSite, *rows: tuple[str, dict[str, object]]) -> None:
    await site.store.begin("c1", channel=ContactChannel.PHONE, call_id="abc@host", at=NOW)
    for sequence, (name, body) in enumerate(rows, 1):
        await site.store.append("c1", sequence, after(sequence), name, body)


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") :]))


async def test_an_order_shows_its_talk_its_reasons_and_its_history(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    await change(site.store, an_order(), SignFor(), by=LANSHAN_UNIT, at=after(60))
    await said(
        site,
        ("Say", {"parts": ["您好，", "请讲。"]}),
        ("Said", {"text": "暖气不热", "raw": "暖起 不热"}),
        ("Say", {"parts": ["请问在哪里？"]}),
        ("TalkSaid", {"who": "agent", "text": "我是话务员，您请讲", "raw": ""}),
        ("TalkSaid", {"who": "citizen", "text": "楼下也不热", "raw": "楼下 也不热"}),
        ("UnitWrote", {"text": "正在抢修"}),
    )
    async with site.client(await site.account(R.REVIEWER)) as client:
        words = words_of((await client.get(PATH)).text)
    for expected in (
        "理由 按属地派单",
        "规则 R1（目录 2026-11）",
        "其他候选 市住房城乡建设局：行业主管（R2）",
        "2026-11-23 10:00 派单 → 待签收 （系统） 按属地派单",
        "2026-11-23 10:01 签收 → 办理中 （兰山区人民政府）",
        "办结 2026-11-23 10:00 2026-11-30 10:00 市热线条例 待核",
        "热线 您好，请讲。",
        "诉求人 暖气不热 识别原文：暖起 不热",
        "话务员 我是话务员，您请讲 诉求人 楼下也不热 识别原文：楼下 也不热 承办单位 正在抢修",
    ):
        assert expected in words


async def test_personal_data_is_masked_and_hostile_words_are_words(site: ConsolesSite) -> None:
    text = f"我叫王建国，电话139 0539 0001，身份证371302199001011234，3号楼402{HOSTILE}"
    await keep(site.store, an_order(appeal=an_appeal(text=text, citizen_name="王建国")))
    await said(site, ("Said", {"text": text, "raw": '"><img src=x onerror=alert(1)>'}))
    async with site.client(await site.account(R.AGENT)) as client:
        page, listed = (await client.get(PATH)).text, (await client.get("/desk/orders")).text
    for secret in ("139 0539 0001", "371302199001011234", "王建国", HOSTILE, "<img"):
        assert secret not in page
        assert secret not in listed
    assert "我叫王**，电话139******01，身份证371*************34，3号楼402&lt;script&gt;" in page


async def test_a_telephone_number_is_shown_for_a_reason_that_is_written_down(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    async with site.client(await site.account(R.AGENT, login="zhao")) as client:
        refused = await client.post(f"{PATH}/contact", data={"reason": " "})
        shown = await client.post(f"{PATH}/contact", data={"reason": "核实楼号"})
    assert (refused.status_code, shown.status_code) == (422, 200)
    assert "13905390001" in shown.text
    assert await looks(site) == [("staff:zhao", NUMBER, '{"why": "contact: 核实楼号"}')]


async def test_orders_are_found_by_the_telephone_that_a_caller_says_but_for_secret_ones(
    site: ConsolesSite,
) -> None:
    for number, secrecy in (("26112300001", Secrecy.NONE), ("26112300002", Secrecy.CONFIDENTIAL)):
        await keep(site.store, an_order(number, appeal=an_appeal(secrecy=secrecy)))
    async with site.client(await site.account(R.AGENT, login="zhao")) as client:
        form = (await client.get("/desk/orders")).text
        found = await client.post("/desk/orders/find", data={"q": "139 0539-0001"})
        other = await client.post("/desk/orders/find", data={"q": "05398312345"})
        number = await client.post("/desk/orders/find", data={"q": NUMBER})
        words = await client.post("/desk/orders/find", data={"q": "暖气"})
    assert 'method="post" action="/desk/orders/find"' in form
    assert '电话 <span class="num">139****0001</span> 的工单' in found.text
    assert (NUMBER in found.text, "26112300002" in found.text, "13905390001" in found.text) == (
        True,
        False,
        False,
    )
    assert "没有可以显示的工单" in other.text
    assert (number.headers["location"], words.status_code) == (PATH, 422)
    assert ("staff:zhao", "orders", '{"why": "by telephone 139****0001: 26112300001"}') in await looks(site)


async def test_a_confidential_order_shows_nobody_whose_it_is(site: ConsolesSite) -> None:
    secret = an_appeal(text="我叫王建国，举报他", citizen_name="王建国", kind=AppealKind.TIP_OFF)
    await keep(site.store, an_order(appeal=secret))
    for role in (R.UNIT_HANDLER, R.REVIEWER):
        async with site.client(await site.account(role)) as client:
            page = (await client.get(PATH)).text
            refused = await client.post(f"{PATH}/contact", data={"reason": "核实楼号"})
        assert refused.status_code == 403
        assert "13905390001" not in page + refused.text
        assert "王建国" not in page


async def test_an_order_is_not_shown_when_the_look_cannot_be_noted(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    reviewer = await site.account(R.REVIEWER)
    async with site.client(reviewer) as client:
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE audit")
        page = await client.get(PATH)
    assert page.status_code == 503
    assert "暖气" not in page.text


ELSEWHERE = {"unit": "body-education"}


@pytest.mark.parametrize(
    ("role", "bound", "sees"),
    [
        (R.UNIT_HANDLER, {}, True),
        (R.UNIT_LEAD, {"unit": "body-housing"}, True),  # supports it
        (R.UNIT_HANDLER, ELSEWHERE, False),
        (R.COUNTY, {}, True),
        (R.COUNTY, {"county": "371311"}, False),
        (R.REVIEWER, {}, True),
    ],
)
async def test_a_number_in_the_address_opens_only_ones_own_orders(
    site: ConsolesSite, role: StaffRole, bound: dict[str, str], sees: bool
) -> None:
    await keep(site.store, an_order())
    async with site.client(await site.account(role, **bound)) as client:
        page = await client.get(PATH)
        contact = await client.post(f"{PATH}/contact", data={"reason": "核实楼号"})
        nothing = await client.get("/desk/orders/26112399999")
        listed = (await client.get("/desk/orders")).text
    assert (page.status_code, contact.status_code) == ((200, 200) if sees else (404, 404))
    assert (NUMBER in listed) == (sees and bound != {"unit": "body-housing"})
    if not sees:  # as if there were no such order
        assert words_of(page.text) == words_of(nothing.text)


async def test_a_county_begins_at_its_orders_and_no_list_tells_of_what_it_may_not_open(
    site: ConsolesSite,
) -> None:
    waits = a_registered_order("26112300004")
    await keep(
        site.store,
        an_order("26112300001"),
        an_order("26112300002", appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)),
        an_order("26112300003", appeal=an_appeal(kind=AppealKind.TIP_OFF)),
        waits.after(QueueForDispatch("无规则"), by=MACHINE, at=waits.registered_at),
    )
    async with site.client(await site.account(R.COUNTY, login="luo")) as client:
        assert (await client.get("/desk")).headers["location"] == "/desk/orders"
        page = (await client.get("/desk/orders")).text
        opened = [(await client.get(f"/desk/orders/2611230000{each}")).status_code for each in range(1, 5)]
    assert re.findall(r'href="/desk/orders/(\d+)"', page) == ["26112300001"]
    assert opened == [200, 404, 404, 404]
    assert ("staff:luo", "orders", '{"why": "list: 26112300001"}') in await looks(site)


async def test_a_unit_is_not_shown_the_talk_and_nothing_of_what_is_not_dispatched(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    await said(site, ("Said", {"text": "暖气不热", "raw": "暖气不热"}))
    async with site.client(await site.account(R.UNIT_HANDLER)) as client:
        assert "识别" not in words_of((await client.get(PATH)).text)
        assert "对话" not in words_of((await client.get(PATH)).text)


async def test_lists_go_by_due_time_page_by_page(site: ConsolesSite) -> None:
    for index in range(1, 53):
        order = an_order(f"261123{index:05d}", routing=a_decision(due_at=after(86_400 * 3 - index)))
        await keep(site.store, order)
    async with site.client(await site.account(R.REVIEWER)) as client:
        first = (await client.get("/desk/orders")).text
        more = re.search(r'hx-get="([^"]*)"', first)
        assert more is not None
        second = (await client.get(more[1].replace("&amp;", "&"), headers={"HX-Target": "rows"})).text
    numbers = re.findall(r'href="/desk/orders/(\d+)"', first) + re.findall(
        r'href="/desk/orders/(\d+)"', second
    )
    assert numbers == [f"261123{index:05d}" for index in range(52, 0, -1)]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/desk/orders/26112399999", 404, "没有这张工单。"),
        ("/desk/orders/abc", 404, "没有找到这个页面或者工单。"),
        ("/desk/orders?category=x", 422, "填写有误：category。"),
        ("/desk/nothing", 404, "没有找到这个页面或者工单。"),
    ],
)
async def test_a_page_that_is_not_there_says_why(
    site: ConsolesSite, path: str, status: int, reason: str
) -> None:
    async with site.client(await site.account(R.REVIEWER)) as client:
        page = await client.get(path)
    assert page.status_code == status
    assert reason in page.text


async def test_a_confidential_recording_stays_locked(site: ConsolesSite) -> None:
    await keep(site.store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)))
    async with site.client(await site.account(R.REVIEWER)) as client:
        assert (await client.get(f"{PATH}/recordings/c1")).status_code == 404
