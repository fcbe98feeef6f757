"""Voices and pictures of a web chat: words to be corrected, evidence of the order, and nobody else's business."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.letter_words import load_letter_prompts
from app.rate_limit import RateLimit
from asr.engines.scripted import ScriptedRecognizer
from chat.web_chat.media import ChatMedia
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.service.evidence import Evidence
from hotline.service.voice_messages import VoiceMessages
from hotline.store.evidence import SqlEvidence
from hotline.store.sql import SqlStore
from tests.builders import NOW
from tests.letter_office import CITY, SEAL
from tests.media import a_photo, a_sound
from tests.work_orders import an_order, keep

SESSION = "a-session-that-nobody-guesses"


class Site:
    def __init__(self, store: SqlStore, folder: Path, *, a_minute: int = 100) -> None:
        self.evidence = SqlEvidence(store.database, SEAL, folder / "evidence")

        async def opened() -> ScriptedRecognizer:
            return ScriptedRecognizer(["我家暖气不热"])

        media = ChatMedia(
            store, load_letter_prompts(CITY), lambda: NOW, RateLimit(a_minute, lambda: NOW).allows,
            Evidence(self.evidence, most=2), VoiceMessages(opened), kept=self.evidence,
        )  # fmt: skip
        app = FastAPI()
        app.include_router(media.router())
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site")

    async def post(self, what: str, body: bytes, session: str = SESSION) -> tuple[int, dict[str, object]]:
        response = await self.client.post(f"/chat/{session}/{what}", content=body)
        return response.status_code, response.json()


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path) -> AsyncIterator[Site]:
    await store.begin(SESSION, channel=ContactChannel.WEB_CHAT, call_id="", at=NOW)
    site = Site(store, tmp_path)
    yield site
    await site.client.aclose()


@pytest.mark.parametrize(("container", "codec"), [("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac")])
async def test_what_was_said_comes_back_to_be_corrected(
    site: Site, store: SqlStore, container: str, codec: str
) -> None:
    assert await site.post("voice", a_sound(container, codec)) == (200, {"text": "我家暖气不热"})
    assert await store.read(SESSION) == []


async def test_a_picture_is_evidence_of_the_order_that_comes_of_the_chat(site: Site, store: SqlStore) -> None:
    status, answer = await site.post("picture", a_photo(gps=(35.05, 118.34)))
    evidence = answer.pop("evidence")
    assert (status, answer) == (
        200,
        {"count": 1, "place": {"latitude": 35.05, "longitude": 118.34, "datum": "wgs84"}},
    )
    await keep(store, an_order(conversation=SESSION))
    (item,) = await site.evidence.of_order("26112300001")
    assert list(await site.evidence.orders_of(item)) == ["26112300001"]
    assert await site.post("picture", a_photo(gps=(35.05, 118.34))) == (
        200,
        {**answer, "count": 1, "evidence": evidence},
    )  # the same again


async def test_a_picture_is_shown_again_to_its_own_chat_only(site: Site) -> None:
    _, answer = await site.post("picture", a_photo())
    shown = await site.client.get(f"/chat/{SESSION}/picture/{answer['evidence']}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.content.startswith(b"\xff\xd8")
    for session, evidence in (("a-session-of-somebody-else", answer["evidence"]), (SESSION, "0" * 32)):
        assert (await site.client.get(f"/chat/{session}/picture/{evidence}")).status_code == 404


async def test_what_is_no_sound_or_picture_is_refused_in_words(site: Site) -> None:
    assert (await site.post("voice", b"hello"))[1]["code"] == "voice.nothing"
    assert (await site.post("voice", bytes(5 * 1024 * 1024)))[0] == 413
    assert await site.post("picture", b"hello") == (
        422, {"code": "picture.not_one", "text": "抱歉，这个文件打不开，请发照片或者PDF文件。"},
    )  # fmt: skip
    for size in (61, 62):
        assert (await site.post("picture", a_photo(size=(size, size))))[0] == 200
    assert (await site.post("picture", a_photo(size=(63, 63))))[1]["code"] == "picture.many"


async def test_nobody_sends_to_a_chat_that_is_over_not_theirs_or_a_call(site: Site, store: SqlStore) -> None:
    await store.begin("a-telephone-call-of-somebody", channel=ContactChannel.PHONE, call_id="", at=NOW)
    end = ConversationEnd(at=NOW, outcome="answered", article=None, work_order=None)
    await store.finish(SESSION, end)
    for session in (SESSION, "a-session-that-is-not-there", "a-telephone-call-of-somebody"):
        assert (await site.post("picture", a_photo(), session))[0] == 404
    assert (await site.client.post("/chat/x/picture", content=b"x")).status_code == 422


async def test_who_sends_too_much_is_asked_to_wait(store: SqlStore, tmp_path: Path) -> None:
    await store.begin(SESSION, channel=ContactChannel.APP, call_id="", at=NOW)
    site = Site(store, tmp_path, a_minute=2)
    assert [(await site.post("voice", a_sound()))[0] for _ in range(3)] == [200, 200, 429]
    await site.client.aclose()
