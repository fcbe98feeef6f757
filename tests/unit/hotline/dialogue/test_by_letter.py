"""What letters bring to a conversation: a citizen the channel knows, and points on a map."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.dialogue.actions import LookUpProgress, RegisterAppeal, Understand
from hotline.dialogue.events import LocationShared, Said, Started
from hotline.dialogue.intake import merged
from hotline.domain.appeal import AppealKind, ContactChannel, Datum, PhoneNumber, Place, Position
from hotline.domain.meaning import Intent
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning, a_session
from tests.talking import Conversation

POINT = Position(35.05, 118.35, Datum.GCJ02)


def test_who_is_known_by_the_channel_is_told_of_their_orders_without_a_number() -> None:
    session = a_session(ContactChannel.WECHAT)
    session.handle(Started(NOW, "c1", ContactChannel.WECHAT, is_known=True))
    (asked,) = [
        action
        for action in session.handle(Said(NOW, "查进度", "查进度"))
        if isinstance(action, LookUpProgress)
    ]
    assert (asked.number, asked.caller) == (None, None)


def test_a_matter_is_being_taken_down_until_it_is_registered() -> None:
    chat = Conversation(ContactChannel.WECHAT, phone=None)
    assert not chat.session.has_matter
    chat.says("暖气不热", a_complaint("暖气不热", place=LANSHAN))
    assert chat.session.has_matter
    chat.says("对")
    chat.is_registered()
    assert not chat.session.has_matter


def test_the_point_of_a_map_stays_when_the_place_is_told_afterwards() -> None:
    photo = Place(said="纬度35.05，经度118.35", position=POINT)
    assert merged(photo, LANSHAN) == replace(LANSHAN, position=POINT)
    assert merged(replace(LANSHAN, position=POINT), Place(said="三号楼", detail="三号楼")) == replace(
        LANSHAN, said="兰山区银雀山街道，三号楼", detail="三号楼", position=POINT
    )


def test_the_point_goes_with_a_place_that_is_corrected_to_another_county() -> None:
    other = Place(said="费县", county_code="371325", county="费县")
    assert merged(replace(LANSHAN, position=POINT), other) == other


def test_a_location_in_the_middle_of_an_intake_is_taken_at_once() -> None:
    chat = Conversation(ContactChannel.WECHAT, phone=None)
    chat.says("暖气不热", a_complaint("暖气不热"))
    assert chat.heard == ("ask_place",)
    chat.happens(LocationShared(NOW, replace(LANSHAN, position=POINT)))
    assert "confirm_contact" in chat.heard
    assert chat.session.so_far.place == replace(LANSHAN, position=POINT)


@pytest.mark.parametrize(
    ("caller", "text", "heard"),
    [
        (None, "13612345678", "registered"),
        (None, "手机13612345678", "registered"),
        (PHONE, "对，我电话13612345678", "registered"),
        (PHONE, "手机13612345678", "confirm_phone"),
        (PHONE, "不对，我电话是13612345678", "confirm_phone"),
        (None, "不对，我电话是13612345678", "confirm_phone"),
    ],
)
def test_a_number_registers_where_it_was_asked_for_and_nothing_is_wrong(
    caller: PhoneNumber | None, text: str, heard: str
) -> None:
    chat = Conversation(ContactChannel.WEB_CHAT, caller)
    chat.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    chat.says(text, a_meaning(text, Intent.UNKNOWN, phone=PhoneNumber("13612345678")))
    orders = [action for action in chat.did if isinstance(action, RegisterAppeal)]
    assert (len(orders), chat.heard == ("confirm_phone",)) == (
        (1, False) if heard == "registered" else (0, True)
    )


def test_what_is_put_right_beside_a_number_is_taken_too() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    text = "不对，我电话是13612345678，是路面有坑"
    chat.says(text, a_complaint(text, category="0703", phone=PhoneNumber("13612345678")))
    chat.says("对")
    order = chat.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert (order.appeal.category, order.appeal.phone) == ("0703", PhoneNumber("13612345678"))


@pytest.mark.parametrize(
    ("line", "is_heading"),
    [
        ("二、诉求", True),
        ("三、附件", True),
        ("附件一、照片", True),
        ("（一）基本情况：", True),
        ("【信访事项】", True),
        ("此致敬礼", True),
        ("二、诉求：自来水发黄", False),
        ("照片拍了", False),
        ("停水问题", False),
        ("二", False),
    ],
)
def test_a_heading_by_itself_says_nothing(line: str, is_heading: bool) -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("暖气不热", a_complaint("暖气不热"))
    before, did = chat.session.so_far, chat.says(line)
    is_asked_again = chat.heard == ("ask_place",) and not any(isinstance(one, Understand) for one in did)
    assert (is_asked_again, chat.session.so_far == before) == (is_heading, True)


@pytest.mark.parametrize("text", ["不保密，可以公开我的信息", "实名举报", "实名", "我是实名举报"])
def test_who_gives_their_name_wants_no_secrecy(text: str) -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    told = a_complaint("举报工厂偷排", kind=AppealKind.TIP_OFF, place=LANSHAN)
    chat.says("举报工厂偷排", told)
    assert chat.heard == ("ask_secrecy_tip_off",)
    chat.says(text)
    assert chat.heard == ("secrecy_by_law", "confirm")


def test_a_name_given_where_the_place_is_asked_is_no_place() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("工地欠薪", a_complaint("工地欠薪", category="0801"))
    chat.says("实名举报", a_meaning("实名举报", Intent.UNKNOWN))
    assert (chat.heard, chat.session.so_far.place) == (("ask_place_again",), None)
