"""Going on with a conversation elsewhere: the same session comes out, and what nobody answered is asked again."""

from __future__ import annotations

from hotline.dialogue.actions import (
    Action,
    CheckRepeat,
    Listen,
    LookUp,
    RegisterAppeal,
    Say,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    AppealRegistered,
    EngineFailed,
    Event,
    HungUp,
    NoRepeat,
    PromptFinished,
    Said,
    Started,
    Understood,
)
from hotline.dialogue.resuming import Resumption, resume
from hotline.dialogue.session import Session
from hotline.domain.appeal import AppealKind, ContactChannel
from tests.builders import LANSHAN, NOW, a_complaint, a_session

WORDS = "兰山区银雀山街道暖气不热"
CHAT = ContactChannel.WEB_CHAT


class Writing:
    """A session in writing, and its journal."""

    def __init__(self) -> None:
        self.session = a_session(CHAT)
        self.past: list[Event | Action] = []
        self.happens(Started(NOW, "c1", CHAT))

    def happens(self, event: Event) -> tuple[Action, ...]:
        done = self.session.handle(event)
        self.past += [event, *done]
        return done

    def says(self, text: str) -> tuple[Action, ...]:
        return self.happens(Said(NOW, text, text))

    def resumed(self) -> tuple[Session, Resumption]:
        fresh = a_session(CHAT)
        return fresh, resume(fresh, self.past)

    @property
    def left(self) -> list[type[Action]]:
        return [type(action) for action in self.resumed()[1].outstanding]


def with_an_order_under_way() -> Writing:
    chat = Writing()
    (asked,) = [action for action in chat.says(WORDS) if isinstance(action, Understand)]
    chat.happens(Understood(NOW, asked.turn, a_complaint(WORDS, place=LANSHAN)))
    chat.says("对")
    return chat


def test_a_conversation_that_waits_for_its_citizen_goes_on_waiting() -> None:
    chat = Writing()
    chat.happens(PromptFinished(NOW, chat.session.turn))
    fresh, resumption = chat.resumed()
    assert resumption == Resumption((chat.past[2],), is_same=True)  # type: ignore[arg-type]
    assert isinstance(chat.past[2], Listen)
    assert fresh.handle(Said(NOW, WORDS, WORDS)) == chat.says(WORDS)


def test_a_message_that_was_still_being_shown_is_over() -> None:
    assert Writing().left == [Say, Listen]


def test_words_that_nobody_understood_yet_are_understood_again() -> None:
    chat = Writing()
    chat.says(WORDS)
    assert chat.left == [Understand]
    chat.happens(EngineFailed(NOW, chat.session.turn, "understander"))
    assert chat.left == [Say, TransferToAgent]


def test_a_question_that_was_not_looked_up_yet_is_looked_up_again() -> None:
    chat = Writing()
    chat.says("什么时候供暖")
    question = a_complaint("什么时候供暖", kind=AppealKind.INQUIRY)
    chat.happens(Understood(NOW, chat.session.turn, question))
    assert chat.left == [LookUp]


def test_an_order_that_may_or_may_not_be_committed_is_asked_for_again_whatever_has_happened_since() -> None:
    chat = with_an_order_under_way()
    assert chat.left == [RegisterAppeal]
    chat.happens(HungUp(NOW))
    assert chat.left == [RegisterAppeal]


def test_an_order_that_is_registered_is_not_asked_for_again() -> None:
    chat = with_an_order_under_way()
    chat.happens(AppealRegistered(NOW, chat.session.turn, "26112300001", None, None))
    assert chat.left == [Say, Listen]
    fresh, _ = chat.resumed()
    assert fresh.outcome.value == "registered"


def test_what_came_too_late_for_its_turn_is_not_waited_for() -> None:
    chat = Writing()
    chat.says(WORDS)
    chat.says("快点")
    (understand,) = chat.resumed()[1].outstanding
    assert understand == Understand(chat.session.turn, f"{WORDS}，快点")


def test_other_words_of_the_same_sentence_are_the_same_conversation() -> None:
    chat = with_an_order_under_way()
    chat.past = [
        Say(entry.turn, ("别的说法",), ("confirm",)) if isinstance(entry, Say) else entry
        for entry in chat.past
    ]
    assert chat.resumed()[1].is_same


def test_a_session_that_would_go_another_way_is_told_no_more() -> None:
    chat = with_an_order_under_way()
    chat.past = [
        CheckRepeat(9, None, None) if isinstance(entry, Understand) else entry for entry in chat.past
    ]  # type: ignore[arg-type]
    fresh, resumption = chat.resumed()
    assert resumption == Resumption((), is_same=False)
    assert fresh.turn == 2


def test_an_empty_past_is_nothing() -> None:
    assert resume(a_session(CHAT), ()) == Resumption((), is_same=True)


def test_a_conversation_that_has_ended_waits_for_nothing() -> None:
    chat = Writing()
    chat.says("没有了")
    chat.happens(HungUp(NOW))
    fresh, resumption = chat.resumed()
    assert (resumption.outstanding, fresh.is_ended) == ((), True)


def test_a_check_that_was_answered_is_settled() -> None:
    chat = Writing()
    chat.past += [NoRepeat(NOW, 99)]
    assert chat.resumed()[1].is_same
