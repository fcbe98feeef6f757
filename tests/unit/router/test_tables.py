from __future__ import annotations

from pathlib import Path

import pytest

from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from router.rule_router import build_router
from router.tables import CatalogueHolder
from tests.builders import NOW, an_appeal
from tests.unit.router.city_copy import ROWS, change, linyi_in


def test_a_changed_catalogue_comes_into_force_without_a_restart(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    router = build_router(load_city(folder))
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: body-finance")
    assert router.holder.reload_if_changed() is None
    assert router.route(an_appeal(category="1102", place=None), at=NOW).lead_unit == "body-finance"


def test_a_broken_catalogue_leaves_the_old_one_in_force_and_says_why(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    router = build_router(load_city(folder))
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: nobody-at-all")
    error = router.holder.reload_if_changed()
    assert error is not None
    assert (Path(error.file).name, error.row, error.reason) == (
        "11_government.yaml", "tax", "没有这个单位：nobody-at-all",
    )  # fmt: skip
    assert router.route(an_appeal(category="1102", place=None), at=NOW).lead_unit == "body-tax"


def test_a_broken_catalogue_is_tried_once_and_then_again_when_mended(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    holder = CatalogueHolder(load_city(folder))
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: nobody-at-all")
    assert holder.reload_if_changed() is not None
    assert holder.reload_if_changed() is None
    change(folder / ROWS / "11_government.yaml", "lead: nobody-at-all", "lead: body-finance")
    before = holder.current
    assert holder.reload_if_changed() is None
    assert holder.current is not before


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    holder = CatalogueHolder(load_city(linyi_in(tmp_path)))
    before = holder.current
    assert holder.reload_if_changed() is None
    assert holder.current is before


def test_a_broken_time_limit_leaves_the_old_tables_in_force(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    holder = CatalogueHolder(load_city(folder))
    before = holder.current
    change(folder / "time_limits.yaml", "handle: {working_days: 5", "handle: {working_days: -5")
    error = holder.reload_if_changed()
    assert isinstance(error, CityConfigError)
    assert holder.current is before


def test_the_first_load_refuses_a_broken_catalogue(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: nobody-at-all")
    with pytest.raises(CityConfigError):
        build_router(load_city(folder))
