"""Asking the engines (向引擎提问): each action that waits for an answer gets one as an event, within its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final, assert_never

import structlog

from hotline.dialogue.actions import (
    AddToOrder,
    CheckRepeat,
    FindUnit,
    LookUp,
    LookUpProgress,
    MergeIntoOrder,
    PlanCallback,
    RegisterAppeal,
    Understand,
)
from hotline.dialogue.events import (
    AppealRegistered,
    CallbackPlanned,
    EngineFailed,
    Event,
    FactsAdded,
    Merged,
    NoProgress,
    NoRepeat,
    PassagesFound,
    ProgressFound,
    RepeatFound,
    StoreDelayed,
    Understood,
    UnitFound,
)
from hotline.domain.appeal import AppealKind
from hotline.domain.callbacks import CallbackReason
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.repeats import PastOrder
from hotline.domain.work_order import Status, WorkOrder
from hotline.service.callbacks import WishedFor
from hotline.service.repeats import Told
from hotline.service.surroundings import Surroundings

log: Final = structlog.get_logger("conversation")

Question = (
    Understand
    | LookUp
    | RegisterAppeal
    | CheckRepeat
    | MergeIntoOrder
    | AddToOrder
    | PlanCallback
    | LookUpProgress
    | FindUnit
)
"""Actions that an engine answers."""
_TRIED_AGAIN: Final = RegisterAppeal | MergeIntoOrder | AddToOrder
"""What is committed once, however often it is asked for."""
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 4.0

_Waiting = tuple[Coroutine[Any, Any, Event], str, float]
OwnOrders = Callable[[], Awaitable[Sequence[PastOrder]]]
"""Gives the orders of a citizen that the channel knows, those that may be told them."""


class Asking:
    """Asks on behalf of one conversation. ``work_order`` is the last order that came of it."""

    def __init__(
        self,
        world: Surroundings,
        conversation: str,
        *,
        done_before: Sequence[WorkOrder] = (),
        request: Callable[[int], str] | None = None,
        own_orders: OwnOrders | None = None,
        delayed: Callable[[StoreDelayed], None] | None = None,
    ) -> None:
        """Take the engines, and whose conversation it is.

        ``done_before``: orders that were committed when the same was asked before, and the asker died before they knew.
        They are the answers to the same questions now. ``request`` names what is asked for in a turn: asked again, by
        another process too, an order is the one of the first time. ``own_orders`` gives the citizen's orders where the
        channel knows them. ``delayed`` is told, once, when the database is away and it is tried again; without it what
        is to be committed fails at once.
        """
        self._world = world
        self.conversation = conversation
        self._request: Callable[[int], str | None] = request or (lambda _: None)
        self._done_before = list(done_before)
        self._own_orders = own_orders
        self._delayed = delayed
        self.work_order: str | None = None

    async def ask(self, question: Question) -> Event:
        """Return the engine's answer, or that it failed: an engine's bug must not end the conversation."""
        _, engine, _ = waiting = self._put(question)
        try:
            if self._delayed is not None and isinstance(question, _TRIED_AGAIN):
                return await self._patiently(question, self._delayed, waiting)
            return await _in_time(waiting)
        except Exception as error:  # noqa: BLE001 -- whatever the engine raises, the citizen hears what to do next
            log.error("engine.failed", engine=engine, error=type(error).__name__)
            return EngineFailed(at=self._world.clock(), turn=question.turn, engine=engine)

    async def _patiently(
        self, question: Question, delayed: Callable[[StoreDelayed], None], waiting: _Waiting
    ) -> Event:
        """Return the answer, asking again while the database is away, as long as the citizen's patience may be asked for."""
        loop, pause, was_told = asyncio.get_running_loop(), _FIRST_PAUSE, False
        until = loop.time() + self._world.deadlines.store_back
        while True:
            try:
                return await _in_time(waiting)
            except (StoreUnavailableError, TimeoutError) as error:
                if loop.time() + pause >= until:
                    raise
                log.warning("store.waited_for", question=type(question).__name__, error=type(error).__name__)
            if not was_told:
                was_told = True
                delayed(StoreDelayed(self._world.clock(), question.turn))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            waiting = self._put(question)

    def _put(self, question: Question) -> _Waiting:
        """Return what gives the answer, the engine's name, and the seconds it has."""
        limits = self._world.deadlines
        match question:
            case Understand():
                return self._understand(question), "understander", limits.understand
            case LookUp():
                return self._look_up(question), "retriever", limits.look_up
            case CheckRepeat():
                return self._check_repeat(question), "repeats", limits.check_repeat
            case RegisterAppeal() | MergeIntoOrder() | AddToOrder() | PlanCallback():
                return *self._commit(question), limits.register
            case LookUpProgress():
                return self._look_up_progress(question), "progress", limits.look_up_progress
            case FindUnit():
                return self._find_unit(question), "router", limits.find_unit
            case _:
                assert_never(question)

    def _commit(
        self, question: RegisterAppeal | MergeIntoOrder | AddToOrder | PlanCallback
    ) -> tuple[Coroutine[Any, Any, Event], str]:
        """Return what commits something, and the name under which it may fail."""
        match question:
            case RegisterAppeal():
                return self._register(question), "store"
            case MergeIntoOrder():
                return self._merge(question), "merge"
            case AddToOrder():
                return self._add(question), "facts"
            case PlanCallback():
                return self._plan_callback(question), "callbacks"

    async def _understand(self, action: Understand) -> Event:
        # The whole distribution is for measuring; kept with every turn it would be most of a conversation's record.
        meaning = replace(await self._world.understander.understand(action.text), shares=())
        return Understood(at=self._world.clock(), turn=action.turn, understanding=meaning)

    async def _look_up(self, action: LookUp) -> Event:
        today = self._world.clock().date()
        found = await self._world.retriever.retrieve(
            action.question,
            on=today,
            category=action.category,
            county=action.county,
            is_heard=action.is_heard,
            others=action.others,
        )
        return PassagesFound(at=self._world.clock(), turn=action.turn, passages=tuple(found))

    def take_done(self, *, into: str | None = None) -> WorkOrder | None:
        """Return the next order that was committed before: a record merged into ``into``, or one of its own."""
        found = next((order for order in self._done_before if order.merged_into == into), None)
        if found is not None:
            self._done_before.remove(found)
        return found

    async def _register(self, action: RegisterAppeal) -> Event:
        order = self.take_done() or await self._world.registration.register(
            action.appeal,
            conversation=self.conversation,
            article=action.article,
            diversion=action.diversion,
            linked_to=action.linked_to,
            at=self._world.clock(),
            request=self._request(action.turn),
        )
        self.work_order = order.number
        log.info("work_order.registered", work_order=order.number, status=order.status.value)
        is_dispatched = order.status is Status.TO_SIGN and order.routing is not None
        unit = order.routing.lead_unit if is_dispatched and order.routing else None
        return AppealRegistered(
            at=self._world.clock(),
            turn=action.turn,
            number=order.number,
            lead_unit=self._world.unit_name(unit) if unit else None,
            due_at=order.due_at if is_dispatched else None,
        )

    async def _check_repeat(self, action: CheckRepeat) -> Event:
        orders, clock = self._world.orders, self._world.clock
        if orders is None:
            return NoRepeat(at=clock(), turn=action.turn)
        repeat = await orders.repeat_of(action.appeal, action.caller, at=clock())
        if repeat is None:
            return NoRepeat(at=clock(), turn=action.turn)
        # Somebody else may be calling from this telephone, and a tip-off goes into no order that its units know already.
        if repeat.order.is_secret or action.appeal.kind is AppealKind.TIP_OFF:
            return NoRepeat(at=clock(), turn=action.turn, linked_to=repeat.order.number)
        return RepeatFound(clock(), action.turn, repeat.order.news, has_new_facts=bool(repeat.new_facts))

    async def _merge(self, action: MergeIntoOrder) -> Event:
        if self.take_done(into=action.number) is not None:
            self.work_order = action.number
            return Merged(at=self._world.clock(), turn=action.turn, number=action.number)
        order = await self._world.registration.merge(
            action.number,
            action.appeal,
            conversation=self.conversation,
            told=action.told,
            at=self._world.clock(),
            request=self._request(action.turn),
        )
        self.work_order = order.number
        log.info("work_order.merged", work_order=order.number)
        return Merged(at=self._world.clock(), turn=action.turn, number=order.number)

    async def _add(self, action: AddToOrder) -> Event:
        registration, at = self._world.registration, self._world.clock()
        if action.urges:
            order = await registration.urge(action.number, action.text, at=at)
        else:
            order = await registration.add_facts(
                action.number, action.text, at=at, wants_secrecy=action.wants_secrecy
            )
        return FactsAdded(at=self._world.clock(), turn=action.turn, number=order.number)

    async def _plan_callback(self, action: PlanCallback) -> Event:
        if self._world.callbacks is None:
            raise EngineUnavailableError("callbacks", "没有回电任务的存储")
        wish = WishedFor(
            action.phone, CallbackReason.NO_AGENT, action.words, self.conversation, window=action.window
        )
        task = await self._world.callbacks.plan(wish, self._world.clock())
        return CallbackPlanned(self._world.clock(), action.turn, task.window)

    async def _find_unit(self, action: FindUnit) -> Event:
        guidance = self._world.guidance
        if guidance is None:
            raise EngineUnavailableError("router", "not set up")
        guess = await guidance.read(action.text, at=self._world.clock())
        unit = self._world.unit_name(guess.unit) if guess.unit is not None else None
        return UnitFound(self._world.clock(), action.turn, guess.meaning, unit, guess.because)

    async def _look_up_progress(self, action: LookUpProgress) -> Event:
        orders, clock = self._world.orders, self._world.clock
        if orders is None:
            raise EngineUnavailableError("progress", "not set up")
        if action.number is None:
            found = await orders.by_phone(action.caller) if action.caller is not None else ()
            if not found and self._own_orders is not None:
                found = await self._own_orders()
            if not found:
                return NoProgress(clock(), action.turn)
            return ProgressFound(clock(), action.turn, tuple(order.news for order in found))
        told, order = await orders.by_number(action.number, caller=action.caller, proof=action.proof)
        if order is None:
            return NoProgress(
                clock(),
                action.turn,
                needs_proof=told is Told.PROOF_NEEDED,
                was_refused=told is Told.REFUSED,
            )
        return ProgressFound(clock(), action.turn, (order.news,))


async def _in_time(waiting: _Waiting) -> Event:
    answering, _, seconds = waiting
    async with asyncio.timeout(seconds):
        return await answering
