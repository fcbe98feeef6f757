"""Retention (保存期限): how long each category is kept, and an order without its people (匿名化)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, Final

from hotline.domain.appeal import Appeal
from hotline.domain.deeds import (
    Complete,
    Deed,
    Designate,
    Dispatch,
    Divert,
    Join,
    QueueForDispatch,
    Supplement,
)
from hotline.domain.linkage import Linkage
from hotline.domain.routing import BY_HAND
from hotline.domain.unmasking import UnmaskRequest
from hotline.domain.work_order import WorkOrder

GONE: Final = "—"
"""Stands where a citizen's words were."""


class Kept(StrEnum):
    """Categories of what is kept."""

    RECORDINGS = "recordings"  # 录音
    JOURNALS = "journals"  # 对话逐句记录
    LETTERS = "letters"  # 诉求人的来信和答复
    EVIDENCE = "evidence"  # 图片材料
    CALLBACKS = "callbacks"  # 办完的回电任务
    NUISANCES = "nuisances"  # 疑似恶意来电及其认定
    MESSAGES = "messages"  # 已送达的对外消息
    DEAD_MESSAGES = "dead_messages"  # 没有送达、不再投递的对外消息（死信）
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


_NOT_FREE: Final = frozenset(
    {"article", "approver", "basis", "ground", "how", "id", "into", "number", "suggested_unit", "what"}
)
"""Texts of deeds that are codes, references or sources. All other text may tell of people and goes."""


def anonymised(order: WorkOrder) -> WorkOrder:
    """Return the order without anything that tells who its citizens are: figures stay, all free text goes."""
    history = tuple(replace(entry, deed=_without_words(entry.deed)) for entry in order.history)
    return replace(
        order,
        appeal=_without_people(order.appeal),
        history=history,
        conversation="",
        revision=order.revision + 1,
    )


def without_reasons(asked: UnmaskRequest) -> UnmaskRequest:
    """Return a request to see confidential citizens without its texts; who asked, who decided and how stays."""
    return replace(asked, reason=GONE, note=asked.note and GONE)


def without_texts(linkage: Linkage) -> Linkage:
    """Return a handover without its texts; between whom it was, and how it was settled, stays."""
    return replace(
        linkage,
        reason=linkage.reason and GONE,
        note=linkage.note and GONE,
        revision=linkage.revision + 1,
    )


def _without_people(appeal: Appeal) -> Appeal:
    place = appeal.place
    where = None
    if place is not None and place.is_located:
        where = replace(place, said=GONE, detail="", address=None, position=None)
    return replace(
        appeal,
        text=GONE,
        summary="",
        phone=None,
        citizen_name="",
        occurred="",
        interval=None,
        place=where,
        facts=(),
    )


def _without_words(deed: Deed | None) -> Deed | None:  # noqa: PLR0911 -- one case for each deed that holds more than text
    if deed is None:
        return None
    gone: dict[str, Any] = {
        field.name: GONE
        for field in fields(deed)
        if field.name not in _NOT_FREE and _is_text(getattr(deed, field.name))
    }
    match deed:
        case Join():
            return replace(deed, **gone, phone=None)
        case Complete(appeal=appeal):
            return replace(deed, appeal=_without_people(appeal))
        case Supplement():
            return replace(deed, **gone, place=None)
        case Divert(diversion=diversion):
            return replace(deed, diversion=replace(diversion, reason=GONE, told=GONE))
        case QueueForDispatch(proposal=proposal) if proposal is not None:
            return replace(deed, reason=GONE, proposal=replace(proposal, reason=GONE, told=GONE))
        case Dispatch(routing=routing) if routing.rule == BY_HAND:
            return replace(deed, routing=replace(routing, because=GONE))
        case Designate(routing=routing):
            return replace(deed, reason=GONE, routing=replace(routing, because=GONE))
        case _:
            return replace(deed, **gone)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Enum) and bool(value)
