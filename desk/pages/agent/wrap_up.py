"""Wrapping a call up (话后整理): one screen, one of a few ends, and a number that is said only after the commit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import Form, Request
from fastapi.responses import Response

from desk.agents import AgentTools
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.agent.routes import Conversation, desk_of, form_of, number_of, tools_of
from desk.pages.agent.showing import past_orders, unit_rows
from desk.seat import Seat
from hotline.domain.agents import AgentIsBusyError, NoSuchAgentError, Presence
from hotline.domain.appeal import Appeal, ContactChannel, PhoneNumber
from hotline.domain.callbacks import CallbackReason, CallbackWindow
from hotline.domain.diversion import ContactOutcome
from hotline.domain.errors import DeedRefusedError, EngineUnavailableError, WorkOrderNotFoundError
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.life_cycle import Status, Step
from hotline.domain.secrecy import is_open_about
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn
from hotline.service.callbacks import WishedFor
from hotline.service.form_filling import FormFilling
from hotline.service.signals import desk_topic, form_topic
from hotline.service.talk_lines import line_of
from hotline.service.thread import Party
from hotline.store.agent_forms import AgentForm

router = desk_router()

End = Literal["register", "answer", "merge", "callback", "nuisance", "nothing"]
_Short = Annotated[str, Form(max_length=64)]
_Long = Annotated[str, Form(max_length=500)]
_DAYS_OF_CALLBACKS: Final = 3
_CLAIMED: Final = {"nuisance": ContactOutcome.NUISANCE, "nothing": ContactOutcome.ABANDONED}


async def filled(front: Front, seat: SignedIn, form: AgentForm) -> FormFilling:
    """Return the form as it stands, filled from the whole talk and what the agent said."""
    tools = tools_of(front)
    caller = PhoneNumber(form.phone) if form.phone else None
    filling = tools.assist.filling(caller, is_heard=form.channel is ContactChannel.PHONE)
    for text in await _citizens_words(tools, form, f"staff:{seat.account.login}"):
        await tools.assist.hear(filling, text)
    filling.correct_all(form.corrections, tools.place, form.began_at or front.parts.clock())
    return filling


async def _citizens_words(tools: AgentTools, form: AgentForm, reader: str) -> list[str]:
    if form.channel is ContactChannel.PHONE:
        lines = [line_of(row) for row in await tools.rows(form.conversation)]
        return [line.text for line in lines if line is not None and line.who == "citizen"]
    assert tools.chats is not None  # there is no form of a chat without
    thread = await tools.chats.thread(form.conversation, reader)
    return [message.text for message in thread if message.by is Party.CITIZEN]


@router.get("/desk/agent/forms/{conversation}/finish")
async def finish_page(request: Request, seat: Seat, conversation: Conversation) -> Response:
    """Show the one screen on which a call is wrapped up."""
    front, tools = front_of(request), tools_of(front_of(request))
    form = await form_of(front, seat, conversation)
    filling = await filled(front, seat, form)
    appeal = filling.form(form.channel).appeal
    helped = await tools.assist.help(filling, filling.form())
    number = await tools.order_of(conversation) if not form.number else None
    orders = [one for one in await _orders_of(front, seat, appeal.phone) if one.number != number]
    return front.fragment(
        request, "agent/_finish.html", form=form, appeal=appeal, passages=helped.passages,
        units=unit_rows(front, helped.routing), routing=helped.routing,
        orders=[row for row in past_orders(front, orders) if row["due_at"] is not None or row["status"] not in _CLOSED],
        all_units=[(unit.code, unit.name) for unit in front.parts.city.units.values()],
        missing=_missing(appeal), number=number, windows=_windows(front, form),
    )  # fmt: skip


async def _orders_of(front: Front, seat: SignedIn, phone: PhoneNumber | None) -> list[WorkOrder]:
    """Return a citizen's orders that say whose they are; the look is written down: the telephone may be anybody's, as typed."""
    if phone is None:
        return []
    found = [one for one in await tools_of(front).of_citizen(phone) if is_open_about(one, phone)]
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", at=front.parts.clock(),
        why=f"wrapping up, by telephone {phone}: {' '.join(order.number for order in found)}",
    )  # fmt: skip
    return found


_CLOSED: Final = frozenset({Status.ANSWERED, Status.DIVERTED, Status.DECLINED, Status.WITHDRAWN, Status.ENDED,
                            Status.CONCLUDED, Status.ARCHIVED})  # fmt: skip


@router.post("/desk/agent/forms/{conversation}/finish")
async def finish(
    request: Request,
    seat: Seat,
    conversation: Conversation,
    end: Annotated[End, Form()],
    unit: _Short = "",
    reason: _Long = "",
    article: _Short = "",
    into: _Short = "",
    told: _Long = "",
    window: _Short = "",
) -> Response:
    """End a call's work: register it, answer it, merge it, have it called back, or record that there was nothing."""
    front, tools = front_of(request), tools_of(front_of(request))
    form = await form_of(front, seat, conversation)
    filling = await filled(front, seat, form)
    appeal = filling.form(form.channel).appeal
    wish = _wish(front, form, appeal, window) if end == "callback" else None
    match end:
        case "register":
            order = await _register(front, seat, form, filling, unit=unit, reason=reason)
        case "answer":
            order = await _answer(front, seat, form, appeal, article=article or form.answered_with)
        case "merge":
            order = await _merge(front, seat, form, appeal, into=into, told=told)
        case _:
            order = await _record(front, seat, form, appeal, end)
    if wish is not None and tools.callbacks is not None:
        at = front.parts.clock().astimezone(front.parts.city.timezone)
        await tools.callbacks.plan(replace(wish, order_number=order.number), at)
    await tools.forms.wrap_up(
        conversation, order=order.number, by=f"staff:{seat.account.login}", at=front.parts.clock(),
        judged={"end": end, **filling.judged()},
    )  # fmt: skip
    await front.parts.signals.tell(form_topic(conversation), {"field": "finished"})
    await _ready(front, seat)
    return front.fragment(
        request,
        "agent/_finished.html",
        order=order,
        conversation=conversation,
        unit=order.lead_unit if order.is_dispatched else None,
        end=end,
    )


