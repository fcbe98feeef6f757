"""Choosing and training what understands: Rasa where it runs, the in-process model behind it, rules over both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from app.clock import now
from app.rasa_server import open_rasa, train_rasa
from app.settings import Settings
from hotline.city import City
from nlu.engines.fallback import FallbackUnderstander
from nlu.engines.linear import LinearUnderstander, train_linear
from nlu.engines.rules import UnderstandingRules
from nlu.understander import Understander

Tell = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def nlu_folder(settings: Settings) -> Path:
    """Return where trained models are kept: beside the speech models, so that every data folder shares them."""
    return settings.models_dir.parent / "nlu"


async def train_understanders(settings: Settings, city: City, progress: Progress, tell: Tell) -> None:
    """Train what is not trained for the present data."""
    progress("训练进程内理解引擎", 0, 0)
    await asyncio.to_thread(train_linear, city, nlu_folder(settings))
    if settings.rasa == "auto":
        await train_rasa(settings, city, progress, tell)


async def open_understander(settings: Settings, city: City, stack: AsyncExitStack) -> Understander:
    """Return what understands. The linear model is trained now if nobody did."""
    await asyncio.to_thread(train_linear, city, nlu_folder(settings))
    linear = await asyncio.to_thread(LinearUnderstander, city, nlu_folder(settings))
    engine: Understander = linear
    rasa = await open_rasa(settings, city)
    if rasa is not None:
        engine = FallbackUnderstander(rasa, linear, clock=time.monotonic)
    rules = UnderstandingRules(engine, city, now)
    stack.push_async_callback(rules.close)
    return rules
