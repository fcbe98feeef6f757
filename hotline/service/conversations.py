"""Holding conversations: between one citizen's channel, the session that decides, and the engines that answer.

``Conversations.hold`` is the only place where a session meets the world. It waits with a deadline for every engine,
turns failures into events, and writes the journal. When it returns, nothing of the conversation is left running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, assert_never

import structlog

from hotline.dialogue.actions import (
    Action,
    AddToOrder,
    CheckRepeat,
    CollectKeys,
    End,
    FindUnit,
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
    CalledBack,
    Event,
    HungUp,
    Merged,
    PartlySaid,
    Started,
)
from hotline.dialogue.lookups import LookupTrail
from hotline.dialogue.resuming import resume
from hotline.domain.callbacks import CallbackReason
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.errors import HotlineError
from hotline.domain.nuisance import Suspicion
from hotline.service.asking import Asking, Question
from hotline.service.callbacks import WishedFor
from hotline.service.channel import YieldingChannel
from hotline.service.contact_records import Contact, ContactRecords
from hotline.service.journal import Journal
from hotline.service.keeping import ConversationTakenError, Entry, Keeping, Yielded
from hotline.service.nuisances import FlaggedCall
from hotline.service.surroundings import (
    Deadlines,
    KnowingOrders,
    Registering,
    RememberingPace,
    Surroundings,
)

__all__ = ["Conversations", "Deadlines", "KnowingOrders", "Registering", "RememberingPace", "Surroundings"]

log: Final = structlog.get_logger("conversation")


class Conversations:
    """Holds any number of conversations at once."""

    def __init__(self, world: Surroundings) -> None:
        """Take the engines and the clock."""
        self._world = world
        self.contacts = ContactRecords(world.registration, seconds=world.deadlines.register)

    async def hold(
        self,
        channel: YieldingChannel,
        *,
        call_id: str = "",
        callback: CalledBack | None = None,
        keeper: Keeping | None = None,
        past: Sequence[Entry] = (),
    ) -> Outcome:
        """Hold one conversation from ``Started`` to its end and return how it ended.

        ``callback``: the hotline called, for that task; the conversation belongs to the record of the task's own.
        With ``past`` it goes on where that ends. Raises ``ConversationTakenError`` when another process goes on with
        it: then nothing of it is ended or recorded here.
        """
        started = past[0] if past else await channel.receive()
        if not isinstance(started, Started):
            await channel.close()
            return Outcome.FAILED
        if callback is not None:
            started = replace(started, callback=callback, phone=callback.phone)
        known = self._world.slow_callers if started.phone is not None else None
        if known is not None and started.phone is not None and await known.includes(started.phone):
            started = replace(started, prefers_slow=True)
        held = _Held(self._world, channel, started, keeper)
        held.asking.work_order = callback.order if callback is not None else None
        with structlog.contextvars.bound_contextvars(conversation=started.conversation):
            await held.journal.begin(started, call_id)
            try:
                await held.run(started, past)
            finally:
                await channel.close()
                if held.is_taken:
                    await held.journal.leave()
                else:
                    await self._end(held, started)
            if held.is_taken:
                raise ConversationTakenError(started.conversation)
            if known is not None and started.phone is not None and held.session.is_slow:
                await known.add(started.phone)
            log.info(
                "conversation.ended", outcome=held.session.outcome.value, work_order=held.asking.work_order
            )
        return held.session.outcome

    async def _end(self, held: _Held, started: Started) -> None:
        if held.asking.work_order is None:
            held.asking.work_order = await self._recorded(held, started.conversation)
        await self._call_back_if_abandoned(held, started)
        await self._flag_if_warned(held, started)
        await held.journal.finish(held.end)
        await self._keep_lookups(held, started.conversation)

    async def _flag_if_warned(self, held: _Held, started: Started) -> None:
        """Show a person a call in which somebody was warned; nobody is refused for it, now or later."""
        words = held.session.nuisance_words
        if self._world.nuisances is None or not words:
            return
        call = FlaggedCall(started.conversation, started.phone, Suspicion.ABUSIVE, words)
        try:
            async with asyncio.timeout(self._world.deadlines.register):
                await self._world.nuisances.flag(call, self._world.clock())
        except (HotlineError, TimeoutError) as error:
            log.error("nuisance.not_flagged", error=type(error).__name__)

    async def _call_back_if_abandoned(self, held: _Held, started: Started) -> None:
        """Have somebody called back who hung up while they waited for a person; the contact's record stays if it fails."""
        if self._world.callbacks is None or started.phone is None or not held.session.was_abandoned:
            return
        wish = WishedFor(
            started.phone,
            CallbackReason.ABANDONED,
            held.session.so_far.text,
            started.conversation,
            order_number=held.asking.work_order,
        )
        try:
            async with asyncio.timeout(self._world.deadlines.register):
                await self._world.callbacks.plan(wish, self._world.clock())
        except (HotlineError, TimeoutError) as error:
            log.error("callback.not_planned", error=type(error).__name__)

    async def _keep_lookups(self, held: _Held, conversation: str) -> None:
        """Keep what was asked of the knowledge base and whether it helped; nothing of a talk that must leave no words."""
        book, found = self._world.lookups, held.trail.lookups
        if book is None or not found or held.session.is_secret:
            return
        try:
            async with asyncio.timeout(self._world.deadlines.register):
                await book.keep(conversation, found)
        except (HotlineError, TimeoutError) as error:
            log.error("lookups.not_kept", error=type(error).__name__)

    async def _recorded(self, held: _Held, conversation: str) -> str | None:
        """Have a conversation recorded that left no order: no contact is without a record (全量受理)."""
        session = held.session
        contact = Contact(
            conversation=conversation,
            appeal=session.so_far,
            outcome=session.contact_outcome,
            article=held.trail.answered_with if session.article else None,
            at=self._world.clock(),
        )
        return await self.contacts.keep(contact)


