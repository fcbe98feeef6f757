"""What must be there before the hotline runs (``hotline setup``): models, understanders, pages, database, prompts.

Every step is quick when its result is there already, and shows progress when it is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from app.assets import ASSETS
from app.clock import now
from app.knowledge import check_knowledge, city_articles, open_editing
from app.settings import Settings
from app.understanding import train_understanders
from app.wiring import Speaking, open_store
from asr.models import catalogue, fetch, is_installed
from hotline.city import load_city
from knowledge_base.engines.e5_package import is_packaged, make_encoder
from router.tables import CatalogueHolder

Tell = Callable[[str], None]
Progress = Callable[[str, int, int], None]

NEEDED = ("whisper-base", "kokoro", "kokoro-voices")


def fetch_assets(static: Path, progress: Progress, tell: Tell) -> None:
    """Install the browser libraries of the consoles, each file verified by its hash."""
    for entry in ASSETS.values():
        if not is_installed(entry, static):
            tell(f"安装网页组件 {entry.name}：{entry.purpose}（{entry.licence}）")
        fetch(entry, static, progress)


def fetch_models(models: Path, progress: Progress, tell: Tell) -> None:
    """Install the models of a fresh machine, each verified by its hash."""
    entries = catalogue()
    for name in NEEDED:
        if not is_installed(entries[name], models):
            tell(f"安装模型 {name}：{entries[name].purpose}（{entries[name].licence}）")
        fetch(entries[name], models, progress)


async def set_up(settings: Settings, progress: Progress, tell: Tell, *, renders_prompts: bool = True) -> None:
    """Do all steps. Prompts that are not rendered ahead are rendered when they are first said."""
    city = load_city(settings.city)
    fetch_assets(settings.static_dir, progress, tell)
    fetch_models(settings.models_dir, progress, tell)
    tell("知识库：{} 条，对照题 {} 道".format(*check_knowledge(settings, city)))
    if settings.encoder == "auto" and is_packaged():
        tell("句子向量模型（multilingual-e5-small，MIT）")
        await asyncio.to_thread(make_encoder, settings.models_dir)
    await train_understanders(settings, city, progress, tell)
    async with AsyncExitStack() as stack:
        store = await open_store(settings, stack)
        tables = CatalogueHolder(city)
        knowledge = await open_editing(settings, city, store, lambda: tables.current.limits)
        await knowledge.editing.sow(city_articles(settings, city), at=now())
        await knowledge.retriever.open(stack)
        failed = 0
        if renders_prompts:
            speaking = await Speaking.open(settings, city, stack)
            failed = await speaking.render_ahead(lambda done, of: progress("合成播报语", done, of))
    if failed:
        tell(f"{failed} 条播报语没有合成成功，通话时再合成")
    tell("准备完成")
