"""A conversation in writing: the ``Channel`` behind one web chat.

The channel outlives the page's connection: who loses the network comes back with the session's id and sees what was
said meanwhile. Only silence, “再见” or an explicit end close it. Nothing is shown before it is kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, assert_never

from chat.handover import ChatHandover, ChatQueue
from chat.keeper import ChatKeeper
from chat.order_news import OrderNews
from chat.unit_talk import Relay, UnitTalk
from chat.web_chat import protocol
from chat.web_chat.page_words import PageWords
from chat.web_chat.thread import PageThread
from hotline.dialogue.actions import (
    ChannelAction,
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Outcome,
    Say,
    SendText,
    StayHere,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.events import (
    AgentJoined,
    Event,
    FellSilent,
    HungUp,
    LocationShared,
    NoAgentFree,
    PromptFinished,
    Said,
    Started,
    TransferFailed,
    WaitsForAgent,
)
from hotline.dialogue.forms import ReportForm
from hotline.dialogue.written_events import AgentParted, FormSent, PictureSent
from hotline.domain.appeal import AppealKind, ContactChannel, Datum, PhoneNumber, Place, Position
from hotline.service.chat_news import ChatNews
from hotline.service.keeping import Entry, Yielded
from hotline.service.kept_chats import AgentNotice, KeptChats, Post
from hotline.service.reading_along import ReadingAlong
from hotline.service.thread import Party

Sender = Callable[[protocol.Outgoing], None]

_OF_CITIZENS: Final = (Said, FormSent, LocationShared, PictureSent)
MOST_AT_ONCE: Final = 50
"""So many messages of the past a page is sent at once."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a citizen whose page is gone is waited for: after having written something, and before."""

    away_seconds: float = 900.0
    unspoken_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a citizen may write: ``messages`` within ``per_seconds``."""

    messages: int = 20
    per_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Customs:
    """What all chats of a hotline have in common. ``queue``: where agents are waited for, if there are any.

    ``relay``: the way to handling units, if there is one; ``reading``: where it is marked who reads along there.
    ``words`` for pages; ``place_of`` finds a place in words.
    ``forget`` deletes what was sent along with a chat in which a state secret may have been told.
    ``news``: where it is marked what news of orders was seen here.
    """

    clock: Callable[[], datetime]
    patience: Patience = Patience()
    pace: Pace = Pace()
    words: PageWords = field(default_factory=PageWords)
    place_of: Callable[[str], Place | None] = lambda _: None
    queue: ChatQueue | None = None
    relay: Relay | None = None
    reading: ReadingAlong | None = None
    forget: Callable[[str], Awaitable[None]] | None = None
    news: ChatNews | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who writes: ``contact`` is the door they came by, ``phone`` a number that is proved to be theirs.

    ``key``: by which they are known again on another device, if they are known at all.
    """

    contact: ContactChannel = ContactChannel.WEB_CHAT
    phone: PhoneNumber | None = None
    key: str = ""


