"""Casework (办理): the one way in which an order changes after it is registered.

Reads the order, lets the domain decide, and commits the new order with its audit rows and messages. Whoever comes
second is told (``StaleWorkOrderError``), and nothing is half done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

import structlog

from hotline.domain.appeal import Urgency
from hotline.domain.deeds import (
    Deed,
    Designate,
    Disclose,
    Dispatch,
    Divert,
    GrantExtension,
    Join,
    Redo,
    Resume,
    Revisit,
)
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.errors import (
    ConflictOfInterestError,
    DeedRefusedError,
    HotlineError,
    IllegalTransitionError,
    StaleWorkOrderError,
    UnknownUnitError,
)
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.life_cycle import Status, Step
from hotline.domain.notices import messages
from hotline.domain.people import MACHINE, Actor
from hotline.domain.refusals import is_unhappy
from hotline.domain.routing import BY_HAND, RoutingDecision
from hotline.domain.secrecy import conflict
from hotline.domain.supervision import due_deed, next_duty_at
from hotline.domain.time_limits import LimitPurpose, SetLimit, TimeLimits
from hotline.domain.work_order import WorkOrder, WorkOrderNumber
from hotline.masking import leaks
from hotline.store.work_order_store import Change, WorkOrderStore

log: Final = structlog.get_logger("casework")

STILL_LISTED: Final = "only a unit that is no longer listed is replaced"
"""Why an order is not designated anew while its unit has it (撤并单位的工单才改派)."""
REVISITED: Final = "the citizen is not content"
_MOST_DUTIES: Final = 20


class Casework:
    """Changes orders. ``limits`` gives the time limits in force now; ``units`` are the city's handling units."""

    def __init__(
        self,
        store: WorkOrderStore,
        limits: Callable[[], TimeLimits],
        units: Mapping[str, HandlingUnit],
        place_names: frozenset[str] = frozenset(),
    ) -> None:
        """Take the store, the limits, the units, and the names of places, which name no unit."""
        self._store = store
        self._limits = limits
        self._units = units
        self._place_names = place_names

    async def do(
        self, number: WorkOrderNumber, deed: Deed, *, by: Actor, at: datetime, expected: int | None = None
    ) -> WorkOrder:
        """Return the order after ``deed``, committed. ``expected`` is the revision that the person saw, if they saw one."""
        order = await self._store.get(number)
        if expected is not None and order.revision != expected:
            raise StaleWorkOrderError(number)
        self._check_units(order, deed)
        changed = order.after(deed, by=by, at=at)
        await self._store.commit(self.change(changed, before=order), at=at)
        return changed

    def change(self, order: WorkOrder, *, before: WorkOrder | None = None) -> Change:
        """Return ``order`` as the store takes it: with messages, and when the machine has to look at it again."""
        return Change(
            order=order,
            expected=before.revision if before is not None else None,
            messages=tuple(messages(before, order)),
            next_at=next_duty_at(order, self._limits()),
        )

    @property
    def limits(self) -> TimeLimits:
        """The time limits in force now."""
        return self._limits()

    # --- steps whose limits are set here -------------------------------------------------------------------

    async def dispatch(
        self,
        number: WorkOrderNumber,
        unit: str,
        *,
        supporting: tuple[str, ...] = (),
        reason: str,
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Dispatch by hand to ``unit`` (人工派单)."""
        order = await self._store.get(number)
        routing = self._by_hand(order, unit, supporting, reason, at)
        return await self.do(number, Dispatch(routing), by=by, at=at, expected=expected)

    async def designate(
        self,
        number: WorkOrderNumber,
        unit: str,
        *,
        supporting: tuple[str, ...] = (),
        reason: str,
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Say for good whose it is (指定)."""
        order = await self._store.get(number)
        deed = Designate(self._by_hand(order, unit, supporting, reason, at), reason)
        return await self.do(number, deed, by=by, at=at, expected=expected)

    async def redo(
        self, number: WorkOrderNumber, reason: str, *, by: Actor, at: datetime, expected: int | None = None
    ) -> WorkOrder:
        """Have it handled again, with new limits (重办)."""
        order = await self._store.get(number)
        deed = Redo(reason, self._handling_from(order, at))
        return await self.do(number, deed, by=by, at=at, expected=expected)

    async def resume(
        self, number: WorkOrderNumber, reason: str, *, by: Actor, at: datetime, expected: int | None = None
    ) -> WorkOrder:
        """Go on with a suspended or supervised order, with new limits."""
        order = await self._store.get(number)
        deed = Resume(self._handling_from(order, at), reason)
        return await self.do(number, deed, by=by, at=at, expected=expected)

    async def grant_extension(
        self,
        number: WorkOrderNumber,
        *,
        reason: str = "",
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Grant the extension that was asked for."""
        order = await self._store.get(number)
        asked = order.asked_extension
        if asked is None:
            raise DeedRefusedError(missing="待批准的延期申请")
        limits = self._limits().extended(asked.until, start=at)
        return await self.do(number, GrantExtension(limits, reason), by=by, at=at, expected=expected)

    async def revisit(
        self,
        number: WorkOrderNumber,
        revisit: Revisit,
        *,
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Keep what the citizen says; unresolved or dissatisfied, it is handled again at once (自动重办; rule 30)."""
        before = await self._store.get(number)
        if expected is not None and before.revision != expected:
            raise StaleWorkOrderError(number)
        order = before.after(revisit, by=by, at=at)
        if revisit.is_reached and is_unhappy(revisit):
            order = order.after(Redo(REVISITED, self._handling_from(order, at)), by=MACHINE, at=at)
        await self._store.commit(self.change(order, before=before), at=at)
        return order

    async def disclose(
        self, number: WorkOrderNumber, text: str, *, by: Actor, at: datetime, expected: int | None = None
    ) -> WorkOrder:
        """Make ``text`` public, as a person has read and confirmed it (应晒尽晒); refused while it tells who anybody is."""
        order = await self._store.get(number)
        if found := leaks(text, [party.name for party in order.citizens]):
            raise DeedRefusedError(missing=f"脱敏：仍有{'、'.join(found)}")
        return await self.do(number, Disclose(text), by=by, at=at, expected=expected)

    async def merge(
        self,
        number: WorkOrderNumber,
        into: WorkOrderNumber,
        *,
        told: str,
        reason: str,
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Merge one order into another, both in one transaction: its citizens go along and get every reply (并单).

        Raises ``ConflictOfInterestError`` when a tip-off would reach the unit that it names.
        """
        order, target = await self._store.get(number), await self._store.get(into)
        if expected is not None and order.revision != expected:
            raise StaleWorkOrderError(number)
        self.check_merge(order, target)
        diversion = Diversion(DiversionOutcome.REPEAT_MERGED, reason, told)
        merged = order.after(Divert(diversion, into=into), by=by, at=at)
        joined = target
        for party in order.citizens:
            join = Join(party.number, order.appeal.text, party.phone, party.name, party.secrecy)
            joined = joined.after(join, by=by, at=at)
        await self._store.commit(self.change(merged, before=order), self.change(joined, before=target), at=at)
        return joined

    # --- what the machine does as time passes --------------------------------------------------------------

    async def sweep(self, now: datetime, *, batch: int = 200) -> int:
        """Do what the machine owes by ``now``, order by order, each in its own transaction; return how many are settled.

        One order that cannot be read or moved is logged and holds up no other. May run in several processes at once, be ended at any moment and run again: an order that another process has
        changed is left to it.
        """
        done = 0
        numbers = await self._store.to_look_at(now, limit=batch)
        for number in numbers:
            try:
                done += await self._catch_up(number, now)
            except (HotlineError, ValueError) as error:
                log.error("sweep.stuck", number=number, error=type(error).__name__)
        if numbers and not done:
            await self._store.to_look_at(now, limit=1)  # raises when it is the database that is away
        return done

    async def _catch_up(self, number: WorkOrderNumber, now: datetime) -> int:
        order = before = await self._store.get(number)
        limits = self._limits()
        for _ in range(_MOST_DUTIES):
            deed = due_deed(order, limits, now)
            if deed is None:
                break
            # A clock that was set back never puts an entry before an earlier one.
            at = max(now, order.history[-1].at)
            order = order.after(deed, by=MACHINE, at=at)
        try:
            await self._store.commit(self.change(order, before=before), at=now)
        except StaleWorkOrderError:
            log.info("sweep.left_to_another", number=number)
            return 0
        return 1

    def objection_due(self, made_at: datetime) -> datetime:
        """Return by when an objection made at ``made_at`` is decided: within the ordinary limit of handling (待核)."""
        limits = self._limits()
        return limits.expiry(limits.handling, start=made_at).at

    # --- helpers -------------------------------------------------------------------------------------------

    def _by_hand(
        self, order: WorkOrder, unit: str, supporting: tuple[str, ...], reason: str, at: datetime
    ) -> RoutingDecision:
        """Return the decision of a person, with the limits of the appeal and the one that the rules named."""
        limits = self._limits()
        urgency = order.routing.urgency if order.routing is not None else Urgency.ORDINARY
        run = limits.at_dispatch(
            category=order.appeal.category,
            kind=order.appeal.kind,
            urgency=urgency,
            start=at,
            named=limits.named(self._routed_limit(order)),
            imposed=order.appeal.imposed_due,
        )
        ends = {each.purpose: each for each in run}
        signing, handling = ends[LimitPurpose.SIGNING], ends[LimitPurpose.HANDLING]
        catalogue = order.routing.catalogue_version if order.routing is not None else ""
        return RoutingDecision(
            lead_unit=unit,
            supporting_units=tuple(dict.fromkeys(supporting)),
            urgency=urgency,
            sign_by=signing.end,
            due_at=handling.end,
            limit_basis=f"{signing.basis}；{handling.basis}",
            rule=BY_HAND,
            because=reason,
            catalogue_version=catalogue,
            runners_up=order.routing.runners_up if order.routing is not None else (),
            limits=run,
        )

    @staticmethod
    def _routed_limit(order: WorkOrder) -> SetLimit | None:
        """Return the limit of handling that the rules set for it: another unit is held to one that they named, too."""
        proposed = order.routing.limits if order.routing is not None else ()
        return next((each for each in proposed if each.purpose is LimitPurpose.HANDLING), order.first_limit)

    def _handling_from(self, order: WorkOrder, at: datetime) -> tuple[SetLimit, ...]:
        appeal = order.appeal
        return self._limits().handling_anew(
            appeal.category, appeal.kind, start=at, like=order.first_limit, imposed=appeal.imposed_due
        )

    def check_merge(self, order: WorkOrder, target: WorkOrder) -> None:
        """Raise ``ConflictOfInterestError`` when the tip-off ``order`` would reach the unit that it names, by ``target``."""
        theirs = (target.lead_unit, *target.supporting_units) if target.is_dispatched else ()
        if (unit := self.conflict(order, theirs)) is not None:
            raise ConflictOfInterestError(number=order.number, unit=unit)

    def conflict(self, order: WorkOrder, units: Iterable[str | None]) -> str | None:
        """Return the first of ``units`` that must not have the order, because its tip-off names it."""
        known = (self._units[unit] for unit in units if unit is not None and unit in self._units)
        return next((unit.code for unit in known if conflict(order, unit, self._place_names)), None)

    def _check_units(self, order: WorkOrder, deed: Deed) -> None:
        named: tuple[str | None, ...] = ()
        match deed:
            case Dispatch(routing=routing) | Designate(routing=routing):
                named = (routing.lead_unit, *routing.supporting_units)
            case _:
                named = (*getattr(deed, "units", ()), *filter(None, [getattr(deed, "suggested_unit", None)]))
        for unit in named:
            if unit is not None and unit not in self._units:
                raise UnknownUnitError(unit)
        is_with_unit = order.status not in (Status.TO_DISPATCH, Status.RETURN_ASKED)
        if isinstance(deed, Designate) and is_with_unit and order.lead_unit in self._units:
            raise IllegalTransitionError(
                number=order.number, status=order.status, step=deed.step, reason=STILL_LISTED
            )
        if deed.step is not Step.SEND_BACK and (unit := self.conflict(order, named)) is not None:
            raise ConflictOfInterestError(number=order.number, unit=unit)
