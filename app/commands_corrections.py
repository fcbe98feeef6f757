"""Commands on corrections (纠正): listed, reviewed by another person than who corrected, exported as training rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import yaml

from app.clock import now
from app.settings import Settings
from app.web import open_corrections
from app.wiring import open_store
from hotline.city import load_city
from hotline.domain.corrections import Correction, CorrectionOf, CorrectionState
from hotline.service.corrections import Corrections

cli = typer.Typer(help="纠正：列出、审核、导出成语料", no_args_is_help=True)

Result = TypeVar("Result")
By = Annotated[str, typer.Option(help="谁审核（工号）；不能是提出纠正的人")]
Id = Annotated[str, typer.Argument(help="纠正的编号")]
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]


def _run(data_dir: Path | None, work: Callable[[Corrections], Awaitable[Result]]) -> Result:
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)

    async def opened() -> Result:
        async with AsyncExitStack() as stack:
            store = await open_store(settings, stack)
            return await work(open_corrections(settings, load_city(settings.city), store))

    return asyncio.run(opened())


@cli.command("list")
def listed(
    state: Annotated[CorrectionState, typer.Option(help="状态")] = CorrectionState.PROPOSED,
    as_json: Annotated[bool, typer.Option("--json", help="只打印 JSON")] = False,
    data_dir: DataDir = None,
) -> None:
    """列出纠正：编号、工单、改什么、原来、应为、谁提的、原话（已遮蔽）。"""
    found = _run(data_dir, lambda corrections: corrections.listed(state))
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        typer.echo(
            f"{each.id}  {each.order}  {each.of.value}  {each.understood or '不明'} → {each.right}  {each.by}  {each.text}"
        )
    if not found:
        typer.echo("没有")


@cli.command("approve")
def approve(
    correction: Id,
    by: By,
    text: Annotated[
        str, typer.Option(help="改用这句话来学（原话里有能认出个人的内容，或者说了两件事）")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """通过：可以拿来学。"""
    _run(data_dir, lambda corrections: corrections.approve(correction, by=by, at=now(), text=text))
    typer.echo("已通过")


@cli.command("reject")
def reject(
    correction: Id, by: By, note: Annotated[str, typer.Option(help="为什么")] = "", data_dir: DataDir = None
) -> None:
    """不通过：不拿来学。"""
    _run(data_dir, lambda corrections: corrections.reject(correction, by=by, at=now(), note=note))
    typer.echo("已否决")


@cli.command("export")
def export(
    into: Annotated[
        Path, typer.Argument(help="写到这个目录：corrections.yml（语料）、places.yaml、units.yaml")
    ],
    by: By,
    data_dir: DataDir = None,
) -> None:
    """把通过的导出：分类写成语料，地点和承办单位写成给人看的表；每条只导出一次。"""
    into.mkdir(parents=True, exist_ok=True)
    found = _run(
        data_dir, lambda corrections: corrections.export(partial(write_export, into), by=by, at=now())
    )
    typer.echo(f"导出 {len(found)} 条到 {into}")


def write_export(into: Path, found: Sequence[Correction]) -> None:
    """Add corrections to the files of earlier exports below ``into``; one that is there already is not added again."""
    for of, write in (
        (CorrectionOf.CATEGORY, _utterances),
        (CorrectionOf.PLACE, _rows),
        (CorrectionOf.UNIT, _rows),
    ):
        chosen = [each for each in found if each.of is of]
        if chosen:
            file = into / ("corrections.yml" if of is CorrectionOf.CATEGORY else f"{of.value}s.yaml")
            fresh = file.with_suffix(".new")
            fresh.write_text(write(file, chosen), encoding="utf-8")
            fresh.replace(file)


def _utterances(file: Path, chosen: Sequence[Correction]) -> str:
    """Return the utterances with those of ``file``, one block for each class."""
    blocks: dict[str, list[str]] = {}
    if file.exists():
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            blocks[block["intent"]] = block["examples"].splitlines()
    for each in chosen:
        lines = blocks.setdefault(f"c{each.right}", [])
        line = f"- {' '.join(each.text.split())}"
        if line not in lines:
            lines.append(line)
    rows = [
        f"- intent: {label}\n  examples: |\n" + "".join(f"    {line}\n" for line in lines)
        for label, lines in sorted(blocks.items())
    ]
    head = '# 话务员纠正过、经审核的诉求（hotline nlu corrections export）\nversion: "3.1"\nnlu:\n'
    return head + "".join(rows)


def _rows(file: Path, chosen: Sequence[Correction]) -> str:
    """Return the rows for people to read, with those of ``file``."""
    rows: list[dict[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []
    for each in chosen:
        row = {"text": each.text, "understood": each.understood, "right": each.right, "note": each.note}
        if row not in rows:
            rows.append(row)
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False)


def _plain(correction: Correction) -> dict[str, Any]:
    return {
        "id": correction.id,
        "order": correction.order,
        "of": correction.of.value,
        "understood": correction.understood,
        "right": correction.right,
        "text": correction.text,
        "by": correction.by,
        "state": correction.state.value,
        "note": correction.note,
    }
