"""What happened: the events of a conversation. ``at`` is the time, always aware; the dialogue itself reads no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.dialogue.talk_events import TalkEvent
from hotline.dialogue.written_events import WrittenEvent
from hotline.domain.appeal import ContactChannel, PhoneNumber, Place
from hotline.domain.callbacks import CallbackWindow
from hotline.domain.knowledge import Passage
from hotline.domain.meaning import Understanding
from hotline.domain.repeats import OrderNews


@dataclass(frozen=True, slots=True)
class CalledBack:
    """The hotline calls the citizen back (回电): at ``phone``, for ``task``; an agent is kept free as ``handover``.

    ``words`` are what the citizen said before, ``order`` the record of it, where there is one.
    """

    task: str
    phone: PhoneNumber
    words: str
    handover: str
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A citizen called or opened a chat. ``phone`` is the calling number where the channel knows it.

    ``prefers_slow``: they needed it in an earlier call. ``callback``: it is the hotline that called.
    ``is_known``: the channel itself tells whose orders are theirs.
    """

    at: datetime
    conversation: str
    channel: ContactChannel
    phone: PhoneNumber | None = None
    prefers_slow: bool = False
    callback: CalledBack | None = None
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The citizen began to speak (enough of it to be speech, not noise or “嗯”)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """The citizen said or wrote something. ``raw`` is the recogniser's own output; equal to ``text`` in writing.

    ``engine``: what recognised it; empty where it was written. ``continues``: it came within a second of what was said
    before, and belongs to it. ``since_seconds``: how long before ``at`` they began to say it. ``message``: the page's own
    id of what was written, by which it is known again when it is sent twice. ``others``: what else the sound may have
    been, in the recogniser's own words.
    """

    at: datetime
    text: str
    raw: str
    engine: str = ""
    continues: bool = False
    since_seconds: float = 0.0
    message: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartlySaid:
    """The citizen is still speaking; ``text`` is what has been made out so far, and may yet change."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key (DTMF): 0–9, * or #."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class LocationShared:
    """A place picked on a map or sent as a location. ``message``: the page's own id of it."""

    at: datetime
    place: Place
    message: str = ""


@dataclass(frozen=True, slots=True)
class HearingLost:
    """Speech was there but could not be recognised: the recogniser is down, late or heard no words.

    ``is_engine_down`` tells a broken engine from speech that merely was not understood as words, ``is_engine_busy`` one
    that had to turn the words away for want of capacity.
    """

    at: datetime
    is_engine_down: bool
    is_engine_busy: bool = False


@dataclass(frozen=True, slots=True)
class HungUp:
    """The citizen is gone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class FellSilent:
    """Nothing was said within the seconds that ``Listen`` or ``CollectKeys`` of ``turn`` allowed."""

    at: datetime
    turn: int


@dataclass(frozen=True, slots=True)
class PromptFinished:
    """The last of what ``Say`` of ``turn`` asked for has been played (or was stopped)."""

    at: datetime
    turn: int


@dataclass(frozen=True, slots=True)
class Understood:
    """The answer to ``Understand`` of ``turn``."""

    at: datetime
    turn: int
    understanding: Understanding


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The answer to ``LookUp`` of ``turn``, best first; empty when nothing fits."""

    at: datetime
    turn: int
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class AppealRegistered:
    """The commit is done: the appeal is a work order with a number. Only now may the citizen be told so.

    ``lead_unit`` and ``due_at`` are None when a person must dispatch it first. ``lead_unit`` is the unit's name.
    """

    at: datetime
    turn: int
    number: str
    lead_unit: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class RepeatFound:
    """The citizen has an earlier order on the same matter. ``has_new_facts``: something has changed since."""

    at: datetime
    turn: int
    order: OrderNews
    has_new_facts: bool = False


@dataclass(frozen=True, slots=True)
class NoRepeat:
    """Nothing that may be told of; ``linked_to`` is an earlier order that is kept secret even here."""

    at: datetime
    turn: int
    linked_to: str | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The commit is done: the citizen's record is merged into order ``number``. Only now may they be told so."""

    at: datetime
    turn: int
    number: str


@dataclass(frozen=True, slots=True)
class FactsAdded:
    """The commit is done: what was said is on order ``number``. Only now may the citizen be told so."""

    at: datetime
    turn: int
    number: str


@dataclass(frozen=True, slots=True)
class ProgressFound:
    """How the orders stand that were asked for, the most telling first; never empty."""

    at: datetime
    turn: int
    orders: tuple[OrderNews, ...]


@dataclass(frozen=True, slots=True)
class NoProgress:
    """No order that may be told of. ``needs_proof``: it is secret; ``was_refused``: the proof did not fit."""

    at: datetime
    turn: int
    needs_proof: bool = False
    was_refused: bool = False


@dataclass(frozen=True, slots=True)
class UnitFound:
    """Who handles what was asked about (归谁管): the name of a unit and why, or None when a person must decide."""

    at: datetime
    turn: int
    understanding: Understanding
    unit: str | None
    because: str = ""


@dataclass(frozen=True, slots=True)
class CallbackPlanned:
    """The commit is done: a person will call back in ``window``. Only now may the citizen be told so."""

    at: datetime
    turn: int
    window: CallbackWindow


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """What an action of ``turn`` asked for failed for good.

    ``engine`` is "understander", "retriever", "store", "repeats", "merge", "progress", "facts", "router" or "callbacks".
    """

    at: datetime
    turn: int
    engine: str


@dataclass(frozen=True, slots=True)
class StoreDelayed:
    """The database is away: what was to be committed in ``turn`` is tried again for a while, and not lost yet."""

    at: datetime
    turn: int


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """A person answered: an agent (工号 ``agent``, where it is known), or the emergency line that the call was handed to."""

    at: datetime
    turn: int
    agent: str = ""


@dataclass(frozen=True, slots=True)
class WaitsForAgent:
    """All agents are talking: the citizen is at ``position``, 1 for the next. ``wait_seconds`` None: cannot be said."""

    at: datetime
    turn: int
    position: int
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AgentRings:
    """An agent (工号 ``agent``) has the briefing before them, and is about to be rung."""

    at: datetime
    turn: int
    agent: str


@dataclass(frozen=True, slots=True)
class NoAgentFree:
    """Nobody is on duty or free. ``hours``: when people are there, if it is because they are not (人工服务时间)."""

    at: datetime
    turn: int
    hours: str = ""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The transfer was dialled and did not succeed."""

    at: datetime
    turn: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The agent (工号) takes the conversation from the machine (接管); they are kept free for it as ``handover``."""

    at: datetime
    agent: str
    handover: str


Event = (
    Started
    | SpeechStarted
    | Said
    | PartlySaid
    | KeyPressed
    | LocationShared
    | HearingLost
    | HungUp
    | FellSilent
    | PromptFinished
    | Understood
    | PassagesFound
    | AppealRegistered
    | RepeatFound
    | NoRepeat
    | Merged
    | FactsAdded
    | ProgressFound
    | NoProgress
    | UnitFound
    | CallbackPlanned
    | EngineFailed
    | StoreDelayed
    | AgentJoined
    | WaitsForAgent
    | AgentRings
    | NoAgentFree
    | TransferFailed
    | TakenOver
    | TalkEvent
    | WrittenEvent
)
