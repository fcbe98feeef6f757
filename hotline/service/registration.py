"""Registering (登记): every contact is given a number and committed; only then does it exist for anybody (全量受理)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

import structlog

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind, Secrecy
from hotline.domain.category import nearest
from hotline.domain.deeds import (
    AddFacts,
    Answer,
    AskSupplement,
    Complete,
    Deed,
    Dispatch,
    Divert,
    Join,
    QueueForDispatch,
    Split,
    Supplement,
    Urge,
    Withdraw,
)
from hotline.domain.diversion import ContactOutcome, Diversion, DiversionOutcome
from hotline.domain.errors import RegisteredBeforeError, StaleWorkOrderError
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.life_cycle import Step, after_step
from hotline.domain.people import CITIZEN, MACHINE, Actor, Role
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import HistoryEntry, Status, WorkOrder, WorkOrderNumber
from hotline.service.casework import Casework
from hotline.service.self_service_rules import load_self_service_rules
from hotline.store.work_order_store import Change, WorkOrderStore

log: Final = structlog.get_logger("registration")

_TRIES: Final = 3
MACHINE_DIVERTS: Final = (DiversionOutcome.EMERGENCY_LINE,)


_KINDS: Final = {
    ContactOutcome.NUISANCE: AppealKind.NUISANCE,
    ContactOutcome.WITHDRAWN: AppealKind.WITHDRAWAL,
    ContactOutcome.ABANDONED: AppealKind.INVALID,
}


class Note(StrEnum):
    """Why the machine took the first step where no rule says it; the pages word it."""

    EMERGENCY = "emergency"  # 已转紧急专线
    ANSWERED = "answered"  # 以知识条目当场答复
    NOT_CONFIRMED = "not_confirmed"  # 诉求人没有核对
    PLACE_MISSING = "place_missing"  # 缺少事发地
    ROUTER_FAILED = "router_failed"  # 派单规则出错
    DIVERSION_PROPOSED = "diversion_proposed"  # 建议分流，待人工确认
    ABANDONED = "abandoned"  # 中途挂断
    WITHDRAWN = "withdrawn"  # 诉求人撤回
    NUISANCE = "nuisance"  # 疑似骚扰，待人工认定
    TO_AGENT = "to_agent"  # 已转人工
    SECRET = "secret"  # noqa: S105 -- 疑似涉密，走线下渠道，只留索引
    CONFLICT = "conflict"  # 举报涉及拟派单位，回避
    REPEAT = "repeat"  # 诉求人同意并入
    SPLIT = "split"  # 由另一工单拆出


class Routing(Protocol):
    """Who handles an appeal (``router.router``)."""

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide; always."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How an order is made for somebody: anew by ``made``, or by ``instead`` of what the same ``request`` has left waiting."""

    made: Callable[[WorkOrderNumber], WorkOrder]
    instead: Callable[[WorkOrder], WorkOrder]
    request: str | None
    by: Actor
    at: datetime

    def beside(self, begun: WorkOrder) -> _Wanted:
        """Return the same for an order beside ``begun``, linked to it."""
        made, request = self.made, f"{self.request}:{begun.number}"
        return replace(
            self, made=lambda number: replace(made(number), linked_to=begun.number), request=request
        )


