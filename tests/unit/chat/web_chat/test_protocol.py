"""The web chat's messages: what is taken, what is refused, and that nothing hostile comes through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.web_chat import protocol
from chat.web_chat.protocol import Bye, Hello, History, Ping, Seen, Text, Writing


def text(content: str) -> str:
    return json.dumps({"type": "text", "id": "1", "text": content}, ensure_ascii=False)


def a_text(content: str) -> Text:
    return Text(type="text", id="1", text=content)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ('{"type": "hello", "version": 2}', Hello(type="hello", version=2)),
        (
            '{"type": "hello", "version": 2, "session": "abc", "seen": 3}',
            Hello(type="hello", version=2, session="abc", seen=3),
        ),
        (text(" 暖气\n不热 "), a_text("暖气\n不热")),
        (text("a" * 10_000), a_text("a" * 10_000)),
        (json.dumps({"type": "text", "id": "1", "text": "热" * 10_000}), a_text("热" * 10_000)),
        (text("\u202e热不气暖\u2066"), a_text("热不气暖")),
        (text("<b>\x00\x1b[31m暖气</b>"), a_text("<b>[31m暖气</b>")),
        ('{"type": "writing", "is_on": true}', Writing(type="writing", is_on=True)),
        ('{"type": "seen", "number": 7}', Seen(type="seen", number=7)),
        ('{"type": "history", "before": 51}', History(type="history", before=51)),
        ('{"type": "ping"}', Ping(type="ping")),
        ('{"type": "bye"}', Bye(type="bye")),
    ],
)
def test_messages_of_version_2_are_taken(raw: str, message: protocol.Incoming) -> None:
    assert protocol.parse(raw) == message


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", "bad_message"),
        ("暖气不热", "bad_message"),
        ("[]", "bad_message"),
        ('{"type": "text"}', "bad_message"),
        ('{"type": "text", "text": "x"}', "bad_message"),
        ('{"type": "text", "id": "1", "text": 5}', "bad_message"),
        ('{"type": "text", "id": "一", "text": "x"}', "bad_message"),
        ('{"type": "text", "id": "1", "text": "x", "more": 1}', "bad_message"),
        ('{"type": "text", "id": "1", "text": "\\ud800"}', "bad_message"),
        ('{"type": "dance"}', "bad_message"),
        ('{"type": "hello", "version": 1}', "bad_message"),
        ('{"type": "history", "before": 0}', "bad_message"),
        ('{"type": "hello", "version": 2, "seen": -1}', "bad_message"),
        (text(" \n\t "), "bad_message"),
        (text("\x00\u202e"), "bad_message"),
        (text("a" * 10_001), "too_long"),
        ("[" * 50_000, "bad_message"),
    ],
)
def test_everything_else_is_refused(raw: str, fault: str) -> None:
    parsed = protocol.parse(raw)
    assert isinstance(parsed, protocol.Fault)
    assert parsed.code == fault


@given(st.text())
def test_no_text_breaks_the_parser(content: str) -> None:
    """Whatever is written comes back trimmed of what cannot be seen, or is refused."""
    try:
        content.encode()
    except UnicodeEncodeError:
        return
    parsed = protocol.parse(text(content))
    assert parsed == protocol.Fault("bad_message", "1") or (
        isinstance(parsed, Text) and protocol.readable(parsed.text) == parsed.text
    )


def test_the_page_is_told_which_message_was_refused() -> None:
    assert protocol.parse(text("a" * 10_001)) == protocol.Fault("too_long", "1")
    assert protocol.parse('{"type": "dance", "id": "7"}') == protocol.Fault("bad_message", "7")
    assert protocol.parse('{"type": "dance", "id": 7}') == protocol.Fault("bad_message")
