"""Benchmark of understanding: on any table of labelled messages, and on utterances with their whole meaning.

``python -m bench.nlu CSV TEXT_COLUMNS LABEL_COLUMN config/linyi MODEL_FOLDER`` prints the figures of the in-process
engine; several text columns are separated by commas and joined.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

from sklearn.metrics import accuracy_score, f1_score

from hotline.city import City, load_city, read_yaml
from hotline.domain.appeal import FactKind
from hotline.domain.category import nearest
from hotline.domain.errors import CityConfigError, HotlineError
from hotline.domain.meaning import Understanding
from nlu.engines.linear import LinearUnderstander, train_linear
from nlu.engines.rules import UnderstandingRules
from nlu.understander import Understander

_NS_PER_MS: Final = 1_000_000
_PROGRESS_EVERY: Final = 50
_NONE: Final = ""

Progress = Callable[[int, int], None]


class MessageDataError(HotlineError):
    """The table of messages cannot be used; the message says why, in Chinese."""

    code = "bench.message_data"


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """From a city's categories to another list of classes (分类对照): by the longest code, some split further by words."""

    classes: Mapping[str, str]
    unless: Mapping[str, Mapping[str, Sequence[str]]]

    def of(self, category: str, text: str) -> str:
        """Return the class of ``category`` for a message with this text; empty when it has none there."""
        for other, words in (nearest(category, self.unless) or {}).items():
            if any(word in text for word in words):
                return other
        return nearest(category, self.classes) or _NONE

    def best(self, meaning: Understanding) -> str:
        """Return the class with the most confidence over the understood category and its runners-up."""
        chances: Counter[str] = Counter()
        if meaning.category is not None:
            chances[self.of(meaning.category, meaning.text)] += meaning.category_confidence  # type: ignore[assignment]  # Counter adds floats as well
        for category, confidence in meaning.runners_up:
            chances[self.of(category, meaning.text)] += confidence  # type: ignore[assignment]  # the same
        chances.pop(_NONE, None)
        return max(chances, key=lambda label: chances[label], default=_NONE)


def load_crosswalk(city: City) -> Crosswalk:
    """Read ``first_level_classes.yaml``; an unknown category in it is a ``CityConfigError``."""
    file = city.folder / "first_level_classes.yaml"
    rows = read_yaml(file)
    unknown = sorted({*rows["classes"], *rows["unless"]} - set(city.categories))
    if unknown:
        raise CityConfigError(file=str(file), row=unknown[0], reason="没有这个分类")
    return Crosswalk(rows["classes"], rows["unless"])


async def bench_nlu(
    understander: Understander,
    messages_csv: Path,
    text_columns: Sequence[str],
    label_column: str,
    crosswalk: Crosswalk,
    progress: Progress = lambda done, of: None,  # noqa: ARG005 -- named as callers call it
) -> dict[str, Any]:
    """Return macro-F1, accuracy, F1 of each class and milliseconds per message. Raises ``MessageDataError``.

    A message understood as none of the classes counts as wrong. Spaces inside the text are taken out.
    """
    rows = _rows(messages_csv, text_columns, label_column)
    guessed: list[str] = []
    taken: list[float] = []
    for number, (text, _) in enumerate(rows, 1):
        begun = perf_counter_ns()
        meaning = await understander.understand(text)
        taken.append((perf_counter_ns() - begun) / _NS_PER_MS)
        guessed.append(crosswalk.best(meaning))
        if number % _PROGRESS_EVERY == 0 or number == len(rows):
            progress(number, len(rows))
    right = [label for _, label in rows]
    labels = sorted(set(right))
    each = f1_score(right, guessed, labels=labels, average=None, zero_division=0)
    return {
        "messages": len(rows),
        "macro_f1": round(float(each.mean()), 4),
        "accuracy": round(float(accuracy_score(right, guessed)), 4),
        "f1": {label: round(float(score), 4) for label, score in zip(labels, each, strict=True)},
        "not_classified": guessed.count(_NONE),
        **_milliseconds(taken),
    }


async def bench_utterances(
    understander: Understander, utterances: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Compare understandings with utterances of known meaning (``tests/engines/nlu/golden.yml`` shows the form).

    Returns shares of right answers, each over the utterances that settle it, ``misses`` and milliseconds.
    """
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    misses: list[str] = []
    taken: list[float] = []
    for one in utterances:
        begun = perf_counter_ns()
        meaning = await understander.understand(one["text"])
        taken.append((perf_counter_ns() - begun) / _NS_PER_MS)
        found = _facts(meaning)
        wanted = {name: one[name] for name in found if name in one}
        if "category" in wanted:
            wanted["intent"] = "appeal"
        for name, value in wanted.items():
            groups = [name, "misheard " + name] if one.get("misheard") else [name]
            asked.update(groups)
            if found[name] == value:
                right.update(groups)
            else:
                misses.append(f"{one['text']}：{name} {found[name]}（应为 {value}）")
    shares = {name: round(right[name] / count, 4) for name, count in sorted(asked.items())}
    return {"utterances": len(utterances), "right": shares, **_milliseconds(taken), "misses": misses}


def _facts(meaning: Understanding) -> dict[str, Any]:
    slots, place = meaning.slots, meaning.slots.place
    return {
        "intent": meaning.intent.value,
        "category": meaning.category,
        "kind": meaning.kind.value if meaning.kind is not None else None,
        "county": place.county_code if place is not None else None,
        "street": place.street_code if place is not None else None,
        "detail": place.detail if place is not None else None,
        "occurred": slots.occurred,
        "phone": slots.phone.digits if slots.phone is not None else None,
        "order": slots.work_order_number,
        "people": list(slots.people),
        "amounts": [fact.said for fact in slots.facts if fact.kind is FactKind.AMOUNT],
        "secrecy": slots.wants_secrecy,
        "upset": meaning.is_upset,
    }


def _rows(file: Path, text_columns: Sequence[str], label_column: str) -> list[tuple[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            missing = {*text_columns, label_column} - set(table.fieldnames or ())
            if missing:
                raise MessageDataError(f"{file}：没有列 {'、'.join(sorted(missing))}")
            rows = [
                (
                    "".join("".join((row[name] or "").split()) for name in text_columns),
                    row[label_column] or "",
                )
                for row in table
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MessageDataError(f"{file}：读不出来（{error}）") from error
    rows = [(text, label.strip()) for text, label in rows if text and label.strip()]
    if not rows:
        raise MessageDataError(f"{file}：没有一行既有内容又有分类")
    return rows


def _milliseconds(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p95_ms": round(ordered[len(ordered) * 95 // 100], 2),
    }


if __name__ == "__main__":
    here = load_city(Path(sys.argv[4]))
    train_linear(here, Path(sys.argv[5]))
    figures = asyncio.run(
        bench_nlu(
            UnderstandingRules(LinearUnderstander(here, Path(sys.argv[5])), here, lambda: datetime.now(UTC)),
            Path(sys.argv[1]),
            sys.argv[2].split(","),
            sys.argv[3],
            load_crosswalk(here),
            lambda done, of: print(f"\r{done}/{of}", end="", file=sys.stderr, flush=True),
        )
    )
    print(json.dumps(figures, ensure_ascii=False))
