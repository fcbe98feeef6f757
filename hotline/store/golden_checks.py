"""Checks on golden questions, in the hotline's database: one at a time for each article, seen by every process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import delete, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.golden_check import (
    KEPT,
    SEVERAL,
    SILENT,
    CheckRunningError,
    CheckState,
    GoldenCheck,
)
from hotline.domain.golden_gate import Verdict
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.knowledge_tables import golden_checks

_CHECK: Final = TypeAdapter(GoldenCheck)
_VERDICTS: Final = TypeAdapter(tuple[Verdict, ...])


class SqlGoldenChecks:
    """The last check of each subject. Every method raises ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def begin(self, check: GoldenCheck, *, at: datetime) -> None:
        """Keep a check that begins, in the place of one that has ended or shows no sign of life.

        Raises ``CheckRunningError``.
        """
        row = self._row(check)
        query = self._insert(golden_checks).values(subject=check.subject, token=check.token, **row)
        is_over = or_(not_(golden_checks.c.is_running), golden_checks.c.beat_at < at - SILENT)
        query = query.on_conflict_do_update(
            index_elements=["subject"], set_={"token": check.token, **row}, where=is_over
        )
        is_old = (golden_checks.c.subject.startswith(SEVERAL), golden_checks.c.beat_at < at - KEPT)
        async with self._database.writing() as connection:
            await connection.execute(delete(golden_checks).where(*is_old))
            if (await connection.execute(query)).rowcount != 1:
                raise CheckRunningError(check.subject)
            await write_audit(
                connection,
                at=at,
                actor=str(check.by),
                action="golden_check.begun",
                subject=check.subject,
                detail={
                    "step": check.step,
                    "version": check.version,
                    "over_gate": check.over_gate,
                    "articles": check.articles,
                },
            )

    async def keep(self, check: GoldenCheck, *, verdicts: Sequence[Verdict] | None = None) -> bool:
        """Keep how a check stands; tell whether it is still the one that counts."""
        row = self._row(check)
        if verdicts is not None:
            row["verdicts"] = _VERDICTS.dump_json(tuple(verdicts)).decode()
        same = (golden_checks.c.subject == check.subject, golden_checks.c.token == check.token)
        async with self._database.writing(can_wait=True) as connection:
            return bool((await connection.execute(update(golden_checks).where(*same).values(**row))).rowcount)

    async def of(self, subject: str) -> GoldenCheck | None:
        """Return the last check of an article, or of all."""
        query = select(golden_checks.c.body).where(golden_checks.c.subject == subject)
        async with self._database.reading() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else _CHECK.validate_json(found)

    async def of_token(self, token: str) -> GoldenCheck | None:
        """Return a check by its own id; None when there is none, or a later one took its place."""
        query = select(golden_checks.c.body).where(golden_checks.c.token == token)
        async with self._database.reading() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else _CHECK.validate_json(found)

    async def verdicts(self, subject: str) -> tuple[Verdict, ...] | None:
        """Return how each question went when the last check that ended was made."""
        query = select(golden_checks.c.verdicts).where(golden_checks.c.subject == subject)
        async with self._database.reading() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else _VERDICTS.validate_json(found)

    @staticmethod
    def _row(check: GoldenCheck) -> dict[str, Any]:
        return {
            "is_running": check.state is CheckState.RUNNING,
            "beat_at": check.beat_at,
            "body": _CHECK.dump_json(check).decode(),
        }
