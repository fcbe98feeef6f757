"""The supervision board: tiers, what is overdue and how far up it went, rates by quarter with the orders behind."""

from __future__ import annotations

import io
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from docx import Document

from desk.pages.supervision import board, rates
from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.deeds import (
    Card,
    Deed,
    Exclude,
    ProposeTier,
    Remind,
    Resolution,
    Revisit,
    Satisfaction,
    SignFor,
    Supervise,
    Tier,
)
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import MACHINE, Actor
from hotline.domain.work_order import WorkOrder
from tests.builders import NOW, an_appeal
from tests.consoles_site import CITY, LANSHAN, ConsolesSite, a_consoles_site
from tests.documents import text_of_pdf
from tests.integration.consoles.test_orders import looks, words_of
from tests.unit.hotline.domain.test_work_order import REVIEWED
from tests.work_orders import AGENT, LANSHAN_UNIT, REVIEWER, SUPERVISOR, a_decision, an_order, keep
from tests.years import keep_years

R = StaffRole
DUE = NOW + timedelta(hours=2)
UNHAPPY = Revisit(
    True, "电话", False, Resolution.UNRESOLVED, Satisfaction.DISSATISFIED, Satisfaction.SATISFIED
)
HAPPY = Revisit(True, "电话", True, Resolution.RESOLVED, Satisfaction.SATISFIED, Satisfaction.SATISFIED)


def a_number(index: int) -> str:
    return f"261123{index:05d}"


async def kept(site: ConsolesSite, index: int, *deeds: tuple[Actor, Deed], **appeal: Any) -> WorkOrder:
    order = an_order(a_number(index), appeal=an_appeal(**appeal), routing=a_decision(due_at=DUE))
    for by, deed in deeds:
        order = order.after(deed, by=by, at=order.history[-1].at)
    await keep(site.store, order)
    return order


async def supervised(site: ConsolesSite) -> None:
    """Orders on every rung, and four that the citizen was asked about."""
    red = (MACHINE, Remind(Card.RED, DUE))
    first = (MACHINE, Supervise(Tier.HOTLINE, "overdue"))
    higher = (MACHINE, ProposeTier(Tier.GOVERNMENT, "overdue since the red card"))
    media = (SUPERVISOR, Supervise(Tier.MEDIA, "两次重办仍未解决"))
    signed = (LANSHAN_UNIT, SignFor())
    await kept(site, 1)
    await kept(site, 2, signed, (MACHINE, Remind(Card.YELLOW, DUE)), red, first, higher)
    await kept(site, 3, signed, red, first, media, secrecy=Secrecy.NONE)
    await kept(site, 4, text="李建国举报", citizen_name="李建国", secrecy=Secrecy.CONFIDENTIAL)
    for index in range(5, 8):
        await kept(site, index, *REVIEWED, (AGENT, HAPPY))
    await kept(site, 8, *REVIEWED, (AGENT, UNHAPPY))
    why = Exclude("unreasonable", "超出临沂管辖", "张主任")
    await kept(site, 9, *REVIEWED, (AGENT, UNHAPPY), (REVIEWER, why))
    site.clock.at = NOW + timedelta(days=1)


async def test_what_is_overdue_is_listed_with_its_cards_and_tiers_and_the_look_is_noted(
    site: ConsolesSite,
) -> None:
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR, login="du")) as client:
        page = (await client.get("/desk/supervision")).text
    words = words_of(page)
    assert "4 承办单位超期未办 1 热线督办 1 媒体督办 0 政务督办 0 人大政协督办 0 纪委监委督办" in words
    assert re.search(r"26112300002 超 22 小时 督办中 热线督办 建议政务督办 黄牌 红牌", words)
    assert re.search(r"26112300003 超 22 小时 督办中 媒体督办 红牌", words)
    assert "李建国" not in page
    assert "2026-11-23 9" in words
    ((actor, subject, why),) = await looks(site)
    assert (actor, subject, why.startswith('{"why": "supervision, overdue: 26112300001')) == (
        "staff:du",
        "orders",
        True,
    )


