"""Years of appeals as facts of orders, for figures that need a history: the same ones at every run."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert

from hotline.store.sql import SqlStore
from hotline.store.tables import order_facts
from tests.builders import NOW

WINTER: Final = "010101"
"""A class that comes back every winter; the others of ``CLASSES`` come all year."""
CLASSES: Final = (WINTER, "0204", "0701")
COUNTIES: Final = ("371302", "371311", "371323")


def a_fact(number: int, at: datetime, category: str, county: str, **changed: Any) -> dict[str, Any]:
    """Return the facts of one order."""
    return {
        "number": f"9{number:011d}", "registered_at": at, "status": "concluded", "kind": "help", "category": category,
        "county": county, "lead_unit": f"county-{county}", "is_public": True, "was_answered_at_once": number % 4 == 0,
        "counts": True, "was_in_time": True, "was_contacted": True, "resolution": "resolved", "result": "satisfied",
        "street": f"{county}001", "layout": 1, **changed,
    }  # fmt: skip


async def keep_years(store: SqlStore, weeks: int, until: datetime = NOW) -> list[dict[str, Any]]:
    """Keep appeals of ``weeks`` weeks up to ``until``, some twenty to forty a week, and return them."""
    rows: list[dict[str, Any]] = []
    for week in range(weeks):
        start = until - timedelta(weeks=weeks - week)
        swing = math.cos(2 * math.pi * (start - datetime(2026, 1, 15, tzinfo=until.tzinfo)).days / 364)
        for index, category in enumerate(CLASSES):
            usual = 14 * (1 + 0.9 * swing) if category == WINTER else 8
            for each in range(round(usual + (week * week + index * 3) % 5)):
                at = start + timedelta(hours=each * 11 % 168, minutes=each)
                rows.append(a_fact(len(rows), at, category, COUNTIES[(each + index) % 3]))
    async with store.database.writing() as connection:
        await connection.execute(insert(order_facts), rows)
    return rows
