"""The web chat's messages, version 2: JSON objects on a WebSocket (docs/protocol-web-chat.md, docs/asyncapi/web-chat.yaml)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hotline.service.thread import Party

VERSION: Final = 2
MAX_CHARACTERS: Final = 10_000

Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="The page's own id of a message")]
Short = Annotated[str, Field(max_length=200)]
Number = Annotated[int, Field(ge=0, description="Messages of a conversation are numbered from 1")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


# --- from the page --------------------------------------------------------------------------------------------------


class Hello(_Message):
    """First message of a page: a new conversation, or ``session`` to go on with one, on whatever process.

    ``seen``: number of the last message that the page has. ``token``: who the citizen is, signed by the app that
    carries the page.
    """

    type: Literal["hello"]
    version: Literal[2]
    session: Annotated[str, Field(max_length=64)] | None = None
    seen: Number = 0
    token: Annotated[str, Field(max_length=8_192)] | None = None


class Text(_Message):
    """The citizen's words. The same ``id`` again is the same message: it is taken once."""

    type: Literal["text"]
    id: Id
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


class Report(_Message):
    """A form that is sent as a whole, or corrects the one that was shown. What is empty is understood from ``text``.

    ``category`` is a code, ``kind`` one of the kinds of appeals; ``phone``: a number to be reached at.
    """

    type: Literal["report"]
    id: Id
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
    kind: Literal["", "inquiry", "help", "complaint", "tip_off", "suggestion", "praise"] = ""
    category: Annotated[str, Field(pattern=r"^[0-9]{0,6}$")] = ""
    place: Short = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    occurred: Short = ""
    phone: Annotated[str, Field(pattern=r"^(1[0-9]{10}|0[0-9]{9,11})?$")] = ""
    name: Annotated[str, Field(max_length=32)] = ""
    wants_secrecy: bool = False


class Location(_Message):
    """Where the citizen is, or a point they chose (WGS 84); ``text`` in their words, if they gave any."""

    type: Literal["location"]
    id: Id
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    text: Short = ""


class Picture(_Message):
    """A picture or document that was uploaded for this conversation, by the id that was given for it."""

    type: Literal["picture"]
    id: Id
    evidence: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Draft(_Message):
    """What the citizen has written in a form so far; answered by ``guessed``, unless another follows before that."""

    type: Literal["draft"]
    id: Id
    text: Annotated[str, Field(max_length=MAX_CHARACTERS)]


class Writing(_Message):
    """The citizen began or stopped to write; shown to an agent."""

    type: Literal["writing"]
    is_on: bool


class Seen(_Message):
    """The citizen has seen everything up to ``number``: shown to an agent, and what a unit wrote is not sent as a notice too."""

    type: Literal["seen"]
    number: Number


class History(_Message):
    """Ask for up to 50 messages before ``before``."""

    type: Literal["history"]
    before: Annotated[int, Field(ge=1)]


class Ping(_Message):
    """Ask whether the line still carries; answered by ``pong``."""

    type: Literal["ping"]


class Bye(_Message):
    """The citizen closes the conversation for good (closing the page alone keeps it for a while)."""

    type: Literal["bye"]


Incoming = Hello | Text | Report | Location | Picture | Draft | Writing | Seen | History | Ping | Bye


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message is none of this version: ``bad_message`` or ``too_long``; ``id``: its own, where it could be read."""

    code: str
    id: str = ""


# --- to the page ----------------------------------------------------------------------------------------------------


Writer = Literal[Party.HOTLINE, Party.AGENT, Party.UNIT]


class Welcome(_Message):
    """Answer to ``hello``: keep ``session`` to be able to come back; another one than was asked for is a new conversation.

    What was missed follows, from number ``first`` up to ``last``; what is before ``first`` is had by ``history``.
    """

    type: Literal["welcome"] = "welcome"
    version: Literal[2] = 2
    session: str
    first: Number
    last: Number


class AttachmentLink(_Message):
    """A form or a document to be saved; ``href`` is an https address, or a path of the hotline's own site."""

    name: str
    href: str


class ArticleCard(_Message):
    """What an answer rests on, and the guide that goes with it."""

    type: Literal["article"] = "article"
    id: str
    title: str
    unit: str
    source: str
    steps: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    place: str = ""
    hours: str = ""
    phone: str = ""
    attachments: tuple[AttachmentLink, ...] = ()


class FormCard(_Message):
    """What was taken down, to be confirmed (by a reply) or corrected (by ``report``). ``phone`` is masked."""

    type: Literal["form"] = "form"
    kind: str
    kind_text: str
    category: str
    category_text: str
    text: str
    place: str
    occurred: str
    phone: str
    wants_secrecy: bool


class OrderLine(_Message):
    """How one order stands; ``status`` is empty where it has just been registered."""

    number: str
    status: str
    status_text: str
    unit: str
    due_at: datetime | None
    category_text: str
    registered_at: datetime | None


class OrdersCard(_Message):
    """How orders stand, the most telling first."""

    type: Literal["orders"] = "orders"
    orders: tuple[OrderLine, ...]


