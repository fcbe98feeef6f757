"""``hotline bench soak``: thousands of short calls against a hotline of its own, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer

from app.descendants import descendants
from app.machine import running
from app.printing import Printer
from app.private import private
from app.settings import Settings
from bench.soak import Plan, soak


def bench_soak(
    calls: Annotated[int, typer.Option(help="一共打几通", min=30)] = 2_000,
    hours: Annotated[float, typer.Option(help="最多打几小时；0 不限", min=0)] = 0,
    at_once: Annotated[int, typer.Option("--jobs", help="同时几通", min=1, max=3)] = 3,
    talk_seconds: Annotated[float, typer.Option(help="每通听几秒", min=0)] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="只打印 JSON")] = False,
) -> None:
    """浸泡：成千通短电话以后，内存、文件、话路有没有漏。"""
    printer = Printer()
    longest = hours * 3_600 if hours else float("inf")

    async def work(settings: Settings) -> dict[str, Any]:
        wanted = {"rasa": "off", "calls_per_number": 50, "rings_per_second": 50}
        async with running(settings.model_copy(update=wanted), printer.tell) as hotline:
            plan = Plan(calls, at_once, talk_seconds, longest)
            return await soak(
                hotline.sip, plan, _call_processes(), lambda done, of: printer.progress("通话", done, of)
            )

    with TemporaryDirectory(prefix="hotline-soak-") as fresh:
        figures = asyncio.run(work(private(Settings(), Path(fresh))))
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=None if as_json else 1))


def _call_processes() -> list[psutil.Process]:
    """Return this command's own processes that take calls."""
    return [process for process, words in descendants() if words[-3:] == ["-m", "app", "ivr"]]
