"""A conversation held on a channel: engines answer, fail or stay silent, and the journal keeps it all."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from hotline.city import load_city
from hotline.dialogue.actions import Outcome, RegisterAppeal
from hotline.dialogue.events import Event, Said, Started
from hotline.dialogue.journal import decode, is_event, replay
from hotline.domain.appeal import Appeal, AppealKind, ContactChannel, Secrecy
from hotline.domain.diversion import ContactOutcome, DiversionOutcome
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.knowledge import AnsweredWith, Passage
from hotline.domain.meaning import Intent
from hotline.domain.nuisance import Suspicion
from hotline.domain.work_order import WorkOrder
from hotline.service.conversations import Conversations, Deadlines, Surroundings
from hotline.service.nuisances import FlaggedCall
from hotline.service.repeats import CitizensOrders, load_repeat_rules
from tests.builders import LANSHAN, LINYI, NOW, PHONE, a_complaint, a_meaning, a_passage, a_session, an_appeal
from tests.fakes import (
    BrokenUnderstander,
    FakeChannel,
    FakeLogBook,
    FakeLookups,
    FakePastOrders,
    FakeRegistration,
    FakeRetriever,
    FakeUnderstander,
    NeverUnderstander,
)
from tests.work_orders import an_order

COMPLAINT = "兰山区银雀山街道暖气不热"
QUESTION = "什么时候供暖"
IN_COURT = "法院判了物业还不退钱"
MEANINGS = {
    COMPLAINT: a_complaint(COMPLAINT, place=LANSHAN),
    QUESTION: a_complaint(QUESTION, kind=AppealKind.INQUIRY),
    IN_COURT: a_complaint(IN_COURT, place=LANSHAN),
    "骂人": a_meaning("骂人", Intent.NUISANCE),
}


def a_world(**parts: Any) -> Surroundings:
    given: dict[str, Any] = {
        "new_session": a_session,
        "understander": FakeUnderstander(MEANINGS),
        "retriever": FakeRetriever(a_passage()),
        "registration": FakeRegistration(),
        "log_book": FakeLogBook(),
        "unit_name": lambda code: code,
        "clock": lambda: datetime.fromisoformat("2026-11-23T10:00:00+08:00"),
        **parts,
    }
    return Surroundings(**given)


def a_citizen(*words: str) -> FakeChannel:
    events: list[Event] = [Started(NOW, "c1", ContactChannel.PHONE, PHONE)]
    return FakeChannel(*events, *(Said(NOW, text, text) for text in words))


async def test_a_question_is_answered() -> None:
    citizen, book = a_citizen(QUESTION, "没有了"), FakeLogBook()
    assert await Conversations(a_world(log_book=book)).hold(citizen) is Outcome.ANSWERED
    assert citizen.said[1] == "关于您的问题，采暖期是十一月十日到次年三月二十日。请问还有其他问题吗？"
    assert book.ended == {
        "outcome": "answered",
        "article": "A0101-01",
        "work_order": "26112390001",
        "rating": None,
    }
    assert citizen.is_closed


@pytest.mark.parametrize("engine", ["", "whisper"])
async def test_a_question_that_was_recognised_is_looked_up_as_heard(engine: str) -> None:
    retriever = FakeRetriever(a_passage())
    others = ("什么时候共暖",) if engine else ()
    said = (Said(NOW, text, text, engine=engine, others=others) for text in (QUESTION, "没有了"))
    citizen = FakeChannel(Started(NOW, "c1", ContactChannel.PHONE, PHONE), *said)
    await Conversations(a_world(retriever=retriever)).hold(citizen)
    assert retriever.asked == [(QUESTION, engine != "", others)]


async def test_a_complaint_becomes_an_order_and_its_number_is_told() -> None:
    citizen, registration = a_citizen(COMPLAINT, "对"), FakeRegistration()
    assert await Conversations(a_world(registration=registration)).hold(citizen) is Outcome.REGISTERED
    assert [appeal.place for appeal in registration.appeals] == [LANSHAN]
    assert "261123 00001" in citizen.said[-1]


async def test_a_commit_that_is_refused_is_told() -> None:
    citizen = a_citizen(COMPLAINT, "对")
    world = a_world(registration=FakeRegistration(is_down=True))
    assert await Conversations(world).hold(citizen) is Outcome.FAILED
    assert not [text for text in citizen.said if "已受理" in text]
    assert [text for text in citizen.said if "没有登记成功" in text]


async def test_an_understander_that_is_away_or_never_answers_leads_to_a_person() -> None:
    for understander in (BrokenUnderstander(), NeverUnderstander()):
        citizen = a_citizen(COMPLAINT)
        world = a_world(understander=understander, deadlines=Deadlines(understand=0.01, drain=0.05))
        await Conversations(world).hold(citizen)
        assert ["马上为您转接人工" in text for text in citizen.said] == [False, True, False, False]
        assert "已经登记" in citizen.said[-1]


async def test_a_retriever_with_a_bug_leads_to_an_order_instead_of_an_answer() -> None:
    class Faulty:
        async def retrieve(self, question: str, **_: Any) -> list[Passage]:
            raise RuntimeError(question)

    citizen = a_citizen(QUESTION, "对")
    registration = FakeRegistration()
    world = a_world(retriever=Faulty(), registration=registration)
    assert await Conversations(world).hold(citizen) is Outcome.REGISTERED
    assert [appeal.kind for appeal in registration.appeals] == [AppealKind.INQUIRY]


async def test_a_caller_who_hangs_up_half_way_leaves_an_unconfirmed_record() -> None:
    citizen, registration, book = a_citizen(COMPLAINT), FakeRegistration(), FakeLogBook()
    outcome = await Conversations(a_world(registration=registration, log_book=book)).hold(citizen)
    assert outcome is Outcome.FAILED
    assert [appeal.is_confirmed for appeal in registration.appeals] == [False]
    assert book.ended["work_order"] == "26112300001"


async def test_a_journal_that_is_away_stops_no_call() -> None:
    citizen = a_citizen(QUESTION, "没有了")
    assert await Conversations(a_world(log_book=FakeLogBook(is_down=True))).hold(citizen) is Outcome.ANSWERED


async def test_the_journal_replays_the_conversation() -> None:
    citizen, book = a_citizen(COMPLAINT, "对"), FakeLogBook()
    await Conversations(a_world(log_book=book)).hold(citizen)
    events = [decode(name, body) for name, body in book.rows if is_event(name)]
    actions = [decode(name, body) for name, body in book.rows if not is_event(name)]
    assert replay(a_session(), events) == actions  # type: ignore[arg-type]
    assert [type(action) for action in actions].count(RegisterAppeal) == 1


# --- earlier orders, progress and the record of every contact ----------------------------------------------------

EARLIER = an_order("26112000007", minutes=-3 * 1_440)


def knowing(**values: Any) -> CitizensOrders:
    """A citizen with one earlier order on the matter."""
    return CitizensOrders(FakePastOrders([EARLIER], **values), load_repeat_rules(load_city(LINYI)).repeats)


async def test_a_repeat_is_merged_into_the_earlier_order_when_the_citizen_agrees() -> None:
    citizen, registration, book = a_citizen(COMPLAINT, "对", "可以"), FakeRegistration(), FakeLogBook()
    world = a_world(registration=registration, orders=knowing(), log_book=book)
    assert await Conversations(world).hold(citizen) is Outcome.REGISTERED
    assert [(number, appeal.text) for number, appeal in registration.merged] == [("26112000007", COMPLAINT)]
    assert (registration.appeals, registration.contacts) == ([], [])
    assert "已经并入工单261120 00007" in citizen.said[-1]
    assert book.ended["work_order"] == "26112000007"


async def test_a_look_at_earlier_orders_that_fails_or_hangs_blocks_no_registering() -> None:
    for orders in (knowing(is_down=True), knowing(hangs=True), None):
        citizen, registration = a_citizen(COMPLAINT, "对"), FakeRegistration()
        world = a_world(registration=registration, orders=orders, deadlines=Deadlines(check_repeat=0.01))
        assert await Conversations(world).hold(citizen) is Outcome.REGISTERED
        assert (len(registration.appeals), registration.linked_to) == (1, [None])


async def test_a_merge_that_is_refused_becomes_a_new_order_linked_to_the_old() -> None:
    citizen, registration = a_citizen(COMPLAINT, "对", "可以"), FakeRegistration(cannot_merge=True)
    world = a_world(registration=registration, orders=knowing())
    assert await Conversations(world).hold(citizen) is Outcome.REGISTERED
    assert registration.linked_to == ["26112000007"]
    assert not [text for text in citizen.said if "已经并入" in text]


async def test_a_secret_earlier_order_is_linked_and_not_told_of() -> None:
    secret = an_order("26112000008", minutes=-1_440, appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL))
    orders = CitizensOrders(FakePastOrders([secret]), load_repeat_rules(load_city(LINYI)).repeats)
    citizen, registration = a_citizen(COMPLAINT, "对"), FakeRegistration()
    assert (
        await Conversations(a_world(registration=registration, orders=orders)).hold(citizen)
        is Outcome.REGISTERED
    )
    assert registration.linked_to == ["26112000008"]
    assert not [text for text in citizen.said if "00008" in text]


async def test_progress_is_told_and_the_question_leaves_a_record() -> None:
    citizen, registration = a_citizen("查进度", "没有了"), FakeRegistration()
    world = a_world(registration=registration, orders=knowing())
    assert await Conversations(world).hold(citizen) is Outcome.ANSWERED
    assert "工单编号261120 00007，已经转给承办单位，等待签收。" in citizen.said[1]
    ((outcome, appeal, article),) = registration.contacts
    assert (outcome, appeal.kind, appeal.text, article) == (
        ContactOutcome.ANSWERED, AppealKind.INQUIRY, "查进度", None,
    )  # fmt: skip


async def test_progress_that_cannot_be_looked_up_leads_to_a_person() -> None:
    for orders in (knowing(is_down=True), knowing(hangs=True), None):
        citizen = a_citizen("查进度")
        world = a_world(orders=orders, deadlines=Deadlines(look_up_progress=0.01))
        await Conversations(world).hold(citizen)
        assert "工单系统暂时查不到" in citizen.said[1]


async def test_what_was_looked_up_and_whether_it_helped_is_kept() -> None:
    book = FakeLookups()
    await Conversations(a_world(lookups=book)).hold(a_citizen(QUESTION, "没有了"))
    ((conversation, (lookup,)),) = book.kept
    assert (conversation, lookup.question, lookup.article, lookup.version) == ("c1", QUESTION, "A0101-01", 1)
    assert (lookup.score, lookup.is_answered, lookup.helped) == (0.9, True, True)


async def test_look_ups_that_cannot_be_kept_cost_the_citizen_nothing() -> None:
    world = a_world(lookups=FakeLookups(is_down=True))
    assert await Conversations(world).hold(a_citizen(QUESTION, "没有了")) is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("words", "outcome", "article"),
    [
        ((QUESTION, "没有了"), ContactOutcome.ANSWERED, AnsweredWith("A0101-01", 1, 0.9)),
        ((), ContactOutcome.ABANDONED, None),
        (("骂人",), ContactOutcome.NUISANCE, None),
    ],
)
async def test_a_conversation_without_an_order_leaves_a_record(
    words: tuple[str, ...], outcome: ContactOutcome, article: AnsweredWith | None
) -> None:
    citizen, registration, book = a_citizen(*words), FakeRegistration(), FakeLogBook()
    await Conversations(a_world(registration=registration, log_book=book)).hold(citizen)
    ((recorded, appeal, with_article),) = registration.contacts
    assert (recorded, appeal.text, with_article) == (outcome, words[0] if words else "", article)
    assert book.ended["work_order"] == "26112390001"


async def test_a_record_that_the_store_did_not_take_is_made_with_the_next_conversation() -> None:
    registration = FakeRegistration(is_down=True)
    conversations = Conversations(a_world(registration=registration))
    citizen = a_citizen(QUESTION, "没有了")
    assert await conversations.hold(citizen) is Outcome.ANSWERED
    assert not [text for text in citizen.said if "登记" in text]
    assert conversations.contacts.waiting == 1
    registration.is_down = False
    await conversations.hold(a_citizen())
    assert [outcome for outcome, _, _ in registration.contacts] == [
        ContactOutcome.ABANDONED, ContactOutcome.ANSWERED,
    ]  # fmt: skip
    assert conversations.contacts.waiting == 0


async def test_a_proposed_diversion_reaches_the_registration() -> None:
    citizen, registration = a_citizen(IN_COURT, "对"), FakeRegistration()
    assert await Conversations(a_world(registration=registration)).hold(citizen) is Outcome.REGISTERED
    (diversion,) = registration.diversions
    assert diversion is not None
    assert diversion.outcome is DiversionOutcome.STATUTORY_CHANNEL
    assert diversion.told in citizen.said[-1]


async def test_a_journal_with_a_merge_and_progress_replays() -> None:
    for words in ((COMPLAINT, "对", "可以", "没有了"), ("查进度", "没有了")):
        citizen, book = a_citizen(*words), FakeLogBook()
        await Conversations(a_world(log_book=book, orders=knowing())).hold(citizen)
        events = [decode(name, body) for name, body in book.rows if is_event(name)]
        actions = [decode(name, body) for name, body in book.rows if not is_event(name)]
        assert replay(a_session(), events) == actions  # type: ignore[arg-type]


async def test_a_merge_under_way_when_the_citizen_hangs_up_is_the_record() -> None:
    class Slow(FakeRegistration):
        async def merge(self, number: str, appeal: Appeal, **values: Any) -> WorkOrder:
            await asyncio.sleep(0)
            return await super().merge(number, appeal, **values)

    citizen, registration = a_citizen(COMPLAINT, "对", "可以"), Slow()
    await Conversations(a_world(registration=registration, orders=knowing())).hold(citizen)
    assert (len(registration.merged), registration.contacts) == (1, [])


class Flagging:
    """Keeps the calls that are flagged; may be away."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.flagged: list[FlaggedCall] = []
        self._is_away = is_away

    async def flag(self, call: FlaggedCall, at: datetime) -> None:
        if self._is_away:
            raise StoreUnavailableError("away")
        self.flagged.append(call)


async def test_a_call_in_which_somebody_was_warned_is_shown_to_a_person_with_their_words() -> None:
    flagging = Flagging()
    await Conversations(a_world(nuisances=flagging)).hold(a_citizen("骂人", COMPLAINT, "对"))
    (call,) = flagging.flagged
    assert (call.conversation, call.suspicion, call.words) == ("c1", Suspicion.ABUSIVE, ("骂人",))
    polite = Flagging()
    await Conversations(a_world(nuisances=polite)).hold(a_citizen(QUESTION, "没有了"))
    assert polite.flagged == []


async def test_a_flag_that_cannot_be_kept_costs_the_call_nothing() -> None:
    world = a_world(nuisances=Flagging(is_away=True))
    assert await Conversations(world).hold(a_citizen("骂人", QUESTION, "没有了")) is Outcome.ANSWERED
