"""The rules console by HTTP: from the table to a draft, its check, trial, review and versions; and who is refused what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hotline.domain.accounts import StaffRole
from hotline.store.sql import SqlStore
from tests.builders import NOW, an_appeal
from tests.consoles_site import ConsolesSite, a_consoles_site
from tests.integration.consoles.test_orders import looks, words_of
from tests.small_catalogue import HEAT, small_city
from tests.work_orders import an_order, keep

R = StaffRole
TODAY = NOW.date().isoformat()
NOT_WARM = "家里暖气不热（供暖，兰山区）"
TO_HOUSING = {
    "row": "heat", "category": "供暖", "lead": "body-housing", "supporting": "属地", "because": HEAT["because"],
    "basis": HEAT["basis"], "confirmed": "on",
}  # fmt: skip
OF_HEATING = "/desk/rules/drafts/c1/orders?old=county-371302&new=body-housing&rule=heat"


@pytest.fixture
def site(store: SqlStore, tmp_path: Path) -> ConsolesSite:
    return a_consoles_site(store, tmp_path, city=small_city(tmp_path, is_whole=True))


def plain(piece: str) -> str:
    """Return the words of a piece of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", piece)).strip()


async def started(client: Any, **changed: str) -> None:
    """Begin a draft, and change who leads when it is not warm."""
    given = {"reason": "供热职责调整", "effective_on": TODAY, **changed}
    assert (await client.post("/desk/rules/drafts", data=given)).headers["location"] == "/desk/rules?draft=c1"
    kept = await client.post("/desk/rules/drafts/c1/rows", data={**TO_HOUSING, "revision": "0"})
    assert kept.headers["location"] == "/desk/rules/drafts/c1"


async def tried(site: ConsolesSite, client: Any) -> str:
    assert (await client.post("/desk/rules/drafts/c1/try", data={"days": "30"})).status_code == 303
    assert site.parts.rules is not None
    await site.parts.rules.trials.settled()
    return plain((await client.get("/desk/rules/drafts/c1/trial")).text)


async def test_a_rule_is_changed_tried_let_pass_by_somebody_else_and_rolled_back(site: ConsolesSite) -> None:
    """One walk through all of it: what each page says, and who is refused on the way."""
    await keep(site.store, an_order(appeal=an_appeal(category="0101", text="暖气不热")))
    zheng = await site.account(R.RULES_EDITOR, R.RULES_REVIEWER, login="zheng")
    qian = await site.account(R.RULES_REVIEWER, login="qian")
    async with site.client(zheng) as editor, site.client(qian) as reviewer:
        await started(editor)
        page = words_of((await editor.get("/desk/rules/drafts/c1")).text)
        assert "heat 修改 主办 属地 → 市住房城乡建设局 协办 市住房城乡建设局 → 属地" in page
        assert "还没有试算" in page
        refused = await editor.post("/desk/rules/drafts/c1/submit", data={"revision": "1"})
        assert (refused.status_code, "请先试算" in refused.text) == (422, True)
        shown = await tried(site, editor)
        assert "1 件会改派（试算往期工单 1 件） 3 → 2 对照诉求派对（共 3 件） 0 → 1 派错单位" in shown
        assert f"变差 {NOT_WARM}：应派 兰山区人民政府，兰山区人民政府 → 市住房城乡建设局" in shown
        refused = await editor.post("/desk/rules/drafts/c1/submit", data={"revision": "1"})
        assert f"对照诉求比现在派得差：“{NOT_WARM}”" in refused.text
        meant = {"revision": "1", "matter": NOT_WARM, "lead": "body-housing", "reason": "职责已划转"}
        await editor.post("/desk/rules/drafts/c1/expect", data=meant)
        assert "2 → 3 对照诉求派对" in await tried(site, editor)
        behind = words_of((await editor.get(OF_HEATING)).text)
        assert "兰山区人民政府 → 市住房城乡建设局 规则 heat，1 件" in behind
        assert "26112300001" in behind
        assert (await looks(site))[-1][2] == '{"why": "rules c1: 26112300001"}'
        assert (await editor.post("/desk/rules/drafts/c1/submit", data={"revision": "2"})).status_code == 303
        passing = {"revision": "3", "effective_on": TODAY, "reason": "核对无误"}
        own = await editor.post("/desk/rules/drafts/c1/publish", data=passing)
        assert (own.status_code, "须由另一个人审核" in own.text) == (422, True)
        early = await reviewer.post(
            "/desk/rules/drafts/c1/publish", data={**passing, "effective_on": "2026-01-01"}
        )
        stale = await reviewer.post("/desk/rules/drafts/c1/publish", data={**passing, "revision": "2"})
        assert [(early.status_code, "生效日期已过" in early.text), stale.status_code] == [(422, True), 409]
        assert (await reviewer.post("/desk/rules/drafts/c1/publish", data=passing)).status_code == 303
        listed = words_of((await reviewer.get("/desk/rules/versions")).text)
        assert f"linyi-2026.1+1 {TODAY} 现行 供热职责调整 变更单 zheng qian" in listed
        table = words_of((await reviewer.get("/desk/rules?q=heat")).text)
        assert "linyi-2026.1+1，现行版本，4 条" in table
        difference = words_of((await reviewer.get("/desk/rules/versions/linyi-2026.1%2B1")).text)
        assert "与 linyi-2026.1 的差异 1" in difference
        back = await reviewer.post("/desk/rules/versions/linyi-2026.1/roll-back", data={"reason": "不"})
        assert (back.status_code, "请写明理由" in back.text) == (422, True)
        await reviewer.post("/desk/rules/versions/linyi-2026.1/roll-back", data={"reason": "派错，先恢复"})
        listed = words_of((await reviewer.get("/desk/rules/versions")).text)
        assert f"linyi-2026.1+2 {TODAY} 现行 回退到 linyi-2026.1 派错，先恢复 qian" in listed
        assert "linyi-2026.1+1 2026-11-23 已替换" in listed


