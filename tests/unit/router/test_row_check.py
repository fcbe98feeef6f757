from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotline.domain.rule_text import CatalogueText, RowChange, applied
from router.catalogue_files import text_of_files
from router.row_check import RowProblem, check_row
from tests.small_catalogue import FEES, HEAT, REST, limit_names, linyi, small_city


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> CatalogueText:
    city = small_city(tmp_path_factory.mktemp("city"))
    return text_of_files(city.folder / "routing" / "2026-01")


def problems(
    text: CatalogueText, was: dict[str, Any] | None, before: str | None = None, **changed: Any
) -> list[RowProblem]:
    data = {key: value for key, value in {**(was or {}), **changed}.items() if value is not None}
    change = RowChange(str(data.get("id")), was, data, before)
    whole = replace(text, rows=applied(text.rows, (change,)))
    return list(check_row(data, whole, linyi(), limit_names()))


def new(**changed: Any) -> dict[str, Any]:
    return {
        "id": "new", "category": ["0101"], "lead": "body-housing", "because": "理由", "basis": "依据", "confirmed": True, **changed
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"category": ["0101", "7777"]}, "category", "没有这个诉求分类：7777"),
        ({"category": []}, "category", "至少写一个诉求分类，所有分类写 any"),
        ({"county": ["370102"]}, "county", "没有这个县区：370102"),
        ({"street": ["371302999"]}, "street", "没有这个街镇：371302999"),
        ({"lead": "body-nobody"}, "lead", "没有这个单位：body-nobody"),
        ({"lead": ""}, "lead", "不能为空"),
        ({"supporting": ["body-nobody"]}, "supporting", "没有这个单位：body-nobody"),
        ({"otherwise": "place"}, "otherwise", "没有这个单位：place"),
        ({"mentions": ["spaceship"]}, "mentions", "没有这个词表：spaceship"),
        ({"limit": "never"}, "limit", "没有这个时限：never"),
        ({"basis": None}, "basis", "缺少这个字段"),
        ({"id": "Heat Two"}, "id", "只能用小写字母、数字和连字符"),
        ({"supporting": ["body-housing"]}, "supporting", "主办单位不能同时协办"),
        ({"mentions": ["noise"], "without": ["noise"]}, "without", "与“提到”互相矛盾，永远不成立"),
        ({"county": ["371311"], "street": ["371302001"]}, "street", "这些街镇都不在所写的县区，永远不成立"),
    ],
)
def test_a_mistake_is_told_beside_its_field(
    text: CatalogueText, changed: dict[str, Any], field: str, said: str
) -> None:
    found = problems(text, None, "heat-fee", **{**new(kind=["inquiry"], mentions=["noise"]), **changed})
    assert RowProblem(field, said) in found


def test_a_row_behind_one_that_always_applies_is_never_reached(text: CatalogueText) -> None:
    assert problems(text, None, "tax", **new()) == [
        RowProblem("before", "排在前面的规则（heat-fee、heat）都先命中，永远用不到"),
        RowProblem("lead", "与规则 heat（主办 属地）可同时成立，规则 heat在前先用", is_error=False),
    ]  # fmt: skip
    (partly,) = [
        each
        for each in problems(text, None, "tax", **new(category=["0101", "1102"]))
        if each.field == "before" and not each.is_error
    ]
    assert partly.text == "对分类 0101，排在前面的规则（heat-fee、heat）都先命中，永远用不到"


def test_a_row_that_leaves_nothing_to_a_later_one_says_which(text: CatalogueText) -> None:
    found = problems(text, None, "heat-fee", **new())
    assert RowProblem("before", "排在它后面的规则 heat-fee、heat 再也用不到") in found


def test_rows_that_may_hold_together_are_named_with_who_decides(text: CatalogueText) -> None:
    said = "与规则 heat-fee（主办 市住房城乡建设局）可同时成立，规则 heat-fee在前先用"
    found = problems(text, None, "heat", **new(kind=["inquiry", "help"], lead="place"))
    assert found == [RowProblem("lead", said, is_error=False)]
    left = replace(text, rows=applied(text.rows, (RowChange("heat-fee", FEES, {**FEES, "manual": True}),)))
    found = problems(left, None, "heat", **new(kind=["inquiry", "help"]))
    assert [each.text for each in found] == [said.replace("市住房城乡建设局", "人工")]
    here = problems(text, None, "heat", **new(kind=["help"], county=["371302"], street=["371302001"]))
    assert [each for each in here if each.field == "street"] == []
    by_hand = problems(text, FEES, None, manual=True)
    assert [each for each in by_hand if each.is_error] == []


def test_a_sound_row_has_nothing_wrong_and_one_without_a_checked_basis_is_marked(text: CatalogueText) -> None:
    assert problems(text, HEAT, None, supporting=["body-market"]) == []
    assert problems(text, HEAT, None, confirmed=False) == [
        RowProblem("confirmed", "依据待核", is_error=False)
    ]
    assert problems(text, REST, None, lead="body-hotline", confirmed=True) == []


def test_a_taken_number_and_an_unfinished_neighbour(text: CatalogueText, tmp_path: Path) -> None:
    twice = replace(text, rows=(*text.rows, text.rows[0]))
    assert RowProblem("id", "规则编号 heat-fee 已经有了") in check_row(FEES, twice, linyi(), limit_names())
    unfinished = applied(text.rows, (RowChange("heat", HEAT, {"id": "heat"}),))
    assert check_row(FEES, replace(text, rows=unfinished), linyi(), limit_names()) == ()
