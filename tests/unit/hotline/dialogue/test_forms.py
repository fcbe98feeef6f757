"""A form that is sent as a whole: registered without being read back, completed by what is understood, asked about what is needed."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import CheckRepeat, GiveWayToEmergency, Listen, RegisterAppeal, Understand
from hotline.dialogue.cards import FormCard, OrderCard, OrdersCard
from hotline.dialogue.events import AgentJoined, EngineFailed, HungUp, Understood
from hotline.dialogue.forms import ReportForm
from hotline.dialogue.written_events import FormSent, PictureSent
from hotline.domain.appeal import AppealKind, ContactChannel, PhoneNumber, Place, Secrecy
from hotline.domain.meaning import Understanding
from tests.builders import LANSHAN, NOW, PHONE, a_complaint
from tests.talking import DUE, Conversation

WORDS = "家里暖气不热，已经三天了"
FORM = ReportForm(WORDS, kind=AppealKind.COMPLAINT, category="0101", place=LANSHAN, name="王敏")


def a_chat(phone: PhoneNumber | None = None) -> Conversation:
    return Conversation(ContactChannel.WEB_CHAT, phone=phone)


def sends(chat: Conversation, form: ReportForm, meaning: Understanding | None = None) -> None:
    done = chat.happens(FormSent(NOW, form, "f1"))
    (asked,) = [action for action in done if isinstance(action, Understand)]
    chat.happens(Understood(NOW, asked.turn, meaning or a_complaint(form.text)))


def registered(chat: Conversation) -> RegisterAppeal:
    found = chat.did[-1]
    assert isinstance(found, RegisterAppeal)
    return found


def test_a_complete_form_is_registered_as_it_was_sent() -> None:
    chat = a_chat()
    sends(chat, FORM, a_complaint(WORDS, kind=AppealKind.HELP, category="0303"))
    appeal = registered(chat).appeal
    assert (appeal.text, appeal.kind, appeal.category, appeal.place, appeal.citizen_name, appeal.is_confirmed) == (
        WORDS, AppealKind.COMPLAINT, "0101", LANSHAN, "王敏", True,
    )  # fmt: skip
    chat.is_registered()
    assert chat.heard[0] == "registered"
    say = next(action for action in reversed(chat.did) if hasattr(action, "card"))
    assert say.card == OrdersCard((OrderCard("26112300001", None, "兰山区人民政府", DUE, "0101"),))


def test_what_a_form_leaves_open_is_understood_from_its_text() -> None:
    chat = a_chat()
    sends(chat, ReportForm(WORDS, wants_secrecy=True), a_complaint(WORDS, place=LANSHAN, phone=PHONE))
    appeal = registered(chat).appeal
    assert (appeal.kind, appeal.category, appeal.place, appeal.phone, appeal.secrecy) == (
        AppealKind.HELP, "0101", LANSHAN, PHONE, Secrecy.CONFIDENTIAL,
    )  # fmt: skip


def test_a_place_that_is_needed_is_asked_for() -> None:
    chat = a_chat()
    sends(chat, ReportForm(WORDS, occurred="昨天"))
    assert chat.heard == ("ask_place",)
    chat.says("兰山区银雀山街道", a_complaint("兰山区银雀山街道", place=LANSHAN))
    assert isinstance(chat.did[-1], Listen)
    say = next(action for action in reversed(chat.did) if hasattr(action, "card"))
    assert say.card == FormCard(
        AppealKind.HELP, "0101", f"{WORDS}，兰山区银雀山街道", LANSHAN.text, "昨天", "", wants_secrecy=False
    )


def test_a_form_of_a_proved_telephone_is_held_against_earlier_orders() -> None:
    chat = a_chat(PHONE)
    sends(chat, FORM)
    (checked,) = [action for action in chat.did if isinstance(action, CheckRepeat)]
    assert (checked.caller, checked.appeal.phone) == (PHONE, PHONE)


def test_a_form_replaces_what_was_taken_down_so_far() -> None:
    chat = a_chat()
    chat.says("路灯坏了", a_complaint("路灯坏了", place=Place(said="门口")))
    sends(chat, FORM)
    assert registered(chat).appeal.text == WORDS


def test_without_understanding_a_form_is_registered_as_it_is() -> None:
    chat = a_chat()
    chat.happens(FormSent(NOW, FORM))
    chat.happens(EngineFailed(NOW, chat.turn, "understander"))
    assert registered(chat).appeal.category == "0101"


def test_who_leaves_before_a_form_is_registered_loses_nothing() -> None:
    chat = a_chat()
    chat.happens(FormSent(NOW, FORM))
    chat.happens(HungUp(NOW))
    (kept,) = [action for action in chat.did if isinstance(action, RegisterAppeal)]
    assert (kept.appeal.text, kept.appeal.is_confirmed) == (WORDS, True)


def test_an_emergency_or_a_secret_in_a_form_is_no_form() -> None:
    chat = a_chat()
    assert isinstance(chat.happens(FormSent(NOW, ReportForm("我家着火了快来人")))[-1], GiveWayToEmergency)
    chat = a_chat()
    chat.happens(FormSent(NOW, ReportForm("我要举报，这份绝密文件里写着导弹部署")))
    assert chat.session.is_secret


def test_a_form_that_comes_while_something_is_being_done_changes_nothing() -> None:
    chat = a_chat()
    sends(chat, FORM)
    assert chat.happens(FormSent(NOW, FORM)) == ()


def test_people_read_forms_and_pictures_themselves() -> None:
    chat = a_chat()
    chat.says("转人工")
    chat.happens(AgentJoined(NOW, chat.turn, "1024"))
    assert chat.happens(FormSent(NOW, FORM)) == ()
    assert chat.happens(PictureSent(NOW, "e1", "image/jpeg")) == ()


def test_who_sends_a_picture_first_is_asked_what_it_shows() -> None:
    chat = a_chat()
    chat.happens(PictureSent(NOW, "e1", "image/jpeg"))
    assert chat.heard == ("picture_first",)
    chat.says("暖气不热", a_complaint("暖气不热"))
    assert chat.heard == ("ask_place",)
    assert chat.happens(PictureSent(NOW, "e2", "image/jpeg")) == ()


@pytest.mark.parametrize("channel", [ContactChannel.PHONE, ContactChannel.WEB_CHAT])
def test_cards_are_for_pages_only(channel: ContactChannel) -> None:
    chat = Conversation(channel)
    chat.says(WORDS, a_complaint(WORDS, place=LANSHAN))
    say = next(action for action in reversed(chat.did) if hasattr(action, "card"))
    assert (say.card is None) == (channel is ContactChannel.PHONE)
