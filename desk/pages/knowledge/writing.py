"""Writing an article: a draft is saved as it is, a refused one comes back as it was typed, and nobody overwrites another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.knowledge import KnowledgeTools
from desk.pages.knowledge.common import (
    FIELDS,
    ID,
    ArticleId,
    attached,
    is_editable,
    names_of,
    today,
    tools_of,
    worded,
)
from desk.pages.knowledge.form import Filled, read, refused, values_of, with_files
from desk.seat import Seat
from hotline.domain.article_life import (
    ArticleStatus,
    ArticleStep,
    ArticleStepRefusedError,
    ArticleVersion,
    StaleArticleError,
)
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_files import LONGEST_NAME, SUFFIXES, KnowledgeFileRefusedError
from hotline.service.accounts import SignedIn
from knowledge_base.articles import FEWEST_QUESTIONS, LONGEST_SPOKEN
from knowledge_base.differences import marked

router = desk_router()

Then = Annotated[Literal["", "submit"], Form()]
Number = Annotated[int, Form(ge=0, lt=2**31)]
Note = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What the editor shows. ``version`` None: an article that is not there yet; ``read``: its numbers when it was opened.

    ``said`` is why it was not taken, ``theirs`` what somebody else has saved since.
    """

    values: Mapping[str, Any]
    version: ArticleVersion | None = None
    read: tuple[int, int] = (0, 0)
    wrong: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    note: str = ""
    theirs: Article | None = None
    mine: Article | None = None


@router.get("/desk/knowledge/new")
async def begin(request: Request, category: str = "") -> Response:
    """Show an empty form."""
    front = front_of(request)
    tools_of(request)
    empty = Article("", 1, "", (), "", "", "", "", today(front))
    return await _editor(front, request, _Sheet(values_of(empty) | {"category": category[:6]}))


@router.post("/desk/knowledge/new")
async def start(request: Request, seat: Seat, then: Then = "", note: Note = "") -> Response:
    """Save the first draft of an article; without a number it gets the next free one of its category."""
    front, tools = front_of(request), tools_of(request)
    filled = await _with_uploads(request, seat, await _filled(request, tools))
    wrong, given = dict(filled.wrong), filled.article.id
    if given and not ID.fullmatch(given):
        wrong["id"] = "编号用字母、数字和连字符，3至40个，字母开头；不填则自动编号"
    elif given and await tools.lists.titles([given]):
        wrong["id"] = f"编号 {given} 已经有了"
    if wrong:
        return await _again(front, request, _Sheet(filled.values, wrong=wrong, note=note))
    by, at = seat.account.keeping(ArticleStep.EDIT), front.parts.clock()
    begin = tools.editing.start if given else tools.drafting.begin
    try:
        draft = await begin(filled.article, by=by, at=at, note=note)
    except (StaleArticleError, ArticleStepRefusedError):
        sheet = _Sheet(filled.values, wrong={"id": "编号刚被别人用了，请再保存一次"}, note=note)
        return await _again(front, request, sheet, status=409)
    return await _saved(request, seat, draft, filled, then)


@router.get("/desk/knowledge/articles/{article}/edit")
async def edit(request: Request, article: ArticleId) -> Response:
    """Show the draft, or what the next version would begin with."""
    front, tools = front_of(request), tools_of(request)
    latest = await tools.store.get(article)
    if not is_editable(latest):
        return front.fault(request, 409, "这一版已提交审核，退回或者作废以后才能再编辑。")
    return await _editor(front, request, _Sheet(values_of(latest.article), latest, _numbers(latest)))


@router.post("/desk/knowledge/articles/{article}/edit")
async def save(
    request: Request, seat: Seat, article: ArticleId, version: Number, revision: Number, then: Then = "",
    note: Note = "", over: Annotated[str, Form(max_length=24)] = "",
) -> Response:  # fmt: skip
    """Save a draft. What somebody else has saved since is shown beside it; only ``over`` what was seen is it replaced."""
    front, tools = front_of(request), tools_of(request)
    filled = await _with_uploads(request, seat, await _filled(request, tools))
    latest = await tools.store.get(article)
    sheet = _Sheet(filled.values, latest, (version, revision), filled.wrong, note=note, mine=filled.article)
    if filled.wrong:
        return await _again(front, request, sheet)
    if _numbers(latest) != (version, revision) and over != "{}-{}".format(*_numbers(latest)):
        return await _changed_since(front, request, sheet)
    by, at = seat.account.keeping(ArticleStep.EDIT), front.parts.clock()
    text = replace(filled.article, id=article)
    try:
        if latest.status is ArticleStatus.DRAFT:
            draft = await tools.editing.edit(text, by=by, at=at, note=note, expected=latest.revision)
        else:
            draft = await tools.editing.start(text, by=by, at=at, note=note)
    except StaleArticleError:
        return await _changed_since(front, request, replace(sheet, version=await tools.store.get(article)))
    except ArticleStepRefusedError as error:
        status, said = worded(front, error)
        return await _again(front, request, replace(sheet, said=said), status=status)
    return await _saved(request, seat, draft, filled, then)


