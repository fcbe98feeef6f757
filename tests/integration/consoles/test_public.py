"""The pages for everybody: figures, cleared cases, who is responsible for what; nothing secret and nothing personal."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import AppealKind, EmergencyService, PhoneNumber, Secrecy
from hotline.domain.deeds import Disclose, Join, Reopen, Withdraw
from hotline.domain.people import MACHINE
from hotline.domain.work_order import WorkOrder
from tests.builders import LANSHAN, NOW, an_appeal
from tests.consoles_site import CITY, ConsolesSite
from tests.integration.consoles.test_orders import words_of
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import AGENT, REVIEWER, an_order, change, keep

_MOST_PAGES = 400
_RATE = r"<strong>(\S+)</strong>"


def a_number(index: int) -> str:
    return f"261123{index:05d}"


async def cleared(site: ConsolesSite, index: int, public: str = "", **appeal: Any) -> WorkOrder:
    """Keep a concluded order; disclosed with ``public`` if there is any, as if nobody had read it over."""
    order = done(an_order(a_number(index), appeal=an_appeal(**appeal)), *CONCLUDED)
    if public:  # where the rules refuse it, it was written past them
        entry = replace(order.history[-1], at=NOW + timedelta(minutes=index), deed=Disclose(public))
        order = replace(order, history=(*order.history, entry), revision=order.revision + 1)
    await keep(site.store, order)
    return order


class Secrets:
    """Orders of which nothing may be seen, each with words of its own."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def words_of(self, index: int) -> dict[str, Any]:
        """Return an appeal's fields that are told by their words wherever they turn up."""
        name, phone = f"欧阳密{'甲乙丙丁戊己庚辛壬癸'[index % 10]}", f"1390539{index:04d}"
        text, detail, said = f"秘事{index}号详情", f"暗巷{index}号院", f"口述{index}地点"
        self.words += [name, phone, text, detail, said]
        place = replace(LANSHAN, said=said, detail=detail)
        return {
            "citizen_name": name,
            "phone": PhoneNumber(phone),
            "text": text,
            "summary": text,
            "place": place,
        }


async def seeded(site: ConsolesSite) -> Secrets:
    """Keep orders of every kind; of those that are public, the citizen's own words are secret as well."""
    secrets = Secrets()
    hidden: list[dict[str, Any]] = [
        {"secrecy": Secrecy.CONFIDENTIAL},
        {"kind": AppealKind.TIP_OFF},
        {"is_about_minor": True},
        {"emergency": EmergencyService.POLICE},
        {"kind": AppealKind.NUISANCE},
    ]
    for index, values in enumerate(hidden, 100):
        public = f"禁止公开{index}"
        secrets.words += [public, a_number(index)]
        await cleared(site, index, public, **{**secrets.words_of(index), **values})
    waiting = await cleared(site, 110, **secrets.words_of(110))  # nobody has decided that it may be seen
    await keep(site.store, an_order(a_number(111), appeal=an_appeal(**secrets.words_of(111))))
    taken_back = an_order(a_number(112), appeal=an_appeal(**secrets.words_of(112)))
    await keep(site.store, taken_back)
    await change(site.store, taken_back, Withdraw("自行解决"), by=AGENT, at=NOW)
    again = await cleared(site, 113, "旧答复作废", **secrets.words_of(113))
    await change(site.store, again, Reopen("又坏了"), by=REVIEWER, at=NOW + timedelta(hours=3))
    joined = an_order(a_number(114), appeal=an_appeal(**secrets.words_of(114)))
    shy = Join(a_number(115), "并入秘事", PhoneNumber("13905399999"), "上官隐", secrecy=Secrecy.CONFIDENTIAL)
    joined = done(joined.after(shy, by=MACHINE, at=NOW), *CONCLUDED)
    await keep(site.store, joined)
    secrets.words += [waiting.number, *map(a_number, (111, 112, 113, 114, 115)), "旧答复作废", "并入秘事", "13905399999", "上官隐"]  # fmt: skip
    for index in range(1, 24):
        fields = secrets.words_of(index)
        reply = f"第{index}件：{fields['citizen_name']}家3号楼已恢复供热，电话{fields['phone'].digits}"
        await cleared(site, index, reply, **fields)
    site.clock.at = NOW + timedelta(days=1)
    return secrets


async def crawled(client: httpx.AsyncClient, start: str) -> dict[str, str]:
    """Return every page below ``/public`` that links and forms lead to, by address."""
    found: dict[str, str] = {}
    waiting = [start]
    while waiting and len(found) < _MOST_PAGES:
        address = waiting.pop()
        if address in found:
            continue
        response = await client.get(address)
        assert response.status_code == 200, address
        found[address] = response.text
        links = [unescape(link) for link in re.findall(r'(?:href|src|action)="([^"]*)"', response.text)]
        for name in ("category", "county"):
            chosen = re.search(rf'<select id="{name}".*?</select>', response.text, re.DOTALL)
            values = re.findall(r'value="([^"]+)"', chosen[0]) if chosen is not None else []
            links += [f"/public/cases?{name}={value}" for value in values]
        links = [urljoin(address, link.partition("#")[0]) for link in links if not link.startswith("tel:")]
        assert [link for link in links if not link.startswith(("/public", "/static/")) and link != "/"] == []
        waiting += [link for link in links if link.startswith("/public")]
    return found