async def test_rates_lead_to_the_orders_behind_them_and_exclusions_tell_who_approved(
    site: ConsolesSite,
) -> None:
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR)) as client:
        page = (await client.get("/desk/supervision/rates")).text
        before = words_of((await client.get("/desk/supervision/rates?quarter=2026Q3")).text)
        links = [
            link.replace("&amp;", "&") for link in re.findall(r'href="(/desk/supervision/orders[^"]*)"', page)
        ]
        found = [words_of((await client.get(link)).text) for link in links]
        wrong = [(await client.get(f"/desk/supervision/orders?unit=x&{bad}")).status_code for bad in ("which=all&quarter=2026Q4", "which=late&quarter=1")]  # fmt: skip
    assert "兰山区人民政府 8 75.00% 75.00% 75.00% 100.00% 1 11.11% — — 75.00 —" in words_of(page)
    assert "综合按响应率 20%、解决率 40%、满意率 40% 加权" in page
    assert before.count("这个季度没有派给这一组的工单。") == 3
    numbers = [sorted(int(each[-2:]) for each in re.findall(r"261123\d{5}", words)) for words in found]
    assert numbers == [[1, 2, 3, 4, 5, 6, 7, 8], [8], [8], [8], [], [9]]
    assert "超出临沂管辖 张主任" in found[-1]
    assert wrong == [422, 422]


async def test_cards_and_tiers_are_counted_by_unit_and_lead_to_their_orders(site: ConsolesSite) -> None:
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR)) as client:
        week, today = [words_of((await client.get(f"/desk/supervision?days={days}")).text) for days in (7, 1)]
        red, yellow = [
            words_of((await client.get(f"/desk/supervision/cards?unit={LANSHAN}&card={card}&days=7")).text)
            for card in ("red", "yellow")
        ]
        standing, media, proposed, none = [
            words_of((await client.get(f"/desk/supervision/ladder?{query}")).text)
            for query in ("", "tier=2", "tier=3&state=proposed", f"tier=3&unit={LANSHAN}")
        ]
        wrong = [(await client.get(f"/desk/supervision/{bad}")).status_code for bad in ("ladder?tier=6", "ladder?after=x", "cards?unit=x&card=blue")]  # fmt: skip
    assert "兰山区人民政府 2 1 0 0" in week
    assert "这段时间没有向承办单位发出黄牌、红牌。" in today
    assert [re.findall(r"261123\d{5}", words) for words in (red, yellow)] == [
        ["26112300002", "26112300003"],
        ["26112300002"],
    ]
    assert "在督 1 建议 0 第 2 级 媒体督办 在督 1 建议 0 第 3 级 政务督办 在督 0 建议 1" in standing
    assert "兰山区人民政府 1 1 0 0 0 1" in standing
    assert "26112300002 兰山区人民政府 家里暖气不热 超期未办结 系统发起 建议政务督办" in standing
    assert "26112300003 兰山区人民政府 家里暖气不热 两次重办仍未解决 11-23" in media
    assert "26112300002 兰山区人民政府 家里暖气不热 红牌后仍未办结" in proposed
    assert "没有这样的工单。" in none
    assert wrong == [422, 422, 422]


async def test_a_proposed_tier_is_turned_down_with_a_reason_and_stays_so(site: ConsolesSite) -> None:
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR, login="du")) as client:
        path = f"/desk/supervision/{a_number(2)}"
        page = (await client.get(path)).text
        assert "不予升级" in page
        (revision,) = set(re.findall(r'name="revision" value="(\d+)"', page))
        given = {"revision": revision, "tier": "3"}
        assert (await client.post(f"{path}/reject_tier", data={**given, "reason": " "})).status_code == 422
        done = await client.post(f"{path}/reject_tier", data={**given, "reason": "单位已在现场抢修"})
        assert done.status_code == 303
        after = words_of((await client.get(path)).text)
        ladder = words_of((await client.get("/desk/supervision/ladder?tier=3&state=proposed")).text)
        given = {"revision": str((await site.store.get(a_number(2))).revision), "tier": "3", "reason": "再来"}
        assert (await client.post(f"{path}/reject_tier", data=given)).status_code == 409
    assert "不予升级 政务督办：单位已在现场抢修" in after
    assert "系统建议" not in after
    assert "没有这样的工单。" in ladder


