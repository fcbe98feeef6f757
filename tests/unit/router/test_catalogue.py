from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from router.catalogue import Catalogue, in_force
from router.tables import load_tables
from tests.unit.router.city_copy import ROWS, change, linyi_in


def refusal(folder: Path) -> tuple[str, str, str]:
    with pytest.raises(CityConfigError) as caught:
        load_tables(load_city(folder))
    return Path(caught.value.file).name, caught.value.row, caught.value.reason


@pytest.mark.parametrize(
    ("old", "new", "row", "reason"),
    [
        ("lead: body-tax", "lead: body-taxes", "tax", "没有这个单位：body-taxes"),
        ('category: ["1102"]', 'category: ["1199"]', "tax", "没有这个诉求分类：1199"),
        ("- id: tax\n", "- id: approval\n", "approval", "规则编号重复"),
        ("lead: body-tax", "led: body-tax", "第3条 tax", "lead：缺少这个字段"),
        ('category: ["1102"]\n', 'category: ["1102"]\n  mention: [tax]\n', "第3条 tax", "mention：不认识这个字段"),
        ('category: ["1102"]\n', 'category: ["1102"]\n  mentions: [taxes]\n', "tax", "没有这个词表：taxes"),
        ('category: ["1102"]\n', 'category: ["1102"]\n  limit: soon\n', "tax", "没有这个时限：soon"),
        ('category: ["1102"]\n', 'category: ["1102"]\n  county: ["370102"]\n', "tax", "没有这个县区：370102"),
        ('category: ["1102"]\n', 'category: ["1102"]\n  street: ["1"]\n', "tax", "没有这个街镇：1"),
        ('category: ["1102"]\n', 'category: ["1102", "1103"]\n', "real-estate-county",
         "排在兜底规则 tax 之后，对分类 1103 永远不会用到"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_row_is_told_with_file_row_and_reason(
    tmp_path: Path, old: str, new: str, row: str, reason: str
) -> None:
    folder = linyi_in(tmp_path)
    change(folder / ROWS / "11_government.yaml", old, new)
    assert refusal(folder) == ("11_government.yaml", row, reason)


def test_a_category_that_no_row_always_handles_is_refused(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(
        folder / ROWS / "11_government.yaml", 'category: ["1102"]\n', 'category: ["1102"]\n  kind: [help]\n'
    )
    assert refusal(folder) == ("rows", "1102", "这个诉求分类没有兜底的规则")


def test_broken_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    (folder / ROWS / "04_labour.yaml").write_text("- id: a\n  lead: [\n", encoding="utf-8")
    file, row, _ = refusal(folder)
    assert (file, row) == ("04_labour.yaml", "第3行")


def test_a_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    (folder / ROWS / "04_labour.yaml").write_text("id: a\n", encoding="utf-8")
    assert refusal(folder) == ("04_labour.yaml", "", "应当是规则的列表")


def test_a_city_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    (folder / "routing" / "2026-01").rename(tmp_path / "elsewhere")
    assert refusal(folder) == ("routing", "", "没有派单目录")


def a_version(version: str, valid_from: date, like: Catalogue) -> Catalogue:
    return Catalogue(
        version=version, valid_from=valid_from, min_confidence=0.5, reasons=like.reasons, topics=like.topics,
        rows=(), tables={},
    )  # fmt: skip


def test_the_version_in_force_is_the_newest_that_has_begun(tmp_path: Path) -> None:
    like = load_tables(load_city(linyi_in(tmp_path))).catalogues[0]
    old, new = (a_version(f"v{year}", date(year, 1, 1), like) for year in (2026, 2027))
    days = [date(2025, 6, 1), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [in_force((new, old), day).version for day in days] == ["v2026", "v2026", "v2026", "v2027"]
