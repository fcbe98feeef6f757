"""What is found in training utterances: too few, twice, nearly twice, leaked, wrong labels and markup."""

from pathlib import Path

import pytest

from hotline.city import load_city, read_yaml
from hotline.domain.category import Category
from hotline.domain.errors import CityConfigError
from nlu.training_check import ERRORS, Finding, Trouble, alike_pairs, check_examples, golden_texts
from nlu.training_data import Example, load_examples, plain, read_examples

CATEGORIES = {code: Category(code, code, code, "") for code in ("01", "0101", "010101", "010102")}
GOLDEN = Path("tests/engines/nlu/golden.yml")


def example(marked: str, label: str = "c010101") -> Example:
    return Example(plain(marked), label, marked, "f.yml")


def found(*examples: Example, golden: tuple[str, ...] = (), least: int = 0) -> list[Finding]:
    return list(check_examples(examples, CATEGORIES, golden, least).findings)


def test_sound_utterances_have_no_findings() -> None:
    assert (
        found(
            example("家里暖气一点都不热"),
            example("[罗庄区](place)停暖三天了", "c010102"),
            example("好的", "affirm"),
        )
        == []
    )


def test_a_class_with_too_few_utterances_is_named_with_their_number() -> None:
    troubles = found(example("暖气不热"), least=1)
    assert troubles == [Finding(Trouble.TOO_FEW, "", "c010102", "0")]


def test_unknown_and_coarse_labels_are_named_once() -> None:
    troubles = found(example("一", "c020201"), example("二二", "c020201"), example("三三", "c0101"))
    assert [(each.trouble, each.row) for each in troubles if each.trouble is not Trouble.LENGTH] == [
        (Trouble.UNKNOWN_LABEL, "c020201"),
        (Trouble.COARSE, "c0101"),
    ]


def test_the_same_words_twice_are_a_duplicate_and_under_two_labels_an_error() -> None:
    troubles = found(example("暖气不热！"), example("暖气不热"), example("暖气 不热", "c010102"))
    assert [(each.trouble, each.other) for each in troubles] == [
        (Trouble.DUPLICATE, "f.yml"),
        (Trouble.TWO_LABELS, "c010101／c010102"),
    ]


def test_nearly_the_same_words_are_told() -> None:
    troubles = found(
        example("我们小区的暖气从昨天晚上到现在一直都不热，打电话也没有人来修"),
        example("我们小区的暖气从昨天晚上到现在一直都不热，打电话也没人来修"),
        example("楼道里的灯坏了"),
    )
    assert [each.trouble for each in troubles] == [Trouble.NEARLY_THE_SAME]


def test_a_golden_utterance_may_not_be_trained_on_nor_one_much_like_it() -> None:
    golden = ("今年供热费还能不能分两次交", "我们小区换热站坏了三天了没有人来管这件事情")
    troubles = found(
        example("今年供热费，还能不能分两次交"),
        example("我们小区换热站坏了三天了没有人来管这件事"),
        golden=golden,
    )
    assert [(each.trouble, each.other) for each in troubles] == [
        (Trouble.LEAKED, golden[0]),
        (Trouble.LEAKED, golden[1]),
    ]
    assert all(each.is_error for each in troubles)


def test_unknown_entities_and_broken_markup_are_errors() -> None:
    troubles = found(example("[罗庄区](palce)停暖"), example("[罗庄区停暖三天"))
    assert [(each.trouble, each.other) for each in troubles] == [
        (Trouble.UNKNOWN_ENTITY, "罗庄区：palce"),
        (Trouble.MARKUP, ""),
    ]


def test_a_letter_as_long_as_a_page_is_too_long_to_learn_from() -> None:
    assert [each.trouble for each in found(example("暖" * 401))] == [Trouble.LENGTH]


def test_the_share_of_long_utterances_is_told() -> None:
    report = check_examples([example("暖气不热"), example("热力公司" * 12)], CATEGORIES, (), 0)
    assert report.long_share == 0.5
    assert check_examples([], CATEGORIES, (), 0).long_share == 0.0


def test_alike_pairs_finds_all_pairs_that_comparing_each_with_each_finds() -> None:
    texts = [
        "路灯坏了没有人修",
        "路灯坏了没人修",
        "路灯坏了没有人来修",
        "暖气不热",
        "暖气不热啊",
        "停水了",
        "",
    ]

    def pairs(text: str) -> set[str]:
        return {text[at : at + 2] for at in range(len(text) - 1)} or {text}

    each_with_each = {
        (first, second)
        for second in range(len(texts))
        for first in range(second)
        if len(pairs(texts[first]) & pairs(texts[second]))
        >= 0.6 * len(pairs(texts[first]) | pairs(texts[second]))
    }
    assert set(alike_pairs(texts, 0.6)) == each_with_each
    assert (0, 2) in each_with_each


def test_our_own_utterances_have_no_errors() -> None:
    city = load_city(Path("config/linyi"))
    golden = golden_texts(read_yaml(GOLDEN)["utterances"])
    report = check_examples([*read_examples()], city.categories, golden)
    assert [each for each in report.findings if each.trouble in ERRORS] == []
    assert len(load_examples(city)) > 1_500


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nlu:\n- intent: c019999\n  examples: |\n    - 停水了\n", "没有这个意图或分类"),
        (
            "nlu:\n- intent: c010201\n  examples: |\n    - 停水了\n- intent: c010202\n  examples: |\n    - 停水了\n",
            "同一句话有两个标签",
        ),
        ("nlu:\n- examples: 停水了\n", "intent 和 examples"),
    ],
)
def test_utterances_that_cannot_be_used_are_refused_by_file_and_reason(tmp_path, text, reason) -> None:
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CityConfigError, match=reason):
        load_examples(load_city(Path("config/linyi")), tmp_path)