async def test_the_orders_behind_a_figure_are_turned_page_by_page(
    site: ConsolesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    await supervised(site)
    for page in (rates, board):
        monkeypatch.setattr(page, "A_PAGE", 3)
    behind = f"/desk/supervision/orders?unit={LANSHAN}&which=counted&quarter=2026Q4"
    async with site.client(await site.account(R.SUPERVISOR)) as client:
        pages = [(await client.get(f"{behind}{start}")).text for start in ("", "&start=3", "&start=6")]
        cards = (await client.get(f"/desk/supervision/cards?unit={LANSHAN}&card=red&days=7")).text
    assert [sorted(set(re.findall(r"261123\d{5}", words_of(page)))) for page in pages] == [
        [a_number(index) for index in those] for those in ((6, 7, 8), (3, 4, 5), (1, 2))
    ]
    assert [
        re.search(r"共 \d+ 件(，第 \S+ 件)?", words_of(page)).group() for page in pages  # type: ignore[union-attr]
    ] == ["共 8 件，第 1–3 件", "共 8 件，第 4–6 件", "共 8 件，第 7–8 件"]  # fmt: skip
    assert [('data-key="p"' in page, 'data-key="n"' in page) for page in (*pages, cards)] == [
        (False, True), (True, True), (True, False), (False, False),
    ]  # fmt: skip
    assert "共 2 件" in words_of(cards)


def counted(rows: list[dict[str, Any]], first: date, days: int) -> Counter[str]:
    """Count the facts of some days by county, one by one."""
    span = first, first + timedelta(days=days - 1)
    return Counter(row["county"] for row in rows if span[0] <= row["registered_at"].astimezone(CITY.timezone).date() <= span[1])  # fmt: skip


async def test_places_days_and_forecasts_are_shown_with_their_figures_and_errors(site: ConsolesSite) -> None:
    rows = await keep_years(site.store, 120)
    site.clock.at = NOW + timedelta(days=1)
    async with site.client(await site.account(R.SUPERVISOR)) as client:
        places = words_of((await client.get("/desk/supervision/map?days=7")).text)
        county = words_of((await client.get("/desk/supervision/map?days=7&category=07&county=371302")).text)
        classes = words_of((await client.get("/desk/supervision/issues")).text)
        counties = words_of((await client.get("/desk/supervision/issues?by=county&category=0101")).text)
        wrong = [(await client.get(f"/desk/supervision/{bad}")).status_code for bad in ("map?days=8", "map?county=3713", "issues?by=unit", "issues?key=x")]  # fmt: skip
    lately = counted(rows, date(2026, 11, 17), 7)
    before = counted(rows, date(2026, 11, 10), 7)["371302"]
    lanshan, whole = lately["371302"], lately.total()
    change = f"{100 * (lanshan / before - 1):+.0f}%"
    assert f"兰山区 {lanshan} {100 * lanshan / whole:.1f}% {before} {change}" in places
    assert re.search(r"兰山区各街道、乡镇 全市 街道、乡镇 件数 兰山街道 \d 兰山区每天受理", county)
    assert "到上一整周为止（2026-11-16 至 2026-11-22）" in classes
    row = r"供暖 22 [\d.]+ \+\d+% (\d+) (\d+) (\d+) (\d+) ([\d.]+)% ([\d.]+)% ([\d.]+)%"
    found = re.search(row, classes)
    assert found is not None
    assert all(20 <= int(count) <= 30 for count in found.groups()[:4])
    error, weekly, yearly = map(float, found.groups()[4:])
    assert error < min(weekly, yearly)
    assert re.search(r"供暖：各县区 .* 兰山区 \d+", counties)
    assert wrong == [422, 422, 422, 422]


async def test_a_brief_is_drafted_for_a_week_edited_and_taken_out_as_word_or_pdf_which_is_noted(
    site: ConsolesSite,
) -> None:
    rows = await keep_years(site.store, 30)
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR, login="du")) as client:
        draft = (await client.get("/desk/supervision/brief?week=2026-11-09")).text
        sent = {
            "csrf": client.headers["X-CSRF"],
            "week": "2026-11-16",
            "text-advice": "请<b>各县区</b>做好供暖保障。",
        }
        word = await client.post("/desk/supervision/brief", data={**sent, "form": "word"})
        pdf = await client.post("/desk/supervision/brief", data={**sent, "form": "pdf"})
        wrong = [
            (await client.post("/desk/supervision/brief", data={**sent, "form": "word", **bad})).status_code
            for bad in ({"form": "print"}, {"week": "2026-11-17"}, {"week": "x"})
        ]
    assert "（2026年11月9日至2026年11月15日）" in draft
    assert word.headers["content-disposition"] == 'attachment; filename="brief-20261116.docx"'
    paragraphs = [each.text for each in Document(io.BytesIO(word.content)).paragraphs]
    assert paragraphs[-2:] == ["七、工作建议", "请<b>各县区</b>做好供暖保障。"]
    assert f"本周共受理诉求{counted(rows, date(2026, 11, 16), 7).total()}件，" in paragraphs[3]
    supervised_now = "承办单位超期未办4件；督办中2件，其中热线督办1件、媒体督办1件；另有1件建议升级"
    assert any(supervised_now in each for each in paragraphs)
    assert pdf.headers["content-disposition"] == 'attachment; filename="brief-20261116.pdf"'
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    printed = text_of_pdf(pdf.content)  # it says what the Word file says, and every row of its tables
    made = Document(io.BytesIO(word.content))
    said = [*paragraphs, *(cell.text for table in made.tables for row in table.rows for cell in row.cells)]
    assert [each for each in said if "".join(each.split()) not in printed] == []
    assert wrong == [422, 422, 422]
    assert [why for _, subject, why in await looks(site) if subject == "figures"] == [
        '{"why": "weekly brief 2026-11-16, word"}',
        '{"why": "weekly brief 2026-11-16, pdf"}',
    ]


