"""The agent desk (坐席工作台): the page, its live stream, presence, and what an agent does with their call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

from fastapi import Form, HTTPException, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.agents import AgentTools
from desk.front import Front, LiveEvent, Toast
from desk.guard import desk_router, front_of
from desk.live import Live
from desk.pages.agent.facts import facts_typed
from desk.pages.agent.page import AgentPage
from desk.pages.agent.showing import FIELD_NAMES
from desk.permissions import permission
from desk.seat import Seat
from desk.seats import Seats
from hotline.domain.agents import Presence, Skill
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import DeedRefusedError
from hotline.domain.talks import TalkWish, UnknownPartyError, Wanted
from hotline.service.accounts import SignedIn
from hotline.service.agent_desk import AgentDesk
from hotline.service.form_filling import category_of, corrected
from hotline.service.signals import form_topic
from hotline.store.agent_forms import AgentForm

router = desk_router()

Conversation = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")]
_Short = Annotated[str, Form(max_length=64)]
_SKILLS: Final = {
    Skill.ORDINARY: "普通",
    Skill.DIALECT: "方言",
    Skill.ENTERPRISE: "企业",
    Skill.ELDER: "老年人",
}
_PRESENCES: Final = {"ready": Presence.READY, "paused": Presence.PAUSED, "offline": Presence.OFFLINE}
_TOLD: Final = {
    Wanted.HOLD: "请稍候，正在保持", Wanted.RETRIEVE: "正在取回", Wanted.INVITE: "正在呼叫第三方",
    Wanted.RELEASE: "正在请出", Wanted.LEAVE: "您已退出，其余的人继续", Wanted.PASS_ON: "正在转接", Wanted.KEEP: "不转了",
}  # fmt: skip


def tools_of(front: Front) -> AgentTools:
    """Return what the agents' pages need; there are none without agents' telephones."""
    if front.parts.agents is None:
        raise HTTPException(404)
    return front.parts.agents


def desk_of(front: Front) -> AgentDesk:
    """Return the agents' desk."""
    if front.parts.desk is None:
        raise HTTPException(404)
    return front.parts.desk


def number_of(seat: SignedIn) -> str:
    """Return the agent's number (工号)."""
    assert seat.account.number is not None  # an agent without one cannot be made
    return seat.account.number


async def form_of(front: Front, seat: SignedIn, conversation: str) -> AgentForm:
    """Return the form of a call that is this agent's; of others' calls there is none (404)."""
    form = await tools_of(front).forms.get(conversation)
    if form is None or form.agent != number_of(seat):
        raise HTTPException(404)
    return form


@router.get("/desk/agent")
async def agent(request: Request, seat: Seat) -> Response:
    """Show the desk; what is on it comes by the live stream."""
    front = front_of(request)
    tools, _ = tools_of(front), desk_of(front)
    return front.page(
        request, "agent/desk.html", title="坐席", skills=[(skill.value, name) for skill, name in _SKILLS.items()],
        parties=tools.parties, categories=front.parts.city.categories.values(), number=number_of(seat),
        takes_over=tools.takeovers is not None,
    )  # fmt: skip


@router.get("/desk/agent/live")
async def live(request: Request, seat: Seat) -> Response:
    """Follow the desk and the call."""
    front = front_of(request)
    tools_of(front)
    stream: Live = request.app.state.live
    page = AgentPage(front, seats_of(request), seat)
    return stream.stream(seat, permission("GET", "/desk/agent/live"), page.events())


def seats_of(request: Request) -> Seats:
    """Return the one follower of the desk in this process."""
    seats = request.app.state.seats
    assert isinstance(seats, Seats)
    return seats


@router.post("/desk/agent/sign-in")
async def sign_in(
    request: Request, seat: Seat, skill: Annotated[list[Skill] | None, Form()] = None
) -> Response:
    """Begin to take calls."""
    front = front_of(request)
    skills = frozenset(skill or ()) | {Skill.ORDINARY}
    await desk_of(front).sign_in(number_of(seat), seat.account.name, skills)
    return front.told("已签入，可以接电话了")


@router.post("/desk/agent/presence")
async def presence(request: Request, seat: Seat, to: _Short = "") -> Response:
    """Pause, be ready again, or sign out."""
    front = front_of(request)
    if to not in _PRESENCES:
        return front.fault(request, 422, front.refusal("form.invalid").format(fields="状态"))
    await desk_of(front).turn(number_of(seat), _PRESENCES[to])
    return Response(status_code=204)


@router.post("/desk/agent/refuse")
async def refuse(request: Request, seat: Seat) -> Response:
    """Refuse the call that is offered; the next agent gets it."""
    front = front_of(request)
    await desk_of(front).refuse_as(number_of(seat))
    return front.told("已拒接，来电转给下一位")


@router.post("/desk/agent/call/{wanted}")
async def call(
    request: Request, seat: Seat, wanted: Wanted, target: _Short = "", note: _Short = ""
) -> Response:
    """Ask for something to be done with the call; the process that has it does so within half a second."""
    front = front_of(request)
    parties = {one.code for one in tools_of(front).parties}
    if wanted in (Wanted.INVITE, Wanted.RELEASE) and target not in parties:
        raise UnknownPartyError(target)
    await desk_of(front).wish(number_of(seat), TalkWish(wanted, target, note))
    return front.told(_TOLD[wanted])