class Registration:
    """Makes work orders of appeals. A fault of the router loses nothing: the order waits for a person then."""

    def __init__(self, store: WorkOrderStore, router: Routing, city: City, casework: Casework) -> None:
        """Take the store, the router, the city whose day a number belongs to, and what orders do after registration."""
        self._store = store
        self._router = router
        self._city = city
        self._casework = casework
        self._urge_again = load_self_service_rules(city).urge_again

    async def register(
        self,
        appeal: Appeal,
        *,
        conversation: str,
        article: str | None = None,
        diversion: Diversion | None = None,
        linked_to: WorkOrderNumber | None = None,
        at: datetime,
        request: str | None = None,
        by: Actor = MACHINE,
        queued: str = "",
    ) -> WorkOrder:
        """Return the committed work order, or raise ``StoreUnavailableError``: then nothing was recorded.

        ``diversion`` is what the machine proposes; except for an emergency that was handed over, a person decides.
        ``by`` is who took it down; ``queued`` why it waits for a person's dispatch instead of the rules'.
        Asked again by the same ``request``, the order of the first time is returned; what the machine recorded of it
        meanwhile is an agent's to complete.
        """
        routing = self._route(appeal, at)

        def made(number: WorkOrderNumber) -> WorkOrder:
            order = _begun(number, appeal, conversation, article=article, routing=routing, at=at, by=by)
            deed = QueueForDispatch(queued) if queued else self._first_deed(order, diversion)
            return replace(order, linked_to=linked_to).after(deed, by=by, at=at)

        def instead(before: WorkOrder) -> WorkOrder:
            return self._completed(before, appeal, by, at, queued=queued)

        return await self._registered(_Wanted(made, instead, request, by, at))

    async def record_contact(
        self,
        *,
        conversation: str,
        appeal: Appeal,
        outcome: ContactOutcome,
        article: AnsweredWith | None,
        at: datetime,
        request: str | None = None,
        by: Actor = MACHINE,
    ) -> WorkOrder:
        """Return the committed record of a contact that left no order of its own (answered, cut off, nuisance …).

        Asked again by the same ``request``, the record of the first time is returned; what the machine recorded of it
        meanwhile ends as an agent says.
        """
        contact = replace(appeal, kind=_KINDS.get(outcome, appeal.kind))
        named = article.article if article else None
        deed = _deed_of_contact(outcome, article, appeal)

        def made(number: WorkOrderNumber) -> WorkOrder:
            order = _begun(number, contact, conversation, article=named, at=at, by=by)
            return order.after(deed, by=by, at=at)

        def instead(before: WorkOrder) -> WorkOrder:
            order = replace(_with(before, contact, by, at), article=named)
            if after_step(order.status, deed.step) is None:
                order = _supplemented(order, by)
            # What a person is to judge, or to call back about, waits already.
            waits = isinstance(deed, QueueForDispatch)
            return order if waits else order.after(deed, by=by, at=order.history[-1].at)

        return await self._registered(_Wanted(made, instead, request, by, at))

    async def complete(
        self,
        number: WorkOrderNumber,
        appeal: Appeal,
        *,
        fields: tuple[str, ...],
        queued: str = "",
        by: Actor,
        at: datetime,
    ) -> WorkOrder:
        """Return the order that the machine began, completed by an agent and dispatched as the rules say; committed.

        ``fields`` are those that the agent put right; ``queued``: why it waits for dispatch by hand instead. Raises
        ``IllegalTransitionError`` when somebody has dispatched it meanwhile, ``StaleWorkOrderError``.
        """
        before = await self._store.get(number)
        completed = self._completed(before, appeal, by, at, fields=fields, queued=queued)
        await self._store.commit(self._casework.change(completed, before=before), at=at)
        return completed

    def _completed(
        self,
        before: WorkOrder,
        appeal: Appeal,
        by: Actor,
        at: datetime,
        *,
        fields: tuple[str, ...] = (),
        queued: str = "",
    ) -> WorkOrder:
        """Return an order as an agent completes it; what lacks nothing any more is dispatched, or waits for that."""
        completed = _with(before, appeal, by, at, fields=fields)
        # What the machine had answered before the agent took over is not what the agent registers.
        completed = replace(completed, routing=self._route(appeal, at), article=None)
        deed = QueueForDispatch(queued) if queued else self._first_deed(completed, None)
        if isinstance(deed, AskSupplement):
            return completed
        completed = _supplemented(completed, by)
        waits = isinstance(deed, QueueForDispatch)
        return completed if waits else completed.after(deed, by=by, at=completed.history[-1].at)

    async def merge(
        self,
        number: WorkOrderNumber,
        appeal: Appeal,
        *,
        conversation: str,
        told: str,
        at: datetime,
        request: str | None = None,
        by: Actor = MACHINE,
    ) -> WorkOrder:
        """Record the contact as merged into order ``number``, as the citizen agreed; return that order (并单).

        The record, the joined citizen and the new words are committed together, once for each ``request``; what the
        machine recorded of it meanwhile is the record when an agent merges. Raises ``ConflictOfInterestError`` when a
        tip-off would reach the unit that it names, ``StaleWorkOrderError`` when the contact has become another order.
        """
        divert = Divert(Diversion(DiversionOutcome.REPEAT_MERGED, Note.REPEAT, told), into=number)

        def made(own: WorkOrderNumber) -> WorkOrder:
            return _begun(own, appeal, conversation, at=at, by=by).after(divert, by=by, at=at)

        def instead(before: WorkOrder) -> WorkOrder:
            order = _with(before, appeal, by, at)
            return order.after(divert, by=by, at=order.history[-1].at)

        wanted = _Wanted(made, instead, request, by, at)
        for _ in range(_TRIES - 1):
            try:
                return await self._merged(number, wanted)
            except StaleWorkOrderError:  # somebody works on that order: theirs stays, ours is added to it
                log.info("merge.again", number=number)
        return await self._merged(number, wanted)

    async def split(
        self,
        number: WorkOrderNumber,
        text: str,
        *,
        category: str | None,
        reason: str,
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Let ``text``, a part of order ``number``, go on as an order of its own, and return that (拆单).

        Both are committed together. All citizens of the first are owed the reply to the second, too; it waits for a
        person's dispatch, with what the rules propose. Raises ``IllegalTransitionError``, ``StaleWorkOrderError``.
        """
        before = await self._store.get(number)
        if expected is not None and before.revision != expected:
            raise StaleWorkOrderError(number)
        appeal = replace(
            before.appeal, text=text, summary="", category=category, category_confidence=0.0, understood_by="", facts=()
        )  # fmt: skip
        routing = self._route(appeal, at)

        def made(own: WorkOrderNumber) -> tuple[Change, Change]:
            part = _begun(own, appeal, before.conversation, routing=routing, at=at, by=by)
            part = replace(part, linked_to=number).after(QueueForDispatch(Note.SPLIT), by=by, at=at)
            for joined in before.deeds(Join):
                part = part.after(replace(joined, text=text), by=by, at=at)
            rest = before.after(Split(own, text, reason), by=by, at=at)
            return self._casework.change(part), self._casework.change(rest, before=before)

        return (await self._store.add(self._day(at), made, at=at))[0].order

    async def add_facts(
        self, number: WorkOrderNumber, text: str, *, at: datetime, wants_secrecy: bool = False
    ) -> WorkOrder:
        """Add what a citizen says to their order ``number``, committed; the same words are added once.

        ``wants_secrecy``: its units see nothing of who they are from now on.
        """
        return await self._citizen_does(number, AddFacts(text, wants_secrecy=wants_secrecy), at)

    async def urge(self, number: WorkOrderNumber, text: str, *, at: datetime) -> WorkOrder:
        """Note that a citizen urges their order ``number`` (催办), committed; not again within the city's ``urge_again``."""
        return await self._citizen_does(number, Urge(text), at)

    async def _citizen_does(self, number: WorkOrderNumber, deed: AddFacts | Urge, at: datetime) -> WorkOrder:
        for _ in range(_TRIES - 1):
            try:
                return await self._added(number, deed, at)
            except StaleWorkOrderError:  # somebody works on that order: theirs stays, ours is added to it
                log.info("facts.again", number=number)
        return await self._added(number, deed, at)

    async def _added(self, number: WorkOrderNumber, facts: AddFacts | Urge, at: datetime) -> WorkOrder:
        before = await self._store.get(number)
        if self._was_done(before, facts, at):
            return before
        added = before.after(facts, by=CITIZEN, at=max(at, before.history[-1].at))
        await self._store.commit(self._casework.change(added, before=before), at=at)
        return added

    def _was_done(self, order: WorkOrder, deed: AddFacts | Urge, at: datetime) -> bool:
        """Tell whether the same words were added, or the order was urged a short while ago."""
        if isinstance(deed, Urge):
            urged = order.when(Step.URGE)
            return urged is not None and at - urged < self._urge_again
        return any(entry.deed == deed for entry in order.history)

    async def _merged(self, number: WorkOrderNumber, wanted: _Wanted) -> WorkOrder:
        before, by, at = await self._store.get(number), wanted.by, wanted.at

        def both(own: WorkOrderNumber) -> tuple[Change, Change]:
            record = wanted.made(own)
            new = replace(self._casework.change(record), request=wanted.request)
            return new, self._casework.change(self._joined(before, record, at), before=before)

        try:
            return (await self._store.add(self._day(at), both, at=at))[1].order
        except RegisteredBeforeError as error:
            begun = await self._store.get(error.number)
        if begun.merged_into == number:
            return await self._store.get(number)
        if _is_to_complete(begun, by):
            record = wanted.instead(begun)
            joined = self._joined(before, record, at)
            await self._store.commit(
                self._casework.change(record, before=begun),
                self._casework.change(joined, before=before),
                at=at,
            )
            return joined
        if _is_theirs(begun, by):
            raise StaleWorkOrderError(begun.number)
        return await self._merged(number, wanted.beside(begun))

    def _joined(self, order: WorkOrder, record: WorkOrder, at: datetime) -> WorkOrder:
        """Return ``order`` with the citizen and the words of ``record``; in their own order a wish for secrecy counts for all of it."""
        self._casework.check_merge(record, order)
        appeal, at = record.appeal, max(at, order.history[-1].at)
        join = Join(record.number, appeal.text, appeal.phone, appeal.citizen_name, appeal.secrecy)
        joined = order.after(join, by=CITIZEN, at=at)
        if not appeal.text.strip():
            return joined
        is_own = appeal.phone is not None and appeal.phone == order.appeal.phone
        wants_secrecy = is_own and appeal.secrecy is Secrecy.CONFIDENTIAL
        return joined.after(AddFacts(appeal.text, wants_secrecy=wants_secrecy), by=CITIZEN, at=at)

    async def _registered(self, wanted: _Wanted) -> WorkOrder:
        """Return the order that is made, committed, or the one that was made of the same request before.

        What waits of it is carried on when an agent asks. What others have dealt with meanwhile stays, and what the agent
        says is kept beside it.
        """

        def new(number: WorkOrderNumber) -> tuple[Change]:
            return (replace(self._casework.change(wanted.made(number)), request=wanted.request),)

        try:
            return (await self._store.add(self._day(wanted.at), new, at=wanted.at))[0].order
        except RegisteredBeforeError as error:
            begun = await self._store.get(error.number)
        if _is_to_complete(begun, wanted.by):
            carried_on = wanted.instead(begun)
            await self._store.commit(self._casework.change(carried_on, before=begun), at=wanted.at)
            return carried_on
        return begun if _is_theirs(begun, wanted.by) else await self._registered(wanted.beside(begun))

    def _day(self, at: datetime) -> date:
        """Return the day whose number an order gets."""
        return at.astimezone(self._city.timezone).date()

    def _route(self, appeal: Appeal, at: datetime) -> RoutingDecision | None:
        try:
            return self._router.route(appeal, at=at)
        except Exception as error:  # noqa: BLE001 -- a broken rule must not lose what a citizen said
            log.error("routing.failed", error=type(error).__name__, category=appeal.category)
            return None

    def _first_deed(self, order: WorkOrder, diversion: Diversion | None) -> Deed:
        """Return the step that follows registration, and its reason: the rule's own words or a ``Note``."""
        appeal, routing = order.appeal, order.routing
        if appeal.emergency is not None:
            handed = Diversion(DiversionOutcome.EMERGENCY_LINE, Note.EMERGENCY, appeal.emergency.value)
            return Divert(diversion if diversion and diversion.outcome in MACHINE_DIVERTS else handed)
        if diversion is not None:
            return QueueForDispatch(Note.DIVERSION_PROPOSED, diversion)
        if order.article is not None:
            return Answer(order.article)
        if not appeal.is_confirmed:
            return AskSupplement(Note.NOT_CONFIRMED)
        if self._needs_place(appeal) and not (appeal.place and appeal.place.is_located):
            return AskSupplement(Note.PLACE_MISSING)
        if routing is None or routing.is_manual or routing.lead_unit is None:
            return QueueForDispatch(routing.because if routing is not None else Note.ROUTER_FAILED)
        if self._casework.conflict(order, (routing.lead_unit, *routing.supporting_units)) is not None:
            return QueueForDispatch(Note.CONFLICT)
        return Dispatch(routing)

    def _needs_place(self, appeal: Appeal) -> bool:
        """Help, complaints and tip-offs without a place are not dispatched before it is known (待补充)."""
        category = nearest(appeal.category, self._city.categories)
        return appeal.kind in (AppealKind.HELP, AppealKind.COMPLAINT, AppealKind.TIP_OFF) and (
            category is None or category.needs_place
        )


def _with(
    order: WorkOrder, appeal: Appeal, by: Actor, at: datetime, *, fields: tuple[str, ...] = ()
) -> WorkOrder:
    """Return an order that waits, with what an agent has made of its appeal."""
    return order.after(Complete(appeal, fields), by=by, at=max(at, order.history[-1].at))


def _supplemented(order: WorkOrder, by: Actor) -> WorkOrder:
    """Return an order that lacks nothing any more: what was asked of the citizen is in its appeal."""
    if order.status is not Status.NEEDS_SUPPLEMENT:
        return order
    return order.after(Supplement(order.appeal.text), by=by, at=order.history[-1].at)


def _is_to_complete(order: WorkOrder, by: Actor) -> bool:
    """Whether an agent is to carry on what was recorded before; the machine never changes it."""
    return by.role is not Role.MACHINE and after_step(order.status, Step.COMPLETE) is not None


def _is_theirs(order: WorkOrder, by: Actor) -> bool:
    """Whether an order stands for what is asked again: it has been in the same hands, or the machine asks."""
    return by.role is Role.MACHINE or any(entry.by == by for entry in order.history)


def _begun(
    number: WorkOrderNumber,
    appeal: Appeal,
    conversation: str,
    *,
    article: str | None = None,
    routing: RoutingDecision | None = None,
    at: datetime,
    by: Actor = MACHINE,
) -> WorkOrder:
    """Return an order as it is registered, before anything else is done."""
    return WorkOrder(
        number=number,
        appeal=appeal,
        status=Status.REGISTERED,
        registered_at=at,
        conversation=conversation,
        routing=routing,
        history=(HistoryEntry(at=at, before=None, after=Status.REGISTERED, by=by),),
        article=article,
    )


def _deed_of_contact(outcome: ContactOutcome, article: AnsweredWith | None, appeal: Appeal) -> Deed:
    """Return what becomes of a contact without an order; what a person must judge waits for a person."""
    match outcome:
        case ContactOutcome.ANSWERED:
            if article is None:
                return Answer(text=Note.ANSWERED)
            return Answer(article.article, article.version, score=article.score)
        case ContactOutcome.EMERGENCY:
            line = appeal.emergency.value if appeal.emergency else Note.EMERGENCY
            return Divert(Diversion(DiversionOutcome.EMERGENCY_LINE, Note.EMERGENCY, line))
        case ContactOutcome.TO_AGENT:  # the agent who talks with the citizen completes it
            return QueueForDispatch(Note.TO_AGENT)
        case ContactOutcome.SECRET:  # a person takes it to the channel for secrets; here is only that it came
            return QueueForDispatch(Note.SECRET, Diversion(DiversionOutcome.SECRET, Note.SECRET, Note.SECRET))
        case ContactOutcome.NUISANCE:
            return QueueForDispatch(Note.NUISANCE)
        case ContactOutcome.WITHDRAWN:
            return Withdraw(Note.WITHDRAWN)
        case ContactOutcome.ABANDONED:
            return Withdraw(Note.ABANDONED)
