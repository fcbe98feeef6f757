"""The city's classes of appeals: Linyi's own, and what is refused."""

from pathlib import Path

import pytest
import yaml

from hotline.city import load_city
from hotline.domain.appeal import AppealKind, Urgency
from hotline.domain.errors import CityConfigError
from hotline.taxonomy import read_categories

LINYI = Path("config/linyi")
UNITS = frozenset({"body-water"})


def read(tmp_path: Path, *classes: object, code: str = "01"):
    text = yaml.safe_dump({"code": code, "name": "公用事业", "classes": list(classes)}, allow_unicode=True)
    (tmp_path / "01.yaml").write_text(text, encoding="utf-8")
    return read_categories(tmp_path, UNITS)


def test_linyi_has_three_levels_and_every_second_level_class_has_finer_ones() -> None:
    city = load_city(LINYI)
    counts = [len(city.categories_at(level)) for level in (1, 2, 3)]
    assert counts[0] >= 15
    assert counts[1] >= 100
    assert counts[2] >= 300
    parents = {category.code[:4] for category in city.categories_at(3)}
    assert {category.code for category in city.categories_at(2)} == parents


def test_linyi_tells_of_every_third_level_class_what_belongs_there() -> None:
    city = load_city(LINYI)
    finest = city.categories_at(3)
    assert [category.code for category in finest if not (category.covers and category.keywords)] == []
    assert [category.code for category in finest if not (category.unit and category.basis)] == []
    names = [category.name for category in finest]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_the_codes_of_old_orders_are_still_there() -> None:
    city = load_city(LINYI)
    old = "0101 0102 0103 0104 0105 0201 0202 0203 0204 0205 0206 0301 0302 0303 0304 0401 0402 0403 0501 0502 0503"
    old += " 0504 0601 0602 0603 0604 0701 0702 0703 0801 0802 0803 0901 0902 1001 1002 1003 1101 1102 1103 1104 9901"
    assert [code for code in old.split() if code not in city.categories] == []


def test_a_class_takes_what_it_does_not_say_from_the_one_above(tmp_path) -> None:
    found = read(
        tmp_path,
        {
            "code": "0102",
            "name": "供水",
            "kind": "complaint",
            "urgency": "utilities",
            "needs_place": False,
            "unit": "body-water",
            "basis": "条例",
            "keywords": ["停水"],
            "classes": [
                {"code": "010201", "name": "停水"},
                {"code": "010202", "name": "水压", "kind": "inquiry"},
            ],
        },
    )
    assert list(found) == ["01", "0102", "010201", "010202"]
    finer = found["010201"]
    assert (finer.default_kind, finer.urgency, finer.needs_place) == (
        AppealKind.COMPLAINT,
        Urgency.UTILITIES,
        False,
    )
    assert (finer.unit, finer.basis, finer.group, finer.spoken) == ("body-water", "条例", "公用事业", "停水")
    assert finer.keywords == ()
    assert found["010202"].default_kind is AppealKind.INQUIRY


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"code": "0201", "name": "供水"}, "编号应当是 01 加两位数字"),
        ({"code": "010201", "name": "供水"}, "编号应当是 01 加两位数字"),
        ({"code": "01ab", "name": "供水"}, "编号应当是 01 加两位数字"),
        ({"code": "0102"}, "字段缺失或取值不对"),
        ({"code": "0102", "name": "供水", "kind": "无"}, "字段缺失或取值不对"),
        ({"code": "0102", "name": "供水", "unit": "body-nobody"}, "没有这个单位：body-nobody"),
        ({"code": "0102", "name": "供水", "units": "x"}, "只能有这些字段"),
        ({"code": "0102", "name": "供水", "classes": {}}, "classes 应当是列表"),
        ("供水", "只能有这些字段"),
    ],
)
def test_a_wrong_row_is_named_with_the_reason(tmp_path, row, reason) -> None:
    with pytest.raises(CityConfigError, match=reason):
        read(tmp_path, row)


def test_a_code_deeper_than_three_levels_is_refused(tmp_path) -> None:
    third = {"code": "010201", "name": "停水", "classes": [{"code": "01020101", "name": "一片停水"}]}
    with pytest.raises(CityConfigError, match="至多六位"):
        read(tmp_path, {"code": "0102", "name": "供水", "classes": [third]})


def test_a_code_is_used_once(tmp_path) -> None:
    with pytest.raises(CityConfigError, match="编号重复"):
        read(tmp_path, {"code": "0102", "name": "供水"}, {"code": "0102", "name": "供电"})


def test_a_file_of_another_form_and_an_empty_folder_are_refused(tmp_path) -> None:
    with pytest.raises(CityConfigError, match="没有诉求分类"):
        read_categories(tmp_path, UNITS)
    (tmp_path / "01.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(CityConfigError, match="应当有 code、name 和 classes"):
        read_categories(tmp_path, UNITS)
