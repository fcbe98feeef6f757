"""Whatever happens, in whatever order: a citizen is never left without a listener, and never told a false thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.dialogue.actions import (
    Action,
    AddToOrder,
    CheckRepeat,
    End,
    GiveWayToEmergency,
    Listen,
    LookUp,
    LookUpProgress,
    MergeIntoOrder,
    PlanCallback,
    RegisterAppeal,
    Say,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    AgentJoined,
    AgentRings,
    AppealRegistered,
    CallbackPlanned,
    EngineFailed,
    Event,
    FactsAdded,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    Merged,
    NoAgentFree,
    NoProgress,
    NoRepeat,
    PartlySaid,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    RepeatFound,
    Said,
    SpeechStarted,
    Started,
    TakenOver,
    TransferFailed,
    Understood,
    WaitsForAgent,
)
from hotline.dialogue.stages import DEAF
from hotline.dialogue.talk_events import (
    AgentLeft,
    LeftAlone,
    PartyGone,
    PartyJoined,
    PartyNotReached,
    PartyRings,
    PassedOn,
    PutOnHold,
    Retrieved,
)
from hotline.dialogue.written_events import AgentParted, Parting
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.callbacks import CallingHours
from hotline.domain.meaning import Intent
from hotline.domain.repeats import OrderNews
from hotline.domain.work_order import Status
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning, a_passage, a_session

HOURS = CallingHours(((time(9), time(12)), (time(14), time(20))))
LUOZHUANG = replace(LANSHAN, county_code="371311", county="罗庄区")
EARLIER = OrderNews("26112000007", Status.HANDLING, NOW, NOW, "兰山区人民政府", "0101")

WORDS = [
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
    "暖气不热，还有一件事，门口的路灯坏了",
    "慢点说，我耳朵不好",
    "要等几天呢",
    "第二个",
]
PLACES = [(place, choices) for place in (None, LANSHAN) for choices in ((), (LANSHAN, LUOZHUANG))]
MEANT = [*AppealKind, *Intent]


def answers_of_the_store(
    action: CheckRepeat | MergeIntoOrder | AddToOrder | LookUpProgress | PlanCallback,
) -> list[Event]:
    """All that the store may answer about earlier orders and callbacks."""
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
        case PlanCallback():
            return [CallbackPlanned(NOW, turn, action.window), EngineFailed(NOW, turn, "callbacks")]
        case MergeIntoOrder():
            return [Merged(NOW, turn, action.number), EngineFailed(NOW, turn, "merge")]
        case AddToOrder():
            return [FactsAdded(NOW, turn, action.number), EngineFailed(NOW, turn, "facts")]
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
            if draw.draw(st.integers(0, 9)) == 0:
                return EngineFailed(NOW, action.turn, "understander")
            place, choices = draw.draw(st.sampled_from(PLACES))
            meant, text = draw.draw(st.sampled_from(MEANT)), action.text or "话"
            if isinstance(meant, Intent):
                meaning = a_meaning(text, meant, place=place)
            else:
                meaning = a_complaint(text, kind=meant, place=place)
            slots = replace(meaning.slots, place_choices=choices)
            return Understood(NOW, action.turn, replace(meaning, slots=slots))
        case LookUp():
            found = draw.draw(st.sampled_from([(), (a_passage(),), (a_passage(is_confident=False),), None]))
            if found is None:
                return EngineFailed(NOW, action.turn, "retriever")
            return PassagesFound(NOW, action.turn, found)
        case CheckRepeat() | MergeIntoOrder() | AddToOrder() | LookUpProgress() | PlanCallback():
            return draw.draw(st.sampled_from(answers_of_the_store(action)))
        case RegisterAppeal():
            if draw.draw(st.booleans()):
                return EngineFailed(NOW, action.turn, "store")
            return AppealRegistered(NOW, action.turn, "26112300001", "兰山区人民政府", NOW)
        case TransferToAgent() | GiveWayToEmergency():
            return draw.draw(
                st.sampled_from(
                    [
                        AgentJoined(NOW, action.turn),
                        WaitsForAgent(NOW, action.turn, 2, 90.0),
                        AgentRings(NOW, action.turn, "1024"),
                        NoAgentFree(NOW, action.turn),
                        TransferFailed(NOW, action.turn),
                    ]
                )
            )
        case _:
            raise AssertionError(action)


TALK: list[Event] = [
    PartyRings(NOW, "110"), PartyJoined(NOW, "110"), PartyNotReached(NOW, "110", "busy"), PartyGone(NOW, "110"),
    PutOnHold(NOW), Retrieved(NOW), AgentLeft(NOW), AgentLeft(NOW, is_passing=True), PassedOn(NOW, "7"), LeftAlone(NOW),
]  # fmt: skip
HAPPENS: list[list[Event]] = [
    [Said(NOW, text, text, continues=continues) for text in WORDS for continues in (False, True)],
    [PartlySaid(NOW, text) for text in WORDS],
    [KeyPressed(NOW, key) for key in "0123*#"],
    [FellSilent(NOW, 0)],
    [PromptFinished(NOW, 0)],
    [SpeechStarted(NOW)],
    [HearingLost(NOW, is_down) for is_down in (False, True)],
    [AgentParted(NOW, "1024", how) for how in Parting],
    [TakenOver(NOW, "1024", "h1")],
    TALK,
]
WAITS = (
    Understand, LookUp, CheckRepeat, MergeIntoOrder, AddToOrder, LookUpProgress, RegisterAppeal, PlanCallback, TransferToAgent,
    GiveWayToEmergency,
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_citizen_is_never_left_without_a_listener_nor_told_of_an_order_that_does_not_exist(
    draw: st.DataObject,
) -> None:
    channel = draw.draw(st.sampled_from([ContactChannel.PHONE, ContactChannel.WEB_CHAT]))
    session = a_session(channel, calling_hours=draw.draw(st.sampled_from([None, HOURS])))
    waiting: list[Action] = []
    committed = merged = added = promised = heard = False
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
        added = added or isinstance(event, FactsAdded)
        promised = promised or isinstance(event, CallbackPlanned)
        said = "".join(action.text for action in done if isinstance(action, Say))
        assert committed or "已受理" not in said
        assert committed or "您说的内容已经登记" not in said
        assert merged or "已经并入" not in said
        assert added or "已经加到工单" not in said
        assert promised or "给您回电，请您保持电话畅通" not in said
        assert session.so_far.text or not heard
        waiting = [action for action in done if isinstance(action, WAITS)] or waiting
        listening = listening or any(isinstance(action, Listen) for action in done)
        ended = ended or any(isinstance(action, End) for action in done)
        if ended:
            break
        assert listening or waiting or handed_over
        assert waiting or handed_over or session._stage not in DEAF  # nobody waits for what does not come
        turn = max([1, *(getattr(action, "turn", 0) for action in done)])
        if waiting and draw.draw(st.integers(0, 3)) > 0:
            action = waiting.pop()
            event = answers_to(action, draw)
            if isinstance(event, WaitsForAgent | AgentRings):  # news, and not yet the answer
                waiting.append(action)
        else:
            event = draw.draw(st.sampled_from(draw.draw(st.sampled_from(HAPPENS))))
            if isinstance(event, FellSilent | PromptFinished):
                event = replace(event, turn=turn)
    if not ended:
        assert isinstance(session.handle(HungUp(NOW))[-1], End)
    assert session.handle(Said(NOW, "喂", "喂")) == ()
