"""Third parties' parts in calls (三方通话记录) in the hotline's database: who was invited, by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Row, select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.talks import PartyCall, PartyState
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.tables import conversations, party_calls, work_orders


class SqlPartyCalls:
    """The rows. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def keep(self, call: PartyCall) -> None:
        """Keep ``call``, in the place of the one of the same id; that somebody was invited is audited."""
        row = {**asdict(call), "state": call.state.value}
        kept = self._insert(party_calls).values(row)
        changed = kept.on_conflict_do_update(index_elements=[party_calls.c.id], set_=row)
        async with self._database.writing() as connection:
            await connection.execute(changed)
            await write_audit(
                connection,
                at=call.ended_at or call.joined_at or call.invited_at,
                actor=f"agent:{call.agent}",
                action=f"party.{call.state.value}",
                subject=call.conversation,
                detail={"party": call.party, "party_call": call.id},
            )

    async def of_order(self, number: str) -> Sequence[PartyCall]:
        """Return those of all calls that an order came of or that were merged into it, the first invited first."""
        talks = select(conversations.c.id).where(conversations.c.work_order == number)
        first = select(work_orders.c.conversation).where(work_orders.c.number == number)
        mine = party_calls.c.conversation.in_(talks.union(first))
        async with self._database.reading() as connection:
            rows = await connection.execute(
                select(party_calls).where(mine).order_by(party_calls.c.invited_at, party_calls.c.id)
            )
            return [_loaded(row) for row in rows]


def _loaded(row: Row[tuple[object, ...]]) -> PartyCall:
    known = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way
    return PartyCall(**{**known, "state": PartyState(known["state"])})
