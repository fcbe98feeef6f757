"""The golden set (对照句): utterances kept apart from training, with what each of them means, and how an engine does on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hotline.city import City, read_yaml
from hotline.domain.appeal import FactKind
from hotline.domain.category import at_level, nearest, within
from hotline.domain.errors import CityConfigError
from hotline.domain.meaning import Understanding
from nlu.understander import Understander

FACTS: Final = frozenset(
    {
        "intent", "category", "kind", "urgency", "county", "street", "detail", "occurred", "phone", "order", "people",
        "amounts", "organisations", "secrecy", "upset",
    }
)  # fmt: skip
_MISHEARD: Final = "misheard"


@dataclass(frozen=True, slots=True)
class GoldenReport:
    """How an engine did: ``right`` of ``asked`` for each fact (and for the misheard alone), and what it missed."""

    asked: Mapping[str, int]
    right: Mapping[str, int]
    misses: tuple[str, ...]
    missed: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)

    @property
    def shares(self) -> dict[str, float]:
        """The share of right answers, each over the utterances that settle it."""
        return {name: round(self.right.get(name, 0) / count, 4) for name, count in sorted(self.asked.items())}

    @property
    def score(self) -> int:
        """How many intents and categories are right: by this a model is let in or not."""
        return self.right.get("intent", 0) + self.right.get("category", 0)


def read_golden(file: Path, city: City) -> list[dict[str, Any]]:
    """Read a golden set; an unknown fact or category is a ``CityConfigError``."""
    rows: list[dict[str, Any]] = read_yaml(file)["utterances"]
    for row in rows:
        strange = row.keys() - FACTS - {"text", _MISHEARD}
        if strange or not row.get("text"):
            raise CityConfigError(file=str(file), row=str(row.get("text")), reason=f"没有这些字段：{strange}")
        if "category" in row and nearest(row["category"], city.categories) is None:
            raise CityConfigError(file=str(file), row=row["text"], reason=f"没有这个分类：{row['category']}")
    return rows


async def scored(understander: Understander, rows: Sequence[Mapping[str, Any]]) -> GoldenReport:
    """Ask an engine every utterance. A category is right when it is the wanted one or one within it; ``second``: at that level."""
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    misses: list[str] = []
    missed: set[tuple[str, str]] = set()
    for row in rows:
        found = _facts(await understander.understand(row["text"]))
        wanted = {name: row[name] for name in FACTS if name in row}
        if "category" in wanted:
            wanted |= {"intent": "appeal", "second": at_level(wanted["category"])}
        found["second"] = at_level(found["category"])
        for name, value in wanted.items():
            groups = [name, f"{_MISHEARD} {name}"] if row.get(_MISHEARD) else [name]
            asked.update(groups)
            is_right = within(found[name], {value}) if name == "category" else found[name] == value
            if is_right:
                right.update(groups)
            else:
                missed.add((row["text"], name))
                misses.append(f"{row['text']}：{name} {found[name]}（应为 {value}）")
    return GoldenReport(dict(asked), dict(right), tuple(misses), frozenset(missed))


def _facts(meaning: Understanding) -> dict[str, Any]:
    slots, place = meaning.slots, meaning.slots.place
    return {
        "intent": meaning.intent.value,
        "category": meaning.category,
        "kind": meaning.kind.value if meaning.kind is not None else None,
        "urgency": meaning.urgency.value,
        "county": place.county_code if place is not None else None,
        "street": place.street_code if place is not None else None,
        "detail": place.detail if place is not None else None,
        "occurred": slots.occurred,
        "phone": slots.phone.digits if slots.phone is not None else None,
        "order": slots.work_order_number,
        "people": list(slots.people),
        "amounts": [fact.said for fact in slots.facts if fact.kind is FactKind.AMOUNT],
        "organisations": [fact.value for fact in slots.facts if fact.kind is FactKind.ORGANISATION],
        "secrecy": slots.wants_secrecy,
        "upset": meaning.is_upset,
    }
