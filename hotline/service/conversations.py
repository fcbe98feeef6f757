"""Holding conversations: between one citizen's channel, the session that decides, and the engines that answer.

``Conversations.hold`` is the only place where a session meets the world. It waits with a deadline for every engine,
turns failures into events, and writes the journal. When it returns, nothing of the conversation is left running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol, assert_never

import structlog

from hotline.dialogue.actions import (
    Action,
    CheckRepeat,
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    LookUp,
    LookUpProgress,
    MergeIntoOrder,
    Outcome,
    PlanCallback,
    RegisterAppeal,
    Say,
    SendText,
    StayHere,
    StopSaying,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    AppealRegistered,
    CallbackPlanned,
    EngineFailed,
    Event,
    HungUp,
    Merged,
    NoProgress,
    NoRepeat,
    PartlySaid,
    PassagesFound,
    ProgressFound,
    RepeatFound,
    Started,
    Understood,
)
from hotline.dialogue.session import Session
from hotline.domain.appeal import Appeal, ContactChannel, PhoneNumber
from hotline.domain.callbacks import CallbackReason
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.diversion import Diversion
from hotline.domain.errors import EngineUnavailableError, HotlineError
from hotline.domain.repeats import PastOrder, Repeat
from hotline.domain.work_order import Status, WorkOrder
from hotline.service.callbacks import Callbacks, WishedFor
from hotline.service.channel import Channel
from hotline.service.contact_records import Contact, ContactRecords, RecordingContacts
from hotline.service.journal import ConversationLog, Journal
from hotline.service.repeats import Told
from knowledge_base.retriever import Retriever
from nlu.understander import Understander

log: Final = structlog.get_logger("conversation")


class Registering(RecordingContacts, Protocol):
    """Makes work orders of appeals (``hotline.service.registration``). Raises ``StoreUnavailableError``."""

    async def register(
        self,
        appeal: Appeal,
        *,
        conversation: str,
        article: str | None,
        diversion: Diversion | None,
        linked_to: str | None,
        at: datetime,
    ) -> WorkOrder:
        """Return the committed work order."""

    async def merge(
        self, number: str, appeal: Appeal, *, conversation: str, told: str, at: datetime
    ) -> WorkOrder:
        """Return the order ``number`` after the citizen was merged into it, committed."""


class KnowingOrders(Protocol):
    """Knows a citizen's earlier orders (``hotline.service.repeats.CitizensOrders``)."""

    async def repeat_of(self, appeal: Appeal, caller: PhoneNumber, *, at: datetime) -> Repeat | None:
        """Return the earlier order of the calling number on the same matter, or None."""

    async def by_phone(self, caller: PhoneNumber) -> Sequence[PastOrder]:
        """Return the caller's orders that may be told."""

    async def by_number(
        self, number: str, *, caller: PhoneNumber | None, proof: str | None
    ) -> tuple[Told, PastOrder | None]:
        """Return whether the order may be told, and the order when it may."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds after which an engine counts as failed for this turn."""

    understand: float = 2.0
    look_up: float = 2.0
    register: float = 5.0
    check_repeat: float = 1.5
    look_up_progress: float = 3.0
    drain: float = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that a conversation needs of the world; the engines are seen only as contracts.

    ``unit_name`` turns a unit's code into what is spoken; ``clock`` gives the present time in the city's time zone.
    Without ``orders`` nobody is offered a merge, and a person tells of progress.
    """

    new_session: Callable[[ContactChannel], Session]
    understander: Understander
    retriever: Retriever
    registration: Registering
    log_book: ConversationLog
    unit_name: Callable[[str], str]
    clock: Callable[[], datetime]
    deadlines: Deadlines = Deadlines()
    orders: KnowingOrders | None = None
    slow_callers: RememberingPace | None = None
    callbacks: Callbacks | None = None


class RememberingPace(Protocol):
    """Knows who is to be spoken to slowly (适老模式). Neither raises nor waits long."""

    async def includes(self, phone: PhoneNumber) -> bool:
        """Tell whether the caller needed it lately."""

    async def add(self, phone: PhoneNumber) -> None:
        """Remember the caller."""


class Conversations:
    """Holds any number of conversations at once."""

    def __init__(self, world: Surroundings) -> None:
        """Take the engines and the clock."""
        self._world = world
        self.contacts = ContactRecords(world.registration, seconds=world.deadlines.register)

    async def hold(self, channel: Channel, *, call_id: str = "") -> Outcome:
        """Hold one conversation from ``Started`` to its end and return how it ended."""
        started = await channel.receive()
        if not isinstance(started, Started):
            await channel.close()
            return Outcome.FAILED
        known = self._world.slow_callers if started.phone is not None else None
        if known is not None and started.phone is not None and await known.includes(started.phone):
            started = replace(started, prefers_slow=True)
        held = _Held(self._world, channel, started)
        with structlog.contextvars.bound_contextvars(conversation=started.conversation):
            await held.journal.begin(started, call_id)
            try:
                await held.run(started)
            finally:
                await channel.close()
                if held.work_order is None:
                    held.work_order = await self._recorded(held.session, started.conversation)
                await self._call_back_if_abandoned(held, started)
                await held.journal.finish(held.end)
                if known is not None and started.phone is not None and held.session.is_slow:
                    await known.add(started.phone)
            log.info("conversation.ended", outcome=held.session.outcome.value, work_order=held.work_order)
        return held.session.outcome

    async def _call_back_if_abandoned(self, held: _Held, started: Started) -> None:
        """Have somebody called back who hung up while they waited for a person; the contact's record stays if it fails."""
        if self._world.callbacks is None or started.phone is None or not held.session.was_abandoned:
            return
        wish = WishedFor(
            started.phone,
            CallbackReason.ABANDONED,
            held.session.so_far.text,
            started.conversation,
            order_number=held.work_order,
        )
        try:
            async with asyncio.timeout(self._world.deadlines.register):
                await self._world.callbacks.plan(wish, self._world.clock())
        except (HotlineError, TimeoutError) as error:
            log.error("callback.not_planned", error=type(error).__name__)

    async def _recorded(self, session: Session, conversation: str) -> str | None:
        """Have a conversation recorded that left no order: no contact is without a record (全量受理)."""
        contact = Contact(
            conversation=conversation,
            appeal=session.so_far,
            outcome=session.contact_outcome,
            article=session.article.id if session.article else None,
            at=self._world.clock(),
        )
        return await self.contacts.keep(contact)


