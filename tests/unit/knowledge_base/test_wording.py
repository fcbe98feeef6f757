"""How citizens word things: courtesies go, synonyms become one, a report is told from a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.domain.errors import CityConfigError
from knowledge_base.wording import Manner, load_wording, plain
from tests.builders import LINYI

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")


def test_plain_text_has_no_punctuation_width_or_case() -> None:
    assert plain("请问，ＡＢＣ 电费 1.5 元？") == "请问abc电费15元"


def test_courtesies_are_left_out() -> None:
    assert WORDING.core("您好，我想问一下居住证，谢谢") == "居住证"


def test_a_text_of_courtesies_only_stays_as_it_is() -> None:
    assert WORDING.core("你好，请问") == "你好请问"


def test_different_words_for_one_thing_become_one() -> None:
    assert WORDING.canonical("取暖费") == WORDING.canonical("暖气费") == "供暖费"


def test_the_longer_of_two_synonyms_is_replaced_first() -> None:
    assert WORDING.canonical("不动产权证书") == "不动产证"


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("暖气几号来", Manner.QUESTION),
        ("暖气不热怎么申请测温", Manner.QUESTION),
        ("物业停水停电违不违法", Manner.QUESTION),
        ("网上买的鞋还能退不", Manner.QUESTION),
        ("什么情况下可以提取公积金", Manner.QUESTION),
        ("这路灯什么情况，天天灭", Manner.REPORT),
        ("居住证", Manner.TOPIC),
        ("我家暖气不热", Manner.REPORT),
        ("楼下烧烤油烟很大", Manner.REPORT),
        ("路灯坏了怎么还没人来修", Manner.REPORT),
        ("工地太吵了能不能派人来看看", Manner.REPORT),
        ("老板拖欠工资我要投诉", Manner.REPORT),
    ],
)
def test_the_manner_of_a_text_is_told(text: str, manner: Manner) -> None:
    assert WORDING.manner(text) is manner


GOOD = "synonyms: [[甲, 乙]]\nfillers: [喂]\nasking: [吗]\ndemanding: [快来]\nreporting: [坏了]\n"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("[[甲, 乙]]", "[[甲]]"), "synonyms 第1组"),
        (("[[甲, 乙]]", "[[甲, 1]]"), "synonyms 第1组"),
        (("[[甲, 乙]]", "[]"), "synonyms"),
        (("fillers: [喂]", "fillers: 喂"), "fillers"),
        (("[吗]", "['？']"), "asking"),
        (("reporting: [坏了]\n", ""), "reporting"),
    ],
)
def test_a_mistake_in_the_words_is_named(tmp_path: Path, change: tuple[str, str], where: str) -> None:
    file = tmp_path / "synonyms.yaml"
    file.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(CityConfigError) as error:
        load_wording(file)
    assert (error.value.file, error.value.row) == (str(file), where)


def test_a_file_of_no_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "synonyms.yaml").write_text("[]", encoding="utf-8")
    with pytest.raises(CityConfigError, match="应是带字段的YAML"):
        load_wording(tmp_path / "synonyms.yaml")


def test_an_answer_loses_its_polite_opening_and_nothing_else() -> None:
    opening = "网友您好！您的留言已收悉。现将有关情况回复如下："
    matter = "经核实，该路段由区住建局负责，已安排施工单位进场修补，预计本月底前完成，请您监督。"
    assert WORDING.answer(opening + matter) == matter
    assert WORDING.answer(matter) == matter
    assert WORDING.answer(opening + "已转办。") == opening + "已转办。"
