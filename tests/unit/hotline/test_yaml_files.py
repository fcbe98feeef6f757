"""Word lists of several files are read as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.domain.errors import CityConfigError
from hotline.yaml_files import read_lists


def test_lists_of_several_files_are_one(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("agrees: [对]\n", encoding="utf-8")
    (tmp_path / "orders.yaml").write_text("urges: [催一下]\n", encoding="utf-8")
    assert read_lists(tmp_path, ("answers", "orders")) == {"agrees": ["对"], "urges": ["催一下"]}


def test_a_list_in_two_files_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("agrees: [对]\nrefuses: [不]\n", encoding="utf-8")
    (tmp_path / "orders.yaml").write_text("refuses: [不要]\n", encoding="utf-8")
    with pytest.raises(CityConfigError) as refused:
        read_lists(tmp_path, ("answers", "orders"))
    assert (refused.value.file, refused.value.row) == (str(tmp_path / "orders.yaml"), "refuses")


def test_a_file_without_lists_is_refused(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("# 还没写\n", encoding="utf-8")
    with pytest.raises(CityConfigError, match="answers.yaml"):
        read_lists(tmp_path, ("answers",))
