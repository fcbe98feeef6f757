"""Codes that were sent to telephones on record, as digests; the telephones by keyed fingerprint."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, delete, func, select, update

from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbox import Message
from hotline.domain.proofs import ProofRules, SentCode, Verdict
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal
from hotline.store.tables import proof_codes

_DAY: Final = timedelta(days=1)


class SqlProofCodes:
    """The codes in the hotline's database. All methods raise ``StoreUnavailableError``."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what makes digests and fingerprints."""
        self._database = database
        self._seal = seal

    async def send(
        self,
        number: str,
        phone: PhoneNumber,
        code: str,
        *,
        id_: str,
        rules: ProofRules,
        message: Callable[[], Message],
        at: datetime,
    ) -> bool:
        """Keep a code and write the message that brings it, both in one transaction; False when too many were sent."""
        theirs = proof_codes.c.phone == self._seal.fingerprint(phone.digits)
        lately = select(proof_codes).where(theirs, proof_codes.c.sent_at > at - _DAY)
        async with self._database.writing() as connection:
            # The audit row comes first: it makes writers wait for each other, so that nobody counts too few.
            await write_audit(
                connection,
                at=at,
                actor="machine",
                action="proof.code_asked",
                subject=number,
                detail={},
            )
            before = [_sent(row) for row in (await connection.execute(lately)).all()]
            if not rules.may_send(before, number, at):
                return False
            await connection.execute(delete(proof_codes).where(proof_codes.c.sent_at <= at - 2 * _DAY))
            await connection.execute(
                proof_codes.insert().values(
                    id=id_,
                    number=number,
                    phone=self._seal.fingerprint(phone.digits),
                    digest=self._digest(id_, code),
                    sent_at=at,
                    tries=0,
                )
            )
            await write_messages(connection, self._seal, (message(),), at)
        return True

    async def try_(self, number: str, code: str, *, rules: ProofRules, at: datetime) -> bool:
        """Judge a code against the last that was sent for an order, and count the try; the right one counts once."""
        mine = select(proof_codes).where(proof_codes.c.number == number, proof_codes.c.sent_at > at - _DAY)
        tried = select(func.coalesce(func.sum(proof_codes.c.tries), 0)).where(
            proof_codes.c.number == number, proof_codes.c.sent_at > at - _DAY
        )
        async with self._database.writing() as connection:
            newest = mine.order_by(proof_codes.c.sent_at.desc()).limit(1)
            if not self._database.is_sqlite:
                newest = newest.with_for_update()
            row = (await connection.execute(newest)).one_or_none()
            if row is None:
                return False
            tries_today = int((await connection.execute(tried)).scalar_one())
            sent, digest = _sent(row), self._digest(row.id, code)
            is_same = hmac.compare_digest(digest, sent.digest)  # in the same time whatever was given
            verdict = sent.verdict(sent.digest if is_same else "", at, rules, tries_today=tries_today)
            if verdict is Verdict.OUT:
                return False
            values = {"tries": proof_codes.c.tries + 1}
            if verdict is Verdict.RIGHT:
                values["used_at"] = at  # type: ignore[assignment]  # a column's value, as the other
            await connection.execute(update(proof_codes).where(proof_codes.c.id == sent.id).values(**values))
            await write_audit(
                connection,
                at=at,
                actor="citizen:citizen",
                action=f"proof.{verdict.value}",
                subject=number,
                detail={},
            )
        return verdict is Verdict.RIGHT

    async def sent_to(self, phone: PhoneNumber, *, since: datetime) -> Sequence[SentCode]:
        """Return what was sent to a telephone."""
        theirs = select(proof_codes).where(
            proof_codes.c.phone == self._seal.fingerprint(phone.digits), proof_codes.c.sent_at >= since
        )
        async with self._database.reading() as connection:
            return [_sent(row) for row in (await connection.execute(theirs)).all()]

    def _digest(self, id_: str, code: str) -> str:
        return self._seal.fingerprint(f"proof:{id_}:{code}")


def _sent(row: Row[tuple[object, ...]]) -> SentCode:
    return SentCode(
        id=row.id,
        number=row.number,
        digest=row.digest,
        sent_at=row.sent_at,
        tries=row.tries,
        used_at=row.used_at,
    )
