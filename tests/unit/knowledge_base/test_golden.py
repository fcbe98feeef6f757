"""Golden questions: read as written, and what is wrong is named by file and row."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.domain.errors import CityConfigError
from knowledge_base.golden import GoldenQuestion, Ground, load_golden


def write(folder: Path, text: str, name: str = "01.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_questions_with_an_answer_and_without_are_read(tmp_path: Path) -> None:
    folder = write(
        tmp_path, "answerable: [{q: 几号送暖, a: [A1, A2]}]\nunanswerable: [{q: 讲个笑话, why: 'off'}]"
    )
    assert load_golden(folder, {"A1", "A2"}) == (
        GoldenQuestion("几号送暖", answers=("A1", "A2")),
        GoldenQuestion("讲个笑话", ground=Ground.OFF),
    )


def test_a_city_without_golden_questions_has_none(tmp_path: Path) -> None:
    assert load_golden(tmp_path / "none", set()) == ()


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        ("[]", "answerable", "应有 answerable、unanswerable 两个列表"),
        ("answerable: 1", "answerable", "应有 answerable、unanswerable 两个列表"),
        ("answerable: [{q: 几号送暖, a: [A9]}]", "answerable 第1条", "没有这个条目：A9"),
        ("answerable: [{q: 几号送暖, a: []}]", "answerable 第1条", "a 应是条目编号的列表"),
        ("answerable: [{q: '？', a: [A1]}]", "answerable 第1条", "q 应是问题"),
        ("answerable: [几号送暖]", "answerable 第1条", "字段缺失或取值不对"),
        ("unanswerable: [{q: 讲个笑话, why: 好玩}]", "unanswerable 第1条", "取值不对"),
        ("answerable: [{q: 几号, a: [A1]}, {q: 几号？, a: [A1]}]", "answerable 第2条", "同一个问题"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, row: str, reason: str) -> None:
    with pytest.raises(CityConfigError, match=reason) as error:
        load_golden(write(tmp_path, text), {"A1"})
    assert (error.value.file, error.value.row) == (str(tmp_path / "01.yaml"), row)


def test_a_question_of_another_file_is_not_asked_again(tmp_path: Path) -> None:
    write(tmp_path, "answerable: [{q: 几号送暖, a: [A1]}]")
    write(tmp_path, "unanswerable: [{q: 几号送暖, why: near}]", "02.yaml")
    with pytest.raises(CityConfigError, match="与 01.yaml answerable 第1条 是同一个问题"):
        load_golden(tmp_path, {"A1"})
