"""Codes of three levels: what names a class holds for those below it."""

from hotline.domain.category import Category, at_level, lineage, nearest, within


def test_a_code_lies_in_each_of_its_beginnings() -> None:
    assert lineage("010102") == ("010102", "0101", "01")
    assert lineage("") == ()


def test_what_names_a_class_holds_for_those_below_it() -> None:
    assert within("010102", {"0101"})
    assert within("010102", {"01"})
    assert within("0101", {"0101"})
    assert not within("0101", {"010102"})
    assert not within("0102", {"0101"})
    assert not within(None, {"0101"})


def test_the_nearest_class_above_stands_in_for_one_that_is_not_known() -> None:
    known = {"01": "公用事业", "0101": "供暖"}
    assert nearest("0101", known) == "供暖"
    assert nearest("010199", known) == "供暖"
    assert nearest("0199", known) == "公用事业"
    assert nearest("0201", known) is None
    assert nearest(None, known) is None


def test_codes_are_cut_to_a_level() -> None:
    assert at_level("010102") == "0101"
    assert at_level("010102", 1) == "01"
    assert at_level("01") == "01"
    assert at_level(None) is None


def test_a_category_knows_its_level() -> None:
    assert [Category(code, "", "", "").level for code in ("01", "0101", "010101")] == [1, 2, 3]
