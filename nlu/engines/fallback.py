"""An Understander made of Understanders: the next one answers while the one before is away or late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.meaning import Understanding
from nlu.understander import Understander

log: Final = structlog.get_logger("nlu")


class FallbackUnderstander:
    """Asks the first engine; after ``tolerated`` failures in a row it is left alone for ``rest_seconds``."""

    def __init__(
        self,
        first: Understander,
        second: Understander,
        *,
        clock: Callable[[], float],
        deadline_seconds: float = 0.3,
        tolerated: int = 3,
        rest_seconds: float = 10.0,
    ) -> None:
        """``clock`` gives monotonic seconds."""
        self._first = first
        self._second = second
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._tolerated = tolerated
        self._rest_seconds = rest_seconds
        self._failures = 0
        self._rests_until = 0.0

    @property
    def name(self) -> str:
        """Both names; an understanding says which of them it is from."""
        return f"{self._first.name}+{self._second.name}"

    async def understand(self, text: str) -> Understanding:
        """Understand ``text`` with the first engine that can."""
        if self._clock() >= self._rests_until:
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    meaning = await self._first.understand(text)
            except (EngineUnavailableError, TimeoutError) as error:
                self._failures += 1
                if self._failures >= self._tolerated:
                    self._rests_until = self._clock() + self._rest_seconds
                    log.warning("understander.resting", engine=self._first.name, error=type(error).__name__)
            else:
                self._failures = 0
                return meaning
        return await self._second.understand(text)

    async def close(self) -> None:
        """Close both."""
        await self._first.close()
        await self._second.close()
