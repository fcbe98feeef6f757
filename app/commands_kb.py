"""Commands on the knowledge base: searching, writing, reviewing, publishing, golden questions, import and export."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app.clock import now
from app.knowledge import KnowledgeParts, open_alone
from app.knowledge_import import BroughtIn, brought_in
from app.knowledge_reports import article_report, version_report
from app.settings import Settings
from hotline.city import City, load_city
from hotline.domain.article_life import ArticleStatus, ArticleVersion, PublicationBlockedError
from hotline.domain.errors import CityConfigError
from hotline.domain.golden_gate import GateReport, Verdict
from hotline.domain.knowledge import Article
from hotline.domain.people import Actor, Role
from knowledge_base.differences import differences
from knowledge_base.golden_figures import GoldenFigures
from knowledge_base.importing import FIELDS, read_rows, write_rows
from knowledge_base.searching import search_report

cli = typer.Typer(
    help="知识库：检索、编写、审核、发布、导入导出、对照题",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
By = Annotated[str, typer.Option(help="经办人工号，写进审计记录")]
Id = Annotated[str, typer.Argument(help="条目编号")]
Reason = Annotated[str, typer.Option(help="原因")]
FileArgument = Annotated[Path, typer.Argument(help="文件")]
Found = TypeVar("Found")


def _run(work: Callable[[KnowledgeParts, City], Awaitable[Found]]) -> Found:
    """Do ``work`` on the knowledge base of the data folder."""
    settings = Settings()
    city = load_city(settings.city)

    async def opened() -> Found:
        async with AsyncExitStack() as stack:
            return await work(await open_alone(settings, city, stack), city)

    return asyncio.run(opened())


def _editor(by: str) -> Actor:
    return Actor(Role.EDITOR, by)


def _reviewer(by: str) -> Actor:
    return Actor(Role.REVIEWER, by)


# --- reading -----------------------------------------------------------------------------------------------------


@cli.command("search")
def search(
    text: Annotated[str, typer.Argument(help="市民的问题")],
    county: Annotated[str | None, typer.Option(help="县区代码，限定适用区域")] = None,
    as_json: Json = False,
) -> None:
    """检索：会不会当场答复，最接近的条目是哪些。"""

    async def work(parts: KnowledgeParts, city: City) -> dict[str, Any]:
        today = now().astimezone(city.timezone).date()
        return await search_report(parts.retriever, text, on=today, county=county)

    found = _run(work)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    typer.echo("当场答复" if found["would_answer"] else "不当场答复")
    for passage in found["passages"]:
        typer.echo(f"  {passage['score']:.3f} {passage['article']} {passage['title']}：{passage['spoken']}")


@cli.command("list")
def list_articles(
    status: Annotated[list[ArticleStatus] | None, typer.Option(help="只看这些状态，可写几次")] = None,
    unit: Annotated[str | None, typer.Option(help="责任单位名称")] = None,
    category: Annotated[str | None, typer.Option(help="分类编号或其前几位")] = None,
    words: Annotated[str, typer.Option(help="标题里的字")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 1_000,
    as_json: Json = False,
) -> None:
    """列出条目：编号、状态、版本、责任单位、标题。"""

    async def work(parts: KnowledgeParts, _: City) -> list[Any]:
        found = await parts.store.listed(
            statuses=status or (), unit=unit, category=category, words=words, limit=limit
        )
        return list(found)

    rows = _run(work)
    if as_json:
        shown = [{**dataclasses.asdict(row), "changed_at": row.changed_at.isoformat()} for row in rows]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    for row in rows:
        in_force = f"（在用第{row.published}版）" if row.published not in (None, row.latest) else ""
        typer.echo(f"{row.id:<12} {row.status.value:<10} 第{row.latest}版{in_force} {row.unit}  {row.title}")


@cli.command("show")
def show(
    article: Id,
    version: Annotated[int | None, typer.Option(help="版本；不写为最新")] = None,
    as_json: Json = False,
) -> None:
    """查看一个条目：内容、状态、经过。"""
    found = _run(lambda parts, _: parts.store.get(article, version))
    if as_json:
        typer.echo(json.dumps(version_report(found), ensure_ascii=False, indent=1))
        return
    typer.echo(f"{found.id} 第{found.number}版 {found.status.value}")
    for name, value in article_report(found.article).items():
        if value not in ("", [], None, "id", "version"):
            shown = "｜".join(map(str, value)) if isinstance(value, list) else value
            typer.echo(f"{FIELDS.get(name, name)}：{shown}")
    for entry in found.history:
        step = entry.step.value if entry.step else "start"
        typer.echo(f"  {entry.at:%Y-%m-%d %H:%M} {step} {entry.by} {entry.note}")


@cli.command("diff")
def diff(
    article: Id,
    old: Annotated[int | None, typer.Argument(help="旧版本；不写为上一版")] = None,
    new: Annotated[int | None, typer.Argument(help="新版本；不写为最新版")] = None,
    as_json: Json = False,
) -> None:
    """对比两个版本：去掉了什么（-），加上了什么（+）。"""

    async def work(parts: KnowledgeParts, _: City) -> tuple[ArticleVersion, ArticleVersion]:
        after = await parts.store.get(article, new)
        return await parts.store.get(article, old or max(1, after.number - 1)), after

    before, after = _run(work)
    changes = differences(before.article, after.article)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(one) for one in changes], ensure_ascii=False, indent=1))
        return
    typer.echo(f"{article} 第{before.number}版 → 第{after.number}版")
    for change in changes:
        typer.echo(FIELDS.get(change.field, change.field))
        for sign, parts in (("-", change.removed), ("+", change.added)):
            for part in parts:
                typer.echo(f"  {sign} {part}")


# --- writing -----------------------------------------------------------------------------------------------------


@cli.command("draft")
def draft(
    file: FileArgument,
    by: By,
    note: Annotated[str, typer.Option(help="修改说明")] = "",
) -> None:
    """把文件（xlsx、csv、json、yaml）里的条目存为草稿；条目已有的，存为下一版本的草稿。不合格的逐条说明，合格的都收。"""
    _import(file, by, note, submits=False)


@cli.command("import")
def import_file(
    file: FileArgument,
    by: By = "import",
    note: Annotated[str, typer.Option(help="说明")] = "",
) -> None:
    """导入文件里的条目并提交审核：全部合格才导入，不合格的逐条说明。审核由他人进行。"""
    _import(file, by, note, submits=True)


def _import(file: Path, by: str, note: str, *, submits: bool) -> None:
    async def work(parts: KnowledgeParts, city: City) -> BroughtIn:
        present = [article async for article in parts.store.all_published()]
        return await brought_in(
            parts.editing,
            read_rows(file, city, present),
            by=_editor(by),
            at=now(),
            note=note or file.name,
            submits=submits,
        )

    found = _run(work)
    for row in found.rejected:
        typer.echo(f"不合格：{row}", err=True)
    for row in found.remarks:
        typer.echo(f"提交审核前须补：{row}", err=True)
    done = "提交审核" if submits else "存为草稿"
    typer.echo(f"{done} {len(found.taken)} 条，不合格 {len(found.rejected)} 条")
    if found.rejected:
        raise typer.Exit(1)


@cli.command("submit")
def submit(article: Id, by: By, note: Annotated[str, typer.Option(help="说明")] = "") -> None:
    """提交审核；缺什么会一一说明。"""
    _told(_run(lambda parts, _: parts.editing.submit(article, by=_editor(by), at=now(), note=note)))


@cli.command("discard")
def discard(article: Id, by: By, reason: Reason) -> None:
    """作废一个从未发布的版本。"""
    _told(_run(lambda parts, _: parts.editing.discard(article, reason, by=_editor(by), at=now())))


@cli.command("retire")
def retire(article: Id, by: By, reason: Reason) -> None:
    """下线：立即不再用来答复。"""
    _told(_run(lambda parts, _: parts.editing.retire(article, reason, by=_editor(by), at=now())))


# --- reviewing ---------------------------------------------------------------------------------------------------


@cli.command("review")
def review(
    articles: Annotated[list[str], typer.Argument(help="条目编号，可写几个；写 all 为全部待审核的")],
    by: By,
    send_back: Annotated[str, typer.Option(help="不通过，退回的原因")] = "",
    at: Annotated[
        datetime | None, typer.Option(help="何时发布（当地时间）；不写为立即，旧版还在用的不早于新版的生效日")
    ] = None,
    over_gate: Annotated[str, typer.Option(help="对照题回退仍要发布的理由")] = "",
) -> None:
    """审核：通过并发布（或定时发布），或者退回。编写人不能审核自己的条目；对照题回退时不发布，并说明是哪些题。"""

    async def work(parts: KnowledgeParts, city: City) -> Sequence[ArticleVersion]:
        ids = articles
        if articles == ["all"]:
            waiting = await parts.store.listed(statuses=[ArticleStatus.IN_REVIEW], limit=100_000)
            ids = [one.id for one in waiting]
        if send_back:
            return [await parts.editing.send_back(one, send_back, by=_reviewer(by), at=now()) for one in ids]
        publish_at = at.replace(tzinfo=city.timezone) if at is not None else None
        return await parts.editing.approve(
            *ids, by=_reviewer(by), at=now(), publish_at=publish_at, over_gate=over_gate
        )

    for version in _run(lambda parts, city: _unblocked(work(parts, city))):
        _told(version)


@cli.command("publish")
def publish(
    article: Id,
    by: By,
    over_gate: Annotated[str, typer.Option(help="对照题回退仍要发布的理由")] = "",
) -> None:
    """立即发布一个已通过审核、等待发布或发布受阻的版本。"""
    _told(
        _run(
            lambda parts, _: _unblocked(
                parts.editing.publish(article, by=_reviewer(by), at=now(), over_gate=over_gate)
            )
        )
    )


@cli.command("golden")
def golden(as_json: Json = False) -> None:
    """用对照题检验在用的知识库：首条命中率、当场答复率、答错率、答错和没找到的题。"""

    async def work(parts: KnowledgeParts, city: City) -> tuple[GoldenFigures, Sequence[Verdict]]:
        return await parts.gate.measure(on=now().astimezone(city.timezone).date())

    figures, verdicts = _run(work)
    missed = [one for one in verdicts if one.is_harmful or not one.is_right]
    if as_json:
        report = {**dataclasses.asdict(figures), "missed": [dataclasses.asdict(one) for one in missed]}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return
    typer.echo(
        f"对照题 {figures.questions}（有答案的 {figures.answerable}）：首条命中 {figures.hit_at_1:.1%}，"
        f"前五 {figures.hit_at_5:.1%}，当场答对 {figures.answered:.1%}，答复中答错 {figures.wrong:.1%}"
    )
    for one in missed:
        kind = "答错" if one.is_harmful else "未命中"
        typer.echo(f"  {kind} {one.case}：应为 {one.expected or '不答'}，得到 {one.got or '无'}")


@cli.command("gaps")
def gaps(as_json: Json = False) -> None:
    """候选条目：办结后回流的咨询，多次问而未答的问题，等人处理。"""
    found = _run(lambda parts, _: parts.use.candidates(limit=1_000))
    if as_json:
        rows = [{**dataclasses.asdict(one), "at": one.at.isoformat()} for one in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in found:
        typer.echo(f"{one.id} {one.origin.value} 问{one.asked}次 {one.unit or '单位待定'}  {one.title}")
        for question in one.questions[1:]:
            typer.echo(f"    {question}")


@cli.command("export")
def export(
    file: FileArgument,
    status: Annotated[
        list[ArticleStatus] | None, typer.Option(help="只导出这些状态的最新版本；不写为在用的")
    ] = None,
) -> None:
    """导出条目到 xlsx、csv、json 或 yaml 文件，可以改好再导入。"""

    async def work(parts: KnowledgeParts, _: City) -> list[Article]:
        if not status:
            return [article async for article in parts.store.all_published()]
        listed = await parts.store.listed(statuses=status, limit=100_000)
        return [(await parts.store.get(one.id, one.latest)).article for one in listed]

    articles = _run(work)
    content = write_rows(articles, file.suffix.lower())
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CityConfigError(file=str(file), reason=f"写不进去：{error}") from error
    typer.echo(f"导出 {len(articles)} 条到 {file}")


# --- what is printed ---------------------------------------------------------------------------------------------


async def _unblocked(work: Awaitable[Found]) -> Found:
    """Return what ``work`` gives; when golden questions block it, print which moved and end with 1."""
    try:
        return await work
    except PublicationBlockedError as error:
        typer.echo(blocked_report(error.report), err=True)
        raise typer.Exit(1) from None


def blocked_report(report: GateReport) -> str:
    """Return, for people, why a publication is blocked."""
    lines = [
        (
            f"对照题回退，没有发布：命中 {report.right_before} → {report.right_after}，"
            f"答错 {report.harmful_before} → {report.harmful_after}（共 {report.cases} 题）"
        )
    ]
    lines += [
        f"  {one.case}：应为 {one.expected or '不答'}，{one.before or '无'} → {one.after or '无'}"
        for one in report.worse
    ]
    return "\n".join(lines)


def _told(version: ArticleVersion) -> None:
    when = f"，{version.publish_at:%Y-%m-%d %H:%M} 发布" if version.status is ArticleStatus.SCHEDULED else ""
    typer.echo(f"{version.id} 第{version.number}版 {version.status.value}{when}")
