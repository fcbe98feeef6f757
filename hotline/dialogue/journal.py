"""The journal (对话记录): a conversation's events and actions as plain JSON, so that any of them can be replayed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from hotline.dialogue.actions import Action
from hotline.dialogue.events import Event
from hotline.dialogue.session import Session

_TYPES: dict[str, type] = {kind.__name__: kind for kind in (*get_args(Event), *get_args(Action))}


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_TYPES[name])


def encode(entry: Event | Action) -> tuple[str, dict[str, Any]]:
    """Return the entry's class name and its fields as plain JSON. Personal data is in it: keep it encrypted."""
    name = type(entry).__name__
    body: dict[str, Any] = _adapter(name).dump_python(entry, mode="json")
    return name, body


def decode(name: str, body: dict[str, Any]) -> Event | Action:
    """Return the entry that ``encode`` made; raise ``pydantic.ValidationError`` for a damaged one."""
    entry: Event | Action = _adapter(name).validate_python(body)
    return entry


def is_event(name: str) -> bool:
    """Tell events from actions by name."""
    return any(kind.__name__ == name for kind in get_args(Event))


def replay(session: Session, events: Iterable[Event]) -> list[Action]:
    """Feed recorded events to a fresh session and return all that it would do."""
    return [action for event in events for action in session.handle(event)]
