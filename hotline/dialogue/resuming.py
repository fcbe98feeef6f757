"""Going on with a conversation that was begun elsewhere (断点续接): its journal is replayed, and what it still waits for is done again.

A session decides the same whenever it is told the same, so a conversation lives wherever its journal is. What was asked
of the world and never answered, because the process that asked is gone, is asked again; whoever is asked twice must do
it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hotline.dialogue.actions import (
    Action,
    CheckRepeat,
    FindUnit,
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
    AppealRegistered,
    CallbackPlanned,
    EngineFailed,
    Event,
    Merged,
    NoAgentFree,
    NoProgress,
    NoRepeat,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    RepeatFound,
    TransferFailed,
    Understood,
    UnitFound,
)
from hotline.dialogue.session import Session

_ANSWERS: Final[dict[type[Action], tuple[type[Event], ...]]] = {
    Understand: (Understood,),
    LookUp: (PassagesFound,),
    RegisterAppeal: (AppealRegistered,),
    CheckRepeat: (RepeatFound, NoRepeat),
    MergeIntoOrder: (Merged,),
    PlanCallback: (CallbackPlanned,),
    FindUnit: (UnitFound,),
    LookUpProgress: (ProgressFound, NoProgress),
    TransferToAgent: (AgentJoined, NoAgentFree, TransferFailed),
    GiveWayToEmergency: (AgentJoined, NoAgentFree, TransferFailed),
    Say: (PromptFinished,),
}
"""What is waited for after an action, besides that its engine failed."""

_ENGINES: Final[dict[str, type[Action]]] = {
    "understander": Understand,
    "retriever": LookUp,
    "store": RegisterAppeal,
    "repeats": CheckRepeat,
    "merge": MergeIntoOrder,
    "progress": LookUpProgress,
    "callbacks": PlanCallback,
    "router": FindUnit,
}

_LASTING: Final = (RegisterAppeal, MergeIntoOrder, PlanCallback)
"""Actions that are done whatever has become of their turn: somebody counts on them."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """What is left to be done. Not ``is_same``: other words or rules are in force by now, and the session went another way."""

    outstanding: tuple[Action, ...]
    is_same: bool


def resume(session: Session, past: Iterable[Event | Action]) -> Resumption:
    """Tell a fresh ``session`` all that happened, and return what it waits for.

    Each event of ``past`` is followed by the actions that came of it. A session that does not do the same again is not
    told the rest.
    """
    pending: dict[tuple[type[Action], int], Action] = {}
    listen: Listen | None = None
    for event, done in _steps(past):
        if not _is_same(session.handle(event), done):
            return Resumption((), is_same=False)
        _settle(pending, event)
        for action in done:
            if isinstance(action, Listen):
                listen = action
            elif type(action) in _ANSWERS:
                pending[type(action), _turn_of(action)] = action
    left = [
        action
        for (kind, turn), action in pending.items()
        if kind in _LASTING or (turn == session.turn and not session.is_ended)
    ]
    if listen is not None and listen.turn == session.turn and not session.is_ended:
        left.append(listen)
    return Resumption(tuple(left), is_same=True)


def _steps(past: Iterable[Event | Action]) -> Iterable[tuple[Event, list[Action]]]:
    event: Event | None = None
    done: list[Action] = []
    for entry in past:
        if isinstance(entry, Event):
            if event is not None:
                yield event, done
            event, done = entry, []
        else:
            done.append(entry)
    if event is not None:
        yield event, done


def _settle(pending: dict[tuple[type[Action], int], Action], event: Event) -> None:
    turn = getattr(event, "turn", None)
    if turn is None:
        return
    for kind, answers in _ANSWERS.items():
        failed = isinstance(event, EngineFailed) and _ENGINES.get(event.engine) is kind
        if failed or isinstance(event, answers):
            pending.pop((kind, turn), None)


def _is_same(did: Iterable[Action], before: Iterable[Action]) -> bool:
    """Tell whether the same was done; sentences may be worded anew."""
    return [(type(one), _turn_of(one)) for one in did] == [(type(one), _turn_of(one)) for one in before]


def _turn_of(action: Action) -> int:
    turn: int = getattr(action, "turn", 0)
    return turn
