"""Lists of the knowledge base: articles, what runs out when, what citizens asked in vain, and how articles are used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from fastapi import Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.guard import desk_router, front_of
from desk.pages.knowledge.common import names_of, today, tools_of
from desk.seat import Seat
from hotline.domain.article_life import ArticleStatus, ArticleStep
from hotline.domain.knowledge_use import Candidate, CandidateSettledError, CandidateState
from hotline.store.knowledge_lists import Ending, Wanted

router = desk_router()

_A_PAGE: Final = 50
_WEEKS: Final = 13
_MOST_TASKS: Final = 100
_MOST_CANDIDATES: Final = 1_000
_SHOWN_STATES: Final = (
    ArticleStatus.DRAFT, ArticleStatus.IN_REVIEW, ArticleStatus.SCHEDULED, ArticleStatus.PUBLISHED,
    ArticleStatus.EXPIRED, ArticleStatus.RETIRED, ArticleStatus.DISCARDED,
)  # fmt: skip
Filter = Annotated[str, Query(max_length=96)]
CandidateId = Annotated[str, InPath(pattern=r"^[0-9A-Za-z-]{1,32}$")]
ORDERS: Final = {"answered": "答出", "found": "问到", "not_helped": "没帮上", "last": "最近用到"}


@router.get("/desk/knowledge")
async def articles(
    request: Request, state: Filter = "", unit: Filter = "", author: Filter = "",
    tag: Filter = "", q: Filter = "", after: Filter = "",
) -> Response:  # fmt: skip
    """Show articles by their latest version, those that changed last first."""
    front, tools = front_of(request), tools_of(request)
    chosen = ArticleStatus(state) if state in set(ArticleStatus) else None
    wanted = Wanted(chosen, unit, author, tag, q.strip())
    found = await tools.lists.page(wanted, after=after, limit=_A_PAGE)
    counts = await tools.lists.counts(wanted)
    units, authors, tags = await tools.lists.choices()
    given = {"unit": unit, "author": author, "tag": tag, "q": q.strip()}
    return front.page(
        request, "knowledge/list.html", title="知识库", rows=found, state=state, given=given, counts=counts,
        total=sum(counts.values()), states=_SHOWN_STATES, units=units, authors=authors, tags=tags,
        names=await names_of(front), today=today(front),
        following=found[-1].place if len(found) == _A_PAGE else "",
    )  # fmt: skip


@router.get("/desk/knowledge/calendar")
async def calendar(request: Request) -> Response:
    """Show what is out of date, what runs out in which of the next weeks, and what units owe."""
    front, tools = front_of(request), tools_of(request)
    day, now = today(front), front.parts.clock()
    monday = day - timedelta(days=day.weekday())
    endings = await tools.lists.endings(monday + timedelta(weeks=_WEEKS, days=-1))
    tasks = await tools.lists.tasks("open", unit="", now=now, limit=_MOST_TASKS)
    return front.page(
        request, "knowledge/calendar.html", title="到期日历",
        overdue=[one for one in endings if one.is_out or one.until < day],
        weeks=_by_week([one for one in endings if not one.is_out and one.until >= day], monday),
        tasks=tasks, counts=await tools.lists.task_counts(now=now),
    )  # fmt: skip


@router.get("/desk/knowledge/use")
async def use(
    request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30,
    by: Literal["answered", "found", "not_helped", "last"] = "answered",
) -> Response:  # fmt: skip
    """Show how much of what is asked is answered, week by week, and how often each article came first, helped and did not."""
    front, tools = front_of(request), tools_of(request)
    now = front.parts.clock()
    weeks = _weeks_before(today(front), front.parts.city.timezone)
    (asked, answered), *by_week = await tools.use.answered([(now - timedelta(days=days), now), *weeks])
    uses = list(await tools.use.uses(now - timedelta(days=days), now))
    if by == "last":
        uses.sort(key=lambda one: one.last_at.timestamp() if one.last_at else 0.0, reverse=True)
    else:
        uses.sort(key=lambda one: -getattr(one, by))
    sums = {
        name: sum(getattr(one, name) for one in uses)
        for name in ("found", "answered", "helped", "not_helped")
    }
    return front.page(
        request, "knowledge/use.html", title="使用情况", uses=uses, days=days, by=by, orders=ORDERS, sums=sums,
        asked=asked, answered=answered,
        weeks=[(start.date(), right, many - right) for (start, _), (many, right) in zip(weeks, by_week, strict=True)],
        titles=await tools.lists.titles([one.article for one in uses]),
    )  # fmt: skip


@router.get("/desk/knowledge/gaps")
async def gaps(request: Request, seat: Seat, state: CandidateState = CandidateState.WAITING) -> Response:
    """Show questions that were asked in vain and inquiries that a unit has answered, the most asked first."""
    front, tools = front_of(request), tools_of(request)
    found: list[Candidate] = []
    while some := await tools.use.candidates(state=state, after=found[-1].id if found else "", limit=_A_PAGE):
        found += some
        if len(found) >= _MOST_CANDIDATES:
            break
    await front.parts.records.note_look(
        subject="knowledge_candidates", by=f"staff:{seat.account.login}", why="knowledge gaps", at=front.parts.clock()
    )  # fmt: skip
    return front.page(
        request, "knowledge/gaps.html", title="待补知识", state=state, states=CandidateState,
        found=sorted(found, key=lambda one: (-one.asked, one.at))[:200], many=len(found),
        titles=await tools.lists.titles([one.like for one in found if one.like]), names=await names_of(front),
    )  # fmt: skip


@router.post("/desk/knowledge/gaps/{candidate}/{step}")
async def settle(
    request: Request, seat: Seat, candidate: CandidateId, step: Literal["take", "dismiss"],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:  # fmt: skip
    """Take a candidate over into a draft, or dismiss it with a reason."""
    front, tools = front_of(request), tools_of(request)
    by, at = seat.account.keeping(ArticleStep.EDIT), front.parts.clock()
    try:
        if step == "take":
            draft = await tools.drafting.take(candidate, by=by, at=at)
            to = f"/desk/knowledge/articles/{draft.id}/edit"
            return front.done(request, to=to, toast=front.words["article_told"]["taken"])
        await tools.drafting.dismiss(candidate, reason, by=by, at=at)
    except CandidateSettledError as error:
        return front.fault(
            request, 422 if not reason.strip() and step == "dismiss" else 409, f"{error.reason}。"
        )
    return front.done(request, to="/desk/knowledge/gaps", toast=front.words["article_told"]["dismissed"])


def _weeks_before(day: date, timezone: tzinfo) -> list[tuple[datetime, datetime]]:
    """Return the weeks up to the one of ``day``, from Monday to Monday by the city's clock, the last one last."""
    monday = day - timedelta(days=day.weekday())
    mondays = [monday + timedelta(weeks=number) for number in range(1 - _WEEKS, 2)]
    return list(pairwise(datetime.combine(one, time(), timezone) for one in mondays))


def _by_week(endings: Sequence[Ending], monday: date) -> list[dict[str, Any]]:
    """Return the next weeks from this one on, each with what runs out in it."""
    weeks = []
    for number in range(_WEEKS):
        first = monday + timedelta(weeks=number)
        last = first + timedelta(days=6)
        weeks.append(
            {"first": first, "last": last, "endings": [one for one in endings if first <= one.until <= last]}
        )
    return weeks
