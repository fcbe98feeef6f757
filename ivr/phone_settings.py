"""How a phone conversation is held, and what is measured of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from asr.running import RunningPace
from hotline.city import read_yaml
from hotline.domain.errors import CityConfigError
from ivr.turn_taking import TurnSettings


@dataclass(frozen=True, slots=True)
class Endings:
    """How words end that are a whole answer, and how words end that are to go on.

    To the question for a place, ``place_alone`` are whole answers that are no place (“没有了”), and so is a question.
    To an open question it is also a whole answer when a word of ``asked`` is in it, or when it begins as ``states`` and
    ends as ``stated``; but nothing shorter than ``least_characters``.
    """

    finished: tuple[str, ...] = ()
    place_finished: tuple[str, ...] = ()
    place_alone: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    least_characters: int = 5


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """How a phone conversation is held; all times in seconds.

    ``backchannels``: sounds of listening (嗯、好、哦) that are no answer while nothing is asked. ``fillers``: what is said
    when the answer takes longer than ``filler_after`` from the end of speech. ``lost_voiced``: so much voice without
    words is reported as not heard, ``lost_answer`` after a yes-or-no question. ``hold``: how long a message waits for a caller who is speaking. ``stall``: sound
    that fails to come for so long is silence. ``bridge``: a message that falls silent for so long in its middle, since
    its next part is not rendered, is bridged by a filler. ``running``: how often speech that goes on is listened to, if at all.
    """

    turns: TurnSettings = field(default_factory=TurnSettings)
    backchannels: frozenset[str] = frozenset()
    endings: Endings = field(default_factory=Endings)
    fillers: tuple[str, ...] = ()
    filler_after_seconds: float = 0.8
    recognize_deadline_seconds: float = 6.0
    synthesize_deadline_seconds: float = 6.0
    lost_voiced_seconds: float = 0.6
    lost_answer_seconds: float = 0.35
    hold_seconds: float = 8.0
    stall_seconds: float = 0.5
    bridge_seconds: float = 0.8
    ring_seconds: float = 20.0
    running: RunningPace | None = None


@dataclass(frozen=True, slots=True)
class TurnMetrics:
    """Where the time of one turn went, in seconds from the caller's last voiced frame, unless said otherwise.

    ``recognize`` is the length of the decode itself; ``first_sound`` when the answer began to leave (a filler counts
    in ``filler`` only). None: it did not happen before the caller spoke again or the call ended.
    """

    end_decided: float
    words_known: float
    recognize: float
    was_ahead: bool
    filler: float | None
    first_sound: float | None


def read_backchannels(folder: Path) -> frozenset[str]:
    """Read a city's ``lexicon/backchannel.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = folder / "lexicon" / "backchannel.yaml"
    rows = read_yaml(file)
    words = rows.get("backchannels") if isinstance(rows, dict) else None
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise CityConfigError(file=str(file), reason="backchannels 应为词语列表")
    return frozenset(words)


def read_endings(folder: Path) -> Endings:
    """Read a city's ``lexicon/turns.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = folder / "lexicon" / "turns.yaml"
    rows = read_yaml(file)
    lists: dict[str, tuple[str, ...]] = {}
    for name in ("finished", "place_finished", "place_alone", "unfinished", "asked", "states", "stated"):
        words = rows.get(name) if isinstance(rows, dict) else None
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            raise CityConfigError(file=str(file), reason=f"{name} 应为词语列表")
        lists[name] = tuple(words)
    least = rows.get("least_characters")
    if not isinstance(least, int) or least < 1:
        raise CityConfigError(file=str(file), reason="least_characters 应为正整数")
    return Endings(least_characters=least, **lists)
