"""Commands on the call processes: renew them without cutting a call, show Kamailio's configuration."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from app.logs import configure
from app.machine import exchange_plan, supervisor_process
from app.settings import Settings
from app.shared_engines import run_shared_engines
from app.telephone_exchange import ExchangeError, dispatcher_list, kamailio_config

_LIST: Final = "dispatcher.list"
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]

kamailio = typer.Typer(help="多个电话进程前面的 Kamailio", no_args_is_help=True)


def drain(data_dir: DataDir = None) -> None:
    """让正在运行的热线依次重启接电话的进程：每个进程等它的通话结束，不打断任何人。"""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    process = supervisor_process(settings)
    if process is None:
        typer.echo(f"没有在 {settings.data_dir} 上运行的 hotline up", err=True)
        raise typer.Exit(1)
    os.kill(process, signal.SIGHUP)
    typer.echo("已开始依次重启，进度由 hotline up 打印")


def engines(folder: Annotated[Path, typer.Argument(help="套接字所在的目录，只有本用户可进")]) -> None:
    """只运行几个电话进程共用的识别和合成（HOTLINE_SHARED_ENGINES 指向同一目录）。"""
    settings = Settings()
    configure(settings.log_level)
    asyncio.run(run_shared_engines(settings, folder))


@kamailio.callback()
def _group() -> None:
    """Keep ``config`` a command of a group."""


@kamailio.command("config")
def config(
    calls: Annotated[int | None, typer.Option(help="同时接几路电话（HOTLINE_CALLS）")] = None,
) -> None:
    """打印按设置生成的 Kamailio 配置和分配表。"""
    settings = Settings() if calls is None else Settings(calls=calls)
    exchange = asyncio.run(exchange_plan(settings))
    if not exchange.is_dispatched:
        raise ExchangeError("一个电话进程就够，不用 Kamailio；路数更多时加 --calls")
    file = (settings.data_dir / "kamailio" / _LIST).resolve()
    typer.echo(kamailio_config(settings, exchange.processes, file))
    typer.echo(f"# --- {file}")
    typer.echo("".join(f"# {line}\n" for line in dispatcher_list(exchange.processes).splitlines()), nl=False)
