"""A unit suggests an article to the knowledge base from an order it has handled (建议入库): a draft for the editors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values
from desk.seat import Seat
from desk.steps import seen
from hotline.domain.people import Role
from hotline.service.knowledge_gaps import Suggestion, may_be_suggested, suggestion_of

router = desk_router()

_MOST_QUESTIONS = 8
_Text = Annotated[str, Form(max_length=4000)]


@router.get("/desk/unit/{number}/article")
async def write(request: Request, seat: Seat, number: Number) -> Response:
    """Show the article as the machine proposes it, from the question and the public reply."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found = values["found"]
    by = seat.account.acts_as(Role.UNIT)
    if front.parts.knowledge is None or by.unit != found.lead_unit or not may_be_suggested(found):
        return front.fault(
            request, 409, "这张工单不能建议入库：须由主办单位在反馈以后提出，保密、举报和涉及未成年人的不能。"
        )
    if (article := await front.parts.knowledge.drafting.suggested(found)) is not None:
        return front.fault(request, 409, f"这张工单已经建议入库，条目 {article}。")
    return front.page(
        request, "unit/article.html", title=f"建议入库 {number}", **values, given=suggestion_of(found)
    )


@router.post("/desk/unit/{number}/article")
async def suggest(
    request: Request, seat: Seat, number: Number, title: Annotated[str, Form(max_length=60)] = "",
    questions: _Text = "", answer: _Text = "", basis: Annotated[str, Form(max_length=500)] = "",
) -> Response:  # fmt: skip
    """Make the draft; it is refused while it tells who anybody is."""
    front = front_of(request)
    found = await seen(request, seat, number)
    by = seat.account.acts_as(Role.UNIT)
    if front.parts.knowledge is None or by.unit != found.lead_unit:
        return front.fault(request, 409, "只有主办单位可以建议入库。")
    asked = tuple(line.strip() for line in questions.splitlines() if line.strip())[:_MOST_QUESTIONS]
    source = front.words["article_source"].format(number=number)
    given = Suggestion(title.strip(), asked, answer.strip(), basis.strip(), source)
    draft = await front.parts.knowledge.drafting.suggest(
        found, given, unit=front.unit(found.lead_unit), by=by, at=front.parts.clock()
    )
    return front.done(request, to=f"/desk/unit/{number}", toast=f"已建议入库，草稿 {draft.id} 等待知识编辑")
