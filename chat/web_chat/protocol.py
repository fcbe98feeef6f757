"""The web chat's messages, version 1: JSON objects on a WebSocket (docs/protocol-web-chat.md)."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

VERSION: Final = 1
MAX_CHARACTERS: Final = 10_000


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Hello(_Message):
    """First message of a page: a new conversation, or ``session`` to go on with one after a break."""

    type: Literal["hello"]
    version: Literal[1]
    session: Annotated[str, Field(max_length=64)] | None = None
    seen: Annotated[int, Field(ge=0)] = 0


class Text(_Message):
    """The citizen's words."""

    type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


class Bye(_Message):
    """The citizen closes the conversation for good (closing the page alone keeps it for a while)."""

    type: Literal["bye"]


Incoming = Hello | Text | Bye
Fault = Literal["bad_message", "too_long"]

_ADAPTER: Final[TypeAdapter[Incoming]] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])
_TURNED: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing: with them, a text could be shown to staff other than it was written."""


def parse(raw: str) -> Incoming | Fault:
    """Return the message, or why it is not one of version 1."""
    try:
        message = _ADAPTER.validate_json(raw)
    except ValidationError as error:
        return "too_long" if error.errors()[0]["type"] == "string_too_long" else "bad_message"
    if not isinstance(message, Text):
        return message
    text = readable(message.text)
    return message.model_copy(update={"text": text}) if text else "bad_message"


def readable(text: str) -> str:
    """Return the text without control characters and marks that turn its direction, trimmed."""
    kept = (
        sign
        for sign in text
        if sign in "\n\t" or (unicodedata.category(sign) != "Cc" and sign not in _TURNED)
    )
    return "".join(kept).strip()


def welcome(session: str, *, last: int) -> dict[str, object]:
    """Answer to ``hello``: keep ``session`` to be able to come back; ``last`` is the newest message's number."""
    return {"type": "welcome", "version": VERSION, "session": session, "last": last}


def said(number: int, text: str) -> dict[str, object]:
    """A message of the hotline; ``number`` counts them, for coming back."""
    return {"type": "said", "number": number, "text": text}


def echoed(number: int, text: str) -> dict[str, object]:
    """A message of the citizen was taken."""
    return {"type": "echoed", "number": number, "text": text}


def typing(*, is_on: bool) -> dict[str, object]:
    """Whether the hotline is preparing an answer."""
    return {"type": "typing", "is_on": is_on}


def ended(outcome: str) -> dict[str, object]:
    """The conversation is over."""
    return {"type": "ended", "outcome": outcome}


def replaced() -> dict[str, object]:
    """Another page goes on with the conversation; this one is closed."""
    return {"type": "replaced"}


def refused(code: str, text: str) -> dict[str, object]:
    """A message could not be taken: ``code`` for programs, ``text`` for people."""
    return {"type": "refused", "code": code, "text": text}