@router.post("/desk/agent/forms/{conversation}/fields/{name}")
async def correct(
    request: Request,
    seat: Seat,
    conversation: Conversation,
    name: Annotated[str, InPath(pattern=r"^[a-z_]{1,32}$")],
    value: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Let the agent's word for a field stand; an empty one takes it back."""
    front, tools = front_of(request), tools_of(front_of(request))
    await form_of(front, seat, conversation)
    text = value.strip()
    try:
        said = _as_kept(front, name, text) if text else None
    except ValueError:
        return front.fault(request, 422, _malformed(front, [name]))
    await tools.forms.correct(conversation, {name: said}, front.parts.clock())
    await front.parts.signals.tell(form_topic(conversation), {"field": name})
    return Response(status_code=204)


def _as_kept(front: Front, name: str, text: str) -> str:
    """Return what was typed for a field as it is kept. Raises ``ValueError`` when it cannot stand there."""
    city = front.parts.city
    if name == "facts":
        text = facts_typed(text, front.parts.words["facts"])
    corrected(name, text, city, tools_of(front).place, front.parts.clock())
    return category_of(text, city) if name == "category" else text


def _malformed(front: Front, names: Sequence[str]) -> str:
    fields = "、".join(FIELD_NAMES.get(name, "内容") for name in names)
    return front.refusal("form.invalid").format(fields=fields)


@router.post("/desk/agent/forms/{conversation}/accept")
async def accept(request: Request, seat: Seat, conversation: Conversation) -> Response:
    """Let all that is proposed stand: it is the agent's word from now on, whatever is heard later.

    What was neither heard nor typed is nobody's word: a wish for secrecy that comes later still counts.
    """
    front, tools = front_of(request), tools_of(front_of(request))
    await form_of(front, seat, conversation)
    given = {
        key: str(text).strip() for key, text in (await request.form()).items() if key.startswith("field-")
    }
    kept: dict[str, str | None] = {}
    malformed = []
    for key, text in given.items():
        name = key.removeprefix("field-")
        if text and name != "phone":
            try:
                kept[name] = _as_kept(front, name, text)
            except ValueError:
                malformed.append(name)
    await tools.forms.correct(conversation, kept, front.parts.clock())
    await front.parts.signals.tell(form_topic(conversation), {"field": "*"})
    return front.told(Toast(_malformed(front, malformed), "refused") if malformed else "已采纳")


@router.post("/desk/agent/forms/{conversation}/answered")
async def answered(
    request: Request, seat: Seat, conversation: Conversation, article: _Short = ""
) -> Response:
    """Note which article was read out."""
    front, tools = front_of(request), tools_of(front_of(request))
    await form_of(front, seat, conversation)
    await tools.forms.answered(conversation, article, front.parts.clock())
    await front.parts.signals.tell(form_topic(conversation), {"field": "answered"})
    return front.told(f"已记下：以 {article} 答复")


@router.post("/desk/agent/forms/{conversation}/note")
async def note(
    request: Request, seat: Seat, conversation: Conversation, text: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """Keep a note on the caller."""
    front, tools = front_of(request), tools_of(front_of(request))
    form = await form_of(front, seat, conversation)
    if not text.strip():
        raise DeedRefusedError(missing="备注内容")
    if not form.phone:
        return front.fault(request, 422, "来电没有号码，不能留备注。")
    who = f"staff:{seat.account.login}"
    await tools.forms.note(PhoneNumber(form.phone), text.strip(), by=who, at=front.parts.clock())
    notes = await tools.forms.notes(PhoneNumber(form.phone))
    return front.fragment(
        request, "agent/_notes.html", notes=notes, conversation=conversation, toast="已记下"
    )


@router.post("/desk/agent/forms/{conversation}/phone")
async def phone(request: Request, seat: Seat, conversation: Conversation) -> Response:
    """Show the calling number to the agent who has the call; the look is written down."""
    front = front_of(request)
    form = await form_of(front, seat, conversation)
    await front.parts.records.note_look(
        subject=conversation, by=f"staff:{seat.account.login}", why="calling number", at=front.parts.clock()
    )
    return front.fragment(request, "agent/_phone.html", digits=form.phone)


@router.get("/desk/agent/articles")
async def articles(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    conversation: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Return articles for an agent's own question."""
    front, tools = front_of(request), tools_of(front_of(request))
    found = await tools.assist.search(q.strip()) if q.strip() else ()
    return front.fragment(
        request,
        "agent/_articles.html",
        passages=found,
        conversation=conversation,
        answered="",
        is_search=True,
    )


@router.get("/desk/queue")
async def queue(request: Request) -> Response:
    """Show the wallboard (大屏): agents, waiting calls."""
    front = front_of(request)
    desk_of(front)
    return front.page(request, "agent/board.html", title="坐席与排队")


@router.get("/desk/queue/live")
async def queue_live(request: Request, seat: Seat) -> Response:
    """Follow the wallboard."""
    front, seats = front_of(request), seats_of(request)
    desk_of(front)

    async def source() -> AsyncIterator[LiveEvent]:
        async with seats.watching("") as views:
            async for view in views:
                yield LiveEvent("board", front.text("agent/_board.html", view=view))

    stream: Live = request.app.state.live
    return stream.stream(seat, permission("GET", "/desk/queue/live"), source())
