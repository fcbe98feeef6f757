"""A catalogue of few rows for Linyi, as files and as text: quick to compile, and easy to see through."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from hotline.city import City, load_city, read_yaml
from router.time_tables import load_time_limits
from tests.builders import LINYI

HEAT = {
    "id": "heat", "category": ["0101"], "lead": "place", "supporting": ["body-housing"],
    "because": "供热由属地管理", "basis": "临沂市供热条例", "confirmed": True,
}  # fmt: skip
FEES = {
    "id": "heat-fee", "category": ["0101"], "kind": ["inquiry"], "lead": "body-housing",
    "because": "供热收费由住建部门答复", "basis": "临沂市供热条例", "confirmed": True,
}  # fmt: skip
TAX = {
    "id": "tax", "category": ["1102"], "lead": "body-tax", "because": "税费由税务部门管", "basis": "税收征收管理法",
    "confirmed": True,
}  # fmt: skip
REST = {
    "id": "rest", "category": [f"{number:02}" for number in (*range(1, 18), 99)], "lead": "place",
    "because": "其他由属地管理", "basis": "属地原则",
}  # fmt: skip
GROUPS: Mapping[str, Sequence[dict[str, Any]]] = {"01_heat": [FEES, HEAT], "02_rest": [TAX, REST]}
MATTERS = [
    {"text": "家里暖气不热", "category": "0101", "lead": "place"},
    {"text": "取暖费怎么收", "category": "0101", "kind": "inquiry", "lead": "body-housing"},
    {"text": "个体户要交哪些税", "category": "1102", "place": "none", "lead": "body-tax"},
]


@cache
def linyi() -> City:
    return load_city(LINYI)


@cache
def limit_names() -> frozenset[str]:
    return frozenset(each.limit.name for each in load_time_limits(linyi()).statutory)


def small_city(folder: Path, *, is_whole: bool = False) -> City:
    """Return Linyi with the few rows as its only catalogue; ``is_whole``: with everything else that a city's folder has."""
    place = folder / "linyi"
    if is_whole:
        shutil.copytree(LINYI, place, ignore=shutil.ignore_patterns("routing", "matters", "articles"))
    else:
        place.mkdir(parents=True)
        shutil.copy(LINYI / "time_limits.yaml", place)
        shutil.copytree(LINYI / "calendar", place / "calendar")
    version = place / "routing" / "2026-01"
    (version / "rows").mkdir(parents=True)
    for name in ("catalogue.yaml", "words.yaml"):
        shutil.copy(LINYI / "routing" / "2026-01" / name, version)
    for name, rows in GROUPS.items():
        (version / "rows" / f"{name}.yaml").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    (place / "matters").mkdir()
    (place / "matters" / "few.yaml").write_text(json.dumps(MATTERS, ensure_ascii=False), encoding="utf-8")
    assert read_yaml(version / "rows" / "01_heat.yaml") == GROUPS["01_heat"]
    return replace(linyi(), folder=place)
