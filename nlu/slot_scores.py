"""How well slots are found (要素评测): sentences with every slot that is in them, precision and recall of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hotline.city import read_yaml
from hotline.domain.appeal import FactKind
from hotline.domain.errors import CityConfigError
from hotline.domain.meaning import Slots
from nlu.slots import SlotFinder

KINDS: Final = (
    "county",
    "street",
    "detail",
    "interval",
    "people",
    "persons",
    "organisations",
    "phone",
    "plates",
    "amounts",
)
_FIELDS: Final = frozenset({"text", "place", *KINDS})
_MINUTE: Final = "%Y-%m-%d %H:%M"
_FACTS: Final = {
    "persons": FactKind.PERSON,
    "organisations": FactKind.ORGANISATION,
    "plates": FactKind.PLATE,
    "amounts": FactKind.AMOUNT,
}


@dataclass(frozen=True, slots=True)
class KindScore:
    """Of one kind of slot: how many there are, were found, and were found rightly."""

    there: int
    found: int
    right: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there is none and none is found."""
        total = self.there + self.found
        return 2 * self.right / total if total else 1.0


@dataclass(frozen=True, slots=True)
class SlotReport:
    """The scores by kind, and what was missed or found wrongly."""

    scores: Mapping[str, KindScore]
    misses: tuple[str, ...]


def read_slot_rows(file: Path) -> list[dict[str, Any]]:
    """Read the sentences; an unknown field is a ``CityConfigError``."""
    rows: list[dict[str, Any]] = read_yaml(file)["utterances"]
    for row in rows:
        if strange := row.keys() - _FIELDS:
            raise CityConfigError(file=str(file), row=str(row.get("text")), reason=f"没有这些字段：{strange}")
    return rows


def slot_report(finder: SlotFinder, rows: Sequence[Mapping[str, Any]], at: datetime) -> SlotReport:
    """Find the slots of every sentence, said ``at``; a slot is right when its standard form is."""
    there, found, right = Counter[str](), Counter[str](), Counter[str]()
    misses: list[str] = []
    for row in rows:
        wanted, got = _wanted(row), _found(finder.find(row["text"], at))
        for kind in KINDS:
            hits = wanted[kind] & got[kind]
            there[kind] += wanted[kind].total()
            found[kind] += got[kind].total()
            right[kind] += hits.total()
            if wanted[kind] != got[kind]:
                misses.append(f"{row['text']}：{kind} {list(got[kind])}（应为 {list(wanted[kind])}）")
    return SlotReport(
        {kind: KindScore(there[kind], found[kind], right[kind]) for kind in KINDS}, tuple(misses)
    )


def _wanted(row: Mapping[str, Any]) -> dict[str, Counter[str]]:
    place = row.get("place", ("", "", ""))
    listed: dict[str, Iterable[str]] = {kind: row.get(kind, ()) for kind in KINDS}
    listed |= {
        "county": place[:1],
        "street": place[1:2],
        "detail": place[2:],
        "phone": [row.get("phone", "")],
    }
    listed["interval"] = [" — ".join(row["interval"])] if "interval" in row else ()
    return {kind: Counter(filter(None, values)) for kind, values in listed.items()}


def _found(slots: Slots) -> dict[str, Counter[str]]:
    place, interval = slots.place, slots.interval
    listed: dict[str, Iterable[str | None]] = {
        kind: [fact.value for fact in slots.facts if fact.kind is wanted] for kind, wanted in _FACTS.items()
    }
    listed |= {
        "county": [place.county] if place is not None else (),
        "street": [place.street] if place is not None else (),
        "detail": [place.detail] if place is not None else (),
        "interval": [f"{interval.start:{_MINUTE}} — {interval.end:{_MINUTE}}"]
        if interval is not None
        else (),
        "people": slots.people,
        "phone": [slots.phone.digits] if slots.phone is not None else (),
    }
    return {kind: Counter(value for value in values if value) for kind, values in listed.items()}
