"""What the measurements of ``bench desk`` share: people to sign in, percentiles, memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import psutil
from argon2 import PasswordHasher

from hotline.domain.accounts import AccessRules, StaffRole
from hotline.service.accounts import Accounts, Whereabouts
from hotline.service.passwords import Passwords
from hotline.store.accounts import SqlAccounts
from hotline.store.database import Database
from hotline.store.sealing import Seal

Tell = Callable[[str, int, int], None]


class People:
    """Makes accounts and sessions without the cost of a real password."""

    def __init__(self, database: Database, seal: Seal, clock: Callable[[], datetime]) -> None:
        """Take the database of the process that is measured."""
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        self._accounts = Accounts(SqlAccounts(database, seal), seal, AccessRules(), clock, passwords)

    async def token(self, login: str, role: StaffRole, **bound: str) -> str:
        """Return the token of somebody new."""
        account, _ = await self._accounts.add_on_the_machine(login, login, frozenset({role}), **bound)
        # As signed on by a provider: one's own password need not be changed first.
        token, _ = await self._accounts.open_for(account, "oidc:bench", Whereabouts("127.0.0.1", "bench"))
        return token


def row(took: Sequence[float]) -> dict[str, float]:
    """Return seconds as percentiles in milliseconds."""
    p50, p95, most = (round(float(each) * 1000, 1) for each in np.percentile(took, (50, 95, 100)))
    return {"times": len(took), "p50_ms": p50, "p95_ms": p95, "most_ms": most}


def memory_kb(process: psutil.Process) -> float:
    """Return the resident memory of a process."""
    return float(process.memory_info().rss) / 1024
