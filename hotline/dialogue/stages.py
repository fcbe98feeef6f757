"""Stages of a conversation (对话阶段)."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Final


class Stage(StrEnum):
    """Where the conversation stands: what was asked last, or what is being waited for."""

    OPEN = auto()
    ANSWERED = auto()
    MATTER = auto()
    MATTER_CHOICE = auto()
    PLACE_CHOICE = auto()
    PLACE = auto()
    PLACE_DETAIL = auto()
    SECRECY = auto()
    CONFIRM = auto()
    FORM = auto()
    CORRECT = auto()
    CHECKING = auto()
    REPEAT = auto()
    CLOSED_REPEAT = auto()
    MERGING = auto()
    ADDING = auto()
    REGISTERING = auto()
    LOOKING_UP = auto()
    PROGRESS_NUMBER = auto()
    PROGRESS_PROOF = auto()
    FINDING_UNIT = auto()
    UNIT_TOLD = auto()
    MORE = auto()
    EMERGENCY_CHECK = auto()
    EMERGENCY = auto()
    TRANSFERRING = auto()
    MESSAGE = auto()
    RECORDING_MESSAGE = auto()
    CALLBACK = auto()
    PLANNING_CALLBACK = auto()
    RATING = auto()
    RATED_BADLY = auto()
    HANDED_OVER = auto()
    ENDED = auto()


DEAF: Final = frozenset(
    {
        Stage.CHECKING, Stage.MERGING, Stage.ADDING, Stage.REGISTERING, Stage.LOOKING_UP, Stage.TRANSFERRING,
        Stage.RECORDING_MESSAGE, Stage.PLANNING_CALLBACK, Stage.EMERGENCY, Stage.FORM, Stage.FINDING_UNIT,
    }
)  # fmt: skip
"""Stages in which words are kept in the journal but change nothing (only an emergency does)."""

COMMITTING: Final = frozenset({Stage.MERGING, Stage.ADDING, Stage.REGISTERING, Stage.RECORDING_MESSAGE})
"""Stages in which something is being committed, and the citizen waits to be told its number."""

INTAKE: Final = frozenset(
    {
        Stage.MATTER,
        Stage.MATTER_CHOICE,
        Stage.PLACE_CHOICE,
        Stage.PLACE,
        Stage.PLACE_DETAIL,
        Stage.SECRECY,
        Stage.CONFIRM,
        Stage.CORRECT,
    }
)

ASIDE: Final = frozenset(
    {Stage.MATTER_CHOICE, Stage.PLACE_CHOICE, Stage.PLACE, Stage.PLACE_DETAIL, Stage.SECRECY, Stage.CONFIRM}
)
"""Stages in which a question is answered in between, and the intake goes on."""

CONFIRMED: Final = frozenset({Stage.FORM, Stage.CHECKING, Stage.REPEAT, Stage.CLOSED_REPEAT})
"""Stages in which the citizen has confirmed what was read back, and it is not registered yet."""

REPEATS: Final = frozenset({Stage.REPEAT, Stage.CLOSED_REPEAT})
"""Stages in which the citizen is told of an earlier order on the same matter."""

SETTLED: Final = frozenset({Stage.MORE, Stage.ANSWERED, Stage.RATING, Stage.RATED_BADLY})
"""Stages in which a matter has been settled and told."""

WAITS_FOR_PEOPLE: Final = frozenset(
    {Stage.TRANSFERRING, Stage.CALLBACK, Stage.PLANNING_CALLBACK, Stage.MESSAGE}
)
"""Stages in which a citizen who hangs up had waited for a person, and is called back (排队放弃)."""

TOLD_OF_ORDERS: Final = frozenset({Stage.OPEN, Stage.ANSWERED, Stage.MORE})
"""Stages in which a citizen may ask how an order stands."""
