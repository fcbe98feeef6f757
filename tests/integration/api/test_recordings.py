"""Recordings at the desk: listed, heard, sought in; a confidential order's is locked, and every look is written down."""

from __future__ import annotations

import asyncio
import json
import wave
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from app.recordings import BookWithoutSecrets, Recordings
from app.settings import Settings
from hotline.domain.appeal import ContactChannel, Secrecy
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.errors import StoreUnavailableError
from hotline.store.recordings import Recording, SqlRecordings
from hotline.store.sealing import Seal
from hotline.store.tables import audit
from ivr.recording import RecordingWriter
from tests.builders import NOW, after, an_appeal
from tests.integration.api.conftest import SECRET, STAFF, TOKEN, Site
from tests.work_orders import a_registered_order, keep

AT = "/api/staff/v1/recordings"
NUMBER = "26112300001"


async def recorded(site: Site, **appeal: Any) -> None:
    """Have one call of four seconds recorded, with its order."""
    await keep(site.store, a_registered_order(NUMBER, appeal=an_appeal(**appeal)))
    await site.store.begin("c1", channel=ContactChannel.PHONE, call_id="x", at=NOW)
    await site.store.append("c1", 1, after(1), "Say", {"parts": ["您好，", "请讲。"]})
    await site.store.append(
        "c1", 2, after(3.5), "Said", {"text": "我的电话是13905390001", "raw": "", "since_seconds": 1.2}
    )
    await site.store.append(
        "c1", 3, after(3.9), "TalkSaid", {"who": "agent", "text": "记下了", "raw": "", "since_seconds": 0.4}
    )
    await site.store.finish(
        "c1", ConversationEnd(at=after(4), outcome="registered", article=None, work_order=NUMBER)
    )
    writer = RecordingWriter(site.recordings, Seal(SECRET).close)
    recorder = writer.begin("c1", "2026/11/23")
    assert recorder is not None
    for _ in range(200):
        recorder.heard(b"\x00\x10" * 160)
    writer.end(recorder)
    writer.close()
    rows = SqlRecordings(site.store.database)
    started = Recording("c1", "2026/11/23/c1.rec", NOW)
    await rows.begin(started)
    ended = replace(started, seconds=4.0, is_complete=True, digest=recorder.digest.hexdigest())
    await rows.end(ended)


async def looks(site: Site) -> list[tuple[str, str]]:
    async with site.store.database.engine.connect() as connection:
        rows = (await connection.execute(select(audit).where(audit.c.action == "looked"))).all()
    return [(row.actor, json.loads(row.detail)["why"]) for row in rows if row.subject == "c1"]


async def test_an_order_s_recordings_are_listed_heard_and_read(site: Site) -> None:
    await recorded(site)
    async with site.client(headers=STAFF) as http:
        (listed,) = (await http.get(f"{AT}/of-order/{NUMBER}")).json()
        sound = await http.get(f"{AT}/c1/sound")
        lines = (await http.get(f"{AT}/c1/transcript")).json()
    assert (listed["conversation"], listed["seconds"], listed["is_complete"], listed["is_locked"], listed["orders"]) == (
        "c1", 4.0, True, False, [NUMBER],
    )  # fmt: skip
    with wave.open(BytesIO(sound.content)) as file:
        assert (file.getnchannels(), file.getnframes() / file.getframerate()) == (2, 4.0)
    assert lines == [
        {"at_seconds": 1.0, "who": "hotline", "text": "您好，请讲。"},
        {"at_seconds": 2.3, "who": "citizen", "text": "我的电话是139******01"},
        {"at_seconds": 3.5, "who": "agent", "text": "记下了"},
    ]


async def test_a_player_may_seek(site: Site) -> None:
    await recorded(site)
    async with site.client(headers=STAFF) as http:
        whole = (await http.get(f"{AT}/c1/sound")).content
        middle = await http.get(f"{AT}/c1/sound", headers={"Range": "bytes=100-199"})
        rest = await http.get(f"{AT}/c1/sound", headers={"Range": f"bytes={len(whole) - 5}-"})
        last = await http.get(f"{AT}/c1/sound", headers={"Range": "bytes=-7"})
        beyond = await http.get(f"{AT}/c1/sound", headers={"Range": f"bytes={len(whole)}-"})
    assert (middle.status_code, middle.content, middle.headers["content-range"]) == (
        206, whole[100:200], f"bytes 100-199/{len(whole)}",
    )  # fmt: skip
    assert (rest.content, last.content) == (whole[-5:], whole[-7:])
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


async def test_every_look_is_written_down(site: Site) -> None:
    await recorded(site)
    async with site.client(headers=STAFF) as http:
        await http.get(f"{AT}/c1/sound")
        await http.get(f"{AT}/c1/transcript")
    assert [why for _, why in await looks(site)] == ["recording", "recording transcript"]