async def test_an_edited_brief_is_kept_not_overwritten_unseen_and_stays_as_it_was_issued(
    site: ConsolesSite,
) -> None:
    await keep_years(site.store, 30)
    du, wu = [await site.account(R.SUPERVISOR, login=login) for login in ("du", "wu")]
    page = "/desk/supervision/brief"
    async with site.client(du) as one, site.client(wu) as other:

        async def send(client: httpx.AsyncClient, form: str, revision: int, text: str) -> httpx.Response:
            sent = {"csrf": client.headers["X-CSRF"], "week": "2026-11-16", "text-advice": text}
            return await client.post(page, data={**sent, "form": form, "revision": str(revision)})

        first = await send(one, "keep", 0, "做好供暖保障。")
        late = await send(other, "keep", 0, "做好防汛。")
        between = (await other.get(f"{page}?week=2026-11-16")).text
        unread = await send(other, "issue", 0, "做好防汛。")
        asked = await send(other, "issue", 1, "做好防汛。")
        still = (await one.get(f"{page}?week=2026-11-16")).text
        issued = await send(other, "issue_now", 1, "做好防汛。")
        again = await send(one, "keep", 2, "再改一次。")
        site.clock.move(days=90)
        await site.parts.trends.prepare()
    async with site.client(du) as one:
        afterwards = (await one.get(f"{page}?week=2026-11-16")).text
        word = await send(one, "word", 2, "再改一次。")
    assert (first.status_code, late.status_code, issued.status_code, again.status_code) == (
        303,
        409,
        303,
        409,
    )
    assert "这份周报刚被别人保存过" in late.text
    assert 'name="revision" value="1"' in late.text
    assert re.search(r"<textarea[^>]*>做好防汛。</textarea>", late.text)
    assert (unread.status_code, asked.status_code) == (409, 200)
    assert '<dialog id="issue" aria-labelledby="issue-title" open>' in asked.text
    assert re.search(r"<textarea[^>]*>做好防汛。</textarea>", asked.text)
    assert "最近由du于" in still  # to be asked issues nothing, and keeps nothing
    assert "最近由du于" in between
    assert re.search(r"<textarea[^>]*>做好供暖保障。</textarea>", between)
    assert "已经印发，不能再改" in again.text
    assert "wu于" in afterwards
    assert "<textarea" not in afterwards
    assert [each.text for each in Document(io.BytesIO(word.content)).paragraphs][-1] == "做好防汛。"


