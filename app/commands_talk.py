"""Talking to a hotline from the command line: one call, one chat."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from app.callers import CallFailedError, Script, call, chat
from app.commands_run import DataDir, SipPort, WebPort, chosen, run
from app.machine import running, running_hotline
from app.printing import Printer
from app.private import private
from app.reports import printed
from app.settings import ROOT

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]


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
