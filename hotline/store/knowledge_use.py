"""What was looked up and what came of it, candidates for articles, and editors' golden questions, in the hotline's database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Integer, Row, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.knowledge_use import (
    ArticleUse,
    Candidate,
    CandidateNotFoundError,
    CandidateSettledError,
    CandidateState,
    Lookup,
)
from hotline.domain.people import Actor
from hotline.domain.retention import GONE
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.knowledge_tables import NO_QUESTION, golden_questions, knowledge_candidates, lookups
from hotline.store.sealing import Seal
from hotline.store.tables import Instant

_CANDIDATE: Final = TypeAdapter(Candidate)


class SqlKnowledgeUse:
    """How the knowledge base is used. Citizens' words are sealed. Every method raises ``StoreUnavailableError``."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    # --- look-ups --------------------------------------------------------------------------------------------

    async def keep(self, conversation: str, found: Sequence[Lookup]) -> None:
        """Keep the look-ups of a conversation; again: nothing."""
        if not found:
            return
        rows = [
            {
                "conversation": conversation,
                "turn": one.turn,
                "at": one.at,
                "article": one.article,
                "version": one.version,
                "score": one.score,
                "is_answered": one.is_answered,
                "helped": one.helped,
                "category": one.category,
                "question": self._seal.close(one.question.encode(), _place(conversation, one.turn)),
            }
            for one in found
        ]
        new = self._insert(lookups).on_conflict_do_nothing()
        await self._database.write(lambda connection: connection.execute(new, rows), can_wait=True)

    async def of_conversation(self, conversation: str) -> Sequence[Lookup]:
        """Return the look-ups of a conversation in order."""
        query = select(lookups).where(lookups.c.conversation == conversation).order_by(lookups.c.turn)
        return await self._lookups(query)

    async def in_vain(self, since: datetime, *, limit: int) -> Sequence[Lookup]:
        """Return questions asked since that were not answered or did not help, the newest first."""
        query = (
            select(lookups)
            .where(lookups.c.at >= since, or_(lookups.c.is_answered.is_(False), lookups.c.helped.is_(False)))
            .order_by(lookups.c.at.desc())
            .limit(limit)
        )
        return await self._lookups(query)

    async def uses(
        self, since: datetime, until: datetime, *, article: str | None = None
    ) -> Sequence[ArticleUse]:
        """Return how each article, or one, was used from ``since`` to before ``until``, the most answered first."""
        answered = _many(lookups.c.is_answered.is_(True))
        query = (
            select(
                lookups.c.article,
                func.count().label("found"),
                answered.label("answered"),
                _many(lookups.c.helped.is_(True)).label("helped"),
                _many(lookups.c.helped.is_(False)).label("not_helped"),
                func.max(case((lookups.c.is_answered.is_(True), lookups.c.at)), type_=Instant()).label(
                    "last_at"
                ),
            )
            .where(lookups.c.at >= since, lookups.c.at < until, lookups.c.article.is_not(None))
            .group_by(lookups.c.article)
            .order_by(answered.desc(), lookups.c.article)
        )
        if article is not None:
            query = query.where(lookups.c.article == article)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [ArticleUse(*row) for row in rows]

    async def answered(self, spans: Sequence[tuple[datetime, datetime]]) -> Sequence[tuple[int, int]]:
        """Return for each span, from its start to before its end, how many questions were asked, and how many of them answered."""
        within = [and_(lookups.c.at >= start, lookups.c.at < end) for start, end in spans]
        query = select(
            *(_many(one) for one in within), *(_many(and_(one, lookups.c.is_answered.is_(True))) for one in within)
        ).where(lookups.c.at >= min(start for start, _ in spans))  # fmt: skip
        async with self._database.reading() as connection:
            found = [count or 0 for count in (await connection.execute(query)).one()]
        return list(zip(found[: len(spans)], found[len(spans) :], strict=True))

    # --- candidates ------------------------------------------------------------------------------------------

    async def add(self, candidate: Candidate, *, at: datetime, by: Actor) -> bool:
        """Keep a candidate with its audit row, unless there is one with its key; tell whether it is new."""
        row = self._insert(knowledge_candidates).values(
            id=candidate.id, key=candidate.key, at=candidate.at, **self._row(candidate)
        )
        async with self._database.writing() as connection:
            if (await connection.execute(row.on_conflict_do_nothing())).rowcount != 1:
                return False
            await write_audit(
                connection,
                at=at,
                actor=str(by),
                action="knowledge_candidate.added",
                subject=candidate.id,
                detail={"origin": candidate.origin.value, "asked": candidate.asked},
            )
        return True

    async def candidate(self, candidate: str) -> Candidate:
        """Return one candidate or raise ``CandidateNotFoundError``."""
        found = await self._candidates(
            select(knowledge_candidates).where(knowledge_candidates.c.id == candidate)
        )
        if not found:
            raise CandidateNotFoundError(candidate)
        return found[0]

    async def candidates(
        self, *, state: CandidateState = CandidateState.WAITING, after: str = "", limit: int = 50
    ) -> Sequence[Candidate]:
        """Return candidates in this state by id."""
        query = (
            select(knowledge_candidates)
            .where(knowledge_candidates.c.state == state.value, knowledge_candidates.c.id > after)
            .order_by(knowledge_candidates.c.id)
            .limit(limit)
        )
        return await self._candidates(query)

    async def settle(self, candidate: Candidate, *, expected: int, at: datetime, by: Actor) -> None:
        """Keep what a person decided; ``CandidateSettledError`` when somebody else was quicker."""
        same = (knowledge_candidates.c.id == candidate.id, knowledge_candidates.c.revision == expected)
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(knowledge_candidates).where(*same).values(**self._row(candidate))
            )
            if changed.rowcount != 1:
                raise CandidateSettledError(candidate=candidate.id, reason="候选已经处理")
            await write_audit(
                connection,
                at=at,
                actor=str(by),
                action=f"knowledge_candidate.{candidate.state.value}",
                subject=candidate.id,
                detail={"article": candidate.article, "note": candidate.note},
            )

    # --- golden questions ------------------------------------------------------------------------------------

    async def golden(self) -> dict[str, str]:
        """Return the golden questions that editors keep: a JSON row by the plain form of its question."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(golden_questions.c.key, golden_questions.c.body))
            return {row.key: row.body for row in rows}

    async def keep_golden(self, key: str, body: str, *, by: Actor, at: datetime) -> None:
        """Keep one golden question, or what is now expected of it."""
        row = self._insert(golden_questions).values(key=key, at=at, body=body)
        async with self._database.writing() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["key"], set_={"at": at, "body": body})
            )
            await self._audit_golden(connection, "kept", body, by, at)

    async def drop_golden(self, key: str, *, by: Actor, at: datetime) -> bool:
        """Drop a golden question that an editor kept; tell whether it was there."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(golden_questions).where(golden_questions.c.key == key))
            if gone.rowcount:
                await self._audit_golden(connection, "dropped", key, by, at)
            return bool(gone.rowcount)

    # --- inside ----------------------------------------------------------------------------------------------

    @staticmethod
    async def _audit_golden(connection: Any, what: str, body: str, by: Actor, at: datetime) -> None:
        await write_audit(
            connection,
            at=at,
            actor=str(by),
            action=f"golden_question.{what}",
            subject="golden",
            detail={"question": body},
        )

    async def _lookups(self, query: Any) -> list[Lookup]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Lookup(
                turn=row.turn,
                at=row.at,
                question=self._question(row),
                category=row.category,
                article=row.article,
                version=row.version,
                score=row.score,
                is_answered=row.is_answered,
                helped=row.helped,
            )
            for row in rows
        ]

    def _question(self, row: Row[Any]) -> str:
        if row.question == NO_QUESTION:
            return GONE
        return self._seal.open(row.question, _place(row.conversation, row.turn)).decode()

    async def _candidates(self, query: Any) -> list[Candidate]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [
            _CANDIDATE.validate_json(self._seal.open(row.body, f"knowledge_candidate:{row.id}"))
            for row in rows
        ]

    def _row(self, candidate: Candidate) -> dict[str, Any]:
        return {
            "state": candidate.state.value,
            "revision": candidate.revision,
            "body": self._seal.close(_CANDIDATE.dump_json(candidate), f"knowledge_candidate:{candidate.id}"),
        }


def _many(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0)).cast(Integer)


def _place(conversation: str, turn: int) -> str:
    return f"lookup:{conversation}:{turn}"