async def test_a_quarter_is_shown_as_it_was_last_counted_by_any_process_while_it_is_counted_anew(
    site: ConsolesSite, tmp_path: Path
) -> None:
    await supervised(site)
    other = a_consoles_site(site.store, tmp_path)
    other.clock.at = site.clock.at
    await other.parts.board.prepare()
    await kept(site, 10, *REVIEWED, (AGENT, UNHAPPY))
    pages = []
    async with site.client(await site.account(R.SUPERVISOR)) as client:
        for minutes in (1, 11, 0):
            site.clock.move(minutes=minutes)
            pages.append(words_of((await client.get("/desk/supervision/rates")).text))
    assert ["兰山区人民政府 8 75.00% 75.00% 75.00% 1" in page for page in pages] == [True, True, False]
    assert ["正在重新统计" in page for page in pages] == [False, True, False]
    assert re.search(r"兰山区人民政府 9 60.00% 点名 60.00% 点名 60.00% 点名 1", pages[2])


async def test_a_supervisor_raises_talks_over_and_ends_supervision_and_units_are_told(
    site: ConsolesSite,
) -> None:
    await supervised(site)
    path = f"/desk/supervision/{a_number(2)}"
    revision = (await site.store.get(a_number(2))).revision
    async with site.client(await site.account(R.SUPERVISOR, login="du")) as client:

        async def sent(step: str, at: int, **given: str) -> tuple[int, str]:
            answer = await client.post(f"{path}/{step}", data={"revision": at, **given})
            return answer.status_code, words_of(answer.text) if answer.text else ""

        page = (await client.get(path)).text
        words = words_of(page)
        listed = (await client.get("/desk/supervision")).text
        secret = (await client.get(f"/desk/supervision/{a_number(4)}")).text
        wrong = [
            await sent("supervise", revision, tier="3", reason=" "),
            await sent("supervise", revision, tier="3", reason="红牌后仍未办结"),
            await sent("supervise", revision, tier="3", reason="红牌后仍未办结", approver="du"),
            await sent("supervise", revision, tier="1", reason="再督一次"),
            await sent("supervise", revision - 1, tier="2", reason="两次未解决"),
            await sent("sign_for", revision),
        ]
        raised = await sent("supervise", revision, tier="3", reason="红牌后仍未办结", approver="张主任")
        talk = {"kind": "joint_meeting", "participants": "兰山区\n市住建局", "conclusion": "三日内恢复供热"}
        talked = await sent("confer", revision + 1, **talk)
        after_it = words_of((await client.get(path)).text)
        ended = await sent("resume", revision + 2, reason="已恢复供热，转正常办理")
        again = await sent("resume", revision + 3, reason="再解除")
        closing = words_of((await client.get(path)).text)
    assert "现在 热线督办 理由 超期未办结" in words
    assert "系统建议 建议政务督办 红牌后仍未办结 提醒 黄牌 红牌" in words
    assert re.findall(r'<option value="(\d)" (\w*)>', page) == [
        ("2", ""),
        ("3", "selected"),
        ("4", ""),
        ("5", ""),
    ]
    assert f'href="{path}"' in listed
    assert re.findall(r'<option value="(\d)"', secret) == ["1", "3", "4", "5"]  # it never reaches the media
    assert [status for status, _ in wrong] == [422, 422, 422, 409, 409, 404]
    said = (
        "请写明督办理由。",
        "跳级督办须写明由谁批准。",
        "须由另一个人批准。",
        "已经在这一级",
        "已被别人改动",
    )
    assert [each in text for each, (_, text) in zip(said, wrong, strict=False)] == [True] * 5
    assert (raised[0], talked[0], ended[0], again[0]) == (303, 303, 303, 409)
    assert "现在 政务督办 理由 红牌后仍未办结" in after_it
    assert "会商 联席会议（兰山区、市住建局）：三日内恢复供热" in after_it
    assert "现在不在督办中" in closing
    order = await site.store.get(a_number(2))
    assert [(each.step, str(each.by)) for each in order.history[-3:]] == [
        (Step.SUPERVISE, "supervisor:du"), (Step.CONFER, "supervisor:du"), (Step.RESUME, "supervisor:du")
    ]  # fmt: skip
    assert (order.status, order.tier, order.due_at > DUE) == (Status.HANDLING, Tier.GOVERNMENT, True)  # type: ignore[operator]  # it has a limit
