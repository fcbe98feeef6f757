"""Commands on the worker and the outbox."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from app.at_rest import seal_of
from app.clock import now
from app.deliveries import Endpoints
from app.logs import configure
from app.settings import Settings
from app.worker import run_worker
from hotline.domain.outbox import MessageState, StoredMessage
from hotline.store.outbox import SqlOutbox
from hotline.store.sql import SqlStore, migrate

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
Destination = Annotated[str, typer.Argument(help="unit:<单位代码> 或 linkage:<线路>")]

outbox = typer.Typer(help="发件箱：待投递、死信、重新投递、销毁死信", invoke_without_command=True)
endpoints = typer.Typer(help="承办单位与联动平台的接收地址和密钥", no_args_is_help=True)


def worker(
    data_dir: Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")] = None,
) -> None:
    """只运行办事进程：到期提醒、黄牌红牌、投递发件箱、夜间任务。"""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    configure(settings.log_level)
    asyncio.run(run_worker(settings))


@outbox.callback()
def show(
    context: typer.Context,
    dead: Annotated[bool, typer.Option("--dead", help="列出死信")] = False,
    limit: Annotated[int, typer.Option(help="最多列几条")] = 100,
    as_json: Json = False,
) -> None:
    """各去向待投递和死信的件数；--dead 逐条列出死信（不显示内容）。"""
    if context.invoked_subcommand is not None:
        return
    if dead:
        letters = _with_outbox(lambda box: box.in_state(MessageState.DEAD, limit=limit))
        rows = [_row(each) for each in letters]
        if as_json:
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        for row in () if as_json else rows:
            typer.echo(
                f"{row['id']:>8} {row['destination']:<24} {row['subject']} {row['kind']:<28}"
                f" 试投 {row['attempts']} 次：{row['last_error']}"
            )
        return
    figures = _with_outbox(lambda box: box.figures())
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False, indent=1))
    elif not figures:
        typer.echo("没有待投递的消息，没有死信")
    for destination, counts in () if as_json else figures.items():
        typer.echo(f"{destination:<28} 待投递 {counts.get('pending', 0):>6}  死信 {counts.get('dead', 0):>6}")


@outbox.command("retry")
def retry(message: Annotated[int, typer.Argument(help="死信的编号")]) -> None:
    """重新投递一件死信。"""
    if not _with_outbox(lambda box: box.retry(message, now())):
        typer.echo(f"没有编号为 {message} 的死信", err=True)
        raise typer.Exit(1)
    typer.echo(f"已重新排队：{message}")


@outbox.command("discard")
def discard(
    message: Annotated[int, typer.Argument(help="死信的编号")],
    by: Annotated[str, typer.Option(help="经办人")] = "operator",
) -> None:
    """销毁一件不再投递的死信，并记入审计；不能恢复。"""
    if not _with_outbox(lambda box: box.discard(message, by=by, at=now())):
        typer.echo(f"没有编号为 {message} 的死信", err=True)
        raise typer.Exit(1)
    typer.echo(f"已销毁：{message}")


@endpoints.command("list")
def list_endpoints(as_json: Json = False) -> None:
    """列出接收地址（不显示密钥）。"""
    rows = {name: each.url for name, each in Endpoints(Settings().endpoints_file).all().items()}
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    for name, url in () if as_json else rows.items():
        typer.echo(f"{name:<28} {url}")


@endpoints.command("set")
def set_endpoint(destination: Destination, url: Annotated[str, typer.Argument(help="https://…")]) -> None:
    """登记接收地址，打印新的签名密钥（只显示这一次）。"""
    typer.echo(Endpoints(Settings().endpoints_file).set(destination, url).secret)


@endpoints.command("remove")
def remove_endpoint(destination: Destination) -> None:
    """去掉接收地址：以后只进收件箱。"""
    if not Endpoints(Settings().endpoints_file).remove(destination):
        typer.echo(f"没有登记过：{destination}", err=True)
        raise typer.Exit(1)


def _row(stored: StoredMessage) -> dict[str, Any]:
    return {
        "id": stored.id,
        "key": stored.message.key,
        "destination": stored.message.destination,
        "kind": stored.message.kind,
        "subject": stored.message.subject,
        "created_at": stored.created_at.isoformat(),
        "attempts": stored.attempts,
        "last_error": stored.last_error,
    }


def _with_outbox(work: Any) -> Any:
    async def done() -> Any:
        settings = Settings()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        await migrate(settings.database_url)
        async with AsyncExitStack() as stack:
            seal = seal_of(settings)
            store = SqlStore(settings.database_url, seal)
            stack.push_async_callback(store.close)
            return await work(SqlOutbox(store.database, seal))

    return asyncio.run(done())
