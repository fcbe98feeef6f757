"""Editors' help: figures that contradict, articles that are much alike, questions that belong together."""

from __future__ import annotations

import pytest

from knowledge_base.comparing import EditorsWarning, figures, grouped, warnings_for
from knowledge_base.wording import load_wording
from tests.articles import a_full_article
from tests.builders import LINYI

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("二十四小时内上门", {"小时": {"24"}}),
        ("24小时内上门", {"小时": {"24"}}),
        ("不低于十八摄氏度，18℃以上", {"℃": {"18"}}),
        ("五个工作日或者5个工作日，最长10日", {"工作日": {"5"}, "天": {"10"}}),
        ("每月800.50元", {"元": {"800.5"}}),
        ("没有数字", {}),
    ],
)
def test_figures_are_read_by_their_unit_written_either_way(text: str, found: dict[str, set[str]]) -> None:
    assert figures(text) == found


def test_alike_articles_whose_figures_differ_contradict_each_other() -> None:
    mine = a_full_article(spoken="二十四小时内上门。", full="24小时内检测，5个工作日退费。")
    other = a_full_article(id="A0101-03", title="测温", spoken="四十八小时内上门。", full="48小时内检测。")
    assert warnings_for(mine, [(other, 0.7)]) == (
        EditorsWarning("contradiction", "A0101-03", "测温", "小时：24 / 48"),
    )
    assert warnings_for(mine, [(other, 0.5)]) == ()


def test_articles_that_share_a_figure_do_not_contradict() -> None:
    mine = a_full_article(spoken="十八度。", full="18℃，16℃退两成。")
    other = a_full_article(id="A0101-02", spoken="十八度。", full="18℃。")
    assert warnings_for(mine, [(other, 0.7)]) == ()


def test_much_the_same_article_is_a_near_duplicate_but_not_of_itself() -> None:
    mine, other = a_full_article(), a_full_article(id="A0101-09", title="供暖何时开始")
    assert warnings_for(mine, [(mine, 1.0), (other, 0.85)]) == (
        EditorsWarning("near_duplicate", "A0101-09", "供暖何时开始", "0.85"),
    )


def test_questions_that_ask_the_same_are_put_together_the_most_asked_first() -> None:
    texts = ["路灯怎么安装", "您好，地暖归谁维修", "请问地暖归谁维修呢", "地暖归谁修"]
    assert grouped(texts, WORDING) == [[1, 2, 3], [0]]


def test_questions_of_one_meaning_are_put_together_whatever_their_words() -> None:
    near = {(1, 0): 0.9}
    assert grouped(["房本丢了", "不动产权证找不到"], WORDING, lambda a, b: near.get((a, b), 0.0)) == [[0, 1]]
    assert grouped([], WORDING) == []