@router.post("/desk/knowledge/preview")
async def preview(request: Request) -> Response:
    """Show what is being written as citizens would see and hear it; nothing is saved."""
    front, tools = front_of(request), tools_of(request)
    filled = await _filled(request, tools)
    return front.fragment(
        request,
        "knowledge/_preview.html",
        article=filled.article,
        sound="",
        attached=await attached(tools, filled.article),
        **shown_as(tools, filled.article),
    )


def shown_as(tools: KnowledgeTools, article: Article) -> dict[str, Any]:
    """Return an article as a chat shows it and as a caller hears it."""
    return {
        "written": tools.written(article),
        "aloud": tools.aloud(tools.spoken(article)),
        "longest": LONGEST_SPOKEN,
    }


# --- inside ------------------------------------------------------------------------------------------------


async def _filled(request: Request, tools: KnowledgeTools) -> Filled:
    front = front_of(request)
    filled = read(await request.form(), front.parts.city, names=FIELDS)
    known = await tools.lists.titles(filled.article.related)
    if unknown := [id_ for id_ in filled.article.related if id_ not in known]:
        return replace(filled, wrong={**filled.wrong, "related": f"没有这个条目：{'、'.join(unknown)}"})
    return filled


async def _with_uploads(request: Request, seat: SignedIn, filled: Filled) -> Filled:
    """Keep the files that came along. Those that are sound stay on the form even where it is not saved."""
    front, files = front_of(request), tools_of(request).files
    by, at = seat.account.keeping(ArticleStep.EDIT), front.parts.clock()
    handed_in, refused_ = [], []
    for file in (await request.form()).getlist("uploads"):
        if isinstance(file, UploadFile) and file.filename:
            try:
                body = await file.read(files.most_bytes + 1)
                handed_in.append(await files.keep(body, name=file.filename, by=by, at=at))
            except KnowledgeFileRefusedError as error:
                refused_.append(f"{file.filename[:LONGEST_NAME]}：{worded(front, error)[1]}")
    return with_files(filled, handed_in, refused_)


async def _saved(
    request: Request, seat: SignedIn, draft: ArticleVersion, filled: Filled, then: str
) -> Response:
    """Show the draft; or hand it in for review, and show the form again with what it lacks."""
    front, tools = front_of(request), tools_of(request)
    told, to = front.words["article_told"], f"/desk/knowledge/articles/{draft.id}"
    if not then:
        return front.done(request, to=f"{to}?saved=1", toast=told["saved"])
    by, at = seat.account.keeping(ArticleStep.SUBMIT), front.parts.clock()
    try:
        await tools.editing.submit(draft.id, by=by, at=at, expected=draft.revision)
    except ArticleStepRefusedError as error:
        wrong = refused(error, draft, front.parts.city, FIELDS)
        said = "草稿已经保存，还没有提交" + ("" if wrong else f"：{worded(front, error)[1]}")
        return await _again(front, request, _Sheet(filled.values, draft, _numbers(draft), wrong, said))
    return front.done(request, to=f"{to}?saved=1", toast=told["submit"])


async def _changed_since(front: Front, request: Request, sheet: _Sheet) -> Response:
    latest = sheet.version
    assert latest is not None
    entry = latest.history[-1]
    who = (await names_of(front)).get(entry.by.id, entry.by.id)
    said = f"您打开以后，{who} 在 {front.local(entry.at)} 改过这个条目。您填的都在下面，还没有保存"
    return await _again(front, request, replace(sheet, said=said, theirs=latest.article), status=409)


def _numbers(version: ArticleVersion) -> tuple[int, int]:
    return version.number, version.revision


async def _again(front: Front, request: Request, sheet: _Sheet, *, status: int = 422) -> Response:
    return await _editor(front, request, sheet, status=status)


async def _editor(front: Front, request: Request, sheet: _Sheet, *, status: int = 200) -> Response:
    city, version = front.parts.city, sheet.version
    title = f"编辑 {version.id}" if version is not None else "新条目"
    tools = tools_of(request)
    kept = replace(Article("", 1, "", (), "", "", "", "", date.min), attachments=tuple(sheet.values["files"]))
    changes = () if sheet.theirs is None or sheet.mine is None else marked(sheet.theirs, sheet.mine)
    return front.page(
        request, "knowledge/edit.html", title=title, status=status, values=sheet.values, version=version, read=sheet.read,
        wrong=sheet.wrong, said=sheet.said, note=sheet.note, theirs=sheet.theirs, changes=changes,
        units=sorted(unit.name for unit in city.units.values()),
        categories=[(one.code, one.name) for one in city.categories.values()],
        counties=[(one.code, one.name) for one in city.counties.values()],
        longest=LONGEST_SPOKEN, fewest=FEWEST_QUESTIONS, files=await attached(tools, kept),
        most_mib=tools.files.most_bytes // 1_048_576, accept=",".join((*SUFFIXES.values(), ".jpeg", ".png")),
    )  # fmt: skip
