"""What an agent's open page is told: presence, queue, the call, its talk as it is spoken, the form that fills itself, and chats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from desk.front import Front, LiveEvent
from desk.pages.agent.chatting import ChatPanel
from desk.pages.agent.helping import FormOnPage
from desk.pages.agent.showing import Shown, past_orders
from desk.seats import Seats, SeatView
from desk.views import masked
from hotline.domain.agents import Handover, HandoverState
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.errors import HotlineError
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn
from hotline.service.signals import desk_topic, form_topic, live_topic
from hotline.service.talk_lines import Line, line_of
from hotline.store.agent_forms import AgentForm, CallerNote

CONCEALED: Final = "Concealed"
PARTLY: Final = "Partly"
_WITH_AGENT: Final = (
    HandoverState.BRIEFING, HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED
)  # fmt: skip
_KEPT_SECONDS: Final = 0.5
"""So long after it was shown a row is in the record."""
Item = tuple[str, Any]


class AgentPage:
    """One open page of one agent: follows the desk, and whatever call or chat is theirs."""

    def __init__(self, front: Front, seats: Seats, seat: SignedIn) -> None:
        """Take who looks."""
        assert seat.account.number is not None
        assert front.parts.agents is not None
        self._front = front
        self._seats = seats
        self._seat = seat
        self._agent = seat.account.number
        self._tools = front.parts.agents
        self._inbox: asyncio.Queue[Item] = asyncio.Queue(512)
        self._tasks: set[asyncio.Task[None]] = set()
        self._follower: asyncio.Task[None] | None = None
        self._conversation: str | None = None
        self._call: Handover | None = None
        self._was_bridged = False
        self._view: SeatView | None = None
        self._queue_shown = ""
        self._is_chat = False
        self._form: FormOnPage | None = None
        self._lines: dict[int, Line] = {}
        self._last_row = 0
        self._is_rereading = False
        self._is_concealed = False
        chats = self._tools.chats
        self._chats = ChatPanel(front, chats, seat.account, self._inbox.put) if chats is not None else None

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Yield what changes on the page, for as long as it is open."""
        async with self._seats.watching(self._agent) as views:
            self._begin(self._pump(views))
            self._begin(self._listen())
            try:
                while True:
                    kind, item = await self._inbox.get()
                    async for event in self._took(kind, item):
                        yield event
            finally:
                if self._chats is not None:
                    self._chats.close()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what comes in -------------------------------------------------------------------------------------

    async def _pump(self, views: AsyncIterator[SeatView]) -> None:
        async for view in views:
            await self._inbox.put(("seat", view))

    async def _listen(self) -> None:
        async with self._front.parts.signals.of(desk_topic(self._agent)) as notices:
            async for _, told in notices:
                await self._inbox.put(
                    ("again", str(told["form"])) if "form" in told else ("show", str(told.get("chat", "")))
                )

    async def _follow(self, conversation: str, *, is_chat: bool) -> None:
        """Put into the inbox what was said so far, and what is said from now on; chats have their own way."""
        form, live = form_topic(conversation), live_topic(conversation)
        async with self._front.parts.signals.of(form, *([] if is_chat else [live])) as notices:
            if not is_chat:
                await self._inbox.put(("rows", await self._tools.rows(conversation)))
            async for topic, told in notices:
                await self._inbox.put(("form", None) if topic == form else ("row", told))

    async def _took(self, kind: str, item: Any) -> AsyncIterator[LiveEvent]:
        match kind:
            case "seat":
                follows = self._took_view(item)
            case "form":
                follows = self._took_word()
            case "show" | "chat":
                follows = self._took_chat(kind, item)
            case "again":
                follows = self._took_again(item)
            case _:
                for event in self._took_talk(kind, item):
                    yield event
                return
        async for event in follows:
            yield event

    def _took_talk(self, kind: str, item: Any) -> list[LiveEvent]:
        match kind, self._form:
            case "rows", _:
                return self._took_rows(item)
            case "row", _:
                return self._took_row(item)
            case "heard", FormOnPage() as form:
                form.ask_for_help()
                return [form.event()]
            case "help", FormOnPage() as form:
                return [form.took_help(item)]
            case "hints", FormOnPage() as form:
                return [LiveEvent("hints", item if form.row is not None else "")]
            case _:
                return []

    async def _took_view(self, view: SeatView) -> AsyncIterator[LiveEvent]:
        if self._view is None or view.agent != self._view.agent:
            yield self._event("presence", "agent/_presence.html", agent=view.agent)
        queue = self._seats.said_to_all(view, self._queue)
        if queue != self._queue_shown:
            self._queue_shown = queue
            yield LiveEvent("queue", queue)
        had_call, is_first = self._view is not None and self._view.call is not None, self._view is None
        self._view = view
        if self._chats is not None:
            for shown in await self._chats.take_view(view):
                yield shown
        call = view.call if view.call is not None and view.call.state in _WITH_AGENT else None
        if call is not None and call.conversation != self._conversation:
            follows = self._pop(call)
        elif call is None and self._call is not None:
            follows = self._call_over()
        elif call is None and (self._conversation is None or self._is_chat):
            # Asked of the database when it may have changed only: each change of the desk is shown to all agents.
            follows = self._without_call() if is_first or had_call else self._turn_to_chat()
        elif call != self._call and call is not None:
            self._call = call
            self._was_bridged = self._was_bridged or call.state is HandoverState.BRIDGED
            yield self._call_event()
            return
        else:
            return
        async for event in follows:
            yield event

    async def _pop(self, call: Handover) -> AsyncIterator[LiveEvent]:
        """Show a call that is new: what is known at once first, the rest as it is found (弹屏)."""
        await self._note_look(call.conversation, "briefing")
        self._turn_to(call.conversation, call)
        yield self._call_event()
        yield LiveEvent("pop", "")
        await self._open_form(call, ContactChannel.PHONE)
        yield await self._caller_event()

    async def _call_over(self) -> AsyncIterator[LiveEvent]:
        """The call has left this desk: what was talked about is wrapped up, what was not taken is gone."""
        assert self._conversation is not None
        self._call = None
        if self._was_bridged and self._form is not None and self._form.row is not None:
            yield self._call_event()
            return
        await self._tools.forms.close(self._conversation, self._agent)
        for event in self._cleared():
            yield event
        async for event in self._without_call():
            yield event

    async def _without_call(self) -> AsyncIterator[LiveEvent]:
        """Show what there is without a call: one that ended and was not wrapped up, else the chat that is shown."""
        form = await self._tools.forms.open_of(self._agent)
        if form is not None:
            self._turn_to(form.conversation, None)
            self._was_bridged = True
            self._form = self._new_form(form)
            yield self._call_event()
            yield await self._caller_event()
            return
        if self._conversation is None:
            for event in self._cleared():
                yield event
        async for event in self._turn_to_chat():
            yield event

    async def _took_word(self) -> AsyncIterator[LiveEvent]:
        """The agent has said something of the form, or wrapped up."""
        if self._form is None:
            return
        await self._form.reread()
        if self._form.row is None and self._call is None and not self._is_chat:
            for event in self._cleared():
                yield event
            async for event in self._without_call():
                yield event
            return
        yield self._form.event()
        if self._form.row is None:
            yield LiveEvent("hints", "")
        self._form.ask_for_help()

    async def _took_again(self, conversation: str) -> AsyncIterator[LiveEvent]:
        """Show the form of another matter of a talk, unless the agent is in another one by now: it waits then."""
        row = await self._tools.forms.get(conversation)
        if row is None or row.agent != self._agent or self._conversation not in (None, conversation):
            return
        if self._conversation is None:
            self._turn_to(conversation, None)
            self._was_bridged = True
            yield self._call_event()
        self._form = self._new_form(row)
        yield await self._caller_event()
        yield self._form.event()
        self._form.ask_for_help()

    async def _took_chat(self, kind: str, item: Any) -> AsyncIterator[LiveEvent]:
        if self._chats is None:
            return
        shown = self._chats.shown
        for event in await (self._chats.show(item) if kind == "show" else self._chats.took(item)):
            yield event
        async for event in self._turn_to_chat(is_new=self._chats.shown != shown):
            yield event

    async def _turn_to_chat(self, *, is_new: bool = True) -> AsyncIterator[LiveEvent]:
        """Let the form, the caller and the help be those of the chat that is shown, unless there is a call."""
        if self._chats is None or (self._conversation is not None and not self._is_chat):
            return
        chat = self._chats.shown
        if chat is None:
            if self._is_chat:
                await self._tools.forms.close(self._conversation or "", self._agent)
                for event in self._cleared():
                    yield event
            return
        if chat.conversation != self._conversation:
            if not is_new:
                return
            self._turn_to(chat.conversation, None, is_chat=True)
            await self._open_form(chat, ContactChannel.WEB_CHAT)
            yield await self._caller_event()
        if self._form is not None and (new := [one for one in self._chats.lines if self._is_new(one)]):
            self._form.hear(*new)
            yield self._form.event()

    async def _reread(self, conversation: str) -> None:
        """Read the journal anew: a row was not told, for Redis or this process was held up for a moment."""
        await asyncio.sleep(_KEPT_SECONDS)
        self._is_rereading = False
        with suppress(HotlineError):
            rows = await self._tools.rows(conversation)
            if conversation == self._conversation:
                await self._inbox.put(("rows", rows))

    def _took_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[LiveEvent]:
        if self._is_concealed:  # they were read before
            return []
        self._last_row = max((self._last_row, *(row["sequence"] for row in rows)))
        new = [line for row in rows if (line := line_of(row)) is not None and self._is_new(line)]
        if self._form is not None:
            self._form.hear(*new)
        return [self._talk_event(), *self._form_events()]

    def _took_row(self, row: Mapping[str, Any]) -> list[LiveEvent]:
        if row.get("name") == CONCEALED:
            self._lines.clear()
            self._is_concealed = True
            if self._form is not None:
                self._form.start_anew()
            return [self._talk_event(), *self._form_events()]
        if row.get("name") == PARTLY:
            return [
                self._event("partly", "agent/_partly.html", who=row["who"], text=self._masked(row["text"]))
            ]
        self._note_gap(row.get("sequence", 0))
        line = line_of(row)
        if line is None or self._is_concealed or not self._is_new(line):
            return []
        if self._form is not None:
            self._form.hear(line)
        return [self._event("line", "agent/_line.html", line=self._shown(line)), LiveEvent("partly", "")]

    def _note_gap(self, sequence: int) -> None:
        """See whether a row before this one was not told."""
        is_gap, self._last_row = sequence > self._last_row + 1, max(self._last_row, sequence)
        if is_gap and not self._is_rereading and self._conversation is not None:
            self._is_rereading = True
            self._begin(self._reread(self._conversation))

    def _is_new(self, line: Line) -> bool:
        """Keep a line; tell whether it was not known."""
        return self._lines.setdefault(line.sequence, line) is line

    # --- what goes out -------------------------------------------------------------------------------------

    def _turn_to(self, conversation: str | None, call: Handover | None, *, is_chat: bool = False) -> None:
        if self._follower is not None:
            self._follower.cancel()
            self._follower = None
        self._conversation, self._call, self._is_chat = conversation, call, is_chat
        self._was_bridged = call is not None and call.state is HandoverState.BRIDGED
        self._lines, self._is_concealed = {}, False
        self._last_row, self._is_rereading = 0, False
        if self._form is not None:
            self._form.close()
        self._form = None
        if conversation is not None:
            self._follower = self._started(self._follow(conversation, is_chat=is_chat))

    async def _open_form(self, handover: Handover, channel: ContactChannel) -> None:
        phone = handover.phone if handover.phone.isdigit() else ""
        form = AgentForm(
            handover.conversation, self._agent, phone, handover.reason, handover.briefing, channel=channel
        )
        self._form = self._new_form(await self._tools.forms.begin(form, self._front.parts.clock()))

    def _new_form(self, row: AgentForm) -> FormOnPage:
        form = FormOnPage(self._front, self._tools, row, self._inbox.put, self._begin)
        form.hear(*self._lines.values())
        return form

    def _cleared(self) -> list[LiveEvent]:
        self._turn_to(None, None)
        return [self._call_event(), LiveEvent("caller", ""), LiveEvent("form", ""), LiveEvent("help", ""),
                LiveEvent("hints", ""), self._talk_event()]  # fmt: skip

    def _queue(self, view: SeatView) -> str:
        return self._front.text("agent/_queue.html", view=view)

    def _call_event(self) -> LiveEvent:
        return self._event(
            "call", "agent/_call.html", call=self._call, phone=self._phone(), parties=self._tools.parties,
            conversation=None if self._is_chat else self._conversation,
        )  # fmt: skip

    async def _caller_event(self) -> LiveEvent:
        phone = self._caller()
        orders: Sequence[WorkOrder] = ()
        notes: Sequence[CallerNote] = ()
        if phone is not None:
            with suppress(HotlineError):
                orders = await self._tools.of_citizen(phone)
                notes = await self._tools.forms.notes(phone)
        return self._event(
            "caller", "agent/_caller.html", phone=self._phone(), orders=past_orders(self._front, orders), notes=notes,
            conversation=self._conversation,
        )  # fmt: skip

    def _talk_event(self) -> LiveEvent:
        lines = [self._shown(line) for _, line in sorted(self._lines.items())]
        return self._event("talk", "agent/_talk.html", lines=lines, is_concealed=self._is_concealed)

    def _form_events(self) -> list[LiveEvent]:
        return [self._form.event()] if self._form is not None else []

    def _event(self, name: str, template: str, **values: Any) -> LiveEvent:
        return LiveEvent(name, self._front.text(template, **values))

    def _shown(self, line: Line) -> Shown:
        return Shown(line.who, self._masked(line.text), line.at)

    def _masked(self, text: str) -> str:
        return masked(text, self._form.form.appeal) if self._form is not None else text

    def _caller(self) -> PhoneNumber | None:
        row = self._form.row if self._form is not None else None
        digits = row.phone if row is not None else self._call.phone if self._call else ""
        return PhoneNumber(digits) if digits.isdigit() else None

    def _phone(self) -> str:
        caller = self._caller()
        return str(caller) if caller is not None else ""

    async def _note_look(self, subject: str, why: str) -> None:
        await self._front.parts.records.note_look(
            subject=subject, by=f"staff:{self._seat.account.login}", why=why, at=self._front.parts.clock()
        )

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        _ = self._started(work)

    def _started(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
