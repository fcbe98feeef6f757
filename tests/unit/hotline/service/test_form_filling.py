"""The form that fills itself while a citizen talks: what the agent says stands, and what follows from it follows."""

from datetime import UTC, datetime

import pytest

from desk.pages.agent.facts import facts_shown, facts_typed
from hotline.city import load_city
from hotline.dialogue.policy import Policy
from hotline.domain.appeal import AppealKind, Fact, FactKind, Secrecy, Urgency
from hotline.service.form_filling import FormFilling, category_of, corrected
from tests.builders import LANSHAN, LINYI, NOW, PHONE, a_complaint

CITY = load_city(LINYI)
WORDS = "兰山区银雀山街道昨天开始暖气不热"


def a_form(*heard: str, **said: str) -> FormFilling:
    """Return a form into which the citizen spoke, and the agent's corrections."""
    filling = FormFilling(PHONE, CITY, Policy())
    meanings = {
        WORDS: a_complaint(WORDS, place=LANSHAN, occurred="昨天"),
        "保密": a_complaint("保密", wants_secrecy=True),
        "举报": a_complaint("举报", kind=AppealKind.TIP_OFF),
    }
    for text in heard:
        filling.heard(text, meanings[text])
    filling.correct_all(said, lambda _: None, NOW)
    return filling


def test_a_tip_off_is_confidential_whoever_says_that_it_is_one():
    assert a_form(WORDS, kind="tip_off").form().appeal.secrecy is Secrecy.CONFIDENTIAL
    assert a_form(WORDS, kind="tip_off", secrecy="none").form().appeal.secrecy is Secrecy.CONFIDENTIAL
    assert a_form("举报").form().appeal.secrecy is Secrecy.CONFIDENTIAL
    assert a_form("举报", kind="complaint").form().appeal.secrecy is Secrecy.NONE


def test_when_it_happened_follows_what_the_agent_says():
    appeal = a_form(WORDS, occurred="三天前").form().appeal
    assert appeal.occurred == "三天前"
    assert appeal.interval is not None
    assert (appeal.interval.said, appeal.interval.start) == ("三天前", datetime(2026, 11, 19, 16, tzinfo=UTC))
    assert a_form(WORDS, occurred="说不清").form().appeal.interval is None


def test_a_class_by_hand_is_no_longer_the_machines():
    by_hand, accepted = (
        a_form(WORDS, category="0303").form().appeal,
        a_form(WORDS, category="0101").form().appeal,
    )
    assert (by_hand.category, by_hand.category_confidence, by_hand.understood_by) == ("0303", 0.0, "")
    assert (accepted.category, accepted.category_confidence) == ("0101", 0.9)


def test_what_only_the_agent_can_judge_is_taken_and_lists_show_the_corrected_words():
    appeal = a_form(WORDS, urgency="life_safety", is_about_minor="yes", text="暖气漏水烫伤孩子").form().appeal
    assert (appeal.urgency, appeal.is_about_minor, appeal.may_be_disclosed) == (
        Urgency.LIFE_SAFETY,
        True,
        False,
    )
    assert (appeal.text, appeal.summary) == ("暖气漏水烫伤孩子", "暖气漏水烫伤孩子")


def test_what_was_heard_is_kept_beside_what_the_agent_says_and_stands_again_without_it():
    filling = a_form(WORDS, "保密", secrecy="none", category="0101", occurred="前天")
    form = filling.form()
    assert filling.changed == {"secrecy", "occurred"}
    assert form.otherwise["secrecy"].words == "保密"
    assert (form.fields["occurred"].by, form.otherwise["occurred"].value) == ("agent", "昨天")
    filling.correct_all({}, lambda _: None, NOW)
    assert (filling.form().fields["occurred"].words, filling.form().appeal.secrecy) == (
        WORDS,
        Secrecy.CONFIDENTIAL,
    )


def test_facts_are_put_right_and_those_that_were_heard_keep_their_words():
    filling = a_form()
    heard = (Fact(FactKind.AMOUNT, "一万八", "18000"), Fact(FactKind.PLATE, "鲁Q12345", "鲁Q12345"))
    filling.heard("被骗一万八", a_complaint("被骗一万八", facts=heard))
    names = {"amount": "金额", "organisation": "涉及单位", "person": "涉及人员", "plate": "车牌"}
    assert facts_shown(filling.form().appeal.facts, names) == "金额 18000；车牌 鲁Q12345"

    def said(text: str) -> tuple[Fact, ...]:
        filling.correct_all({"facts": facts_typed(text, names)}, lambda _: None, NOW)
        return filling.form().appeal.facts

    assert (said("金额 18000；车牌 鲁Q12345"), filling.changed) == (heard, set())
    assert said("金额：18000元；涉及人员 王大强") == (heard[0], Fact(FactKind.PERSON, "王大强", "王大强"))
    assert (said("无"), filling.changed) == ((), {"facts"})
    for text in ("一万八", "金额 一万八", "车牌"):
        with pytest.raises(ValueError, match=text):
            facts_typed(text, names)


def test_a_class_is_typed_by_code_by_name_or_both():
    name = CITY.categories["0101"].name
    assert [category_of(text, CITY) for text in ("0101", name, f"0101 {name}")] == ["0101"] * 3
    for text in (" ", "没有这一类", "9"):
        with pytest.raises(ValueError, match=text):
            category_of(text, CITY)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kind", "x"),
        ("urgency", "soon"),
        ("is_about_minor", "maybe"),
        ("phone", "12"),
        ("facts", "x"),
        ("summary", "x"),
    ],
)
def test_what_cannot_stand_in_a_field_is_refused(name, text):
    with pytest.raises(ValueError, match=text if name != "summary" else name):
        corrected(name, text, CITY, lambda _: None, NOW)
