"""Registering an appeal (登记): it is routed, given a number and committed; only then does it exist for anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import HistoryEntry, Status, Step, WorkOrder
from hotline.store.work_order_store import WorkOrderStore

log: Final = structlog.get_logger("registration")

MACHINE: Final = "machine"


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
        routing, reason = self._route(appeal, at)
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
        order = order.after(self._first_step(appeal, routing), by=MACHINE, at=at, note=reason)
        await self._store.add(order)
        return order

    def _route(self, appeal: Appeal, at: datetime) -> tuple[RoutingDecision | None, str]:
        try:
            decision = self._router.route(appeal, at=at)
        except Exception as error:  # noqa: BLE001 -- a broken rule must not lose what a citizen said
            log.error("routing.failed", error=type(error).__name__, category=appeal.category)
            return None, f"router failed: {type(error).__name__}"
        return decision, decision.because

    def _first_step(self, appeal: Appeal, routing: RoutingDecision | None) -> Step:
        if appeal.emergency is not None:
            return Step.DIVERT
        if not appeal.is_confirmed or (
            self._needs_place(appeal) and not (appeal.place and appeal.place.is_located)
        ):
            return Step.ASK_SUPPLEMENT
        if routing is None or routing.is_manual or routing.lead_unit is None:
            return Step.QUEUE_FOR_DISPATCH
        return Step.DISPATCH

    def _needs_place(self, appeal: Appeal) -> bool:
        """Help, complaints and tip-offs without a place are not dispatched before it is known (待补充)."""
        category = self._city.categories.get(appeal.category or "")
        return appeal.kind in (AppealKind.HELP, AppealKind.COMPLAINT, AppealKind.TIP_OFF) and (
            category is None or category.needs_place
        )
