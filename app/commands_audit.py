"""Commands on the audit chain and the working calendar."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app.anchors import FILE, add_anchor, read_anchors
from app.calendar_check import differences, unpublished
from app.clock import now
from app.printing import Printer
from app.retention import destruction_of
from app.settings import Settings
from app.wiring import open_store
from hotline.city import load_city
from hotline.store.sql import SqlStore
from router.time_tables import load_calendar

Result = TypeVar("Result")
Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]

audit = typer.Typer(help="审计链：校验、锚点", no_args_is_help=True)
calendar = typer.Typer(help="工作日历：与公布的放假安排核对", no_args_is_help=True)

retention = typer.Typer(help="保存期限：查看、到期销毁并出具凭证", no_args_is_help=True)

_UNPUBLISHED_EXIT = 3


def _settings(data_dir: Path | None) -> Settings:
    return Settings() if data_dir is None else Settings(data_dir=data_dir)


def _with_store(settings: Settings, work: Callable[[SqlStore], Awaitable[Result]]) -> Result:
    async def opened() -> Result:
        async with AsyncExitStack() as stack:
            return await work(await open_store(settings, stack))

    return asyncio.run(opened())


@audit.command("verify")
def verify(
    as_json: Json = False,
    data_dir: DataDir = None,
    anchors_file: Annotated[
        Path | None, typer.Option("--anchors", help="锚点文件；不写则用数据目录里的")
    ] = None,
) -> None:
    """校验审计链：改动、缺失、调换、从某行起重写、截断都能发现；有问题以 1 结束。"""
    settings, printer = _settings(data_dir), Printer(is_silent=as_json)
    if anchors_file is not None and not anchors_file.is_file():
        raise typer.BadParameter(f"没有这个锚点文件：{anchors_file}")
    anchors = read_anchors(anchors_file or settings.data_dir / FILE)

    async def work(store: SqlStore) -> dict[str, Any]:
        started = time.monotonic()
        head = await store.audit_head()
        found = await store.audit_break(
            anchors, lambda done, total: printer.progress("校验审计链", done, total)
        )
        return {
            "whole": found is None,
            "rows": head.sequence,
            "anchors": len(anchors),
            "row": found.sequence if found else None,
            "reason": found.reason if found else None,
            "seconds": round(time.monotonic() - started, 3),
        }

    report = _with_store(settings, work)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    elif report["whole"]:
        typer.echo(
            f"审计链完整：{report['rows']} 行，与 {report['anchors']} 个锚点相符，用时 {report['seconds']} 秒"
        )
    else:
        typer.echo(f"审计链在第 {report['row']} 行断开：{_REASONS[report['reason']]}", err=True)
    raise typer.Exit(0 if report["whole"] else 1)


_REASONS = {
    "altered": "内容被改动",
    "missing": "缺行",
    "reordered": "顺序被调换",
    "rewritten": "从这一行起与锚点不符，可能整段重写",
    "inserted": "末端之后多出了行",
    "cut off": "末尾被截断（锚点记录的行已不在）",
}


@audit.command("anchor")
def anchor(
    to: Annotated[Path | None, typer.Option(help="锚点文件；最好在另一台机器或只追加的介质上")] = None,
    data_dir: DataDir = None,
) -> None:
    """把审计链现在的末端记入锚点文件，供以后校验。"""
    settings = _settings(data_dir)
    file = to or settings.data_dir / FILE
    head = _with_store(settings, lambda store: store.audit_head())
    add_anchor(file, head, now())
    typer.echo(f"第 {head.sequence} 行 {head.digest[:16]}… 已记入 {file}")


@calendar.command("check")
def check_calendar(as_json: Json = False) -> None:
    """把 config 里的工作日历与 holidays 库逐日比对；一年内有未公布的年份以 3 结束，有差异以 1 结束。"""
    city = load_city(Settings().city)
    table = load_calendar(city.folder / "calendar")
    today = now().astimezone(city.timezone).date()
    differing, waiting = differences(table), unpublished(table, today)
    if as_json:
        rows = [{"date": str(one.on), "config": one.configured, "library": one.library} for one in differing]
        typer.echo(json.dumps({"differences": rows, "unpublished": waiting}, ensure_ascii=False, indent=1))
    else:
        for one in differing:
            typer.echo(f"{one.on}：config 为{_day(one.configured)}，holidays 库为{_day(one.library)}")
        if not differing:
            typer.echo("已公布的年份与 holidays 库逐日相符")
    for year in waiting:
        typer.echo(
            f"警告：{year}年放假安排尚未公布，跨入该年的期限可能变动；公布后请更新 calendar/{year}.yaml",
            err=True,
        )
    raise typer.Exit(1 if differing else _UNPUBLISHED_EXIT if waiting else 0)


@retention.command("run")
def run_retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只数，不销毁")] = False,
    by: Annotated[str, typer.Option(help="经办人")] = "operator",
    data_dir: DataDir = None,
) -> None:
    """把超过保存期限的删除或匿名化，凭证写入数据目录的 destruction/；未办结的、已归档的不动。"""
    settings, printer = _settings(data_dir), Printer()
    at = now()

    async def work(store: SqlStore) -> None:
        destruction = destruction_of(settings, store)
        for kept, count in (await destruction.past(at)).items():
            typer.echo(f"{kept.value}：{count} 项超过保存期限")
        if not dry_run:
            total = await destruction.run(at, by=by, tell=lambda done: printer.tell(f"已处理 {done} 项"))
            typer.echo(f"共处理 {total} 项，凭证在 {settings.data_dir / 'destruction'}")

    _with_store(settings, work)


def _day(is_worked: bool) -> str:
    return "工作日" if is_worked else "休息日"
