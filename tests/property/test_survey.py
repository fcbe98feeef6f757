"""Whatever is said in a revisit call: nobody is content who did not say so, and it always comes to an end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotline.dialogue.actions import End, Listen, Say, TransferToAgent
from hotline.dialogue.events import (
    Event,
    FellSilent,
    HearingLost,
    KeyPressed,
    NoAgentFree,
    PartlySaid,
    Said,
    SpeechStarted,
    Started,
)
from hotline.dialogue.survey_result import Subject
from hotline.domain.appeal import ContactChannel
from hotline.domain.deeds import Satisfaction
from tests.builders import NOW
from tests.surveys import NUMBER, SURVEY_PROMPTS, SURVEY_WORDS, a_survey

_WORDS = st.sampled_from([
    "是我", "可以", "对", "嗯", "好", "不是", "没有", "没解决", "解决了", "不满意", "基本满意", "还行", "满意吗", "慢一点",
    "喂", "我在开车", "明天", "当时着火了", "再说一遍", "谢谢", "他们态度很差", "随便", "满意个啥", "不好说",
])  # fmt: skip
_ANY_TEXT = st.text(alphabet="是我可以对不没有解决满意基本还行吗好联系过人嗯的了", max_size=10)
_EVENTS = st.one_of(
    st.builds(Said, st.just(NOW), _WORDS | _ANY_TEXT, st.just("")),
    st.builds(PartlySaid, st.just(NOW), _WORDS),
    st.builds(KeyPressed, st.just(NOW), st.sampled_from("023456789*#")),
    st.builds(HearingLost, st.just(NOW), st.booleans()),
    st.builds(SpeechStarted, st.just(NOW)),
    st.none(),
)


def _says_content(event: Event | None) -> bool:
    return isinstance(event, Said) and SURVEY_WORDS.satisfaction(event.text) is Satisfaction.SATISFIED


@given(st.lists(_EVENTS, max_size=30))
def test_nobody_is_content_without_a_word_or_key_that_says_so(events: list[Event | None]) -> None:
    session, turn = a_survey(), 0
    session.handle(Started(NOW, "revisit-1", ContactChannel.PHONE))
    for event in events:  # without the key 1, and without words that say it
        if _says_content(event):
            continue
        turn = session.turn
        session.handle(event if event is not None else FellSilent(NOW, turn))
    assert Satisfaction.SATISFIED not in (session.result.result, session.result.attitude)
    revisit = session.result.revisit(SURVEY_PROMPTS)
    assert revisit.result is not Satisfaction.SATISFIED
    assert revisit.is_reached == session.result.is_complete


@given(st.text(alphabet="不没满意吗什么还行很好的解决了", max_size=8))
def test_words_with_a_negation_or_a_question_never_say_content(text: str) -> None:
    plain = "".join(text.split()).replace("不好意思", "").replace("没意见", "").replace("不错", "")
    if any(sign in plain for sign in "不没吗") or ("满意" not in plain and "很好" not in plain):
        assert SURVEY_WORDS.satisfaction(text) is not Satisfaction.SATISFIED


@given(st.lists(_EVENTS, max_size=30))
def test_a_secret_matter_is_never_spoken(events: list[Event | None]) -> None:
    session = a_survey(Subject(NUMBER, "举报邻居", is_secret=True))
    session.handle(Started(NOW, "revisit-1", ContactChannel.PHONE))
    for event in events:
        turn = session.turn
        for action in session.handle(event if event is not None else FellSilent(NOW, turn)):
            assert not (isinstance(action, Say) and "举报邻居" in action.text)


@given(st.lists(_EVENTS, max_size=30))
def test_every_call_ends_when_nobody_answers_any_more(events: list[Event | None]) -> None:
    session = a_survey()
    did = list(session.handle(Started(NOW, "revisit-1", ContactChannel.PHONE)))
    for event in events:
        did.extend(session.handle(event if event is not None else FellSilent(NOW, session.turn)))
    for _ in range(12):
        waits = [action for action in did if isinstance(action, Listen | TransferToAgent)]
        turn = session.turn
        silence = (
            NoAgentFree(NOW, turn) if waits and not isinstance(waits[-1], Listen) else FellSilent(NOW, turn)
        )
        did.extend(session.handle(silence))
        if not any(isinstance(action, End) for action in did):
            did.extend(session.handle(NoAgentFree(NOW, session.turn)))
    assert isinstance(did[-1], End)
