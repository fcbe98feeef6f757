"""The console of the knowledge base in a real browser: an article is written, reviewed and published by keyboard alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from app.clock import now
from hotline.domain.accounts import StaffRole
from hotline.domain.article_life import ArticleStatus, ArticleStep
from hotline.domain.golden_check import CheckState, GoldenCheck
from hotline.domain.golden_gate import GateReport, Moved
from hotline.domain.knowledge_files import DOCX, PDF
from hotline.domain.knowledge_use import Candidate, CandidateOrigin, Lookup
from hotline.domain.people import MACHINE, Actor, Role
from hotline.store.golden_checks import SqlGoldenChecks
from hotline.store.sql import SqlStore
from knowledge_base.importing import write_rows
from tests.articles import EDITOR
from tests.browser import DESKTOP, PHONE, Complaints, barriers, overflow, shoot
from tests.builders import NOW, after
from tests.consoles.conftest import Open
from tests.consoles_site import ConsolesSite
from tests.documents import a_docx, a_pdf_of
from tests.integration.consoles.test_knowledge import ARTICLES, ASKINGS, Shelf, a_shelf

SPOKEN = "修宗祠先到镇街说明，是文物的还要文物部门同意，具体以当地公布为准。"


@pytest_asyncio.fixture(loop_scope="session")
async def shelf(store: SqlStore, tmp_path: Path) -> AsyncIterator[Shelf]:
    async with AsyncExitStack() as stack:
        yield await a_shelf(store, tmp_path, stack)


@pytest.fixture
def site(shelf: Shelf) -> ConsolesSite:
    return shelf.site


async def tab_to(page: Page, id_: str) -> None:
    """Go to a field by the Tab key."""
    for _ in range(60):
        if await page.evaluate("document.activeElement.id") == id_:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{id_} is not reached by Tab")


async def fill(page: Page, id_: str, text: str) -> None:
    await tab_to(page, id_)
    await page.keyboard.insert_text(text)


async def looked_at(page: Page, name: str) -> list[str]:
    """Shoot a page at both sizes; return what keeps anybody out of it."""
    await shoot(page, name)
    found = await barriers(page)
    await page.set_viewport_size(PHONE)
    await shoot(page, f"{name}-phone")
    wider = await overflow(page)
    await page.set_viewport_size(DESKTOP)
    return [*found, *([f"{name} is {wider} px wider than a phone"] if wider else [])]


@pytest.mark.timeout(180)
async def test_an_article_is_written_reviewed_and_published_by_keyboard(shelf: Shelf, opened: Open) -> None:
    await shelf.base.use.keep(
        "c1", [Lookup(1, after(-60), "低保", article="A1001-01", version=1, is_answered=True, helped=True)]
    )
    await shelf.base.use.add(
        Candidate("c1", "k1", CandidateOrigin.IN_VAIN, ("祠堂漏雨找谁", "祠堂漏雨"), NOW, title="祠堂漏雨找谁",
                  unit="市民政局", category="1002", asked=7, like="A1001-01"),
        at=NOW, by=MACHINE,
    )  # fmt: skip
    await shelf.base.checks.ask_all(by=EDITOR, at=NOW)
    await shelf.base.checks.settled()
    await shelf.base.tasks.policy_changed("临沂市低保新规", ["A1001-01"], by=EDITOR, at=NOW)
    page = await opened("/desk/knowledge?tag=火化", shelf.editor)
    complaints = Complaints(page)
    found = await looked_at(page, "knowledge")
    for keys, name in (
        ("2", "calendar"),
        ("4", "use"),
        ("5", "golden"),
        ("6", "tasks"),
        ("7", "transfer"),
        ("3", "gaps"),
    ):
        await page.keyboard.press(keys)
        await page.wait_for_url(f"**/desk/knowledge/{name}")
        if name == "transfer":
            rows = write_rows(
                [replace(ARTICLES[0], full="改过。"), replace(ARTICLES[1], unit="某局")], ".csv"
            )
            await page.locator("#f-file").set_input_files(
                {"name": "条目.csv", "mimeType": "text/csv", "buffer": rows}
            )
            await page.keyboard.press("t")
            await expect(page.locator("#result")).to_contain_text("合格 1 条", timeout=30_000)
            await expect(page.locator("#result")).to_contain_text("某局")
        found += await looked_at(page, f"knowledge-{name}")

    (task,) = [one for one in await shelf.base.store.tasks() if one.about == "临沂市低保新规"]
    clerk = await opened("/desk/unit/tasks", await shelf.site.account(StaffRole.UNIT_HANDLER, unit=task.unit))
    await expect(clerk.locator("main")).to_contain_text("临沂市低保新规")
    found += await looked_at(clerk, "unit-tasks")

    await page.keyboard.press("1")
    await page.wait_for_url("**/desk/knowledge")
    await page.keyboard.press("n")
    await page.wait_for_url("**/desk/knowledge/new")
    await fill(page, "f-title", "宗祠修缮怎么备案")
    await fill(page, "f-questions", "\n".join(ASKINGS))
    await fill(page, "f-spoken", SPOKEN * 3)
    await expect(page.locator("#spoken-count")).to_have_text(str(len(SPOKEN) * 3))
    await expect(page.locator("#spoken-count")).to_have_class("num over")
    await fill(page, "f-full", "修缮宗祠先到镇街说明；属于文物的须经文物部门同意。")
    await fill(page, "f-unit", "市民政局")
    await fill(page, "f-category", "1002")
    await fill(page, "f-source", "文物保护法")
    await tab_to(page, "f-uploads")
    async with page.expect_file_chooser() as choosing:
        await page.keyboard.press("Space")
    await (await choosing.value).set_files(
        [
            {"name": "宗祠修缮备案表.docx", "mimeType": DOCX, "buffer": a_docx()},
            {"name": "带脚本.pdf", "mimeType": PDF, "buffer": a_pdf_of(b"1 0 obj << /S /Launch >> endobj")},
        ]
    )
    await page.get_by_role("button", name="预览").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#preview")).to_contain_text("关于您的问题，修宗祠先到镇街说明")
    await page.get_by_role("button", name="保存并提交审核").focus()
    await page.keyboard.press("Enter")
    refused = page.locator("#refused")
    await expect(refused).to_contain_text("附件文件：带脚本.pdf：PDF 里有脚本")
    await expect(page.get_by_label("宗祠修缮备案表.docx")).to_be_checked()
    found += await looked_at(page, "knowledge-edit-file-refused")
    await page.get_by_role("button", name="保存并提交审核").focus()
    await page.keyboard.press("Enter")
    await expect(refused).to_contain_text(f"口头答复有{len(SPOKEN) * 3}字，超过80字")
    await expect(refused).to_be_focused()
    found += await looked_at(page, "knowledge-edit-refused")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # the summary leads to the field
    await expect(page.locator("#f-spoken")).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(SPOKEN)
    article = (await page.locator(".top h1 a").inner_text()).strip()
    await page.wait_for_function(f"() => localStorage.getItem('article:{article}') !== null")
    await page.goto(f"/desk/knowledge/articles/{article}/edit")  # as after a crash
    await expect(page.locator("#f-spoken")).to_have_value(SPOKEN * 3)
    await page.get_by_role("button", name="恢复").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#f-spoken")).to_have_value(SPOKEN)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("草稿已保存")
    await page.keyboard.press("s")
    await expect(page.locator("main")).to_contain_text("您编写过这一版，须由别人审核")

    reviewing = await opened("/desk/knowledge?state=in_review", shelf.both)
    theirs = Complaints(reviewing)
    await reviewing.keyboard.press("j")
    await reviewing.keyboard.press("Enter")
    await reviewing.wait_for_url(f"**/desk/knowledge/articles/{article}")
    await expect(reviewing.locator("main")).to_contain_text("没有相近或者数字不一致的条目")
    async with reviewing.expect_download() as saving:
        await reviewing.get_by_role("link", name="宗祠修缮备案表.docx").focus()
        await reviewing.keyboard.press("Enter")
    assert (await saving.value).suggested_filename == "宗祠修缮备案表.docx"
    await reviewing.keyboard.press("t")
    await expect(reviewing.locator("#golden")).to_contain_text("没有一题有变化", timeout=30_000)
    found += await looked_at(reviewing, "knowledge-review")
    kept, version = SqlGoldenChecks(shelf.site.store.database), await shelf.base.store.get(article)
    check = GoldenCheck(
        article, "t1", Actor(Role.REVIEWER, "shen"), NOW, now() + timedelta(hours=1), ArticleStep.APPROVE,
        version.number, version.revision, asked=340, questions=1042,
    )  # fmt: skip
    await kept.begin(check, at=NOW)  # as another process does
    await reviewing.reload()
    await expect(reviewing.locator("#check")).to_contain_text("正在核对对照题 340 / 1042")
    await expect(reviewing.get_by_role("button", name="审核通过")).to_have_count(0)
    found += await looked_at(reviewing, "knowledge-checking")
    worse = Moved("低保要交什么材料才能申请", "A1001-01", "A1001-01", article, is_worse=True)
    blocked = replace(check, state=CheckState.BLOCKED, report=GateReport(1042, 980, 979, 3, 4, (worse,)))
    await kept.keep(blocked)
    await expect(reviewing.locator("#golden")).to_contain_text("低保要交什么材料才能申请", timeout=30_000)
    found += await looked_at(reviewing, "knowledge-blocked")
    await reviewing.keyboard.press("a")
    await expect(reviewing.locator(".top .tag")).to_have_text("已发布", timeout=30_000)
    assert await shelf.status(article) == (ArticleStatus.PUBLISHED, 1)
    complained = [each for each in complaints.found + theirs.found if "422" not in each]  # the refused form
    assert (found, complained) == ([], [])
