"""The dispatch catalogue as people write it (派单目录的文本): rows in order, as plain data, and what was changed in them. Pure.

The router compiles such a text; here nothing is known of what a row means. ``docs/routing.md`` tells the fields.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

RowData = Mapping[str, Any]
"""A row as the catalogue's files write it: field → value."""

AT_THE_END: Final = ""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One row; ``group`` is the name of its file without the ending."""

    group: str
    data: RowData

    @property
    def id(self) -> str:
        """The row's number (规则编号)."""
        return str(self.data.get("id", ""))


@dataclass(frozen=True, slots=True)
class CatalogueText:
    """One version in full. ``expectations``: golden matter → unit that must lead it now, where that is another than the files say."""

    about: Mapping[str, Any]
    words: Mapping[str, Any]
    rows: tuple[CatalogueRow, ...]
    expectations: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version's name."""
        return str(self.about["version"])

    @property
    def valid_from(self) -> date:
        """The first day on which it is in force."""
        return date.fromisoformat(str(self.about["valid_from"]))

    def row(self, id_: str) -> CatalogueRow | None:
        """Return a row by its number."""
        return next((row for row in self.rows if row.id == id_), None)

    def dumped(self) -> str:
        """Return the text as JSON, always the same for the same text."""
        return json.dumps(
            {
                "about": {**self.about, "valid_from": str(self.about["valid_from"])},
                "words": self.words,
                "rows": [[row.group, row.data] for row in self.rows],
                "expectations": self.expectations,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def loaded(cls, text: str) -> CatalogueText:
        """Return the text of its JSON. Raises ``ValueError`` when it is none."""
        try:
            found = json.loads(text)
            rows = tuple(CatalogueRow(group, data) for group, data in found["rows"])
            return cls(found["about"], found["words"], rows, found["expectations"])
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(str(error)) from error


def digest_of(version: str, valid_from: date, text: str) -> str:
    """Return what proves that a published text is whole and is this version's."""
    return hashlib.sha256(f"{version}\n{valid_from.isoformat()}\n{text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RowChange:
    """What becomes of one row. ``was`` is None for a new row, ``becomes`` None for one that is taken out.

    ``before`` is the row before which it stands from now on, ``AT_THE_END`` behind all of its group; None: it stays where it is.
    """

    row: str
    was: RowData | None
    becomes: RowData | None
    before: str | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether the row stays what and where it was."""
        return self.was == self.becomes and self.before is None


@dataclass(frozen=True, slots=True)
class WordsChange:
    """What becomes of one word list (词表). ``was`` is None for a new topic, ``becomes`` None for one that is taken out."""

    name: str
    was: tuple[str, ...] | None
    becomes: tuple[str, ...] | None


class ChangeConflictError(ValueError):
    """A change does not fit any more; ``row`` is whose row or word list it is, ``reason`` why: taken, gone, other, anchor."""

    def __init__(self, row: str, reason: str) -> None:
        self.row = row
        self.reason = reason
        super().__init__(f"{row}: {reason}")


def applied(rows: Sequence[CatalogueRow], changes: Sequence[RowChange]) -> tuple[CatalogueRow, ...]:
    """Return ``rows`` with the changes, in their order. Raises ``ChangeConflictError``."""
    found = list(rows)
    for change in changes:
        _apply(found, change)
    return tuple(found)


def _apply(rows: list[CatalogueRow], change: RowChange) -> None:
    at = next((index for index, row in enumerate(rows) if row.id == change.row), None)
    if change.was is None:
        if at is not None:
            raise ChangeConflictError(change.row, "taken")
        group, place = _place(rows, change, "")
        rows.insert(place, CatalogueRow(group, change.becomes or {}))
        return
    if at is None:
        raise ChangeConflictError(change.row, "gone")
    if rows[at].data != change.was:
        raise ChangeConflictError(change.row, "other")
    old = rows[at]
    if change.becomes is None:
        del rows[at]
    elif change.before is None:
        rows[at] = CatalogueRow(old.group, change.becomes)
    else:
        del rows[at]
        group, place = _place(rows, change, old.group)
        rows.insert(place, CatalogueRow(group, change.becomes))


def _place(rows: Sequence[CatalogueRow], change: RowChange, group: str) -> tuple[str, int]:
    """Return the group in which a row is put, and where."""
    if change.before:
        at = next((index for index, row in enumerate(rows) if row.id == change.before), None)
        if at is None:
            raise ChangeConflictError(change.row, "anchor")
        return rows[at].group, at
    last = group or (rows[-1].group if rows else "rows")
    places = [index for index, row in enumerate(rows) if row.group == last]
    return last, places[-1] + 1 if places else len(rows)


OWN_LISTS: Final = ("negations", "questions")
"""The lists that are no topics: what denies (否定词), and what only asks (问话)."""


def word_lists(words: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the word lists of a catalogue by name: those of ``OWN_LISTS`` and the topics."""
    own = {name: words.get(name, ()) for name in OWN_LISTS}
    return {name: tuple(found) for name, found in {**own, **words.get("topics", {})}.items()}


def with_words(words: Mapping[str, Any], changes: Sequence[WordsChange]) -> Mapping[str, Any]:
    """Return ``words`` with the changes. Raises ``ChangeConflictError`` when a list is another by now."""
    if not changes:
        return words
    lists = word_lists(words)
    for change in changes:
        if lists.get(change.name) != change.was:
            raise ChangeConflictError(change.name, "other")
        if change.becomes is None:
            del lists[change.name]
        else:
            lists[change.name] = change.becomes
    own = {name: list(lists.pop(name, ())) for name in OWN_LISTS}
    return {**own, "topics": {name: list(found) for name, found in lists.items()}}


@dataclass(frozen=True, slots=True)
class WordsDifference:
    """How a word list differs between two catalogues; ``kind`` as of rows: added, removed, changed."""

    name: str
    kind: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def words_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[WordsDifference, ...]:
    """Return what differs, in the order of the new lists, those that are gone last."""
    before, after = word_lists(old), word_lists(new)
    found = []
    for name in (*after, *(name for name in before if name not in after)):
        was, now = before.get(name, ()), after.get(name, ())
        kind = "added" if name not in before else "removed" if name not in after else "changed"
        if was != now or kind != "changed":
            more = tuple(word for word in now if word not in was)
            less = tuple(word for word in was if word not in now)
            found.append(WordsDifference(name, kind, more, less))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class RowDifference:
    """How a row differs between two texts: ``fields`` that differ with their values before and after; or it is new, gone, moved."""

    row: str
    kind: str  # added, removed, changed, moved
    fields: tuple[tuple[str, Any, Any], ...]


def differences(old: Sequence[CatalogueRow], new: Sequence[CatalogueRow]) -> tuple[RowDifference, ...]:
    """Return what differs, in the order of the new rows, those that are gone last."""
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    moved = _moved([row.id for row in old if row.id in after], [row.id for row in new if row.id in before])
    found = []
    for row in new:
        was = before.get(row.id)
        if was is None:
            found.append(RowDifference(row.id, "added", fields_of({}, row.data)))
        elif was.data != row.data:
            found.append(RowDifference(row.id, "changed", fields_of(was.data, row.data)))
        elif row.id in moved:
            found.append(RowDifference(row.id, "moved", ()))
    found += [RowDifference(row.id, "removed", fields_of(row.data, {})) for row in old if row.id not in after]
    return tuple(found)


def fields_of(old: RowData, new: RowData) -> tuple[tuple[str, Any, Any], ...]:
    """Return the fields in which two rows differ, with their values."""
    names = dict.fromkeys([*old, *new])
    return tuple((name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _moved(old: Sequence[str], new: Sequence[str]) -> frozenset[str]:
    """Return the rows that stand elsewhere: those outside a longest run that keeps its order (patience)."""
    place = {id_: index for index, id_ in enumerate(old)}
    tails: list[int] = []
    ends: list[str] = []
    behind: dict[str, str | None] = {}
    for id_ in new:
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if tails[middle] < place[id_] else (low, middle)
        behind[id_] = ends[low - 1] if low else None
        tails[low : low + 1], ends[low : low + 1] = [place[id_]], [id_]
    kept: set[str] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = behind[last]
    return frozenset(new) - kept
