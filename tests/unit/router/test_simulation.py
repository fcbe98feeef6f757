from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from hotline.city import load_city
from router.past_orders import PastOrder, PastOrderError, past_order_files, read_past_orders
from router.rule_router import RuleRouter, build_router
from router.simulation import Simulation, simulate, simulation_data
from router.tables import FixedTables, load_tables
from tests.builders import LINYI
from tests.unit.router.city_copy import ROWS, change, linyi_in

CITY = load_city(LINYI)
ORDER = {
    "number": "26110100001", "category": "0204", "kind": "help", "county_code": "371302", "street_code": "",
    "text": "路灯不亮", "at": "2026-11-01T09:00:00+08:00", "lead_unit": "county-371302",
}  # fmt: skip


def exported(folder: Path, *orders: dict[str, Any], name: str = "orders.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in orders), encoding="utf-8")
    return file


def read(file: Path) -> Sequence[PastOrder | PastOrderError]:
    return list(read_past_orders(file, CITY))


def errors_in(file: Path) -> list[tuple[int, str]]:
    return [(each.line, each.reason) for each in read(file) if isinstance(each, PastOrderError)]


def simulated(folder: Path, file: Path) -> dict[str, Any]:
    city = load_city(folder)
    router = RuleRouter(city, FixedTables(load_tables(city)))
    return simulation_data(simulate(read_past_orders(file, city), router, city), city)


def test_orders_that_go_where_they_went_are_the_same(tmp_path: Path) -> None:
    found = simulated(LINYI, exported(tmp_path, ORDER, {**ORDER, "county_code": "", "lead_unit": ""}))
    assert (found["orders"], found["same"], found["changed"], found["flows"]) == (2, 2, 0, [])


def test_a_changed_row_shows_from_whom_to_whom_with_examples(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: body-finance")
    tax = {**ORDER, "category": "1102", "text": "个税怎么退", "lead_unit": "body-tax"}
    file = exported(tmp_path, ORDER, *[tax] * 5)
    found = simulated(folder, file)
    [flow] = found["flows"]
    assert (flow["category"], flow["from_name"], flow["to_name"], flow["rule"], flow["count"]) == (
        "1102", "市税务局", "市财政局", "tax", 5,
    )  # fmt: skip
    assert [each["line"] for each in flow["examples"]] == [2, 3, 4]
    assert found["by_unit"] == [
        {"unit": "body-tax", "name": "市税务局", "from": 5, "to": 0},
        {"unit": "body-finance", "name": "市财政局", "from": 0, "to": 5},
    ]
    assert found["by_category"] == [{"category": "1102", "name": "税务", "changed": 5}]


def test_what_a_citizen_said_is_not_in_the_report(tmp_path: Path) -> None:
    found = simulated(LINYI, exported(tmp_path, {**ORDER, "text": "张三的路灯", "lead_unit": "body-police"}))
    assert "张三" not in json.dumps(found, ensure_ascii=False)


def test_newly_manual_and_no_longer_manual_are_counted(tmp_path: Path) -> None:
    without_place = {**ORDER, "county_code": "", "lead_unit": "body-urban-management"}
    was_manual = {**ORDER, "lead_unit": None}
    found = simulated(LINYI, exported(tmp_path, without_place, was_manual))
    assert (found["newly_manual"], found["no_longer_manual"]) == (1, 1)


def test_a_unit_that_is_no_longer_listed_is_told(tmp_path: Path) -> None:
    found = simulated(LINYI, exported(tmp_path, {**ORDER, "lead_unit": "body-gone"}))
    assert (found["vanished_units"], found["changed"]) == ({"body-gone": 1}, 1)


def test_nuisance_and_withdrawn_contacts_are_not_dispatched(tmp_path: Path) -> None:
    found = simulated(LINYI, exported(tmp_path, {**ORDER, "kind": "nuisance"}))
    assert (found["orders"], found["skipped"]) == (0, 1)


def test_the_version_is_that_of_the_orders_own_day(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    later = folder / "routing" / "2026-12"
    later.mkdir()
    for file in (folder / "routing" / "2026-01").rglob("*.yaml"):
        copy = later / file.relative_to(folder / "routing" / "2026-01")
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
    change(later / "catalogue.yaml", "version: linyi-2026.1", "version: linyi-2026.12")
    change(later / "catalogue.yaml", "valid_from: 2026-01-01", "valid_from: 2026-12-01")
    change(later / "rows" / "11_government.yaml", "lead: body-tax", "lead: body-finance")
    tax = {**ORDER, "category": "1102", "lead_unit": "body-tax"}
    file = exported(
        tmp_path, tax, {**tax, "at": "2026-12-01T00:00:00+08:00"}, {**tax, "at": "2026-11-30T23:59:59"}
    )
    found = simulated(folder, file)
    assert (found["versions"], found["changed"]) == ({"linyi-2026.1": 2, "linyi-2026.12": 1}, 1)
    city = load_city(folder)
    alone = RuleRouter(city, FixedTables(load_tables(city, later)))
    assert simulate(read_past_orders(file, city), alone, city).versions == {"linyi-2026.12": 3}


def test_a_csv_export_reads_as_the_same_order(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(
        "﻿" + ",".join(ORDER) + "\n" + ",".join(ORDER.values()) + "\n" + '"x",0204\n', encoding="utf-8"
    )
    order, error = read(file)
    [same] = read(exported(tmp_path, ORDER))
    assert isinstance(order, PastOrder)
    assert isinstance(same, PastOrder)
    assert (order.appeal, order.at, order.lead_unit) == (same.appeal, same.at, same.lead_unit)
    assert isinstance(error, PastOrderError)
    assert (error.line, error.reason) == (3, "列数与表头不符")


def test_a_unit_may_be_given_by_name(tmp_path: Path) -> None:
    [order] = read(exported(tmp_path, {**ORDER, "lead_unit": "兰山区人民政府"}))
    assert isinstance(order, PastOrder)
    assert order.lead_unit == "county-371302"


@pytest.mark.parametrize(
    ("change_of", "reason"),
    [
        ({"category": "7777"}, "没有这个诉求分类：7777"),
        ({"kind": "wish"}, "取值不在允许的范围内：'wish'"),
        ({"at": "昨天"}, "不是 ISO 8601 时间：昨天"),
        ({"street_code": "1"}, "没有这个街镇：1"),
        ({"emergency": "999"}, "取值不在允许的范围内：'999'"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_with_its_number(
    tmp_path: Path, change_of: dict[str, str], reason: str
) -> None:
    assert errors_in(exported(tmp_path, ORDER, {**ORDER, **change_of}, ORDER)) == [(2, reason)]


def test_broken_lines_do_not_end_the_reading(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(f'{{"a": \n\n[1]\n{{}}\n{json.dumps(ORDER)}\n', encoding="utf-8")
    assert errors_in(file) == [
        (1, "不是有效的JSON：Expecting value"),
        (3, "应当是“字段: 值”的对象"),
        (4, "缺少category、kind、text、at、lead_unit"),
    ]
    assert sum(isinstance(each, PastOrder) for each in read(file)) == 1


def test_a_csv_without_its_columns_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("category,kind\n0204,help\n0204,help\n", encoding="utf-8")
    assert errors_in(file) == [(1, "缺少这些列：text、at、lead_unit")]


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(json.dumps(ORDER, ensure_ascii=False).encode("gbk"))
    assert errors_in(file) == [(0, "不是 UTF-8 编码，其后的内容没有读")]


def test_exports_are_found_in_folders_below_and_other_files_left_alone(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    for name in ("b.csv", "2026/a.jsonl", "notes.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert [file.name for file in past_order_files(tmp_path)] == ["a.jsonl", "b.csv"]


def test_examples_errors_and_vanished_units_stay_few_however_many_orders_there_are(tmp_path: Path) -> None:
    [order] = read(exported(tmp_path, {**ORDER, "lead_unit": "body-police"}))
    error = PastOrderError(file="f", line=1, reason="x")
    found = simulate(chain(repeat(order, 300), repeat(error, 300)), build_router(CITY), CITY)
    assert isinstance(found, Simulation)
    assert (found.orders, found.errors, len(found.first_errors)) == (300, 300, 100)
    assert [len(each) for each in found.examples.values()] == [3]


def test_progress_is_told_on_the_way(tmp_path: Path) -> None:
    [order] = read(exported(tmp_path, ORDER))
    told: list[int] = []
    simulate(repeat(order, 1_001), build_router(CITY), CITY, told.append)
    assert told == [500, 1_000]
