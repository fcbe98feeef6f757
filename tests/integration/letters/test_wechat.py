"""A citizen writes by WeChat: every kind of message and event, from WeChat's servers to the order and back."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.domain.appeal import ContactChannel, Datum, Position
from hotline.domain.knowledge import Attachment
from hotline.domain.outbox import MessageState
from hotline.store.sql import SqlStore
from hotline.store.tables import letters
from tests.letter_office import (
    ANSWERED,
    COMPLAINT,
    CONFIRM,
    NOTICE,
    QUESTION,
    VAGUE,
    ByHeart,
    Clock,
    Office,
    office_for,
)
from tests.wechat import ACCOUNT, AES_KEY, APP_ID, SECRET, TOKEN, WeChatServer, sha1, wechat_server, xml_of

LI = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"


async def test_a_question_is_answered_in_the_answer_to_wechats_own_call(
    office: Office, wechat: WeChatServer
) -> None:
    assert await wechat.write(LI, QUESTION) == NOTICE + ANSWERED
    await office.correspondence.look()
    assert await office.deliver() == 0
    assert wechat.citizens[LI].seen == [NOTICE + ANSWERED]


async def test_forms_of_an_answer_are_sent_as_links_of_the_hotlines_own_site(
    store: SqlStore, tmp_path: Path
) -> None:
    digest = "a" * 64
    forms = (Attachment("供暖申请表.docx", f"sha256:{digest}"), Attachment("旧表", "forms/old.pdf"))
    site = "https://12345.example.gov.cn"
    async with (
        wechat_server() as wechat,
        office_for(wechat, store, tmp_path, attachments=forms, public_address=site),
    ):
        assert await wechat.write(LI, QUESTION) == (
            f"{NOTICE}{ANSWERED}\n附件可以下载：\n供暖申请表.docx {site}/chat/articles/A0101-01/files/{digest}"
        )


async def test_a_complaint_becomes_an_order_over_several_letters(
    office: Office, wechat: WeChatServer
) -> None:
    assert await wechat.write(LI, COMPLAINT) == NOTICE + CONFIRM
    told = await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert told is not None
    assert told.startswith(f"已受理，工单编号{order.number}。承办单位是兰山区")
    assert order.appeal.text == COMPLAINT
    assert order.appeal.channel is ContactChannel.WECHAT
    assert await wechat.write(LI, "没有了") == "感谢您的信任，再见。"
    summary = await office.store.conversation(order.conversation)
    assert summary is not None
    assert (summary["channel"], summary["outcome"], summary["work_order"]) == (
        "wechat", "registered", order.number,
    )  # fmt: skip
    assert len(await office.store.recent()) == 1
    names = [row["name"] for row in await office.store.read(order.conversation)]
    assert names.count("Said") == 3


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
async def test_every_way_of_encryption_is_spoken(store: SqlStore, tmp_path: Path, mode: str) -> None:
    async with wechat_server(mode=mode) as wechat, office_for(wechat, store, tmp_path):
        assert await wechat.write(LI, QUESTION) == NOTICE + ANSWERED


async def test_a_mini_programme_speaks_json_and_is_answered_afterwards(
    store: SqlStore, tmp_path: Path
) -> None:
    app = "wx00000000000000aa"
    async with (
        wechat_server(is_json=True, app_id=app) as wechat,
        office_for(
            wechat, store, tmp_path, wechat_app_id="", mini_app_id=app, mini_app_secret="an-app-secret",
            mini_token="spamtest", mini_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        ) as office,
    ):  # fmt: skip
        await wechat.tell(LI, MsgType="event", Event="user_enter_tempsession", SessionFrom="home")
        assert await wechat.write(LI, QUESTION) is None
        await office.correspondence.settled()
        await office.deliver()
        assert wechat.citizens[LI].seen[-1] == NOTICE + ANSWERED
        assert wechat.citizens[LI].seen[0].startswith("您好，这里是临沂市12345")


async def test_who_follows_is_greeted_and_who_scans_a_known_code_by_its_words(
    office: Office, wechat: WeChatServer
) -> None:
    welcome = await wechat.tell(LI, MsgType="event", Event="subscribe")
    assert welcome is not None
    assert welcome.startswith("您好，这里是临沂市12345政务服务便民热线，我是智能助手。")
    hall = "您好，这里是临沂市12345政务服务便民热线。您在政务服务大厅遇到的问题，"
    for event in ({"Event": "subscribe", "EventKey": "qrscene_hall"}, {"Event": "SCAN", "EventKey": "hall"}):
        told = await wechat.tell(LI, MsgType="event", **event)
        assert told is not None
        assert told.startswith(hall)
    assert await office.store.recent() == []


async def test_a_menu_entry_stands_for_words(office: Office, wechat: WeChatServer) -> None:
    del office
    told = await wechat.tell(LI, MsgType="event", Event="CLICK", EventKey="says4")
    assert told == NOTICE + "没有查到可以直接告知的工单。请输入工单编号，一共11位数字。"
    assert await wechat.tell(LI, MsgType="event", Event="CLICK", EventKey="gone") is None


async def test_who_asks_is_told_of_their_own_orders_and_of_nobody_elses(
    office: Office, wechat: WeChatServer
) -> None:
    for text in (COMPLAINT, "对", "没有了"):
        await wechat.write(LI, text)
    (order,) = await office.orders()
    told = await wechat.tell(LI, MsgType="event", Event="CLICK", EventKey="says4")
    assert told is not None
    assert told.splitlines()[1].startswith(f"{order.number} 供暖，待签收，办理期限")
    other = await wechat.tell("o-another", MsgType="event", Event="CLICK", EventKey="says4")
    assert other is not None
    assert order.number not in other


@pytest.mark.parametrize(
    "fields",
    [
        {"Event": "VIEW", "EventKey": "https://example.cn"},
        {"Event": "LOCATION", "Latitude": 35.05, "Longitude": 118.35, "Precision": 20},
        {"Event": "TEMPLATESENDJOBFINISH", "MsgID": 1, "Status": "success"},
        {"Event": "pic_sysphoto", "EventKey": "k"},
    ],
)
async def test_an_event_that_asks_nothing_is_only_acknowledged(
    office: Office, wechat: WeChatServer, fields: dict[str, Any]
) -> None:
    assert await wechat.tell(LI, MsgType="event", **fields) is None
    assert wechat.citizens[LI].faults == 0
    assert await office.letters.waiting(office.clock()) == []


@pytest.mark.parametrize("kind", ["video", "shortvideo", "miniprogrampage"])
async def test_what_cannot_be_read_is_answered_politely(
    office: Office, wechat: WeChatServer, kind: str
) -> None:
    del office
    assert await wechat.tell(LI, MsgType=kind, MediaId="m") == (
        "抱歉，我看不了这种消息。请用文字、语音、图片或者位置告诉我。"
    )


async def test_a_link_is_read_by_its_title(office: Office, wechat: WeChatServer) -> None:
    await wechat.tell(LI, MsgType="link", Title=COMPLAINT, Description="", Url="http://x")
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert order.appeal.text == COMPLAINT


async def test_a_location_fills_the_place_and_its_point_is_kept(office: Office, wechat: WeChatServer) -> None:
    assert await wechat.write(LI, VAGUE) == NOTICE + "请问具体在什么位置？请写明区县、街道和小区或者路名。"
    label = "山东省临沂市兰山区银雀山街道沂蒙路100号"
    told = await wechat.tell(
        LI, MsgType="location", Location_X=35.05, Location_Y=118.35, Scale=16, Label=label
    )
    assert told == CONFIRM
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert order.appeal.place is not None
    assert order.appeal.place.street == "银雀山街道"
    assert order.appeal.place.position == Position(35.05, 118.35, Datum.GCJ02)


async def test_a_location_that_comes_first_is_kept_for_the_matter(
    office: Office, wechat: WeChatServer
) -> None:
    told = await wechat.tell(
        LI, MsgType="location", Location_X=35.05, Location_Y=118.35, Scale=16, Label="银雀山街道"
    )
    assert told == NOTICE + "位置收到了：兰山区银雀山街道。请写一下是什么事情。"
    assert await wechat.write(LI, VAGUE) == CONFIRM
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    assert order.appeal.place is not None
    assert order.appeal.place.position == Position(35.05, 118.35, Datum.GCJ02)


async def test_who_unfollows_in_mid_conversation_leaves_what_they_had_begun(
    office: Office, wechat: WeChatServer
) -> None:
    await wechat.write(LI, COMPLAINT)
    assert await wechat.tell(LI, MsgType="event", Event="unsubscribe") is None
    await office.correspondence.settled()
    (kept,) = await office.store.recent()
    assert kept.appeal.text == COMPLAINT
    assert not kept.appeal.is_confirmed


async def test_who_says_nothing_more_is_told_what_was_registered_for_them(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    clock = Clock()
    async with office_for(wechat, store, tmp_path, clock=clock, wechat_window_seconds=3600) as office:
        await wechat.write(LI, COMPLAINT)
        await office.handed_over()
        assert await office.correspondence.look() == 0
        clock.ahead = timedelta(minutes=31)
        await office.correspondence.look()
        await office.correspondence.settled()
        (kept,) = await office.store.recent()
        await office.deliver()
        assert wechat.citizens[LI].seen[1:] == [
            f"您还没有核对，您说的情况我们先登记下来了，工单编号{kept.number}，工作人员会联系您核对。"
        ]
        clock.ahead = timedelta(minutes=90)
        assert await office.correspondence.look() == 0
        assert len(await office.store.recent()) == 1


async def test_an_answered_question_ends_without_a_word_and_leaves_a_record(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    clock = Clock()
    async with office_for(wechat, store, tmp_path, clock=clock) as office:
        await wechat.write(LI, QUESTION)
        await office.handed_over()
        clock.ahead = timedelta(minutes=31)
        await office.correspondence.look()
        await office.correspondence.settled()
        assert await office.deliver() == 0
        assert wechat.citizens[LI].seen == [NOTICE + ANSWERED]
        (record,) = await office.store.recent()
        assert record.article == "A0101-01"


async def test_an_emergency_is_told_at_once(office: Office, wechat: WeChatServer) -> None:
    del office
    told = await wechat.write(LI, "着火了快来人")
    assert told is not None
    assert "请立即拨打119" in told


async def test_a_state_secret_leaves_nothing_but_that_it_came(office: Office, wechat: WeChatServer) -> None:
    told = await wechat.write(LI, "我要反映涉密文件的事，这是国家秘密")
    assert told is not None
    assert "国家秘密" in told
    await office.correspondence.settled()
    (record,) = await office.store.recent()
    assert await office.store.read(record.conversation) == []
    async with office.store.database.reading() as connection:
        (row,) = (await connection.execute(select(letters))).all()
    assert "涉密" not in office.letters._letter(row).content.text  # type: ignore[union-attr]


async def test_what_was_answered_in_a_conversation_that_holds_a_secret_is_deleted_with_it(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    slow = ByHeart()
    slow.delay = 0.6
    async with office_for(wechat, store, tmp_path, understander=slow, wait_seconds=0.05) as office:
        assert await wechat.write(LI, QUESTION) is None
        await office.correspondence.settled()
        (sent,) = await office.outbox.in_state(MessageState.PENDING)
        assert sent.message.body["text"] == NOTICE + ANSWERED
        await wechat.write(LI, "我要反映涉密文件的事")
        await office.correspondence.settled()
        left = await office.outbox.written(sent.message.destination, sent.message.subject)
        assert [each.message.body["text"] for each in left if ANSWERED in each.message.body["text"]] == []
        await office.deliver()
        assert NOTICE + ANSWERED not in wechat.citizens[LI].seen


# --- the door ----------------------------------------------------------------------------------------------------


async def test_the_address_is_verified_as_wechat_asks(office: Office, wechat: WeChatServer) -> None:
    timestamp = str(int(time.time()))
    query = {"timestamp": timestamp, "nonce": "1", "echostr": "shr5ch"}
    good = {**query, "signature": sha1("spamtest", timestamp, "1")}
    response = await office.client.get(wechat.callback, params=good)
    assert (response.status_code, response.text) == (200, "shr5ch")
    bad = await office.client.get(wechat.callback, params={**query, "signature": "0" * 40})
    assert (bad.status_code, bad.text) == (403, "")
    assert office.refused == ["signature"]


def _changed(call: dict[str, Any], **params: str) -> dict[str, Any]:
    return {**call, "params": {**call["params"], **params}}


async def test_what_is_not_from_wechat_is_refused_and_leaves_nothing(
    office: Office, wechat: WeChatServer
) -> None:
    message = wechat.message(LI, MsgType="text", Content=COMPLAINT)
    old = str(int(time.time()) - 3_600)
    plain = xml_of(message).encode()
    calls = {
        "signature": _changed(wechat.call(message), msg_signature="0" * 40),
        "signature ": _changed(wechat.call(message), nonce="x"),
        "stale": wechat.call(message, timestamp=old),
        "stale ": wechat.call(message, timestamp=str(int(time.time()) + 3_600)),
        "wrong_app": wechat.call(message, app_id="wx0000000000000000"),
        "not_encrypted": {**_changed(wechat.call(message), encrypt_type="raw"), "content": plain},
        "not_encrypted ": {**wechat.call(message), "content": plain},
        "malformed": {**wechat.call(message), "content": b"<xml><Encrypt>"},
        "too_large": {**wechat.call(message), "content": b"<xml>" + b" " * 70_000},
    }
    for reason, call in calls.items():
        response = await office.client.post(**call)
        assert response.status_code in (400, 403, 413)
        assert response.text == ""
        assert office.refused[-1] == reason.strip()
    assert await office.store.recent() == []
    assert await office.letters.waiting(office.clock()) == []


async def test_a_captured_address_brings_no_other_body(store: SqlStore, tmp_path: Path) -> None:
    async with wechat_server(mode="plain") as wechat, office_for(wechat, store, tmp_path) as office:
        call = wechat.call(wechat.message(LI, MsgType="text", Content=QUESTION))
        assert (await office.client.post(**call)).status_code == 200
        forged = xml_of(wechat.message("another", MsgType="text", Content=COMPLAINT)).encode()
        response = await office.client.post(**{**call, "content": forged})
        assert (response.status_code, office.refused) == (403, ["replayed"])
        again = [(await office.client.post(**call)).status_code for _ in range(4)]
        assert again == [200, 200, 200, 403]
        assert len(await office.letters.waiting(office.clock())) == 0


async def test_an_account_of_another_name_is_answered_as_it_was_called(
    office: Office, wechat: WeChatServer
) -> None:
    del office
    assert ACCOUNT == "gh_10f6c3c3ac5a"
    assert await wechat.write(LI, "你好") is not None


@pytest.mark.parametrize("is_json", [False, True])
async def test_three_hundred_damaged_calls_are_refused_or_taken_and_never_a_fault(
    store: SqlStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_json: bool
) -> None:
    """Bytes changed, cut, doubled; parameters lost and changed; in all three modes. What is refused is not in the log."""
    dice = random.Random(7)
    secret = "绝不能进日志的话"
    for mode in ("plain", "compatible", "safe"):
        keys = {
            "mini_app_id": APP_ID, "mini_app_secret": SECRET, "mini_token": TOKEN, "mini_aes_key": AES_KEY, "mini_mode": mode,
        }  # fmt: skip
        async with (
            wechat_server(mode=mode, is_json=is_json) as wechat,
            office_for(wechat, store, tmp_path, **keys) as office,
        ):
            for number in range(50):
                message = wechat.message(f"o-{mode}-{number}", MsgType="text", Content=secret)
                call = wechat.call(message)
                response = await office.client.post(
                    wechat.callback,
                    params=_damaged_query(call["params"], dice),
                    content=_damaged(call["content"], dice),
                )
                assert response.status_code in (200, 400, 403, 413)
                assert "Traceback" not in response.text
            assert len(office.refused) > 20
    assert secret not in capsys.readouterr().out


def _damaged(body: bytes, dice: random.Random) -> bytes:
    kind, at = dice.randrange(6), dice.randrange(len(body))
    if kind == 0:
        return body[:at]
    if kind == 1:
        return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]
    if kind == 2:
        return body[:at] + body[at // 2 :]
    if kind == 3:
        return b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + body
    if kind == 4:
        return dice.randbytes(at)
    return body


def _damaged_query(query: dict[str, str], dice: random.Random) -> dict[str, str]:
    kind, name = dice.randrange(5), dice.choice(sorted(query))
    if kind == 0:
        return {key: value for key, value in query.items() if key != name}
    if kind == 1:
        return {
            **query,
            name: dice.choice(["", "0", "-1", "x" * 5_000, "١٢٣", "\x00", "1e9", query[name] + "0"]),
        }
    return query
