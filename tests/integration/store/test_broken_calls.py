"""The worker finds calls whose process died, once, whoever looks and however often it is ended."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.broken_calls import broken_calls, open_drafts
from app.call_presence import Presence
from app.settings import Settings, secret_file
from hotline.city import load_city
from hotline.dialogue.events import Said, Started
from hotline.dialogue.journal import encode
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.drafts import CallProcess
from hotline.domain.errors import StoreUnavailableError
from hotline.service.drafts import KeepingDrafts
from hotline.store.callbacks import SqlCallbacks
from hotline.store.journal_store import JournalRow
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import outbox
from tests.builders import LINYI, NOW, PHONE, after
from tests.databases import lay_out


async def test_a_call_that_broke_is_told_once_with_number_and_words(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    seal = Seal(secret_file(tmp_path / "at_rest.key"))
    await lay_out(settings.database_url)
    store = SqlStore(settings.database_url, seal)
    drafts = open_drafts(settings, store.database)
    await drafts.show(CallProcess("host:1", "ivr-1", NOW, callers=3), at=NOW)
    held = KeepingDrafts(store, drafts, process="host:1")
    await held.begin("c1", channel=ContactChannel.PHONE, call_id="a", at=NOW)
    events = (Started(NOW, "c1", ContactChannel.PHONE, PHONE), Said(after(5), "路灯坏了", "路灯坏了"))
    for index, event in enumerate(events, 1):
        await held.append_all("c1", (JournalRow(index, event.at, *encode(event)),))

    first, second = (broken_calls(settings, load_city(LINYI), store, seal) for _ in range(2))
    assert [await first.look(after(each)) for each in (31, 46, 76)] == [0, 1, 0]
    assert await second.look(after(90)) == 0
    async with store.database.reading() as connection:
        (row,) = (await connection.execute(select(outbox).where(outbox.c.destination == "duty"))).all()
    assert json.loads(seal.open(row.body, f"outbox:{row.key}")) == {
        "conversation": "c1",
        "phone": PHONE.digits,
        "words": "路灯坏了",
        "order": None,
        "since": NOW.isoformat(),
    }
    (task,) = await SqlCallbacks(store.database, seal).open_tasks(limit=10)
    assert (task.phone, task.words, task.reason.value) == (PHONE, "路灯坏了", "broken_call")
    summary = await store.conversation("c1")
    assert summary is not None
    assert (summary["outcome"], summary["ended_at"] - NOW) == ("failed", timedelta(seconds=46))
    assert await drafts.living(seen_since=NOW) == []
    await store.close()


class AwayAtTheEnd(SqlStore):
    """A store that does not take the end of a conversation."""

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        raise StoreUnavailableError("away")


async def test_a_call_whose_end_was_not_kept_did_not_break_when_its_process_ended_in_order(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path)
    seal = Seal(secret_file(tmp_path / "at_rest.key"))
    await lay_out(settings.database_url)
    store = AwayAtTheEnd(settings.database_url, seal)
    drafts = open_drafts(settings, store.database)
    presence = Presence("ivr-1", callers=3)
    await drafts.show(CallProcess(presence.id, "ivr-1", NOW, callers=3), at=NOW)
    held = KeepingDrafts(store, drafts, process=presence.id)
    await held.begin("c1", channel=ContactChannel.PHONE, call_id="a", at=NOW)
    await held.append_all(
        "c1", (JournalRow(1, NOW, *encode(Started(NOW, "c1", ContactChannel.PHONE, PHONE))),)
    )
    with pytest.raises(StoreUnavailableError):
        await held.finish("c1", ConversationEnd(after(9), "answered", None, None))

    await presence.leave(drafts, held)
    watch = broken_calls(settings, load_city(LINYI), store, seal)
    assert [await watch.look(after(each)) for each in (31, 46)] == [0, 0]
    assert await SqlCallbacks(store.database, seal).open_tasks(limit=10) == []
    await store.close()
