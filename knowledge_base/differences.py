"""What has changed between two versions of an article (版本对比)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from hotline.domain.knowledge import Article, Attachment

_NOT_COMPARED: Final = frozenset({"id", "version"})
_SENTENCES: Final = re.compile(r"[^。！？；，\n]*[。！？；，\n]?")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that has changed: what was taken out of it, and what was put in (parts of sentences, or list entries)."""

    field: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


class Mark(StrEnum):
    """What became of a part of a field."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class MarkedField:
    """One field that has changed, whole: its parts in order, each with what became of it. ``is_list``: parts are entries."""

    field: str
    parts: tuple[tuple[Mark, str], ...]
    is_list: bool


def differences(old: Article, new: Article) -> tuple[FieldChange, ...]:
    """Return the fields that differ, in the order of the article's fields."""
    return tuple(
        FieldChange(one.field, _those(one, Mark.REMOVED), _those(one, Mark.ADDED)) for one in marked(old, new)
    )


def marked(old: Article, new: Article) -> tuple[MarkedField, ...]:
    """Return the fields that differ with all their parts, for reading them as a whole."""
    found = []
    for field in fields(Article):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name not in _NOT_COMPARED and before != after:
            parts = tuple(_moved(_parts(before), _parts(after)))
            found.append(MarkedField(field.name, parts, isinstance(after, tuple)))
    return tuple(found)


def _those(field: MarkedField, mark: Mark) -> tuple[str, ...]:
    return tuple(part for one, part in field.parts if one is mark)


def _moved(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Mark, str]]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, from_, until, start, end in matcher.get_opcodes():
        if tag == "equal":
            yield from ((Mark.SAME, part) for part in after[start:end])
        else:
            yield from ((Mark.REMOVED, part) for part in before[from_:until])
            yield from ((Mark.ADDED, part) for part in after[start:end])


def _parts(value: Any) -> list[str]:
    match value:
        case None:
            return []
        case str():
            return [part for part in _SENTENCES.findall(value) if part]
        case tuple():
            return [_text(one) for one in value]
        case _:
            return [str(value)]


def _text(value: Any) -> str:
    if not isinstance(value, Attachment):
        return str(value)
    # Another file by the same name is another attachment: the beginning of its digest tells them apart.
    return f"{value.name} {value.address if value.digest is None else value.digest[:8]}"
