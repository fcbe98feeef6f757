"""A draft tried on golden matters and past orders; and what is published beside the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind
from hotline.domain.errors import CityConfigError
from hotline.domain.golden_gate import Moved
from hotline.domain.rule_text import CatalogueText, RowChange, applied
from router.catalogue_files import CatalogueFiles
from router.matters import MANUAL, load_matters
from router.rule_router import RuleRouter
from router.tables import CatalogueHolder, Published
from router.trial import PastAppeal, Shift, Trial, tried
from tests.builders import LANSHAN, LINYI, NOW
from tests.small_catalogue import FEES, HEAT, TAX, linyi, small_city
from tests.unit.router.city_copy import change

LANSHAN_UNIT = "county-371302"
HEATING = Appeal(kind=AppealKind.HELP, category="0101", text="暖气不热", place=LANSHAN)
NOT_WARM = "家里暖气不热（供暖，兰山区）"
TO_HOUSING = {**HEAT, "lead": "body-housing", "supporting": ["place"]}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return small_city(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def text(city: City) -> CatalogueText:
    return CatalogueFiles(city.folder / "routing").newest()


def changed(text: CatalogueText, *changes: RowChange, **about: Any) -> CatalogueText:
    return replace(text, rows=applied(text.rows, changes), about={**text.about, **about})


def past(*appeals: Appeal) -> list[PastAppeal]:
    return [
        PastAppeal(f"2611230000{index}", appeal, NOW - timedelta(hours=index))
        for index, appeal in enumerate(appeals, 1)
    ]


def run(city: City, old: CatalogueText, new: CatalogueText, *orders: Appeal) -> Trial:
    return tried(old, new, city, load_matters(city), past(*orders), at=NOW)


def test_orders_that_would_go_elsewhere_are_counted_by_units_and_row(city: City, text: CatalogueText) -> None:
    asked = replace(HEATING, kind=AppealKind.INQUIRY)
    nuisance = replace(HEATING, kind=AppealKind.NUISANCE)
    new = changed(
        text, RowChange("heat", HEAT, TO_HOUSING), RowChange("heat-fee", FEES, {**FEES, "manual": True})
    )
    found = run(city, text, new, HEATING, asked, nuisance, HEATING)
    assert (found.orders, found.moved, found.since) == (3, 3, NOW - timedelta(hours=4))
    assert found.shifts == (
        Shift(LANSHAN_UNIT, "body-housing", "heat", 2, ("26112300001", "26112300004")),
        Shift("body-housing", MANUAL, "heat-fee", 1, ("26112300002",)),
    )


def test_a_golden_matter_that_goes_wrong_is_named_and_one_that_was_meant_to_move_is_not(
    city: City, text: CatalogueText
) -> None:
    new = changed(text, RowChange("heat", HEAT, TO_HOUSING))
    found = run(city, text, new)
    assert found.gate is not None
    assert found.gate.is_drop
    assert found.gate.worse == (Moved(NOT_WARM, LANSHAN_UNIT, LANSHAN_UNIT, "body-housing", is_worse=True),)
    meant = run(city, text, replace(new, expectations={NOT_WARM: "body-housing"})).gate
    assert meant is not None
    assert (meant.is_drop, meant.right_before, meant.right_after) == (False, 2, 3)


def test_what_a_change_breaks_elsewhere_is_a_mistake_and_what_it_blurs_a_warning(
    city: City, text: CatalogueText
) -> None:
    first = RowChange(
        "all", None, {**HEAT, "id": "all", "lead": "body-housing", "supporting": []}, "heat-fee"
    )
    (dead,) = {each.partition("：")[0] for each in run(city, text, changed(text, first)).mistakes[:1]}
    assert dead in ("heat-fee", "heat")
    rival = RowChange(
        "ask", None, {**FEES, "id": "ask", "kind": ["inquiry", "help"], "lead": "place"}, "heat"
    )
    found = run(city, text, changed(text, rival))
    assert found.mistakes == ()
    fire = {**TAX, "id": "fire", "category": "any", "emergency": ["119"], "lead": "body-fire"}
    for_all = run(city, text, changed(text, RowChange("fire", None, fire, "heat-fee")), HEATING)
    assert (for_all.mistakes, for_all.orders, for_all.moved) == ((), 1, 0)
    assert [
        each for each in found.warnings if each.startswith("heat-fee：") and "与规则 ask 可同时成立" in each
    ]
    assert run(city, text, changed(text, RowChange("tax", TAX, {**TAX, "lead": "nobody"}))).mistakes == (
        "tax：没有这个单位：nobody",
    )


def test_the_citys_matters_are_all_right_under_its_own_catalogue_and_each_has_words_of_its_own() -> None:
    assert len({matter.name for matter in load_matters(linyi())}) > 250


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"category": "0101", "lead"', '"category": "7777", "lead"', "没有这个诉求分类：7777"),
        ('"lead": "body-tax"', '"lead": "body-nobody"', "没有这个单位：body-nobody"),
        ('"place": "none"', '"place": "370102"', "没有这个县区：370102"),
        ('"place": "none"', '"street": "1"', "没有这个街镇：1"),
        (
            '{"text": "取暖费怎么收"',
            '{"text": "家里暖气不热", "category": "0101", "lead": "place"}, {"text": "取暖费怎么收"',
            "与另一条对照诉求相同",
        ),
        ('"lead": "body-tax"', '"lead": "place"', "没有这个单位：place"),
        ("[", "{", "不是有效的YAML"),
    ],
)
def test_a_broken_matter_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    city = small_city(tmp_path)
    change(city.folder / "matters" / "few.yaml", old, new)
    with pytest.raises(CityConfigError) as error:
        load_matters(city)
    assert error.value.reason.startswith(reason)
    (city.folder / "matters" / "few.yaml").write_text("{}", encoding="utf-8")
    with pytest.raises(CityConfigError, match="应当是对照诉求的列表"):
        load_matters(city)


def test_what_is_published_holds_from_its_day_beside_the_files_and_the_last_of_a_day_wins(
    tmp_path: Path, text: CatalogueText
) -> None:
    holder = CatalogueHolder(small_city(tmp_path))
    router = RuleRouter(linyi(), holder)
    tomorrow = NOW + timedelta(days=1)
    day = tomorrow.date().isoformat()
    one = changed(text, RowChange("heat", HEAT, TO_HOUSING), version="v+1", valid_from=day)
    two = changed(text, version="v+2", valid_from=day)
    broken = changed(text, RowChange("tax", TAX, {**TAX, "lead": "nobody"}), version="v+3", valid_from=day)

    def led() -> list[tuple[str | None, str]]:
        found = [router.route(HEATING, at=at) for at in (NOW, tomorrow)]
        return [(each.lead_unit, each.catalogue_version) for each in found]

    assert holder.prepare(Published(1, one)) is None
    assert led() == [(LANSHAN_UNIT, "linyi-2026.1")] * 2
    holder.publish([Published(1, one)])
    assert led() == [(LANSHAN_UNIT, "linyi-2026.1"), ("body-housing", "v+1")]
    error = holder.prepare(Published(3, broken))
    assert error is not None
    assert (error.file, error.row) == ("v+3/rows/02_rest.yaml", "tax")
    holder.publish([Published(3, broken), Published(1, one), Published(2, two)])
    assert led()[1] == (LANSHAN_UNIT, "v+2")
    assert holder.reload() is None
    assert led()[1] == (LANSHAN_UNIT, "v+2")
    holder.publish([])
    assert led() == [(LANSHAN_UNIT, "linyi-2026.1")] * 2


def test_limits_that_a_published_row_needs_are_not_taken_away_by_a_change_of_the_files(
    tmp_path: Path, text: CatalogueText
) -> None:
    city = small_city(tmp_path)
    holder = CatalogueHolder(city)
    name = min(holder.current.limit_names)
    limited = changed(
        text, RowChange("heat", HEAT, {**HEAT, "limit": name}), version="v+1", valid_from="2026-01-01"
    )
    holder.publish([Published(1, limited)])
    change(city.folder / "time_limits.yaml", f"name: {name}", f"name: other-{name}")
    error = holder.reload()
    assert error is not None
    assert error.reason == f"没有这个时限：{name}"
    assert holder.current.catalogues[0].version == "v+1"
    change(city.folder / "time_limits.yaml", f"name: other-{name}", f"name: {name}")
    assert holder.reload() is None


def test_the_files_are_read_again_when_they_change(tmp_path: Path) -> None:
    folder = small_city(tmp_path).folder / "routing"
    files = CatalogueFiles(folder)
    first = files.newest()
    assert files.newest() is first
    assert (files.in_force(first.valid_from), files.in_force(first.valid_from - timedelta(days=1))) == (
        first,
        first,
    )
    change(folder / "2026-01" / "catalogue.yaml", "version: linyi-2026.1", "version: linyi-2026.1.1")
    assert files.newest().version == "linyi-2026.1.1"
    (folder / "2026-01" / "rows" / "01_heat.yaml").write_text("heat", encoding="utf-8")
    with pytest.raises(CityConfigError, match="应当是规则的列表"):
        files.newest()
    (folder / "2026-01" / "words.yaml").write_text("- a", encoding="utf-8")
    (folder / "2026-01" / "rows" / "01_heat.yaml").unlink()
    with pytest.raises(CityConfigError, match="应当是“字段: 值”的形式"):
        files.newest()


def test_the_shipped_matters_are_found(tmp_path: Path) -> None:
    assert {file.stem for file in (LINYI / "matters").glob("*.yaml")} == {"everyday", "legal_pairs"}
