"""Choosing and training what understands: Rasa where it runs, the in-process model behind it, rules over both."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from app.clock import now
from app.processes import Supervisor, free_port
from app.rasa_server import nlu_folder, open_rasa, rasa_parts, train_rasa
from app.settings import ROOT, Settings
from hotline.city import City
from hotline.domain.errors import EngineUnavailableError, ModelRefusedError
from hotline.heard_words import HeardWords
from nlu.engines.fallback import FallbackUnderstander
from nlu.engines.heard import HeardUnderstander
from nlu.engines.linear import LinearUnderstander, fresh_model, model_name, shelf_of, train_linear
from nlu.engines.rules import UnderstandingRules
from nlu.golden import read_golden
from nlu.model_gate import WorseModelError, candidates_of, put_in_service
from nlu.training_data import fingerprint, load_examples
from nlu.understander import Understander

_RASA_SECONDS: Final = 600.0
"""A Rasa server that shares two cores with others takes minutes to come up."""

GOLDEN: Final = ROOT / "tests" / "engines" / "nlu" / "golden.yml"

Tell = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def golden_rows(city: City) -> list[dict[str, Any]]:
    """Return the golden set that a model must not do worse on; none where the tests are not installed."""
    return read_golden(GOLDEN, city) if GOLDEN.exists() else []


async def train_understanders(settings: Settings, city: City, progress: Progress, tell: Tell) -> None:
    """Train what is not trained for the present data. A model worse than the one in force stays beside it, and is told of."""
    progress("训练进程内理解引擎", 0, 0)
    folder, name = nlu_folder(settings), model_name(city)
    if not shelf_of(folder).holds(name):
        waiting = candidates_of(folder)
        if not waiting.holds(name):
            weights = await asyncio.to_thread(fresh_model, city)
            waiting.put(name, weights.stored())
        try:
            await put_in_service(city, folder, name, golden_rows(city), at=now())
        except WorseModelError as error:
            tell(
                f"没有采用新训练的模型，仍用原来的：{error}。看 hotline nlu compare，确要采用用 hotline nlu train --because 理由"
            )
    await asyncio.to_thread(heard_words, city, folder)
    if settings.rasa == "auto":
        await train_rasa(settings, city, progress, tell)


async def open_understander(settings: Settings, city: City, stack: AsyncExitStack) -> UnderstandingRules:
    """Return what understands what is written. The linear model is trained now if nobody ever did."""
    linear = await asyncio.to_thread(_linear, city, nlu_folder(settings))
    engine: Understander = linear
    rasa = await open_rasa(settings, city)
    if rasa is not None:
        engine = FallbackUnderstander(rasa, linear, clock=time.monotonic)
        warming = asyncio.create_task(rasa.warm_up(), name="rasa:warm-up")
        stack.callback(warming.cancel)
    rules = UnderstandingRules(engine, city, now)
    stack.push_async_callback(rules.close)
    return rules


async def as_heard(written: UnderstandingRules, settings: Settings, city: City) -> Understander:
    """Return the same for what is heard; ``written`` closes both."""
    words = await asyncio.to_thread(heard_words, city, nlu_folder(settings))
    return written.over(HeardUnderstander(written.engine, words))


def heard_words(city: City, folder: Path) -> HeardWords:
    """Return how citizens word things, by the training utterances; what was learnt is kept in ``folder``."""
    key = fingerprint(version("jieba"), version("pypinyin"))
    file = folder / f"heard-words-{key}.json"
    try:
        return HeardWords.loaded(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        words = HeardWords.of(example.text for example in load_examples(city))
    with suppress(OSError):  # the next process learns it again
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".heard-words-{key}.{os.getpid()}"
        fresh.write_text(words.dumped(), encoding="utf-8")
        fresh.replace(file)
    return words


async def open_engine(
    name: str, settings: Settings, city: City, stack: AsyncExitStack, tell: Tell
) -> Understander:
    """Return one engine alone under the rules, for measuring: ``linear``, or ``rasa`` in a process of its own."""
    if name == "linear":
        return await open_understander(settings.model_copy(update={"rasa": "off"}), city, stack)
    if name != "rasa":
        raise EngineUnavailableError(name, "没有这个引擎：只有 linear 和 rasa")
    data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-rasa-")))
    own = settings.model_copy(
        update={"rasa": "auto", "data_dir": data, "rasa_port": free_port(), "rasa_processes": 1}
    )
    parts = rasa_parts(own, city)
    engine = await open_rasa(own, city)
    if not parts or engine is None:
        raise EngineUnavailableError(name, "没有训练好的 Rasa 模型或者它的环境，请运行 hotline setup")
    supervisor = Supervisor(data / "logs")
    stack.push_async_callback(supervisor.close)
    tell("启动 Rasa（半分钟左右）")
    await supervisor.start(parts[0])
    async with asyncio.timeout(_RASA_SECONDS):
        await engine.warm_up(pause_seconds=0.5)
    rules = UnderstandingRules(engine, city, now)
    stack.push_async_callback(rules.close)
    return rules


def _linear(city: City, folder: Path) -> LinearUnderstander:
    try:
        return LinearUnderstander(city, folder)
    except ModelRefusedError:
        train_linear(city, folder)
        return LinearUnderstander(city, folder)
