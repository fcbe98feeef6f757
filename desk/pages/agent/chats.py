"""What an agent does with chats (网上对话): takes one, writes, gives it back, passes it on, lets a unit take part."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Final, Literal

from fastapi import Form, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.agent.routes import number_of, tools_of
from desk.seat import Seat
from hotline.dialogue.written_events import Parting
from hotline.service.agent_chats import MOST_CHARACTERS, AgentChats
from hotline.service.signals import desk_topic

router = desk_router()

Chat = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")]
_ENDS: Final = {"back": (Parting.BACK, "已交还助手"), "close": (Parting.CLOSED, "对话已结束")}


def chats_of(front: Front) -> AgentChats:
    """Return what agents do with chats; there are none without a Redis."""
    chats = tools_of(front).chats
    if chats is None:
        raise HTTPException(404)
    return chats


@router.post("/desk/agent/chats/{chat}/take")
async def take(request: Request, seat: Seat, chat: Chat) -> Response:
    """Take a chat that waits or is offered, and show it."""
    front = front_of(request)
    await chats_of(front).take(chat, number_of(seat))
    await front.parts.signals.tell(desk_topic(number_of(seat)), {"chat": chat})
    return front.told("已接入对话")


@router.post("/desk/agent/chats/{chat}/show")
async def show(request: Request, seat: Seat, chat: Chat) -> Response:
    """Turn the agent's open pages to one of their chats."""
    front = front_of(request)
    chats_of(front)
    await front.parts.signals.tell(desk_topic(number_of(seat)), {"chat": chat})
    return Response(status_code=204)


@router.post("/desk/agent/chats/{chat}/write")
async def write(
    request: Request,
    seat: Seat,
    chat: Chat,
    text: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
    message: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Write to the citizen; ``message`` sent again is the same message."""
    front = front_of(request)
    id_ = message or secrets.token_hex(8)
    await chats_of(front).write(chat, number_of(seat), text, message=id_)
    return Response(status_code=204)


@router.get("/desk/agent/chats/{chat}/evidence/{item}")
async def evidence(
    request: Request, seat: Seat, chat: Chat, item: Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")]
) -> Response:
    """Return a picture or document that the citizen of one of the agent's chats sent; the look is written down."""
    front = front_of(request)
    await chats_of(front).check_held(chat, number_of(seat))
    kept = front.parts.evidence
    if kept is None or item not in {one.id for one in await kept.of_conversation(chat)}:
        raise HTTPException(404)
    one = await kept.get(item)
    body = await asyncio.to_thread(kept.read, one)
    await front.parts.records.note_look(
        subject=item, by=f"staff:{seat.account.login}", why=f"evidence of chat {chat}", at=front.parts.clock()
    )
    where = "inline" if one.kind.startswith("image/") else "attachment"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'{where}; filename="{item[:8]}"'}
    return Response(body, media_type=one.kind, headers=headers)


@router.post("/desk/agent/chats/{chat}/typing")
async def typing(request: Request, seat: Seat, chat: Chat, is_on: Annotated[bool, Form()]) -> Response:
    """Let the citizen see that the agent writes."""
    await chats_of(front_of(request)).tell_typing(chat, number_of(seat), is_on=is_on)
    return Response(status_code=204)


@router.post("/desk/agent/chats/{chat}/pass-on")
async def pass_on(
    request: Request, seat: Seat, chat: Chat, to: Annotated[str, Form(max_length=32)] = ""
) -> Response:
    """Let another agent have it."""
    front = front_of(request)
    await chats_of(front).pass_on(chat, number_of(seat), to=to.strip())
    return front.told("已转出")


@router.post("/desk/agent/chats/{chat}/unit")
async def unit(
    request: Request,
    seat: Seat,
    chat: Chat,
    order: Annotated[str, Form(pattern=r"^\d{11}$")],
    step: Annotated[Literal["invite", "dismiss"], Form()] = "invite",
) -> Response:
    """Let the unit of an order take part through its relay, or no more (三方对话)."""
    front = front_of(request)
    if step == "dismiss":
        await chats_of(front).dismiss_unit(chat, number_of(seat), order)
        return front.told("承办单位已退出")
    name = await chats_of(front).invite_unit(chat, number_of(seat), order)
    return front.told(f"已请 {name} 加入")


@router.post("/desk/agent/chats/{chat}/{end}")
async def part(request: Request, seat: Seat, chat: Chat, end: Literal["back", "close"]) -> Response:
    """Give the chat back to the assistant, or end it."""
    front = front_of(request)
    how, told = _ENDS[end]
    await chats_of(front).part(chat, number_of(seat), how)
    return front.told(told)