class NewsCard(_Message):
    """The message is news of an order; the page says when it was seen, and may show the order.

    ``is_answer``: it is the unit's reply, which the citizen may rate (满意度评价).
    """

    type: Literal["news"] = "news"
    number: str
    is_answer: bool = False


AnyCard = ArticleCard | FormCard | OrdersCard | NewsCard


class Said(_Message):
    """A message for the citizen, plain text. ``replies`` are short answers that may be pressed.

    ``name``: the agent's number (工号) or the unit's name.
    """

    type: Literal["said"] = "said"
    number: Number
    at: datetime
    by: Writer
    name: str = ""
    text: str
    replies: tuple[str, ...] = ()
    card: Annotated[AnyCard, Field(discriminator="type")] | None = None


class Echoed(_Message):
    """A message of the citizen was taken, as it is kept. ``evidence``: the picture it is, if it is one."""

    type: Literal["echoed"] = "echoed"
    number: Number
    at: datetime
    id: str
    text: str
    evidence: str = ""


class Earlier(_Message):
    """Answer to ``history``: messages in order; there are no others before them when ``is_all``."""

    type: Literal["earlier"] = "earlier"
    messages: tuple[Said | Echoed, ...]
    is_all: bool


class Guessed(_Message):
    """What a ``draft`` seems to be about; nothing is decided or kept. ``missing``: what would be asked next.

    ``emergency``: who is to be called at once. ``answer``: what is known of the question already.
    """

    type: Literal["guessed"] = "guessed"
    id: str
    kind: str = ""
    kind_text: str = ""
    category: str = ""
    category_text: str = ""
    place: str = ""
    is_located: bool = False
    occurred: str = ""
    unit: str = ""
    due_at: datetime | None = None
    missing: str = ""
    emergency: str = ""
    answer: ArticleCard | None = None
    answer_text: str = ""


class Standing(_Message):
    """Whom the citizen writes to. ``waiting``: at ``position`` of the queue; ``agent``: the agent's number."""

    type: Literal["standing"] = "standing"
    whom: Literal["assistant", "waiting", "agent"]
    agent: str = ""
    position: int | None = None
    wait_seconds: float | None = None


class Typing(_Message):
    """Whether an answer is being prepared or written."""

    type: Literal["typing"] = "typing"
    is_on: bool
    by: Writer = Party.HOTLINE


class Pong(_Message):
    """Answer to ``ping``."""

    type: Literal["pong"] = "pong"


class Ended(_Message):
    """The conversation is over; ``outcome`` as in docs/report.md."""

    type: Literal["ended"] = "ended"
    outcome: str


class Replaced(_Message):
    """Another page goes on with the conversation; this connection is closed."""

    type: Literal["replaced"] = "replaced"


class Moved(_Message):
    """Another process goes on with the conversation; this connection is closed, and the page comes back at once."""

    type: Literal["moved"] = "moved"


class Refused(_Message):
    """A message (``id``, where it had one) was not taken and changed nothing: ``code`` for programs, ``text`` for people."""

    type: Literal["refused"] = "refused"
    code: str
    text: str
    id: str = ""


Numbered = Said | Echoed
Outgoing = (
    Welcome
    | Said
    | Echoed
    | Earlier
    | Guessed
    | Standing
    | Typing
    | Pong
    | Ended
    | Replaced
    | Moved
    | Refused
)
LAST: Final = (Ended, Replaced, Moved)
"""After one of these the connection is closed."""


class _WithId(BaseModel):
    id: Id


_WITH_ID: Final = TypeAdapter(_WithId)
INCOMING: Final[TypeAdapter[Incoming]] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])
OUTGOING: Final[TypeAdapter[Outgoing]] = TypeAdapter(Annotated[Outgoing, Field(discriminator="type")])
_TURNED: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing: with them, a text could be shown to staff other than it was written."""


def parse(raw: str) -> Incoming | Fault:
    """Return the message, or why it is not one of version 2."""
    try:
        message = INCOMING.validate_json(raw)
    except ValidationError as error:
        is_long = any(
            one["type"] == "string_too_long" and one["loc"][-1:] == ("text",) for one in error.errors()
        )
        return Fault("too_long" if is_long else "bad_message", _id_in(raw))
    if isinstance(message, Draft):
        return message.model_copy(update={"text": readable(message.text)})
    if not isinstance(message, Text | Report):
        return message
    text = readable(message.text)
    if isinstance(message, Report):
        lines = {name: readable(getattr(message, name)) for name in ("place", "occurred", "name")}
        message = message.model_copy(update=lines)
    return message.model_copy(update={"text": text}) if text else Fault("bad_message", message.id)


def _id_in(raw: str) -> str:
    """Return the id of a message that is otherwise not right, so that its page knows which it was."""
    try:
        return _WITH_ID.validate_json(raw).id
    except ValidationError:
        return ""


def readable(text: str) -> str:
    """Return the text without control characters and marks that turn its direction, trimmed."""
    kept = (
        sign
        for sign in text
        if sign in "\n\t" or (unicodedata.category(sign) not in ("Cc", "Cs") and sign not in _TURNED)
    )
    return "".join(kept).strip()
