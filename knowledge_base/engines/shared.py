"""A search that many machines share, with the machine's own index behind it.

While the shared one is away or behind the database, answers come from the machine's own: nothing that was taken out of
use is spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date
from typing import Final, Protocol

import structlog

from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.knowledge import Passage
from knowledge_base.engines.live import POLL_SECONDS, PublishedArticles
from knowledge_base.engines.opensearch import OpenSearchRetriever
from knowledge_base.retriever import Retriever

log: Final = structlog.get_logger("knowledge_index")

_FRESH_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 2.0


class OwnRetriever(Retriever, Protocol):
    """The machine's own search, which knows how the articles word things."""

    def as_meant(self, heard: str, others: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what a question that was heard may mean, the likeliest first. Raises ``EngineUnavailableError``."""


class SharedRetriever:
    """Retriever on OpenSearch that keeps the index in step with the database, and falls back on the machine's own."""

    name = "shared"

    def __init__(self, shared: OpenSearchRetriever, own: OwnRetriever, source: PublishedArticles) -> None:
        """Take both searches and where articles come from; ``open`` begins to follow."""
        self._shared = shared
        self._own = own
        self._source = source
        self._fresh_until = 0.0

    @property
    def is_in_step(self) -> bool:
        """Whether the shared index was as the database a moment ago: only then is it asked."""
        return asyncio.get_running_loop().time() < self._fresh_until

    async def open(self, stack: AsyncExitStack) -> None:
        """Follow the database until the stack is closed; nobody waits for the server."""
        following = asyncio.create_task(self._follow(), name="shared_knowledge")

        async def end() -> None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self._shared.index.close()

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
        if self.is_in_step:
            try:
                meant: tuple[str, ...] = (question,)
                if is_heard:
                    meant = await asyncio.to_thread(self._own.as_meant, question, others)
                return await self._shared.retrieve(
                    meant[0],
                    on=on,
                    category=category,
                    county=county,
                    limit=limit,
                    is_heard=is_heard,
                    others=meant[1:],
                )
            except EngineUnavailableError as error:
                self._fresh_until = 0.0
                log.warning("knowledge_index.shared_failed", reason=error.reason)
        return await self._own.retrieve(
            question,
            on=on,
            category=category,
            county=county,
            limit=limit,
            is_heard=is_heard,
            others=others,
        )

    async def _follow(self) -> None:
        was_away = False
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                await self._shared.catch_up(self._source)
            except (EngineUnavailableError, StoreUnavailableError) as error:
                if not was_away:
                    log.error("knowledge_index.shared_away", error=str(error))
                was_away = True
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            was_away = False
            self._fresh_until = begun + _FRESH_SECONDS
            await asyncio.sleep(POLL_SECONDS)
