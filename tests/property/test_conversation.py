"""Whatever happens, in whatever order: a citizen is never left without a listener, and never told a false thing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.dialogue.actions import (
    Action,
    End,
    GiveWayToEmergency,
    Listen,
    LookUp,
    RegisterAppeal,
    Say,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    AgentJoined,
    AppealRegistered,
    EngineFailed,
    Event,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    NoAgentFree,
    PassagesFound,
    PromptFinished,
    Said,
    SpeechStarted,
    Started,
    TransferFailed,
    Understood,
)
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.meaning import Intent
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning, a_passage, a_session

WORDS = st.sampled_from(
    [
        "对",
        "不对",
        "没有了",
        "转人工",
        "着火了",
        "怕着火",
        "暖气不热",
        "再说一遍",
        "在兰山区",
        "有",
        "",
        "嗯",
        "不清楚",
        "，，",
    ]
)
KINDS = st.sampled_from(list(AppealKind))
INTENTS = st.sampled_from(list(Intent))


def answers_to(action: Action, draw: st.DataObject) -> Event:
    """What the world may answer to an action that waits."""
    match action:
        case Understand():
            place = draw.draw(st.sampled_from([None, LANSHAN]))
            text = action.text or "话"
            meanings = st.one_of(
                st.builds(lambda kind: a_complaint(text, kind=kind, place=place), KINDS),
                st.builds(lambda intent: a_meaning(text, intent, place=place), INTENTS),
            )
            if draw.draw(st.integers(0, 9)) == 0:
                return EngineFailed(NOW, action.turn, "understander")
            return Understood(NOW, action.turn, draw.draw(meanings))
        case LookUp():
            found = draw.draw(st.sampled_from([(), (a_passage(),), (a_passage(is_confident=False),), None]))
            if found is None:
                return EngineFailed(NOW, action.turn, "retriever")
            return PassagesFound(NOW, action.turn, found)
        case RegisterAppeal():
            if draw.draw(st.booleans()):
                return EngineFailed(NOW, action.turn, "store")
            return AppealRegistered(NOW, action.turn, "26112300001", "兰山区人民政府", NOW)
        case TransferToAgent() | GiveWayToEmergency():
            return draw.draw(
                st.sampled_from(
                    [
                        AgentJoined(NOW, action.turn),
                        NoAgentFree(NOW, action.turn),
                        TransferFailed(NOW, action.turn),
                    ]
                )
            )
        case _:
            raise AssertionError(action)


WAITS = (Understand, LookUp, RegisterAppeal, TransferToAgent, GiveWayToEmergency)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_citizen_is_never_left_without_a_listener_nor_told_of_an_order_that_does_not_exist(
    draw: st.DataObject,
) -> None:
    channel = draw.draw(st.sampled_from([ContactChannel.PHONE, ContactChannel.WEB_CHAT]))
    session = a_session(channel)
    waiting: list[Action] = []
    committed = False
    listening = handed_over = ended = False
    event: Event = Started(NOW, "c", channel, draw.draw(st.sampled_from([None, PHONE])))
    for _ in range(draw.draw(st.integers(1, 25))):
        done = session.handle(event)
        if isinstance(event, AgentJoined) and waiting:
            handed_over = True
        committed = committed or isinstance(event, AppealRegistered)
        said = "".join(action.text for action in done if isinstance(action, Say))
        assert committed or ("已受理" not in said and "已经登记" not in said)
        waiting = [action for action in done if isinstance(action, WAITS)] or waiting
        listening = listening or any(isinstance(action, Listen) for action in done)
        ended = ended or any(isinstance(action, End) for action in done)
        if ended:
            break
        assert listening or waiting or handed_over
        turn = max([1, *(getattr(action, "turn", 0) for action in done)])
        if waiting and draw.draw(st.integers(0, 3)) > 0:
            event = answers_to(waiting.pop(), draw)
        else:
            event = draw.draw(
                st.one_of(
                    st.builds(lambda text: Said(NOW, text, text), WORDS),
                    st.builds(lambda key: KeyPressed(NOW, key), st.sampled_from("0123*#")),
                    st.just(FellSilent(NOW, turn)),
                    st.just(PromptFinished(NOW, turn)),
                    st.just(SpeechStarted(NOW)),
                    st.builds(lambda down: HearingLost(NOW, down), st.booleans()),
                )
            )
    if not ended:
        assert isinstance(session.handle(HungUp(NOW))[-1], End)
    assert session.handle(Said(NOW, "喂", "喂")) == ()
