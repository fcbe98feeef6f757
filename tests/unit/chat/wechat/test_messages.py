"""All kinds of messages and events, from XML and from JSON; whatever else comes is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.wechat.messages import (
    MOST_BYTES,
    Entered,
    Incoming,
    LinkSent,
    LocationSent,
    MenuClicked,
    Notified,
    NotTaken,
    PictureSent,
    Scanned,
    Subscribed,
    TextSent,
    Unsubscribed,
    VoiceSent,
    fields_of,
    incoming,
)
from chat.wechat.refusals import Refusal, WeChatRefusedError
from tests.wechat import ACCOUNT, xml_of

HEAD = {"ToUserName": ACCOUNT, "FromUserName": "oyORnuP8", "CreateTime": 1409735668}
EVENT = {**HEAD, "MsgType": "event"}


def read(fields: dict[str, Any], *, as_json: bool = False) -> Incoming:
    body = json.dumps(fields) if as_json else xml_of(fields)
    return incoming(fields_of(body.encode()))


def refusal(body: bytes) -> Refusal:
    with pytest.raises(WeChatRefusedError) as caught:
        incoming(fields_of(body))
    return caught.value.reason


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"MsgType": "text", "Content": " 暖气不热 "}, TextSent("暖气不热")),
        ({"MsgType": "voice", "MediaId": "m1", "Format": "amr"}, VoiceSent("m1")),
        ({"MsgType": "voice", "MediaId": "m1", "Recognition": "暖气不热"}, VoiceSent("m1", "暖气不热")),
        ({"MsgType": "image", "PicUrl": "http://x", "MediaId": "m2"}, PictureSent("m2")),
        (
            {
                "MsgType": "location",
                "Location_X": 35.05,
                "Location_Y": 118.35,
                "Scale": 20,
                "Label": "兰山区",
            },
            LocationSent(35.05, 118.35, "兰山区"),
        ),
        (
            {"MsgType": "link", "Title": "通知", "Description": "停水", "Url": "http://x"},
            LinkSent("通知", "停水", "http://x"),
        ),
        ({"MsgType": "video", "MediaId": "m", "ThumbMediaId": "t"}, NotTaken("video")),
        ({"MsgType": "shortvideo", "MediaId": "m", "ThumbMediaId": "t"}, NotTaken("shortvideo")),
        ({"MsgType": "miniprogrampage", "Title": "t"}, NotTaken("miniprogrampage")),
    ],
)
def test_every_kind_of_message_is_told_from_the_others(
    fields: dict[str, Any], what: object, *, as_json: bool
) -> None:
    found = read({**HEAD, **fields, "MsgId": 6054768590064713728}, as_json=as_json)
    assert (found.sender, found.account, found.at) == (
        "oyORnuP8", ACCOUNT, datetime.fromtimestamp(1409735668, UTC),
    )  # fmt: skip
    assert found.what == what


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Event": "subscribe"}, Subscribed("")),
        ({"Event": "subscribe", "EventKey": "qrscene_hall", "Ticket": "T"}, Subscribed("hall")),
        ({"Event": "SCAN", "EventKey": "hall", "Ticket": "T"}, Scanned("hall")),
        ({"Event": "unsubscribe"}, Unsubscribed()),
        ({"Event": "CLICK", "EventKey": "says1"}, MenuClicked("says1")),
        ({"Event": "VIEW", "EventKey": "https://example.cn"}, Notified("VIEW")),
        ({"Event": "LOCATION", "Latitude": 23.1, "Longitude": 113.3, "Precision": 119.3}, Notified("LOCATION")),
        ({"Event": "TEMPLATESENDJOBFINISH", "MsgID": 5, "Status": "success"},
         Notified("TEMPLATESENDJOBFINISH", "success")),
        ({"Event": "user_enter_tempsession", "SessionFrom": "x"}, Entered()),
        ({"Event": "something_new"}, Notified("something_new")),
    ],
)  # fmt: skip
def test_every_event_is_told_from_the_others(fields: dict[str, Any], what: object) -> None:
    assert read({**EVENT, **fields}).what == what


def test_a_message_is_known_again_by_its_number_whatever_else_differs() -> None:
    first = read({**HEAD, "MsgType": "text", "Content": "一", "MsgId": 7})
    again = read({**HEAD, "CreateTime": 1409735673, "MsgType": "text", "Content": "一", "MsgId": 7})
    other = read({**HEAD, "MsgType": "text", "Content": "一", "MsgId": 8})
    assert first.key == again.key != other.key
    assert "oyORnuP8" not in first.key


def test_an_event_is_known_again_by_who_when_and_what() -> None:
    keys = [
        read({**EVENT, **changes}).key
        for changes in (
            {"Event": "SCAN", "EventKey": "hall"},
            {"Event": "SCAN", "EventKey": "hall"},
            {"Event": "SCAN", "EventKey": "hall", "CreateTime": 1409735669},
            {"Event": "SCAN", "EventKey": "hall", "FromUserName": "other"},
            {"Event": "subscribe", "EventKey": "hall"},
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


BOMB = b'<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>'
STRANGER = (
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><FromUserName>&e;</FromUserName></xml>'
)
OUTSIDE = b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><xml><MsgType>text</MsgType></xml>'


@pytest.mark.parametrize(
    "body",
    [
        b"", b"success", b"<xml>", b"<xml></xml", b"\x00\xff", b"{", b"{}", b"[]", b'{"a": NaN', b"<html></html>",
        BOMB, STRANGER, OUTSIDE, b"<xml/>", b"<xml>" + b"<a/>" * 300 + b"</xml>",
        b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>", b'{"a":' + b"[" * 10_000,
        xml_of({**HEAD, "MsgType": "voice"}).encode(), xml_of({**HEAD, "MsgType": "image", "MediaId": "x" * 600}).encode(),
        xml_of({**HEAD, "MsgType": "location", "Location_X": "x", "Location_Y": "1"}).encode(),
        xml_of({**HEAD, "MsgType": "location", "Location_X": 95, "Location_Y": 1}).encode(),
        xml_of({**HEAD, "MsgType": "location", "Location_X": "nan", "Location_Y": 1}).encode(),
        xml_of({"MsgType": "text", "Content": "x", "CreateTime": 1}).encode(),
        xml_of({**HEAD, "CreateTime": "yesterday", "MsgType": "text"}).encode(),
        xml_of({**HEAD, "CreateTime": "999999999999", "MsgType": "text"}).encode(),
        xml_of({**HEAD, "CreateTime": "٣", "MsgType": "text"}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(body: bytes) -> None:
    assert refusal(body) is Refusal.MALFORMED


def test_what_is_too_large_is_refused_unread() -> None:
    assert refusal(b"<xml>" + b" " * MOST_BYTES + b"</xml>") is Refusal.TOO_LARGE


@given(st.binary(max_size=400))
def test_noise_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    assert refusal(noise) in (Refusal.MALFORMED, Refusal.TOO_LARGE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "MediaId", "Event", "EventKey",
     "Location_X", "Location_Y", "Label", "Encrypt"]
)  # fmt: skip
KINDS = st.sampled_from(["text", "voice", "image", "location", "link", "video", "event"])


@given(st.dictionaries(NAMES, VALUES), KINDS)
def test_any_json_is_a_message_or_refused(fields: dict[str, Any], kind: str) -> None:
    body = json.dumps({**HEAD, **fields, "MsgType": kind}).encode()
    with suppress(WeChatRefusedError):
        found = incoming(fields_of(body))
        assert found.key.startswith("wechat:")
        found.sender.encode()
