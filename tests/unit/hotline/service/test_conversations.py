"""A conversation held on a channel: engines answer, fail or stay silent, and the journal keeps it all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hotline.dialogue.actions import Outcome, RegisterAppeal
from hotline.dialogue.events import Event, Said, Started
from hotline.dialogue.journal import decode, is_event, replay
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.knowledge import Passage
from hotline.service.conversations import Conversations, Deadlines, Surroundings
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_passage, a_session
from tests.fakes import (
    BrokenUnderstander,
    FakeChannel,
    FakeLogBook,
    FakeRegistration,
    FakeRetriever,
    FakeUnderstander,
    NeverUnderstander,
)

COMPLAINT = "兰山区银雀山街道暖气不热"
QUESTION = "什么时候供暖"
MEANINGS = {
    COMPLAINT: a_complaint(COMPLAINT, place=LANSHAN),
    QUESTION: a_complaint(QUESTION, kind=AppealKind.INQUIRY),
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
    assert book.ended == {"outcome": "answered", "article": "A0101-01", "work_order": "26112390001"}
    assert citizen.is_closed


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
