"""What was meant: intents, slots and the understanding of one utterance."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hotline.domain.appeal import AppealKind, Fact, Interval, PhoneNumber, Place, Urgency


class Intent(StrEnum):
    """What the citizen wants of this turn (意图)."""

    APPEAL = "appeal"  # brings a matter: inquiry, help, complaint … (see ``kind`` and ``category``)
    AFFIRM = "affirm"  # 对、是的、可以
    DENY = "deny"  # 不对、不是、不用
    TRANSFER_TO_AGENT = "transfer_to_agent"  # 转人工
    ASK_PROGRESS = "ask_progress"  # 查进度
    REPEAT = "repeat"  # 再说一遍
    WAIT = "wait"  # 等一下
    GREET = "greet"
    THANK = "thank"
    GOODBYE = "goodbye"  # 再见、没有了
    WITHDRAW = "withdraw"  # 撤单、不投诉了
    NUISANCE = "nuisance"  # 骚扰、辱骂（a person judges）
    OFF_TOPIC = "off_topic"
    UNKNOWN = "unknown"


class FigureKind(StrEnum):
    """What a long number is."""

    PHONE = "phone"
    IDENTITY = "identity"  # 身份证号
    PLATE = "plate"  # 车牌号
    WORK_ORDER = "work_order"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number or plate: as it was ``said`` and as it is written (``value``).

    Of an identity card both are masked; ``is_valid`` says whether its check digit (GB 11643) is right.
    """

    kind: FigureKind
    said: str = field(repr=False)
    value: str = field(repr=False)
    is_valid: bool = True


@dataclass(frozen=True, slots=True)
class Slots:
    """Facts found in one utterance (要素), by code rather than by the model alone. Empty where nothing was said.

    ``place_choices``: two or three places, best first, where what was said may mean any of them; ``place`` is then
    the first of them or, where none is likelier, None. ``interval`` is what ``occurred`` means. ``people`` is the citizen;
    who else is spoken of is among the ``facts``.
    """

    place: Place | None = None
    place_choices: tuple[Place, ...] = ()
    occurred: str = ""
    interval: Interval | None = None
    phone: PhoneNumber | None = None
    people: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    work_order_number: str = ""
    figures: tuple[Figure, ...] = ()
    wants_secrecy: bool = False


@dataclass(frozen=True, slots=True)
class Understanding:
    """What one utterance means. ``confidence`` is of ``intent``, ``category_confidence`` of ``category``, both 0–1.

    ``shares``: the whole distribution over the finest categories, best first, together 1 (empty where no matter was told);
    ``runners_up`` are the likeliest other than ``category``. ``choices``: finer categories, likeliest first, that only a question can
    tell apart; ``category`` is then the class that they are of. ``kind`` is set when ``intent`` is ``APPEAL``.
    ``halves``: what is said before and after “还有” where they are two matters or more, each of which has a class of its own.
    ``engine`` names who said so: it is stored with the work order.
    """

    text: str
    intent: Intent
    confidence: float
    engine: str
    kind: AppealKind | None = None
    category: str | None = None
    category_confidence: float = 0.0
    runners_up: tuple[tuple[str, float], ...] = ()
    shares: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    choices: tuple[str, ...] = ()
    halves: tuple[str, ...] | None = None
    slots: Slots = field(default_factory=Slots)
    urgency: Urgency = Urgency.ORDINARY
    is_upset: bool = False