class WebChatChannel:
    """One citizen's chat. ``attach`` connects a page, ``detach`` says that it is gone for now."""

    def __init__(
        self,
        session: str,
        customs: Customs,
        *,
        visitor: Visitor | None = None,
        store: KeptChats | None = None,
        past: Sequence[Entry] = (),
    ) -> None:
        """``session`` names the conversation, in the journal too; only its citizen knows it. ``past``: it goes on."""
        self.session = session
        self._customs = customs
        self._clock = customs.clock
        self._thread = PageThread(customs.words)
        self._thread.read(past)
        self.keeper = ChatKeeper(session, store, self._shown, past=past, forget=customs.forget)
        self._heard: deque[float] = deque(maxlen=customs.pace.messages)
        self._has_spoken = any(isinstance(entry, _OF_CITIZENS) for entry in past)
        self._known = {entry.message for entry in past if isinstance(entry, _OF_CITIZENS) and entry.message}
        self._posted: set[str] = set()
        self._events: asyncio.Queue[Event | Yielded] = asyncio.Queue()
        self._send: Sender | None = None
        self._telling: asyncio.Task[None] | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._away: asyncio.TimerHandle | None = None
        self._standing = protocol.Standing(whom="assistant")
        self._handover = ChatHandover(session, customs.queue, self._happen, self._clock)
        self._phone = ""
        self._unit_talk = None
        if customs.relay is not None:
            self._unit_talk = UnitTalk(customs.relay, self._happen, self._clock, reading=customs.reading)
        self._news = OrderNews(customs.news, session, past) if customs.news is not None else None
        for entry in past:
            self._note(entry)
        if self._standing.whom == "agent":
            self._handover.go_on(self._standing.agent)
        ends = [entry for entry in past if isinstance(entry, Started | HungUp)]
        self._is_over = bool(ends) and isinstance(ends[-1], HungUp)
        self._is_finished = False
        if not past:
            who = visitor or Visitor()
            self._events.put_nowait(Started(self._clock(), session, who.contact, who.phone))
        else:
            self._wait_for_page()

    @property
    def is_over(self) -> bool:
        """True when the conversation has ended, or goes on elsewhere."""
        return self._is_over

    # --- the page ----------------------------------------------------------------------------------------------

    def attach(self, send: Sender, *, seen: int = 0) -> None:
        """Connect a page and show it everything after message ``seen``; a page that was there before is closed."""
        self._cancel("_away")
        if self._send is not None:
            self._send(protocol.Replaced())
        self._send = send
        missed = [message for message in self.messages() if message.number > seen][-MOST_AT_ONCE:]
        last = self._thread.written
        send(
            protocol.Welcome(session=self.session, first=missed[0].number if missed else last + 1, last=last)
        )
        for message in missed:
            send(message)
        if self._standing.whom != "assistant":
            send(self._standing)
        if self._unit_talk is not None:
            self._unit_talk.tell_page(is_there=True)

    def detach(self, send: Sender) -> None:
        """The page is gone; unless it comes back in time, the conversation ends."""
        if self._send is not send:
            return  # another page has taken over meanwhile
        self._send = None
        if self._unit_talk is not None:
            self._unit_talk.tell_page(is_there=False)
        self._wait_for_page()

    def messages(self) -> Sequence[protocol.Numbered]:
        """Return all messages of the conversation."""
        return PageThread(self._customs.words).read(self.keeper.entries)

    def earlier(self, before: int) -> protocol.Earlier:
        """Return messages before number ``before``."""
        found = [message for message in self.messages() if message.number < before]
        return protocol.Earlier(messages=tuple(found[-MOST_AT_ONCE:]), is_all=len(found) <= MOST_AT_ONCE)

    def hear(self, text: str, message: str = "") -> bool:
        """Take the citizen's words; False when they come too fast and were not taken."""
        return self._take(Said(self._clock(), text, text, message=message), message)

    def take_report(self, report: protocol.Report) -> bool:
        """Take a form; False when it comes too fast."""
        place = self._place(report.place, report.latitude, report.longitude)
        form = ReportForm(
            report.text,
            kind=AppealKind(report.kind) if report.kind else None,
            category=report.category if report.category in self._customs.words.categories else None,
            place=place,
            occurred=report.occurred,
            phone=PhoneNumber(report.phone) if report.phone else None,
            name=report.name,
            wants_secrecy=report.wants_secrecy,
        )
        return self._take(FormSent(self._clock(), form, report.id), report.id)

    def take_location(self, location: protocol.Location) -> bool:
        """Take a point on the map; False when it comes too fast."""
        place = self._place(location.text, location.latitude, location.longitude)
        assert place is not None
        return self._take(LocationShared(self._clock(), place, location.id), location.id)

    def take_picture(self, picture: protocol.Picture, kind: str) -> bool:
        """Take a picture that is kept already; False when it comes too fast."""
        return self._take(PictureSent(self._clock(), picture.evidence, kind, picture.id), picture.id)

    def _place(self, text: str, latitude: float | None, longitude: float | None) -> Place | None:
        if latitude is None or longitude is None:
            position, said = None, text
        else:
            position = Position(latitude, longitude, Datum.WGS84)
            said = text or self._customs.words.point_in_words(latitude, longitude)
        if not said:
            return None
        found = self._customs.place_of(text) if text else None
        return replace(found or Place(said=said, detail=said), position=position)

    def _take(self, event: Event, message: str) -> bool:
        if message and message in self._known:
            self._echo_again(message)
            return True
        now, pace = asyncio.get_running_loop().time(), self._customs.pace
        if len(self._heard) == self._heard.maxlen and now - self._heard[0] < pace.per_seconds:
            return False
        if not self._is_over:
            self._heard.append(now)
            self._known.add(message)
            self._has_spoken = True
            self._cancel("_silence")
            self._events.put_nowait(event)
        return True

    def tell_agent(self, *, writing: bool | None = None, seen: int | None = None) -> None:
        """Let the agent, if there is one, see that the citizen is writing, or what they have seen."""
        if self.keeper.agent and self._telling is None:
            telling = self.keeper.tell_agent(AgentNotice(self.session, writing, seen))
            self._telling = asyncio.create_task(telling, name="tell agent")
            self._telling.add_done_callback(self._told)

    def take_seen(self, number: int) -> None:
        """The citizen has seen everything up to message ``number``."""
        self.tell_agent(seen=number)
        if self._unit_talk is not None:
            self._unit_talk.seen(number, self.keeper.entries)
        if self._news is not None:
            self._news.seen(number)

    def leave(self) -> None:
        """The citizen is gone for good."""
        if not self._is_over:
            self._is_over = True
            self._events.put_nowait(HungUp(self._clock()))

    # --- other processes ---------------------------------------------------------------------------------------

    def take(self, post: Post) -> None:
        """Let happen what was left for this chat; what was taken before is not taken again."""
        if post.id not in self._posted:
            self._posted.add(post.id)
            if isinstance(post.event, AgentParted):
                self._handover.close()
            self.keeper.expect(post)
            self._events.put_nowait(post.event)

    def yield_(self) -> None:
        """Let another process go on with the conversation."""
        if not self._is_over:
            self._is_over = True
            self._events.put_nowait(Yielded())

    def nudge(self) -> None:
        """Something may have changed at the agents' desk."""
        self._handover.nudge()

    def show_typing(self, *, is_on: bool) -> None:
        """Show that an agent writes."""
        self._show(protocol.Typing(is_on=is_on, by=Party.AGENT))

    # --- the conversation --------------------------------------------------------------------------------------

    async def receive(self) -> Event | Yielded:
        """Return the next thing that happened."""
        return await self._events.get()

    async def perform(self, action: ChannelAction) -> None:
        """Begin ``action`` and return at once; words are shown when they are kept."""
        match action:
            case Say():
                self._events.put_nowait(PromptFinished(self._clock(), action.turn))
            case Listen():
                self._show(protocol.Typing(is_on=False))
                self._cancel("_silence")
                loop = asyncio.get_running_loop()
                self._silence = loop.call_later(action.seconds, self._fell_silent, action.turn)
            case TransferToAgent():
                self._handover.begin(action, self._phone)
            case GiveWayToEmergency():  # a chat cannot be put through: the words say to dial
                self._events.put_nowait(TransferFailed(self._clock(), action.turn, "chat"))
            case End():
                self.finish(action.outcome)
            case StayHere():
                self._handover.stay_here()
            case SendText() | StopSaying() | CollectKeys():
                pass
            case _:
                assert_never(action)

    def finish(self, outcome: Outcome) -> None:
        """Tell the page that the conversation is over; idempotent."""
        if not self._is_finished:
            self._is_finished = True
            self._show(protocol.Typing(is_on=False))
            self._show(protocol.Ended(outcome=outcome.value))
        self.leave()

    def move(self) -> None:
        """Tell the page to come back: the conversation goes on elsewhere."""
        self._is_finished = self._is_over = True
        self._show(protocol.Moved())

    async def close(self) -> None:
        """End the chat; idempotent."""
        self._cancel("_silence")
        self._cancel("_away")
        self._handover.close()
        if self._unit_talk is not None:
            self._unit_talk.close()
        self.leave()

    async def end(self) -> None:
        """Let go of the agent, since the chat is over, and does not go on elsewhere."""
        await self._handover.end()
        await self.keeper.forget_evidence()

    def _shown(self, step: Sequence[Entry]) -> None:
        before = self._standing
        for entry in step:
            self._note(entry)
        for message in self._thread.read(step):
            self._show(message)
            if isinstance(message, protocol.Echoed) and self._standing.whom == "assistant":
                self._show(protocol.Typing(is_on=True))
        if self._news is not None:
            self._news.note(step[0], number=self._thread.written, has_page=self._send is not None)
        if self._standing != before:
            self._show(protocol.Typing(is_on=False))
            self._show(self._standing)

    def _note(self, entry: Entry) -> None:
        """Keep in mind whom the citizen writes to."""
        if self._unit_talk is not None:
            self._unit_talk.note(entry)
        match entry:
            case Started():
                self._phone = entry.phone.digits if entry.phone is not None else ""
                self._standing = protocol.Standing(whom="assistant")
            case TransferToAgent():
                self._standing = protocol.Standing(whom="waiting")
            case WaitsForAgent():
                self._standing = protocol.Standing(
                    whom="waiting", position=entry.position, wait_seconds=entry.wait_seconds
                )
            case AgentJoined():
                self._standing = protocol.Standing(whom="agent", agent=entry.agent)
            case NoAgentFree() | TransferFailed() | StayHere() | AgentParted():
                self._standing = protocol.Standing(whom="assistant")
            case _:
                return
        self.keeper.agent = self._standing.agent

    def _told(self, _: asyncio.Task[None]) -> None:
        self._telling = None

    def _happen(self, event: Event) -> None:
        self._events.put_nowait(event)

    def _echo_again(self, message: str) -> None:
        """Say once more that a message was taken; one that is still on its way is echoed when it is kept."""
        for one in reversed(self.messages()):
            if isinstance(one, protocol.Echoed) and one.id == message:
                self._show(one)
                return

    def _wait_for_page(self) -> None:
        if not self._is_over:
            patience = self._customs.patience
            seconds = patience.away_seconds if self._has_spoken else patience.unspoken_seconds
            self._cancel("_away")
            self._away = asyncio.get_running_loop().call_later(seconds, self.leave)

    def _fell_silent(self, turn: int) -> None:
        self._events.put_nowait(FellSilent(self._clock(), turn))

    def _show(self, message: protocol.Outgoing) -> None:
        if self._send is not None:
            self._send(message)

    def _cancel(self, timer: str) -> None:
        handle: asyncio.TimerHandle | None = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)
