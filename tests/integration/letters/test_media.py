"""Voice messages, pictures and where they were taken: shown before anything is recorded, kept with the order, every look noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select

from app.evidence_interface import EvidenceInterface
from app.faults import status_of
from app.programs import Programs
from app.web_parts import WebParts
from asr.engines.fallback import FallbackRecognizer
from asr.engines.scripted import ScriptedRecognizer
from chat.wechat.letters import LetterMaker
from hotline.domain.appeal import ContactChannel, Datum, Position, Secrecy
from hotline.domain.deeds import AddFacts
from hotline.domain.errors import EngineUnavailableError, HotlineError
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.service.voice_messages import VoiceMessages
from hotline.store.access_keys import SqlAccessKeys
from hotline.store.sql import SqlStore
from hotline.store.tables import audit
from hotline.store.work_order_store import Change
from tests.integration.web.conftest import STAFF, TOKEN, WORDS
from tests.letter_office import CITY, COMPLAINT, CONFIRM, NOTICE, SEAL, VAGUE, Office, office_for
from tests.media import a_photo, a_sound
from tests.wechat import APP_ID, WeChatServer

LI = "o-li"
ASKED = "请问具体在什么位置？请写明区县、街道和小区或者路名。"


class DownRecognizer:
    name, accepts, is_streaming = "down", WIDE_BAND, False

    async def recognize(
        self, audio: AsyncIterator[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        raise EngineUnavailableError("down")
        yield

    async def close(self) -> None:
        pass


class LateRecognizer(DownRecognizer):
    accepts: AudioFormat = WIDE_BAND

    async def recognize(
        self, audio: AsyncIterator[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        await asyncio.Event().wait()
        yield


def hearing(*texts: str) -> VoiceMessages:
    recognizer = ScriptedRecognizer(texts)

    async def opened() -> ScriptedRecognizer:
        return recognizer

    return VoiceMessages(opened)


async def speak(wechat: WeChatServer, sound: bytes | None = None, **more: str) -> str | None:
    wechat.media["v1"] = ("audio/amr", a_sound() if sound is None else sound)
    return await wechat.tell(LI, MsgType="voice", MediaId="v1", Format="amr", **more)


async def show(wechat: WeChatServer, photo: bytes) -> str | None:
    name = f"p{len(wechat.media)}"
    wechat.media[name] = ("image/jpeg", photo)
    return await wechat.tell(LI, MsgType="image", MediaId=name, PicUrl="http://x")


def heard(text: str) -> str:
    return f"您说的是：“{text}”。没错请回复“对”；不对的话，请直接写出正确的内容，或者重新说一遍。核对以前不会登记。"


# --- voice -------------------------------------------------------------------------------------------------------


async def test_what_was_heard_is_shown_and_recorded_only_when_it_is_right(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, voices=hearing(COMPLAINT)) as office:
        assert await speak(wechat) == NOTICE + heard(COMPLAINT)
        who = await office.letters.correspondent(WHO)
        assert who is not None
        assert "Said" not in [row["name"] for row in await store.read(who.conversation or "")]
        assert await wechat.write(LI, "对") == CONFIRM
        assert await wechat.write(LI, "对") is not None
        (order,) = await office.orders()
        assert order.appeal.text == COMPLAINT
        said = [row["body"] for row in await store.read(who.conversation or "") if row["name"] == "Said"]
        assert [(one["text"], one["engine"]) for one in said] == [(COMPLAINT, "voice"), ("对", "")]


WHO = LetterMaker(APP_ID, ContactChannel.WECHAT, {}, SEAL.fingerprint, str).correspondent(LI)


async def test_what_was_misheard_is_corrected_by_writing_or_by_speaking_again(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, voices=hearing("暖起不热", "暖七不热")) as office:
        await speak(wechat)
        assert await wechat.write(LI, "不对") == "好的，刚才的语音不作数。请写出您的问题，或者重新说一遍。"
        assert await speak(wechat) == heard("暖七不热")
        assert await wechat.write(LI, COMPLAINT) == CONFIRM
        await wechat.write(LI, "对")
        (order,) = await office.orders()
        assert order.appeal.text == COMPLAINT


async def test_a_spoken_yes_to_a_question_is_taken(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, voices=hearing("对")) as office:
        await wechat.write(LI, COMPLAINT)
        told = await speak(wechat)
        assert told is not None
        assert told.startswith("您说的是：“对”。\n已受理，工单编号")
        assert len(await office.orders()) == 1


async def test_a_spoken_emergency_waits_for_nobody(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, voices=hearing("着火了快来人")):
        told = await speak(wechat)
        assert told is not None
        assert "请立即拨打119" in told


async def test_a_secret_that_was_spoken_is_not_said_back_and_leaves_nothing(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, voices=hearing("我这里有涉密文件")) as office:
        told = await speak(wechat)
        assert told is not None
        assert "涉密文件" not in told
        assert "请不要在热线里说" in told
        await office.correspondence.settled()
        (record,) = await store.recent()
        assert await store.read(record.conversation) == []


@pytest.mark.parametrize("recognizer", [DownRecognizer(), LateRecognizer()])
async def test_without_a_recogniser_the_citizen_is_asked_to_write(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, recognizer: DownRecognizer
) -> None:
    async def opened() -> FallbackRecognizer:
        return FallbackRecognizer(recognizer, late_seconds=0.2)  # type: ignore[arg-type]

    voices = VoiceMessages(opened, deadline_seconds=2.0)
    async with office_for(wechat, store, tmp_path, voices=voices):
        assert await speak(wechat) == NOTICE + "抱歉，现在暂时不能听语音，请把内容写成文字发给我。"
        assert await speak(wechat, Recognition=COMPLAINT) == heard(COMPLAINT)  # what WeChat itself heard


async def test_a_voice_that_cannot_be_fetched_or_is_none_is_said_so(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, voices=hearing("")):
        assert await wechat.tell(LI, MsgType="voice", MediaId="gone", Format="amr") == (
            NOTICE + "抱歉，现在暂时不能听语音，请把内容写成文字发给我。"
        )
        assert await speak(wechat, b"not a sound") == "抱歉，这段语音没有听清。请重新说一遍，或者写成文字。"
        assert await speak(wechat) == "抱歉，这段语音没有听清。请重新说一遍，或者写成文字。"


# --- pictures ----------------------------------------------------------------------------------------------------


async def test_a_picture_goes_with_the_order_that_is_being_taken_down(
    office: Office, wechat: WeChatServer
) -> None:
    await wechat.write(LI, VAGUE)
    told = await show(wechat, a_photo())
    assert told == "收到第1份图片材料，会和您的诉求一起转给承办单位。请接着回答上面的问题。"
    await wechat.write(LI, "银雀山街道")
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    (item,) = await office.evidence.of_order(order.number)
    assert (item.kind, item.work_order) == ("image/jpeg", order.number)
    sealed = (office.folder / "evidence" / item.path).read_bytes()
    assert b"\xff\xd8" not in sealed[:64]
    assert office.evidence.read(item).startswith(b"\xff\xd8")


async def test_a_picture_sent_afterwards_is_added_and_the_unit_is_told(
    office: Office, wechat: WeChatServer
) -> None:
    await wechat.write(LI, COMPLAINT)
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert await show(wechat, a_photo()) == f"材料已经附到工单{order.number}，承办单位可以看到。"
    assert len(await office.evidence.of_order(order.number)) == 1
    assert (await office.store.get(order.number)).last(AddFacts) == AddFacts("诉求人补充了图片材料。")


async def test_a_picture_that_comes_first_is_kept_and_the_matter_asked_for(
    office: Office, wechat: WeChatServer
) -> None:
    assert await show(wechat, a_photo()) == (
        NOTICE + "收到第1份图片材料。请再写一下是什么事情、在什么位置，我给您登记。"
    )
    await wechat.write(LI, COMPLAINT)
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert len(await office.evidence.of_order(order.number)) == 1


async def test_where_a_photo_was_taken_is_offered_and_used_only_if_wished(
    office: Office, wechat: WeChatServer
) -> None:
    await wechat.write(LI, VAGUE)
    told = await show(wechat, a_photo(gps=(35.0519, 118.3421)))
    assert told is not None
    assert "照片里记有拍摄位置（纬度35.05190，经度118.34210）" in told
    assert await wechat.write(LI, "是") == "请问是在哪个区县？比如兰山区、费县。"
    await wechat.write(LI, "银雀山街道")
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert order.appeal.place is not None
    assert order.appeal.place.street == "银雀山街道"
    assert order.appeal.place.position == Position(35.0519, 118.3421, Datum.WGS84)


async def test_a_place_that_is_not_wished_is_nowhere(office: Office, wechat: WeChatServer) -> None:
    await wechat.write(LI, COMPLAINT)
    await show(wechat, a_photo(gps=(35.0519, 118.3421)))
    told = await wechat.write(LI, "不用")
    assert told == "好的，不使用照片里的位置。请接着回答上面的问题，或者写一下是什么事情、在什么位置。"
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert order.appeal.place is not None
    assert order.appeal.place.position is None
    (item,) = await office.evidence.of_order(order.number)
    assert b"GPS" not in office.evidence.read(item)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (a_sound(), "抱歉，这个文件打不开，请发照片或者PDF文件。"),
        (a_photo() + bytes(12 * 1024 * 1024), "抱歉，这个文件太大了，请发12兆以内的照片。"),
        (b"", "抱歉，刚才的图片没有收到，请过一会儿再发一次。"),
    ],
)
async def test_what_is_not_kept_is_said_so(
    office: Office, wechat: WeChatServer, body: bytes, told: str
) -> None:
    await wechat.write(LI, VAGUE)
    if len(body) > 12 * 1024 * 1024:  # more than WeChat itself takes; the limit is for other doors, too
        told = "抱歉，刚才的图片没有收到，请过一会儿再发一次。"
    assert await show(wechat, body) == told
    assert not (office.folder / "evidence").exists()


async def test_so_many_pictures_and_no_more(office: Office, wechat: WeChatServer) -> None:
    await wechat.write(LI, VAGUE)
    told = [await show(wechat, a_photo()) for _ in range(4)]
    assert told[2] == "收到第3份图片材料，会和您的诉求一起转给承办单位。请接着回答上面的问题。"
    assert told[3] == "抱歉，一件事的图片材料已经满了，这一份没有收下。"


# --- who may look ------------------------------------------------------------------------------------------------


async def _site(office: Office) -> tuple[httpx.AsyncClient, str]:
    app = FastAPI()
    keys = SqlAccessKeys(office.store.database, SEAL)
    given: dict[str, object] = dict.fromkeys(
        (
            "casework",
            "registration",
            "screening",
            "answers",
            "search",
            "confidential",
            "contests",
            "facts",
            "place",
        )
    )
    programs = Programs(keys=keys, words={}, **given)  # type: ignore[arg-type]
    parts = WebParts(
        city=CITY, records=office.store, chat=None, words=WORDS, staff_token=TOKEN, clock=office.clock,  # type: ignore[arg-type]
        registry=None,  # type: ignore[arg-type]
    )  # fmt: skip
    EvidenceInterface(parts, office.evidence, programs).add_to(app)

    @app.exception_handler(HotlineError)
    async def known(_: Request, error: HotlineError) -> Response:
        return JSONResponse({"code": error.code}, status_code=status_of(error))

    key = await keys.add("unit:county-371302", by="test", at=office.clock())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site"), key


async def test_staff_and_the_orders_unit_see_a_picture_and_every_look_is_noted(
    office: Office, wechat: WeChatServer
) -> None:
    await wechat.write(LI, COMPLAINT)
    await show(wechat, a_photo())
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    client, key = await _site(office)
    unit = {"Authorization": f"Bearer {key}"}
    async with client:
        (listed,) = (
            await client.get(f"/api/staff/v1/evidence/of-order/{order.number}", headers=STAFF)
        ).json()
        one = f"/api/staff/v1/evidence/{listed['id']}"
        assert (await client.get(one)).status_code == 401
        shown = await client.get(one, headers=STAFF)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
        theirs = f"/api/unit/v1/orders/{order.number}/evidence"
        assert (await client.get(theirs, headers=unit)).json() == [listed]
        assert (await client.get(f"{theirs}/{listed['id']}", headers=unit)).content == shown.content
        assert (await client.get(f"{theirs}/{'0' * 32}", headers=unit)).status_code == 404
        assert (await client.get("/api/unit/v1/orders/26112399999/evidence", headers=unit)).status_code == 404
    looks = [(row.actor, row.detail) for row in await _audited(office, listed["id"])]
    assert looks == [("staff", '{"why": "evidence"}'), ("unit:county-371302", '{"why": "evidence"}')]


async def test_a_confidential_orders_pictures_are_locked(office: Office, wechat: WeChatServer) -> None:
    await wechat.write(LI, COMPLAINT)
    await show(wechat, a_photo())
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    secret = replace(
        order, appeal=replace(order.appeal, secrecy=Secrecy.CONFIDENTIAL), revision=order.revision + 1
    )
    await office.store.commit(Change(secret, expected=order.revision), at=office.clock())
    client, key = await _site(office)
    async with client:
        (listed,) = (
            await client.get(f"/api/staff/v1/evidence/of-order/{order.number}", headers=STAFF)
        ).json()
        assert listed["is_locked"]
        one = f"/api/staff/v1/evidence/{listed['id']}"
        refused = await client.get(one, headers=STAFF)
        assert (refused.status_code, refused.json()) == (403, {"code": "evidence.locked"})
        theirs = f"/api/unit/v1/orders/{order.number}/evidence/{listed['id']}"
        assert (await client.get(theirs, headers={"Authorization": f"Bearer {key}"})).status_code == 403
        reason = {"reason": "核实现场", "by": "1001", "approver": "2001"}
        opened = await client.post(one, headers=STAFF, json=reason)
        assert opened.status_code == 200
    (look,) = await _audited(office, listed["id"])
    assert "evidence unlocked: 核实现场" in look.detail


async def _audited(office: Office, subject: str) -> list[object]:
    async with office.store.database.reading() as connection:
        rows = await connection.execute(select(audit).where(audit.c.subject == subject))
        return list(rows.all())
