"""Writing down what people say to each other in a call (通话转写): the citizen on one side, the agent and whoever is with them on the other.

Nobody waits for these words: recognising them makes way for callers who talk with the machine, and when it fails the
talk goes on. Sound of the agent's side comes on the media thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from asr.recognizer import Recognizer
from asr.running import RunningPace
from hotline.dialogue.talk_events import TalkSaid
from hotline.domain.speech import AudioFormat, Expected, Hypothesis
from hotline.lanes import Claim, Urgency
from ivr.hearing import Heard, Hearing
from ivr.turn_taking import Situation, TurnSettings
from ivr.vad import SpeechDetector

CITIZEN: Final = "citizen"
AGENT: Final = "agent"
_PAUSE_SECONDS: Final = dict.fromkeys(Expected, 0.6)


@dataclass(frozen=True, slots=True)
class Listening:
    """How talks are listened to: the recogniser, a speech detector for each side, and how long words may take.

    ``partly`` is told conversation, side and words of what is still being said, for whoever watches; they are not kept.
    """

    recognizer: Recognizer
    detector: Callable[[], SpeechDetector]
    deadline_seconds: float = 10.0
    partly: Callable[[str, str, str], None] | None = None
    pace: RunningPace | None = field(default_factory=lambda: RunningPace(after=1.5, every=1.5))


class PatientRecognizer:
    """A recogniser whose work makes way for whoever waits for an answer."""

    def __init__(self, recognizer: Recognizer) -> None:
        """Take the recogniser."""
        self._recognizer = recognizer

    @property
    def name(self) -> str:
        """Its name."""
        return self._recognizer.name

    @property
    def accepts(self) -> AudioFormat:
        """The sound it wants."""
        return self._recognizer.accepts

    @property
    def is_streaming(self) -> bool:
        """Whether it takes sound as it comes."""
        return self._recognizer.is_streaming

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Recognise one utterance, behind those that somebody waits for."""
        with Claim(Urgency.AHEAD).held():
            async for hypothesis in self._recognizer.recognize(audio, expect=expect, choices=choices):
                yield hypothesis

    async def close(self) -> None:
        """Close nothing: the recogniser is not its own."""


class TalkTranscript:
    """Listens to one talk from its beginning to its end; ``run`` must be running for words to be told."""

    def __init__(
        self,
        listening: Listening,
        *,
        conversation: str,
        clock: Callable[[], datetime],
        emit: Callable[[TalkSaid], None],
    ) -> None:
        """``emit`` is given what was said."""
        self._listening = listening
        self._conversation = conversation
        self._clock = clock
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._sides = {who: self._side(who) for who in (CITIZEN, AGENT)}

    def citizen(self, samples: bytes) -> None:
        """Take 20 ms of the citizen."""
        self._sides[CITIZEN].hear(samples)

    def agent(self, samples: bytes) -> None:
        """Take 20 ms of the others, on any thread."""
        self._loop.call_soon_threadsafe(self._sides[AGENT].hear, samples)

    async def run(self) -> None:
        """Tell what is said until cancelled."""
        try:
            async with asyncio.TaskGroup() as sides:
                for who, side in self._sides.items():
                    sides.create_task(side.run(), name=f"transcript {who}")
        finally:
            for side in self._sides.values():
                side.close()

    def _side(self, who: str) -> Hearing:
        listening = self._listening
        return Hearing(
            recognizer=PatientRecognizer(listening.recognizer),
            detector=listening.detector(),
            settings=TurnSettings(endpoint_seconds=_PAUSE_SECONDS),
            deadline_seconds=listening.deadline_seconds,
            situation=Situation,
            decided=lambda _: None,
            heard=lambda heard: self._heard(who, heard),
            partly_heard=lambda text: self._partly_heard(who, text),
            running=listening.pace,
        )

    def _heard(self, who: str, heard: Heard) -> None:
        if heard.text:
            since = round(max(0.0, heard.since_seconds), 2)
            self._emit(TalkSaid(self._clock(), who, heard.text, heard.raw, since))

    def _partly_heard(self, who: str, text: str) -> None:
        if self._listening.partly is not None and text:
            self._listening.partly(self._conversation, who, text)
