"""The knowledge base's jobs by the clock: publishing, running out, tasks of units, candidates for articles, unused files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from app.clock import now
from app.jobs import Job
from app.knowledge import open_editing
from app.knowledge_finder import KnowledgeFinder
from app.settings import Settings
from hotline.city import City
from hotline.domain.time_limits import TimeLimits
from hotline.service.knowledge_gaps import KnowledgeGaps
from hotline.store.order_search import SqlOrderSearch
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from knowledge_base.wording import load_wording


async def knowledge_jobs(
    settings: Settings,
    city: City,
    store: SqlStore,
    seal: Seal,
    *,
    limits: Callable[[], TimeLimits],
    stack: AsyncExitStack,
) -> tuple[Job, ...]:
    """Return the jobs. The index is opened only when something is to be published or compared: it takes seconds."""
    parts = await open_editing(settings, city, store, limits)
    opened: set[str] = set()

    async def open_index() -> None:
        if not opened:
            opened.add("index")
            await parts.retriever.open(stack)

    gaps = KnowledgeGaps(
        parts.use,
        SqlOrderSearch(store.database, seal),
        KnowledgeFinder(parts.retriever, load_wording(city.folder / "lexicon" / "synonyms.yaml"), open_index),
        units=city.units,
        timezone=city.timezone,
        rules=parts.rules,
    )

    async def publish(_: datetime) -> int:
        if not await parts.store.to_publish(now(), limit=1):
            return 0
        await open_index()
        return await parts.editing.publish_due(now())

    async def look_at_ends(_: datetime) -> int:
        return await parts.editing.look_at_ends(now())

    async def sweep_tasks(_: datetime) -> int:
        return await parts.tasks.sweep(now())

    async def bring_back(due_at: datetime) -> int:
        await gaps.bring_back(due_at)
        return 0

    async def cluster(due_at: datetime) -> int:
        await gaps.find(due_at)
        return 0

    async def delete_unused_files(_: datetime) -> int:
        return await parts.files.delete_unused(days=settings.knowledge_files_unused_days, at=now())

    return (
        Job("articles_due", "* * * * *", publish),
        Job("articles_ending", "*/10 * * * *", look_at_ends),
        Job("knowledge_tasks", "* * * * *", sweep_tasks),
        Job("answered_inquiries", "*/15 * * * *", bring_back),
        Job("asked_in_vain", "20 4 * * *", cluster),
        Job("unused_knowledge_files", "50 2 * * *", delete_unused_files),
    )
