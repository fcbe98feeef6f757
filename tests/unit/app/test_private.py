"""A demo's data folder is its own."""

from __future__ import annotations

from pathlib import Path

from app.private import fresh_data


def test_a_demo_begins_with_nothing_of_the_one_before(tmp_path: Path) -> None:
    first = fresh_data(tmp_path / "demo")
    (first / "hotline.sqlite3").write_text("orders")

    assert fresh_data(tmp_path / "demo") == first == tmp_path / "demo" / "data"
    assert not (first / "hotline.sqlite3").exists()


def test_a_demo_leaves_data_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hotline.sqlite3").write_text("orders")

    assert fresh_data(tmp_path) == fresh_data(tmp_path) == tmp_path / "data-2"
    assert (tmp_path / "data" / "hotline.sqlite3").read_text() == "orders"
