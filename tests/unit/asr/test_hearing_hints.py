from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from asr.hearing_hints import HearingHints, load_hearing_hints
from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.speech import Expected


@pytest.fixture(scope="module")
def hints(linyi: City) -> HearingHints:
    return load_hearing_hints(linyi)


def test_the_place_prompt_names_the_counties_and_the_yes_no_prompt_the_choices(hints: HearingHints) -> None:
    assert "兰山区、罗庄区、河东区" in hints.prompt(Expected.PLACE)
    assert "登记吧" in hints.prompt(Expected.YES_NO, ["登记吧"])
    assert "{" not in "".join(hints.prompt(expect) for expect in Expected)


@pytest.mark.parametrize("expect", [Expected.OPEN, Expected.PLACE, Expected.DIGITS])
@pytest.mark.parametrize("is_phone", [False, True])
def test_short_speech_may_be_a_request_for_a_person(
    hints: HearingHints, expect: Expected, is_phone: bool
) -> None:
    prompt = hints.prompt(expect, is_phone=is_phone, is_short=True)
    assert prompt.startswith("转人工。")
    assert prompt.endswith(hints.prompt(expect, is_phone=is_phone))
    assert hints.prompt(Expected.YES_NO, is_short=True) == hints.prompt(Expected.YES_NO)
    assert hints.repeats_lead("转人工。以下是普通话。")
    assert hints.repeats_lead("轻转人工。")
    assert not hints.repeats_lead("我要人工服务")
    assert not hints.repeats_lead("着火了")


def test_only_yes_no_and_digits_limit_what_may_be_heard(hints: HearingHints) -> None:
    assert hints.grammar(Expected.OPEN) == hints.grammar(Expected.PLACE) == ()
    assert hints.grammar(Expected.YES_NO, ["登记吧", "对"])[:3] == ("登记吧", "对", "对的")


def test_an_unsure_answer_is_read_among_others_only_where_it_is_yes_or_no(hints: HearingHints) -> None:
    answers = hints.answers(Expected.YES_NO, ["登记吧", "对"])
    assert {"对的", "不是", "没有了"} <= set(answers)
    assert not {"转人工", "登记吧"} & set(answers)
    assert hints.answers(Expected.YES_NO) == hints.answers(Expected.OPEN, ["对"]) == ()


def test_hotwords_are_places_unless_an_answer_is_expected(hints: HearingHints) -> None:
    assert "义堂镇" in hints.bias(Expected.PLACE)
    assert "义堂镇" not in hints.bias(Expected.YES_NO)


def test_sentences_that_engines_invent_are_known(hints: HearingHints) -> None:
    assert hints.is_made_up("谢谢观看！")
    assert hints.is_made_up("中文字幕志愿者 李宗盛")
    assert not hints.is_made_up("谢谢")
    assert not hints.is_made_up("我要反映小区停水")


def test_a_city_without_hints_is_named(linyi: City, tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "hearing.yaml").write_text("prompts: {open: 好}", encoding="utf-8")

    with pytest.raises(CityConfigError, match="yes_no"):
        load_hearing_hints(replace(linyi, folder=tmp_path))
