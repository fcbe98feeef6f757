"""Articles from files and to files: read as they were written, every rejected row named."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import HANDED_IN, Attachment
from knowledge_base.importing import SUFFIXES, Rows, read_rows, write_rows
from tests.articles import a_full_article
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


def test_articles_of_a_file_are_read_with_all_their_fields(tmp_path: Path) -> None:
    rows = [row(1, tags=["甲"], version=3, confirmed=True), row(2, valid_until="2026-12-31")]
    first, second = read_rows(as_json(tmp_path, *rows), CITY).articles
    assert (first.id, first.tags, first.version, first.is_confirmed) == ("B001", ("甲",), 3, True)
    assert (second.id, str(second.valid_until)) == ("B002", "2026-12-31")


def test_rejected_rows_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    file = as_json(tmp_path, row(1), row(2, unit="某局"), row(3, spoken=""))
    found = read_rows(file, CITY)
    assert found.rejected == ("第2条 B002：承办单位名录里没有：某局", "第3条 B003：缺少 spoken")
    assert [article.id for article in found.articles] == ["B001"]


def test_an_article_of_the_same_id_takes_the_place_of_the_present_one(tmp_path: Path) -> None:
    present = [an_article(id="B001", questions=("第1题的问法一",))]
    assert read_rows(as_json(tmp_path, row(1)), CITY, present).rejected == ()


def test_a_question_that_another_article_answers_is_rejected(tmp_path: Path) -> None:
    present = [an_article(questions=("第1题的问法一",))]
    found = read_rows(as_json(tmp_path, row(1)), CITY, present)
    assert found == Rows((), ("第1条 B001：问法“第1题的问法一”与 A0101-01 重复",))


def test_two_rows_of_one_file_cannot_have_one_id(tmp_path: Path) -> None:
    found = read_rows(as_json(tmp_path, row(1), row(2, id="B001")), CITY)
    assert found.rejected == ("第2条 B001：编号 B001 重复",)


def test_a_table_is_read_with_its_lists_numbers_and_truths(tmp_path: Path) -> None:
    given = row(
        1, questions="甲|乙|丙|丁|戊", tags="供暖|费用", version="2", confirmed="是", regions="兰山区"
    )
    file = tmp_path / "new.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        table = csv.DictWriter(lines, given)
        table.writeheader()
        table.writerow(given)
    (article,) = read_rows(file, CITY).articles
    assert (article.questions, article.tags) == (("甲", "乙", "丙", "丁", "戊"), ("供暖", "费用"))
    assert (article.version, article.is_confirmed, article.regions) == (2, True, ("371302",))


def test_a_table_with_chinese_headings_and_lists_by_lines_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        [
            "编号",
            "标题",
            "分类",
            "问法",
            "口头答复",
            "书面答复",
            "责任单位",
            "来源",
            "生效日",
            "咨询电话",
            "附件",
        ]
    )
    sheet.append(
        ["B001", "题目", "0101", "甲\n乙\n丙|丁\n戊", "答复。", "答复。", "市住房城乡建设局", "某办法",
         datetime(2026, 3, 1), 12345, "申请表 forms/a.pdf"]
    )  # fmt: skip
    sheet.append([None, "", None])
    book.save(tmp_path / "new.xlsx")
    (article,) = read_rows(tmp_path / "new.xlsx", CITY).articles
    assert (article.questions, article.phone) == (("甲", "乙", "丙", "丁", "戊"), "12345")
    assert (article.valid_from, article.attachments) == (
        date(2026, 3, 1),
        (Attachment("申请表", "forms/a.pdf"),),
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    articles = [
        a_full_article(
            steps=("打电话", "上门"),
            regions=("371302",),
            attachments=(
                Attachment("申请 表", "forms/a.pdf"),
                Attachment("登记 表（1）.docx", f"{HANDED_IN}{'0f' * 32}"),
                Attachment("-须知.pdf", f"{HANDED_IN}{'1e' * 32}"),
            ),
            valid_until=date(2027, 1, 1),
            is_confirmed=True,
            phone="-12345",
            related=("A0101-02",),
        ),
        a_full_article(
            id="A0101-02", title="=1+1", questions=("一", "二", "三", "四", "@五"), category=None, version=3
        ),
    ]
    (tmp_path / f"out{suffix}").write_bytes(write_rows(articles, suffix))
    assert read_rows(tmp_path / f"out{suffix}", CITY) == Rows(tuple(articles), ())


def test_an_unknown_kind_of_file_is_not_written() -> None:
    with pytest.raises(CityConfigError, match="xlsx"):
        write_rows([], ".doc")


def test_a_table_row_with_more_cells_than_the_heading_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,title\nB001,题目,多余\n", encoding="utf-8")
    assert read_rows(file, CITY).rejected == ("第1条 B001：不认识的字段：多出的列",)


def test_defaults_of_a_yaml_file_hold_for_its_rows(tmp_path: Path) -> None:
    given = row(1)
    del given["valid_from"]
    file = tmp_path / "new.yaml"
    file.write_text(
        json.dumps({"defaults": {"valid_from": "2026-02-01"}, "articles": [given]}), encoding="utf-8"
    )
    assert read_rows(file, CITY).articles[0].valid_from == date(2026, 2, 1)


def test_a_file_without_rows_says_so(tmp_path: Path) -> None:
    assert read_rows(as_json(tmp_path), CITY).rejected == ("文件里没有条目",)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("new.txt", b"", "只认 Excel"),
        ("new.json", b"{", "读不出来"),
        ("new.json", b"[1]", "应是条目的列表"),
        ("new.json", b'{"articles": 1}', "应是条目的列表"),
        ("new.csv", b"\xff\xfe\x00", "读不出来"),
        ("new.yaml", b"a: [", "不是有效的YAML"),
        ("new.xlsx", b"no workbook", "读不出来"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CityConfigError, match=reason):
        read_rows(tmp_path / name, CITY)


def test_a_workbook_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "new.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (201 << 20))
    with pytest.raises(CityConfigError, match="解开后过大"):
        read_rows(tmp_path / "new.xlsx", CITY)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CityConfigError, match="读不出来"):
        read_rows(tmp_path / "none.csv", CITY)
