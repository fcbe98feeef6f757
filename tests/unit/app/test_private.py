"""A demo's data folder is its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from app.private import fresh_data
from app.settings import ROOT, Settings


def test_a_demo_begins_with_nothing_of_the_one_before(tmp_path: Path) -> None:
    with fresh_data(tmp_path / "demo") as first:
        (first / "hotline.sqlite3").write_text("orders")

    with fresh_data(tmp_path / "demo") as second:
        assert second == first == tmp_path / "demo" / "data"
        assert not (second / "hotline.sqlite3").exists()


def test_a_demo_leaves_data_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hotline.sqlite3").write_text("orders")

    for _ in range(2):
        with fresh_data(tmp_path) as data:
            assert data == tmp_path / "data-2"
    assert (tmp_path / "data" / "hotline.sqlite3").read_text() == "orders"


def test_a_demo_leaves_the_data_of_one_that_still_runs(tmp_path: Path) -> None:
    with fresh_data(tmp_path) as first, fresh_data(tmp_path) as second:
        (first / "hotline.sqlite3").write_text("orders")
        assert (first, second) == (tmp_path / "data", tmp_path / "data-2")
    assert (first / "hotline.sqlite3").read_text() == "orders"


def test_cleaning_up_leaves_the_data_folder(tmp_path: Path) -> None:
    data = Settings.model_fields["data_dir"].default.relative_to(ROOT)
    kept = [tmp_path / data / "at_rest.key", tmp_path / data / "recordings" / "1.rec"]
    built = [tmp_path / "build" / "models" / "model.bin", tmp_path / "build" / "demo" / "report.json"]
    for file in (*kept, *built):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for _ in range(2):
        subprocess.run(
            ["make", "-f", str(ROOT / "Makefile"), "clean"], cwd=tmp_path, check=True, capture_output=True
        )
    assert [file.exists() for file in (*kept, *built)] == [True, True, False, False]
