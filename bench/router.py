"""Benchmark of routing: how long one decision takes, and how long the tables take to load.

``python -m bench.router config/linyi`` prints the figures as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice, product
from pathlib import Path
from time import perf_counter_ns
from typing import Final

from hotline.city import City, load_city
from hotline.domain.appeal import Appeal, Place
from router.rule_router import build_router

_AT: Final = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_NS_PER_MS: Final = 1_000_000
_TEXT_CHARACTERS: Final = 80


def bench_router(city: City, *, decisions: int = 5_000) -> dict[str, float]:
    """Route ``decisions`` appeals of every category and county; return milliseconds (median, p99, load) and counts.

    No two texts are the same, so no cache of sounds helps: each holds its category's keywords and a number.
    """
    begun = perf_counter_ns()
    router = build_router(city)
    load_ms = (perf_counter_ns() - begun) / _NS_PER_MS
    taken: list[int] = []
    manual = 0
    for appeal in islice(_appeals(city), decisions):
        begun = perf_counter_ns()
        decision = router.route(appeal, at=_AT)
        taken.append(perf_counter_ns() - begun)
        manual += decision.is_manual
    taken.sort()
    return {
        "decisions": float(decisions),
        "median_ms": round(taken[len(taken) // 2] / _NS_PER_MS, 3),
        "p99_ms": round(taken[len(taken) * 99 // 100] / _NS_PER_MS, 3),
        "load_ms": round(load_ms, 1),
        "manual_share": round(manual / decisions, 3),
    }


def _appeals(city: City) -> Iterator[Appeal]:
    pairs = cycle(product(city.categories.values(), city.counties))
    for number, (category, county) in enumerate(pairs):
        text = f"{number}号楼，{'，'.join(map(str, category.keywords))}，一直没有人来处理，请尽快解决一下"
        yield Appeal(
            kind=category.default_kind,
            category=category.code,
            text=text[:_TEXT_CHARACTERS],
            place=Place(text, county_code=county),
        )


if __name__ == "__main__":
    print(json.dumps(bench_router(load_city(Path(sys.argv[1])))))