async def test_a_confidential_order_s_recording_needs_a_reason_and_a_second_person(site: Site) -> None:
    await recorded(site, secrecy=Secrecy.CONFIDENTIAL)
    given = {"by": "1024", "approver": "r-1", "reason": "核实举报事项"}
    async with site.client(headers=STAFF) as http:
        locked = await http.get(f"{AT}/c1/sound")
        words = await http.get(f"{AT}/c1/transcript")
        alone = await http.post(f"{AT}/c1/sound", json={**given, "approver": "1024"})
        heard = await http.post(f"{AT}/c1/sound", json=given)
        about = (await http.get(f"{AT}/c1")).json()
    assert (locked.status_code, locked.json()["code"], words.status_code) == (403, "recording.locked", 403)
    assert (alone.status_code, heard.status_code, about["is_locked"]) == (422, 200, True)
    assert heard.content.startswith(b"RIFF")
    (look,) = await looks(site)
    assert "核实举报事项" in look[1]
    assert "r-1" in look[1]


async def test_strangers_hear_nothing_and_what_is_not_there_is_said_so(site: Site) -> None:
    await recorded(site)
    async with site.client() as http:
        assert (await http.get(f"{AT}/c1/sound")).status_code == 401
    async with site.client(
        cookies={"staff": TOKEN}
    ) as page:  # the token is for programs: no browser keeps it
        assert (await page.get(f"{AT}/c1/sound")).status_code == 401
    async with site.client(headers=STAFF) as http:
        unknown = await http.get(f"{AT}/c9/sound")
        next(site.recordings.rglob("c1.rec")).unlink()
        gone = await http.get(f"{AT}/c1/sound")
    assert [(each.status_code, each.json()["code"]) for each in (unknown, gone)] == [
        (404, "recording.missing")
    ] * 2


class SilentLine:
    """A line that takes a tap."""

    def record(self, tap: Any) -> None:
        self.tap = tap


@pytest.fixture
def settings(site: Site) -> Settings:
    return Settings(data_dir=site.recordings.parent / "data", recordings_dir=site.recordings)


async def test_a_call_in_which_a_state_secret_may_have_been_said_leaves_no_recording(
    site: Site, settings: Settings
) -> None:
    recordings, line = Recordings(settings, site.store), SilentLine()
    book = BookWithoutSecrets(site.store, recordings)
    await book.begin("c7", channel=ContactChannel.PHONE, call_id="y", at=NOW)
    await recordings.begin("c7", line, NOW)  # type: ignore[arg-type]  # all of a line that is needed
    for _ in range(150):
        line.tap.heard(bytes(320))
    await book.conceal("c7", at=NOW)
    await recordings.end("c7")
    await recordings.close()
    assert list(site.recordings.rglob("*.rec")) == []
    assert await SqlRecordings(site.store.database).get("c7") is None


async def test_a_call_is_recorded_from_begin_to_end_and_its_length_kept(
    site: Site, settings: Settings
) -> None:
    recordings, line = Recordings(settings, site.store), SilentLine()
    await recordings.begin("c8", line, NOW)  # type: ignore[arg-type]  # all of a line that is needed
    for _ in range(150):
        line.tap.heard(bytes(320))
    await recordings.end("c8")
    await recordings.close()
    found = await SqlRecordings(site.store.database).get("c8")
    assert found is not None
    assert (found.seconds, found.is_complete, found.path) == (3.0, True, "2026/11/23/c8.rec")


@pytest.mark.parametrize("is_back", ["at the end", "later"])
async def test_a_call_that_began_without_the_database_is_found_once_it_is_back(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch, is_back: str
) -> None:
    recordings, line = Recordings(settings, site.store), SilentLine()
    with monkeypatch.context() as away:
        away.setattr(site.store.database, "writing", _away)
        await recordings.begin("c10", line, NOW)  # type: ignore[arg-type]  # all of a line that is needed
        for _ in range(150):
            line.tap.heard(bytes(320))
        await asyncio.sleep(0)  # the beginning is lost
        if is_back == "later":
            await recordings.end("c10")
    await recordings.end("c10")
    await recordings.close()
    found = await SqlRecordings(site.store.database).get("c10")
    assert found is not None
    assert (found.seconds, found.is_complete, found.path, found.started_at) == (
        3.0, True, "2026/11/23/c10.rec", NOW,
    )  # fmt: skip


def _away() -> None:
    raise StoreUnavailableError("away")


async def test_without_a_database_a_call_is_recorded_all_the_same(site: Site, settings: Settings) -> None:
    recordings, line = Recordings(settings, site.store), SilentLine()
    await site.store.close()
    await recordings.begin("c9", line, NOW)  # type: ignore[arg-type]  # all of a line that is needed
    line.tap.heard(bytes(320))
    await recordings.end("c9")
    await recordings.close()
    assert [path.name for path in site.recordings.rglob("*.rec")] == ["c9.rec"]
