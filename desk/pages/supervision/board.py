"""What is overdue, which cards units were shown, and who stands at which tier (超期、黄牌红牌、五级督办)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.supervision.shown import A_PAGE, Start, note, orders_of, shown
from desk.seat import Seat
from hotline.domain.deeds import Card, Tier
from hotline.domain.life_cycle import WITH_UNIT
from hotline.store.figures import CardCount
from hotline.store.inbox import InboxFilter, Place

router = desk_router()

Days = Literal["1", "7", "30", "90"]
_A_PAGE: Final = 50
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
CARDS: Final = (Card.RED, Card.YELLOW, Card.UNSIGNED, Card.NOTICE_MISSING)
"""The cards that are shown to units; the others are the hotline's own."""


@router.get("/desk/supervision")
async def board(
    request: Request, seat: Seat, after: Annotated[str, Query(max_length=40)] = "", days: Days = "7"
) -> Response:
    """Show what is under supervision by tier, the cards by unit, what is overdue, and how many appeals came in."""
    front = front_of(request)
    overdue = overdue_now(front)
    page = await front.parts.inbox.page(overdue, after=Place.read(after), limit=_A_PAGE)
    standing = await front.parts.board.standings()
    await note(front, seat, "overdue", [order.number for order in page.orders])
    tiers = Counter[Tier]()
    for each in standing:
        tiers[each.tier] += 0 if each.is_proposed else each.count
    return front.page(
        request, "supervision/board.html", title="督办看板", days=int(days),
        tiers=[(tier, tiers[tier]) for tier in Tier],
        overdue=await count_overdue(front),
        cards=_by_unit(await front.parts.board.cards(int(days))), card_names=CARDS,
        orders=[shown(front, order) for order in page.orders],
        following=str(page.following) if page.following is not None else "", is_first=not after,
        lately=await front.parts.trends.by_day(30),
    )  # fmt: skip


@router.get("/desk/supervision/cards")
async def with_card(
    request: Request, seat: Seat, unit: Annotated[str, Query(max_length=64)], card: Card, days: Days = "7",
    start: Start = 0,
) -> Response:  # fmt: skip
    """Show the orders for which a unit was shown a card, page by page."""
    front = front_of(request)
    numbers, many = await front.parts.board.with_card(int(days), unit, card, start=start, limit=A_PAGE)
    await note(front, seat, f"{card} of {unit} in {days} days", numbers)
    heading = f"近 {days} 天 · {front.words['cards'][card]}"
    return front.page(
        request, "supervision/orders.html", title="工单明细", unit=unit, heading=heading, is_excluded=False,
        back=f"/desk/supervision?days={days}", back_to="超期与督办", orders=await orders_of(front, numbers),
        many=many, start=start, a_page=A_PAGE, here=f"/desk/supervision/cards?{urlencode({'unit': unit, 'card': card.value, 'days': days})}",
    )  # fmt: skip


@router.get("/desk/supervision/ladder")
async def ladder(
    request: Request,
    seat: Seat,
    tier: Annotated[int, Query(ge=1, le=5)] = 1,
    state: Literal["standing", "proposed"] = "standing",
    unit: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[str, Query(pattern=r"^([0-9]{11,12})?$")] = "",
) -> Response:
    """Show how many orders of which unit stand at which of the five tiers, and the orders of one."""
    front, wanted = front_of(request), Tier(tier)
    is_proposed = state == "proposed"
    numbers = await front.parts.board.at_tier(
        wanted, is_proposed=is_proposed, unit=unit, after=after, limit=_A_PAGE + 1
    )
    await note(front, seat, f"{state} at tier {tier}", numbers[:_A_PAGE])
    counts: Counter[tuple[str, Tier, bool]] = Counter()
    for each in await front.parts.board.standings():
        counts[each.unit or "", each.tier, each.is_proposed] += each.count
    sums = Counter[tuple[Tier, bool]]()
    for (_, at, proposed), count in counts.items():
        sums[at, proposed] += count
    weight = Counter[str]()
    for (whose, at, _), count in counts.items():
        weight[whose] += count * 1_000**at
    return front.page(
        request, "supervision/ladder.html", title="五级督办", tier=wanted, state=state, unit=unit, Tier=Tier,
        counts=counts, sums=sums, units=[whose for whose, _ in weight.most_common()],
        orders=await orders_of(front, numbers[:_A_PAGE]), is_first=not after,
        following=numbers[_A_PAGE - 1] if len(numbers) > _A_PAGE else "",
    )  # fmt: skip


def overdue_now(front: Front) -> InboxFilter:
    """Return which orders units have overdue now."""
    return InboxFilter(WITH_UNIT, due=(_BEGINNING, front.parts.clock()))


async def count_overdue(front: Front) -> int:
    """Count them."""
    return sum((await front.parts.inbox.counts(overdue_now(front))).values())


def _by_unit(found: Sequence[CardCount]) -> list[tuple[str, Counter[Card]]]:
    """Return each unit's cards, those with the most red ones first."""
    cards: dict[str, Counter[Card]] = {}
    for each in found:
        if each.card in CARDS and each.unit is not None:
            cards.setdefault(each.unit, Counter())[each.card] += each.count
    return sorted(cards.items(), key=lambda one: (*(-one[1][card] for card in CARDS), one[0]))