@router.post("/desk/agent/forms/{conversation}/again")
async def again(
    request: Request,
    seat: Seat,
    conversation: Conversation,
    after: Annotated[str, Form(pattern=r"^\d{11,12}$")],
) -> Response:
    """Open a form for another matter of the same talk, beside the order ``after`` that this agent made of it (再登记一件)."""
    front, tools = front_of(request), tools_of(front_of(request))
    before, there = await front.parts.records.get(after), await tools.forms.get(conversation)
    is_own = any(entry.by.id == seat.account.login for entry in before.history)
    if before.conversation != conversation or not is_own or there is not None:
        raise WorkOrderNotFoundError(after)
    phone = before.appeal.phone.digits if before.appeal.phone is not None else ""
    form = AgentForm(conversation, number_of(seat), phone, number=after, channel=before.appeal.channel)
    await tools.forms.begin(form, front.parts.clock())
    await front.parts.signals.tell(desk_topic(number_of(seat)), {"form": conversation})
    return front.told("请把登记表改成另一件诉求")


async def _register(
    front: Front, seat: SignedIn, form: AgentForm, filling: FormFilling, *, unit: str, reason: str
) -> WorkOrder:
    """Register the matter, dispatched as the rules say, or to ``unit`` for the agent's own ``reason``."""
    tools, now = tools_of(front), front.parts.clock()
    appeal = filling.form(form.channel).appeal
    if missing := _missing(appeal):
        raise DeedRefusedError(missing="、".join(missing))
    by_hand, unit = bool(unit.strip()), _unit_of(front, unit.strip())
    if by_hand and not reason.strip():
        raise DeedRefusedError(missing="另选承办单位的理由")
    by = seat.account.acting_for(Step.DISPATCH)
    queued = "话务员另选承办单位" if by_hand else ""
    begun = await tools.order_of(form.conversation) if not form.number else None
    if form.number and (await front.parts.records.get(form.number)).appeal.text == appeal.text:
        raise DeedRefusedError(missing=f"另一件的诉求内容（现在与 {form.number} 相同）")
    if begun is not None and await _is_to_complete(front, begun):
        fields = tuple(sorted(filling.changed))
        order = await tools.registration.complete(begun, appeal, fields=fields, queued=queued, by=by, at=now)
    else:
        order = await tools.registration.register(
            appeal, conversation=form.conversation, at=now, request=_request(form), by=by, queued=queued,
            linked_to=form.number or None,
        )  # fmt: skip
    if by_hand and order.status is Status.TO_DISPATCH:
        order = await front.parts.casework.dispatch(
            order.number, unit, reason=reason.strip(), by=by, at=order.history[-1].at, expected=order.revision
        )
    return order


