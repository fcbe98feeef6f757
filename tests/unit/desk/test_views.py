"""What a page shows of an order."""

from datetime import UTC, datetime

import pytest

from desk.views import masked, note_of, occurred_on_page, order_on_page, talk_of
from hotline.city import load_city, read_yaml
from hotline.domain.appeal import Fact, FactKind, Granularity, Interval, Secrecy
from hotline.domain.deeds import Join
from hotline.domain.people import CITIZEN
from tests.builders import LINYI, PHONE, after, an_appeal
from tests.work_orders import an_order

NIGHT = Interval(
    "昨晚十点多",
    datetime(2026, 11, 23, 14, tzinfo=UTC),
    datetime(2026, 11, 23, 15, tzinfo=UTC),
    Granularity.HOUR,
)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"occurred": "昨晚"}, "昨晚"),
        ({"occurred": "昨晚", "interval": NIGHT}, "昨晚（2026-11-23 22:00 – 2026-11-23 23:00）"),
        ({"occurred": "", "interval": NIGHT}, "昨晚十点多（2026-11-23 22:00 – 2026-11-23 23:00）"),
        ({}, ""),
    ],
)
def test_when_it_happened_is_shown_as_told_and_by_the_clock(values, shown):
    assert occurred_on_page(an_appeal(**{"occurred": "", **values}), load_city(LINYI)) == shown


def test_facts_are_shown_in_standard_form_with_what_was_said():
    facts = (
        Fact(FactKind.AMOUNT, "一万八", "18000"),
        Fact(FactKind.PERSON, "包工头王大强", "王大强", "包工头"),
        Fact(FactKind.ORGANISATION, "新城热力", "新城热力", "linked-heat-xincheng"),
    )
    order = an_order(appeal=an_appeal(facts=facts, category_confidence=0.874))
    shown = order_on_page(order, load_city(LINYI), read_yaml(LINYI / "prompts" / "web.yaml"))
    assert shown["facts"] == [
        {"kind": "金额", "value": "18000 元", "said": "一万八"},
        {"kind": "涉及人员", "value": "王大强", "said": "包工头王大强"},
        {"kind": "涉及单位", "value": "新城热力", "said": ""},
    ]
    assert shown["certainty"] == 87


@pytest.mark.parametrize("secrecy", list(Secrecy))
def test_the_raw_words_of_a_talk_hide_the_number_as_the_repaired_do(secrecy):
    order = an_order(appeal=an_appeal(secrecy=secrecy))
    said = {"text": "电话13905390001", "raw": "电话 幺 三 九 零 五 三 九 零 零 零 一"}
    (line,) = talk_of([{"sequence": 1, "at": "10:00", "name": "Said", "body": said}], order)
    assert (line["text"], line["raw"]) == ("电话139******01", "电话 139******01")


def test_the_number_of_the_order_stays_readable_however_it_was_heard():
    said = {"text": "查26112300001", "raw": "查 二六一一二三零零零零一"}
    (line,) = talk_of([{"sequence": 1, "at": "10:00", "name": "Said", "body": said}], an_order())
    assert (line["text"], line["raw"]) == (said["text"], said["raw"])


def test_of_a_mail_address_its_host_is_shown():
    assert masked("写信到zhanglihua@163.com", an_appeal()) == "写信到z***@163.com"


def test_who_of_several_citizens_is_meant_is_told_by_the_number_of_their_record():
    joined = an_order().after(Join("26112300002", "我家也停水", PHONE), by=CITIZEN, at=after(1))
    note = "诉求人（登记编号26112300002）说自己的事不用再办了：电话13905390001"
    assert note_of(note, joined) == "诉求人（登记编号26112300002）说自己的事不用再办了：电话139******01"