async def test_what_is_wrong_with_a_row_is_said_beside_its_field_while_it_is_written(
    site: ConsolesSite,
) -> None:
    async with site.client(await site.account(R.RULES_EDITOR)) as client:
        await started(client)
        wrong = {**TO_HOUSING, "row": "", "id": "Heat", "category": "供暖、7777", "basis": ""}
        said = (await client.post("/desk/rules/drafts/c1/check", data=wrong)).text
        unknown = {**TO_HOUSING, "lead": "没有的局", "category": "7777"}
        also = (await client.post("/desk/rules/drafts/c1/check", data=unknown)).text
        behind = {**TO_HOUSING, "row": "", "id": "heat-two", "before": "end"}
        dead = (await client.post("/desk/rules/drafts/c1/check", data=behind)).text
        kept = await client.post("/desk/rules/drafts/c1/rows", data={**unknown, "revision": "1"})
        fine = (await client.post("/desk/rules/drafts/c1/check", data=TO_HOUSING)).text

    def beside(page: str) -> dict[str, str]:
        found = re.findall(r'<div class="said" id="w-([a-z_]+)" hx-swap-oob="true">(.*?)</div>', page)
        return {field: plain(text) for field, text in found if "wrong" in text}

    assert beside(said) == {"id": "只能用小写字母、数字和连字符", "basis": "不能为空"}
    assert beside(also) == {"category": "没有这个诉求分类：7777", "lead": "没有这个单位：没有的局"}
    assert beside(dead) == {"before": "排在前面的规则（heat-fee、heat）都先命中，永远用不到"}
    assert (beside(fine), "没有错误" in fine, "0101 供暖" in fine) == ({}, True, True)
    assert (kept.status_code, "没有这个单位：没有的局" in kept.text, 'value="没有的局"' in kept.text) == (
        422,
        True,
        True,
    )


