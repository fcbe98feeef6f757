"""``hotline router``: explain a decision, check the dispatch catalogue, try a new one on past orders."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.clock import now
from app.explaining import explained
from app.printing import Printer
from app.settings import Settings
from hotline.city import City, load_city
from router.catalogue import version_folders
from router.checking import CheckReport, Level, check_version, report_data, worst
from router.past_orders import SUFFIXES, past_order_files, read_past_orders
from router.rule_router import RuleRouter
from router.simulation import simulate, simulation_data
from router.tables import FixedTables, load_tables

cli = typer.Typer(help="派单：解释、检查派单目录、用往期工单试算新目录", no_args_is_help=True)

_SHOWN_FLOWS: Final = 30
_MANY: Final = {"overlap": "重叠", "county_before_city": "重叠而属地在前", "unconfirmed": "待核"}
_LEVELS: Final = {Level.ERROR: "错误", Level.WARNING: "警告", Level.NOTE: "提示"}

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]


@cli.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="市民的原话")],
    at: Annotated[str, typer.Option(help="派单时间（ISO 8601；不写时区的按本市时间）；不写是现在")] = "",
    as_json: Json = False,
) -> None:
    """解释一句话会怎样分类、派给谁、期限多久、为什么。"""
    if not text.strip():
        raise typer.BadParameter("没有内容", param_hint="TEXT")
    settings = Settings()
    city = load_city(settings.city)
    models = settings.models_dir.parent / "nlu"
    found = asyncio.run(
        explained(text, city, models, _moment(at, city), _tell, database_url=settings.database_url)
    )
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _told(found))


@cli.command("check")
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="一个版本的文件夹，或放各版本的 routing 文件夹；不写是现用的")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="逐条列出重叠和待核的规则")] = False,
    as_json: Json = False,
) -> None:
    """检查派单目录：错误、空白、重叠、永远用不到的规则、没有用到的单位和词表；有错以 1 结束。"""
    city = load_city(Settings().city)
    reports = [check_version(each, city) for each in _versions(folder or city.folder / "routing")]
    if as_json:
        typer.echo(json.dumps([report_data(each) for each in reports], ensure_ascii=False))
    else:
        for report in reports:
            typer.echo("\n".join(_shown(report, show_all=show_all)))
    if worst(reports) is Level.ERROR:
        raise typer.Exit(1)


def _versions(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        raise typer.BadParameter(f"没有这个文件夹：{folder}", param_hint="FOLDER")
    return [folder] if (folder / "catalogue.yaml").exists() else version_folders(folder)


def _shown(report: CheckReport, *, show_all: bool) -> Iterator[str]:
    counts = report.counts
    yield (
        f"{report.version or report.folder.name}：规则 {report.rows} 条，其中待核 {report.unconfirmed_rows} 条；"
        f"错误 {counts['error']}，警告 {counts['warning']}，提示 {counts['note']}"
    )
    many = Counter(each.code for each in report.findings if each.code in _MANY)
    for each in report.findings:
        if show_all or each.code not in _MANY:
            where = f"{Path(each.file).name}{f' [{each.row}]' if each.row else ''}"
            yield f"{_LEVELS[each.level]} {each.code} {where}：{each.text}"
    if many and not show_all:
        told = "、".join(f"{_MANY[code]} {count}" for code, count in many.items())
        yield f"另有：{told}（--all 逐条列出）"


@cli.command("simulate")
def simulate_past(
    against: Annotated[Path, typer.Option(help="往期工单：文件夹，或一个 .jsonl、.csv 文件")],
    catalogue: Annotated[
        Path | None, typer.Option(help="要试算的目录：一个版本的文件夹，或放各版本的文件夹；不写是现用的")
    ] = None,
    as_json: Json = False,
) -> None:
    """用往期工单试算一份派单目录：哪些会改派给谁，哪些会变成人工。"""
    city = load_city(Settings().city)
    files = [against] if against.is_file() else past_order_files(against)
    if not files:
        raise typer.BadParameter(f"没有 {'、'.join(SUFFIXES)} 文件：{against}", param_hint="--against")
    router = RuleRouter(city, FixedTables(load_tables(city, catalogue)))
    printer = Printer()
    orders = chain.from_iterable(read_past_orders(file, city) for file in files)
    found = simulate(orders, router, city, lambda done: printer.progress(f"试算 {done} 件", 0, 0))
    data = simulation_data(found, city)
    typer.echo(json.dumps(data, ensure_ascii=False) if as_json else "\n".join(_changes(data)))
    if found.errors and not found.orders:
        raise typer.Exit(1)


def _changes(data: dict[str, Any]) -> Iterator[str]:
    yield (
        f"往期工单 {data['orders']} 件：主办不变 {data['same']}，改变 {data['changed']}，"
        f"其中变为人工 {data['newly_manual']}、不再需要人工 {data['no_longer_manual']}；"
        f"不派单的 {data['skipped']} 件，不能用的 {data['errors']} 行"
    )
    for flow in data["flows"][:_SHOWN_FLOWS]:
        where = "、".join(f"{Path(each['file']).name}:{each['line']}" for each in flow["examples"])
        yield (
            f"{flow['count']:>6}  {flow['category'] or '无分类'}  {flow['from_name']} → {flow['to_name']}"
            f"（{flow['rule']}；例 {where}）"
        )
    if len(data["flows"]) > _SHOWN_FLOWS:
        yield f"另有 {len(data['flows']) - _SHOWN_FLOWS} 种改变（--json 全部列出）"
    for unit, count in data["vanished_units"].items():
        yield f"往期主办单位已不在名录：{unit} {count} 件"
    for each in data["first_errors"]:
        yield f"不能用：{each['file']}:{each['line']}：{each['reason']}"


def _moment(given: str, city: City) -> datetime:
    if not given:
        return now().astimezone(city.timezone)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"不是 ISO 8601 时间：{given}", param_hint="--at") from None
    return at.replace(tzinfo=city.timezone) if at.tzinfo is None else at.astimezone(city.timezone)


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _told(found: dict[str, Any]) -> str:
    place = "".join(filter(None, (found["place"]["county"], found["place"]["street"]))) or "不明"
    lines = [
        f"诉求类型：{found['kind']}　分类：{found['category'] or '不明'} {found['category_name'] or ''}",
        f"紧急程度：{found['urgency']}　地点：{place}",
        f"主办：{found['lead_unit'] or '须人工派单'}　协办：{'、'.join(found['supporting_units']) or '无'}",
        f"规则：{found['rule']}（{found['catalogue_version']}，{'已核' if found['confirmed'] else '待核'}）",
        f"理由：{found['because']}",
        f"签收期限：{found['sign_by']}　办结期限：{found['due_at']}",
        f"时限依据：{found['limit_basis']}",
    ]
    lines += [f"备选：{each['unit']}（{each['rule']}）{each['because']}" for each in found["runners_up"]]
    return "\n".join(lines)