async def _answer(
    front: Front, seat: SignedIn, form: AgentForm, appeal: Appeal, *, article: str
) -> WorkOrder:
    tools = tools_of(front)
    found = await tools.article(article) if article and tools.article is not None else None
    if found is None:
        raise DeedRefusedError(missing="答复所依据的知识条目")
    return await tools.registration.record_contact(
        conversation=form.conversation, appeal=_with_text(appeal, form), outcome=ContactOutcome.ANSWERED,
        article=AnsweredWith(found.id, found.version), at=front.parts.clock(), request=_request(form),
        by=seat.account.acting_for(Step.ANSWER),
    )  # fmt: skip


async def _merge(
    front: Front, seat: SignedIn, form: AgentForm, appeal: Appeal, *, into: str, told: str
) -> WorkOrder:
    if not into.isdigit() or not told.strip():
        raise DeedRefusedError(missing="并入的工单和告知诉求人的话")
    return await tools_of(front).registration.merge(
        into, _with_text(appeal, form), conversation=form.conversation, told=told.strip(), at=front.parts.clock(),
        request=_request(form), by=seat.account.acting_for(Step.DIVERT),
    )  # fmt: skip


async def _record(front: Front, seat: SignedIn, form: AgentForm, appeal: Appeal, end: str) -> WorkOrder:
    """Record a contact that nobody handles now: nuisance (a person judges), nothing said, or to be called back."""
    return await tools_of(front).registration.record_contact(
        conversation=form.conversation, appeal=_with_text(appeal, form),
        outcome=_CLAIMED.get(end, ContactOutcome.TO_AGENT), article=None, at=front.parts.clock(),
        request=_request(form), by=seat.account.acting_for(Step.QUEUE_FOR_DISPATCH),
    )  # fmt: skip


def _windows(front: Front, form: AgentForm) -> Sequence[CallbackWindow]:
    """Return when the caller may be called back; never where there is no number to call."""
    callbacks = tools_of(front).callbacks
    if callbacks is None or not form.phone:
        return ()
    at = front.parts.clock().astimezone(front.parts.city.timezone)
    return callbacks.hours.coming(at, days=_DAYS_OF_CALLBACKS)


def _wish(front: Front, form: AgentForm, appeal: Appeal, window: str) -> WishedFor:
    """Return who is to be called back and when: in the ``window`` that ends then, else in the next one.

    Raises ``DeedRefusedError`` before anything is recorded.
    """
    windows = _windows(front, form)
    if not windows:
        raise DeedRefusedError(missing="可以回电的号码")
    chosen = next((one for one in windows if one.end.isoformat() == window), None if window else windows[0])
    if chosen is None:
        raise DeedRefusedError(missing="还来得及的回电时段")
    words = _with_text(appeal, form).text
    return WishedFor(
        PhoneNumber(form.phone), CallbackReason.PROMISED, words, form.conversation, window=chosen
    )


def _unit_of(front: Front, typed: str) -> str:
    """Return the code of a unit that was typed by code or name, empty as it is. Raises ``DeedRefusedError``."""
    units = front.parts.city.units
    if not typed or typed in units:
        return typed
    found = [unit.code for unit in units.values() if unit.name == typed]
    if len(found) != 1:
        raise DeedRefusedError(missing=f"名录里的单位（没有“{typed}”）")
    return found[0]


async def _is_to_complete(front: Front, number: str) -> bool:
    """Whether the machine has recorded the call already and a person is to complete it."""
    order = await front.parts.records.get(number)
    return order.status in (Status.TO_DISPATCH, Status.NEEDS_SUPPLEMENT)


async def _ready(front: Front, seat: SignedIn) -> None:
    """Let the agent take the next call: their work on this one is done."""
    desk = desk_of(front)
    with suppress(NoSuchAgentError, AgentIsBusyError, EngineUnavailableError):
        board, _, _ = await desk.board()
        agent = board.agents.get(number_of(seat))
        if agent is not None and agent.presence is Presence.WRAP_UP:
            await desk.turn(number_of(seat), Presence.READY)


def _missing(appeal: Appeal) -> list[str]:
    """Return what an order must have and this one lacks (rule 2); a place may be missing, then it is asked for."""
    lacks: dict[str, Any] = {"诉求内容": appeal.text.strip(), "分类": appeal.category}
    return [name for name, found in lacks.items() if not found]


def _with_text(appeal: Appeal, form: AgentForm) -> Appeal:
    return appeal if appeal.text.strip() else replace(appeal, text=form.briefing or form.reason or "—")


def _request(form: AgentForm) -> str:
    """Return what makes the record of a call one and the same, whoever makes it first: the agent, or the machine at its end."""
    return f"{form.conversation}:after-{form.number}" if form.number else f"{form.conversation}:contact"
