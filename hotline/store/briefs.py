"""Weekly briefs as people left them (热线周报): sentences that were edited, and what was issued, which stays as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.errors import StaleBriefError
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.tables import weekly_briefs

_OF: Final = weekly_briefs.c


@dataclass(frozen=True, slots=True)
class KeptBrief:
    """A week's brief as it was last kept, by whom and when. ``texts``: the edited sentences, by the key of their section.

    ``issued``: all of it as it was issued (印发), as JSON; None: it is a draft.
    """

    monday: date
    revision: int
    texts: Mapping[str, str]
    by: str
    at: datetime
    issued: str | None = None


class SqlBriefs:
    """Keeps briefs. Every method raises ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def of(self, monday: date) -> KeptBrief | None:
        """Return what was kept of a week's brief, or None."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(weekly_briefs).where(_OF.monday == monday))).one_or_none()
        if row is None:
            return None
        return KeptBrief(row.monday, row.revision, json.loads(row.texts), row.by, row.at, row.issued)

    async def mondays(self) -> Sequence[date]:
        """Return the weeks of which something was kept, the latest first."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_OF.monday).order_by(_OF.monday.desc()))
            return found.scalars().all()

    async def keep(self, brief: KeptBrief) -> None:
        """Keep a brief whose ``revision`` is one above that which was read.

        Raises ``StaleBriefError`` when somebody else kept it meanwhile, or it has been issued.
        """
        row: dict[str, Any] = {
            "revision": brief.revision,
            "texts": json.dumps(dict(brief.texts), ensure_ascii=False),
            "by": brief.by,
            "at": brief.at,
            "issued": brief.issued,
        }
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        query = insert(weekly_briefs).values(monday=brief.monday, **row)
        if brief.revision == 1:
            query = query.on_conflict_do_nothing(index_elements=[_OF.monday])
        else:
            same = (_OF.revision == brief.revision - 1) & _OF.issued.is_(None)
            query = query.on_conflict_do_update(index_elements=[_OF.monday], set_=row, where=same)
        async with self._database.writing() as connection:
            if (await connection.execute(query)).rowcount != 1:
                raise StaleBriefError(brief.monday.isoformat())
            await write_audit(
                connection,
                at=brief.at,
                actor=brief.by,
                action="brief.issued" if brief.issued is not None else "brief.kept",
                subject=brief.monday.isoformat(),
                detail={"revision": brief.revision, "sections": sorted(brief.texts)},
            )
