"""Commands on understanding: its training data and its models."""

from __future__ import annotations

import asyncio
import getpass
import json
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.clock import now as now_at
from app.commands_corrections import cli as corrections
from app.printing import Printer
from app.rasa_server import nlu_folder, train_rasa
from app.settings import ROOT, Settings
from app.spoken_texts import spoken_and_heard
from app.understanding import GOLDEN, golden_rows, open_engine
from asr.repair import Repairer
from bench.asr import comparable
from bench.spoken import error_rates
from hotline.city import City, load_city, read_yaml
from nlu.calibration import Calibration
from nlu.confusion import confusion_picture
from nlu.engines.linear import LinearUnderstander, fresh_model, model_in_force, model_name
from nlu.engines.rules import UnderstandingRules
from nlu.explaining import explanation
from nlu.golden import GoldenReport, read_golden, scored
from nlu.lexicon import load_meaning_words
from nlu.model_gate import (
    Comparison,
    Override,
    WorseModelError,
    candidates_of,
    compared,
    override_note,
    put_in_service,
)
from nlu.slot_scores import read_slot_rows, slot_report
from nlu.slots import SlotFinder
from nlu.training_check import LEAST, DataReport, Finding, Trouble, check_examples, golden_texts
from nlu.training_data import FOLDER, SENTENCE, category_of, load_examples, read_examples
from nlu.understander import Understander

cli = typer.Typer(help="语义理解：语料检查、训练、评测", no_args_is_help=True)
cli.add_typer(corrections, name="corrections")

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]
SLOTS: Final = ROOT / "tests" / "engines" / "nlu" / "slots.yml"
SAID_AT: Final = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
"""When the sentences of ``SLOTS`` are said: “上周三” is another day every week."""
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


@cli.command("train")
def train(
    because: Annotated[
        str, typer.Option("--because", help="比现用模型差也采用：写明理由，记在模型旁边")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="谁决定采用；不写则是登录这台机器的人")] = "",
    rasa: Annotated[bool, typer.Option("--rasa", help="也训练 Rasa")] = False,
) -> None:
    """训练进程内模型；在对照句上比现用的差就不采用（退出码 3），候选留在原处。"""
    settings, printer = Settings(), Printer()
    city, folder = load_city(settings.city), nlu_folder(settings)
    name = model_name(city)
    printer.tell("训练进程内模型（两核一两分钟）")
    weights = fresh_model(city)
    _tell_measures(weights.about, weights.calibration)
    candidates_of(folder).put(name, weights.stored())
    override = Override(by or getpass.getuser(), because.strip(), now_at()) if because.strip() else None
    try:
        file, comparison = asyncio.run(
            put_in_service(city, folder, name, golden_rows(city), at=now_at(), override=override)
        )
    except WorseModelError as error:
        _tell_comparison(error.comparison)
        typer.echo(f"没有采用 {error}（确要采用，写明 --because 理由）", err=True)
        raise typer.Exit(3) from error
    if comparison is not None:
        _tell_comparison(comparison)
    typer.echo(f"采用 {file}")
    if rasa:
        asyncio.run(train_rasa(settings, city, printer.progress, printer.tell))


@cli.command("test")
def judge(
    model: Annotated[Path | None, typer.Option(help="模型文件；不写则用现用的")] = None,
    engine: Annotated[str, typer.Option(help="linear 或 rasa")] = "linear",
    golden: Annotated[Path, typer.Option(help="对照句")] = GOLDEN,
    confusion: Annotated[Path | None, typer.Option(help="把混淆报告画成图（SVG），写到这里")] = None,
    as_json: Json = False,
) -> None:
    """在对照句上评测：各项判对的比例和没有判对的；另画混淆报告。"""
    settings, printer = Settings(), Printer()
    city = load_city(settings.city)
    file = model or model_in_force(city, nlu_folder(settings))
    known = LinearUnderstander(city, file.parent, file)

    async def work() -> GoldenReport:
        async with AsyncExitStack() as stack:
            asked: Understander = UnderstandingRules(known, city, now_at)
            if engine != "linear":
                asked = await open_engine(engine, settings, city, stack, printer.tell)
            return await scored(asked, read_golden(golden, city))

    report = asyncio.run(work())
    if confusion is not None:
        pairs = {(right, guessed): count for right, guessed, count in known.about["confusion"]}
        picture = confusion_picture(
            pairs, city.categories, f"混淆报告 {file.name}（训练时留出的语料，一半加同音错字）"
        )
        confusion.write_text(picture, encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({"shares": report.shares, "misses": report.misses}, ensure_ascii=False))
        return
    if engine == "linear":
        _tell_measures(known.about, known.calibration)
        if (note := override_note(file)).exists():
            kept = json.loads(note.read_text(encoding="utf-8"))
            typer.echo(f"这个模型比它前面的差，{kept['by']} {kept['at']} 决定采用：{kept['because']}")
    for fact, share in report.shares.items():
        typer.echo(f"{fact:>20}  {share:6.1%}  {report.right.get(fact, 0)}/{report.asked[fact]}")
    for miss in report.misses:
        typer.echo(f"  {miss}")