async def test_nothing_secret_and_nothing_personal_is_on_any_page_that_links_lead_to(
    site: ConsolesSite,
) -> None:
    secrets = await seeded(site)
    async with site.client() as client:
        pages = await crawled(client, "/public")
        for looked_for in (*secrets.words[:10], a_number(100), "%", "暗巷"):
            for path in ("/public/units", "/public/cases"):
                asked = {
                    "q": looked_for,
                    "category": looked_for[:6],
                    "after": f"9999999999999999-{a_number(100)}",
                }
                pages[f"{path} {looked_for}"] = (await client.get(path, params=asked)).text.replace(
                    looked_for, ""
                )
    seen = {address for address in pages if address.startswith("/public/cases?category=&county=&after=")}
    assert len(seen) == 2  # three pages of cases, each with links to the next and back
    assert {"/public", "/public/units", "/public/figures.json", "/public?text=large"} <= pages.keys()
    whole = "\n".join(pages.values())
    assert [word for word in secrets.words if word in whole] == []
    assert [each for each in range(1, 24) if f"第{each}件：欧**家***已恢复供热，电话****" not in whole] == []


async def test_the_figures_are_of_whole_days_and_the_same_on_the_page_and_for_programs(
    site: ConsolesSite,
) -> None:
    for index in range(1, 7):
        await cleared(site, index)
    await cleared(site, 7, category="0303", place=None)
    for index in range(10, 15):
        await cleared(site, index, secrecy=Secrecy.CONFIDENTIAL)
    await keep(site.store, an_order(a_number(9), appeal=an_appeal(kind=AppealKind.NUISANCE)))
    async with site.client() as client:
        none_yet = words_of((await client.get("/public")).text)
        site.clock.at = NOW + timedelta(days=1)
        page = (await client.get("/public")).text
        told = await client.get("/public/figures.json")
    assert "受理 0件" in none_yet
    assert "2026年10月25日至2026年11月23日（最近30天）登记的诉求" in words_of(page)
    assert re.findall(_RATE, page) == ["12件", "0件", "12件", "100.0%", "100.0%", "100.0%", "100.0%"]
    assert "公用事业 6件 100.0% 100.0%" in words_of(page)
    assert "住房城乡建设 少于5件 — —" in words_of(page)
    assert "数据截至2026-11-24 10:00" in page
    assert told.headers["cache-control"] == "public, max-age=300"
    row = {"accepted": 6, "in_time": 1.0, "satisfied": 1.0}
    nothing = dict.fromkeys(row)
    assert told.json() == {
        "city": "371300", "first": "2026-10-25", "last": "2026-11-23", "as_of": "2026-11-24T10:00:00+08:00",
        "formula": {"version": "2026-01", "confirmed": False}, "accepted": 12, "answered_at_once": 0, "closed": 12,
        "in_time": 1.0, "response": 1.0, "resolved": 1.0, "satisfied": 1.0, "by_group": {"01": row, "03": nothing},
        "by_category": {"0101": 6, "0303": None}, "by_county": {"371302": row},
    }  # fmt: skip


async def test_a_matter_is_found_by_its_words_with_its_unit_and_telephone(site: ConsolesSite) -> None:
    async with site.client() as client:
        everything = words_of((await client.get("/public/units")).text)
        found = (await client.get("/public/units", params={"q": "欠薪"})).text
        nothing = words_of((await client.get("/public/units", params={"q": "<b>甲乙丙丁</b>"})).text)
    assert [
        group for group in {one.group for one in CITY.categories.values()} if group not in everything
    ] == []
    assert "市人力资源社会保障局" in words_of(found)
    assert "<details open>" in found
    assert "没有找到，请换个说法" in nothing


async def test_large_text_is_kept_without_a_script(site: ConsolesSite) -> None:
    async with site.client() as client:
        assert '<html lang="zh-CN" class="normal">' in (await client.get("/public")).text
        assert '<html lang="zh-CN" class="large">' in (await client.get("/public?text=large")).text
        pages = [(await client.get(path)).text for path in ("/public", "/public/cases", "/public/units")]
        strange = (await client.get("/public?text=%22%3E%3Cscript%3E")).text
    assert [('class="large">' in page, "<script" in page) for page in pages] == [(True, False)] * 3
    assert 'class="large">' in strange


async def test_a_reviewer_reads_the_public_version_over_and_only_then_everybody_sees_it(
    site: ConsolesSite,
) -> None:
    order = await cleared(site, 1, citizen_name="李建国")
    path = f"/desk/review/{order.number}"
    async with site.client() as everybody, site.client(await site.account(StaffRole.REVIEWER)) as client:
        assert ">公开</button>" in (await client.get(path)).text
        given = {"revision": order.revision, "reason": "李建国家已修好"}
        refused = await client.post(f"{path}/disclose", data=given)
        assert "没有符合条件的公开诉求" in (await everybody.get("/public/cases")).text
        done_so = await client.post(f"{path}/disclose", data={**given, "reason": "供热已恢复。"})
        page = words_of((await everybody.get("/public/cases")).text)
        assert "已公开" in (await client.get(path)).text
    assert (refused.status_code, done_so.status_code) == (422, 303)
    assert "供暖 事发地：兰山区银雀山街道 · 承办单位：兰山区人民政府 办理答复 供热已恢复。" in page
    assert "登记 2026年11月23日 · 公开 2026年11月23日 · 编号 26112300001" in page


async def test_what_may_not_be_disclosed_is_not_offered_to_reviewers(site: ConsolesSite) -> None:
    order = await cleared(site, 1, secrecy=Secrecy.CONFIDENTIAL)
    async with site.client(await site.account(StaffRole.REVIEWER)) as client:
        page = await client.get(f"/desk/review/{order.number}")
        answer = await client.post(
            f"/desk/review/{order.number}/disclose",
            data={"revision": order.revision, "reason": "供热已恢复。"},
        )
    assert (">公开</button>" in page.text, answer.status_code) == (False, 409)
