"""Telling citizens how their orders go on (进展告知): by the door they subscribed by or came by while that is open, else by SMS.

Whose chat is open is shown it there first, and is sent no SMS once they have seen it; their unit's words too. A notice that nobody can be sent stays in the inbox ``citizen:<number>``.
Of confidential orders and tip-offs no more is said than that there is news: a telephone may be in somebody else's hands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Protocol

import structlog

from hotline.dialogue.prompts import Prompts
from hotline.dialogue.written_events import OrderNewsCame
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.errors import EngineUnavailableError, WorkOrderNotFoundError
from hotline.domain.letters import Correspondent
from hotline.domain.life_cycle import Step
from hotline.domain.notices import TO_CITIZENS
from hotline.domain.outbox import StoredMessage
from hotline.domain.progress import BETWEEN, Subscription
from hotline.domain.secrecy import is_hidden
from hotline.domain.work_order import WorkOrder
from hotline.service.chat_news import ChatNews, Shown
from hotline.service.delivery import Arrived, Failed, Later, Outcome
from hotline.service.reading_along import Reading, ReadingAlong, readers_of
from hotline.store.letters import SqlLetters
from hotline.store.progress import SqlProgress

log: Final = structlog.get_logger("notices")

DESTINATION: Final = "citizen:"
INBOX: Final = Arrived("inbox")
WINDOW: Final = timedelta(hours=48)
"""How long after their last message WeChat lets an account write to somebody."""
NOTICES: Final = frozenset({
    "secret", "dispatch", "designate", "grant_extension", "give_notice", "suspend", "approve_end", "pass_review", "conclude",
    "decline", "divert", "ask_supplement", "reopen", "split", "ask_hearing", "reject_hearing", "reject_objection",
    "unknown", "due", "step", "unit_wrote", "more",
})  # fmt: skip
FROM_UNIT: Final = "relay.message"
MOST_WAIT: Final = timedelta(seconds=180)
"""How long what an open chat shows waits for its citizen to have seen it."""
_LOOK_AGAIN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a citizen is told: a text, the same in few words for a template, and an id that stays the same at every try."""

    text: str
    facts: Mapping[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """Words notices from messages of the outbox. ``statuses`` and ``steps`` are short names."""

    prompts: Prompts
    statuses: Mapping[str, str]
    steps: Mapping[str, str]
    timezone: tzinfo

    def notice(self, message: StoredMessage, order: WorkOrder, unit: str | None) -> Notice | None:
        """Return the notice; None for a message that says nothing to a citizen."""
        body, step = message.message.body, message.message.kind.removeprefix("work_order.")
        name = _name(step)
        if name is None:
            return None
        unknown = self.prompts.text("unknown")
        values = {
            "number": order.number,
            "unit": unit or unknown,
            "due": self._day(body.get("due_at")) or unknown,
            "reply": str(body.get("reply") or ""),
            "reason": str(body.get("reason") or unknown),
            "step": self.steps.get(step, unknown),
            "text": str(body.get("text") or ""),
        }
        name = "secret" if is_hidden(order) else name
        facts = {
            "number": order.number,
            "status": self.statuses.get(str(body.get("status") or order.status), unknown),
            "unit": "" if is_hidden(order) else values["unit"],
            "at": self._minute(body.get("at")),
            "due": values["due"],
        }
        return Notice(self.prompts.text(name, **values), facts, message.message.key)

    def _day(self, at: Any) -> str:
        moment = self._moment(at)
        return (
            self.prompts.text("due", month=str(moment.month), day=str(moment.day))
            if moment is not None
            else ""
        )

    def _minute(self, at: Any) -> str:
        moment = self._moment(at)
        return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else ""

    def _moment(self, at: Any) -> datetime | None:
        moment = _moment(at)
        return moment.astimezone(self.timezone) if moment is not None else None


def _name(step: str) -> str | None:
    """Return the name of the words for a step; None for one that says nothing to a citizen."""
    if step == FROM_UNIT:
        return "unit_wrote"
    if step in BETWEEN:
        return "step"
    return step if step in TO_CITIZENS else None


def _moment(at: Any) -> datetime | None:
    return datetime.fromisoformat(at) if isinstance(at, str) and at else None


class Orders(Protocol):
    """Gives orders by their number."""

    async def get(self, number: str) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""


class Telling(Protocol):
    """Tells a notice over one channel. Never raises, never waits for ever."""

    async def tell(self, who: Correspondent, notice: Notice, at: datetime) -> Outcome:
        """Say how it went; final: not over this channel."""


class TellingByPhone(Protocol):
    """Tells a notice to a telephone number (SMS)."""

    async def tell_phone(self, phone: PhoneNumber, notice: Notice) -> Outcome:
        """Say how it went."""


class CitizenNotices:
    """Sends messages to ``citizen:<number>``."""

    def __init__(
        self,
        orders: Orders,
        letters: SqlLetters,
        words: NoticeWords,
        unit_name: Mapping[str, str],
        *,
        subscriptions: SqlProgress,
        by_channel: Mapping[ContactChannel, Telling],
        by_phone: TellingByPhone | None,
        reading: ReadingAlong | None = None,
        news: ChatNews | None = None,
        unseen: timedelta = MOST_WAIT,
    ) -> None:
        """Take orders, letters, words, the units' names, who wants what told where, and who tells over which channel.

        ``reading`` tells who reads along in a chat, ``news`` leaves notices for open chats, where there are any;
        ``unseen``: so long what is shown there may stay unseen before it goes by SMS.
        """
        self._news = news
        self._unseen = unseen
        self._reading = reading
        self._subscriptions = subscriptions
        self._orders = orders
        self._letters = letters
        self._words = words
        self._unit_name = unit_name
        self._by_channel = by_channel
        self._by_phone = by_phone

    async def send(self, message: StoredMessage, at: datetime) -> Outcome:
        """Tell a notice once; what cannot be told is in the inbox."""
        try:
            order = await self._orders.get(message.message.destination.removeprefix(DESTINATION))
        except WorkOrderNotFoundError:
            return INBOX
        body = message.message.body
        if _moment(body.get("at")) == order.registered_at:
            return INBOX  # said in the conversation itself
        number, step = order.number, message.message.kind.removeprefix("work_order.")
        unit = body.get("lead_unit") or body.get("unit") or ""
        notice = self._words.notice(message, order, self._unit_name.get(str(unit)))
        subscription = await self._subscriptions.of(number)
        if notice is None or (step in BETWEEN and subscription is None):  # it was ended meanwhile
            return INBOX
        who = await self._reader(order, subscription)
        if who is not None and step == FROM_UNIT and _reads_along(who, message.message.subject):
            return INBOX  # the conversation itself brings it
        marks = await self._marks(order, message) if step == FROM_UNIT else ()
        in_chat = self._in_talk(marks, message, at)
        if in_chat is None and who is None and not any(mark.is_here or mark.read for mark in marks):
            in_chat = await self._in_open_chat(order, notice, at, is_answer=step == Step.PASS_REVIEW)
        if in_chat is not None:
            return in_chat
        telling = self._by_channel.get(who.channel) if who is not None else None
        if who is not None and telling is not None and not who.is_gone:
            outcome = await telling.tell(who, notice, at)
            if not isinstance(outcome, Failed) or not outcome.is_final:
                return outcome
            log.info("notice.other_channel", error=outcome.error)
        if self._by_phone is not None and order.appeal.phone is not None:
            return await self._by_phone.tell_phone(order.appeal.phone, notice)
        return INBOX

    async def _marks(self, order: WorkOrder, message: StoredMessage) -> Sequence[Reading]:
        """Return how far the citizen has come with what their unit writes in a chat that it takes part in.

        Whoever else is in a chat about the order does not count: this citizen is known by what is theirs.
        """
        if self._reading is None:
            return ()
        try:
            return await self._reading.of(
                message.message.subject, readers_of(order.conversation, order.appeal.phone)
            )
        except EngineUnavailableError as error:
            log.info("notice.chats_not_asked", error=error.reason)
            return ()

    def _in_talk(self, marks: Sequence[Reading], message: StoredMessage, at: datetime) -> Outcome | None:
        """Return what became of a unit's words in the chat that it takes part in; None: they are to be sent."""
        position = message.message.body.get("position")
        if not isinstance(position, int):
            return None
        if any(mark.has_read(position) for mark in marks):
            return Arrived("chat")
        waits = timedelta(0) <= at - message.created_at < self._unseen
        return Later(_LOOK_AGAIN) if waits and any(mark.may_read(position) for mark in marks) else None

    async def _in_open_chat(
        self, order: WorkOrder, notice: Notice, at: datetime, *, is_answer: bool
    ) -> Outcome | None:
        """Show a notice in the citizen's open chat; None: it was not seen there in time, or there is none."""
        if self._news is None:
            return None
        readers = (f"order:{order.number}", *readers_of(order.conversation, order.appeal.phone))
        try:
            told = await self._news.leave(
                readers, OrderNewsCame(at, order.number, notice.text, notice.key, is_answer)
            )
        except EngineUnavailableError as error:
            log.info("notice.chats_not_asked", error=error.reason)
            return None
        if told is None or told.shown is Shown.AWAY:
            return None
        if told.shown is Shown.SEEN:
            return Arrived("chat")
        return Later(_LOOK_AGAIN) if timedelta(0) <= at - told.left_at < self._unseen else None

    async def _reader(self, order: WorkOrder, subscription: Subscription | None) -> Correspondent | None:
        """Return who reads it by letter: who subscribed, else whose letters the order came of; None: nobody, or SMS was wanted."""
        if subscription is not None and subscription.correspondent is not None:
            return await self._letters.correspondent(subscription.correspondent)
        if subscription is not None or not order.conversation:
            return None
        return await self._letters.correspondent_of(order.conversation)


def _reads_along(who: Correspondent, order: str) -> bool:
    return who.at_desk is not None and who.at_desk.talk is not None and who.at_desk.talk.order == order
