"""Benchmark of understanding on any table of labelled messages.

``python -m bench.nlu CSV TEXT_COLUMNS LABEL_COLUMN config/linyi MODEL_FOLDER`` prints the figures of the in-process
engine; several text columns are separated by commas and joined.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
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
from hotline.domain.category import nearest
from hotline.domain.errors import CityConfigError, HotlineError
from hotline.domain.meaning import Understanding
from nlu.calibration import calibration_error
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

    def best(self, meaning: Understanding) -> tuple[str, float]:
        """Return the likeliest class over the whole distribution of categories, and its share of all classes."""
        chances: Counter[str] = Counter()
        for category, share in meaning.shares or ((meaning.category or _NONE, 1.0),):
            chances[self.of(category, meaning.text)] += share  # type: ignore[assignment]  # Counter adds floats as well
        chances.pop(_NONE, None)
        label = max(chances, key=lambda label: chances[label], default=_NONE)
        return label, chances[label] / (sum(chances.values()) or 1.0)


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
    """Return macro-F1, accuracy, F1 of each class, calibration error and milliseconds. Raises ``MessageDataError``.

    A message understood as none of the classes counts as wrong. Spaces inside the text are taken out; each column is a
    sentence of its own. ``ece``: of the
    share of the likeliest class. ``memory_mb``: what the process holds at the end.
    """
    rows = _rows(messages_csv, text_columns, label_column)
    guessed: list[str] = []
    sure: list[float] = []
    taken: list[float] = []
    for number, (text, _) in enumerate(rows, 1):
        begun = perf_counter_ns()
        meaning = await understander.understand(text)
        taken.append((perf_counter_ns() - begun) / _NS_PER_MS)
        label, share = crosswalk.best(meaning)
        guessed.append(label)
        sure.append(share)
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
        "ece": round(
            calibration_error(sure, [one == other for one, other in zip(guessed, right, strict=True)]), 4
        ),
        **_milliseconds(taken),
        "memory_mb": resident_mb(),
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
                    "。".join(filter(None, ("".join((row[name] or "").split()) for name in text_columns))),
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


def resident_mb() -> int:
    """Return the memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def _milliseconds(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "latency_p50_ms": round(ordered[len(ordered) // 2], 2),
        "latency_p95_ms": round(ordered[len(ordered) * 95 // 100], 2),
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
