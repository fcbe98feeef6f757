"""Benchmark of routing: how long one decision takes, and how that grows with the catalogue's rows.

``python -m bench.router config/linyi`` prints the figures as JSON. Larger catalogues are the city's own, with its rows
said once more for street after street, as counties and streets would have them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, cycle, islice, product
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

from hotline.city import City, load_city
from hotline.domain.appeal import Appeal, Place
from hotline.domain.category import SECOND
from router.catalogue import Catalogue, tables_of
from router.row import Row
from router.rule_router import RuleRouter
from router.tables import FixedTables, RoutingTables, load_tables

SIZES: Final = (500, 5_000, 50_000)
_AT: Final = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_NS_PER_MS: Final = 1_000_000
_TEXT_CHARACTERS: Final = 80


def bench_router(city: City, *, decisions: int = 5_000, sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """Route ``decisions`` appeals of every category and place; return milliseconds (median, p99, load) and counts.

    First with the city's own rows, then ``by_rows`` with catalogues of ``sizes`` rows. No two texts are the same, so no
    cache of sounds helps: each holds its category's keywords and a number.
    """
    begun = perf_counter_ns()
    tables = load_tables(city)
    load_ms = (perf_counter_ns() - begun) / _NS_PER_MS
    own = tables.catalogues[0]
    return {
        "rows": len(own.rows),
        "decisions": decisions,
        **_measured(city, tables, decisions),
        "load_ms": round(load_ms, 1),
        "by_rows": [_grown(city, tables, size, decisions) for size in sizes],
    }


def _grown(city: City, tables: RoutingTables, size: int, decisions: int) -> dict[str, Any]:
    begun = perf_counter_ns()
    larger = RoutingTables((of_size(tables.catalogues[0], city, size),), tables.limits)
    compile_ms = (perf_counter_ns() - begun) / _NS_PER_MS
    return {"rows": size, **_measured(city, larger, decisions), "compile_ms": round(compile_ms, 1)}


def of_size(catalogue: Catalogue, city: City, size: int) -> Catalogue:
    """Return a catalogue of ``size`` rows: copies for single streets stand before the city's own rows."""
    own = catalogue.rows
    copies = islice(_copies(own, city), max(0, size - len(own)))
    rows = (*copies, *own)
    return replace(catalogue, rows=rows, tables=tables_of(rows, city))


def _copies(rows: Sequence[Row], city: City) -> Iterator[Row]:
    for number in count():
        for street, row in product(city.streets, rows):
            yield replace(row, id=f"{row.id}-{street}-{number}", streets=(street,), counties=())


def _measured(city: City, tables: RoutingTables, decisions: int) -> dict[str, float]:
    router = RuleRouter(city, FixedTables(tables))
    taken: list[int] = []
    manual = 0
    for appeal in islice(_appeals(city), decisions):
        begun = perf_counter_ns()
        decision = router.route(appeal, at=_AT)
        taken.append(perf_counter_ns() - begun)
        manual += decision.is_manual
    taken.sort()
    return {
        "median_ms": round(taken[len(taken) // 2] / _NS_PER_MS, 3),
        "p99_ms": round(taken[len(taken) * 99 // 100] / _NS_PER_MS, 3),
        "manual_share": round(manual / decisions, 3),
    }


def _appeals(city: City) -> Iterator[Appeal]:
    pairs = cycle(product(city.categories_at(SECOND), city.streets.values()))
    for number, (category, street) in enumerate(pairs):
        text = f"{number}号楼，{'，'.join(map(str, category.keywords))}，一直没有人来处理，请尽快解决一下"
        yield Appeal(
            kind=category.default_kind,
            category=category.code,
            text=text[:_TEXT_CHARACTERS],
            place=Place(text, county_code=street.county_code, street_code=street.code),
        )


if __name__ == "__main__":
    print(json.dumps(bench_router(load_city(Path(sys.argv[1])))))
