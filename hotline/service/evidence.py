"""Evidence (证据材料): pictures are checked by their content, drawn anew, sealed, and belong to the order they were sent for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from hotline.service.letter_parts import Kept, Refused
from hotline.service.pictures import MOST_BYTES, redrawn
from hotline.store.evidence import EvidenceItem, SqlEvidence

log: Final = structlog.get_logger("evidence")

_DOCUMENT: Final = b"%PDF-"
JPEG: Final = "image/jpeg"
PDF: Final = "application/pdf"


class Evidence:
    """Keeps and forgets what citizens send along. Raises ``StoreUnavailableError`` and ``OSError``."""

    def __init__(self, store: SqlEvidence, *, most: int, at_once: int = 2) -> None:
        """Take where it is kept, how many things one matter may have, and how many pictures are drawn at once."""
        self._store = store
        self._most = most
        self._gate = asyncio.Semaphore(at_once)

    async def keep(
        self, body: bytes, *, name: str, conversation: str, order: str | None, at: datetime
    ) -> Kept | Refused:
        """Keep a picture, or a document as it is; the same ``name`` is kept once."""
        if len(body) > MOST_BYTES:
            return Refused.TOO_LARGE
        count = await self._store.count(conversation, order=order)
        if count >= self._most:
            return Refused.TOO_MANY
        position = None
        if body.startswith(_DOCUMENT):
            kind, kept = PDF, body
        else:
            async with self._gate:
                picture = await asyncio.to_thread(redrawn, body)
            if picture is None:
                return Refused.NOT_A_PICTURE
            kind, kept, position = JPEG, picture.jpeg, picture.position
        path = f"{at:%Y/%m/%d}/{name}.evidence"
        digest = await asyncio.to_thread(self._store.write, name, path, kept)
        item = EvidenceItem(name, conversation, order, at, kind, len(kept), path, digest)
        is_new = await self._store.add(item)
        log.info("evidence.kept", evidence=name, kind=kind, size=len(kept), work_order=order)
        return Kept(name, count + 1 if is_new else count, position, is_new, kind)

    async def drop(self, names: Sequence[str]) -> None:
        """Delete what was kept for nothing: what it came with was refused. Rows first: what has no row is nobody's."""
        for path in await self._store.drop(names):
            await asyncio.to_thread(self._store.unlink, path)
        log.info("evidence.dropped", count=len(names))

    async def discard(self, conversation: str) -> None:
        """Delete what came with a conversation in which a state secret may have been told: files, then rows."""
        for item in await self._store.of_conversation(conversation):
            await asyncio.to_thread(self._store.unlink, item.path)
        await self._store.forget(conversation)