@cli.command("slots")
def slots(
    golden: Annotated[Path, typer.Option(help="标全要素的句子")] = SLOTS,
    as_json: Json = False,
) -> None:
    """要素评测：地点、时间、人、单位、电话、车牌、金额各找得多全多准，哪些没找对。"""
    city = load_city(Settings().city)
    rows = read_slot_rows(golden)
    report = slot_report(SlotFinder(city, load_meaning_words(city)), rows, SAID_AT.astimezone(city.timezone))
    if as_json:
        scores = {kind: round(score.f1, 4) for kind, score in report.scores.items()}
        typer.echo(
            json.dumps({"sentences": len(rows), "f1": scores, "misses": report.misses}, ensure_ascii=False)
        )
        return
    for kind, score in report.scores.items():
        typer.echo(f"{kind:>15}  F1 {score.f1:.3f}  应有 {score.there}，找到 {score.found}，对 {score.right}")
    for miss in report.misses:
        typer.echo(f"  {miss}")


@cli.command("mishear")
def mishear(
    pairs: Annotated[Path, typer.Option(help="说的和听到的存在这个文件（一行一对 JSON），中断后接着做")],
    sample: Annotated[int, typer.Option(help="随机抽取多少句语料", min=1)] = 300,
    seed: Annotated[int, typer.Option(help="抽取的随机种子")] = 0,
    only: Annotated[str, typer.Option(help="只用这一分类及其下级的语料，如 0101")] = "",
    longest: Annotated[int, typer.Option(help="只用不超过这么多字的句子", min=4)] = SENTENCE,
    engine: Annotated[str, typer.Option(help="识别用 whisper、vosk 或 sherpa")] = "whisper",
    as_json: Json = False,
) -> None:
    """把我们自己的语料用合成嗓音说出来，经 8 kHz A 律线路识别：真正听错成什么，逐句列出，供人挑选。"""
    settings = Settings()
    city = load_city(settings.city)
    ours = [one for one in load_examples(city) if category_of(one.label) and len(one.text) <= longest]
    ours = [one for one in ours if one.label.startswith(f"c{only}")]
    chosen = random.Random(seed).sample(ours, min(sample, len(ours)))  # noqa: S311 -- a sample, not a secret
    heard = asyncio.run(
        spoken_and_heard(
            [one.text for one in chosen], pairs, settings, city, engine=engine, printer=Printer()
        )
    )
    repairer = Repairer(city)
    repaired = [repairer.repair(pair.heard) for pair in heard]
    rows = [
        {"label": one.label, "said": one.text, "heard": text}
        for one, text in zip(chosen, repaired, strict=True)
        if text and comparable(text) != comparable(one.text)
    ]
    figures = {"sentences": len(chosen), "differ": len(rows), **error_rates(heard, repaired)}
    if as_json:
        typer.echo(json.dumps({**figures, "pairs": rows}, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['label']}　{row['said']} → {row['heard']}")
    typer.echo(json.dumps(figures, ensure_ascii=False))


@cli.command("explain")
def explain(text: Annotated[str, typer.Argument(help="一句话")], as_json: Json = False) -> None:
    """这句话为什么这样理解：意图、分类和把握、其他可能、凭哪些字词、类型、要素。"""
    settings = Settings()
    city = load_city(settings.city)
    engine = LinearUnderstander(city, nlu_folder(settings))
    meaning = asyncio.run(UnderstandingRules(engine, city, now_at).understand(text))
    found = explanation(meaning, engine, city)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        typer.echo(f"{name}：{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")


@cli.command("compare")
def compare(
    old: Annotated[Path, typer.Argument(help="原来的模型文件")],
    new: Annotated[Path, typer.Argument(help="新的模型文件")],
) -> None:
    """两个模型在对照句上谁好；新的差就退出码 3，并列出哪些句子变坏了。"""
    city = load_city(Settings().city)
    comparison = asyncio.run(compared(city, old, new, golden_rows(city), now_at()))
    _tell_comparison(comparison)
    if comparison.is_worse:
        typer.echo("新的差，不应采用", err=True)
        raise typer.Exit(3)


def _tell_comparison(comparison: Comparison) -> None:
    """Print both, and what got better and worse."""
    was, now = comparison.was, comparison.now
    for fact in now.shares:
        typer.echo(f"{fact:>20}  {was.shares.get(fact, 0.0):6.1%} → {now.shares[fact]:6.1%}")
    for text, fact in sorted(now.missed - was.missed):
        typer.echo(f"  变坏：{text}（{fact}）")
    for text, fact in sorted(was.missed - now.missed):
        typer.echo(f"  变好：{text}（{fact}）")


def _tell_measures(about: Mapping[str, Any], calibration: Calibration) -> None:
    typer.echo(
        f"语料 {about['utterances']} 句；留出 {about['held_out']} 句（一半加同音错字）：三级判对 {about['right_third']:.1%}，"
        f"二级 {about['right_second']:.1%}；校准误差 三级 {calibration.ece_third:.3f}，二级 {calibration.ece_second:.3f}；"
        f"取三级须有 {calibration.third:.2f} 的把握，取二级 {calibration.second:.2f}"
    )


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
