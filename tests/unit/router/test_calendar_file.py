"""A year's arrangement is read from the city's own form and from a table, each mistake with its row."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.calendar_years import YearArrangement
from hotline.domain.errors import CityConfigError
from router.calendar_file import mistakes_in, read_arrangement
from tests.builders import LINYI

CSV = (
    "\ufeff日期,类型,名称\n2027-01-01,放假,元旦\n2027/1/2".replace("1/2", "01-02")
    + ",放假,元旦\n2027-01-09,上班,\n"
)


def test_a_table_and_the_citys_own_files_are_read() -> None:
    days = (date(2027, 1, 1), date(2027, 1, 2))
    wanted = YearArrangement(2027, "国办发明电〔2026〕9号", {"元旦": days}, (date(2027, 1, 9),))
    assert read_arrangement(CSV.encode(), "2027.csv", basis="国办发明电〔2026〕9号") == wanted
    file = LINYI / "calendar" / "2026.yaml"
    found = read_arrangement(file.read_bytes(), "2026.yaml")
    assert (found.year, found.basis, len(found.rest_days)) == (2026, "国办发明电〔2025〕7号", 33)
    assert found.makeup_workdays[0] == date(2026, 1, 4)


@pytest.mark.parametrize(
    ("body", "name", "row"),
    [
        ("日期,类型\n2027-01-01,放假\n".encode(), "a.csv", ""),
        ("日期,类型,名称\n元月一日,放假,元旦\n".encode(), "a.csv", "元月一日"),
        ("日期,类型,名称\n2027-01-01,休息,元旦\n".encode(), "a.csv", "2027-01-01"),
        ("日期".encode("gbk"), "a.csv", ""),
        (b"year: 2027", "a.yaml", ""),
        (b"[1, 2", "a.yaml", ""),
        (b"year: 2027\nholidays: {x: [soon]}\nmakeup_workdays: []", "a.yaml", "soon"),
    ],
)
def test_what_cannot_be_read_says_which_row(body: bytes, name: str, row: str) -> None:
    with pytest.raises(CityConfigError) as refused:
        read_arrangement(body, name)
    assert (refused.value.file, refused.value.row) == (name, row)


NEW_YEAR = YearArrangement(
    2027, "国办发明电〔2026〕9号", {"元旦": (date(2027, 1, 1), date(2027, 1, 4))}, (date(2027, 1, 9),)
)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (NEW_YEAR, ()),
        (YearArrangement(2027, " ", {"元旦": (date(2027, 1, 1),)}), ("没有写依据（通知文号）",)),
        (YearArrangement(2027, "x", {}), ("一个假日也没有",)),
        (YearArrangement(2027, "x", {"元旦": (date(2026, 1, 1),)}), ("2026-01-01 不是 2027 年的日期",)),
        (
            YearArrangement(2027, "x", {"元旦": (date(2027, 1, 2),)}, (date(2027, 1, 2),)),
            ("2027-01-02 写了 2 次，或者既放假又上班",),
        ),
        (
            YearArrangement(2027, "x", {"元旦": (date(2027, 1, 1),)}, (date(2027, 1, 5),)),
            ("2027-01-05 不是周末，不用调休上班",),
        ),
    ],
)
def test_mistakes_are_named_with_their_day(given: YearArrangement, wrong: tuple[str, ...]) -> None:
    assert mistakes_in(given) == wrong
