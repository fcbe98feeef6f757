from __future__ import annotations

from bench.router import bench_router, of_size
from hotline.city import load_city
from router.rule_router import RuleRouter
from router.tables import FixedTables, RoutingTables, load_tables
from tests.builders import LINYI, NOW, an_appeal

CITY = load_city(LINYI)


def test_a_larger_catalogue_has_its_size_and_decides_the_same() -> None:
    tables = load_tables(CITY)
    larger = of_size(tables.catalogues[0], CITY, 1_000)
    assert len(larger.rows) == 1_000
    appeal = an_appeal(category="0204", text="路灯不亮")
    leads = [
        RuleRouter(CITY, FixedTables(each)).route(appeal, at=NOW).lead_unit
        for each in (tables, RoutingTables((larger,), tables.limits))
    ]
    assert leads == ["county-371302", "county-371302"]


def test_the_figures_tell_the_time_at_each_size() -> None:
    found = bench_router(CITY, decisions=50, sizes=(300,))
    assert [each["rows"] for each in (found, *found["by_rows"])] == [
        len(load_tables(CITY).catalogues[0].rows), 300,
    ]  # fmt: skip
    assert all(0 < each["median_ms"] <= each["p99_ms"] for each in (found, *found["by_rows"]))
