"""Commands on models, knowledge, configuration and journals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.assessment_rules import load_formulas
from app.callers import CallFailedError
from app.city_words import session_maker
from app.knowledge import check_knowledge
from app.letter_words import load_letter_prompts, load_notice_words, load_wechat_words
from app.printing import Printer
from app.retention import load_retentions
from app.settings import Settings
from asr.hearing_hints import load_hearing_hints
from asr.models import ModelUnavailableError, catalogue, fetch, is_installed, verify
from desk.tiles import check_map
from hotline.city import City, load_city
from hotline.dialogue.events import Started
from hotline.dialogue.journal import decode, is_event
from hotline.domain.appeal import ContactChannel
from hotline.known_places import load_known_places
from hotline.service.linkage import load_lines
from hotline.service.nuisances import read_calls_a_day
from hotline.service.party_telephones import read_numbers
from hotline.service.repeats import load_repeat_rules
from hotline.service.weekly_brief import load_template
from nlu.lexicon import load_meaning_words
from router.catalogue import version_folders
from router.checking import Finding, Level, check_version
from router.matters import load_matters
from router.tables import load_tables

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]

models = typer.Typer(help="语音模型：列出、获取、校验", no_args_is_help=True)


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """列出目录里的模型：用途、许可、大小、来源、是否已安装。"""
    folder = Settings().models_dir
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "purpose": entry.purpose,
            "licence": entry.licence,
            "size": entry.size,
            "sha256": entry.sha256 or {one.name: one.sha256 for one in entry.files},
            "from": entry.source,
            "installed": is_installed(entry, folder),
        }
        for entry in catalogue().values()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        state = "已安装" if row["installed"] else "未安装"
        typer.echo(
            f"{row['name']:<15} {state}  {row['size'] / 1e6:7.1f} MB  {row['licence']:<11} {row['purpose']}（{row['from']}）"
        )


@models.command("fetch")
def fetch_model(name: Annotated[str, typer.Argument(help="目录里的名称")]) -> None:
    """获取一个模型：可续传，校验 SHA-256，装好才算。"""
    folder = fetch(_entry(name), Settings().models_dir, Printer().progress)
    typer.echo(f"已安装：{folder}")


@models.command("verify")
def verify_models(name: Annotated[str, typer.Argument(help="名称；不写则校验全部已安装的")] = "") -> None:
    """逐个文件校验已安装的模型；有不符的就以 1 结束。"""
    folder = Settings().models_dir
    entries = (
        [_entry(name)] if name else [one for one in catalogue().values() if (folder / one.name).is_dir()]
    )
    problems = [problem for entry in entries for problem in verify(entry, folder, Printer().progress)]
    for problem in problems:
        typer.echo(f"不符：{problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"相符：{'、'.join(entry.name for entry in entries) or '没有已安装的模型'}")


def _entry(name: str) -> Any:
    entries = catalogue()
    if name not in entries:
        raise ModelUnavailableError(model=name, reason=f"目录里没有；有的是：{'、'.join(entries)}")
    return entries[name]


def check() -> None:
    """检查城市配置的每个文件、每一条；有错就说明文件、位置和原因，以 2 结束。"""
    settings = Settings()
    city = load_city(settings.city)
    session_maker(city)
    load_hearing_hints(city)
    load_meaning_words(city)
    load_known_places(city)
    load_repeat_rules(city)
    load_lines(city)
    read_numbers(city)
    read_calls_a_day(city)
    load_formulas(city)
    load_template(city)
    check_map(city)
    load_retentions(city)
    load_letter_prompts(city)
    load_notice_words(city)
    load_wechat_words(city)
    problems = _catalogue_errors(city)
    for problem in problems:
        typer.echo(f"错误 {problem.code} {problem.file} [{problem.row}]：{problem.text}", err=True)
    if problems:
        raise typer.Exit(2)
    load_tables(city)
    load_matters(city)
    articles, golden = check_knowledge(settings, city)
    typer.echo(
        f"{city.name}：分类 {'/'.join(str(len(city.categories_at(level))) for level in (1, 2, 3))}，承办单位 {len(city.units)}，县区 {len(city.counties)}，"
        f"镇街 {len(city.streets)}，知识 {articles}，对照题 {golden}，没有发现错误"
    )


def _catalogue_errors(city: City) -> list[Finding]:
    """Return what makes a version of the dispatch catalogue unusable or useless in part."""
    reports = (check_version(folder, city) for folder in version_folders(city.folder / "routing"))
    return [each for report in reports for each in report.findings if each.level is Level.ERROR]


def replay(file: Annotated[Path, typer.Argument(help="对话记录（接口 /api/conversations 的 JSON）")]) -> None:
    """重放一次对话的记录：打印现在的程序会怎么说。"""
    settings = Settings()
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    events = [decode(row["name"], row["body"]) for row in rows if is_event(row["name"])]
    if not events or not isinstance(events[0], Started):
        raise CallFailedError("记录里没有对话的开始")
    session = session_maker(load_city(settings.city))(events[0].channel or ContactChannel.PHONE)
    for event in events:
        for action in session.handle(event):  # type: ignore[arg-type]  # is_event chose events only
            typer.echo(f"{type(event).__name__:>16} → {action}")
