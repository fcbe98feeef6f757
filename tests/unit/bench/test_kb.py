"""The benchmark of knowledge search, on a table small enough to know the outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.kb import QuestionDataError, bench_kb
from knowledge_base.wording import load_wording
from tests.builders import LINYI

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
TABLE = """问,答
路灯不亮,您反映的路灯问题已经修复
公交太少,关于增加公交班次的答复
公交改线,关于增加公交班次的答复
,没有问题的答案
完全无关的话,小学招生范围由教育局划定
"""


def table(folder: Path, text: str = TABLE) -> Path:
    file = folder / "questions.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_hits_are_counted_for_both_searches_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    figures = bench_kb(
        table(tmp_path), "问", "答", WORDING, progress=lambda done, of: told.append((done, of))
    )
    assert (figures["questions"], figures["answers"]) == (4, 3)
    # Plain BM25 knows 公交 only where jieba cuts it out; single characters know it everywhere.
    assert (figures["hit_at_1"], figures["bm25"]["hit_at_1"]) == (0.75, 0.5)
    assert figures["p50_ms"] > 0
    assert told == [(4, 8), (8, 8)]


def test_questions_as_heard_are_asked_beside_those_as_written(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    misheard = {
        "路灯不亮": "鹿登部亮",
        "公交太少": "工焦太少",
        "公交改线": "公交改线",
        "完全无关的话": "完全无关的话",
    }
    figures = bench_kb(
        table(tmp_path), "问", "答", WORDING,
        progress=lambda done, of: told.append((done, of)),
        hear=lambda questions: [[misheard[question]] for question in questions],
    )  # fmt: skip
    spoken = figures["spoken"]
    assert (spoken["hit_at_1"], spoken["points_lost_at_1"]) == (0.75, 0.0)  # it is found by its sound
    assert (spoken["bm25"]["hit_at_1"], spoken["bm25"]["points_lost_at_1"]) == (0.25, 25.0)
    assert told == [(4, 16), (8, 16), (12, 16), (16, 16)]


def test_a_sample_of_questions_is_asked_of_all_answers(tmp_path: Path) -> None:
    def drawn(seed: int) -> list[str]:
        questions: list[str] = []
        figures = bench_kb(
            table(tmp_path), "问", "答", WORDING, sample=2, seed=seed,
            hear=lambda asked: questions.extend(asked) or [[question] for question in asked],
        )  # fmt: skip
        assert (figures["questions"], figures["answers"]) == (2, 3)
        return questions

    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(4)}) > 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [("问,复\n甲,乙\n", "没有列 答"), ("问,答\n,\n", "没有一行既有问题又有答案"), ("", "没有列")],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(QuestionDataError, match=reason):
        bench_kb(table(tmp_path, text), "问", "答", WORDING)


def test_a_table_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(QuestionDataError, match="读不出来"):
        bench_kb(tmp_path / "none.csv", "问", "答", WORDING)