class _Held:
    """One conversation while it lasts."""

    def __init__(
        self, world: Surroundings, channel: YieldingChannel, started: Started, keeper: Keeping | None
    ) -> None:
        self._world = world
        self._channel = channel
        self._keeper = keeper
        self._beginnings = 1
        self._inbox: asyncio.Queue[Event | Yielded] = asyncio.Queue()
        self.asking = Asking(
            world,
            started.conversation,
            request=self._request if keeper is not None else None,
            delayed=self._inbox.put_nowait if keeper is not None else None,
        )
        self.session = world.new_session(started.channel)
        self.trail = LookupTrail()
        self.journal = Journal(
            world.log_book, started.conversation, clock=world.clock, deadline=world.deadlines.register
        )
        self.is_taken = False
        self._is_ended = False
        self._asked: set[asyncio.Task[None]] = set()

    @property
    def end(self) -> ConversationEnd:
        session = self.session
        return ConversationEnd(
            at=self._world.clock(),
            outcome=session.outcome.value,
            article=session.article.id if session.article else None,
            work_order=self.asking.work_order,
            rating=session.rating.value if session.rating else None,
        )

    async def run(self, started: Started, past: Sequence[Entry] = ()) -> None:
        """Feed events to the session until it has ended and the channel is done."""
        async with asyncio.TaskGroup() as self._tasks:
            if past:
                await self._go_on(past)
            else:
                self._inbox.put_nowait(started)
            listener = self._tasks.create_task(self._listen(), name="listen")
            drained: asyncio.Timeout | None = None
            try:
                async with asyncio.timeout(None) as drained:
                    while not await self._took(await self._inbox.get()):
                        if self._is_ended and drained.when() is None:
                            loop = asyncio.get_running_loop()
                            drained.reschedule(loop.time() + self._world.deadlines.drain)
            except TimeoutError:
                log.warning("channel.not_drained")
            except ConversationTakenError:
                self.is_taken = True
            listener.cancel()
            if self.is_taken:
                for task in self._asked:
                    task.cancel()
        with suppress(ConversationTakenError):
            while not self.is_taken and not self._inbox.empty():
                # A registration was still under way when the citizen hung up.
                await self._keep(self._inbox.get_nowait(), ())

    async def _took(self, event: Event | Yielded) -> bool:
        """Take one event and do what comes of it; tell whether it was the last."""
        if isinstance(event, Yielded):
            self.is_taken = True
            return True
        actions = self.session.handle(event)
        if self.session.is_secret:
            self.journal.conceal()
        if actions or not isinstance(event, PartlySaid):  # half a sentence comes again as a whole
            await self._keep(event, actions)
        for action in actions:
            await self._do(action)
        return isinstance(event, HungUp)

    async def _keep(self, event: Event | Yielded, actions: Sequence[Action]) -> None:
        if isinstance(event, Yielded):
            return
        if self._keeper is not None:
            if self.session.is_secret:
                await self._keeper.conceal()
            await self._keeper.keep(event, actions)
        self.journal.add(event)
        self.trail.saw(event)
        for action in actions:
            self.journal.add(action)
            self.trail.saw(action)

    async def _go_on(self, past: Sequence[Entry]) -> None:
        """Tell the session what happened before, and do what it waits for."""
        self.journal.restore(past)
        for entry in past:
            self.trail.saw(entry)
        starts = [index for index, entry in enumerate(past) if isinstance(entry, Started)]
        self._beginnings = len(starts)
        ordered = [entry.number for entry in past if isinstance(entry, AppealRegistered | Merged)]
        self.asking.work_order = ordered[-1] if ordered else None
        recent = past[starts[-1] :]
        resumption = resume(self.session, recent)
        if not resumption.is_same:
            await self._begin_anew(recent[0])
            return
        for action in resumption.outstanding:
            await self._do(action)
        if self.session.is_ended:
            self._inbox.put_nowait(HungUp(self._world.clock()))

    async def _begin_anew(self, started: Entry) -> None:
        """Begin anew where the past cannot be gone on with; what was said stays, and is kept for people."""
        log.warning("conversation.begun_anew")
        gone, at = self.session, self._world.clock()
        last = gone.handle(HungUp(at))
        await self._keep(HungUp(at), last)
        for action in last:
            if isinstance(action, RegisterAppeal):
                await self.asking.ask(action)
        self._beginnings += 1
        assert isinstance(started, Started)
        self.session = self._world.new_session(started.channel)
        self._inbox.put_nowait(replace(started, at=at))

    def _request(self, turn: int) -> str:
        """Name what is asked for in ``turn``: asked again, by another process too, it is the same."""
        return f"{self.asking.conversation}:{self._beginnings}:{turn}"

    async def _listen(self) -> None:
        while True:
            event = await self._channel.receive()
            self._inbox.put_nowait(event)
            if isinstance(event, HungUp):
                return

    async def _do(self, action: Action) -> None:
        match action:
            case (
                Understand()
                | LookUp()
                | RegisterAppeal()
                | CheckRepeat()
                | MergeIntoOrder()
                | AddToOrder()
                | PlanCallback()
                | LookUpProgress()
                | FindUnit()
            ):
                task = self._tasks.create_task(self._ask(action), name=type(action).__name__)
                self._asked.add(task)
                task.add_done_callback(self._asked.discard)
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

    async def _ask(self, question: Question) -> None:
        self._inbox.put_nowait(await self.asking.ask(question))
