"""What is read back of a long account is cut where words begin, and its greetings are left out."""

from __future__ import annotations

import pytest

from hotline.city import read_yaml
from hotline.dialogue.briefs import Briefs
from hotline.dialogue.words import AnswerWords
from tests.builders import LINYI

BRIEFS: Briefs = AnswerWords(read_yaml(LINYI / "lexicon" / "answers.yaml")).briefs


@pytest.mark.parametrize(
    ("accounts", "brief"),
    [
        (("路灯坏了",), "路灯坏了"),
        (
            (
                "你好同志，我是罗庄的，我儿子在杭州上班，他单位给他交的公积金，他想回来买房子，能不能用杭州的公积金在临沂贷款",
            ),
            "能不能用杭州的公积金在临沂贷款",
        ),
        (
            (
                "大姐我跟你打听个事，我这两亩地种了一辈子，前年修路占了，村里说给补钱到现在也没给，我找了好几趟都说等等",
            ),
            "我跟你打听个事，我这两亩地种了一辈子，前年修路占了，村里说给补钱到现在也没给",
        ),
        (("一" * 50,), "一" * 40),
        # no punctuation
        (
            (
                "我的退休证找不到了然后我现在在外地女儿家住着我想问一下这个退休证能不能在网上补办需要什么手续啊",
            ),
            "我现在在外地女儿家住着我想问一下这个退休证能不能在网上补办需要什么手续啊",
        ),
        (
            (
                "我们村东头那条路年久失修坑坑洼洼的一下雨就没法走路然后老人孩子出门都摔过跤找了村里好几回也没有人来",
            ),
            "我们村东头那条路年久失修坑坑洼洼的一下雨就没法走路",
        ),
        # greetings, and signs at the end
        (("嗯我想问一下公积金怎么提取啊就是买房子那个",), "公积金怎么提取啊就是买房子那个"),
        (("喂，你好，我想问一下我那个养猪场要办什么手续？",), "我那个养猪场要办什么手续"),
        (("12345您好。我想反映一下小区物业的问题。",), "小区物业的问题"),
        (("我想表扬一位工作人员！",), "我想表扬一位工作人员"),
        (("你好，请问",), "你好，请问"),
        (
            (
                "我们小区物业的问题一直没有人管，理由如下：1。物业长期不作为，2。电梯经常坏，请尽快处理，垃圾也没有清理",
            ),
            "我们小区物业的问题一直没有人管，理由如下：1，物业长期不作为，2，电梯经常坏",
        ),
        (
            (
                "我们小区物业的问题一直都没有人来管过，现将详细理由说明如下：1。物业长期不作为而且从来不公开账目",
            ),
            "我们小区物业的问题一直都没有人来管过，现将详细理由说明如下",
        ),
        # what was told after a question
        (
            (
                "孩子户口不在这边想转到这边的小学怎么办转学",
                "需要什么材料",
                "学校说没有学位不收，你给反映一下",
            ),
            "学校说没有学位不收，你给反映一下",
        ),
        (
            (
                "我家孩子今年上小学我们户口不在这边",
                "转学怎么办需要带什么材料",
                "学校说没有学位不收，反映一下",
            ),
            "转学怎么办需要带什么材料，学校说没有学位不收，反映一下",
        ),
    ],
)
def test_a_story_is_read_back_in_whole_clauses_and_a_question_with_what_it_asks(
    accounts: tuple[str, ...], brief: str
) -> None:
    assert BRIEFS.in_brief(accounts) == brief


def test_a_short_question_takes_what_comes_before_it() -> None:
    assert BRIEFS.question_in("我家孩子上初中，要多少钱") == "我家孩子上初中，要多少钱"
    assert BRIEFS.question_in("我家停水了") == ""


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("嗯我想问一下公积金怎么提取啊就是买房子那个", "公积金怎么提取"),
        ("公积金怎么提取", ""),
        ("我家停水了然后物业也不管", ""),
    ],
)
def test_a_question_ends_where_words_go_on(text: str, asked: str) -> None:
    assert BRIEFS.asked_first(text) == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("社保卡丢了，人现在在上海打工，请问网上能不能补办，怎么操作？", "社保卡丢了，网上能不能补办"),
        ("社保卡丢了，网上能不能补办", ""),
        ("社保卡丢了，人在上海", ""),
    ],
)
def test_a_question_is_joined_to_what_the_story_began_with(text: str, asked: str) -> None:
    assert BRIEFS.beginning_and_question(text) == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("我在广东打工，社保卡丢了咋补", "社保卡丢了咋补"),
        ("我是开饭店的，健康证在哪办", "健康证在哪办"),
        ("社保卡丢了咋补", ""),
        ("我家条件不好，多少钱", ""),
    ],
)
def test_the_clause_that_asks_is_told_alone(text: str, asked: str) -> None:
    assert BRIEFS.clause_asked(text) == asked


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("费县上冶镇|俺家门口", "费县上冶镇|您家门口"),
        ("费县上冶镇|我们村东头", "费县上冶镇|你们村东头"),
        ("兰山区|咱小区3号楼", "兰山区|你们小区3号楼"),
        ("兰山区|沂蒙路上的俺们那个小区", "兰山区|沂蒙路上的你们那个小区"),
        ("我家楼下", "您家楼下"),
        ("兰山区|我爱我家门店", "兰山区|我爱我家门店"),
        ("兰山区|银雀山社区", "兰山区|银雀山社区"),
    ],
)
def test_a_place_of_one_s_own_is_said_back_as_the_caller_s(place: str, said: str) -> None:
    assert BRIEFS.yours(place) == said
