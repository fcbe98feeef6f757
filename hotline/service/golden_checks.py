"""Approving behind the page (后台核对): golden questions take a minute to ask, and no page waits for that.

What a reviewer decides is checked at once as far as it can be; then the questions are asked in the background, and the
article is published, or is not and says which questions moved. The page may be closed. All is kept, so that every process
shows the same; an article has one check at a time. A process that dies leaves the article as it was.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from hotline.domain.article_life import ArticleStepRefusedError, PublicationBlockedError
from hotline.domain.errors import EngineUnavailableError, HotlineError, StoreUnavailableError
from hotline.domain.golden_check import (
    ALL,
    SEVERAL,
    CheckNotFoundError,
    CheckRunningError,
    CheckState,
    GoldenCheck,
)
from hotline.domain.golden_gate import Verdict
from hotline.domain.people import Actor
from hotline.service.knowledge import Decision, Knowledge, Permitted, Progress, anybody
from hotline.store.golden_checks import SqlGoldenChecks

log: Final = structlog.get_logger("knowledge")

_EVERY_SECONDS: Final = 1.0
Work = Callable[[Progress], Awaitable[Sequence[Verdict] | None]]


class AllAsked(Protocol):
    """Asks all golden questions of what is in force (``app.knowledge_gate``)."""

    async def run(self, *, on: date, told: Progress) -> Sequence[Verdict]:
        """Return how each went; ``told`` is how many of how many are done. Raises ``EngineUnavailableError``."""


@dataclass
class _Count:
    asked: int = 0
    questions: int = 0

    def told(self, asked: int, questions: int) -> None:
        self.asked, self.questions = asked, questions


class GoldenChecks:
    """Runs checks in the background. ``clock`` is for their signs of life, which come while nobody calls."""

    def __init__(
        self,
        store: SqlGoldenChecks,
        editing: Knowledge,
        gate: AllAsked,
        *,
        timezone: ZoneInfo,
        clock: Callable[[], datetime],
        every_seconds: float = _EVERY_SECONDS,
    ) -> None:
        """Take where they are kept, what publishes, and what asks."""
        self._store = store
        self._editing = editing
        self._gate = gate
        self._timezone = timezone
        self._clock = clock
        self._every_seconds = every_seconds
        self._tasks: set[asyncio.Task[tuple[GoldenCheck, Exception | None]]] = set()

    async def decide(
        self,
        ids: Sequence[str],
        decision: Decision,
        *,
        at: datetime,
        permitted: Permitted = anybody,
    ) -> GoldenCheck:
        """Begin the check that an approval or a publication needs, and return it; what it comes to is kept.

        ``ids`` are published all or none; ``permitted`` is asked now, and again at the moment of publication. Raises what
        it raises, what ``Knowledge.examine`` raises, and ``CheckRunningError`` while another check of one of them runs.
        """
        ids = tuple(dict.fromkeys(ids))
        await permitted()
        for article in ids:
            if await self.is_running(article):
                raise CheckRunningError(article)
        first = (await self._editing.examine(ids, decision, at=at))[0]
        token = secrets.token_hex(8)
        if len(ids) == 1:  # what is published is the text that was read, not one that came since
            decision = replace(decision, revision=first.revision)
        check = GoldenCheck(
            ids[0] if len(ids) == 1 else SEVERAL + token, token, decision.by, at, self._clock(), decision.step,
            first.number, first.revision, decision.note, decision.publish_at, decision.over_gate, articles=ids,
        )  # fmt: skip

        async def work(told: Progress) -> None:
            await self._editing.decide(ids, decision, at=at, told=told, permitted=permitted)

        return await self._begin(check, work)

    async def ended(self, check: GoldenCheck, *, within: float) -> GoldenCheck | None:
        """Wait ``within`` seconds at most for a check that was begun here; return it when it has passed, None while it runs.

        Raises what kept it from publishing.
        """
        task = next((each for each in self._tasks if each.get_name() == _name(check)), None)
        if task is None or not (await asyncio.wait({task}, timeout=within))[0]:
            return None
        found, error = task.result()
        if error is not None:
            raise error
        return found

    async def ask_all(self, *, by: Actor, at: datetime) -> GoldenCheck:
        """Begin to ask all golden questions of what is in force. Raises ``CheckRunningError``."""
        check = GoldenCheck(ALL, secrets.token_hex(8), by, at, self._clock())

        async def work(told: Progress) -> Sequence[Verdict]:
            return await self._gate.run(on=at.astimezone(self._timezone).date(), told=told)

        return await self._begin(check, work)

    async def of(self, subject: str) -> GoldenCheck | None:
        """Return the last check of an article or of all, as it stands now."""
        check = await self._store.of(subject)
        return None if check is None else replace(check, state=check.seen(self._clock()))

    async def by_token(self, token: str) -> GoldenCheck:
        """Return a check by its own id, as it stands now. Raises ``CheckNotFoundError``."""
        check = await self._store.of_token(token)
        if check is None:
            raise CheckNotFoundError(token)
        return replace(check, state=check.seen(self._clock()))

    async def is_running(self, subject: str) -> bool:
        """Tell whether golden questions are being asked for it."""
        check = await self.of(subject)
        return check is not None and check.state is CheckState.RUNNING

    async def verdicts(self) -> tuple[Verdict, ...] | None:
        """Return how each golden question went when all were last asked."""
        return await self._store.verdicts(ALL)

    async def close(self) -> None:
        """End what runs: its articles stay unpublished."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing runs here."""
        await asyncio.gather(*self._tasks)

    # --- inside ----------------------------------------------------------------------------------------------

    async def _begin(self, check: GoldenCheck, work: Work) -> GoldenCheck:
        await self._store.begin(check, at=check.beat_at)
        log.info("golden_check.begun", subject=check.subject, step=check.step)
        task = asyncio.create_task(self._run(check, work), name=_name(check))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return check

    async def _run(self, check: GoldenCheck, work: Work) -> tuple[GoldenCheck, Exception | None]:
        """Return how it ended, and what kept it from publishing."""
        count = _Count()
        wrong: Exception | None = None
        beating = asyncio.create_task(self._beat(check, count), name="golden-check-beat")
        verdicts: Sequence[Verdict] | None = None
        try:
            verdicts = await work(count.told)
            ended = replace(check, state=CheckState.PASSED)
        except PublicationBlockedError as error:
            ended, wrong = (
                replace(check, state=CheckState.BLOCKED, report=error.report, code=error.code),
                error,
            )
        except ArticleStepRefusedError as error:
            wrong = error
            why = error.refusal.value if error.refusal is not None else ""
            ended = replace(check, state=CheckState.REFUSED, code=why or error.code, reasons=error.reasons)
        except (EngineUnavailableError, StoreUnavailableError) as error:
            log.error("golden_check.failed", subject=check.subject, error=str(error))
            ended, wrong = replace(check, state=CheckState.FAILED, code=error.code), error
        except HotlineError as error:  # among them: who approved may do so no longer
            log.info("golden_check.refused", subject=check.subject, code=error.code)
            ended, wrong = replace(check, state=CheckState.REFUSED, code=error.code), error
        except asyncio.CancelledError:
            ended = replace(check, state=CheckState.BROKEN_OFF)
            wrong = EngineUnavailableError("golden", "broken off")
        except Exception as error:
            log.exception("golden_check.failed", subject=check.subject)
            ended, wrong = replace(check, state=CheckState.FAILED, code=type(error).__name__), error
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
        log.info("golden_check.ended", subject=check.subject, state=ended.state)
        with suppress(StoreUnavailableError):  # then it counts as broken off
            await self._store.keep(self._now(ended, count), verdicts=verdicts)
        return ended, wrong

    async def _beat(self, check: GoldenCheck, count: _Count) -> None:
        while True:
            await asyncio.sleep(self._every_seconds)
            with suppress(StoreUnavailableError):
                await self._store.keep(self._now(check, count))

    def _now(self, check: GoldenCheck, count: _Count) -> GoldenCheck:
        return replace(check, beat_at=self._clock(), asked=count.asked, questions=count.questions)


def _name(check: GoldenCheck) -> str:
    return f"golden-check-{check.token}"
