"""The pages: who may see them, what they show, what they mask, and what they say when something is wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from hotline.domain.appeal import ContactChannel
from hotline.domain.deeds import SignFor
from hotline.store.tables import audit
from tests.builders import NOW, after, an_appeal
from tests.integration.web.conftest import STAFF, TOKEN, Site
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

HOSTILE = "<script>alert(1)</script>"


async def looks(site: Site) -> list[tuple[str, str, str, str]]:
    async with site.store.database.engine.connect() as connection:
        rows = (await connection.execute(select(audit).where(audit.c.action == "looked"))).all()
    return [(row.actor, row.action, row.subject, row.detail) for row in rows]


async def said(site: Site, *rows: tuple[str, dict[str, object]]) -> None:
    await site.store.begin("c1", channel=ContactChannel.PHONE, call_id="abc@host", at=NOW)
    for sequence, (name, body) in enumerate(rows, 1):
        await site.store.append("c1", sequence, after(sequence), name, body)


@pytest.mark.parametrize("path", ["/orders", "/orders/26112300001"])
async def test_orders_are_shown_to_staff_only(site: Site, path: str) -> None:
    await keep(site.store, an_order())
    async with site.client() as client:
        refused = await client.get(path)
        assert (refused.status_code, refused.headers["location"]) == (303, f"/login?back={path}")
        client.cookies.set("staff", "guessed")
        wrong = await client.get(path)
        assert wrong.status_code == 303
    assert await looks(site) == []


async def test_staff_log_in_and_come_to_where_they_wanted_to_go(site: Site) -> None:
    await keep(site.store, an_order())
    async with site.client() as client:
        wrong = await client.post("/login", data={"token": "guessed", "back": "/orders/26112300001"})
        assert wrong.status_code == 403
        assert "口令不对。" in wrong.text
        assert "set-cookie" not in wrong.headers
        entered = await client.post("/login", data={"token": TOKEN, "back": "/orders/26112300001"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/orders/26112300001")
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert (await client.get("/orders/26112300001")).status_code == 200


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
async def test_nobody_is_sent_to_another_site_after_the_login(site: Site, back: str) -> None:
    async with site.client() as client:
        entered = await client.post("/login", data={"token": TOKEN, "back": back})
    assert entered.headers["location"] == "/orders"


async def test_an_endless_login_form_is_not_read_to_its_end(site: Site) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield b"token=" + b"x" * 1_000

    async with site.client() as client:
        refused = await client.post("/login", content=endless())
    assert refused.status_code == 403
    assert sent < 10


async def test_the_list_shows_each_order_with_its_reason(site: Site) -> None:
    await keep(site.store, an_order())
    async with site.client(headers=STAFF) as client:
        page = (await client.get("/orders")).text
    cells = re.findall(
        r'<td(?: class="short")? data-name="(.*?)">(?:<a href="[^"]*">)?(.*?)(?:</a>)?</td>', page
    )
    assert cells == [
        ("编号", "26112300001"),
        ("登记时间", "2026-11-23 10:00"),
        ("类型", "求助"),
        ("分类", "0101 供暖"),
        ("地点", "兰山区银雀山街道"),
        ("主办单位", "兰山区人民政府"),
        ("状态", "待签收"),
        ("期限", "2026-11-30 10:00"),
        ("派单理由", "按属地派单"),
    ]


async def test_an_empty_list_says_so(site: Site) -> None:
    async with site.client(headers=STAFF) as client:
        assert "还没有工单。" in (await client.get("/orders")).text


async def test_older_orders_are_a_page_away(site: Site) -> None:
    for index in range(1, 53):
        await keep(site.store, an_order(f"261123{index:05d}", minutes=index))
    async with site.client(headers=STAFF) as client:
        first = (await client.get("/orders")).text
        older = re.search(r'href="(/orders\?before=[^"]*)"', first)
        assert older is not None
        second = (await client.get(older[1])).text
    numbers = re.findall(r'href="/orders/(\d+)"', first) + re.findall(r'href="/orders/(\d+)"', second)
    assert numbers == [f"261123{index:05d}" for index in range(52, 0, -1)]


async def test_an_order_shows_its_talk_its_reasons_and_its_history(site: Site) -> None:
    await keep(site.store, an_order())
    await change(site.store, an_order(), SignFor(), by=LANSHAN_UNIT, at=after(60))
    await said(
        site,
        ("Say", {"parts": ["您好，", "请讲。"]}),
        ("Said", {"text": "暖气不热", "raw": "暖起 不热"}),
        ("Say", {"parts": ["请问在哪里？"]}),
    )
    async with site.client(headers=STAFF) as client:
        page = (await client.get("/orders/26112300001")).text
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") :]))
    for expected in (
        "派单理由 按属地派单",
        "规则 R1（目录版本 2026-11）",
        "期限依据 市热线条例",
        "其他候选 市住房城乡建设局：行业主管（R2）",
        "2026-11-23 10:00 派单 → 待签收（系统）：按属地派单",
        "2026-11-23 10:01 签收 → 办理中（兰山区人民政府）",
        "办结 2026-11-23 10:00 2026-11-30 10:00 市热线条例（待核）",
        "热线： 您好，请讲。",
        "诉求人： 暖气不热 识别原文：暖起 不热",
        "热线： 请问在哪里？",
    ):
        assert expected in words


async def test_every_look_at_an_order_is_noted_with_who_and_why(site: Site) -> None:
    await keep(site.store, an_order())
    async with site.client(headers=STAFF) as client:
        await client.get("/orders/26112300001")
        await client.get("/orders/26112300001")
    assert await looks(site) == [("staff", "looked", "26112300001", '{"why": "order page"}')] * 2
    assert await site.store.audit_break() is None


async def test_an_order_is_not_shown_when_the_look_cannot_be_noted(site: Site) -> None:
    await keep(site.store, an_order())
    async with site.store.database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE audit")
    async with site.client(headers=STAFF) as client:
        page = await client.get("/orders/26112300001")
    assert page.status_code == 503
    assert "系统暂时不可用" in page.text
    assert "暖气" not in page.text


async def test_personal_data_is_masked_on_the_pages(site: Site) -> None:
    words = "我叫王建国，电话139 0539 0001，身份证371302199001011234，银行卡6222-0213-0000-1111，3号楼402"
    appeal = an_appeal(text=words, citizen_name="王建国")
    await keep(site.store, an_order(appeal=appeal))
    await said(
        site,
        ("Said", {"text": words, "raw": words}),
        ("Say", {"parts": ["已受理，工单编号26112300001，电话13905390001。"]}),
    )
    async with site.client(headers=STAFF) as client:
        page = (await client.get("/orders/26112300001")).text
        listed = (await client.get("/orders")).text
    for secret in ("13905390001", "139 0539 0001", "371302199001011234", "6222-0213-0000-1111", "王建国"):
        assert secret not in page
        assert secret not in listed
    masked = "我叫王**，电话139******01，身份证371*************34，银行卡622***********11，3号楼402"
    assert page.count(masked) == 2
    assert "工单编号26112300001，电话139******01。" in page
    assert "<dd>139****0001</dd>" in page


async def test_hostile_words_are_shown_as_words(site: Site) -> None:
    await keep(site.store, an_order(appeal=an_appeal(text=HOSTILE)))
    await said(site, ("Said", {"text": HOSTILE, "raw": '"><img src=x onerror=alert(1)>'}))
    async with site.client(headers=STAFF) as client:
        page = (await client.get("/orders/26112300001")).text
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/orders/26112399999", 404, "没有找到这个页面或者工单。"),
        ("/orders/abc", 422, "网址不对"),
        ("/orders?before=yesterday", 422, "网址不对"),
        ("/orders?before=2026-11-23T10:00:00", 422, "网址不对"),
        ("/nothing", 404, "没有找到这个页面或者工单。"),
    ],
)
async def test_a_page_that_is_not_there_says_why(site: Site, path: str, status: int, reason: str) -> None:
    async with site.client(headers=STAFF) as client:
        page = await client.get(path)
    assert page.status_code == status
    assert reason in page.text


async def test_a_database_that_is_away_is_said_in_words(site: Site) -> None:
    async with site.store.database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE work_orders")
    async with site.client(headers=STAFF) as client:
        page = await client.get("/orders")
    assert page.status_code == 503
    assert "系统暂时不可用，请稍后再试" in page.text


@pytest.mark.parametrize("path", ["/", "/login", "/orders", "/orders/26112300001", "/nothing"])
async def test_pages_load_nothing_from_elsewhere_and_are_not_kept(site: Site, path: str) -> None:
    await keep(site.store, an_order())
    async with site.client(headers=STAFF) as client:
        page = await client.get(path)
        loaded = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
        assert [address for address in loaded if not re.match(r"/(?!/)", address)] == []
        for address in loaded:
            if address.startswith("/static/"):
                assert (await client.get(address)).status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_the_chat_page_can_be_heard_and_enlarged(site: Site) -> None:
    async with site.client() as client:
        page = (await client.get("/")).text
    assert 'lang="zh-CN"' in page
    assert 'role="log" aria-live="polite"' in page
    assert '<label class="hidden" for="text">' in page
    assert 'id="larger" aria-pressed="false"' in page
    assert "紧急情况请直接拨打 110、119、120" in page