class _Held:
    """One conversation while it lasts."""

    def __init__(self, world: Surroundings, channel: Channel, started: Started) -> None:
        self._world = world
        self._channel = channel
        self._conversation = started.conversation
        self.session = world.new_session(started.channel)
        self.journal = Journal(
            world.log_book, started.conversation, clock=world.clock, deadline=world.deadlines.register
        )
        self.work_order: str | None = None
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._is_ended = False

    @property
    def end(self) -> ConversationEnd:
        session = self.session
        return ConversationEnd(
            at=self._world.clock(),
            outcome=session.outcome.value,
            article=session.article.id if session.article else None,
            work_order=self.work_order,
            rating=session.rating.value if session.rating else None,
        )

    async def run(self, started: Started) -> None:
        """Feed events to the session until it has ended and the channel is done."""
        async with asyncio.TaskGroup() as self._tasks:
            self._inbox.put_nowait(started)
            listener = self._tasks.create_task(self._listen(), name="listen")
            drained: asyncio.Timeout | None = None
            try:
                async with asyncio.timeout(None) as drained:
                    while True:
                        event = await self._inbox.get()
                        actions = self.session.handle(event)
                        if self.session.is_secret:
                            self.journal.conceal()
                        if actions or not isinstance(
                            event, PartlySaid
                        ):  # half a sentence comes again as a whole
                            self.journal.add(event)
                        for action in actions:
                            self.journal.add(action)
                            await self._do(action)
                        if isinstance(event, HungUp):
                            break
                        if self._is_ended and drained.when() is None:
                            loop = asyncio.get_running_loop()
                            drained.reschedule(loop.time() + self._world.deadlines.drain)
            except TimeoutError:
                log.warning("channel.not_drained")
            listener.cancel()
        while not self._inbox.empty():  # a registration that was still under way when the citizen hung up
            self.journal.add(self._inbox.get_nowait())

    async def _listen(self) -> None:
        while True:
            event = await self._channel.receive()
            self._inbox.put_nowait(event)
            if isinstance(event, HungUp):
                return

    async def _do(self, action: Action) -> None:
        match action:
            case Understand():
                self._ask_engine(
                    self._understand(action), action.turn, "understander", self._world.deadlines.understand
                )
            case LookUp():
                self._ask_engine(
                    self._look_up(action), action.turn, "retriever", self._world.deadlines.look_up
                )
            case RegisterAppeal():
                self._ask_engine(self._register(action), action.turn, "store", self._world.deadlines.register)
            case CheckRepeat():
                seconds = self._world.deadlines.check_repeat
                self._ask_engine(self._check_repeat(action), action.turn, "repeats", seconds)
            case MergeIntoOrder():
                self._ask_engine(self._merge(action), action.turn, "merge", self._world.deadlines.register)
            case PlanCallback():
                seconds = self._world.deadlines.register
                self._ask_engine(self._plan_callback(action), action.turn, "callbacks", seconds)
            case LookUpProgress():
                seconds = self._world.deadlines.look_up_progress
                self._ask_engine(self._look_up_progress(action), action.turn, "progress", seconds)
            case End():
                self._is_ended = True
                await self._channel.perform(action)
            case (
                Say()
                | StopSaying()
                | SendText()
                | Listen()
                | CollectKeys()
                | TransferToAgent()
                | GiveWayToEmergency()
                | StayHere()
            ):
                await self._channel.perform(action)
            case _:
                assert_never(action)

    def _ask_engine(self, asking: Coroutine[Any, Any, Event], turn: int, engine: str, seconds: float) -> None:
        self._tasks.create_task(self._answer(asking, turn, engine, seconds), name=engine)

    async def _answer(
        self, asking: Coroutine[Any, Any, Event], turn: int, engine: str, seconds: float
    ) -> None:
        """Put the engine's answer into the inbox, or that it failed; an engine's bug must not end the call."""
        try:
            async with asyncio.timeout(seconds):
                event = await asking
        except Exception as error:  # noqa: BLE001 -- whatever the engine raises, the citizen hears what to do next
            log.error("engine.failed", engine=engine, error=type(error).__name__)
            event = EngineFailed(at=self._world.clock(), turn=turn, engine=engine)
        self._inbox.put_nowait(event)

    async def _understand(self, action: Understand) -> Event:
        meaning = await self._world.understander.understand(action.text)
        return Understood(at=self._world.clock(), turn=action.turn, understanding=meaning)

    async def _look_up(self, action: LookUp) -> Event:
        today = self._world.clock().date()
        found = await self._world.retriever.retrieve(action.question, on=today, category=action.category)
        return PassagesFound(at=self._world.clock(), turn=action.turn, passages=tuple(found))

    async def _register(self, action: RegisterAppeal) -> Event:
        order = await self._world.registration.register(
            action.appeal,
            conversation=self._conversation,
            article=action.article,
            diversion=action.diversion,
            linked_to=action.linked_to,
            at=self._world.clock(),
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
        if repeat.order.is_secret:  # somebody else may be calling from this telephone
            return NoRepeat(at=clock(), turn=action.turn, linked_to=repeat.order.number)
        return RepeatFound(clock(), action.turn, repeat.order.news, has_new_facts=bool(repeat.new_facts))

    async def _merge(self, action: MergeIntoOrder) -> Event:
        order = await self._world.registration.merge(
            action.number,
            action.appeal,
            conversation=self._conversation,
            told=action.told,
            at=self._world.clock(),
        )
        self.work_order = order.number
        log.info("work_order.merged", work_order=order.number)
        return Merged(at=self._world.clock(), turn=action.turn, number=order.number)

    async def _plan_callback(self, action: PlanCallback) -> Event:
        if self._world.callbacks is None:
            raise EngineUnavailableError("callbacks", "没有回电任务的存储")
        wish = WishedFor(
            action.phone, CallbackReason.NO_AGENT, action.words, self._conversation, window=action.window
        )
        task = await self._world.callbacks.plan(wish, self._world.clock())
        return CallbackPlanned(self._world.clock(), action.turn, task.window)

    async def _look_up_progress(self, action: LookUpProgress) -> Event:
        orders, clock = self._world.orders, self._world.clock
        if orders is None:
            raise EngineUnavailableError("progress", "not set up")
        if action.number is None:
            found = await orders.by_phone(action.caller) if action.caller is not None else ()
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
