"""Registering an appeal (登记): it is routed, given a number and committed; only then does it exist for anybody."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import structlog

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import HistoryEntry, Status, Step, WorkOrder
from hotline.store.work_order_store import WorkOrderStore

log: Final = structlog.get_logger("registration")

MACHINE: Final = "machine"


class Note(StrEnum):
    """Why the machine took the first step where no rule says it; the pages word it."""

    EMERGENCY = "emergency"  # 已转紧急专线
    ANSWERED = "answered"  # 以知识条目当场答复
    NOT_CONFIRMED = "not_confirmed"  # 诉求人没有核对
    PLACE_MISSING = "place_missing"  # 缺少事发地
    ROUTER_FAILED = "router_failed"  # 派单规则出错


class Routing(Protocol):
    """Who handles an appeal (``router.router``)."""

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide; always."""


class Registration:
    """Makes work orders of appeals. A fault of the router loses nothing: the order waits for a person then."""

    def __init__(self, store: WorkOrderStore, router: Routing, city: City) -> None:
        """Take the store, the router and the city whose day a number belongs to."""
        self._store = store
        self._router = router
        self._city = city

    async def register(
        self, appeal: Appeal, *, conversation: str, article: str | None, at: datetime
    ) -> WorkOrder:
        """Return the committed work order, or raise ``StoreUnavailableError``: then nothing was recorded."""
        routing = self._route(appeal, at)
        number = await self._store.next_number(at.astimezone(self._city.timezone).date())
        order = WorkOrder(
            number=number,
            appeal=appeal,
            status=Status.REGISTERED,
            registered_at=at,
            conversation=conversation,
            routing=routing,
            history=(HistoryEntry(at=at, step=None, before=None, after=Status.REGISTERED, by=MACHINE),),
            article=article,
        )
        step, note = self._first_step(order)
        order = order.after(step, by=MACHINE, at=at, note=note)
        await self._store.add(order)
        return order

    def _route(self, appeal: Appeal, at: datetime) -> RoutingDecision | None:
        try:
            return self._router.route(appeal, at=at)
        except Exception as error:  # noqa: BLE001 -- a broken rule must not lose what a citizen said
            log.error("routing.failed", error=type(error).__name__, category=appeal.category)
            return None

    def _first_step(self, order: WorkOrder) -> tuple[Step, str]:
        """Return the step that follows registration, and its reason: the rule's own words or a ``Note``."""
        appeal, routing = order.appeal, order.routing
        because = routing.because if routing is not None else Note.ROUTER_FAILED
        if appeal.emergency is not None:
            return Step.DIVERT, Note.EMERGENCY
        if order.article is not None:
            return Step.ANSWER, Note.ANSWERED
        if not appeal.is_confirmed:
            return Step.ASK_SUPPLEMENT, Note.NOT_CONFIRMED
        if self._needs_place(appeal) and not (appeal.place and appeal.place.is_located):
            return Step.ASK_SUPPLEMENT, Note.PLACE_MISSING
        if routing is None or routing.is_manual or routing.lead_unit is None:
            return Step.QUEUE_FOR_DISPATCH, because
        return Step.DISPATCH, because

    def _needs_place(self, appeal: Appeal) -> bool:
        """Help, complaints and tip-offs without a place are not dispatched before it is known (待补充)."""
        category = self._city.categories.get(appeal.category or "")
        return appeal.kind in (AppealKind.HELP, AppealKind.COMPLAINT, AppealKind.TIP_OFF) and (
            category is None or category.needs_place
        )
