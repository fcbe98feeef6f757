"""Recordings of calls in a data folder: begun with the call, ended with it, deleted where a state secret may be in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from app.at_rest import seal_of
from app.settings import Settings
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.errors import HotlineError
from hotline.service.journal import ConversationLog
from hotline.store.journal_store import JournalRow
from hotline.store.recordings import Recording, SqlRecordings
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from ivr.line import Line
from ivr.recording import Recorder, RecordingWriter

log: Final = structlog.get_logger("recordings")

_STORE_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 30.0


def recordings_folder(settings: Settings) -> Path:
    """Return where recordings are kept."""
    return settings.recordings_dir or settings.data_dir / "recordings"


def recordings_seal(settings: Settings) -> Seal:
    """Return what seals them: the key of the data folder."""
    return seal_of(settings)


class Recordings:
    """All recordings of a process. Whatever fails here is logged, and the call goes on without."""

    def __init__(self, settings: Settings, store: SqlStore) -> None:
        """Begin to write."""
        self._rows = SqlRecordings(store.database)
        self._writer = RecordingWriter(recordings_folder(settings), recordings_seal(settings).close)
        self._recorders: dict[str, Recorder] = {}
        self._started: dict[str, Recording] = {}
        self._noting: dict[str, asyncio.Task[bool]] = {}
        self._unkept: dict[str, Recording] = {}
        self._keeping: asyncio.Task[None] | None = None

    async def begin(self, conversation: str, line: Line, at: datetime) -> None:
        """Record a call from now on."""
        day = f"{at:%Y/%m/%d}"
        recorder = await asyncio.to_thread(self._writer.begin, conversation, day)
        if recorder is None:
            return
        self._recorders[conversation] = recorder
        line.record(recorder)
        started = Recording(conversation, f"{day}/{recorder.path.name}", at)
        self._started[conversation] = started
        # Nobody waits for the database before they are greeted.
        self._noting[conversation] = asyncio.create_task(
            self._note(lambda: self._rows.begin(started)), name="recording"
        )

    async def end(self, conversation: str) -> None:
        """End a call's recording; idempotent."""
        recorder = self._recorders.pop(conversation, None)
        if recorder is None:
            return
        started = self._started.pop(conversation)
        await asyncio.to_thread(self._writer.end, recorder)
        await self._noting.pop(conversation)
        ended = replace(
            started,
            seconds=round(recorder.seconds, 2),
            is_complete=recorder.is_complete,
            digest=recorder.digest.hexdigest(),
        )
        if not await self._note(lambda: self._rows.end(ended)):
            self._unkept[conversation] = ended
            if self._keeping is None or self._keeping.done():
                self._keeping = asyncio.create_task(self._keep(), name="recording rows")

    async def discard(self, conversation: str) -> None:
        """Stop recording a call and delete what there is (保密)."""
        recorder = self._recorders.pop(conversation, None)
        if recorder is None:
            return
        await asyncio.to_thread(self._writer.end, recorder)
        await asyncio.to_thread(recorder.path.unlink, missing_ok=True)
        del self._started[conversation]
        await self._noting.pop(conversation)
        await self._note(lambda: self._rows.forget(conversation))
        log.info("recording.deleted", recording=conversation)

    async def close(self) -> None:
        """End all; what could not be noted is tried a last time."""
        await asyncio.to_thread(self._writer.close)
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
            await self._keep_once()

    async def _keep(self) -> None:
        """Note, as soon as the database is back, what ended without it: retention finds sound by its row only (rule 53)."""
        while self._unkept:
            await asyncio.sleep(_AGAIN_SECONDS)
            await self._keep_once()

    async def _keep_once(self) -> None:
        for conversation, ended in tuple(self._unkept.items()):
            if not await self._note(lambda ended=ended: self._rows.end(ended)):  # type: ignore[misc]  # a lambda's default
                return  # it is still away
            self._unkept.pop(conversation, None)

    async def _note(self, writing: Callable[[], Awaitable[None]]) -> bool:
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                await writing()
        except (HotlineError, TimeoutError) as error:
            log.error("recording.not_noted", error=type(error).__name__)
            return False
        return True


class BookWithoutSecrets:
    """A log book that deletes the recording, too, when a conversation is concealed."""

    def __init__(self, book: ConversationLog, recordings: Recordings) -> None:
        """Pass everything on to ``book``."""
        self._book = book
        self._recordings = recordings

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        """Open the record."""
        await self._book.begin(conversation, channel=channel, call_id=call_id, at=at)

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        """Keep rows."""
        await self._book.append_all(conversation, rows)

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        """Delete what was kept, the sound first."""
        await self._recordings.discard(conversation)
        await self._book.conceal(conversation, at=at)

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        """Close the record."""
        await self._book.finish(conversation, end)
