"""What a conversation asked of the knowledge base, read from the session's own events and actions."""

from __future__ import annotations

from dataclasses import replace

from hotline.dialogue.actions import LookUp
from hotline.dialogue.events import Event, HungUp, PassagesFound, Said, Started, Understood
from hotline.dialogue.lookups import LookupTrail
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.knowledge import AnsweredWith, Passage
from hotline.domain.knowledge_use import Lookup
from tests.builders import LANSHAN, NOW, a_complaint, a_meaning, a_passage, a_session, an_article

SURE, UNSURE = a_passage(), a_passage(is_confident=False)
ASKED = Lookup(2, NOW, "什么时候供暖", "0101", "A0101-01", 1, 0.9)


class Talk:
    """A session driven by hand; the trail watches."""

    def __init__(self) -> None:
        self.session, self.trail = a_session(), LookupTrail()
        self.see(Started(NOW, "c1", ContactChannel.PHONE))

    def see(self, event: Event) -> None:
        actions = self.session.handle(event)
        for entry in (event, *actions):
            self.trail.saw(entry)
            self.turn = getattr(entry, "turn", getattr(self, "turn", 0))

    def ask(self, text: str, *passages: Passage, **meaning: object) -> None:
        self.see(Said(NOW, text, text))
        question = a_meaning(text, kind=AppealKind.INQUIRY, category="0101", **meaning)
        self.see(Understood(NOW, self.turn, question))
        self.see(PassagesFound(NOW, self.turn, passages))

    @property
    def only(self) -> Lookup:
        (lookup,) = self.trail.lookups
        return replace(lookup, turn=2)


def test_an_answer_helped_when_there_is_nothing_more_to_ask() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", SURE)
    assert talk.only == replace(ASKED, is_answered=True)
    talk.see(Said(NOW, "没有了", "没有了"))
    assert talk.only == replace(ASKED, is_answered=True, helped=True)
    assert talk.trail.answered_with == AnsweredWith("A0101-01", 1, 0.9)


def test_an_answer_did_not_help_who_did_not_understand_it() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", SURE)
    talk.see(Said(NOW, "没听懂", "没听懂"))
    assert talk.only == replace(ASKED, is_answered=True, helped=False)


def test_who_hangs_up_says_nothing_of_the_answer() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", SURE)
    talk.see(HungUp(NOW))
    assert talk.only == replace(ASKED, is_answered=True)


def test_who_has_a_matter_registered_after_all_was_not_helped() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", SURE)
    talk.see(Said(NOW, "我家一直不热没人管", "我家一直不热没人管"))
    talk.see(Understood(NOW, talk.turn, a_complaint("我家一直不热没人管")))
    talk.see(HungUp(NOW))
    assert talk.only.helped is False


def test_what_is_not_sure_is_not_answered() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", UNSURE)
    assert talk.only == ASKED
    assert talk.trail.answered_with is None


def test_nothing_found_is_a_look_up_too() -> None:
    talk = Talk()
    talk.ask("什么时候供暖")
    assert talk.only == Lookup(2, NOW, "什么时候供暖", "0101")


def test_a_second_question_leaves_the_first_answer_without_a_word_on_it() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", SURE)
    other = Passage(an_article(id="A0101-02", version=4), 0.8, is_confident=True)
    talk.ask("供暖多少度", other)
    talk.see(Said(NOW, "没有了", "没有了"))
    first, second = talk.trail.lookups
    assert (first.is_answered, first.helped) == (True, None)
    assert (second.article, second.version, second.is_answered, second.helped) == ("A0101-02", 4, True, True)


def test_a_question_is_looked_up_for_the_county_that_was_said() -> None:
    talk = Talk()
    talk.see(Said(NOW, "兰山区几号供暖", "兰山区几号供暖"))
    meaning = a_meaning("兰山区几号供暖", kind=AppealKind.INQUIRY, category="0101")
    meaning = replace(meaning, slots=replace(meaning.slots, place=LANSHAN))
    actions = talk.session.handle(Understood(NOW, talk.turn, meaning))
    (look_up,) = (one for one in actions if isinstance(one, LookUp))
    assert look_up.county == "371302"


def test_a_question_that_is_looked_up_again_with_the_one_before_counts_once() -> None:
    talk = Talk()
    talk.ask("什么时候供暖", SURE)
    talk.ask("那不住呢")
    talk.see(PassagesFound(NOW, talk.turn, ()))
    assert [(one.question, one.is_answered) for one in talk.trail.lookups] == [
        ("什么时候供暖", True),
        ("什么时候供暖，那不住呢", False),
    ]
