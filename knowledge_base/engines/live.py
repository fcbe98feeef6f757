"""The search that calls and chats use: an index on the disk that follows the database while it is searched.

Every process looks at the database a few times a second; the one that gets the lock brings the index of the machine up
to date, the others see it. Published and retired articles are so known everywhere within a second. While the database
is away, answers go on from what was known last. An index that is damaged, or was made from another database, is built
anew beside the one that is searched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import date
from pathlib import Path
from typing import Final, Protocol

import structlog

from hotline.domain.errors import EngineUnavailableError, HotlineError, StoreUnavailableError
from hotline.domain.knowledge import START, Article, KnowledgePosition, Passage
from knowledge_base.engines.index_folder import IndexFolder
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import IndexDamagedError, TantivyIndex
from knowledge_base.engines.vectors import Vectors
from knowledge_base.gate import Gate
from knowledge_base.wording import Wording

log: Final = structlog.get_logger("knowledge_index")

POLL_SECONDS: Final = 0.4
_LOOKS_BETWEEN_CHECKS: Final = 25
_CHUNK: Final = 1_000


class PublishedArticles(Protocol):
    """What may be answered with (``hotline.store.knowledge``). All methods raise ``StoreUnavailableError``."""

    async def position(self) -> KnowledgePosition:
        """Return the last change there is."""

    async def changes_after(
        self, position: KnowledgePosition
    ) -> tuple[KnowledgePosition, Sequence[str]] | None:
        """Return the ids that changed since and the new position; None when ``position`` is not of this database."""

    async def published(self, ids: Collection[str]) -> Sequence[Article]:
        """Return those of the ids that are published."""

    def all_published(self) -> AsyncIterator[Article]:
        """Yield every published article."""


class LiveRetriever:
    """Retriever over the published articles of a database, by an index in ``folder``."""

    name = "tantivy"

    def __init__(
        self,
        source: PublishedArticles,
        folder: Path,
        wording: Wording,
        *,
        gate: Gate | None = None,
        vectors: Vectors | None = None,
    ) -> None:
        """Take where articles come from and where the index is kept; ``open`` makes it ready."""
        self.folder = folder
        self._source = source
        self._folder = IndexFolder(folder, wording, vectors)
        self._wording = wording
        self._gate = gate
        self._vectors = vectors
        self._generation = 0
        self._current: TantivyRetriever | None = None
        self._is_damaged = False
        self._looks = 0
        self._woken = asyncio.Event()

    @property
    def current(self) -> TantivyRetriever:
        """The search as it is now; raise ``EngineUnavailableError`` before there is one."""
        if self._current is None:
            raise EngineUnavailableError(self.name, "no index")
        return self._current

    async def open(self, stack: AsyncExitStack) -> None:
        """Open or build the index, and follow the database until the stack is closed.

        Without the database what is on the disk is used; without either there are no answers until there is one.
        """
        opened = await asyncio.to_thread(self._folder.open)
        if opened is not None:
            await self._use(*opened)
        try:
            await self.catch_up()
        except StoreUnavailableError:
            log.error("knowledge.database_away")
        following = asyncio.create_task(self._follow(), name="knowledge")

        async def end() -> None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

        stack.push_async_callback(end)

    async def retrieve(
        self,
        question: str,
        *,
        on: date,
        category: str | None = None,
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,
        others: Sequence[str] = (),
    ) -> Sequence[Passage]:
        """Return passages, best first; see ``Retriever``."""
        try:
            return await self.current.retrieve(
                question,
                on=on,
                category=category,
                county=county,
                limit=limit,
                is_heard=is_heard,
                others=others,
            )
        except EngineUnavailableError:
            self._is_damaged = self._current is not None
            self._woken.set()
            raise

    def as_meant(self, heard: str, others: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what a question that was heard may mean, by the words of the articles; the likeliest first."""
        return self.current.as_meant(heard, others)

    async def catch_up(self) -> None:
        """Bring the index up to date now. Raises ``StoreUnavailableError``."""
        if self._current is not None and self._folder.newest() > self._generation:
            opened = await asyncio.to_thread(self._folder.open)
            if opened is not None:
                await self._use(*opened)
        if self._current is None or self._is_damaged:
            await self._build()
            return
        index = self._current.index
        try:
            changes = await self._source.changes_after(index.snapshot.position())
            if changes is None:
                log.warning("knowledge_index.of_another_database")
                await self._build()
            elif changes[1]:
                await self._write(index)
            elif self._time_to_check():
                await asyncio.to_thread(self._check, index)
        except IndexDamagedError as error:
            log.error("knowledge_index.damaged", reason=error.reason)
            self._is_damaged = True
            await self._build()

    async def _follow(self) -> None:
        was_away = False
        while True:
            self._woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
            try:
                await self.catch_up()
            except StoreUnavailableError:
                if not was_away:
                    log.error("knowledge.database_away")
                was_away = True
            except (HotlineError, OSError) as error:
                # The disk is full, the folder is gone, the encoder fails.
                log.error("knowledge_index.not_written", error=type(error).__name__, reason=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                was_away = False

    async def _write(self, index: TantivyIndex) -> None:
        """Bring the index up to date unless another process is doing so; then see what it wrote."""
        with self._folder.writing() as is_ours:
            await asyncio.to_thread(index.refresh)
            if not is_ours:
                return
            # What another process has written meanwhile is not written again.
            changes = await self._source.changes_after(index.snapshot.position())
            if not changes or not changes[1]:
                return
            position, ids = changes
            changed = await self._source.published(ids)
            removed = set(ids) - {article.id for article in changed}
            await asyncio.to_thread(index.write, changed, removed, position)
            log.info("knowledge_index.updated", articles=len(changed), removed=len(removed))

    async def _build(self) -> None:
        with self._folder.building() as place:
            if place is None:  # another process builds; its index is opened when it is there
                await asyncio.sleep(POLL_SECONDS)
                opened = await asyncio.to_thread(self._folder.open)
                if opened is not None and opened[0] > self._generation:
                    await self._use(*opened)
                return
            position = await self._source.position()
            index = await asyncio.to_thread(
                TantivyIndex.create, place, (), self._wording, START, self._vectors
            )
            many = 0
            chunk: list[Article] = []
            async for article in self._source.all_published():
                chunk.append(article)
                if len(chunk) == _CHUNK:
                    many += len(chunk)
                    await asyncio.to_thread(index.write, chunk, (), START)
                    chunk = []
            await asyncio.to_thread(index.write, chunk, (), position)
            await self._use(*await asyncio.to_thread(self._folder.adopt, place))
            log.info("knowledge_index.built", articles=many + len(chunk), generation=self._generation)

    def _check(self, index: TantivyIndex) -> None:
        """Find out damage before a question does; raise ``IndexDamagedError``."""
        with self._folder.writing() as is_ours:
            if is_ours:
                index.check()

    def _time_to_check(self) -> bool:
        self._looks += 1
        return self._looks % _LOOKS_BETWEEN_CHECKS == 0

    async def _use(self, generation: int, index: TantivyIndex) -> None:
        self._current = await asyncio.to_thread(TantivyRetriever, index, self._wording, gate=self._gate)
        self._generation = generation
        self._is_damaged = False


_PAUSE_SECONDS: Final = 5.0
