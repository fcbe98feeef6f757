"""The knowledge base over HTTP on a real database and a real index: from a draft to an answer, and what is refused."""

from __future__ import annotations

import asyncio
import hashlib
import io
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from app.knowledge import open_editing
from app.reading_aloud import ReadingAloud
from app.settings import Settings
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_files import DOCX
from hotline.service.knowledge_files import path_of
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from knowledge_base.articles import load_articles
from knowledge_base.golden import GoldenQuestion, Ground
from tests.builders import LINYI, NOW
from tests.databases import lay_out
from tests.documents import a_docx, a_pdf_of
from tests.integration.api.conftest import CITY, LIMITS, SECRET, STAFF, a_site
from tts.engines.scripted import ScriptedSynthesizer

ARTICLES = [
    one for one in load_articles([LINYI / "articles"], CITY) if one.category and one.category[:2] == "10"
]
pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLDEN = [
    GoldenQuestion("低保要交什么材料才能申请", ("A1001-01",)),
    GoldenQuestion("讲个笑话", ground=Ground.OFF),
]
NEW = {
    "category": "1002",
    "title": "宗祠修缮怎么备案",
    "questions": [
        "修祠堂要什么手续",
        "家族祠堂翻修找谁备案",
        "宗祠漏雨想修",
        "祠堂修缮要审批吗",
        "老祠堂能自己修吗",
    ],
    "spoken": "修宗祠先到镇街说明，是文物的还要文物部门同意，具体以当地公布为准。",
    "full": "修缮宗祠先到镇街说明；属于文物的须经文物部门同意。",
    "unit": "市民政局",
    "source": "文物保护法",
    "valid_from": "2026-01-01",
}


def as_row(article: Article, **change: Any) -> dict[str, Any]:
    row = asdict(article)
    row["confirmed"] = row.pop("is_confirmed")
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
    return {
        name: str(value) if name.startswith("valid") and value else value for name, value in kept.items()
    } | change


