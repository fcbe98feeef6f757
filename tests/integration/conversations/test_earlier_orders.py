"""Conversations on a real database: repeats merge, progress is told to whom it may, and no contact is without a record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.city_words import session_maker
from hotline.city import load_city
from hotline.dialogue.actions import Outcome
from hotline.dialogue.events import Event, Said, Started
from hotline.domain.appeal import Appeal, AppealKind, ContactChannel, PhoneNumber
from hotline.domain.diversion import DiversionOutcome
from hotline.domain.life_cycle import Step
from hotline.domain.meaning import Intent
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import Status, WorkOrder
from hotline.service.casework import Casework
from hotline.service.conversations import Conversations, Surroundings
from hotline.service.registration import Registration
from hotline.service.repeats import CitizensOrders, load_repeat_rules
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from router.time_tables import load_time_limits
from tests.builders import LANSHAN, LINYI, NOW, PHONE, a_complaint, a_meaning, a_passage
from tests.databases import lay_out
from tests.fakes import FakeChannel, FakeRetriever, FakeUnderstander
from tests.work_orders import a_decision

CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
NEW_SESSION = session_maker(CITY)
OTHER = PhoneNumber("13905390002")

FIRST = "我要反映银雀山街道家里暖气一直不热"
AGAIN = "暖气还是不热，没人来看，都两天了"
WORSE = "暖气还是不热，这次更严重了"
TIP_OFF = "举报银雀山街道有工厂偷排污水"
SMELL = "银雀山街道有工厂偷排污水"
QUESTION = "什么时候供暖"
MEANINGS = {
    **{text: a_complaint(text, place=LANSHAN) for text in (FIRST, AGAIN, WORSE)},
    TIP_OFF: a_complaint(TIP_OFF, kind=AppealKind.TIP_OFF, category="0604", place=LANSHAN),
    SMELL: a_complaint(SMELL, kind=AppealKind.COMPLAINT, category="0604", place=LANSHAN),
    QUESTION: a_complaint(QUESTION, kind=AppealKind.INQUIRY),
    "太慢了吧": a_meaning("太慢了吧", Intent.UNKNOWN),
    "那你帮我催一下": a_meaning("那你帮我催一下", Intent.UNKNOWN),
    "骂人": a_meaning("骂人", Intent.NUISANCE),
}


class FixedRouter:
    def route(self, appeal: Appeal, *, at: object) -> RoutingDecision:
        return a_decision(NOW)


class Hotline:
    """The conversation side on one database; each call is a minute after the one before."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self._calls = 0
        casework = Casework(store, lambda: LIMITS, CITY.units)
        self._conversations = Conversations(
            Surroundings(
                new_session=NEW_SESSION,
                understander=FakeUnderstander(MEANINGS),
                retriever=FakeRetriever(a_passage()),
                registration=Registration(store, FixedRouter(), CITY, casework),
                log_book=store,
                unit_name=lambda code: CITY.units[code].name,
                clock=lambda: NOW + timedelta(minutes=self._calls),
                orders=CitizensOrders(
                    store, load_repeat_rules(CITY).repeats, lambda code: CITY.units[code].name
                ),
            )
        )

    async def call(self, *words: str, phone: PhoneNumber | None = PHONE) -> list[str]:
        """Have somebody call and say these words; return what the hotline said."""
        self._calls += 1
        events: list[Event] = [Started(NOW, f"c{self._calls}", ContactChannel.PHONE, phone)]
        citizen = FakeChannel(*events, *(Said(NOW, text, text) for text in words))
        self.outcome = await self._conversations.hold(citizen)
        return citizen.said

    def later(self, *, days: int) -> None:
        """Let so many days pass."""
        self._calls += days * 24 * 60

    async def orders(self) -> list[WorkOrder]:
        """All records, the oldest first."""
        return list(reversed(await self.store.recent()))


@pytest.fixture
async def hotline(tmp_path: Path) -> AsyncIterator[Hotline]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, Seal("tests only: " + "x" * 32))
    yield Hotline(store)
    await store.close()


async def test_who_calls_again_about_the_same_matter_hears_of_it_and_is_merged(hotline: Hotline) -> None:
    await hotline.call(FIRST, "对", "没有了")
    said = await hotline.call(AGAIN, "对", "可以", "没有了")
    assert "工单编号261123 00001，已经转给承办单位，等待签收。承办单位是兰山区人民政府。" in said[2]
    assert said[3].startswith("已经并入工单261123 00001，")
    assert hotline.outcome is Outcome.REGISTERED
    first, record = await hotline.orders()
    assert (record.status, record.merged_into) == (Status.DIVERTED, first.number)
    assert [party.phone for party in first.citizens] == [PHONE, PHONE]
    assert AGAIN in [entry.note for entry in first.history]


async def test_new_facts_become_an_order_of_their_own_linked_to_the_first(hotline: Hotline) -> None:
    await hotline.call(FIRST, "对", "没有了")
    said = await hotline.call(WORSE, "对", "没有了")
    assert "您这次说的有新情况，我另外登记一张" in said[2]
    first, second = await hotline.orders()
    assert (second.linked_to, second.status) == (first.number, Status.TO_SIGN)


