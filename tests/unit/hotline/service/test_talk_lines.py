"""What was said and written, of a conversation's journal."""

import pytest

from hotline.service.talk_lines import line_of


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("TalkSaid", {"who": "agent", "text": "请讲", "raw": ""}, ("agent", "请讲")),
        ("SendText", {"text": "链接"}, ("hotline", "链接")),
        ("AgentWrote", {"agent": "8001", "text": "您好"}, ("agent", "您好")),
        ("UnitWrote", {"unit": "u", "text": "已派人"}, ("unit", "已派人")),
        ("FormSent", {"form": {"text": "路灯坏了"}}, ("citizen", "路灯坏了")),
    ],
)
def test_what_people_say_and_write_is_part_of_the_talk(name, body, expected):
    line = line_of({"sequence": 1, "at": "2026-11-23T10:00:00+08:00", "name": name, "body": body})
    assert line is not None
    assert (line.who, line.text) == expected
