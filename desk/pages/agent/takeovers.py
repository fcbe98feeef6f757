"""What the machine holds now, and taking it over (接管): the list, what was said so far, and the key that takes it."""

from __future__ import annotations

from fastapi import HTTPException, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.agent.routes import Conversation, number_of, tools_of
from desk.pages.agent.showing import Shown
from desk.seat import Seat
from desk.views import without_numbers
from hotline.domain.appeal import ContactChannel
from hotline.service.signals import desk_topic
from hotline.service.takeovers import Takeovers
from hotline.service.talk_lines import line_of

router = desk_router()


def takeovers_of(front: Front) -> Takeovers:
    """Return what may be taken over; there is nothing without agents' telephones."""
    found = tools_of(front).takeovers
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/desk/agent/takeovers")
async def held(request: Request) -> Response:
    """List what the machine holds now, without a word of it."""
    front = front_of(request)
    return front.fragment(request, "agent/_takeovers.html", held=await takeovers_of(front).held())


@router.get("/desk/agent/takeovers/{conversation}")
async def read(request: Request, seat: Seat, conversation: Conversation) -> Response:
    """Show what was said so far in one of them; the look is written down first."""
    front = front_of(request)
    rows = await takeovers_of(front).read(conversation)
    await front.parts.records.note_look(
        subject=conversation, by=f"staff:{seat.account.login}", why="takeover", at=front.parts.clock()
    )
    lines = [
        Shown(line.who, without_numbers(line.text), line.at)
        for row in rows
        if (line := line_of(row)) is not None
    ]
    return front.fragment(request, "agent/_takeover.html", lines=lines, conversation=conversation)


@router.post("/desk/agent/takeovers/{conversation}")
async def take(request: Request, seat: Seat, conversation: Conversation) -> Response:
    """Take one over: its call rings the agent's telephone, its chat is theirs at once."""
    front, agent = front_of(request), number_of(seat)
    channel = await takeovers_of(front).take(conversation, agent, briefing="从机器接管，前面的对话见下")
    if channel is ContactChannel.PHONE:
        return front.told("已接管，话机振铃后接听")
    await front.parts.signals.tell(desk_topic(agent), {"chat": conversation})
    return front.told("已接管对话")
