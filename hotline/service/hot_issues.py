"""Watching for hot issues (热点诉求): every order with place and class counts, and a burst is told to the duty officer once.

Several processes may watch the same database: what is kept changes only from the revision that was read, and the
alert is written in the same transaction as the burst that it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.city import City
from hotline.domain.hot_issues import Gathering, HotIssueAlert, Occurrence
from hotline.domain.outbox import Message
from hotline.domain.work_order import WorkOrder
from hotline.service.repeats import RepeatRules

log: Final = structlog.get_logger("hot_issues")

DUTY: Final = "duty"
KIND: Final = "hot_issue"
_TRIES: Final = 10


class Gatherings(Protocol):
    """Keeps what came in lately, for each county and category. Raises ``StoreUnavailableError``."""

    async def gathering(self, key: str) -> tuple[Gathering, int]:
        """Return what is kept under ``key`` and its revision; an empty one and 0 when there is nothing."""

    async def keep_gathering(
        self, key: str, gathering: Gathering, *, expected: int, messages: Sequence[Message], at: datetime
    ) -> bool:
        """Keep it with its messages in one transaction; return False, and keep nothing, when the revision has changed."""


class HotIssueWatch:
    """Counts orders and alerts the duty officer."""

    def __init__(self, kept: Gatherings, rules: RepeatRules, city: City) -> None:
        """Take where gatherings are kept, the city's rules and its names."""
        self._kept = kept
        self._rules = rules
        self._city = city

    async def saw(self, order: WorkOrder, *, at: datetime) -> Sequence[HotIssueAlert]:
        """Count ``order``; return the alerts of the bursts that it began. The same order counts once."""
        occurrence = Occurrence.of(order)
        if occurrence is None:
            return ()
        for _ in range(_TRIES):
            before, revision = await self._kept.gathering(occurrence.key)
            after, alerts = before.after(occurrence, self._rules.hot_issues)
            if after == before:
                return ()
            messages = [self.message(alert) for alert in alerts]
            if await self._kept.keep_gathering(
                occurrence.key, after, expected=revision, messages=messages, at=at
            ):
                for alert in alerts:
                    log.warning("hot_issue.alerted", place=alert.place, count=len(alert.numbers))
                return alerts
        log.error("hot_issue.not_counted", work_order=order.number)
        return ()

    def message(self, alert: HotIssueAlert) -> Message:
        """Return the alert as the duty officer gets it: worded, with its time, orders and ground."""
        return Message(
            destination=DUTY,
            kind=KIND,
            subject=alert.numbers[-1],
            body={
                "text": self._rules.worded(alert, self._city),
                "at": alert.at.isoformat(),
                "since": alert.since.isoformat(),
                "place": alert.place,
                "category": alert.category,
                "ground": alert.ground.value,
                "numbers": list(alert.numbers),
            },
            key=f"{KIND}:{alert.key}",
        )
