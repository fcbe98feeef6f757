"""Chinese on paper: lines that begin and end as they should, long texts over several pages, small files."""

from __future__ import annotations

from desk.paper import Cell, Sheet, broken, paper
from tests.builders import NOW


def of_one(text: str) -> float:
    return float(len(text))


def test_no_line_begins_with_what_closes_or_ends_with_what_opens() -> None:
    assert broken("一二三，四五", 3, of_one) == "一二\n三，四\n五"
    assert broken("一二（三四）五", 3, of_one) == "一二\n（三\n四）五"
    assert broken("一\n二三四五", 3, of_one) == "一\n二三四\n五"
    assert broken("", 3, of_one) == ""


def test_a_run_of_marks_is_broken_all_the_same() -> None:
    assert broken("！！！！！", 2, of_one) == "！！\n！！\n！"


def test_a_long_text_goes_on_over_pages_and_only_used_glyphs_are_in_the_file() -> None:
    text = "暖气不热，室内只有十五度。" * 200
    sheet = Sheet(
        "办理单", [(Cell("编号", "1"), Cell("时间", "2")), (Cell("内容", text, 34.0),)], "打印人 张三"
    )
    made = paper([sheet, sheet], title="办理单", at=NOW)
    assert made.startswith(b"%PDF-")
    assert b"NotoSerifSC" in made
    pages = made.count(b"/Type /Page\n")
    assert pages > 3
    assert pages % 2 == 0
    assert len(made) < 120_000
