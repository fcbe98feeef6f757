"""Requests to see confidential citizens, on every database: kept sealed, decided once, each step in the audit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.domain.unmasking import UnmaskRefusedError, UnmaskRequest
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit, unmask_requests
from hotline.store.unmasking import SqlUnmaskings
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET

NUMBER = "26112300001"


async def test_a_request_is_kept_once_decided_once_and_audited(store: SqlStore) -> None:
    kept = SqlUnmaskings(store.database, Seal(SECRET))
    first = UnmaskRequest("u1", NUMBER, "li", "法院调取", NOW)
    assert await kept.add(first) == first
    assert await kept.add(UnmaskRequest("u2", NUMBER, "li", "再问一次", after(1))) == first
    other = await kept.add(UnmaskRequest("u3", NUMBER, "wu", "核实线索", after(2)))
    assert (await kept.waiting(limit=9), await kept.count_waiting()) == ([first, other], 2)
    approved = await kept.change(
        "u1", lambda one: one.approved(by="zhou", at=after(60), hold=timedelta(hours=1)), by="zhou", at=after(60)
    )  # fmt: skip
    assert (await kept.of(NUMBER, "li"), await kept.waiting(limit=9)) == ([approved], [other])
    for request, reason in (
        ("u1", "the request is decided already"),
        ("u9", "there is no such request"),
    ):
        with pytest.raises(UnmaskRefusedError, match=reason):
            await kept.change(
                request, lambda one: one.refused(by="wu", at=after(61), note="x"), by="wu", at=after(61)
            )
    async with store.database.reading() as connection:
        rows = (await connection.execute(select(audit).order_by(audit.c.sequence))).all()
        body = (await connection.execute(select(unmask_requests.c.body))).scalars().first()
    done = [(row.actor, row.action) for row in rows if row.action.startswith("unmask.")]
    assert done[-2:] == [("staff:wu", "unmask.asked"), ("staff:zhou", "unmask.approved")]
    assert body is not None
    assert "法院".encode() not in body
    assert await store.audit_break() is None