async def scripted_voice() -> ScriptedSynthesizer:
    return ScriptedSynthesizer()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def application(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    """One application for all tests: each has articles of its own."""
    folder = tmp_path_factory.mktemp("knowledge")
    url = f"sqlite+aiosqlite:///{folder / 'data' / 'hotline.sqlite3'}"
    await lay_out(url)
    async with AsyncExitStack() as stack:
        store = SqlStore(url, Seal(SECRET))
        stack.push_async_callback(store.close)
        settings = Settings(data_dir=folder / "data", encoder="off", knowledge_file_mib=1)
        base = await open_editing(settings, CITY, store, lambda: LIMITS, golden=GOLDEN)
        await base.editing.sow(ARTICLES, at=NOW)
        await base.retriever.open(stack)
        yield a_site(store, folder, web={"knowledge": base, "voice": ReadingAloud(scripted_voice)}).app


@pytest_asyncio.fixture(loop_scope="module")
async def http(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    address = "http://site/api/staff/v1/knowledge"
    async with httpx.AsyncClient(transport=transport, base_url=address, headers=STAFF) as client:
        yield client


async def post(http: httpx.AsyncClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = await http.post(path, json={"by": "e-1", **body}, headers={"Prefer": "wait=120"})
    assert answer.status_code == status, answer.text
    return answer.json()


async def answered_with(http: httpx.AsyncClient, text: str) -> str | None:
    found = (await http.get("/search", params={"text": text})).json()
    return found["passages"][0]["article"] if found["would_answer"] else None


async def test_without_the_staff_token_nothing_is_told(http: httpx.AsyncClient) -> None:
    assert (await http.get("/articles", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_a_spoken_answer_is_read_aloud_as_the_telephone_carries_it(http: httpx.AsyncClient) -> None:
    article = ARTICLES[0]
    answer = await http.get(f"/articles/{article.id}/spoken.wav")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8_000, 1, 2)
        assert sound.getnframes() / 8_000 > 0.1 * len(article.spoken)
    assert (await http.get("/articles/A9999-99/spoken.wav")).status_code == 404


async def test_an_article_goes_from_draft_by_review_to_an_answer_and_out_of_use(
    http: httpx.AsyncClient,
) -> None:
    assert await answered_with(http, "修祠堂要什么手续") is None
    draft = await post(http, "/articles", article=NEW)
    id_ = draft["article"]["id"]
    assert id_.startswith("A1002-")
    await post(http, f"/articles/{id_}/submit", revision=draft["revision"])
    refused = await post(http, "/approve", 403, ids=[id_], role="reviewer")
    assert (refused["code"], refused["reason"]) == ("article.step_refused", "own_work")
    assert await answered_with(http, "修祠堂要什么手续") is None
    (published,) = await post(http, "/approve", by="r-1", role="reviewer", ids=[id_])
    assert (published["status"], published["reviewed_by"]) == ("published", "r-1")
    async with asyncio.timeout(5):
        while await answered_with(http, "修祠堂要什么手续") != id_:
            await asyncio.sleep(0.05)
    await post(http, f"/articles/{id_}/retire", 422)
    await post(http, f"/articles/{id_}/retire", note="内容有误")
    async with asyncio.timeout(5):
        while await answered_with(http, "修祠堂要什么手续") is not None:
            await asyncio.sleep(0.05)


async def test_a_program_need_not_wait_for_golden_questions_and_asks_how_they_went(
    http: httpx.AsyncClient, application: FastAPI
) -> None:
    ids = []
    for title, questions in (("红事怎么备案", "红事备案"), ("白事怎么备案", "白事备案")):
        text = {**NEW, "title": title, "questions": [f"{questions}{end}" for end in "甲乙丙丁戊"]}
        ids.append((await post(http, "/articles", article=text))["article"]["id"])
        await post(http, f"/articles/{ids[-1]}/submit")
    begun = await http.post("/approve", json={"by": "r-1", "role": "reviewer", "ids": ids})
    assert (begun.status_code, begun.json()["articles"], begun.json()["report"]) == (202, ids, None)
    where = begun.headers["location"]
    async with asyncio.timeout(120):
        while (found := (await http.get(f"http://site{where}")).json())["state"] == "running":
            await asyncio.sleep(0.05)
    assert (found["id"], found["state"], found["by"]) == (where.rsplit("/", 1)[1], "passed", "reviewer:r-1")
    assert [(await http.get(f"/articles/{id_}")).json()["status"] for id_ in ids] == ["published"] * 2
    unknown = await http.get(f"/checks/{'0' * 16}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "article.check_not_found")
    described = application.openapi()["paths"]["/api/staff/v1/knowledge/approve"]["post"]
    assert "Location" in described["responses"]["202"]["headers"]
    assert [one["name"] for one in described["parameters"]] == ["prefer"]


async def test_what_is_missing_is_named(http: httpx.AsyncClient) -> None:
    draft = await post(http, "/articles", article={**NEW, "questions": ["一"], "unit": "某局"})
    refused = await post(http, f"/articles/{draft['article']['id']}/submit", 422)
    assert refused["missing"] == "问法少于5种；承办单位名录里没有：某局"
    refused = await post(http, "/articles", 422, article={**NEW, "colour": "红"})
    assert "不认识的字段：colour" in refused["text"]


async def test_a_drop_on_golden_questions_blocks_and_is_previewed(http: httpx.AsyncClient) -> None:
    stolen = {
        **NEW,
        "title": "残疾证怎么申请",
        "questions": [f"第一次申请残疾证怎么办理{n}" for n in "甲乙丙丁"],
    }
    await post(http, "/golden", question="头一回办残疾证去哪里", answers=["A1001-03"])
    draft = await post(
        http, "/articles", article={**stolen, "questions": [*stolen["questions"], "头一回办残疾证去哪里呢"]}
    )
    id_ = draft["article"]["id"]
    await post(http, f"/articles/{id_}/submit")
    preview = (await http.get(f"/articles/{id_}/golden")).json()
    assert preview["is_drop"]
    assert "头一回办残疾证去哪里" in [one["case"] for one in preview["moved"] if one["is_worse"]]
    blocked = await post(http, "/approve", 409, by="r-1", role="reviewer", ids=[id_])
    assert (blocked["code"], "头一回办残疾证去哪里" in blocked["reason"]) == ("article.blocked", True)
    (published,) = await post(
        http, "/approve", by="r-1", role="reviewer", ids=[id_], over_gate="旧条目将下线"
    )
    assert published["history"][-1]["note"] == "旧条目将下线"


async def test_versions_are_compared_and_alike_articles_warned_of(http: httpx.AsyncClient) -> None:
    old = next(one for one in ARTICLES if one.id == "A1002-02")
    await post(
        http,
        "/articles",
        article=as_row(old, full="离婚冷静期为60日。", spoken="离婚冷静期六十天。"),
        role="reviewer",
    )
    changes = (await http.get("/articles/A1002-02/diff")).json()
    assert (changes["old"], changes["new"]) == (1, 2)
    assert {one["field"] for one in changes["changes"]} >= {"full", "spoken"}
    copy = as_row(
        old, id="A1002-90", title="离婚登记怎么办呢", questions=[f"{one}呢" for one in old.questions]
    )
    await post(http, "/articles", article=copy)
    warned = (await http.get("/articles/A1002-90/warnings")).json()
    assert ("near_duplicate", "A1002-02") in [(one["kind"], one["other"]) for one in warned]


async def test_rows_are_imported_for_review_and_every_rejected_one_is_named(http: httpx.AsyncClient) -> None:
    before = (await http.get("/articles")).json()["counts"]
    good = {**NEW, "id": "A1002-91"}
    bad = {**NEW, "id": "A1002-92", "unit": "某局"}
    found = await post(http, "/import", rows=[good, bad], submits=True)
    assert (found["taken"], len(found["rejected"])) == ([], 1)
    assert "A1002-92" in found["rejected"][0]
    assert (await post(http, "/import", rows=[good], submits=True))["taken"] == ["A1002-91"]
    listed = (await http.get("/articles", params={"status": "in_review"})).json()
    assert [one["id"] for one in listed["articles"]] == ["A1002-91"]
    assert listed["counts"] == before | {"in_review": 1}
    elsewhere = [{"name": "申请表.docx", "address": f"sha256:{'0' * 64}"}]  # another hotline's table
    strange = {
        **good,
        "id": "A1002-93",
        "title": "题",
        "questions": list("甲乙丙丁戊"),
        "attachments": elsewhere,
    }
    refused = await post(http, "/import", rows=[strange], submits=True)
    gone = "附件“申请表.docx”的文件不在，请重新上传"
    assert refused == {"taken": [], "rejected": [f"A1002-93：内容还不合格：{gone}"], "remarks": []}
    taken = await post(http, "/import", rows=[strange, good])
    assert (taken["taken"], taken["remarks"]) == (["A1002-93"], [f"A1002-93：{gone}"])
    assert taken["rejected"] == ["A1002-91：条目现在的状态不能这样做，可能已被别人处理"]
    await post(http, "/articles/A1002-93/discard", note="试过")
    export = await http.get("/export", params={"kind": "csv"})
    assert export.text.count("\n") >= before["published"]


async def test_a_policy_change_gives_the_owner_a_task_that_it_settles(http: httpx.AsyncClient) -> None:
    (task,) = await post(http, "/tasks", document="民发〔2026〕1号", articles=["A1002-01"])
    assert (task["unit"], task["articles"]) == ("body-civil-affairs", ["A1002-01"])
    listed = (await http.get("/tasks", params={"unit": "body-civil-affairs"})).json()
    assert [one["is_overdue"] for one in listed] == [False]
    refused = await post(
        http, f"/tasks/{task['task']}/settle", 409, role="unit", unit="body-police", note="更新了"
    )
    assert refused["code"] == "knowledge_task.refused"
    settled = await post(
        http, f"/tasks/{task['task']}/settle", role="unit", unit="body-civil-affairs", note="不涉及"
    )
    assert not settled["is_open"]


async def test_unknown_articles_tasks_and_candidates_are_not_found(http: httpx.AsyncClient) -> None:
    assert (await http.get("/articles/A9999-99")).status_code == 404
    await post(http, "/tasks/t9/settle", 404, note="x")
    await post(http, "/candidates/c9/draft", 404)
    assert (await http.get("/candidates")).json() == []
    assert (await http.get("/figures")).json() == {"days": 30, "articles": []}


async def test_a_file_is_handed_in_and_had_by_citizens_only_while_its_article_is_in_force(
    http: httpx.AsyncClient, application: FastAPI
) -> None:
    async def handed_in(body: bytes, name: str, kind: str = "application/octet-stream", **who: str) -> Any:
        return await http.post(
            "/files", params={"name": name, "by": "e-1", **who}, content=body, headers={"Content-Type": kind}
        )

    body = a_docx()
    kept = (await handed_in(body, "C:\\表\\宗祠备案表.doc")).json()
    digest = hashlib.sha256(body).hexdigest()
    assert kept == {"name": "宗祠备案表.docx", "address": f"sha256:{digest}"}
    scripted = a_pdf_of(b"2 0 obj << /S /JavaScript /JS (x) >> endobj")
    refused = (await handed_in(scripted, "a.pdf")).json()
    assert (refused["code"], "脚本" in refused["text"]) == ("knowledge_file.scripts", True)
    for answer, status in (
        (await handed_in(body, "a.docx", "application/json"), 415),
        (await handed_in(b"x" * (1024 * 1024 + 1), "a.docx"), 413),
        (await handed_in(body, "a.docx", role="supervisor"), 422),
        (await http.post("/files", params={"name": "a", "by": "e"}, headers={"Authorization": "x"}), 401),
    ):
        assert answer.status_code == status
    asking = [f"祠堂备案表在哪下载{n}" for n in "甲乙丙丁戊"]
    text = {**NEW, "title": "祠堂备案表", "questions": asking, "attachments": [kept]}
    lost = {"name": "没传过.pdf", "address": f"sha256:{'0' * 64}"}
    id_ = (await post(http, "/articles", article={**text, "attachments": [kept, lost]}))["article"]["id"]
    refused = await post(http, f"/articles/{id_}/submit", 422)
    assert refused["missing"] == "附件“没传过.pdf”的文件不在，请重新上传"
    await post(http, f"/articles/{id_}/edit", article=text)
    await post(http, f"/articles/{id_}/submit")
    shown = await http.get(f"/articles/{id_}/files/{digest}")
    assert (shown.status_code, shown.content == body) == (200, True)

    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as citizen:
        path = path_of(id_, digest)
        assert (await citizen.get(path)).status_code == 404  # under review
        await post(http, "/approve", by="r-1", role="reviewer", ids=[id_])
        had = await citizen.get(path)
        assert (had.status_code, had.content == body, had.headers["content-type"]) == (200, True, DOCX)
        assert had.headers["content-disposition"] == (
            f"attachment; filename=\"{digest[:8]}.docx\"; filename*=UTF-8''{quote('宗祠备案表.docx')}"
        )
        assert [had.headers[name] for name in ("x-content-type-options", "cache-control", "content-security-policy")] == [
            "nosniff", "private, no-cache", "default-src 'none'; sandbox",
        ]  # fmt: skip
        again = await citizen.get(path, headers={"If-None-Match": had.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for other in (
            path_of("A1001-01", digest),
            path_of(id_, "0" * 64),
            path_of("A9999-99", digest),
        ):
            assert (await citizen.get(other)).status_code == 404
        await post(http, f"/articles/{id_}/retire", note="表格作废")
        assert (await citizen.get(path)).status_code == 404
    assert (await http.get(f"/articles/{id_}/files/{digest}")).status_code == 200  # its history keeps it
