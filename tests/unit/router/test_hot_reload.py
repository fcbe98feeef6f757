from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hotline.city import load_city
from router.rule_router import build_router
from router.tables import CatalogueHolder
from tests.builders import NOW, an_appeal
from tests.unit.router.city_copy import ROWS, change, linyi_in

GOVERNMENT = ROWS / "11_government.yaml"
VERSION = Path("routing/2026-01/catalogue.yaml")
TAX = an_appeal(category="1102", place=None)


def settled(holder: CatalogueHolder) -> None:
    holder.reload_when_settled()
    holder.reload_when_settled()


def test_no_decision_is_lost_or_mixed_while_the_catalogue_changes(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    router = build_router(load_city(folder))

    def put(old: tuple[str, str], new: tuple[str, str]) -> None:
        change(folder / VERSION, f"version: {old[0]}", f"version: {new[0]}")
        change(folder / GOVERNMENT, f"lead: {old[1]}\n", f"lead: {new[1]}\n")
        assert router.holder.reload() is None

    first, second = ("linyi-2026.1", "body-tax"), ("linyi-2026.2", "body-finance")
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(router.route, TAX, at=NOW) for _ in range(1_000)]
        put(first, second)
        waiting += [pool.submit(router.route, TAX, at=NOW) for _ in range(1_000)]
        put(second, first)
        put(first, second)
        decisions = [each.result() for each in waiting]
    assert len(decisions) == 2_000
    assert {(each.catalogue_version, each.lead_unit) for each in decisions} == {first, second}


def test_a_file_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    router = build_router(load_city(folder))
    file = folder / GOVERNMENT
    whole = file.read_text(encoding="utf-8").replace("lead: body-tax", "lead: body-finance")
    for share in (4, 3, 2):
        file.write_text(whole[: len(whole) // share], encoding="utf-8")
        router.holder.reload_when_settled()
        assert router.holder.refusal is None
    file.write_text(whole, encoding="utf-8")
    settled(router.holder)
    assert router.route(TAX, at=NOW).lead_unit == "body-finance"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.5, 0.77, 0.95])
def test_a_file_that_was_only_half_written_leaves_the_old_tables_in_force(
    tmp_path: Path, share: float
) -> None:
    folder = linyi_in(tmp_path)
    router = build_router(load_city(folder))
    file = folder / GOVERNMENT
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole[: int(len(whole) * share)], encoding="utf-8")
    settled(router.holder)
    assert router.holder.refusal is not None
    assert router.route(TAX, at=NOW).lead_unit == "body-tax"
    file.write_text(whole, encoding="utf-8")
    settled(router.holder)
    assert router.holder.refusal is None


def test_a_file_changed_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = linyi_in(tmp_path)
    holder = CatalogueHolder(load_city(folder))
    read, before = CatalogueHolder._fingerprint, holder.current
    looks = iter(("first", "second"))
    monkeypatch.setattr(holder, "_fingerprint", lambda: frozenset({(next(looks), 0, 0)}))
    error = holder.reload()
    assert error is not None
    assert error.reason == "读取时文件又有改动"
    assert holder.current is before
    monkeypatch.setattr(holder, "_fingerprint", lambda: read(holder))
    assert holder.reload_if_changed() is None
    assert holder.refusal is None


def test_a_file_that_cannot_be_opened_leaves_the_old_tables_in_force(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    holder = CatalogueHolder(load_city(folder))
    (folder / GOVERNMENT).unlink()
    (folder / GOVERNMENT).mkdir()
    settled(holder)
    assert holder.refusal is not None
    assert Path(holder.refusal.file).name == "11_government.yaml"
