"""The outbox (发件箱): messages written in the transaction of the change they tell of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.outbox import Message
from hotline.store.sealing import Seal
from hotline.store.tables import outbox


async def write_messages(
    connection: AsyncConnection, seal: Seal, messages: Sequence[Message], at: datetime
) -> None:
    """Write messages within the caller's transaction; one whose key is there already is left as it is."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for message in messages:
        body = json.dumps(dict(message.body), ensure_ascii=False).encode()
        row = insert(outbox).values(
            key=message.key,
            destination=message.destination,
            kind=message.kind,
            subject=message.subject,
            body=seal.close(body, f"outbox:{message.key}"),
            created_at=at,
            state="pending",
            attempts=0,
            next_at=at,
        )
        await connection.execute(row.on_conflict_do_nothing(index_elements=[outbox.c.key]))
