"""The rules console, put together: where drafts are kept, and the past orders that they are tried on."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final, Protocol

from app.rules_process import tried_in_own_process
from hotline.city import City
from hotline.domain.work_order import WorkOrder
from hotline.service.rule_trials import RuleTrials
from hotline.service.rules import Rules
from hotline.store.database import Database
from hotline.store.rules import SqlRules
from router.catalogue_files import CatalogueFiles
from router.trial import PastAppeal, Trial, TrialWork

_A_READ: Final = 200


class Recent(Protocol):
    """Where orders are kept."""

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""


class KeptOrders:
    """``PastOrders`` of the record, read a few at a time."""

    def __init__(self, records: Recent) -> None:
        """Take where orders are kept."""
        self._records = records

    async def newest(self, since: datetime, *, limit: int) -> Sequence[PastAppeal]:
        """Return orders registered since, the newest first."""
        found: list[PastAppeal] = []
        before: datetime | None = None
        while len(found) < limit:
            orders = await self._records.recent(limit=_A_READ, before=before)
            these = [order for order in orders if order.registered_at >= since]
            found += [PastAppeal(order.number, order.appeal, order.registered_at) for order in these]
            if len(these) < _A_READ:
                break
            before = orders[-1].registered_at
        return found[:limit]


def open_rules(
    city: City,
    database: Database,
    records: Recent,
    *,
    limits: Callable[[], frozenset[str]],
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
    run: Callable[[TrialWork], Awaitable[Trial]] = tried_in_own_process,
) -> Rules:
    """Return the console's service; its trials end with ``stack``."""
    store = SqlRules(database)
    trials = RuleTrials(store, KeptOrders(records), run, city.folder, clock)
    stack.push_async_callback(trials.close)
    files = CatalogueFiles(city.folder / "routing")
    return Rules(store, files, trials, city, limits=limits, clock=clock, new_id=lambda: secrets.token_hex(8))
