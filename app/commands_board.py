"""Commands on assessment: quarterly boards, indicators, orders redone again and again."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from contextlib import AsyncExitStack
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from app.assessment_rules import load_formulas
from app.clock import now
from app.settings import Settings
from app.wiring import open_store
from desk.views import unit_name
from hotline.city import City, load_city, read_yaml
from hotline.domain.assessment import Board, UnitResult, boards, formula_on, indicators, redone_twice
from hotline.domain.order_facts import OrderFacts, facts_of

_RATES = (
    "response",
    "resolved",
    "satisfied",
    "satisfied_with_attitude",
    "satisfied_enforcement",
    "satisfied_mediation",
)


def board(
    quarter: Annotated[str, typer.Option(help="季度，例如 2026Q4；不写为本季度")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="只打印 JSON")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="打印 CSV")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="数据目录")] = None,
) -> None:
    """季度考核：三组红黄榜、三率、点名、剔除、指标、两次及以上重办的工单。"""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    city = load_city(settings.city)
    first, end = _quarter(quarter, now().astimezone(city.timezone).date())
    formula = formula_on(load_formulas(city), first)
    start, stop = (datetime(each.year, each.month, 1, tzinfo=city.timezone) for each in (first, end))
    facts = asyncio.run(_facts(settings, city, start, stop))
    words = read_yaml(city.folder / "prompts" / "board.yaml")
    found = boards(facts, formula)
    if as_csv:
        _write_csv(found, city, words)
        return
    report = {
        "quarter": f"{first.year}Q{(first.month + 2) // 3}",
        "formula": {"version": formula.version, "basis": formula.basis, "confirmed": formula.is_confirmed},
        "orders": len(facts),
        "boards": {each.group.value: _board(each, city) for each in found},
        "indicators": {name: _percent(share.rate) for name, share in indicators(facts).items()},
        "redone_twice": [
            {"number": each.number, "unit": unit_name(city, each.lead_unit), "redos": each.redos}
            for each in redone_twice(facts)
        ],
    }
    typer.echo(json.dumps(report, ensure_ascii=False, indent=1) if as_json else _printed(report, words))


async def _facts(settings: Settings, city: City, start: datetime, end: datetime) -> list[OrderFacts]:
    async with AsyncExitStack() as stack:
        store = await open_store(settings, stack)
        return [facts_of(order, city.units) async for order in store.registered_between(start, end)]


def _quarter(given: str, today: date) -> tuple[date, date]:
    if not given:
        year, number = today.year, (today.month + 2) // 3
    else:
        try:
            year, number = int(given[:4]), int(given[5:])
            if given[4] not in "Qq" or not 1 <= number <= 4:
                raise ValueError(given)  # noqa: TRY301 -- one message for all that is wrong with it
        except (ValueError, IndexError):
            raise typer.BadParameter(f"季度应写成 2026Q4 的样子，不是 {given}") from None
    first = date(year, number * 3 - 2, 1)
    return first, date(year + 1, 1, 1) if number == 4 else date(year, number * 3 + 1, 1)


def _percent(rate: Fraction | None) -> float | None:
    """Percent with two decimals, halves rounded up (四舍五入)."""
    return None if rate is None else float((rate * 10_000 + Fraction(1, 2)).__floor__()) / 100


def _row(result: UnitResult, city: City) -> dict[str, Any]:
    rates = {name: _percent(getattr(result, name).rate) for name in _RATES}
    return {
        "unit": unit_name(city, result.unit),
        "orders": result.orders,
        **rates,
        "score": _percent(result.score),
        "excluded": len(result.excluded),
        "exclusion_rate": _percent(result.exclusion_rate),
        "excluded_orders": list(result.excluded),
        "unreachable": result.unreachable,
        "named": list(result.named),
    }


def _board(found: Board, city: City) -> dict[str, Any]:
    return {
        "red": [unit_name(city, unit) for unit in found.red],
        "yellow": [unit_name(city, unit) for unit in found.yellow],
        "units": [{"rank": each.rank, **_row(each.result, city)} for each in found.ranked],
    }


def _write_csv(found: tuple[Board, ...], city: City, words: dict[str, Any]) -> None:
    columns = ("unit", "orders", *_RATES, "score", "excluded", "exclusion_rate", "unreachable")
    out = csv.writer(sys.stdout)
    out.writerow([words["group"], words["rank"], *(words["columns"][name] for name in columns)])
    for each in found:
        for ranked in each.ranked:
            row = _row(ranked.result, city)
            out.writerow(
                [words["groups"][each.group.value], ranked.rank or "", *(row[name] for name in columns)]
            )


def _printed(report: dict[str, Any], words: dict[str, Any]) -> str:
    formula = report["formula"]
    lines = [words["title"].format(quarter=report["quarter"], orders=report["orders"], **formula)]
    if not formula["confirmed"]:
        lines.append(words["unconfirmed"])
    for group, found in report["boards"].items():
        lines.append(f"\n{words['groups'][group]}")
        lines.append(f"  {words['red']}：{'、'.join(found['red']) or words['none']}")
        lines.append(f"  {words['yellow']}：{'、'.join(found['yellow']) or words['none']}")
        for row in found["units"]:
            rates = "  ".join(
                f"{words['columns'][name]} {_shown(row[name])}"
                for name in ("response", "resolved", "satisfied")
            )
            named = (
                f"  {words['named']}：{'、'.join(words['columns'][name] for name in row['named'])}"
                if row["named"]
                else ""
            )
            lines.append(
                f"  {row['rank'] or '－':>2} {row['unit']}  {row['orders']}件  {rates}  {words['columns']['excluded']} {row['excluded']}{named}"
            )
    lines.append(f"\n{words['indicators_title']}")
    lines += [
        f"  {words['indicators'][name]} {_shown(value)}" for name, value in report["indicators"].items()
    ]
    if report["redone_twice"]:
        lines.append(f"\n{words['redone_twice']}")
        lines += [f"  {row['number']} {row['unit']} {row['redos']}" for row in report["redone_twice"]]
    return "\n".join(lines)


def _shown(percent: float | None) -> str:
    return "－" if percent is None else f"{percent:.2f}%"
