"""Commands on the keys that let other programs in."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.clock import now
from app.settings import Settings
from app.unit_keys import holder_for, open_keys
from hotline.city import load_city

cli = typer.Typer(help="接口密钥：新建、列出、吊销", no_args_is_help=True)

_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_BY: Final = "cli"
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]


def _settings(data_dir: Path | None) -> Settings:
    return Settings() if data_dir is None else Settings(data_dir=data_dir)


@cli.command()
def add(
    name: Annotated[str, typer.Argument(help="承办单位代码，例如 county-371302；或者应用的名称")],
    is_app: Annotated[
        bool, typer.Option("--app", help="给公开接口（Open311）的应用，而不是承办单位")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """新建一个密钥并打印；只显示这一次。"""
    settings = _settings(data_dir)
    if not _NAME.fullmatch(name):
        typer.echo("错误：名称只能用小写字母、数字和连字符。", err=True)
        raise typer.Exit(2)
    holder = holder_for(load_city(settings.city), name, is_app=is_app)

    async def work() -> str:
        async with open_keys(settings) as keys:
            return await keys.add(holder, by=_BY, at=now())

    typer.echo(asyncio.run(work()))


@cli.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="只打印 JSON")] = False, data_dir: DataDir = None
) -> None:
    """列出密钥：编号、持有者、新建、最后使用、吊销。"""

    async def work() -> list[dict[str, Any]]:
        async with open_keys(_settings(data_dir)) as keys:
            return [asdict(key) for key in await keys.listed()]

    rows = asyncio.run(work())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=datetime.isoformat))
        return
    for row in rows:
        state = (
            f"已吊销 {_day(row['revoked_at'])}" if row["revoked_at"] else f"最后使用 {_day(row['used_at'])}"
        )
        typer.echo(f"{row['id']}  {row['holder']:<32} 新建 {_day(row['made_at'])}  {state}")


@cli.command()
def revoke(
    key: Annotated[str, typer.Argument(help="密钥的编号（列表第一列）")], data_dir: DataDir = None
) -> None:
    """吊销一个密钥，立即生效。"""

    async def work() -> bool:
        async with open_keys(_settings(data_dir)) as keys:
            return await keys.revoke(key, by=_BY, at=now())

    if not asyncio.run(work()):
        typer.echo("错误：没有这个密钥，或者它已经吊销。", err=True)
        raise typer.Exit(2)
    typer.echo("已吊销。")


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at is not None else "—"
