"""Where and when appeals come (分布与走势), and which are hot with what the next weeks are likely to bring (热点与预测)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.seat import Seat
from desk.tiles import tiles_of
from hotline.domain.category import nearest
from hotline.domain.weekly_issues import HotIssues, Issue

router = desk_router()

Days = Literal["7", "30", "90", "365"]
Category = Annotated[str, Query(pattern=r"^([0-9]{2}){0,2}$")]
County = Annotated[str, Query(pattern=r"^([0-9]{6})?$")]
_SHADES: Final = 5
_LISTED: Final = 60


@router.get("/desk/supervision/map")
async def places(
    request: Request, seat: Seat, days: Days = "30", category: Category = "", county: County = ""  # noqa: ARG001 -- who may is decided by the table
) -> Response:  # fmt: skip
    """Show the appeals of a span by county on a schematic map, one county by street, and day by day."""
    front, span = front_of(request), int(days)
    trends, city = front.parts.trends, front.parts.city
    counts = await trends.by_county(span, category=category)
    before = await trends.by_county(span, category=category, end=trends.today() - timedelta(days=span))
    most = max((count for code, count in counts.items() if code), default=0)
    streets: list[tuple[str, int]] = []
    if county in city.counties:
        by_street = await trends.by_street(span, county, category=category)
        streets = sorted(
            ((_street(front, code), count) for code, count in by_street.items()),
            key=lambda one: (-one[1], one[0]),
        )
    rows = [
        {
            "code": code, "name": city.counties[code].name if code in city.counties else code or "未说明地点",
            "count": count, "before": before.get(code, 0), "change": _change(count, before.get(code, 0)),
        }
        for code, count in sorted(counts.items(), key=lambda one: (not one[0], -one[1], one[0]))
    ]  # fmt: skip
    return front.page(
        request, "supervision/map.html", title="分布与走势", days=span, category=category, county=county,
        classes=[(one.code, one.name) for one in city.categories_at(1)],
        tiles=[(tile, counts.get(tile.code, 0), _shade(counts.get(tile.code, 0), most)) for tile in tiles_of(city)],
        rows=rows, total=sum(counts.values()), streets=streets, most=most,
        lately=await trends.by_day(span, category=category, county=county),
        county_name=city.counties[county].name if county in city.counties else "",
    )  # fmt: skip


@router.get("/desk/supervision/issues")
async def issues(
    request: Request,
    seat: Seat,  # noqa: ARG001 -- who may is decided by the table
    by: Literal["category", "county"] = "category",
    category: Category = "",
    county: County = "",
    key: Annotated[str, Query(pattern=r"^[0-9]{0,6}$")] = "",
) -> Response:
    """Show the classes or counties, the hottest first, each with its forecast and the error of that, or why there is none."""
    front = front_of(request)
    trends = front.parts.trends
    found = await trends.issues(by, category=category, county=county)
    whole = await trends.whole()
    is_whole = not key and not category and not county
    chosen = whole.issues[0] if is_whole and whole.issues else next((one for one in found.issues if one.key == key), None)  # fmt: skip
    if chosen is None and found.issues:
        chosen = found.issues[0]
    return front.page(
        request, "supervision/issues.html", title="热点与预测", by=by, category=category, county=county, monday=found.monday,
        last_day=found.monday + timedelta(days=6),
        rows=[_issue_row(front, by, one) for one in found.issues[:_LISTED] if one.last or one.usual],
        whole=_issue_row(front, "", whole.issues[0]) if whole.issues and not category and not county else None,
        chosen=_issue_row(front, by if chosen.key else "", chosen) if chosen is not None else None,
        weeks=_weeks(found, chosen) if chosen is not None else [],
        within=_name(front, "category", category) if category else _name(front, "county", county) if county else "",
        ahead=[found.monday + timedelta(days=7 * step) for step in range(1, 5)],
    )  # fmt: skip


def _issue_row(front: Front, by: str, issue: Issue) -> dict[str, Any]:
    forecast = issue.forecast
    return {
        "key": issue.key, "name": _name(front, by, issue.key), "last": issue.last, "usual": issue.usual,
        "change": _change(issue.last, issue.usual), "is_hot": issue.is_hot,
        "forecast": forecast, "is_useful": forecast is not None and forecast.is_useful,
    }  # fmt: skip


def _weeks(found: HotIssues, chosen: Issue) -> list[dict[str, Any]]:
    """Return the weeks of a chart: those that were counted, and those ahead where the forecast is worth showing."""
    first = found.monday - timedelta(days=7 * (len(chosen.weeks) - 1))
    rows: list[dict[str, Any]] = [
        {"monday": first + timedelta(days=7 * step), "count": count, "ahead": None}
        for step, count in enumerate(chosen.weeks)
    ]
    if chosen.forecast is not None and chosen.forecast.is_useful:
        rows += [
            {"monday": found.monday + timedelta(days=7 * step), "count": None, "ahead": week}
            for step, week in enumerate(chosen.forecast.weeks, 1)
        ]
    return rows


def _name(front: Front, by: str, key: str) -> str:
    city = front.parts.city
    if by == "category":
        found = nearest(key, city.categories)
        return found.name if found is not None else key
    return city.counties[key].name if key in city.counties else key or f"{city.name}合计"


def _street(front: Front, code: str) -> str:
    found = front.parts.city.streets.get(code)
    return found.name if found is not None else code or "未说明街道、乡镇"


def _shade(count: int, most: int) -> int:
    """Return how dark a tile is, from 0 (none) to ``_SHADES``."""
    return -(-count * _SHADES // most) if most else 0


def _change(now: float, before: float) -> str:
    return f"{100 * (now / before - 1):+.0f}%" if before else "—"
