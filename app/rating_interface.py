"""The interface for how citizens rated their conversations (服务评价), counted by day. For staff only."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from app.programs import bearer
from app.unit_interface import READING
from app.web_parts import WebParts
from hotline.domain.deeds import Satisfaction

PREFIX: Final = "/api/staff/v1/ratings"
_MOST_DAYS: Final = 366
_FIRST, _LAST = date(2000, 1, 1), date(2998, 12, 31)


class RatingsOut(BaseModel):
    """Conversations that ended on the days ``since`` to ``until``, both included.

    ``satisfied_share`` is “满意” and “基本满意” among all ratings, null while there are none; ``unrated`` were not asked
    or did not answer, and count nowhere.
    """

    since: date
    until: date
    satisfied: int
    mostly: int
    dissatisfied: int
    unrated: int
    satisfied_share: float | None


class RatingInterface:
    """The routes below ``/api/staff/v1/ratings``."""

    def __init__(self, parts: WebParts) -> None:
        """Take the records."""
        self._parts = parts

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["ratings"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("")(self.counted)
        app.include_router(router)

    async def counted(
        self,
        since: Annotated[date, Query()],
        days: Annotated[int, Query(ge=1, le=_MOST_DAYS)] = 1,
    ) -> RatingsOut:
        """Count the ratings of ``days`` days."""
        since = min(max(since, _FIRST), _LAST)  # nothing was rated before or after
        until = since + timedelta(days=days - 1)
        zone = self._parts.city.timezone
        start, end = (datetime.combine(day, time(), zone) for day in (since, since + timedelta(days=days)))
        found = await self._parts.records.ratings(start, end)
        counts = {grade: found.get(grade.value, 0) for grade in Satisfaction}
        rated = sum(counts.values())
        good = counts[Satisfaction.SATISFIED] + counts[Satisfaction.MOSTLY]
        return RatingsOut(
            since=since,
            until=until,
            satisfied=counts[Satisfaction.SATISFIED],
            mostly=counts[Satisfaction.MOSTLY],
            dissatisfied=counts[Satisfaction.DISSATISFIED],
            unrated=found.get(None, 0),
            satisfied_share=round(good / rated, 4) if rated else None,
        )

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})
