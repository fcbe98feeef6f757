"""What has changed between two versions of an article (版本对比)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
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


def differences(old: Article, new: Article) -> tuple[FieldChange, ...]:
    """Return the fields that differ, in the order of the article's fields."""
    found = []
    for field in fields(Article):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name not in _NOT_COMPARED and before != after:
            removed, added = _moved(_parts(before), _parts(after))
            found.append(FieldChange(field.name, removed, added))
    return tuple(found)


def _moved(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    removed: list[str] = []
    added: list[str] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, from_, until, start, end in matcher.get_opcodes():
        if tag != "equal":
            removed += before[from_:until]
            added += after[start:end]
    return tuple(removed), tuple(added)


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
    return f"{value.name} {value.address}" if isinstance(value, Attachment) else str(value)
