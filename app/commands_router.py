"""``hotline router``: explain a decision, check the dispatch catalogue, try a new one on past orders."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

import typer

from app.clock import now
from app.explaining import explained
from app.settings import Settings
from hotline.city import City, load_city

cli = typer.Typer(help="派单：解释、检查派单目录、用往期工单试算新目录", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]


@cli.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="市民的原话")],
    at: Annotated[str, typer.Option(help="派单时间（ISO 8601；不写时区的按本市时间）；不写是现在")] = "",
    as_json: Json = False,
) -> None:
    """解释一句话会怎样分类、派给谁、期限多久、为什么。"""
    if not text.strip():
        raise typer.BadParameter("没有内容", param_hint="TEXT")
    settings = Settings()
    city = load_city(settings.city)
    models = settings.models_dir.parent / "nlu"
    found = asyncio.run(explained(text, city, models, _moment(at, city), _tell))
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _told(found))


def _moment(given: str, city: City) -> datetime:
    if not given:
        return now().astimezone(city.timezone)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"不是 ISO 8601 时间：{given}", param_hint="--at") from None
    return at.replace(tzinfo=city.timezone) if at.tzinfo is None else at.astimezone(city.timezone)


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _told(found: dict[str, Any]) -> str:
    place = "".join(filter(None, (found["place"]["county"], found["place"]["street"]))) or "不明"
    lines = [
        f"诉求类型：{found['kind']}　分类：{found['category'] or '不明'} {found['category_name'] or ''}",
        f"紧急程度：{found['urgency']}　地点：{place}",
        f"主办：{found['lead_unit'] or '须人工派单'}　协办：{'、'.join(found['supporting_units']) or '无'}",
        f"规则：{found['rule']}（{found['catalogue_version']}，{'已核' if found['confirmed'] else '待核'}）",
        f"理由：{found['because']}",
        f"签收期限：{found['sign_by']}　办结期限：{found['due_at']}",
        f"时限依据：{found['limit_basis']}",
    ]
    lines += [f"备选：{each['unit']}（{each['rule']}）{each['because']}" for each in found["runners_up"]]
    return "\n".join(lines)
