"""What the conversation wants done. Actions that expect an answer carry ``turn``; a late answer is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotline.dialogue.cards import Card
from hotline.domain.appeal import Appeal, EmergencyService, PhoneNumber
from hotline.domain.callbacks import CallbackWindow
from hotline.domain.diversion import Diversion
from hotline.domain.speech import Expected


class Outcome(StrEnum):
    """How a conversation ended, as reports print it. ``FAILED`` includes a caller who gave up or said nothing."""

    ANSWERED = "answered"
    REGISTERED = "registered"
    EMERGENCY = "emergency"
    AGENT = "agent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Say:
    """Say (or write) ``parts`` in order, as one message.

    Each part is synthesised by itself: fixed sentences come from the cache, so that sound starts at once while a part
    with a number or a place is still being rendered. ``prompts`` names the prompts used, for the journal. A prompt
    that is not ``is_interruptible`` is played to its end whatever the citizen says (legal notice). ``is_slow``: to be
    spoken slowly (elder mode, 适老模式). ``card`` is shown with it in writing, where it can be.
    """

    turn: int
    parts: tuple[str, ...]
    prompts: tuple[str, ...] = ()
    is_interruptible: bool = True
    is_slow: bool = False
    card: Card | None = None

    @property
    def text(self) -> str:
        """The whole message."""
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class StopSaying:
    """Stop what is being played, now."""


@dataclass(frozen=True, slots=True)
class SendText:
    """Send ``text`` in writing (SMS or chat) where the channel can."""

    text: str


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for words; ``FellSilent(turn)`` after ``seconds`` without any, counted from the end of the prompt.

    ``expect`` tells the recogniser what kind of answer is likely; ``choices`` are likely answers, if any. ``slowness``:
    how much longer than others this citizen may pause.
    """

    turn: int
    expect: Expected
    seconds: float
    choices: tuple[str, ...] = ()
    slowness: float = 1.0


@dataclass(frozen=True, slots=True)
class CollectKeys:
    """Wait for up to ``max_keys`` keys besides words."""

    turn: int
    max_keys: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Understand:
    """Find out what ``text`` means → ``Understood`` or ``EngineFailed("understander")``."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Search the knowledge base → ``PassagesFound`` or ``EngineFailed("retriever")``. ``county``: the code, if it is known.

    ``is_heard``: the question was recognised from speech, so that sounds say more of it than characters; ``others`` are
    what else it may have been.
    """

    turn: int
    question: str
    category: str | None = None
    county: str | None = None
    is_heard: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterAppeal:
    """Register the appeal as a work order → ``AppealRegistered`` after the commit, or ``EngineFailed("store")``.

    ``diversion`` is what the dialogue proposes (a person confirms); ``linked_to`` an earlier order on the same matter.
    """

    turn: int
    appeal: Appeal
    article: str | None = None
    diversion: Diversion | None = None
    linked_to: str | None = None


@dataclass(frozen=True, slots=True)
class CheckRepeat:
    """Look for an earlier order of ``caller`` on the same matter → ``RepeatFound``, ``NoRepeat`` or ``EngineFailed("repeats")``."""

    turn: int
    appeal: Appeal
    caller: PhoneNumber


@dataclass(frozen=True, slots=True)
class MergeIntoOrder:
    """Merge the appeal into order ``number``, as the citizen agreed → ``Merged`` after the commit, or ``EngineFailed("merge")``.

    ``told`` is what the citizen was told of it.
    """

    turn: int
    number: str
    appeal: Appeal
    told: str


@dataclass(frozen=True, slots=True)
class AddToOrder:
    """Add what the citizen says to their order ``number`` → ``FactsAdded`` after the commit, or ``EngineFailed("facts")``.

    ``wants_secrecy``: from now on its units see nothing of who they are. ``urges``: they urge it (催办).
    """

    turn: int
    number: str
    text: str
    wants_secrecy: bool = False
    urges: bool = False


@dataclass(frozen=True, slots=True)
class LookUpProgress:
    """Find how orders stand → ``ProgressFound``, ``NoProgress`` or ``EngineFailed("progress")``.

    By ``number``, else all of ``caller``. ``proof``: last four digits of the telephone that filed a secret order.
    """

    turn: int
    number: str | None = None
    caller: PhoneNumber | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class FindUnit:
    """Find who handles what ``text`` is about → ``UnitFound`` or ``EngineFailed("router")``."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class TransferToAgent:
    """Put the citizen through to a person → ``AgentJoined``, ``NoAgentFree`` or ``TransferFailed``.

    The hand-over starts when what is being said has been played. ``briefing`` is for the agent's screen; ``skill`` is
    what the agent should be good at: "ordinary", "dialect", "enterprise" or "elder". ``handover``: an agent was asked for
    already, and is kept free.
    """

    turn: int
    reason: str
    briefing: str
    skill: str = "ordinary"
    handover: str = ""


@dataclass(frozen=True, slots=True)
class PlanCallback:
    """Have ``phone`` called back in ``window`` (回电) → ``CallbackPlanned`` after the commit, or ``EngineFailed("callbacks")``."""

    turn: int
    phone: PhoneNumber
    window: CallbackWindow
    words: str


@dataclass(frozen=True, slots=True)
class GiveWayToEmergency:
    """Put the citizen through to 110/119/120/122 → ``AgentJoined`` or ``TransferFailed``."""

    turn: int
    service: EmergencyService
    briefing: str


@dataclass(frozen=True, slots=True)
class StayHere:
    """Put the citizen through to nobody after all, if that is still possible: what was heard was something else."""

    turn: int


@dataclass(frozen=True, slots=True)
class End:
    """The conversation is over; the channel closes when what is being said has been played."""

    outcome: Outcome


Action = (
    Say
    | StopSaying
    | SendText
    | Listen
    | CollectKeys
    | Understand
    | LookUp
    | RegisterAppeal
    | CheckRepeat
    | MergeIntoOrder
    | AddToOrder
    | LookUpProgress
    | FindUnit
    | PlanCallback
    | TransferToAgent
    | GiveWayToEmergency
    | StayHere
    | End
)

ChannelAction = (
    Say | StopSaying | SendText | Listen | CollectKeys | TransferToAgent | GiveWayToEmergency | StayHere | End
)
"""Actions that the channel performs; the others are for the engines."""
