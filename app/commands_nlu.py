"""Commands on understanding: its training data and its models."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer

from app.settings import ROOT, Settings
from hotline.city import City, load_city, read_yaml
from nlu.training_check import LEAST, DataReport, Finding, Trouble, check_examples, golden_texts
from nlu.training_data import FOLDER, read_examples

cli = typer.Typer(help="语义理解：语料检查、训练、评测", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
GOLDEN: Final = ROOT / "tests" / "engines" / "nlu" / "golden.yml"
_SHOWN: Final = 20
_WORDS: Final = {
    Trouble.UNKNOWN_LABEL: "没有这个意图或分类",
    Trouble.TWO_LABELS: "同一句话有两个标签",
    Trouble.LEAKED: "与评测用的句子相同或几乎相同",
    Trouble.UNKNOWN_ENTITY: "没有这种实体",
    Trouble.MARKUP: "标注写法不对",
    Trouble.DUPLICATE: "重复",
    Trouble.LENGTH: "太短或太长",
    Trouble.NEARLY_THE_SAME: "几乎相同",
    Trouble.TOO_FEW: "语料太少",
    Trouble.COARSE: "应当标到第三级",
}


@cli.callback()
def group() -> None:
    """语义理解：语料检查、训练、评测。"""


@cli.command("validate")
def validate(
    folder: Annotated[Path, typer.Option(help="语料目录")] = FOLDER,
    golden: Annotated[Path, typer.Option(help="评测用的句子，不得出现在语料里")] = GOLDEN,
    least: Annotated[int, typer.Option(help="每个第三级分类至少多少句")] = LEAST,
    only: Annotated[str, typer.Option(help="只看这一分类及其下级，如 0101")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="逐条列出")] = False,
    as_json: Json = False,
) -> None:
    """检查语料：各类句数、重复、近似重复、混入的评测句子、未知实体。有必须改的，退出码 2。"""
    city = load_city(Settings().city)
    examples = (
        [one for one in read_examples(folder) if one.label.startswith(f"c{only}")]
        if only
        else [*read_examples(folder)]
    )
    kept_apart = golden_texts(read_yaml(golden)["utterances"]) if golden.exists() else []
    categories = {code: each for code, each in city.categories.items() if code.startswith(only)}
    report = check_examples(examples, categories, kept_apart, least)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "utterances": report.utterances,
                    "long_share": report.long_share,
                    "counts": dict(sorted(report.counts.items())),
                    "findings": [
                        {
                            "trouble": each.trouble.value,
                            "file": each.file,
                            "row": each.row,
                            "other": each.other,
                        }
                        for each in report.findings
                    ],
                },
                ensure_ascii=False,
            )
        )
    else:
        _print(report, city, show_all=show_all)
    if any(each.is_error for each in report.findings):
        raise typer.Exit(2)


def _print(report: DataReport, city: City, *, show_all: bool) -> None:
    typer.echo(
        f"语料 {report.utterances} 句，标签 {len(report.counts)} 个；诉求中四十字以上的占 {report.long_share:.0%}"
    )
    for code, category in city.categories.items():
        if f"c{code}" in report.counts and show_all:
            typer.echo(f"  c{code} {category.name} {report.counts[f'c{code}']}")
    found = Counter(each.trouble for each in report.findings)
    for trouble, count in found.most_common():
        typer.echo(f"{_WORDS[trouble]}：{count}")
        rows = [each for each in report.findings if each.trouble is trouble]
        for each in rows if show_all else rows[:_SHOWN]:
            typer.echo(f"  {_line(each, city)}")
    if not found:
        typer.echo("没有发现问题")


def _line(finding: Finding, city: City) -> str:
    category = city.categories.get(finding.row.removeprefix("c"))
    where = f"{Path(finding.file).name} " if finding.file else ""
    name = f" {category.name}" if category is not None else ""
    other = f" ｜ {finding.other}" if finding.other else ""
    return f"{where}{finding.row}{name}{other}"
