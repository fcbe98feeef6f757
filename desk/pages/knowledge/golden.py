"""The book of golden questions: listed with how each last went, added, retired, and asked behind the page."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.front import WORDS
from desk.guard import desk_router, front_of
from desk.pages.knowledge.common import names_of, parts_of, tools_of, unknown
from desk.seat import Seat, signed_in_of
from hotline.domain.accounts import StaffRole
from hotline.domain.article_life import ArticleStep
from hotline.domain.golden_check import ALL, CheckRunningError, CheckState
from knowledge_base.golden import GoldenQuestion, Ground
from knowledge_base.golden_book import BookEntry
from knowledge_base.wording import plain

router = desk_router()

_A_PAGE: Final = 50
_MOST_ANSWERS: Final = 20
_PATH: Final = "/desk/knowledge/golden"
Text = Annotated[str, Form(max_length=200)]
Which = Literal["all", "wrong", "harmful", "kept", "retired"]


@router.get("/desk/knowledge/golden")
async def book(
    request: Request, which: Which = "all", q: Annotated[str, Query(max_length=60)] = "",
    start: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:  # fmt: skip
    """Show the golden questions of a kind, with the articles expected and how each went when all were last asked."""
    return await _show(request, which, q.strip(), start)


@router.get("/desk/knowledge/golden/check")
async def check(request: Request) -> Response:
    """Show how far asking all of them is; once it has ended the page is loaded anew."""
    front, running = front_of(request), await tools_of(request).checks.of(ALL)
    if running is not None and running.state is CheckState.RUNNING:
        return front.fragment(request, "knowledge/_asking.html", check=running, names=await names_of(front))
    return Response(status_code=204, headers={"HX-Redirect": _PATH})


@router.post("/desk/knowledge/golden/ask")
async def ask(request: Request, seat: Seat) -> Response:
    """Ask all of them behind the page."""
    front, tools = front_of(request), tools_of(request)
    try:
        await tools.checks.ask_all(by=seat.account.keeping(ArticleStep.EDIT), at=front.parts.clock())
    except CheckRunningError:
        return front.fault(request, 409, f"{WORDS['golden_checks']['running']}。")
    return front.done(request, to=_PATH, toast=WORDS["golden_book"]["asking"])


@router.post("/desk/knowledge/golden")
async def add(
    request: Request, seat: Seat, question: Text, answers: Text = "", ground: Text = ""
) -> Response:
    """Add a question; what is wrong with it is said beside its fields, and what was typed stays."""
    front, tools = front_of(request), tools_of(request)
    ids = parts_of(answers)
    typed = {"question": question, "answers": answers, "ground": ground}
    wrong: dict[str, str] = {}
    entry = (await tools.golden.entries()).get(plain(question))
    if not plain(question):
        wrong["question"] = "请写问题"
    elif entry is not None and not entry.is_retired:
        wrong["question"] = "这道题已经有了；要改须先由审核人停用"
    if missing := await unknown(tools, ids):
        wrong["answers"] = f"没有这个条目：{missing}"
    elif len(ids) > _MOST_ANSWERS:
        wrong["answers"] = f"最多{_MOST_ANSWERS}个条目"
    elif bool(ids) == (ground in set(Ground)):
        wrong["answers"] = "写应答的条目，或者选不答的理由，二者择一"
    if wrong:
        return await _show(request, "all", "", 0, wrong=wrong, typed=typed, status=422)
    asked = GoldenQuestion(question.strip(), ids, Ground(ground) if ground in set(Ground) else None)
    await tools.golden.keep(asked, by=seat.account.keeping(ArticleStep.EDIT), at=front.parts.clock())
    return front.done(request, to=f"{_PATH}?which=kept", toast=WORDS["golden_book"]["added"])


@router.post("/desk/knowledge/golden/{step}")
async def retire(
    request: Request, seat: Seat, step: Literal["retire", "bring_back"], question: Text
) -> Response:
    """Ask a question no more, or again as the city's files have it: a reviewer's decision, for it is what blocks."""
    front, book = front_of(request), tools_of(request).golden
    by, at = seat.account.keeping(ArticleStep.APPROVE), front.parts.clock()
    done = await (book.retire if step == "retire" else book.bring_back)(question, by=by, at=at)
    if not done:
        return front.fault(request, 409, "这道题已经不是这个状态，可能别人改过。")
    return front.done(request, to=_PATH, toast=WORDS["golden_book"][step])


async def _show(
    request: Request, which: Which, q: str, start: int, *, wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    front, tools, seat = front_of(request), tools_of(request), signed_in_of(request)
    went = {one.case: one for one in await tools.checks.verdicts() or ()}
    entries = list((await tools.golden.entries()).values())

    def is_of(entry: BookEntry, kind: str) -> bool:
        last = went.get(entry.question.text)
        match kind:
            case "wrong":
                return last is not None and not last.is_right and not entry.is_retired
            case "harmful":
                return last is not None and last.is_harmful and not entry.is_retired
            case "kept":
                return entry.is_kept and not entry.is_retired
            case "retired":
                return entry.is_retired
            case _:
                return not entry.is_retired

    counts = {kind: sum(is_of(one, kind) for one in entries) for kind in WORDS["golden_book"]["kinds"]}
    found = [
        one
        for one in entries
        if is_of(one, which) and (q in one.question.text or q.upper() in one.question.answers)
    ]
    shown = found[start : start + _A_PAGE]
    ids = {id_ for one in shown for id_ in one.question.answers}
    ids |= {went[one.question.text].got for one in shown if one.question.text in went}
    last = await tools.checks.of(ALL)
    values: dict[str, Any] = {
        "which": which, "q": q, "start": start, "many": len(found), "shown": shown, "counts": counts, "went": went,
        "titles": await tools.lists.titles(ids - {""}), "a_page": _A_PAGE, "last": last, "grounds": Ground,
        "wrong": wrong or {}, "typed": typed or {"question": "", "answers": "", "ground": ""},
        "names": await names_of(front),
        "may_retire": seat is not None and StaffRole.KNOWLEDGE_REVIEWER in seat.account.roles,
        "check": last if last is not None and last.state is CheckState.RUNNING else None,
    }  # fmt: skip
    return front.page(request, "knowledge/golden.html", title="对照题", status=status, **values)
