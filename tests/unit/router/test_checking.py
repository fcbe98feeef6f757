from __future__ import annotations

from pathlib import Path

import pytest

from hotline.city import load_city
from router.checking import Level, check_version, report_data, worst
from tests.builders import LINYI
from tests.unit.router.city_copy import ROWS, change, linyi_in

GOVERNMENT = ROWS / "11_government.yaml"
VERSION = Path("routing/2026-01")


def found_in(folder: Path, *codes: str) -> list[tuple[str, str, str]]:
    report = check_version(folder / VERSION, load_city(folder))
    return [
        (each.level.value, Path(each.file).name, each.row) for each in report.findings if each.code in codes
    ]


def added(folder: Path, row: str, before: str = "- id: tax\n") -> Path:
    change(folder / GOVERNMENT, before, f"{row}{before}")
    return folder


def test_linyis_catalogue_has_no_error_and_says_what_is_to_be_confirmed() -> None:
    report = check_version(LINYI / VERSION, load_city(LINYI))
    assert (report.version, report.counts["error"]) == ("linyi-2026.1", 0)
    assert report.unconfirmed_rows == sum(each.code == "unconfirmed" for each in report.findings) > 0
    assert worst([report]) is Level.WARNING


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / GOVERNMENT, "lead: body-tax", "lead: body-taxes")
    change(folder / ROWS / "04_labour.yaml", "lead: body-labour", "led: body-labour")
    change(folder / ROWS / "03_housing.yaml", "mentions: [", "mentions: [no-such-topic, ")
    assert {file for _, file, _ in found_in(folder, "mistake")} == {
        "03_housing.yaml", "04_labour.yaml", "11_government.yaml",
    }  # fmt: skip


def test_a_row_behind_one_that_takes_all_of_its_cases_is_dead(tmp_path: Path) -> None:
    folder = added(
        linyi_in(tmp_path),
        '- {id: wide, category: ["1102"], mentions: [pension, premium], lead: body-tax, because: 甲, basis: 甲}\n'
        '- {id: narrow, category: ["1102"], mentions: [premium], kind: [help], lead: body-finance, because: 乙, basis: 乙}\n',
    )
    assert found_in(folder, "dead") == [("error", "11_government.yaml", "narrow")]


def test_a_row_that_only_an_exception_of_another_reaches_is_alive(tmp_path: Path) -> None:
    folder = added(
        linyi_in(tmp_path),
        '- {id: wide, category: ["1102"], mentions: [premium], without: [bus], lead: body-tax, because: 甲, basis: 甲}\n'
        '- {id: narrow, category: ["1102"], mentions: [premium], lead: body-finance, because: 乙, basis: 乙}\n',
    )
    assert found_in(folder, "dead", "dead_in_category", "unsaid") == []


def test_rows_that_together_take_every_kind_leave_nothing_for_a_third(tmp_path: Path) -> None:
    kinds = "inquiry, help, complaint, tip_off, suggestion, praise, withdrawal, nuisance, invalid"
    first, rest = kinds.split(", ", 1)
    folder = added(
        linyi_in(tmp_path),
        f'- {{id: one, category: ["1102"], mentions: [premium], kind: [{first}], lead: body-tax, because: 甲, basis: 甲}}\n'
        f'- {{id: second, category: ["1102"], mentions: [premium], kind: [{rest}], lead: body-tax, because: 甲, basis: 甲}}\n'
        '- {id: third, category: ["1102"], mentions: [premium], lead: body-finance, because: 乙, basis: 乙}\n',
    )
    assert found_in(folder, "dead") == [("error", "11_government.yaml", "third")]


def test_a_row_dead_in_one_of_its_categories_is_warned_of(tmp_path: Path) -> None:
    folder = added(
        linyi_in(tmp_path),
        '- {id: wide, category: ["1102"], mentions: [premium], lead: body-tax, because: 甲, basis: 甲}\n'
        '- {id: both, category: ["1101", "1102"], mentions: [premium], lead: body-finance, because: 乙, basis: 乙}\n',
        before="- id: approval\n",
    )
    assert ("warning", "11_government.yaml", "both") in found_in(folder, "dead_in_category")


