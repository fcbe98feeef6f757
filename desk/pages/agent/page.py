"""What an agent's open page is told: presence, queue, the call, its talk as it is spoken, the form that fills itself, and help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from desk.front import Front, LiveEvent
from desk.pages.agent.showing import Shown, field_rows, map_tiles, past_orders, unit_rows
from desk.seats import Seats, SeatView
from desk.views import masked
from hotline.domain.agents import Handover, HandoverState
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.category import at_level
from hotline.domain.errors import HotlineError
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn
from hotline.service.agent_assist import Form, FormFilling, Help, Line, corrected_value, line_of
from hotline.service.signals import form_topic, live_topic
from hotline.store.agent_forms import AgentForm, CallerNote

CONCEALED: Final = "Concealed"
PARTLY: Final = "Partly"
_WITH_AGENT: Final = (
    HandoverState.BRIEFING, HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED
)  # fmt: skip
Item = tuple[str, Any]


class AgentPage:
    """One open page of one agent: follows the desk, and whatever call is theirs."""

    def __init__(self, front: Front, seats: Seats, seat: SignedIn) -> None:
        """Take who looks."""
        assert seat.account.number is not None
        parts = front.parts
        assert parts.agents is not None
        self._front = front
        self._seats = seats
        self._seat = seat
        self._agent = seat.account.number
        self._tools = parts.agents
        self._inbox: asyncio.Queue[Item] = asyncio.Queue(512)
        self._tasks: set[asyncio.Task[None]] = set()
        self._follower: asyncio.Task[None] | None = None
        self._conversation: str | None = None
        self._call: Handover | None = None
        self._was_bridged = False
        self._form_row: AgentForm | None = None
        self._filling: FormFilling | None = None
        self._lines: dict[int, Line] = {}
        self._help = Help()
        self._is_concealed = False
        self._unheard: list[str] = []
        self._is_hearing = False

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Yield what changes on the page, for as long as it is open."""
        async with self._seats.watching(self._agent) as views:
            self._begin(self._pump(views))
            try:
                while True:
                    kind, item = await self._inbox.get()
                    async for event in self._took(kind, item):
                        yield event
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what comes in -------------------------------------------------------------------------------------

    async def _pump(self, views: AsyncIterator[SeatView]) -> None:
        async for view in views:
            await self._inbox.put(("seat", view))

    async def _follow(self, conversation: str) -> None:
        """Put into the inbox what was said so far, and what is said from now on."""
        topics = (live_topic(conversation), form_topic(conversation))
        async with self._front.parts.signals.of(*topics) as notices:
            await self._inbox.put(("rows", await self._tools.rows(conversation)))
            async for topic, told in notices:
                await self._inbox.put(("form", None) if topic == topics[1] else ("row", told))

    async def _took(self, kind: str, item: Any) -> AsyncIterator[LiveEvent]:
        match kind:
            case "seat":
                async for event in self._took_view(item):
                    yield event
            case "rows":
                for event in self._took_rows(item):
                    yield event
            case "row":
                for event in self._took_row(item):
                    yield event
            case "form":
                await self._read_corrections()
                yield self._form_event()
                self._ask_for_help()
            case "heard":
                yield self._form_event()
                self._ask_for_help()
            case "help":
                self._help = item
                yield self._help_event()
            case _:
                yield LiveEvent(kind, item)

    async def _took_view(self, view: SeatView) -> AsyncIterator[LiveEvent]:
        values = {"view": view, "agent": view.agent, "me": self._seat.account}
        yield self._event("presence", "agent/_presence.html", **values)
        yield self._event("queue", "agent/_queue.html", **values)
        call = view.call if view.call is not None and view.call.state in _WITH_AGENT else None
        if call is not None and call.conversation != self._conversation:
            async for event in self._pop(call):
                yield event
            return
        if call is None and self._call is not None:
            async for event in self._call_over():
                yield event
            return
        if call is None and self._conversation is None:
            async for event in self._left_over():
                yield event
            return
        if call != self._call and call is not None:
            self._call = call
            self._was_bridged = self._was_bridged or call.state is HandoverState.BRIDGED
            yield self._call_event()

    async def _pop(self, call: Handover) -> AsyncIterator[LiveEvent]:
        """Show a call that is new: what is known at once first, the rest as it is found (弹屏)."""
        await self._note_look(call.conversation, "briefing")
        self._turn_to(call.conversation, call)
        yield self._call_event()
        yield LiveEvent("pop", "")
        form = AgentForm(
            call.conversation,
            self._agent,
            call.phone if call.phone.isdigit() else "",
            call.reason,
            call.briefing,
        )
        self._form_row = await self._tools.forms.begin(form, self._front.parts.clock())
        self._begin_filling()
        yield await self._caller_event()

    async def _call_over(self) -> AsyncIterator[LiveEvent]:
        """The call has left this desk: what was talked about is wrapped up, what was not taken is gone."""
        assert self._conversation is not None
        self._call = None
        if self._was_bridged:
            yield self._call_event()
            return
        await self._tools.forms.close(self._conversation)
        for event in self._cleared():
            yield event

    async def _left_over(self) -> AsyncIterator[LiveEvent]:
        """Show a call that ended and was not wrapped up, after the page was opened anew."""
        form = await self._tools.forms.open_of(self._agent)
        if form is None:
            for event in self._cleared():
                yield event
            return
        self._turn_to(form.conversation, None)
        self._was_bridged = True
        self._form_row = form
        self._begin_filling()
        yield self._call_event()
        yield await self._caller_event()

    def _took_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[LiveEvent]:
        for row in rows:
            line = line_of(row)
            if line is not None and line.sequence not in self._lines:
                self._lines[line.sequence] = line
                self._hear(line)
        self._begin_hearing()
        return [self._talk_event(), self._form_event()]

    def _took_row(self, row: Mapping[str, Any]) -> list[LiveEvent]:
        if row.get("name") == CONCEALED:
            self._lines.clear()
            self._is_concealed = True
            self._begin_filling()
            return [self._talk_event(), self._form_event()]
        if row.get("name") == PARTLY:
            return [
                self._event("partly", "agent/_partly.html", who=row["who"], text=self._masked(row["text"]))
            ]
        line = line_of(row)
        if line is None or line.sequence in self._lines or self._is_concealed:
            return []
        self._lines[line.sequence] = line
        self._hear(line)
        self._begin_hearing()
        return [self._event("line", "agent/_line.html", line=self._shown(line)), LiveEvent("partly", "")]

    # --- hearing and helping, aside of the page ------------------------------------------------------------

    def _begin_filling(self) -> None:
        caller = (
            PhoneNumber(self._form_row.phone) if self._form_row is not None and self._form_row.phone else None
        )
        self._filling = self._tools.assist.filling(caller)
        self._unheard = [line.text for line in self._lines.values() if line.who == "citizen"]
        self._is_hearing = False
        self._apply_corrections()

    def _hear(self, line: Line) -> None:
        if line.who == "citizen" and self._filling is not None:
            self._unheard.append(line.text)

    def _begin_hearing(self) -> None:
        if self._filling is not None and self._unheard and not self._is_hearing:
            self._is_hearing = True
            self._begin(self._hear_on(self._filling))

    async def _hear_on(self, filling: FormFilling) -> None:
        while self._unheard and filling is self._filling:
            text = self._unheard.pop(0)
            if await self._tools.assist.hear(filling, text):
                await self._inbox.put(("heard", None))
        if filling is self._filling:
            self._is_hearing = False

    def _ask_for_help(self) -> None:
        """Look articles and units up for the form as it stands; of several wishes the last one counts."""
        if self._filling is not None:
            self._begin(self._help_on(self._filling, self._filling.form()))

    async def _help_on(self, filling: FormFilling, form: Form) -> None:
        found = await self._tools.assist.help(filling, form)
        if filling is self._filling:
            await self._inbox.put(("help", found))
            hints = await self._hints(form)
            await self._inbox.put(("hints", self._front.text("agent/_hints.html", hints=hints)))

    async def _hints(self, form: Form) -> list[dict[str, Any]]:
        """Return that it may be a repeat, or one of many."""
        found: list[dict[str, Any]] = []
        appeal, now = form.appeal, self._front.parts.clock()
        with suppress(HotlineError):
            if appeal.phone is not None and appeal.text and self._tools.known is not None:
                repeat = await self._tools.known.repeat_of(appeal, appeal.phone, at=now)
                if repeat is not None:
                    found.append({"kind": "repeat", "order": repeat.order, "facts": repeat.new_facts})
        with suppress(HotlineError):
            county = appeal.place.county_code if appeal.place is not None else None
            category = at_level(appeal.category)
            if county is not None and category is not None and self._tools.gatherings is not None:
                gathering, _ = await self._tools.gatherings.gathering(f"{county}/{category}")
                since = [seen for seen in gathering.seen if seen.number]
                if gathering.bursts or len(since) >= 3:
                    found.append({
                        "kind": "hot", "count": len(since), "is_burst": bool(gathering.bursts),
                        "place": appeal.place.county if appeal.place is not None else "", "category": category,
                        "numbers": [seen.number for seen in since[-5:]],
                    })  # fmt: skip
        return found

    async def _read_corrections(self) -> None:
        if self._conversation is not None:
            self._form_row = await self._tools.forms.get(self._conversation) or self._form_row
            self._apply_corrections()

    def _apply_corrections(self) -> None:
        if self._filling is None or self._form_row is None:
            return
        for name in self._filling.corrected - self._form_row.corrections.keys():
            self._filling.correct(name, None, "")
        for name, text in self._form_row.corrections.items():
            with suppress(ValueError):
                value = corrected_value(name, text, self._front.parts.city, self._tools.place)
                self._filling.correct(name, value, text)

    # --- what goes out -------------------------------------------------------------------------------------

    def _turn_to(self, conversation: str | None, call: Handover | None) -> None:
        if self._follower is not None:
            self._follower.cancel()
            self._follower = None
        self._conversation, self._call = conversation, call
        self._was_bridged = call is not None and call.state is HandoverState.BRIDGED
        self._lines, self._help, self._is_concealed = {}, Help(), False
        self._form_row = self._filling = None
        if conversation is not None:
            self._follower = asyncio.create_task(self._follow(conversation))
            self._tasks.add(self._follower)

    def _cleared(self) -> list[LiveEvent]:
        self._turn_to(None, None)
        return [self._call_event(), LiveEvent("caller", ""), LiveEvent("form", ""), LiveEvent("help", ""),
                LiveEvent("hints", ""), self._talk_event()]  # fmt: skip

    def _call_event(self) -> LiveEvent:
        return self._event(
            "call",
            "agent/_call.html",
            call=self._call,
            conversation=self._conversation,
            phone=self._phone(),
            parties=self._tools.parties,
            form=self._form_row,
        )

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

    def _form_event(self) -> LiveEvent:
        if self._filling is None or self._conversation is None:
            return LiveEvent("form", "")
        form = self._filling.form(ContactChannel.PHONE)
        return self._event(
            "form", "agent/_form.html", conversation=self._conversation, rows=field_rows(self._front, form),
            tiles=map_tiles(self._front, form.appeal.place), place=form.appeal.place, form=form,
            corrected=self._filling.corrected,
        )  # fmt: skip

    def _help_event(self) -> LiveEvent:
        return self._event(
            "help", "agent/_help.html", passages=self._help.passages, conversation=self._conversation,
            routing=self._help.routing, units=unit_rows(self._front, self._help.routing),
            answered=self._form_row.answered_with if self._form_row is not None else "",
        )  # fmt: skip

    def _event(self, name: str, template: str, **values: Any) -> LiveEvent:
        return LiveEvent(name, self._front.text(template, **values))

    def _shown(self, line: Line) -> Shown:
        return Shown(line.who, self._masked(line.text), line.at)

    def _masked(self, text: str) -> str:
        return masked(text, self._filling.form().appeal) if self._filling is not None else text

    def _caller(self) -> PhoneNumber | None:
        digits = (
            self._form_row.phone if self._form_row is not None else self._call.phone if self._call else ""
        )
        return PhoneNumber(digits) if digits.isdigit() else None

    def _phone(self) -> str:
        caller = self._caller()
        return str(caller) if caller is not None else ""

    async def _note_look(self, subject: str, why: str) -> None:
        await self._front.parts.records.note_look(
            subject=subject, by=f"staff:{self._seat.account.login}", why=why, at=self._front.parts.clock()
        )

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
