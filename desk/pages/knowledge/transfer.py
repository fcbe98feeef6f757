"""Articles from files and to files (导入导出): every rejected row is named, and nothing is taken that was not tried before."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, Literal

from fastapi import File, Form, Request, UploadFile
from fastapi.responses import Response

from desk.front import WORDS, Front, is_htmx
from desk.guard import desk_router, front_of
from desk.knowledge import KnowledgeTools
from desk.pages.knowledge.common import tools_of, worded
from desk.seat import Seat
from hotline.city import City
from hotline.domain.article_life import ArticleStep, ArticleStepRefusedError, StaleArticleError
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article
from hotline.domain.people import Actor
from knowledge_base.importing import CONTENT_TYPES, LARGEST_BYTES, SUFFIXES, Rows, read_rows, write_rows

router = desk_router()

_MOST_ROWS: Final = 2_000
_MOST_SUBMITTED: Final = 300
"""Each of them is compared with every other article's ways of asking."""
_SHOWN: Final = 500
_PATH: Final = "/desk/knowledge/transfer"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a file holds. ``wrong``: it cannot be taken at all; ``digest`` says which file that was."""

    name: str
    digest: str = ""
    articles: tuple[Article, ...] = ()
    rejected: tuple[str, ...] = ()
    fresh: int = 0
    submits: bool = False
    remarks: tuple[str, ...] = ()
    wrong: str = ""

    @property
    def may_be_taken(self) -> bool:
        """Whether anything of it can be taken: what is handed in for review must be right in every row."""
        return bool(self.articles) and not self.wrong and not (self.submits and self.rejected)


@router.get("/desk/knowledge/transfer")
async def transfer(request: Request) -> Response:
    """Show the forms."""
    tools_of(request)
    return _show(front_of(request), request, None)


@router.get("/desk/knowledge/export")
async def export(request: Request, kind: Literal["xlsx", "csv", "json", "yaml"] = "xlsx") -> Response:
    """Give all articles in force as a file that can be brought in again."""
    tools, suffix = tools_of(request), f".{kind}"
    articles = [one async for one in tools.store.all_published()]
    body = await asyncio.to_thread(write_rows, articles, suffix)
    headers = {"Content-Disposition": f'attachment; filename="articles{suffix}"', "Cache-Control": "no-store"}
    return Response(body, media_type=CONTENT_TYPES[suffix], headers=headers)


@router.post("/desk/knowledge/transfer")
async def bring_in(
    request: Request, seat: Seat, file: Annotated[UploadFile | None, File()] = None,
    then: Annotated[Literal["try", "take"], Form()] = "try", submits: Annotated[bool, Form()] = False,
    tried: Annotated[str, Form(max_length=64)] = "",
) -> Response:  # fmt: skip
    """Try a file and name every row that is rejected; take it when it is the file that was tried."""
    front, tools = front_of(request), tools_of(request)
    by = seat.account.keeping(ArticleStep.EDIT)
    found = await _tried(front, tools, file, by, submits=submits)
    if then == "try" or not found.may_be_taken or tried != found.digest:
        return _show(front, request, found)
    try:
        taken = await tools.editing.bring_in(
            found.articles, by=by, at=front.parts.clock(), note=found.name, submits=submits
        )
    except (ArticleStepRefusedError, StaleArticleError) as error:  # changed since the row was tried
        return front.fault(request, 409, f"{worded(front, error)[1]}。没有导完，请再试读一次。")
    told = WORDS["transfer"]["submitted" if submits else "taken"].format(many=len(taken))
    to = f"/desk/knowledge?state={'in_review' if submits else 'draft'}"
    return front.done(request, to=to, toast=told)


async def _tried(
    front: Front, tools: KnowledgeTools, file: UploadFile | None, by: Actor, *, submits: bool
) -> Tried:
    name = (file.filename or "")[:200] if file is not None else ""
    body = await file.read(LARGEST_BYTES + 1) if file is not None else b""
    suffix = Path(name).suffix.lower()
    if not body:
        return Tried(name, wrong="请选择文件")
    if suffix not in SUFFIXES:
        return Tried(name, wrong="只认 Excel（xlsx）、CSV、JSON、YAML 文件")
    present = [one async for one in tools.store.all_published()]
    try:
        rows = await asyncio.to_thread(_read, body, suffix, front.parts.city, present)
    except CityConfigError as error:
        return Tried(name, wrong=error.reason)
    many = len(rows.articles) + len(rows.rejected)
    if many > (most := _MOST_SUBMITTED if submits else _MOST_ROWS):
        return Tried(name, wrong=f"有{many}条，一次最多{most}条，请分成几个文件")
    refused = dict(
        await tools.editing.rehearse(rows.articles, by=by, at=front.parts.clock(), submits=submits)
    )
    rejected = (*rows.rejected, *(f"{id_}：{worded(front, error)[1]}" for id_, error in refused.items()))
    good = tuple(one for one in rows.articles if one.id not in refused)
    known = await tools.lists.titles([one.id for one in good])
    fresh = sum(one.id not in known for one in good)
    missing = await tools.editing.missing_files(good)
    remarks = tuple(f"{id_}：{reason}" for id_, reason in missing)
    return Tried(name, hashlib.sha256(body).hexdigest(), good, rejected, fresh, submits, remarks)


def _read(body: bytes, suffix: str, city: City, present: Iterable[Article]) -> Rows:
    with TemporaryDirectory() as folder:
        place = Path(folder) / f"rows{suffix}"
        place.write_bytes(body)
        return read_rows(place, city, present)


def _show(front: Front, request: Request, found: Tried | None) -> Response:
    if found is not None and is_htmx(request):
        return front.fragment(request, "knowledge/_tried.html", tried=found, most=_SHOWN)
    is_bad = found is not None and bool(found.wrong)
    return front.page(
        request, "knowledge/transfer.html", title="导入导出", status=422 if is_bad else 200, tried=found, most=_SHOWN,
        kinds={"xlsx": "Excel", "csv": "CSV", "json": "JSON", "yaml": "YAML"},
    )  # fmt: skip