def test_a_topic_whose_every_word_belongs_to_an_earlier_row_is_warned_of(tmp_path: Path) -> None:
    folder = added(
        linyi_in(tmp_path),
        '- {id: wide, category: ["1102"], mentions: [whole], lead: body-tax, because: 甲, basis: 甲}\n'
        '- {id: inner, category: ["1102"], mentions: [part], lead: body-finance, because: 乙, basis: 乙}\n',
    )
    change(
        folder / VERSION / "words.yaml",
        "topics:\n",
        "topics:\n  whole: [发票]\n  part: [电子发票, 纸质发票]\n",
    )
    assert found_in(folder, "dead") == []
    assert found_in(folder, "unsaid") == [("warning", "11_government.yaml", "inner")]


def test_overlapping_rows_with_different_leads_are_told_with_the_order_that_decides(tmp_path: Path) -> None:
    folder = added(
        linyi_in(tmp_path),
        '- {id: one, category: ["1102"], mentions: [premium], lead: body-tax, because: 甲, basis: 甲}\n'
        '- {id: second, category: ["1102"], mentions: [pension], lead: body-finance, because: 乙, basis: 乙}\n',
    )
    report = check_version(folder / VERSION, load_city(folder))
    [found] = [each for each in report.findings if each.code == "overlap" and each.row == "one"]
    assert found.text == (
        "分类 1102：与规则 second 可同时成立、条件一样具体而主办不同（市税务局／市财政局）；one 在前，主办是市税务局"
    )


def test_rows_that_exclude_each_other_do_not_overlap(tmp_path: Path) -> None:
    folder = added(
        linyi_in(tmp_path),
        '- {id: one, category: ["1102"], mentions: [premium], without: [pension], lead: body-tax, because: 甲, basis: 甲}\n'
        '- {id: second, category: ["1102"], mentions: [pension], lead: body-finance, because: 乙, basis: 乙}\n',
    )
    assert [row for _, _, row in found_in(folder, "overlap") if row in ("one", "second")] == []


def test_a_countys_duty_is_not_given_to_a_township(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(
        folder / "units.yaml", "units:\n",
        "units:\n  - {code: street-1, name: 银雀山街道办事处, group: linked, confirmed: false}\n",
    )  # fmt: skip
    change(folder / GOVERNMENT, "lead: body-tax", "lead: street-1")
    assert found_in(folder, "township") == [("error", "11_government.yaml", "tax")]
    change(folder / GOVERNMENT, "lead: street-1", 'street: ["371302002"]\n  lead: street-1')
    assert found_in(folder, "township") == []


def test_a_unit_that_no_row_uses_is_warned_of_and_a_county_is_not(tmp_path: Path) -> None:
    unused = {row for _, _, row in found_in(linyi_in(tmp_path), "unused_unit")}
    assert "body-audit" in unused
    assert {code for code in unused if code.startswith(("county-", "zone-"))} == set()


def test_a_county_with_two_units_or_none_is_an_error(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / "units.yaml", 'county: "371302"', 'county: "371311"')
    assert sorted(found_in(folder, "county_unit")) == [
        ("error", "units.yaml", "371302"),
        ("error", "units.yaml", "371311"),
    ]


def test_a_category_that_only_people_can_dispatch_is_a_gap(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / GOVERNMENT, "lead: body-tax", "lead: body-tax\n  manual: true")
    report = check_version(folder / VERSION, load_city(folder))
    gaps = {(each.row, each.text.split("、", 1)[0]) for each in report.findings if each.code == "gap"}
    assert ("tax", "分类 1102 税务") in gaps


def test_words_and_limits_that_no_row_uses_are_warned_of(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / VERSION / "words.yaml", "topics:\n", "topics:\n  idle: [闲置词]\n")
    change(
        folder / "time_limits.yaml", "statutory:\n",
        "statutory:\n  - {name: idle, days: 3, basis: 某法第1条}\n",
    )  # fmt: skip
    assert found_in(folder, "unused_topic", "unused_limit") == [
        ("warning", "words.yaml", "idle"),
        ("warning", "time_limits.yaml", "idle"),
    ]


def test_a_report_as_data_counts_its_findings() -> None:
    data = report_data(check_version(LINYI / VERSION, load_city(LINYI)))
    assert sum(data["counts"].values()) == len(data["findings"])
    assert set(data["findings"][0]) == {"level", "code", "file", "row", "text"}


@pytest.mark.parametrize("broken", ["time_limits.yaml", "calendar/2026.yaml"])
def test_limits_that_cannot_be_read_are_told_as_a_mistake(tmp_path: Path, broken: str) -> None:
    folder = linyi_in(tmp_path)
    (folder / broken).write_text("a: [\n", encoding="utf-8")
    assert [file for _, file, _ in found_in(folder, "mistake")] == [Path(broken).name]
