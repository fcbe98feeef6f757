"""What happens in a conversation in writing that people have taken over (人工对话): they write, and they leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.dialogue.forms import ReportForm


class Parting(StrEnum):
    """How an agent leaves a conversation in writing."""

    BACK = "back"  # 交还智能助手
    CLOSED = "closed"  # 结束对话
    PASSED_ON = "passed_on"  # 转给别的话务员
    LOST = "lost"  # 坐席失联


@dataclass(frozen=True, slots=True)
class AgentWrote:
    """The agent (工号) wrote to the citizen. ``message``: the desk's own id, by which it is known again when sent twice."""

    at: datetime
    agent: str
    text: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class AgentParted:
    """The agent has left."""

    at: datetime
    agent: str
    how: Parting


@dataclass(frozen=True, slots=True)
class UnitInvited:
    """The agent has the unit of order ``order`` take part (三方对话): it reads and writes through the relay, and sees nobody's identity.

    ``after``: how many messages the relay had by then.
    """

    at: datetime
    order: str
    unit: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class UnitWrote:
    """The unit wrote, through the relay of order ``order``, as its message number ``position``."""

    at: datetime
    order: str
    unit: str
    text: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class OrderNewsCame:
    """The hotline tells in an open chat how order ``order`` goes on (进展告知); ``notice`` is the message's own id.

    ``is_answer``: the unit has replied, and the citizen may say how content they are (满意度评价).
    """

    at: datetime
    order: str
    text: str
    notice: str
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class UnitDismissed:
    """The unit takes part no more."""

    at: datetime
    order: str
    unit: str


@dataclass(frozen=True, slots=True)
class FormSent:
    """The citizen filled in a form and sent it."""

    at: datetime
    form: ReportForm
    message: str = ""


@dataclass(frozen=True, slots=True)
class PictureSent:
    """The citizen sent a picture or a document, kept as ``evidence``; ``kind`` is its media type."""

    at: datetime
    evidence: str
    kind: str
    message: str = ""


WrittenEvent = (
    AgentWrote
    | AgentParted
    | UnitInvited
    | UnitWrote
    | UnitDismissed
    | OrderNewsCame
    | FormSent
    | PictureSent
)
