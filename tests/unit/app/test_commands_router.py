from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from app.commands_router import cli
from tests.builders import LINYI
from tests.trained import trained_models
from tests.unit.router.city_copy import ROWS, change, linyi_in

NAMED = (
    "kind", "category", "urgency", "place", "lead_unit", "supporting_units", "due_at", "rule", "because",
    "runners_up", "manual",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():  # the command line sends them to standard error
        yield


@pytest.fixture
def without_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("HOTLINE_CITY", str(LINYI))
    return tmp_path


@pytest.fixture(scope="module")
def models() -> Path:
    return trained_models().parent / "models"


def explained(*given: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["explain", *given, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.timeout(900)  # where nobody has run `hotline setup`, the model is trained first
def test_a_sentence_is_explained_with_the_documented_keys_first(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_MODELS_DIR", str(models))
    found = explained("河东区汤头街道工地半夜打桩，吵得睡不着", "--at", "2026-11-23T10:00")
    assert tuple(found)[: len(NAMED)] == NAMED
    assert {name: found[name] for name in NAMED[:7]} == {
        "kind": "complaint",
        "category": "060201",
        "urgency": "ordinary",
        "place": {"county": "河东区", "street": "汤头街道"},
        "lead_unit": "河东区人民政府",
        "supporting_units": ["市住房城乡建设局", "市城市管理局"],
        "due_at": "2026-11-30T17:30:00+08:00",
    }
    assert (found["rule"], found["manual"], found["understood_by"]) == ("noise-construction", False, "linear")
    assert set(found["runners_up"][0]) == {"unit", "rule", "because"}


def test_without_a_model_the_rules_explain_and_say_so(without_model: Path) -> None:
    result = CliRunner().invoke(cli, ["explain", "兰山区的路灯不亮", "--json"])
    found = json.loads(result.stdout)
    assert "没有可用的理解模型" in result.stderr
    assert (found["category"], found["lead_unit"], found["understood_by"]) == (
        "020401",
        "兰山区人民政府",
        "rules",
    )


def test_an_emergency_is_explained_as_its_services(without_model: Path) -> None:
    assert explained("兰山区有人打架动刀子了，快救命")["rule"] == "emergency-police"


def test_a_telephone_number_is_not_in_the_explanation(without_model: Path) -> None:
    assert "13905390001" not in json.dumps(explained("我的电话13905390001，路灯不亮"))


def test_for_people_it_is_told_in_chinese(without_model: Path) -> None:
    result = CliRunner().invoke(cli, ["explain", "路灯不亮", "--at", "2026-11-23T10:00:00+08:00"])
    assert "主办：须人工派单" in result.stdout
    assert "备选：市城市管理局（street-light）" in result.stdout


@pytest.mark.parametrize(
    "given", [["explain", " "], ["explain", "路灯", "--at", "明天"], ["check", "/no/such"]]
)
def test_what_cannot_be_explained_or_checked_is_refused(without_model: Path, given: list[str]) -> None:
    assert CliRunner().invoke(cli, given).exit_code == 2


def test_a_sound_catalogue_passes_and_a_broken_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = linyi_in(tmp_path)
    monkeypatch.setenv("HOTLINE_CITY", str(folder))
    assert CliRunner().invoke(cli, ["check"]).exit_code == 0
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: nobody")
    result = CliRunner().invoke(cli, ["check", "--json"])
    [report] = json.loads(result.stdout)
    assert (result.exit_code, report["counts"]["error"]) == (1, 1)
    assert report["findings"][0]["row"] == "tax"
    told = CliRunner().invoke(cli, ["check"])
    assert "错误 mistake 11_government.yaml [tax]：没有这个单位：nobody" in told.stdout


def test_a_new_catalogue_is_tried_on_past_orders(tmp_path: Path, without_model: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / ROWS / "11_government.yaml", "lead: body-tax", "lead: body-finance")
    order = {
        "category": "1102",
        "kind": "help",
        "text": "个税",
        "at": "2026-11-01T09:00",
        "lead_unit": "body-tax",
    }
    past = tmp_path / "past"
    past.mkdir()
    (past / "a.jsonl").write_text(json.dumps(order) + "\n{}\n", encoding="utf-8")
    given = ["simulate", "--against", str(past), "--catalogue", str(folder / ROWS.parent)]
    result = CliRunner().invoke(cli, given)
    assert result.exit_code == 0
    assert "往期工单 1 件：主办不变 0，改变 1" in result.stdout
    assert "市税务局 → 市财政局（tax；例 a.jsonl:1）" in result.stdout
    assert "a.jsonl:2：缺少category、kind、text、at、lead_unit" in result.stdout
    found = json.loads(CliRunner().invoke(cli, [*given, "--json"]).stdout)
    assert (found["changed"], found["errors"]) == (1, 1)
