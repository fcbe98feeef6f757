"""The review desk (热线审核): what waits for a decision, by kind, the most pressing first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import Response

from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.pages.review.asked import asked_of
from desk.seat import Seat
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.waiting import Waiting, waits_since
from hotline.store.inbox import OPEN, InboxFilter, Place

router = desk_router()

_A_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind of decision that waits; ``is_by_wait``: those that wait longest come first, for no limit of the order's runs."""

    label: str
    wanted: InboxFilter
    is_by_wait: bool = False


TABS: Final[dict[str, Tab]] = {
    "returns": Tab("退回申请", InboxFilter(frozenset({Status.RETURN_ASKED}))),
    "extensions": Tab(
        "延期申请", InboxFilter(frozenset({Status.HANDLING, Status.SUPERVISED}), asks_extension=True)
    ),
    "ends": Tab("终止申请", InboxFilter(frozenset({Status.END_ASKED}))),
    "replies": Tab("待审核反馈", InboxFilter(frozenset({Status.REPLIED}))),
    "dispatch": Tab("待派单", InboxFilter(frozenset({Status.TO_DISPATCH}))),
    "revisits": Tab("待回访", InboxFilter(frozenset({Status.TO_REVISIT}))),
    "objections": Tab("诉求人异议", InboxFilter(CLOSED, waits_for=Waiting.OBJECTION), is_by_wait=True),
    "hearings": Tab("不合理认定", InboxFilter(OPEN, waits_for=Waiting.HEARING)),
    "disclosure": Tab(
        "待定公开", InboxFilter(frozenset({Status.CONCLUDED}), waits_for=Waiting.DISCLOSURE), is_by_wait=True
    ),
}


@router.get("/desk/review")
async def waiting(
    request: Request, seat: Seat, tab: str = "", after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show what waits for a decision, the most pressing first; without a tab the first kind of which there is any."""
    front = front_of(request)
    counts = {
        key: sum((await front.parts.inbox.counts(one.wanted)).values()) for key, one in TABS.items()
    }  # fmt: skip
    name = tab if tab in TABS else next((key for key, count in counts.items() if count), "returns")
    chosen, box, place = TABS[name], front.parts.inbox, Place.read(after)
    waits_for = chosen.wanted.waits_for if chosen.is_by_wait else None
    if waits_for is not None:
        page = await box.waiting(waits_for, after=place, limit=_A_PAGE)
    else:
        page = await box.page(chosen.wanted, after=place, limit=_A_PAGE)
    numbers = " ".join(order.number for order in page.orders)
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=f"review: {numbers}", at=front.parts.clock()
    )
    return front.page(
        request, "review/list.html", title="审核", tab=name,
        tabs=[(key, one.label, counts[key]) for key, one in TABS.items()],
        orders=[
            row_of(front, order) | asked_of(front, order)
            | {"since": waits_since(order, waits_for) if waits_for is not None else None}
            for order in page.orders
        ],
        following=str(page.following) if page.following else "",
        secrecy=await front.parts.unmaskings.count_waiting() if front.parts.unmaskings is not None else 0,
    )  # fmt: skip
