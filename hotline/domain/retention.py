"""Retention (保存期限): how long each category is kept, and an order without its people (匿名化)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.appeal import Place
from hotline.domain.deeds import AddFacts, Deed, Join, Object, Supplement, Urge
from hotline.domain.work_order import HistoryEntry, WorkOrder

GONE: Final = "—"
"""Stands where a citizen's words were."""


class Kept(StrEnum):
    """Categories of what is kept."""

    JOURNALS = "journals"  # 对话逐句记录
    MESSAGES = "messages"  # 已送达的对外消息
    WORK_ORDERS = "work_orders"  # 工单里的个人信息


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one category is kept, and on what basis; ``is_confirmed`` False means 待核."""

    kept: Kept
    days: int
    basis: str
    is_confirmed: bool

    def cutoff(self, now: datetime) -> datetime:
        """Return the moment before which things are past their time."""
        return now - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof of one destruction (销毁凭证): what, how much, on what basis, by whom; ``digest`` is of the ids destroyed."""

    kept: Kept
    before: datetime
    count: int
    digest: str
    basis: str
    by: str
    at: datetime


def anonymised(order: WorkOrder) -> WorkOrder:
    """Return the order without anything that tells who its citizens are: figures stay, words and numbers go."""
    appeal, place = order.appeal, order.appeal.place
    where = replace(place, said=GONE, detail="") if place is not None else None
    people = replace(
        appeal, text=GONE, summary="", phone=None, citizen_name="", occurred="", place=_without_words(where)
    )
    history = tuple(replace(entry, deed=_without_people(entry)) for entry in order.history)
    return replace(order, appeal=people, history=history)


def _without_words(place: Place | None) -> Place | None:
    return place if place is not None and place.is_located else None


def _without_people(entry: HistoryEntry) -> Deed | None:
    match entry.deed:
        case Join() as deed:
            return replace(deed, text=GONE, phone=None, name="")
        case AddFacts() | Object() | Urge() as deed:
            return replace(deed, text=GONE)
        case Supplement() as deed:
            return replace(deed, text=GONE, place=None)
        case deed:
            return deed
