"""The unit's side of ``bench desk``: an inbox of many orders, and how long its pages take.

The orders are copies of one, in every state, due at every hour, sealed as they are in the database.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final

import httpx
from sqlalchemy import insert, text

from app.settings import Settings
from bench.desk_figures import People, Tell, row
from hotline.domain.accounts import StaffRole
from hotline.domain.life_cycle import Status
from hotline.domain.work_order import WorkOrder
from hotline.store.sql import SqlStore
from hotline.store.tables import order_supporters, work_orders

_WARM: Final = 5
_SMALL_INBOX: Final = 1_000
_UNIT: Final = "county-371302"
_SUPPORTER: Final = "body-housing"
_BATCH: Final = 2_000
_SPREAD: Final = timedelta(minutes=7)
_STATES: Final = (
    *(Status.TO_SIGN,) * 3, *(Status.HANDLING,) * 8, Status.SUPERVISED, Status.SUSPENDED, Status.RETURN_ASKED,
    *(Status.REPLIED,) * 2, Status.TO_REVISIT, *(Status.CONCLUDED,) * 10, *(Status.ARCHIVED,) * 12, Status.ENDED,
)  # fmt: skip
"""What a unit's orders are at, in the shares of an ordinary month; every fifth order has a supporting unit."""


async def measure_inboxes(  # noqa: PLR0917 -- all of it is one measurement
    store: SqlStore,
    settings: Settings,
    people: People,
    like: WorkOrder,
    orders: int,
    requests: int,
    at: datetime,
    tell: Tell,
) -> dict[str, Any]:
    """Return the times of a unit's inbox when it is small, and when it has ``orders``; on the same pages."""
    lead = await people.token("unit", StaffRole.UNIT_HANDLER, unit=_UNIT)
    helper = await people.token("helper", StaffRole.UNIT_HANDLER, unit=_SUPPORTER)
    address = f"http://{settings.web_host}:{settings.web_port}"
    found: dict[str, Any] = {"database": "sqlite" if store.database.is_sqlite else "postgresql"}
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=address, cookies={"desk": token}, timeout=60, trust_env=False)
            )
            for token in (lead, helper)
        ]
        done = 0
        for name, count in (("small", min(_SMALL_INBOX, orders)), ("large", orders)):
            await _fill(store, like, done, count, at=at, tell=tell)
            done = count
            found[name] = {"orders": count, **await _walked(clients[0], clients[1], requests, tell)}
    found["large_to_small"] = round(found["large"]["inbox"]["p50_ms"] / found["small"]["inbox"]["p50_ms"], 2)
    return found


async def _walked(
    lead: httpx.AsyncClient, helper: httpx.AsyncClient, requests: int, tell: Tell
) -> dict[str, dict[str, float]]:
    tabs = ("todo", "to-sign", "handling", "asked", "suspended", "replied", "closed")
    took: dict[str, list[float]] = {
        "inbox": [],
        "further_page": [],
        "renewed": [],
        "supported": [],
        "page": [],
    }
    for index in range(requests + _WARM):
        tab = tabs[index % len(tabs)]
        plans = {
            "inbox": (lead, f"/desk/unit?tab={tab}"),
            "renewed": (lead, f"/desk/unit/rows?tab={tab}"),
            "supported": (helper, "/desk/unit?tab=support"),
            "page": (lead, "/desk/me"),
        }
        for name, (client, path) in plans.items():
            begun = perf_counter()
            answer = await client.get(path)
            seconds = perf_counter() - begun
            answer.raise_for_status()
            if index >= _WARM:
                took[name].append(seconds)
            if name == "inbox" and (following := _following(answer.text)):
                begun = perf_counter()
                (
                    await client.get(following, headers={"HX-Request": "true", "HX-Target": "rows"})
                ).raise_for_status()
                if index >= _WARM:
                    took["further_page"].append(perf_counter() - begun)
        tell("收件箱", index + 1, requests + _WARM)
    return {name: row(each) for name, each in took.items() if each}


def _following(page: str) -> str:
    start = page.find('hx-get="/desk/unit?tab=')
    return page[start + 8 : page.index('"', start + 8)].replace("&amp;", "&") if start >= 0 else ""


async def _fill(
    store: SqlStore,
    like: WorkOrder,
    present: int,
    wanted: int,
    *,
    at: datetime,
    tell: Tell,
) -> None:
    """Add copies of ``like`` until the unit has ``wanted``."""
    assert like.routing is not None
    like = replace(like, routing=replace(like.routing, lead_unit=_UNIT, supporting_units=(_SUPPORTER,)))
    for start in range(present, wanted, _BATCH):
        many = range(start, min(start + _BATCH, wanted))
        rows = [_order_row(store, like, index, at) for index in many]
        helped = [
            {"unit": _SUPPORTER, **{name: row[name] for name in ("number", "status", "due_order")}}
            for row in rows[::5]
        ]
        async with store.database.writing() as connection:
            await connection.execute(insert(work_orders), rows)
            await connection.execute(insert(order_supporters), helped)
        tell("工单", many.stop, wanted)
    async with store.database.writing() as connection:
        await connection.execute(
            text("ANALYZE" if store.database.is_sqlite else "ANALYZE work_orders, order_supporters")
        )


def _order_row(store: SqlStore, like: WorkOrder, index: int, at: datetime) -> dict[str, Any]:
    number, status = f"260101{index:06d}", _STATES[index % len(_STATES)]
    order = replace(like, number=number, status=status)
    due = at - timedelta(days=30) + index * _SPREAD % timedelta(days=90)
    return {
        "number": number, "revision": order.revision, "status": status.value, "category": order.appeal.category,
        "lead_unit": _UNIT, "conversation": order.conversation, "registered_at": order.registered_at, "due_at": due,
        "due_order": due, "kind": order.appeal.kind.value,
        "county": order.appeal.place.county_code if order.appeal.place else None, "body": store.sealed(order),
    }  # fmt: skip
