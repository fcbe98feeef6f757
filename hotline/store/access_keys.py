"""Keys that let other programs in: made, looked up, revoked. Of a key only a keyed digest of its secret is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import access_keys

_USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
_NO_DIGEST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What is known of a key: its public id, whose it is (``unit:<code>`` or ``app:<name>``), and when it was used last."""

    id: str
    holder: str
    made_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


class SqlAccessKeys:
    """The keys in the hotline's database. Every method raises ``StoreUnavailableError`` when it is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what makes the keyed digests."""
        self._database = database
        self._seal = seal

    async def add(self, holder: str, *, by: str, at: datetime) -> str:
        """Make a key for ``holder`` and return it: it is shown once and cannot be read again."""
        id_, secret = secrets.token_hex(6), secrets.token_urlsafe(24)
        async with self._database.writing() as connection:
            await connection.execute(
                access_keys.insert().values(
                    id=id_, holder=holder, digest=self._digest(id_, secret), made_at=at
                )
            )
            await write_audit(
                connection, at=at, actor=by, action="key.added", subject=id_, detail={"holder": holder}
            )
        return f"{id_}.{secret}"

    async def listed(self) -> Sequence[AccessKey]:
        """Return all keys, the newest first."""
        async with self._database.reading() as connection:
            rows = (
                await connection.execute(select(access_keys).order_by(access_keys.c.made_at.desc()))
            ).all()
        return [AccessKey(row.id, row.holder, row.made_at, row.revoked_at, row.used_at) for row in rows]

    async def revoke(self, id_: str, *, by: str, at: datetime) -> bool:
        """Make a key worthless from now on; return whether there was such a key in force."""
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(access_keys)
                .where(access_keys.c.id == id_, access_keys.c.revoked_at.is_(None))
                .values(revoked_at=at)
            )
            if changed.rowcount != 1:
                return False
            await write_audit(connection, at=at, actor=by, action="key.revoked", subject=id_, detail={})
        return True

    async def holder(self, key: str, *, at: datetime) -> str | None:
        """Return whose key it is, or None when it is nobody's or revoked; the use is noted, to the minute."""
        id_, _, secret = key.partition(".")
        wanted = select(access_keys).where(access_keys.c.id == id_, access_keys.c.revoked_at.is_(None))
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        kept = row.digest if row is not None else _NO_DIGEST
        if not secrets.compare_digest(kept, self._digest(id_, secret)) or row is None:
            return None
        if row.used_at is None or at - row.used_at >= _USE_IS_NOTED_EVERY:
            async with self._database.writing() as connection:
                await connection.execute(
                    update(access_keys).where(access_keys.c.id == id_).values(used_at=at)
                )
        return str(row.holder)

    def _digest(self, id_: str, secret: str) -> str:
        return self._seal.fingerprint(f"access_key:{id_}:{secret}")