async def test_another_telephone_with_the_same_matter_is_not_told_of_the_first_ones_order(
    hotline: Hotline,
) -> None:
    await hotline.call(FIRST, "对", "没有了")
    said = await hotline.call(AGAIN, "对", "没有了", phone=OTHER)
    assert "已经登记过" not in "".join(said)
    assert [order.linked_to for order in await hotline.orders()] == [None, None]


async def test_who_is_told_of_their_order_may_urge_it_once_a_day(hotline: Hotline) -> None:
    await hotline.call(FIRST, "对", "没有了")
    asked = "我那个暖气的事咋样了"
    for words in ("那你帮我催一下", "太慢了吧"):
        said = await hotline.call(asked, words, "没有了")
        assert said[2].startswith("已经替您催办，工单编号261123 00001，承办单位会看到。")
    (order,) = [order for order in await hotline.orders() if order.number == "26112300001"]
    urged = [entry for entry in order.history if entry.step is Step.URGE]
    assert [entry.note for entry in urged] == ["那你帮我催一下"]


async def test_who_urges_again_another_day_in_the_same_words_urges_again(hotline: Hotline) -> None:
    await hotline.call(FIRST, "对", "没有了")
    for day in range(2):
        hotline.later(days=day)
        await hotline.call("我那个暖气的事咋样了", "那你帮我催一下", "没有了")
    (order,) = [order for order in await hotline.orders() if order.number == "26112300001"]
    assert len([entry for entry in order.history if entry.step is Step.URGE]) == 2


async def test_nobody_urges_an_order_that_was_found_by_its_number_alone(hotline: Hotline) -> None:
    await hotline.call(FIRST, "对", "没有了")
    await hotline.call("查工单26112300001", "那你帮我催一下", "没有了", phone=OTHER)
    (order,) = [order for order in await hotline.orders() if order.number == "26112300001"]
    assert order.when(Step.URGE) is None


async def test_progress_is_told_by_telephone_and_by_number_and_leaves_a_record(hotline: Hotline) -> None:
    await hotline.call(FIRST, "对", "没有了")
    await hotline.call(AGAIN, "对", "可以", "没有了")
    await hotline.call("查进度", "没有了")
    by_phone = await hotline.call("查进度", "没有了")
    of_record = await hotline.call("查工单26112300002", "没有了")
    by_number = await hotline.call("查工单二六一一二三零零零零一", "没有了", phone=OTHER)
    assert by_phone[1] == by_number[1] == of_record[1]
    assert by_phone[1].startswith(
        "查到了。11月23日登记的供暖诉求，工单编号261123 00001，已经转给承办单位，等待签收。"
    )
    asked = [(order.status, order.appeal.kind) for order in (await hotline.orders())[2:]]
    assert asked == [(Status.ANSWERED, AppealKind.INQUIRY)] * 4


async def test_a_tip_off_is_told_only_on_its_own_telephone_with_its_last_digits(hotline: Hotline) -> None:
    said = await hotline.call(TIP_OFF, "需要", "对", "没有了")
    assert "需要对承办单位也隐去姓名、电话和录音，由热线转达吗？" in said[1]
    for words, phone, told in (
        (("查进度",), PHONE, "没有查到可以直接告知的工单"),
        (("查工单26112300001", "0001", "没有了"), PHONE, "已经转给承办单位"),
        (("查工单26112300001", "0001"), OTHER, "需要人工核实身份"),
        (("查工单26112300001", "1111"), PHONE, "需要人工核实身份"),
    ):
        heard = "".join(await hotline.call(*words, phone=phone))
        assert told in heard
        assert ("环境污染诉求" in heard) == (told == "已经转给承办单位")


async def test_a_tip_off_is_registered_beside_the_callers_complaint_about_the_same(hotline: Hotline) -> None:
    await hotline.call(SMELL, "对", "没有了")
    said = await hotline.call(TIP_OFF, "需要", "对", "没有了")
    first, second = await hotline.orders()
    assert (second.appeal.kind, second.linked_to, second.merged_into) == (
        AppealKind.TIP_OFF, first.number, None
    )  # fmt: skip
    assert first.number not in "".join(said).replace(" ", "")


async def test_every_contact_is_numbered_whatever_became_of_it(hotline: Hotline) -> None:
    await hotline.call()
    await hotline.call(QUESTION, "没有了")
    await hotline.call("骂人")
    await hotline.call(FIRST)
    assert [
        (order.number[-1], order.status, order.appeal.text) for order in await hotline.orders()
    ] == [
        ("1", Status.WITHDRAWN, ""),
        ("2", Status.ANSWERED, QUESTION),
        ("3", Status.TO_DISPATCH, "骂人"),
        ("4", Status.NEEDS_SUPPLEMENT, FIRST),
    ]  # fmt: skip
    assert await hotline.store.audit_break() is None


async def test_of_what_may_be_a_state_secret_only_an_index_stays(hotline: Hotline) -> None:
    said = await hotline.call(TIP_OFF, "我手里有绝密文件，上面写着部队番号", "还有一件事")
    assert "请不要在热线里说" in said[-1]
    (record,) = await hotline.orders()
    assert (record.status, record.appeal.text, record.appeal.phone) == (Status.TO_DISPATCH, "", PHONE)
    assert record.proposal is not None
    assert record.proposal.outcome is DiversionOutcome.SECRET
    assert await hotline.store.read("c1") == []
    summary = await hotline.store.conversation("c1")
    assert summary is not None
    assert summary["work_order"] == record.number
    assert await hotline.store.audit_break() is None
