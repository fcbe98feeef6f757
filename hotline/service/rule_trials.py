"""Trials of change sets (试算): one at a time for each, in the background; what came of it is kept for everybody to see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from pydantic import TypeAdapter

from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.rule_changes import ChangeSet, RuleRefusal, RuleStepRefusedError
from hotline.domain.rule_text import CatalogueText
from hotline.store.rules import SqlRules
from router.trial import PastAppeal, Trial, TrialWork

log: Final = structlog.get_logger("rules")

_TRIAL: Final = TypeAdapter(Trial)
_ABANDONED: Final = timedelta(minutes=15)
MOST_ORDERS: Final = 5_000


class PastOrders(Protocol):
    """Past orders from the record."""

    async def newest(self, since: datetime, *, limit: int) -> Sequence[PastAppeal]:
        """Return orders registered since, the newest first."""


@dataclass(frozen=True, slots=True)
class ShownTrial:
    """A trial as it stands: of which content, whether it runs, what came of it (None: nothing yet, or it was of an earlier content)."""

    is_running: bool = False
    is_stale: bool = False
    at: datetime | None = None
    found: Trial | None = None

    def check(self) -> None:
        """Raise ``RuleStepRefusedError`` unless it is done, without mistakes, and no fewer golden matters go right."""
        if self.found is None or self.is_stale or self.is_running:
            raise RuleStepRefusedError(RuleRefusal.UNTRIED)
        if self.found.mistakes:
            raise RuleStepRefusedError(RuleRefusal.MISTAKES, "；".join(self.found.mistakes[:3]))
        if self.found.gate is not None and self.found.gate.is_drop:
            worse = "、".join(f"“{moved.case}”" for moved in self.found.gate.worse[:3])
            raise RuleStepRefusedError(RuleRefusal.GATE, worse)


class RuleTrials:
    """Runs trials by ``run``, which may take minutes."""

    def __init__(
        self,
        store: SqlRules,
        past: PastOrders,
        run: Callable[[TrialWork], Awaitable[Trial]],
        city: Path,
        clock: Callable[[], datetime],
    ) -> None:
        """Take where they are kept and the past orders."""
        self._store = store
        self._past = past
        self._run = run
        self._city = city
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, change_set: ChangeSet) -> ShownTrial:
        """Return the change set's trial as it stands."""
        kept = await self._store.trial(change_set.id)
        if kept is None:
            return ShownTrial()
        is_stale = (kept.revision, kept.base) != (change_set.content, change_set.base)
        if kept.finished_at is None:
            is_running = self._clock() - kept.started_at < _ABANDONED
            return ShownTrial(is_running=is_running, is_stale=is_stale, at=kept.started_at)
        found = _TRIAL.validate_json(kept.body)
        return ShownTrial(is_stale=is_stale, at=kept.finished_at, found=found)

    async def begin(
        self, change_set: ChangeSet, old: CatalogueText, new: CatalogueText, span: timedelta, *, by: str
    ) -> None:
        """Begin a trial, instead of one that runs here for the same change set."""
        if (running := self._tasks.pop(change_set.id, None)) is not None:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        at = self._clock()
        await self._store.begin_trial(change_set.id, change_set.content, change_set.base, at)
        log.info("rules.trial_begun", change_set=change_set.id, by=by)
        task = asyncio.create_task(self._tried(change_set, old, new, at, span), name="rules-trial")
        self._tasks[change_set.id] = task
        task.add_done_callback(lambda done: self._forget(change_set.id, done))

    async def close(self) -> None:
        """End what runs."""
        for task in list(self._tasks.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def settled(self) -> None:
        """Wait until nothing runs here."""
        await asyncio.gather(*self._tasks.values())

    def _forget(self, id_: str, done: asyncio.Task[None]) -> None:
        if self._tasks.get(id_) is done:
            del self._tasks[id_]

    async def _tried(
        self, change_set: ChangeSet, old: CatalogueText, new: CatalogueText, at: datetime, span: timedelta
    ) -> None:
        try:
            async with self._one_at_a_time:
                orders = await self._past.newest(at - span, limit=MOST_ORDERS)
                found = await self._run(TrialWork(self._city, old, new, tuple(orders), at))
        except (EngineUnavailableError, StoreUnavailableError) as error:
            log.error("rules.trial_failed", change_set=change_set.id, error=str(error))
            found = Trial(mistakes=("试算没有完成，请重试",))
        with suppress(StoreUnavailableError):  # then it counts as abandoned
            await self._store.end_trial(
                change_set.id, change_set.content, self._clock(), _TRIAL.dump_json(found).decode()
            )
