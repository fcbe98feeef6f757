"""Setting up and running: the hotline whole, or one part of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app.printing import Printer
from app.settings import ROOT, Settings

Result = TypeVar("Result")
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]
SipPort = Annotated[int | None, typer.Option(help="SIP 端口")]
WebPort = Annotated[int | None, typer.Option(help="网页端口")]

# Each command loads its own part of the hotline: a call process need not load the supervisor, and none of them the rest.
# ruff: noqa: PLC0415


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run asynchronous work; Ctrl-C ends it quietly."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def chosen(
    data_dir: Path | None = None,
    sip_port: int | None = None,
    web_port: int | None = None,
    calls: int | None = None,
) -> Settings:
    """Return the settings with what the command line says on top."""
    given = {"data_dir": data_dir, "sip_port": sip_port, "web_port": web_port, "calls": calls}
    return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def setup(
    data_dir: DataDir = None,
    prompts: Annotated[bool, typer.Option(help="提前合成播报语；不提前的，第一次说时合成")] = True,
) -> None:
    """准备运行所需的一切：模型、理解引擎、数据库、播报语。"""
    from app.setting_up import set_up

    printer = Printer()
    run(set_up(chosen(data_dir), printer.progress, printer.tell, renders_prompts=prompts))


def up(
    data_dir: DataDir = None,
    sip_port: SipPort = None,
    web_port: WebPort = None,
    calls: Annotated[
        int | None, typer.Option(min=1, help="同时接几路电话；一个进程接不下就用多个，前面是 Kamailio")
    ] = None,
) -> None:
    """在一台机器上运行整个热线，直到 Ctrl-C；SIGTERM 等通话结束，SIGHUP 依次重启电话进程。"""
    from app.machine import run_machine

    run(run_machine(chosen(data_dir, sip_port, web_port, calls), Printer().tell))


def ivr(data_dir: DataDir = None, sip_port: SipPort = None) -> None:
    """只运行接电话的进程。"""
    from app.phone import run_phone

    run(run_phone(chosen(data_dir, sip_port)))


def web(data_dir: DataDir = None, web_port: WebPort = None) -> None:
    """只运行网页进程。"""
    from app.web import run_web

    run(run_web(chosen(data_dir, web_port=web_port)))


def demo(folder: Annotated[Path, typer.Option(help="结果目录")] = ROOT / "build" / "demo") -> None:
    """启动热线，打几通真实的 SIP 电话，打印对话，写 report.json；有一通不符合预期就以 1 结束。"""
    from app.demo import run_demo
    from app.private import fresh_data, private

    with fresh_data(folder) as data:
        is_met = run(run_demo(private(chosen(), data), Printer().tell, folder))
    raise typer.Exit(0 if is_met else 1)
