"""The console of the knowledge base: writing, reviewing and publishing through its pages, and all that is refused."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.knowledge import KnowledgeParts, open_editing
from app.knowledge_console import knowledge_tools
from app.reading_aloud import ReadingAloud
from app.settings import Settings
from hotline.domain.accounts import Account, StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.article_life import ArticleStatus
from hotline.domain.deeds import ContactExemption, Reply, SignFor
from hotline.domain.golden_gate import GateReport
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_files import DOCX
from hotline.domain.knowledge_use import Candidate, CandidateOrigin, CandidateState, Lookup
from hotline.domain.people import MACHINE, Actor, Role
from hotline.service.knowledge import Progress
from hotline.store.knowledge import TaskChange
from hotline.store.knowledge_lists import SqlKnowledgeLists
from hotline.store.sql import SqlStore
from knowledge_base.articles import load_articles
from knowledge_base.golden import GoldenQuestion
from tests.builders import LINYI, NOW, an_appeal
from tests.consoles_site import CITY, LIMITS, ConsolesSite, a_consoles_site, a_store
from tests.documents import a_docx, a_pdf_of
from tests.integration.consoles.test_orders import HOSTILE, looks, words_of
from tests.media import a_photo
from tests.work_orders import LANSHAN_UNIT, an_order, keep
from tts.engines.scripted import ScriptedSynthesizer

R = StaffRole
ARTICLES = [
    replace(one, valid_until=date(2026, 12, 4)) if one.id == "A1001-02" else one
    for one in load_articles([LINYI / "articles"], CITY)
    if one.category and one.category[:2] == "10"
]
"""Social affairs; one of them runs out in the week after ``NOW``."""
STOLEN = "头一回办残疾证去哪里"
GOLDEN = [GoldenQuestion("低保要交什么材料才能申请", ("A1001-01",)), GoldenQuestion(STOLEN, ("A1001-03",))]
ASKINGS = ("修祠堂要什么手续", "家族祠堂翻修找谁备案", "宗祠漏雨想修", "祠堂修缮要审批吗", "老祠堂能自己修吗")
NEW = {
    "title": "宗祠修缮怎么备案", "questions": "\r\n".join(ASKINGS), "category": "1002 婚姻登记",
    "spoken": "修宗祠先到镇街说明，拨打12345也可以问。", "full": "修缮宗祠先到镇街说明。\r\n属于文物的须经文物部门同意。",
    "unit": "市民政局", "source": "文物保护法", "valid_from": "2026-01-01", "valid_until": "", "tags": "宗祠、修缮",
    "attachments": "备案表 https://mzj.linyi.gov.cn/form.docx", "regions": ["371302"], "steps": "到镇街说明\r\n等待答复",
}  # fmt: skip
NEW_ID = "A1002-"


async def a_voice() -> ScriptedSynthesizer:
    return ScriptedSynthesizer()


pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Shelf:
    """The site with its knowledge base, and those who keep it."""

    site: ConsolesSite
    base: KnowledgeParts
    editor: Account
    other: Account
    both: Account

    async def status(self, article: str) -> tuple[ArticleStatus, int]:
        found = await self.base.store.get(article)
        return found.status, found.number


async def a_shelf(store: SqlStore, folder: Path, stack: AsyncExitStack) -> Shelf:
    settings = Settings(data_dir=folder / "data", encoder="off", knowledge_file_mib=1)
    base = await open_editing(settings, CITY, store, lambda: LIMITS, golden=GOLDEN)
    await base.editing.sow(ARTICLES, at=NOW)
    await base.retriever.open(stack)
    tools = knowledge_tools(CITY, base, store.database, ReadingAloud(a_voice))
    site = a_consoles_site(store, folder, knowledge=tools)
    return Shelf(
        site,
        base,
        editor=await site.account(R.KNOWLEDGE_EDITOR, login="bian", name="卞清"),
        other=await site.account(R.KNOWLEDGE_EDITOR, login="du", name="杜明"),
        both=await site.account(R.KNOWLEDGE_EDITOR, R.KNOWLEDGE_REVIEWER, login="shen", name="沈静"),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_shelf(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shelf]:
    """One application for all tests: each writes an article of its own."""
    folder = tmp_path_factory.mktemp("shelf")
    async with AsyncExitStack() as stack:
        store = await a_store(folder)
        stack.push_async_callback(store.close)
        yield await a_shelf(store, folder, stack)


@pytest.fixture
def shelf(one_shelf: Shelf) -> Shelf:
    one_shelf.site.clock.at = NOW
    return one_shelf


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


async def test_an_article_is_written_by_one_and_published_by_another(shelf: Shelf) -> None:
    async with shelf.site.client(shelf.editor) as writing, shelf.site.client(shelf.both) as reviewing:
        home = await writing.get("/desk")
        assert home.headers["location"] == "/desk/knowledge"
        previewed = words_of("<main" + (await writing.post("/desk/knowledge/preview", data=NEW)).text)
        assert "关于您的问题，修宗祠先到镇街说明，拨打幺二三四五也可以问。" in previewed
        assert "宗祠修缮怎么备案：修缮宗祠先到镇街说明。" in previewed
        saved = await writing.post("/desk/knowledge/new", data=NEW)
        path = saved.headers["location"].split("?")[0]
        article = path.rsplit("/", 1)[1]
        assert article.startswith(NEW_ID)
        found = (await shelf.base.store.get(article)).article
        assert (found.questions, found.category, found.tags, found.regions, found.steps) == (
            ASKINGS, "1002", ("宗祠", "修缮"), ("371302",), ("到镇街说明", "等待答复"),
        )  # fmt: skip
        sound = await writing.get(f"{path}/spoken.wav")
        assert (sound.status_code, sound.headers["content-type"], sound.content[:4]) == (
            200,
            "audio/wav",
            b"RIFF",
        )
        page = (await writing.get(path)).text
        assert "审核通过" not in words_of(page)
        assert (
            await writing.post(f"{path}/submit", data={"revision": hidden(page, "revision")})
        ).status_code == 303
        listed = words_of(
            (await reviewing.get("/desk/knowledge?state=in_review&author=bian&tag=宗祠&q=文物部门")).text
        )
        assert (article in listed, "编写人 全部 卞清" in listed) == (True, True)
        page = (await reviewing.get(path)).text
        assert "没有一题有变化" in (await reviewing.get(f"{path}/golden")).text
        assert "没有相近" in (await reviewing.get(f"{path}/warnings")).text
        later = {"revision": hidden(page, "revision"), "publish_at": "2026-11-25T08:30", "note": "属实"}
        assert (await reviewing.post(f"{path}/approve", data=later)).status_code == 303
        await shelf.base.checks.settled()
        page = (await reviewing.get(path)).text
        assert "审核人 沈静 已通过，定于 11-25 08:30 发布" in words_of(page)
        assert (
            await reviewing.post(f"{path}/publish", data={"revision": hidden(page, "revision")})
        ).status_code == 303
        await shelf.base.checks.settled()
        assert await shelf.status(article) == (ArticleStatus.PUBLISHED, 1)

        page = (await writing.get(f"{path}/edit")).text
        again = {**NEW, "full": "修缮宗祠先到镇街说明。\r\n属于文物的须经文物部门书面同意。",
                 "version": hidden(page, "version"), "revision": hidden(page, "revision"), "then": "submit"}  # fmt: skip
        assert (await writing.post(f"{path}/edit", data=again)).status_code == 303
        shown = (await reviewing.get(path)).text
        assert '<del><span class="hidden">删去：</span>属于文物的须经文物部门同意。</del>' in shown
        back = {"revision": hidden(shown, "revision"), "note": ""}
        assert (await reviewing.post(f"{path}/send_back", data=back)).status_code == 422
        assert (await reviewing.post(f"{path}/send_back", data={**back, "note": "缺文号"})).status_code == 303
        assert await shelf.status(article) == (ArticleStatus.DRAFT, 2)
        in_force = await shelf.base.store.in_force(article)
        assert in_force is not None
        gone = await writing.post(f"{path}/retire", data={"revision": in_force.revision, "note": "政策停止"})
        assert (gone.status_code, await shelf.base.store.in_force(article)) == (303, None)
        compared = words_of((await reviewing.get(f"{path}/diff?old=1&new=2")).text)
        assert "书面答复" in compared


async def test_what_is_refused_is_said_beside_the_field_and_nothing_is_lost(shelf: Shelf) -> None:
    async with shelf.site.client(shelf.editor) as client, shelf.site.client(shelf.other) as second:
        typed = {
            **NEW,
            "valid_until": "明年",
            "unit": "某局",
            "related": "A9999-99",
            "attachments": "表 x y",
            "id": "A1001-01",
        }
        refused = await client.post("/desk/knowledge/new", data=typed)
        words = words_of(refused.text)
        for said in (
            "失效日应是日期，如 2026-01-01",
            "承办单位名录里没有：某局",
            "没有这个条目：A9999-99",
            "每行写“名称 地址”",
            "编号 A1001-01 已经有了",
        ):
            assert words.count(said) == 2, said  # in the summary, and beside its field
        assert (
            refused.status_code,
            "属于文物的须经文物部门同意。" in refused.text,
            'value="明年"' in refused.text,
        ) == (422, True, True)

        short = {**NEW, "questions": "修祠堂要什么手续", "spoken": "说" * 81 + "http://x", "then": "submit"}
        refused = await client.post("/desk/knowledge/new", data=short)
        words = words_of(refused.text)
        assert refused.status_code == 422
        for said in (
            "草稿已经保存，还没有提交",
            "问法少于5种",
            "口头答复有89字，超过80字",
            "口头答复里有念不出来的内容",
        ):
            assert said in words, said
        article = re.search(r"/desk/knowledge/articles/(A1002-\d+)/edit", refused.text)
        assert article is not None
        path = f"/desk/knowledge/articles/{article[1]}"

        page = (await second.get(f"{path}/edit")).text
        mine = {
            **NEW,
            "version": hidden(refused.text, "version"),
            "revision": hidden(refused.text, "revision"),
        }
        theirs = {
            **NEW,
            "title": "杜明的标题",
            "version": hidden(page, "version"),
            "revision": hidden(page, "revision"),
        }
        assert (await second.post(f"{path}/edit", data=theirs)).status_code == 303
        stale = await client.post(f"{path}/edit", data=mine)
        words = words_of(stale.text)
        assert (stale.status_code, (await shelf.base.store.get(article[1])).article.title) == (
            409,
            "杜明的标题",
        )
        assert "杜明 在 11-23 10:00 改过这个条目" in words
        assert ("删去： 杜明的标题" in words, "增加： 宗祠修缮怎么备案" in words) == (True, True)
        assert (await client.post(f"{path}/edit", data=mine)).status_code == 409
        over = {**mine, "over": hidden(stale.text, "over"), "then": "submit"}
        assert (await client.post(f"{path}/edit", data=over)).status_code == 303
        assert (await shelf.base.store.get(article[1])).article.title == NEW["title"]
        assert (await client.get(f"{path}/edit")).status_code == 409

        revision = (await shelf.base.store.get(article[1])).revision
        refused = await client.post(f"{path}/approve", data={"revision": revision})
        assert (refused.status_code, await shelf.status(article[1])) == (403, (ArticleStatus.IN_REVIEW, 1))
        del client.headers["X-CSRF"]
        assert (
            await client.post(f"{path}/discard", data={"revision": revision, "note": "x"})
        ).status_code == 403
        for field in ("step", "edit"):
            assert (await client.post(f"{path}/{field}", data=mine)).status_code in (403, 404)
    async with shelf.site.client(shelf.both) as reviewer:
        stale_approval = await reviewer.post(
            f"{path}/approve", data={"revision": revision - 1, "note": "看过旧的"}
        )
        assert (stale_approval.status_code, "看过旧的" in stale_approval.text) == (409, True)
        await reviewer.post(f"{path}/send_back", data={"revision": revision, "note": "改"})
        page = (await reviewer.get(f"{path}/edit")).text
        own = {**NEW, "version": 1, "revision": hidden(page, "revision"), "then": "submit"}
        assert (await reviewer.post(f"{path}/edit", data=own)).status_code == 303
        page = (await reviewer.get(path)).text
        assert "您编写过这一版，须由别人审核" in words_of(page)
        latest = await shelf.base.store.get(article[1])
        own_work = await reviewer.post(f"{path}/approve", data={"revision": latest.revision})
        assert (own_work.status_code, "您编写过这一版，须由别人审核" in own_work.text) == (403, True)
        assert await shelf.status(article[1]) == (ArticleStatus.IN_REVIEW, 1)


async def test_a_form_is_handed_in_reviewed_and_taken_off_with_its_version(shelf: Shelf) -> None:
    asking = "\n".join(f"祭扫登记表哪里下载{n}" for n in "甲乙丙丁戊")
    given = {**NEW, "title": "祭扫登记表下载", "questions": asking}
    form, scripted = a_docx(), a_pdf_of(b"2 0 obj << /S /Launch /F (a.exe) >> endobj")
    async with shelf.site.client(shelf.editor) as writing, shelf.site.client(shelf.both) as reviewing:
        files = [("uploads", ("祭扫登记表.docx", form)), ("uploads", ("说明.pdf", scripted))]
        refused = await writing.post("/desk/knowledge/new", data=given, files=files)
        words = words_of(refused.text)
        assert (refused.status_code, words.count("附件文件：说明.pdf：PDF 里有脚本")) == (422, 1)
        kept = hidden(refused.text, "files")  # the sound one need not be chosen again
        assert kept == f"sha256:{hashlib.sha256(form).hexdigest()} 祭扫登记表.docx"
        assert re.search(r"祭扫登记表\.docx Word \d+ KB", words)
        previewed = await writing.post("/desk/knowledge/preview", data={**given, "files": kept})
        assert "附件 备案表 祭扫登记表.docx Word" in words_of("<main" + previewed.text)
        gone = {**given, "title": "旧表", "files": f"sha256:{'0' * 64} 旧表.docx", "then": "submit"}
        told = (await writing.post("/desk/knowledge/new", data=gone)).text
        assert '<a href="#f-uploads">附件文件：附件“旧表.docx”的文件不在，请重新上传' in told
        await shelf.base.editing.discard(
            re.findall(r"/desk/knowledge/articles/([A-Z0-9-]+)/edit", told)[0],
            "试过",
            by=Actor(Role.EDITOR, "bian"),
            at=NOW,
        )
        saved = await writing.post("/desk/knowledge/new", data={**given, "files": kept, "then": "submit"})
        path = saved.headers["location"].split("?")[0]
        article, digest = path.rsplit("/", 1)[1], kept[7:71]
        page = (await reviewing.get(path)).text
        assert f'<a href="{path}/files/{digest}"' in page
        opened = await reviewing.get(f"{path}/files/{digest}")
        assert (opened.content == form, opened.headers["content-type"]) == (True, DOCX)
        assert opened.headers["content-disposition"].startswith('attachment; filename="')
        assert (opened.headers["x-content-type-options"], opened.headers["cache-control"]) == (
            "nosniff",
            "private, no-cache",
        )
        assert (await reviewing.get(f"/desk/knowledge/articles/A1001-01/files/{digest}")).status_code == 404
        given_ = {"revision": hidden(page, "revision"), "note": "属实"}
        assert (await reviewing.post(f"{path}/approve", data=given_)).status_code == 303
        await shelf.base.checks.settled()
        assert await shelf.status(article) == (ArticleStatus.PUBLISHED, 1)

        page = (await writing.get(f"{path}/edit")).text
        numbers = {name: hidden(page, name) for name in ("version", "revision")}
        over = [("uploads", ("大.pdf", b"%PDF-" + b"x" * (1024 * 1024)))]
        too_large = await writing.post(f"{path}/edit", data={**given, **numbers, "files": kept}, files=over)
        assert (too_large.status_code, "大.pdf：文件太大" in too_large.text) == (422, True)
        foreign = {**given, "attachments": f"别的表 sha256:{digest}"}  # by address alone none is taken
        assert (await writing.post(f"{path}/edit", data={**foreign, **numbers})).status_code == 422
        many = [f"sha256:{n:064x} 表{n}" for n in range(21)]
        crowded = await writing.post(f"{path}/edit", data={**given, **numbers, "files": many})
        assert "一个条目最多 20 个附件" in crowded.text
        without = [("uploads", ("现场.png", a_photo(kind="PNG")))]
        assert (
            await writing.post(f"{path}/edit", data={**given, **numbers}, files=without)
        ).status_code == 303
        shown = (await reviewing.get(path)).text
        assert f'<del><span class="hidden">删去：</span>祭扫登记表.docx {digest[:8]}</del>' in shown
        assert re.search(r'<ins><span class="hidden">增加：</span>现场\.jpg [0-9a-f]{8}</ins>', shown)
        assert (await reviewing.get(f"{path}/files/{digest}")).status_code == 200  # of version 1


async def test_a_drop_on_golden_questions_blocks_publication_until_a_reviewer_says_why(shelf: Shelf) -> None:
    asking = "\n".join([*(f"第一次申请残疾证怎么办理{n}" for n in "甲乙丙丁"), f"{STOLEN}呢"])
    async with shelf.site.client(shelf.editor) as client:
        saved = await client.post(
            "/desk/knowledge/new",
            data={**NEW, "title": "残疾证怎么申请", "questions": asking, "regions": [], "then": "submit"},
        )
        path = saved.headers["location"].split("?")[0]
    article = path.rsplit("/", 1)[1]
    async with shelf.site.client(shelf.both) as client:
        shown = words_of("<main" + (await client.get(f"{path}/golden")).text)
        assert "对照题会答得更差，不能直接发布" in shown
        given: dict[str, Any] = {
            "revision": hidden((await client.get(path)).text, "revision"),
            "note": "看过",
        }
        begun = await client.post(f"{path}/approve", data=given)
        assert (begun.status_code, begun.headers["location"]) == (303, path)
        await shelf.base.checks.settled()  # the page may be closed
        ended = await client.get(f"{path}/check")
        assert (ended.status_code, ended.headers["hx-redirect"]) == (204, path)
        blocked = await client.get(path)
        words = words_of(blocked.text)
        assert "发布后对照题会答得更差，没有发布" in words
        assert f"{STOLEN} A1001-03 A1001-03 {article} 变差" in words
        assert ("仍要发布的理由" in words, 'value="看过"' in blocked.text) == (True, True)
        assert await shelf.status(article) == (ArticleStatus.IN_REVIEW, 1)
        assert (
            await client.post(f"{path}/approve", data={**given, "over_gate": "旧条目将下线"})
        ).status_code == 303
        await shelf.base.checks.settled()
    assert await shelf.status(article) == (ArticleStatus.PUBLISHED, 1)


@dataclass
class Meanwhile:
    """Asks golden questions, and lets something happen before the answer is there."""

    happens: Callable[[], Awaitable[object]]

    async def compare(self, changed: Sequence[Article], *, on: date, told: Progress) -> GateReport:
        await self.happens()
        return GateReport(1, 1, 1, 0, 0, ())


async def test_who_loses_the_role_or_the_account_while_golden_questions_are_asked_publishes_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = shelf.site
    leaving = await site.account(R.KNOWLEDGE_REVIEWER, login="li")
    granting, caring = await site.account(R.SECURITY_ADMIN), await site.account(R.SYSTEM_ADMIN)
    async with site.client(shelf.editor) as client:
        saved = await client.post(
            "/desk/knowledge/new", data={**NEW, "title": "祠堂怎么报备", "then": "submit"}
        )
        path = saved.headers["location"].split("?")[0]
    article = path.rsplit("/", 1)[1]

    async def loses_the_role() -> None:
        await site.accounts.grant(leaving.id, frozenset({R.KNOWLEDGE_EDITOR}), by=granting, reason="转岗")

    async def is_locked() -> None:
        await site.accounts.lock(leaving.id, by=caring, reason="离职")

    for happens in (loses_the_role, is_locked):
        roles = frozenset({R.KNOWLEDGE_REVIEWER})
        await site.accounts.grant(leaving.id, roles, by=granting, reason="审核")
        monkeypatch.setattr(shelf.base.editing, "_gate", Meanwhile(happens))
        async with site.client(leaving) as client:
            given = {"revision": hidden((await client.get(path)).text, "revision")}
            assert (await client.post(f"{path}/approve", data=given)).status_code == 303
            await shelf.base.checks.settled()
        assert await shelf.status(article) == (ArticleStatus.IN_REVIEW, 1)
        async with site.client(shelf.both) as client:
            assert "没有发布：审核人的岗位已经收回，或者账号已经停用" in words_of(
                (await client.get(path)).text
            )


async def test_golden_questions_are_added_asked_and_retired_by_a_reviewer_alone(shelf: Shelf) -> None:
    path, asking = "/desk/knowledge/golden", "低保怎么办理才对"
    async with shelf.site.client(shelf.editor) as client, shelf.site.client(shelf.both) as reviewer:
        for given, said in (
            ({"question": GOLDEN[0].text, "answers": "A1001-01"}, "这道题已经有了"),
            ({"question": asking, "answers": "A1001-01、A9999-99"}, "没有这个条目：A9999-99"),
            ({"question": asking}, "二者择一"),
            ({"question": asking, "answers": "A1001-01", "ground": "off"}, "二者择一"),
            ({"question": "？", "answers": "A1001-01"}, "请写问题"),
        ):
            refused = await client.post(path, data=given)
            assert (refused.status_code, said in words_of(refused.text)) == (422, True), said
            assert given["question"] in refused.text
        added = await client.post(path, data={"question": asking, "answers": "A1001-01"})
        assert added.headers["location"] == f"{path}?which=kept"
        assert (await client.post(f"{path}/ask", data={})).status_code == 303
        await shelf.base.checks.settled()
        assert (await client.get(f"{path}/check")).headers["hx-redirect"] == path
        kept = words_of((await client.get(f"{path}?which=kept&q=怎么办理")).text)
        assert f"{asking} A1001-01" in kept
        assert f"杜明 {NOW:%m-%d}" not in kept
        assert ("还没有试答过" in kept, "停用" in kept.split("应答 最近一次")[1]) == (False, False)
        assert (await client.post(f"{path}/retire", data={"question": asking})).status_code == 403
        for question in (asking, GOLDEN[0].text):
            gone = await reviewer.post(f"{path}/retire", data={"question": question})
            assert gone.status_code == 303
            again = await reviewer.post(f"{path}/retire", data={"question": question})
            assert again.status_code == 409
        assert [one.text for one in await shelf.base.golden.questions()] == [STOLEN]
        retired = words_of((await reviewer.get(f"{path}?which=retired")).text)
        assert (GOLDEN[0].text in retired, asking in retired) == (True, False)
        back = await reviewer.post(f"{path}/bring_back", data={"question": GOLDEN[0].text})
        assert (back.status_code, await shelf.base.golden.questions()) == (303, tuple(GOLDEN))


async def test_units_get_dated_tasks_that_are_settled_or_taken_back(shelf: Shelf) -> None:
    path = "/desk/knowledge/tasks"
    async with shelf.site.client(shelf.editor) as client, shelf.site.client(shelf.both) as reviewer:
        good = {"document": "鲁民〔2026〕7号", "articles": "A1001-01，A1001-03", "due": "2026-11-30"}
        for given, said in (
            ({**good, "document": " "}, "请写政策文件的名称或者文号"),
            ({**good, "articles": "A9999-99"}, "没有这个条目：A9999-99"),
            ({**good, "articles": ""}, "写条目编号，或者选单位"),
            ({**good, "articles": "", "unit": "body-none"}, "承办单位名录里没有：body-none"),
            ({**good, "due": "明天"}, "期限应是日期"),
            ({**good, "due": "2026-11-01"}, "期限应在现在之后"),
        ):
            refused = await client.post(path, data=given)
            assert (refused.status_code, said in words_of(refused.text)) == (422, True), said
        assert (await client.post(path, data=good)).status_code == 303
        assert "已经下达过" in words_of((await client.post(path, data=good)).text)
        given_tasks = [
            one
            for one in await shelf.base.store.tasks()
            if one.about == good["document"] and "A1001-01" in one.articles
        ]
        shown = words_of((await client.get(path)).text)
        assert ("鲁民〔2026〕7号" in shown, "11-30 23:59" in shown) == (True, True)
        task = f"{path}/{given_tasks[0].id}"
        assert (await client.post(f"{task}/settle", data={"note": ""})).status_code == 422
        assert (await client.post(f"{task}/drop", data={"note": "重复"})).status_code == 403
        assert (await client.post(f"{task}/settle", data={"note": "已核，无需更新"})).status_code == 303
        assert (await reviewer.post(f"{task}/drop", data={"note": "重复"})).status_code == 409
        assert "已核，无需更新" in words_of((await client.get(f"{path}?state=done")).text)
        assert (
            await client.post(path, data={**good, "document": "鲁民8号", "articles": "A1001-01"})
        ).status_code == 303
        await client.post(path, data={**good, "document": "鲁民9号", "articles": "A1001-01"})
    (nine,) = [one for one in await shelf.base.store.tasks() if one.about == "鲁民9号"]
    settle = f"/desk/unit/tasks/{nine.id}/settle"
    async with shelf.site.client(
        await shelf.site.account(R.UNIT_HANDLER, unit=nine.unit, login="min")
    ) as unit:
        assert "知识复核 2 项" in words_of((await unit.get("/desk/unit")).text)
        mine = (await unit.get("/desk/unit/tasks")).text
        assert ("鲁民9号" in mine, ARTICLES[0].full in mine) == (True, True)
        assert (await unit.post(settle, data={"note": " "})).status_code == 422
        async with shelf.site.client(await shelf.site.account(R.UNIT_HANDLER, login="lan")) as stranger:
            assert "鲁民9号" not in (await stranger.get("/desk/unit/tasks")).text
            assert (await stranger.post(settle, data={"note": "无需更新"})).status_code == 404
        assert (await unit.post(settle, data={"note": "标准已改为每月 900 元"})).status_code == 303
        assert (await unit.post(settle, data={"note": "再写一次"})).status_code == 409
        assert "标准已改为每月 900 元" in (await unit.get("/desk/unit/tasks")).text
    assert (await shelf.base.store.task(nine.id)).history[-1].by == Actor(Role.UNIT, "min", nine.unit)
    shelf.site.clock.at = NOW + timedelta(days=8)
    (owed,) = [one for one in await shelf.base.store.tasks() if one.about == "鲁民8号"]
    async with shelf.site.client(shelf.both) as reviewer:
        assert "鲁民8号" in words_of((await reviewer.get(f"{path}?state=late&unit={owed.unit}")).text)
        assert "鲁民8号" not in words_of((await reviewer.get(f"{path}?state=late&unit=body-none")).text)
        assert (await reviewer.post(f"{path}/{owed.id}/drop", data={"note": "重复"})).status_code == 303


async def test_a_file_is_tried_before_it_is_taken_and_every_rejected_row_is_named(shelf: Shelf) -> None:
    path = "/desk/knowledge/transfer"
    async with shelf.site.client(shelf.editor) as client:
        exported = await client.get("/desk/knowledge/export?kind=json")
        rows = json.loads(exported.content)["articles"]
        row = next(one for one in rows if one["id"] == "A1001-04")
        mended = {**row, "full": "改过的书面答复。"}
        fresh = {
            **row,
            "id": "A1001-77",
            "title": "养老驿站怎么找",
            "questions": [f"驿站在哪{n}" for n in "甲乙丙丁戊"],
        }
        file = {"file": ("条目.json", json.dumps([mended, fresh, {**row, "id": "A1001-78", "unit": "某局"}]))}
        tried = await client.post(path, data={"then": "try"}, files=file)
        words = words_of(tried.text)
        assert "条目.json：合格 2 条（新条目 1，已有条目的下一版 1），不合格 1 条" in words
        assert re.search(r"第3条 A1001-78：.*某局", words)
        assert await shelf.status("A1001-04") == (ArticleStatus.PUBLISHED, 1)
        untried = await client.post(path, data={"then": "take"}, files=file)
        assert (untried.status_code, await shelf.status("A1001-04")) == (200, (ArticleStatus.PUBLISHED, 1))
        strict = await client.post(path, data={"then": "try", "submits": "true"}, files=file)
        assert ("须条条合格；改好" in strict.text, 'value="take"' in strict.text) == (True, False)
        given = {"then": "take", "tried": hidden(tried.text, "tried")}
        taken = await client.post(path, data=given, files=file)
        assert taken.headers["location"] == "/desk/knowledge?state=draft"
        assert await shelf.status("A1001-04") == (ArticleStatus.DRAFT, 2)
        assert await shelf.status("A1001-77") == (ArticleStatus.DRAFT, 1)
        for name, body, said in (
            ("a.txt", b"x", "只认 Excel"),
            ("a.xlsx", b"no zip", "读不出来"),
            ("a.csv", b"", "请选择文件"),
        ):
            refused = await client.post(path, data={"then": "try"}, files={"file": (name, body)})
            assert (refused.status_code, said in refused.text) == (422, True), name
        await shelf.base.editing.discard("A1001-04", "试过", by=Actor(Role.EDITOR, "bian"), at=NOW)
        await shelf.base.editing.discard("A1001-77", "试过", by=Actor(Role.EDITOR, "bian"), at=NOW)


async def test_of_two_articles_that_ask_the_same_the_one_that_is_due_later_is_held(shelf: Shelf) -> None:
    base, later = shelf.base, NOW + timedelta(days=1)
    writes, reviews = Actor(Role.EDITOR, "bian"), Actor(Role.REVIEWER, "shen")
    first = replace(
        ARTICLES[0],
        id="A1002-81",
        title="庙会摊位怎么报名",
        questions=tuple(f"庙会摆摊找谁{one}" for one in "甲乙丙丁戊"),
    )
    second = replace(
        first,
        id="A1002-82",
        title="庙会期间停车在哪里",
        questions=("庙会摆摊找谁甲", *(f"庙会停车{one}" for one in "乙丙丁戊")),
    )
    for article in (first, second):
        await base.editing.start(article, by=writes, at=NOW)
        await base.editing.submit(article.id, by=writes, at=NOW)
    await base.editing.approve(first.id, by=reviews, at=NOW, publish_at=later)
    await base.editing.approve(second.id, by=reviews, at=NOW)
    async with asyncio.timeout(20):
        while not [one for one in base.retriever.current.search("庙会摆摊找谁甲", on=NOW.date(), limit=3)
                   if one.article.id == second.id]:  # fmt: skip
            await asyncio.sleep(0.05)
    await base.editing.publish_due(later)
    held = await base.store.get(first.id)
    assert (held.is_held, held.history[-1].note) == (True, "问法“庙会摆摊找谁甲”与 A1002-82 重复")
    async with shelf.site.client(shelf.both) as reviewer:
        words = words_of((await reviewer.get(f"/desk/knowledge/articles/{first.id}")).text)
        assert "问法重复，没有发布。 问法“庙会摆摊找谁甲”与 A1002-82 重复" in words
    await base.editing.discard(first.id, "试过", by=writes, at=later)
    await base.editing.retire(second.id, "试过", by=writes, at=later)


async def test_the_calendar_shows_the_tasks_that_are_due_first_and_counts_all(shelf: Shelf) -> None:
    base, site = shelf.base, shelf.site
    (task,) = await base.tasks.policy_changed(
        "鲁民7号", ["A1001-01"], by=Actor(Role.REVIEWER, "shen"), at=NOW
    )
    due = NOW + timedelta(days=1)
    others = [
        TaskChange(
            replace(
                task, id=f"0{n:03d}", key=f"calendar:{n}", about=f"第{n}件", due_at=due + timedelta(hours=n)
            )
        )
        for n in range(101)
    ]
    await base.store.commit(tasks=others, at=NOW)
    site.clock.at = due + timedelta(minutes=90)
    counts = await SqlKnowledgeLists(site.store.database).task_counts(now=site.clock.at)
    async with site.client(shelf.editor) as client:
        words = words_of((await client.get("/desk/knowledge/calendar")).text)
    assert counts["open"] > 100
    assert f"单位的更新任务 {counts['open']} 超期 {counts['late']}" in words
    assert ("第0件" in words, "第100件" in words, "最先到期的 100 个" in words) == (True, False, True)
    for change in others:
        await base.tasks.drop(change.task.id, "试过", by=Actor(Role.REVIEWER, "shen"), at=NOW)
    await base.tasks.drop(task.id, "试过", by=Actor(Role.REVIEWER, "shen"), at=NOW)


async def test_what_runs_out_what_was_used_and_what_is_missing_is_listed(shelf: Shelf) -> None:
    base, site = shelf.base, shelf.site
    await base.use.keep("c1", [
        Lookup(1, NOW, "低保", article="A1001-01", version=1, score=0.9, is_answered=True, helped=True),
        Lookup(2, NOW, "低保呢", article="A1001-01", version=1, score=0.9, is_answered=True, helped=False),
        Lookup(3, NOW, "别的", article="A1001-02", version=1, score=0.3),
    ])  # fmt: skip
    for number, asked in (("1", 3), ("2", 7)):
        await base.use.add(
            Candidate(f"c{number}", f"k{number}", CandidateOrigin.IN_VAIN, (f"{HOSTILE}{number}", "祠堂漏雨"), NOW,
                      title=f"{HOSTILE}{number}", unit="市民政局", category="1002", asked=asked, like="A1001-01"),
            at=NOW, by=MACHINE,
        )  # fmt: skip
    site.clock.move(hours=1)
    async with site.client(shelf.editor) as client:
        words = words_of((await client.get("/desk/knowledge/calendar")).text)
        assert "11-30 — 12-06 1 2026-12-04 A1001-02" in words
        words = words_of((await client.get("/desk/knowledge/use")).text)
        assert re.search(r"A1001-01 \S+ 2 2 1 1 50% 1 小时前", words)
        assert "3 问题 67% 当场答出" in words
        assert "周 答出 没有答出 2026-11-23 2 1 2026-11-16 0 0" in words
        page = (await client.get("/desk/knowledge/gaps")).text
        assert HOSTILE not in page
        assert page.index("问了 7 次") < page.index("问了 3 次")
        assert ("staff:bian", "knowledge_candidates", '{"why": "knowledge gaps"}') in await looks(site)
        taken = await client.post("/desk/knowledge/gaps/c2/take")
        page = (await client.get(taken.headers["location"])).text
        assert (HOSTILE in page, "祠堂漏雨" in page, 'value="市民政局"' in page) == (False, True, True)
        assert (await client.post("/desk/knowledge/gaps/c2/take")).status_code == 409
        assert (await client.post("/desk/knowledge/gaps/c1/dismiss", data={"reason": " "})).status_code == 422
        assert (
            await client.post("/desk/knowledge/gaps/c1/dismiss", data={"reason": "闲聊"})
        ).status_code == 303
        assert "原因：闲聊" in (await client.get("/desk/knowledge/gaps?state=dismissed")).text
    assert (await base.use.candidate("c2")).state is CandidateState.TAKEN
    site.clock.move(days=14)
    await base.editing.look_at_ends(site.clock())
    async with site.client(shelf.both) as client:
        words = words_of((await client.get("/desk/knowledge/calendar")).text)
        assert re.search(r"已经过期 1 2026-12-04 A1001-02 \S+ \S+ 已停用", words)


async def test_a_unit_suggests_an_article_from_an_order_with_nobody_in_it(shelf: Shelf) -> None:
    number, secret, site = "26112300077", "26112300078", shelf.site
    told = an_appeal(text="我是王建国，3号楼暖气不热怎么办", citizen_name="王建国")
    for each, appeal in ((number, told), (secret, replace(told, secrecy=Secrecy.CONFIDENTIAL))):
        order = an_order(each, appeal=appeal).after(SignFor(), by=LANSHAN_UNIT, at=NOW)
        reply = Reply("王先生您好", "致电供热公司报修。", exemption=ContactExemption.NOT_WANTED)
        await keep(site.store, order.after(reply, by=LANSHAN_UNIT, at=NOW))
    at = f"/desk/unit/{number}/article"
    helping = await site.account(R.UNIT_HANDLER, unit="body-housing")
    async with (
        site.client(await site.account(R.UNIT_LEAD, login="he")) as unit,
        site.client(helping) as other,
    ):
        page = (await unit.get(at)).text
        given = {
            "title": "暖气不热找谁",
            "questions": "暖气不热怎么办\r\n\r\n家里不热",
            "basis": "供热条例第5条",
        }
        leaking = await unit.post(at, data={**given, "answer": "王建国已致电13905390001报修"})
        empty = await unit.post(at, data={**given, "answer": " "})
        shut = [await other.get(at), await other.post(at, data={**given, "answer": "报修"}),
                await unit.get(f"/desk/unit/{secret}/article"),
                await unit.post(f"/desk/unit/{secret}/article", data={**given, "answer": "报修"})]  # fmt: skip
        done = await unit.post(at, data={**given, "answer": "致电供热公司报修。"})
        again = await unit.post(at, data={**given, "answer": "致电供热公司报修。"})
        shown = words_of((await unit.get(f"/desk/unit/{number}")).text)
    assert "致电供热公司报修。" in page
    assert "王建国" not in page[page.index("f-questions") : page.index("orders/")]
    assert (leaking.status_code, "脱敏：仍有王*、13*" in leaking.text, empty.status_code) == (422, True, 422)
    assert [answer.status_code for answer in shut] == [409, 409, 409, 422]
    assert (done.status_code, again.status_code) == (303, 409)
    (draft,) = await shelf.base.store.ids("A0101-")
    found = await shelf.base.store.get(draft)
    assert f"已建议入库，条目 {draft}" in shown
    assert (found.status, found.origin, found.authors) == (ArticleStatus.DRAFT, f"order:{number}", ("he",))
    article = found.article
    assert (article.questions, article.full, article.unit, article.source, article.legal_basis) == (
        ("暖气不热怎么办", "家里不热"), "致电供热公司报修。", "兰山区人民政府", f"工单 {number} 的答复", "供热条例第5条",
    )  # fmt: skip
    async with site.client(shelf.editor) as editor:
        assert draft in (await editor.get("/desk/knowledge?state=draft")).text