async def test_rows_are_added_taken_out_and_left_as_they_were_and_drafts_planned_and_given_up(
    site: ConsolesSite,
) -> None:
    zheng, qian = await site.account(R.RULES_EDITOR), await site.account(R.RULES_REVIEWER)
    async with site.client(zheng) as client, site.client(qian) as reviewer:
        assert (await client.get("/desk")).headers["location"] == "/desk/rules"
        await started(client)
        like = (await client.get("/desk/rules/drafts/c1/new?like=heat")).text
        assert ('value="0101"' in like, 'value="heat"' in like) == (True, True)
        new = {**TO_HOUSING, "row": "", "id": "heat-zone", "area": "zone", "before": "heat", "revision": "1"}
        await client.post("/desk/rules/drafts/c1/rows", data=new)
        assert 'value="zone" checked' in (await client.get("/desk/rules/drafts/c1/rows/heat-zone")).text
        await client.post("/desk/rules/drafts/c1/remove", data={"row": "tax", "revision": "2"})
        table = words_of((await client.get("/desk/rules?draft=c1&only=changed")).text)
        assert [each in table for each in ("heat-zone 新增", "heat 修改", "tax 删去", "heat-fee ")] == [
            True
        ] * 3 + [False]
        await client.post("/desk/rules/drafts/c1/remove", data={"row": "heat-zone", "revision": "3"})
        await client.post("/desk/rules/drafts/c1/undo", data={"row": "tax", "revision": "4"})
        plan = {"reason": "供热职责另行调整", "effective_on": "2026-12-01", "revision": "5"}
        await client.post("/desk/rules/drafts/c1/plan", data=plan)
        page = words_of((await client.get("/desk/rules/drafts/c1")).text)
        assert ("改动 1" in page, "生效 2026-12-01 零点起" in page) == (True, True)
        assert (await reviewer.get("/desk/rules/drafts/c1/new")).status_code == 403
        assert (await reviewer.post("/desk/rules/drafts/c1/send-back", data={"revision": "6", "reason": "依据写全"})).status_code == 422  # fmt: skip
        await client.post("/desk/rules/drafts/c1/discard", data={"revision": "6", "reason": "不再调整"})
        assert "供热职责另行调整 已作废" in words_of((await client.get("/desk/rules/drafts")).text)
        gone = [(await client.get(path)).status_code for path in ("/desk/rules/drafts/c9", OF_HEATING, "/desk/rules/versions/v9", "/desk/rules?version=v9")]  # fmt: skip
        assert gone == [404] * 4


async def test_a_word_list_is_changed_checked_tried_published_and_rolled_back(site: ConsolesSite) -> None:
    """By a new list and a row that goes by it, an order goes to another unit; back again by rolling back."""
    await keep(site.store, an_order(appeal=an_appeal(category="0101", text="家里暖气不热，阀门漏水")))
    zheng, qian = (
        await site.account(R.RULES_EDITOR, login="zheng"),
        await site.account(R.RULES_REVIEWER, login="qian"),
    )
    at = "/desk/rules/drafts/c1"
    async with site.client(zheng) as editor, site.client(qian) as reviewer:
        await editor.post("/desk/rules/drafts", data={"reason": "漏水的由住建办", "effective_on": TODAY})
        new = {"name": "leak", "words": "阀门漏水、漏水，漏水\n噪音", "is_new": "true", "revision": "0"}
        said = plain((await editor.post(f"{at}/words/check", data=new)).text)
        assert "别的词表里也有：噪音（noise）" in said
        assert "不用另写：阀门漏水（已有“漏水”）" in said
        assert "3 个词；新增 阀门漏水、漏水、噪音" in said
        taken = (await editor.post(f"{at}/words", data={**new, "name": "noise"})).text
        assert "词表 noise 已经有了" in taken
        bad = plain((await editor.post(f"{at}/words/check", data={**new, "name": "漏水", "words": " "})).text)
        assert ("名称用小写字母开头" in bad, "至少写一个词" in bad) == (True, True)
        new["words"] = "漏水、跑水"
        assert (await editor.post(f"{at}/words", data=new)).headers["location"] == at
        row = {
            **TO_HOUSING,
            "row": "",
            "id": "leaks",
            "mentions": "leak",
            "before": "heat-fee",
            "supporting": "",
        }
        assert (await editor.post(f"{at}/rows", data={**row, "revision": "1"})).headers["location"] == at
        listed = words_of((await editor.get("/desk/rules/words?draft=c1&q=漏水")).text)
        assert "leak 新增 漏水、跑水 1" in listed
        bound = {"name": "leak", "revision": "2"}
        refused = await editor.post(f"{at}/words/remove", data=bound)
        assert (refused.status_code, "leaks" in refused.text) == (422, True)  # a row goes by it
        assert (
            await editor.post(f"{at}/words/remove", data={**bound, "name": "negations"})
        ).status_code == 422
        page = words_of((await editor.get(at)).text)
        assert "改动 2" in page
        assert "leak 新增 漏水、跑水" in page
        assert "1 件会改派（试算往期工单 1 件）" in await tried(site, editor)
        assert (await editor.post(f"{at}/submit", data={"revision": "2"})).status_code == 303
        passing = {"revision": "3", "effective_on": TODAY, "reason": "核对无误"}
        assert (await reviewer.post(f"{at}/publish", data=passing)).status_code == 303
        assert "leak 漏水、跑水 1" in words_of((await reviewer.get("/desk/rules/words")).text)
        difference = words_of((await reviewer.get("/desk/rules/versions/linyi-2026.1%2B1")).text)
        assert ("差异 2" in difference, "leak 新增 漏水、跑水" in difference) == (True, True)
        assert (await reviewer.get(f"{at}/words?name=leak")).status_code == 403
        await reviewer.post("/desk/rules/versions/linyi-2026.1/roll-back", data={"reason": "派错，先恢复"})
        assert "漏水、跑水" not in (await reviewer.get("/desk/rules/words")).text


