"""The web chat's messages, version 1: JSON objects on a WebSocket (docs/protocol-web-chat.md)."""

from __future__ import annotations

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

_ADAPTER: Final[TypeAdapter[Incoming]] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])


def parse(raw: str) -> Incoming | None:
    """Return the message, or None when it is not one of version 1."""
    try:
        return _ADAPTER.validate_json(raw)
    except ValidationError:
        return None


def welcome(session: str) -> dict[str, object]:
    """Answer to ``hello``: keep ``session`` to be able to come back."""
    return {"type": "welcome", "version": VERSION, "session": session}


def said(number: int, text: str) -> dict[str, object]:
    """A message of the hotline; ``number`` counts them, for coming back."""
    return {"type": "said", "number": number, "text": text}


def echoed(number: int, text: str) -> dict[str, object]:
    """A message of the citizen, shown again after coming back."""
    return {"type": "echoed", "number": number, "text": text}


def typing(*, is_on: bool) -> dict[str, object]:
    """Whether the hotline is preparing an answer."""
    return {"type": "typing", "is_on": is_on}


def ended(outcome: str) -> dict[str, object]:
    """The conversation is over."""
    return {"type": "ended", "outcome": outcome}


def refused(code: str, text: str) -> dict[str, object]:
    """A message could not be taken: ``code`` for programs, ``text`` for people."""
    return {"type": "refused", "code": code, "text": text}
