"""What letters bring to a conversation: a citizen the channel knows, and points on a map."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.dialogue.actions import LookUpProgress, RegisterAppeal
from hotline.dialogue.events import LocationShared, Said, Started
from hotline.dialogue.intake import merged
from hotline.domain.appeal import ContactChannel, Datum, PhoneNumber, Place, Position
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
