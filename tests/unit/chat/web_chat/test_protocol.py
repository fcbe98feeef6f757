"""The web chat's messages: what is taken, what is refused, and that nothing hostile comes through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.web_chat import protocol
from chat.web_chat.protocol import Bye, Hello, Text


def text(content: str) -> str:
    return json.dumps({"type": "text", "text": content}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ('{"type": "hello", "version": 1}', Hello(type="hello", version=1)),
        (
            '{"type": "hello", "version": 1, "session": "abc", "seen": 3}',
            Hello(type="hello", version=1, session="abc", seen=3),
        ),
        (text(" 暖气\n不热 "), Text(type="text", text="暖气\n不热")),
        (text("a" * 10_000), Text(type="text", text="a" * 10_000)),
        (json.dumps({"type": "text", "text": "热" * 10_000}), Text(type="text", text="热" * 10_000)),
        (text("\u202e热不气暖\u2066"), Text(type="text", text="热不气暖")),
        (text("<b>\x00\x1b[31m暖气</b>"), Text(type="text", text="<b>[31m暖气</b>")),
        ('{"type": "bye"}', Bye(type="bye")),
    ],
)
def test_messages_of_version_1_are_taken(raw: str, message: protocol.Incoming) -> None:
    assert protocol.parse(raw) == message


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", "bad_message"),
        ("暖气不热", "bad_message"),
        ("[]", "bad_message"),
        ('{"type": "text"}', "bad_message"),
        ('{"type": "text", "text": 5}', "bad_message"),
        ('{"type": "text", "text": "x", "more": 1}', "bad_message"),
        ('{"type": "text", "text": "\\ud800"}', "bad_message"),
        ('{"type": "dance"}', "bad_message"),
        ('{"type": "hello", "version": 2}', "bad_message"),
        ('{"type": "hello", "version": 1, "seen": -1}', "bad_message"),
        (text(" \n\t "), "bad_message"),
        (text("\x00\u202e"), "bad_message"),
        (text("a" * 10_001), "too_long"),
        ("[" * 50_000, "bad_message"),
    ],
)
def test_everything_else_is_refused(raw: str, fault: protocol.Fault) -> None:
    assert protocol.parse(raw) == fault


@given(st.text())
def test_no_text_breaks_the_parser(content: str) -> None:
    """Whatever is written comes back trimmed of what cannot be seen, or is refused."""
    try:
        content.encode()
    except UnicodeEncodeError:
        return
    parsed = protocol.parse(text(content))
    assert parsed == "bad_message" or (
        isinstance(parsed, Text) and protocol.readable(parsed.text) == parsed.text
    )