async def test_a_word_list_in_force_is_changed_and_left_as_it_was(site: ConsolesSite) -> None:
    at = "/desk/rules/drafts/c1"
    async with site.client(await site.account(R.RULES_EDITOR)) as editor:
        await editor.post("/desk/rules/drafts", data={"reason": "补充问话词", "effective_on": TODAY})
        words = {"name": "questions", "words": "是不是、有没有、算不算", "revision": "0"}
        assert (await editor.post(f"{at}/words", data=words)).headers["location"] == at
        assert "questions 修改 算不算" in words_of((await editor.get(at)).text)
        stale = await editor.post(f"{at}/words", data=words)
        assert stale.status_code == 409
        assert "恢复原样" in (await editor.get(f"{at}/words?name=questions")).text
        await editor.post(f"{at}/words/undo", data={"name": "questions", "revision": "1"})
        assert "还没有改动" in words_of((await editor.get(at)).text)
        assert (await editor.get(f"{at}/words?name=nothing")).status_code == 404
        empty = await editor.post(f"{at}/submit", data={"revision": "2"})
        assert (empty.status_code, "没有改动" in empty.text) == (422, True)


async def test_the_table_is_filtered_by_words_class_unit_and_basis(site: ConsolesSite) -> None:
    async with site.client(await site.account(R.RULES_EDITOR)) as client:
        headers = {"HX-Request": "true", "HX-Target": "rows"}

        async def found(query: str) -> list[str]:
            page = (await client.get(f"/desk/rules?{query}", headers=headers)).text
            return re.findall(r'class="mono">\s*([a-z-]+)', page)

        assert await found("") == ["heat-fee", "heat", "tax", "rest"]
        assert await found("q=住建部门") == ["heat-fee"]
        assert await found("category=0101") == ["heat-fee", "heat", "rest"]
        assert await found("unit=body-housing") == ["heat-fee", "heat"]
        assert await found("only=unconfirmed") == ["rest"]
        assert [await found("only=manual"), await found("only=any")] == [[], []]


async def test_a_scheduled_version_waits_and_is_withdrawn(site: ConsolesSite) -> None:
    zheng, qian = await site.account(R.RULES_EDITOR), await site.account(R.RULES_REVIEWER)
    async with site.client(zheng) as client, site.client(qian) as reviewer:
        await started(client, effective_on="2026-12-01")
        meant = {"revision": "1", "matter": NOT_WARM, "lead": "body-housing", "reason": "职责已划转"}
        await client.post("/desk/rules/drafts/c1/expect", data=meant)
        await tried(site, client)
        await client.post("/desk/rules/drafts/c1/submit", data={"revision": "2"})
        passing = {"revision": "3", "effective_on": "2026-12-01", "reason": "核对无误"}
        await reviewer.post("/desk/rules/drafts/c1/publish", data=passing)
        assert "linyi-2026.1+1 2026-12-01 待生效" in words_of((await client.get("/desk/rules/versions")).text)
        assert "linyi-2026.1+1 将于 2026-12-01 生效" in words_of((await client.get("/desk/rules")).text)
        path = "/desk/rules/versions/linyi-2026.1%2B1/withdraw"
        assert (await client.post(path, data={"reason": "暂不调整"})).status_code == 403
        await reviewer.post(path, data={"reason": "暂不调整"})
        assert "linyi-2026.1+1 2026-12-01 已撤回" in words_of((await client.get("/desk/rules/versions")).text)
