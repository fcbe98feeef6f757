"""``hotline bench``: measuring, on whatever data it is given."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer

from app.callers import CallFailedError, Hotline, Script, call
from app.clock import now
from app.commands_bench_desk import bench_consoles
from app.commands_soak import bench_soak
from app.demo import render_callers, stand_ins, wav_of
from app.descendants import descendants
from app.explaining import appeal_in
from app.knowledge import open_vectors
from app.logs import configure
from app.machine import running
from app.printing import Printer
from app.private import private
from app.processes import Supervisor
from app.rasa_server import rasa_parts
from app.reports import latency_figures
from app.scripted_calls import Voices, place_all, words_of
from app.settings import ROOT, Settings
from app.spoken_texts import spoken_and_heard
from app.understanding import open_engine, open_understander
from app.wiring import recognizer_named
from asr.hearing_hints import load_hearing_hints
from asr.repair import Repairer, RepairingRecognizer
from bench.asr import bench_asr
from bench.chat import bench_chat
from bench.conversation_scores import Score, as_row, summary, table
from bench.conversation_scripts import ScriptError, read_scripts
from bench.forecast import Unclassed, bench_forecast, weekly_series
from bench.kb import bench_kb
from bench.letters import bench_letters, bench_settings
from bench.matters import bench_matters, read_matters
from bench.nlu import bench_nlu, load_crosswalk
from bench.outbox import bench_outbox
from bench.pool import bench_pool
from bench.repeats import Message, bench_repeats, read_messages, understood
from bench.router import bench_router
from bench.spoken import error_rates
from bench.store import bench_store
from hotline.city import load_city, read_yaml
from hotline.service.casework import Casework
from hotline.service.repeats import load_repeat_rules
from hotline.store.sql import SqlStore
from knowledge_base.wording import load_wording
from router.rule_router import build_router

cli = typer.Typer(help="测量：识别、通话、理解、知识库、派单", no_args_is_help=True)

cli.command("soak")(bench_soak)
cli.command("desk")(bench_consoles)

MATTERS = ROOT / "tests" / "matters" / "linyi.yaml"
Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]


@cli.command("asr")
def asr(
    audio: Annotated[Path, typer.Option(help="录音目录")],
    transcripts: Annotated[Path, typer.Option(help="CSV，两列 file,text")],
    band: Annotated[str, typer.Option(help="wide 宽带；phone 电话（8 kHz A律）")] = "wide",
    noise_snr: Annotated[float | None, typer.Option(help="加噪声的信噪比，分贝")] = None,
    engine: Annotated[str, typer.Option(help="whisper、vosk 或 sherpa")] = "whisper",
    as_json: Json = False,
) -> None:
    """识别：字错率（修正前后）、实时率、说完到出字的时间。"""
    if band not in ("wide", "phone"):
        raise typer.BadParameter("--band 只能是 wide 或 phone")
    printer = Printer()
    settings = Settings()
    city = load_city(settings.city)

    async def work() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            recognizer = recognizer_named(engine, settings, load_hearing_hints(city))
            stack.push_async_callback(recognizer.close)
            await recognizer.start()
            return await bench_asr(
                RepairingRecognizer(recognizer, Repairer(city)),
                audio,
                transcripts,
                band,  # type: ignore[arg-type]  # checked above
                noise_snr,
                lambda done, of: printer.progress("识别", done, of),
            )

    _show(asyncio.run(work()), as_json=as_json)


@cli.command("pool")
def pool(
    audio: Annotated[Path, typer.Option(help="录音目录")],
    transcripts: Annotated[Path, typer.Option(help="CSV，两列 file,text")],
    callers: Annotated[str, typer.Option(help="同时说话的人数，用逗号隔开")] = "2,4,8,12",
    seconds: Annotated[float, typer.Option(help="每档测多久", min=5)] = 60.0,
    engine: Annotated[str, typer.Option(help="whisper、vosk 或 sherpa")] = "whisper",
    as_json: Json = False,
) -> None:
    """多人同时说话：说完到出字的时间，多少次因太忙未识别。"""
    try:
        counts = [int(count) for count in callers.split(",")]
    except ValueError:
        raise typer.BadParameter("--callers 应为用逗号隔开的整数") from None
    printer = Printer()
    settings = Settings()
    city = load_city(settings.city)

    async def work() -> list[dict[str, float]]:
        async with AsyncExitStack() as stack:
            recognizer = recognizer_named(engine, settings, load_hearing_hints(city))
            stack.push_async_callback(recognizer.close)
            await recognizer.start()
            return await bench_pool(
                recognizer,
                audio,
                transcripts,
                "phone",
                counts,
                seconds,
                lambda count: printer.tell(f"同时{count}人"),
            )

    for row in asyncio.run(work()):
        _show(row, as_json=as_json)


@cli.command("letters")
def letters(
    conversations: Annotated[int, typer.Option(help="量多少次对话", min=1)] = 100,
    storm: Annotated[int, typer.Option(help="微信重发风暴：一共多少次调用（每条四次）；0 不做")] = 10_000,
    away_seconds: Annotated[float, typer.Option(help="数据库不在多少秒；0 不做", min=0)] = 0.0,
    rasa: Annotated[bool, typer.Option("--rasa", help="用 Rasa 理解（默认用进程内引擎）")] = False,
    as_json: Json = False,
) -> None:
    """来信：微信一来一回的时间，重发风暴里有没有丢、有没有重。"""
    printer = Printer()
    settings = Settings()
    city = load_city(settings.city)

    async def work() -> dict[str, Any]:
        with TemporaryDirectory() as folder:
            given = private(bench_settings(settings, Path(folder)), Path(folder))
            if not rasa:
                given = given.model_copy(update={"rasa": "off"})
            async with AsyncExitStack() as stack:
                supervisor = Supervisor(Path(folder) / "logs")
                stack.push_async_callback(supervisor.close)
                for part in rasa_parts(given, city) if rasa else ():
                    await supervisor.start(part)
                return await bench_letters(
                    given,
                    city,
                    conversations=conversations,
                    storm=storm,
                    away_seconds=away_seconds,
                    tell=printer.progress,
                )

    _show(asyncio.run(work()), as_json=as_json)


@cli.command("chat")
def chat(
    chats: Annotated[int, typer.Option(help="同时多少个对话", min=1, max=2_000)] = 1_000,
    think_seconds: Annotated[float, typer.Option(help="每个诉求人平均多久写一句，秒", min=0.1)] = 30.0,
    away_seconds: Annotated[
        float,
        typer.Option(help="改量数据库不在这么多秒：每人是否正好受理一次、有没有误说已受理；0 不量", min=0),
    ] = 0.0,
    rasa: Annotated[bool, typer.Option("--rasa", help="用 Rasa 理解（默认用进程内引擎）")] = False,
    as_json: Json = False,
) -> None:
    """网上对话：许多人同时在写时，一问一答的时间、用的处理器时间、每个对话占的内存。"""
    printer = Printer()
    settings = Settings()
    city = load_city(settings.city)

    async def work() -> dict[str, Any]:
        with TemporaryDirectory() as folder:
            given = private(settings, Path(folder))
            if not rasa:
                given = given.model_copy(update={"rasa": "off"})
            logs = Path(folder) / "logs"
            return await bench_chat(
                given,
                city,
                logs,
                chats=chats,
                think_seconds=think_seconds,
                away_seconds=away_seconds,
                tell=printer.progress,
            )

    _show(asyncio.run(work()), as_json=as_json)


@cli.command("calls")
def calls(
    count: Annotated[int, typer.Option(help="一共打几通", min=1, max=500)] = 20,
    at_once: Annotated[int, typer.Option(help="同时几通", min=1, max=8)] = 1,
    scripts: Annotated[Path | None, typer.Option(help="YAML，同 config/linyi/demo.yaml 的写法")] = None,
    as_json: Json = False,
) -> None:
    """通话：说完到听见回答的时间、结果、各进程的内存。"""
    printer = Printer()
    settings = private(Settings(), ROOT / "build" / "bench" / "data")

    async def work() -> dict[str, Any]:
        city = load_city(settings.city)
        rows = read_yaml(scripts or city.folder / "demo.yaml")["calls"]
        sounds = settings.models_dir.parent / "callers"
        await render_callers(settings, city, rows, sounds, printer.tell)
        reports: list[dict[str, Any]] = []
        gate = asyncio.Semaphore(at_once)

        async def one(hotline: Hotline, number: int) -> None:
            row = rows[number % len(rows)]
            wavs = [wav_of(sounds, row["voice"], text) for text in row["says"]]
            async with gate:
                try:
                    report = await call(hotline, Script(row["name"], wavs, row["caller"]), _ignore)
                except CallFailedError:
                    report = {
                        "name": row["name"],
                        "outcome": "failed",
                        "article": None,
                        "work_order": None,
                        "turns": [],
                    }
            report["expected"] = row["expect"]["outcome"]
            reports.append(report)
            printer.progress("通话", len(reports), count)

        async with stand_ins() as phones:
            ringing = settings.model_copy(update={"transfers": phones.addresses})
            async with running(ringing, printer.tell) as hotline:
                await asyncio.gather(*(one(hotline, number) for number in range(count)))
                memory = _memory_mb()
        as_expected = sum(report["outcome"] == report["expected"] for report in reports)
        return {
            "calls": reports,
            "figures": {
                **latency_figures(reports),
                "at_once": at_once,
                "as_expected": as_expected,
                "of": len(reports),
            },
            "memory_mb": memory,
        }

    _show(asyncio.run(work()), as_json=as_json)


@cli.command("conversations")
def conversations(
    scripts: Annotated[Path, typer.Option(help="脚本目录，里面是 YAML（docs/bench.md）")] = ROOT
    / "bench"
    / "scripts",
    only: Annotated[str, typer.Option(help="只打名字里有这些字的")] = "",
    at_once: Annotated[int, typer.Option("--jobs", help="同时几通", min=1, max=3)] = 1,
    report: Annotated[Path | None, typer.Option(help="每打完一通就更新的 JSON 文件")] = None,
    as_json: Json = False,
) -> None:
    """对话：脚本来电经真实 SIP 打进来，按办成没有、要素、轮次、延迟、打断打分。"""
    printer = Printer()
    try:
        found, refused = read_scripts(scripts)
    except ScriptError as error:
        typer.echo(f"错误 [{error.code}]：{error}", err=True)
        raise typer.Exit(2) from None
    for refusal in refused:
        typer.echo(f"错误 [{refusal.code}]：{refusal}", err=True)
    chosen = [script for script in found if only in script.name]
    if not chosen:
        raise typer.BadParameter("没有可用的脚本")

    scored: list[Score] = []

    def figures() -> dict[str, Any]:
        return {
            "figures": summary(scored),
            "calls": [as_row(one) for one in scored],
            "refused": [{"code": error.code, "error": str(error)} for error in refused],
        }

    def tell(one: Score, done: int) -> None:
        scored.append(one)
        if report is not None:
            report.write_text(json.dumps(figures(), ensure_ascii=False, indent=1), encoding="utf-8")
        mark = "✓" if one.is_done else "✗"
        wrong = "；".join((*one.wrong_slots, *((one.error,) if one.error else ())))
        printer.tell(f"{done}/{len(chosen)} {mark} {one.name}：{one.outcome}，{one.turns} 轮　{wrong}")

    async def work(settings: Settings) -> None:
        city = load_city(settings.city)
        voices = Voices(settings.models_dir.parent / "callers")
        rendering = partial(printer.progress, "合成来电人的声音")
        await voices.render(settings, city, words_of(chosen), rendering)
        async with stand_ins() as phones:
            ringing = settings.model_copy(update={"transfers": phones.addresses})
            async with running(ringing, printer.tell) as hotline:
                folder = ROOT / "build" / "bench" / "conversations"
                await place_all(chosen, hotline, voices, folder, at_once=at_once, told=tell)

    # Orders of an earlier run would make every call a repeat.
    with TemporaryDirectory(prefix="hotline-conversations-") as fresh:
        asyncio.run(work(private(Settings(), Path(fresh))))
    if as_json:
        _show(figures(), as_json=True)
    else:
        typer.echo(table(scored))


@cli.command("router")
def route(as_json: Json = False) -> None:
    """派单：一次决定的时间（中位数、p99）。"""
    _show(bench_router(load_city(Settings().city)), as_json=as_json)


@cli.command("nlu")
def nlu(
    messages: Annotated[Path, typer.Option(help="CSV 文件")],
    text_columns: Annotated[str, typer.Option(help="文字所在的列，逗号隔开")] = "topic,detail",
    label_column: Annotated[str, typer.Option(help="类别所在的列")] = "label",
    engine: Annotated[str, typer.Option(help="linear（进程内）或 rasa（启动一个，没有则报错）")] = "linear",
    as_json: Json = False,
) -> None:
    """理解：一级分类的 macro-F1、准确率、校准误差、每条用时、内存。"""
    printer = Printer()
    settings = Settings()
    city = load_city(settings.city)

    async def work() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            understander = await open_engine(engine, settings, city, stack, printer.tell)
            figures = await bench_nlu(
                understander,
                messages,
                text_columns.split(","),
                label_column,
                load_crosswalk(city),
                lambda done, of: printer.progress("理解", done, of),
            )
            return {**figures, "engine": understander.name}

    _show(asyncio.run(work()), as_json=as_json)


@cli.command("matters")
def matters(
    file: Annotated[Path, typer.Option(help="诉求和应当的主办单位（YAML）")] = MATTERS,
    engine: Annotated[str, typer.Option(help="linear（进程内）或 rasa（启动一个，没有则报错）")] = "linear",
    misses: Annotated[bool, typer.Option(help="逐条列出没有派对的")] = False,
    as_json: Json = False,
) -> None:
    """派单全程：从一句话到主办单位，首选和前三命中率，分类判对的比例。"""
    printer = Printer()
    settings = Settings()
    city = load_city(settings.city)

    async def work() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            understander = await open_engine(engine, settings, city, stack, printer.tell)
            return await bench_matters(
                understander,
                read_matters(file),
                lambda text, meaning: appeal_in(text, meaning, city),
                build_router(city),
                now(),
            )

    figures = asyncio.run(work())
    missed = figures.pop("missed")
    if misses:
        for line in missed:
            printer.tell(line)
    _show(figures, as_json=as_json)


@cli.command("kb")
def kb(
    questions: Annotated[Path, typer.Option(help="CSV 文件")],
    question_column: Annotated[str, typer.Option(help="问题所在的列")] = "topic",
    answer_column: Annotated[str, typer.Option(help="答复所在的列")] = "reply",
    sample: Annotated[
        int | None, typer.Option(help="只问随机抽取的这么多问题（答复仍全部入库）", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="抽取的随机种子")] = 0,
    spoken: Annotated[
        Path | None,
        typer.Option(
            help="再把每个问题用合成嗓音说出来、经 8 kHz A 律线路、由热线识别和修正后问一遍；说的和听到的存在这个文件，中断后接着做，"
            "换了识别模型须另用一个文件"
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="识别用 whisper、vosk 或 sherpa")] = "whisper",
    as_json: Json = False,
) -> None:
    """知识库：拿问题找答复，首位和前五位命中率，与单纯 BM25 同场比较；可以再问一遍电话里听到的。"""
    settings = Settings()
    city = load_city(settings.city)
    wording = load_wording(city.folder / "lexicon" / "synonyms.yaml")
    printer = Printer()
    errors: dict[str, Any] = {}

    def hear(texts: Sequence[str]) -> list[tuple[str, ...]]:
        assert spoken is not None
        pairs = asyncio.run(spoken_and_heard(texts, spoken, settings, city, engine=engine, printer=printer))
        repairer = Repairer(city)
        repaired = [repairer.repair(pair.heard) for pair in pairs]
        errors.update(error_rates(pairs, repaired))
        return [(text, *pair.others) for text, pair in zip(repaired, pairs, strict=True)]

    figures = bench_kb(
        questions,
        question_column,
        answer_column,
        wording,
        progress=lambda done, of: printer.progress("检索", done, of),
        vectors=open_vectors(settings),
        sample=sample,
        seed=seed,
        hear=hear if spoken is not None else None,
    )
    if spoken is not None:
        figures["spoken"] |= errors
    _show(figures, as_json=as_json)


@cli.command("repeats")
def repeats(
    messages: Annotated[Path, typer.Option(help="CSV，列 id,user,time,topic,detail")],
    as_json: Json = False,
) -> None:
    """重复与热点：同一人重复反映的查准率、查全率，跨事项误报，每月热点报警数，与简单规则同场比较。"""
    printer = Printer()
    settings = Settings().model_copy(update={"rasa": "off"})
    city = load_city(settings.city)
    rules = load_repeat_rules(city)

    async def work() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            understander = await open_understander(settings, city, stack)
            return await bench_repeats(
                messages,
                understander,
                rules.repeats,
                rules.hot_issues,
                lambda done, of: printer.progress("理解", done, of),
            )

    _show(asyncio.run(work()), as_json=as_json)


@cli.command("forecast")
def forecast(
    messages: Annotated[list[Path], typer.Option(help="CSV，列 id,user,time,topic,detail，可写几次")],
    classes: Annotated[bool, typer.Option(help="也按事项：先逐条理解，要几分钟")] = False,
    as_json: Json = False,
) -> None:
    """诉求量预测：按县区（和事项）逐周回测四周预测，与沿用上周、沿用去年同期同场比较；只测量，不训练。"""
    printer = Printer()
    tables = {file.stem: read_messages(file) for file in messages}

    async def work() -> dict[str, list[Message]]:
        settings = Settings().model_copy(update={"rasa": "off"})
        async with AsyncExitStack() as stack:
            engine = (
                await open_understander(settings, load_city(settings.city), stack) if classes else Unclassed()
            )
            return {
                name: await understood(table, engine, partial(printer.progress, name))
                for name, table in tables.items()
            }

    read = asyncio.run(work())
    figures = {name: bench_forecast(weekly_series(table, classes=classes)) for name, table in read.items()}
    _show(figures, as_json=as_json)


@cli.command("store")
def store(
    database: Annotated[str, typer.Option(help="数据库网址；不写则用临时目录里的 SQLite")] = "",
    orders: Annotated[int, typer.Option(help="登记和签收多少件")] = 1_000,
    open_orders: Annotated[list[int] | None, typer.Option(help="巡查时未结工单数，可写几次")] = None,
    as_json: Json = False,
) -> None:
    """工单库：每秒登记、签收多少件，在许多未结工单里巡查多快。不要指向正在使用的数据库。"""
    printer = Printer()
    city = load_city(Settings().city)
    router = build_router(city)

    def casework_of(store: SqlStore) -> Casework:
        return Casework(store, lambda: router.holder.current.limits, city.units, city.place_names)

    with TemporaryDirectory() as folder:
        url = database or f"sqlite+aiosqlite:///{folder}/hotline.sqlite3"
        sizes = tuple(open_orders or (1_000, 10_000, 100_000))
        figures = asyncio.run(
            bench_store(
                url,
                city,
                router,
                casework_of,
                orders=orders,
                sizes=sizes,
                at=now(),
                progress=printer.progress,
            )
        )
    _show(figures, as_json=as_json)


@cli.command("outbox")
def outbox(
    database: Annotated[str, typer.Option(help="数据库网址；不写则用临时目录里的 SQLite")] = "",
    backlog: Annotated[list[int] | None, typer.Option(help="积压多少条，可写几次")] = None,
    as_json: Json = False,
) -> None:
    """发件箱：每秒写入、投递多少条，积压增大十倍和一个接收方失联时各如何。不要指向正在使用的数据库。"""
    printer = Printer()
    configure("error")
    with TemporaryDirectory() as folder:
        figures = asyncio.run(
            bench_outbox(
                database or f"sqlite+aiosqlite:///{folder}/hotline.sqlite3",
                Path(folder),
                backlogs=tuple(backlog or (1_000, 10_000)),
                progress=lambda done, of: printer.progress("投递", done, of),
            )
        )
    _show(figures, as_json=as_json)


def _memory_mb() -> dict[str, float]:
    """Return the resident memory of each of the machine's processes, by what it runs."""
    found: dict[str, float] = {}
    for process, words in descendants():
        name = Path(next((word for word in words[1:] if not word.startswith("-")), words[0])).name
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            found[name] = round(found.get(name, 0.0) + process.memory_info().rss / 2**20, 1)
    return found


def _ignore(_: Any) -> None:
    pass


def _show(figures: dict[str, Any], *, as_json: bool) -> None:
    if not as_json:
        figures = {key: value for key, value in figures.items() if key != "calls"}
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=1))
