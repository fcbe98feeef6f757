from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from asr.engines.scripted import ScriptedRecognizer
from asr.repair import Repairer, RepairingRecognizer
from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.speech import Expected, Hypothesis


@pytest.fixture(scope="module")
def repairer(linyi: City) -> Repairer:
    return Repairer(linyi)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("我想问一下衣宝怎么异地报消", "我想问一下医保怎么异地报销"),
        ("身份正丢了怎么办", "身份证丢了怎么办"),
        ("我家听水了", "我家停水了"),
        ("找火了快来人", "着火了快来人"),
        ("专人工", "转人工"),
        ("我要转任工", "我要转人工"),
        ("五业公司乱收费", "物业公司乱收费"),
        ("造音绕民", "噪音扰民"),
        ("供给金怎么提取", "公积金怎么提取"),
        ("站道经营", "占道经营"),
        ("我要反映路征坏了", "我要反映路灯坏了"),  # as heard in calls: one syllable far from what was said
        ("不要反映入灯怀了", "不要反映路灯坏了"),
        ("你好家里们气不热", "你好家里暖气不热"),  # a phrase of six is known by the other five
        ("举报超市卖过70品", "举报超市卖过期食品"),
    ],
)
def test_hotline_words_heard_as_homophones_are_put_right(repairer: Repairer, heard: str, meant: str) -> None:
    assert repairer.repair(heard, Expected.OPEN) == meant


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("罗庄区圣庄街道", "罗庄区盛庄街道"),
        ("兰山区金确山街道", "兰山区金雀山街道"),
        ("河东去九区街道", "河东区九曲街道"),
        ("谈城县马头镇", "郯城县马头镇"),
        ("局南县十字路街到", "莒南县十字路街道"),
        ("蒙因县多庄镇", "蒙阴县垛庄镇"),
        ("费线上野镇", "费县上冶镇"),
        ("在兰山去一堂真", "在兰山区义堂镇"),
        ("再费县叹陵县", "再费县叹陵县"),  # 探沂镇: no county lies in another
    ],
)
def test_places_are_found_by_their_sound(repairer: Repairer, heard: str, meant: str) -> None:
    assert repairer.repair(heard, Expected.PLACE) == meant


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("如中区圣中接大", "罗庄区盛庄街道"),
        ("再来山区、来山迹道。", "再兰山区兰山街道。"),
        ("莒山区金区山街道", "兰山区金雀山街道"),
        ("罗庄区银雀山街道", "罗庄区银雀山街道"),  # each name was heard as it is written
        ("就在我家门口那条路上", "就在我家门口那条路上"),
    ],
)
def test_a_county_with_its_street_is_found_by_most_of_its_sounds(
    repairer: Repairer, heard: str, meant: str
) -> None:
    assert repairer.repair(heard, Expected.PLACE) == meant


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("何东西97街道的垃圾没人清理", "河东区九曲街道的垃圾没人清理"),
        ("蓝山西营却深接到着火了", "兰山区银雀山街道着火了"),
        ("高新区麓谷街道的公园", "高新区麓谷街道的公园"),  # of another city, no 罗西街道
        ("本人代表朝阳办事处", "本人代表朝阳办事处"),
        ("保障对象通过评议公示程序", "保障对象通过评议公示程序"),
        ("3号楼70岁的老人住12楼", "3号楼70岁的老人住12楼"),
    ],
)
def test_addresses_within_what_is_said_are_found_only_where_they_are_nearly_right(
    repairer: Repairer, heard: str, meant: str
) -> None:
    assert repairer.repair(heard, Expected.OPEN) == meant


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("来山区兰山街道", "兰山区兰山街道"),
        ("不对是罗装区盛庄街道", "不对是罗庄区盛庄街道"),
        ("没有其他问题了谢谢", "没有其他问题了谢谢"),
        ("对的登记的内容是对的", "对的登记的内容是对的"),
    ],
)
def test_a_place_that_answers_a_yes_or_no_question_is_put_right(
    repairer: Repairer, heard: str, meant: str
) -> None:
    assert repairer.repair(heard, Expected.YES_NO) == meant


@pytest.mark.parametrize(
    "said",
    [
        "我去一趟医院",  # sounds like 义堂
        "事情办成了",  # 半程
        "请专家评议一下结果",  # 平邑
        "这是个疑难问题",  # 沂南
        "义堂这边有个坑",  # 义堂镇
        "他卖服装",  # 傅庄
        "解一道方程",  # 方城
        "消防通道被占了",
        "今天天气不错我们去爬山",
        "这条路真坏",  # 路灯坏了
        "道路几处积水",
        "请补发工资",
        "最近天气不热",
        "请你们赶紧派人看看",  # 请派人
        "有个女人晕倒了",
        "小区电梯又出故障",
        "我家电器不热",
        "这里空气不热",
    ],
)
def test_correct_words_that_sound_like_places_or_terms_stay(repairer: Repairer, said: str) -> None:
    assert repairer.repair(said, Expected.OPEN) == said


def test_spaces_between_characters_go_and_latin_words_keep_theirs(repairer: Repairer) -> None:
    assert repairer.repair(" 我 要 转 人工 OK GO ", Expected.OPEN) == "我要转人工 OK GO"


def test_numbers_are_written_after_places_are_repaired(repairer: Repairer) -> None:
    heard = "局南县十字路街道三号楼二单元，电话一三八零零五三二七六四"

    assert repairer.repair(heard, Expected.OPEN) == "莒南县十字路街道3号楼2单元，电话13800532764"


def test_a_city_without_a_word_list_is_named(linyi: City, tmp_path: Path) -> None:
    with pytest.raises(CityConfigError) as wrong:
        Repairer(replace(linyi, folder=tmp_path))

    assert wrong.value.file == str(tmp_path / "lexicon" / "terms.yaml")


def test_a_phrase_too_short_to_be_known_by_most_of_its_sounds_is_refused(linyi: City, tmp_path: Path) -> None:
    words = tmp_path / "lexicon" / "terms.yaml"
    words.parent.mkdir()
    words.write_text("frequent: []\nterms: []\nphrases: [停水了]\n", encoding="utf-8")

    with pytest.raises(CityConfigError, match="至少四个字：停水了"):
        Repairer(replace(linyi, folder=tmp_path))


async def test_a_repairing_recognizer_keeps_what_the_engine_heard(repairer: Repairer) -> None:
    recognizer = RepairingRecognizer(ScriptedRecognizer(["罗装区停水"]), repairer)

    async def silence() -> None:
        yield b"\0\0"

    heard = [hypothesis async for hypothesis in recognizer.recognize(silence(), expect=Expected.OPEN)]

    assert heard == [Hypothesis(text="罗庄区停水", raw="罗装区停水", is_final=True, engine="scripted")]
