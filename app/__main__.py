"""The command line ``hotline``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app import (
    commands_audit,
    commands_bench,
    commands_board,
    commands_calls,
    commands_data,
    commands_keys,
    commands_outbound,
    commands_router,
    commands_worker,
)
from app.callers import CallFailedError, Script, call, chat
from app.demo import run_demo
from app.entry import run_told
from app.logs import configure
from app.machine import run_machine, running, running_hotline
from app.phone import run_phone
from app.printing import Printer
from app.private import private
from app.reports import printed
from app.setting_up import set_up
from app.settings import ROOT, Settings
from app.web import run_web

cli = typer.Typer(help="12345政务服务便民热线前台", no_args_is_help=True, pretty_exceptions_enable=False)
commands_data.add_to(cli)
commands_audit.add_to(cli)
cli.command("board")(commands_board.board)
commands_worker.add_to(cli)
commands_calls.add_to(cli)
cli.add_typer(commands_bench.cli, name="bench")
cli.add_typer(commands_router.cli, name="router")
cli.add_typer(commands_keys.cli, name="keys")
cli.add_typer(commands_outbound.cli, name="outbound")

Result = TypeVar("Result")
Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]
SipPort = Annotated[int | None, typer.Option(help="SIP 端口")]
WebPort = Annotated[int | None, typer.Option(help="网页端口")]


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


@cli.command()
def setup(
    data_dir: DataDir = None,
    prompts: Annotated[bool, typer.Option(help="提前合成播报语；不提前的，第一次说时合成")] = True,
) -> None:
    """准备运行所需的一切：模型、理解引擎、数据库、播报语。"""
    printer = Printer()
    run(set_up(chosen(data_dir), printer.progress, printer.tell, renders_prompts=prompts))


@cli.command()
def up(
    data_dir: DataDir = None,
    sip_port: SipPort = None,
    web_port: WebPort = None,
    calls: Annotated[
        int | None, typer.Option(min=1, help="同时接几路电话；一个进程接不下就用多个，前面是 Kamailio")
    ] = None,
) -> None:
    """在一台机器上运行整个热线，直到 Ctrl-C；SIGTERM 等通话结束，SIGHUP 依次重启电话进程。"""
    run(run_machine(chosen(data_dir, sip_port, web_port, calls), Printer().tell))


@cli.command()
def ivr(data_dir: DataDir = None, sip_port: SipPort = None) -> None:
    """只运行接电话的进程。"""
    run(run_phone(chosen(data_dir, sip_port)))


@cli.command()
def web(data_dir: DataDir = None, web_port: WebPort = None) -> None:
    """只运行网页进程。"""
    run(run_web(chosen(data_dir, web_port=web_port)))


@cli.command()
def demo(folder: Annotated[Path, typer.Option(help="结果目录")] = ROOT / "build" / "demo") -> None:
    """启动热线，打几通真实的 SIP 电话，打印对话，写 report.json；有一通不符合预期就以 1 结束。"""
    settings = private(chosen(), folder / "data")
    is_met = run(run_demo(settings, Printer().tell, folder))
    raise typer.Exit(0 if is_met else 1)


@cli.command("call")
def call_command(
    wav: Annotated[list[Path], typer.Option(help="依次播放的录音；每段等热线说完再放")],
    to: Annotated[str, typer.Option(help="被叫地址，例如 sip:12345@127.0.0.1:5060")] = "",
    spawn: Annotated[bool, typer.Option(help="先启动一个自己的热线，结束后关掉")] = False,
    caller: Annotated[str, typer.Option(help="主叫号码")] = "13905390000",
    keys: Annotated[str, typer.Option(help="最后依次按的键")] = "",
    record: Annotated[Path | None, typer.Option(help="把听到的声音录成 WAV")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
    sip_port: SipPort = None,
    web_port: WebPort = None,
) -> None:
    """打一通 SIP 电话，播放录音，打印热线听到、理解、答复和登记的内容。"""
    script = Script(wav[0].stem, wav, caller, keys, record)
    settings = chosen(data_dir, sip_port, web_port)
    printer = Printer(is_silent=as_json)

    async def work() -> dict[str, Any]:
        if not spawn:
            return await call(running_hotline(settings), script, printer.show, to=to)
        async with running(private(settings, ROOT / "build" / "spawned"), printer.tell) as hotline:
            return await call(hotline, script, printer.show)

    _print(_placed(work()), as_json=as_json)


@cli.command("chat")
def chat_command(
    text: Annotated[list[str], typer.Option(help="依次发送的话")],
    spawn: Annotated[bool, typer.Option(help="先启动一个自己的热线，结束后关掉")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
    web_port: WebPort = None,
) -> None:
    """在网页对话里依次发送几句话，打印热线的答复和登记的内容。"""
    settings = chosen(data_dir, web_port=web_port)
    printer = Printer(is_silent=as_json)

    async def work() -> dict[str, Any]:
        if not spawn:
            return await chat(running_hotline(settings), text[0][:20], text, printer.show)
        async with running(private(settings, ROOT / "build" / "spawned"), printer.tell) as hotline:
            return await chat(hotline, text[0][:20], text, printer.show)

    _print(_placed(work()), as_json=as_json)


def _placed(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    try:
        return run(work)
    except CallFailedError as error:
        typer.echo(f"错误：{error}", err=True)
        raise typer.Exit(2) from None


def _print(report: dict[str, Any], *, as_json: bool) -> None:
    whole = {"calls": [report]}
    typer.echo(json.dumps(whole, ensure_ascii=False, indent=1) if as_json else printed(report))


def main() -> None:
    """Run the command line; errors known by name are told in Chinese, with their code."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    configure(Settings().log_level if len(sys.argv) > 1 and sys.argv[1] in ("ivr", "web") else "warning")
    run_told(cli)


if __name__ == "__main__":
    main()
