"""Importing articles: all rows or none, every rejected row named, earlier imports kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article
from knowledge_base.articles import load_articles
from knowledge_base.importing import ImportReport, import_articles
from tests.builders import LINYI, an_article

CITY = load_city(LINYI)


def row(number: int, **change: Any) -> dict[str, Any]:
    return {
        "id": f"B{number:03d}",
        "title": f"第{number}个题目",
        "category": "0101",
        "questions": [f"第{number}题的问法{way}" for way in "一二三四五"],
        "spoken": "答复。",
        "full": "答复。",
        "unit": "市住房城乡建设局",
        "source": "某办法",
        "valid_from": "2026-01-01",
        **change,
    }


def as_json(folder: Path, *rows: dict[str, Any], name: str = "new.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(list(rows), ensure_ascii=False), encoding="utf-8")
    return file


def imported(folder: Path) -> list[Article]:
    return list(load_articles([folder], CITY))


def test_imported_articles_are_read_back_as_they_were(tmp_path: Path) -> None:
    rows = [row(1, tags=["甲"], version=3, confirmed=True), row(2, valid_until="2026-12-31")]
    report = import_articles(as_json(tmp_path, *rows), tmp_path / "data", CITY, [])
    assert report == ImportReport(("B001", "B002"), ())
    first, second = imported(tmp_path / "data")
    assert (first.tags, first.version, first.is_confirmed) == (("甲",), 3, True)
    assert str(second.valid_until) == "2026-12-31"


def test_one_bad_row_keeps_all_rows_out_and_is_named(tmp_path: Path) -> None:
    file = as_json(tmp_path, row(1), row(2, unit="某局"), row(3, spoken=""))
    report = import_articles(file, tmp_path / "data", CITY, [])
    assert report == ImportReport((), ("第2条 B002：承办单位名录里没有：某局", "第3条 B003：缺少 spoken"))
    assert imported(tmp_path / "data") == []


def test_an_import_leaves_earlier_imports_in_place_even_from_a_file_of_the_same_name(tmp_path: Path) -> None:
    import_articles(as_json(tmp_path, row(1)), tmp_path / "data", CITY, [])
    import_articles(as_json(tmp_path, row(2)), tmp_path / "data", CITY, imported(tmp_path / "data"))
    assert [one.id for one in imported(tmp_path / "data")] == ["B001", "B002"]


def test_an_article_of_the_same_id_is_replaced(tmp_path: Path) -> None:
    import_articles(as_json(tmp_path, row(1)), tmp_path / "data", CITY, [])
    newer = as_json(tmp_path, row(1, version=2, spoken="新的答复。"))
    report = import_articles(newer, tmp_path / "data", CITY, imported(tmp_path / "data"))
    assert report.accepted == ("B001",)
    assert [(one.version, one.spoken) for one in imported(tmp_path / "data")] == [(2, "新的答复。")]


def test_a_question_that_another_article_answers_is_rejected(tmp_path: Path) -> None:
    present = [an_article(questions=("第1题的问法一",))]
    report = import_articles(as_json(tmp_path, row(1)), tmp_path / "data", CITY, present)
    assert report.rejected == ("第1条 B001：问法“第1题的问法一”与 A0101-01 重复",)


def test_two_rows_of_one_file_cannot_have_one_id(tmp_path: Path) -> None:
    report = import_articles(as_json(tmp_path, row(1), row(2, id="B001")), tmp_path / "data", CITY, [])
    assert report.rejected == ("第2条 B001：编号 B001 重复",)


def test_a_table_is_read_with_its_lists_numbers_and_truths(tmp_path: Path) -> None:
    given = row(1, questions="甲|乙|丙|丁|戊", tags="供暖|费用", version="2", confirmed="是")
    file = tmp_path / "new.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        table = csv.DictWriter(lines, given)
        table.writeheader()
        table.writerow(given)
    import_articles(file, tmp_path / "data", CITY, [])
    (article,) = imported(tmp_path / "data")
    assert (article.questions, article.tags) == (("甲", "乙", "丙", "丁", "戊"), ("供暖", "费用"))
    assert (article.version, article.is_confirmed) == (2, True)


def test_a_table_row_with_more_cells_than_the_heading_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,title\nB001,题目,多余\n", encoding="utf-8")
    assert import_articles(file, tmp_path / "data", CITY, []).rejected == (
        "第1条 B001：不认识的字段：多出的列",
    )


def test_defaults_of_a_yaml_file_hold_for_its_rows(tmp_path: Path) -> None:
    given = row(1)
    del given["valid_from"]
    file = tmp_path / "new.yaml"
    file.write_text(
        json.dumps({"defaults": {"valid_from": "2026-02-01"}, "articles": [given]}), encoding="utf-8"
    )
    assert import_articles(file, tmp_path / "data", CITY, []).accepted == ("B001",)


def test_a_file_without_rows_says_so(tmp_path: Path) -> None:
    assert import_articles(as_json(tmp_path), tmp_path / "data", CITY, []).rejected == ("文件里没有条目",)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("new.txt", b"", "只认 CSV、JSON、YAML 文件"),
        ("new.json", b"{", "读不出来"),
        ("new.json", b"[1]", "应是条目的列表"),
        ("new.json", b'{"articles": 1}', "应是条目的列表"),
        ("new.csv", b"\xff\xfe\x00", "读不出来"),
        ("new.yaml", b"a: [", "不是有效的YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CityConfigError, match=reason):
        import_articles(tmp_path / name, tmp_path / "data", CITY, [])
    assert imported(tmp_path / "data") == []


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CityConfigError, match="读不出来"):
        import_articles(tmp_path / "none.csv", tmp_path / "data", CITY, [])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(CityConfigError, match="写不进去"):
        import_articles(as_json(tmp_path, row(1)), tmp_path / "data", CITY, [])
