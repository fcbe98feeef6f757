"""A copy of Linyi's folder that a test may break."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.builders import LINYI

ROWS = Path("routing/2026-01/rows")


def linyi_in(folder: Path) -> Path:
    copy = folder / "linyi"
    shutil.copytree(LINYI, copy)
    return copy


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
