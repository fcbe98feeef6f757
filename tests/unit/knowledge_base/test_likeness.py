"""Likeness of a question to an article, by writing and by sound."""

from __future__ import annotations

import pytest

from knowledge_base.likeness import Asked, Comparison, Glance, Known, Looked, NoAnalysisError, Way
from knowledge_base.terms import subjects_of, terms_of
from knowledge_base.wording import load_wording
from tests.builders import LINYI, an_article

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")


def even(field: str) -> Looked:
    return Looked(lambda term: 1.0)


def asked(text: str) -> Asked:
    return Asked.of(text, WORDING)


def way(text: str) -> Way:
    return Way.of(asked(text))


def likeness(question: Asked, way: Way) -> float:
    return Comparison(question, even).likeness(way)


def test_terms_are_words_characters_and_sounds() -> None:
    terms = terms_of("医保")
    assert (terms.words, terms.characters) == (("医保",), ("医", "保", "医保"))
    assert terms.sounds == ("yi", "bao", "yi-bao")


def test_digits_and_letters_sound_as_they_are_said() -> None:
    assert terms_of("c1证").sounds[:3] == terms_of("西一证").sounds[:3] == ("xi", "yi", "zen")


def test_the_subject_is_what_is_asked_about_not_how() -> None:
    assert subjects_of("银行卡丢了怎么补办") == ("银行卡", "补办")


def test_the_same_words_are_wholly_alike() -> None:
    assert likeness(asked("居住证怎么办"), way("居住证怎么办")) == 1.0


def test_synonyms_are_nearly_as_alike_as_the_same_words() -> None:
    assert likeness(asked("取暖费多钱"), way("暖气费多少钱")) > 0.6


def test_what_was_misheard_is_alike_by_sound() -> None:
    misheard = likeness(asked("衣宝怎么转移"), way("医保怎么转移"))
    other_word = likeness(asked("社保怎么转移"), way("医保怎么转移"))
    assert misheard > 0.85 > other_word


def test_nothing_in_common_is_not_alike() -> None:
    assert likeness(asked("路灯"), way("结婚")) == 0.0


def test_an_article_knows_the_subject_by_writing_or_by_sound_in_its_questions_or_its_answer() -> None:
    known = Known.of(an_article(title="社保卡挂失", questions=("社保卡丢了",), full="可以补办。"), WORDING)
    assert Comparison(asked("社保卡丢了怎么补办"), even).subject_share(known) == 1.0
    assert Comparison(asked("射宝卡丢了怎么补办"), even).subject_share(known) == 1.0
    assert Comparison(asked("银行卡丢了怎么补办"), even).subject_share(known) == 0.5
    (glance,) = Comparison(asked("社保卡"), even).glances([known])
    assert glance.words == 1.0


def test_a_way_of_asking_may_hold_what_was_not_asked() -> None:
    assert Comparison(asked("办身份证周末能办吗"), even).way_share(way("孩子怎么办身份证")) < 1.0
    assert Comparison(asked("我家两个孩子怎么办身份证"), even).way_share(way("孩子怎么办身份证")) == 1.0


def test_the_most_alike_way_is_found_without_weighing_all() -> None:
    weighed: list[str] = []

    def weigh(field: str) -> Looked:
        return Looked(lambda term: weighed.append(term) or float(len(term)))

    askings = ("居住证到期怎么续签", "路灯不亮找谁", "外地人怎么办居住证", "居住证怎么办")
    known = Known.of(an_article(title="", questions=askings), WORDING)
    comparison = Comparison(asked("办居住证怎么办"), weigh)
    (glance,) = comparison.glances([known])
    best = comparison.most_alike(known, glance)
    assert "路灯" not in weighed
    assert best == max(map(comparison.likeness, known.ways)) > 0.8
    assert comparison.most_alike(known, Glance([], 0.0)) == 0.0


def test_a_glance_promises_no_less_than_a_way_of_asking_keeps_and_articles_keep_apart() -> None:
    some = [
        Known.of(an_article(title="居住证怎么办", questions=("外地人办居住证",), full="带身份证。"), WORDING),
        Known.of(an_article(title="", questions=(), full="路灯不亮请打供电电话。"), WORDING),
        Known.of(an_article(title="路灯不亮找谁", questions=(), full="供电公司。"), WORDING),
    ]
    comparison = Comparison(asked("路灯不亮找供电公司吗"), lambda field: Looked(lambda term: 2.0))
    glances = comparison.glances(some)
    assert [len(glance.at_most) for glance in glances] == [2, 0, 1]
    for known, glance in zip(some, glances, strict=True):
        for most, one in zip(glance.at_most, known.ways, strict=True):
            assert most + 1e-9 >= comparison.likeness(one)
    assert [round(glance.words, 3) for glance in glances] == [
        0.0,
        0.5,
        0.833,
    ]  # 路灯 不亮 供电, and 公司 供电公司
    assert comparison.glances([]) == []


def test_what_was_dumped_is_read_again_and_what_is_no_analysis_is_refused() -> None:
    known = Known.of(an_article(title="居住证怎么办", questions=("外地人办居住证",)), WORDING)
    again = Known.loaded(known.dumped().encode())
    assert again.ways == known.ways
    assert again.whole == known.whole
    assert Comparison(asked("居住证"), even).glances([again]) == Comparison(asked("居住证"), even).glances(
        [known]
    )
    signs, ways, whole = known.dumped().split("\n")
    for broken in ("", "[]", f"{signs[:-8]}\n{ways}\n{whole}", f"?{signs}\n{ways}\n{whole}"):
        with pytest.raises(ValueError):
            Known.loaded(broken.encode())
    with pytest.raises(NoAnalysisError):
        _ = Known.loaded(f"{signs}\n[[1]]\n{whole}".encode()).ways
    with pytest.raises(NoAnalysisError):
        _ = Known.loaded(f"{signs}\n{ways}\n{{".encode()).whole
