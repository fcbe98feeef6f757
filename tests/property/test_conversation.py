"""Whatever happens, in whatever order: a citizen is never left without a listener, and never told a false thing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.dialogue.actions import (
    Action,
    CheckRepeat,
    End,
    GiveWayToEmergency,
    Listen,
    LookUp,
    LookUpProgress,
    MergeIntoOrder,
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
    Merged,
    NoAgentFree,
    NoProgress,
    NoRepeat,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    RepeatFound,
    Said,
    SpeechStarted,
    Started,
    TransferFailed,
    Understood,
)
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.meaning import Intent
from hotline.domain.repeats import OrderNews
from hotline.domain.work_order import Status
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning, a_passage, a_session

EARLIER = OrderNews("26112000007", Status.HANDLING, NOW, NOW, "兰山区人民政府", "0101")

WORDS = st.sampled_from(
    [
        "可以",
        "查进度",
        "26112000007办得怎么样了",
        "0001",
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


def answers_about_orders(action: CheckRepeat | MergeIntoOrder | LookUpProgress) -> list[Event]:
    """All that the store may answer about earlier orders."""
    turn = action.turn
    match action:
        case CheckRepeat():
            return [
                NoRepeat(NOW, turn),
                NoRepeat(NOW, turn, linked_to="26112000009"),
                RepeatFound(NOW, turn, EARLIER),
                RepeatFound(NOW, turn, EARLIER, has_new_facts=True),
                RepeatFound(NOW, turn, replace(EARLIER, is_open=False)),
                EngineFailed(NOW, turn, "repeats"),
            ]
        case MergeIntoOrder():
            return [Merged(NOW, turn, action.number), EngineFailed(NOW, turn, "merge")]
        case LookUpProgress():
            return [
                ProgressFound(NOW, turn, (EARLIER,)),
                NoProgress(NOW, turn),
                NoProgress(NOW, turn, needs_proof=True),
                NoProgress(NOW, turn, was_refused=True),
                EngineFailed(NOW, turn, "progress"),
            ]


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
        case CheckRepeat() | MergeIntoOrder() | LookUpProgress():
            return draw.draw(st.sampled_from(answers_about_orders(action)))
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


WAITS = (
    Understand, LookUp, CheckRepeat, MergeIntoOrder, LookUpProgress, RegisterAppeal, TransferToAgent, GiveWayToEmergency,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_citizen_is_never_left_without_a_listener_nor_told_of_an_order_that_does_not_exist(
    draw: st.DataObject,
) -> None:
    channel = draw.draw(st.sampled_from([ContactChannel.PHONE, ContactChannel.WEB_CHAT]))
    session = a_session(channel)
    waiting: list[Action] = []
    committed = merged = heard = False
    listening = handed_over = ended = False
    event: Event = Started(NOW, "c", channel, draw.draw(st.sampled_from([None, PHONE])))
    for _ in range(draw.draw(st.integers(1, 25))):
        done = session.handle(event)
        is_heard = isinstance(event, Said) and not session._was_handed_over
        heard = heard or (is_heard and bool(event.text.strip("，。 ")))
        if isinstance(event, AgentJoined) and waiting:
            handed_over = True
        committed = committed or isinstance(event, AppealRegistered)
        merged = merged or isinstance(event, Merged)
        said = "".join(action.text for action in done if isinstance(action, Say))
        assert committed or "已受理" not in said
        assert committed or "您说的内容已经登记" not in said
        assert merged or "已经并入" not in said
        assert session.so_far.text or not heard
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
