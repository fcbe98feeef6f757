"""Benchmark of the way from what a citizen says to the unit it is dispatched to, on a table of matters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hotline.city import read_yaml
from hotline.domain.appeal import Appeal
from hotline.domain.category import at_level, within
from hotline.domain.errors import CityConfigError
from hotline.domain.meaning import Understanding
from nlu.understander import Understander
from router.router import Router

_OFFERED: Final = 3
_GUESSES: Final = 12

Draft = Callable[[str, Understanding], Appeal]


def read_matters(file: Path) -> list[dict[str, str]]:
    """Read a table of matters: rows of ``text``, ``lead`` and ``category``. Raises ``CityConfigError``."""
    rows: list[dict[str, str]] = read_yaml(file)
    for row in rows:
        missing = {"text", "lead", "category"} - row.keys()
        if missing:
            raise CityConfigError(file=str(file), row=str(row.get("text")), reason=f"缺少 {missing}")
    return rows


async def bench_matters(
    understander: Understander,
    rows: Sequence[Mapping[str, str]],
    draft: Draft,
    router: Router,
    at: datetime,
) -> dict[str, Any]:
    """Return how often the unit dispatched to, or one of the three likeliest, is the right one, and the class.

    The three: where the understood class would be dispatched, then the units that the likeliest classes go to, their shares
    added up. ``missed`` tells of
    every matter whose first unit is wrong.
    """
    right: Counter[str] = Counter()
    missed: list[str] = []
    for row in rows:
        meaning = await understander.understand(row["text"])
        leads = _leads(draft(row["text"], meaning), meaning, router, at)
        category = meaning.category or ""
        right["unit_top1"] += leads[:1] == [row["lead"]]
        right["unit_top3"] += row["lead"] in leads
        right["category"] += within(category, {row["category"]})
        right["second_level"] += at_level(category) == at_level(row["category"])
        if leads[:1] != [row["lead"]]:
            missed.append(f"{row['text']}：{leads} {category}（应为 {row['lead']} {row['category']}）")
    shares = {
        name: round(right[name] / len(rows), 4)
        for name in ("unit_top1", "unit_top3", "category", "second_level")
    }
    return {"matters": len(rows), **shares, "engine": understander.name, "missed": missed}


def _leads(appeal: Appeal, meaning: Understanding, router: Router, at: datetime) -> list[str | None]:
    def lead(category: str | None) -> str | None:
        return router.route(replace(appeal, category=category), at=at).lead_unit

    chances: defaultdict[str | None, float] = defaultdict(float)
    for category, share in meaning.shares[:_GUESSES]:
        chances[lead(category)] += share
    likely = sorted(chances, key=lambda unit: -chances[unit])
    return list(dict.fromkeys((lead(meaning.category), *likely)))[:_OFFERED]
