"""What citizens' pages send and are shown of their own orders, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.web_parts import ORDER_NUMBER
from hotline.domain.category import Category
from hotline.domain.citizen_view import CitizenDeed, OwnOrder, StepSeen
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.progress import Subscription, may_subscribe
from hotline.domain.repeats import OrderNews
from hotline.service.self_service import Rating

MOST_WORDS = 2_000
_Words = Annotated[str, Field(min_length=1, max_length=MOST_WORDS)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class NumberIn(_In):
    """Of which order."""

    number: Annotated[str, Field(pattern=ORDER_NUMBER)]


class CodeIn(NumberIn):
    """The code that was received."""

    code: Annotated[str, Field(pattern=r"^[0-9]{4,10}$")]


class WordsIn(_In):
    """The citizen's words."""

    text: _Words


class SubscribeIn(_In):
    """The open chat in which steps are shown first."""

    chat: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


class UrgeIn(_In):
    """The citizen's words, if any."""

    text: Annotated[str, Field(max_length=MOST_WORDS)] = ""


class RatingIn(_In):
    """Whether the matter is resolved, and how content the citizen is with result and attitude."""

    resolution: Resolution
    result: Satisfaction
    attitude: Satisfaction
    was_contacted: bool | None = None
    remark: Annotated[str, Field(max_length=MOST_WORDS)] = ""

    def rating(self) -> Rating:
        """Return it for the service."""
        return Rating(self.resolution, self.result, self.attitude, self.was_contacted, self.remark)


class SentOut(BaseModel):
    """A code was sent to the telephone on record, if there is such an order; ``minutes``: so long it counts."""

    minutes: int


class ProofOut(BaseModel):
    """Bearer token of somebody who has proved a telephone, until ``until``."""

    token: str
    until: datetime


class NewsOut(BaseModel):
    """How an order stands, to who knows its number only."""

    number: str
    status: str
    status_text: str
    unit: str
    due_at: datetime | None


class StepOut(BaseModel):
    """One thing that was done. ``text`` is meant for the citizen, ``until`` a new time limit."""

    at: datetime
    step: str
    step_text: str
    text: str
    unit: str
    until: datetime | None


class OrderOut(BaseModel):
    """A citizen's own order. ``may`` is what they may do now; ``handled_as`` the order that theirs was merged into.

    ``subscription``: the channel by which each step is told (订阅进度), empty where none is.
    """

    number: str
    handled_as: str
    status: str
    status_text: str
    kind_text: str
    category_text: str
    text: str
    place: str
    registered_at: datetime
    due_at: datetime | None
    unit: str
    supporting_units: list[str]
    reply: str
    is_confidential: bool
    steps: list[StepOut]
    may: list[CitizenDeed]
    may_subscribe: bool
    subscription: str


class OrdersOut(BaseModel):
    """Open orders first, then the newest."""

    orders: list[OrderOut]


@dataclass(frozen=True, slots=True)
class Names:
    """The city's names; ``words`` is ``prompts/web.yaml``."""

    words: Mapping[str, Any]
    categories: Mapping[str, Category]
    unit: Callable[[str], str]

    def order(self, order: OwnOrder, subscription: Subscription | None = None) -> OrderOut:
        """Return an order as it is shown."""
        category = self.categories.get(order.category or "")
        return OrderOut(
            number=order.number,
            handled_as=order.handled_as,
            status=order.status.value,
            status_text=self.words["statuses"][order.status.value],
            kind_text=self.words["kinds"].get(order.kind, order.kind),
            category_text=category.name if category is not None else "",
            text=order.text,
            place=order.place,
            registered_at=order.registered_at,
            due_at=order.due_at,
            unit=self.unit(order.lead_unit) if order.lead_unit else "",
            supporting_units=[self.unit(code) for code in order.supporting_units],
            reply=order.reply,
            is_confidential=order.is_confidential,
            steps=[self._step(step) for step in order.steps],
            may=sorted(order.may),
            may_subscribe=may_subscribe(order.status),
            subscription=subscription.channel.value if subscription is not None else "",
        )

    def news(self, news: OrderNews) -> NewsOut:
        """Return how an order stands as it is shown."""
        return NewsOut(
            number=news.number,
            status=news.status.value,
            status_text=self.words["statuses"][news.status.value],
            unit=news.lead_unit_name or "",
            due_at=news.due_at,
        )

    def _step(self, seen: StepSeen) -> StepOut:
        step = seen.step.value if seen.step is not None else ""
        return StepOut(
            at=seen.at,
            step=step,
            step_text=self.words["steps"].get(step, self.words["statuses"]["registered"]),
            text=seen.text,
            unit=self.unit(seen.unit) if seen.unit else "",
            until=seen.until,
        )
