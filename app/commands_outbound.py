"""Commands on outbound calls: what is owed and why it is not placed, and the stop list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.outlook import Outlook, open_book
from app.settings import Settings
from app.wiring import local_clock, open_store
from hotline.city import City, load_city, read_yaml
from hotline.domain.appeal import PhoneNumber
from hotline.domain.calendar_years import with_years
from hotline.domain.outbound import StopReason
from hotline.store.calendar_years import SqlCalendarYears
from router.time_tables import load_calendar

cli = typer.Typer(help="外呼：待打的回访电话、不再外呼名单", no_args_is_help=True)
stopped = typer.Typer(help="不再外呼名单", no_args_is_help=True)
cli.add_typer(stopped, name="stop-list")

_MOST_LISTED: Final = 500
_BY: Final = "cli"
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]
Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
Phone = Annotated[str, typer.Argument(help="电话号码，只写数字")]


@asynccontextmanager
async def _opened(data_dir: Path | None) -> AsyncIterator[tuple[City, Outlook]]:
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    city = load_city(settings.city)
    async with AsyncExitStack() as stack:
        store = await open_store(settings, stack)
        years = [each.arrangement for each in await SqlCalendarYears(store.database).in_force()]
        calendar = with_years(load_calendar(city.folder / "calendar"), years)
        yield city, Outlook(city, store, open_book(settings, store), lambda: calendar)


@cli.command("list")
def list_owed(as_json: Json = False, data_dir: DataDir = None) -> None:
    """列出待打的电话；现在不打的，写明原因。"""

    async def work() -> tuple[City, list[dict[str, Any]]]:
        async with _opened(data_dir) as (city, outlook):
            return city, [
                {
                    "purpose": due.purpose.value,
                    "reference": due.reference,
                    "phone": str(due.phone),
                    "attempt": len(due.tried_at) + 1,
                    "why_not": None if why is None else why.value,
                }
                for due, why in await outlook.owed(at=local_clock(city)(), limit=_MOST_LISTED)
            ]

    city, rows = asyncio.run(work())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    words = read_yaml(city.folder / "prompts" / "outbound.yaml")
    for row in rows:
        state = words["why_not"][row["why_not"] or "none"]
        place = words["attempt"].format(attempt=row["attempt"])
        typer.echo(
            f"{words['purposes'][row['purpose']]}  {row['reference']}  {row['phone']}  {place}  {state}"
        )
    if not rows:
        typer.echo(words["nothing_owed"])


@stopped.command("list")
def list_stopped(as_json: Json = False, data_dir: DataDir = None) -> None:
    """列出不再外呼的号码（已脱敏）：何时、为什么、谁加的。"""

    async def work() -> tuple[City, list[dict[str, str]]]:
        async with _opened(data_dir) as (city, outlook):
            return city, [
                {
                    "phone": str(each.phone),
                    "since": each.since.astimezone(city.timezone).isoformat(timespec="minutes"),
                    "reason": each.reason.value,
                    "by": each.by,
                }
                for each in await outlook.book.stop_list(limit=_MOST_LISTED)
            ]

    city, rows = asyncio.run(work())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    words = read_yaml(city.folder / "prompts" / "outbound.yaml")
    for row in rows:
        typer.echo(f"{row['phone']}  {row['since']}  {words['stop_reasons'][row['reason']]}  {row['by']}")


@stopped.command("add")
def add(phone: Phone, data_dir: DataDir = None) -> None:
    """不再向这个号码外呼（人工拨打不受影响）。"""
    number = _number(phone)

    async def work() -> None:
        async with _opened(data_dir) as (city, outlook):
            await outlook.book.stop(number, StopReason.STAFF, by=_BY, at=local_clock(city)())

    asyncio.run(work())


@stopped.command("remove")
def remove(phone: Phone, data_dir: DataDir = None) -> None:
    """恢复向这个号码外呼。"""
    number = _number(phone)

    async def work() -> bool:
        async with _opened(data_dir) as (city, outlook):
            return await outlook.book.resume(number, by=_BY, at=local_clock(city)())

    if not asyncio.run(work()):
        typer.echo("名单里没有这个号码。", err=True)
        raise typer.Exit(1)


def _number(phone: str) -> PhoneNumber:
    if not (phone.isascii() and phone.isdigit() and 3 <= len(phone) <= 15):
        raise typer.BadParameter("电话号码只写 3 到 15 位数字")
    return PhoneNumber(phone)
