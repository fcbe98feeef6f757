"""Hearing one caller: from the line's sound to reported utterances, with recognition begun ahead of time.

A recogniser that decodes whole utterances starts at the first pause of 0.13 s; when the pause turns out to be the
end, its answer is already on the way; when its words are a whole answer, the end is decided early. One that streams is
fed as the sound comes, and what it has made out so far is told. Sound that stops coming counts as silence, so that
nothing waits for it; the hotline's own voice come back counts as silence too, and voices behind the caller lengthen nothing for long.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import structlog

from asr.recognizer import Recognizer
from asr.running import RunningPace, RunningWords
from hotline.dialogue.ends import Fullness
from hotline.domain.speech import PHONE_BAND, WIDE_BAND, Expected, Hypothesis
from hotline.lanes import Claim, Urgency
from ivr.decode import Decode, Tape
from ivr.echo import COMPARED_SECONDS, is_echo
from ivr.foreground import Foreground
from ivr.turn_taking import (
    Began,
    CameForward,
    Decision,
    Dropped,
    Ended,
    Insisted,
    Paused,
    PieceEnded,
    Resumed,
    Situation,
    TookFloor,
    TurnSettings,
    TurnTaker,
)
from ivr.vad import WINDOW_SAMPLES, Samples, SpeechDetector, Upsampler

log: Final = structlog.get_logger("hearing")

_FAINT_OVER_PROMPT = 10 ** (-50 / 20) * 32_768
"""Below −50 dBFS, sound under a prompt is the prompt's own echo."""

_KEPT_SECONDS = 1.0
_COMPARED_BYTES: Final = int(COMPARED_SECONDS * PHONE_BAND.bytes_per_second)


@dataclass(frozen=True, slots=True)
class Heard:
    """A finished utterance. ``text`` is empty when it held no words; ``None`` when the recogniser failed.

    ``spoke_until``, ``ended_at`` and ``known_at`` are the loop's time: last voiced frame, end decided, words known.
    ``recognize_seconds`` is how long the last decode took. ``was_turned_away``: the recogniser had no capacity for it.
    ``others``: what else it may have been (``Hypothesis.others``).
    """

    ended: Ended
    text: str | None
    raw: str
    engine: str
    spoke_until: float
    ended_at: float
    known_at: float
    recognize_seconds: float
    was_ahead: bool
    was_turned_away: bool = False
    others: tuple[str, ...] = ()

    @property
    def since_seconds(self) -> float:
        """How long before its words were known the utterance began."""
        return self.known_at - self.ended_at + self.ended.at - self.ended.start


@dataclass(slots=True)
class _Pending:
    """An utterance that has ended and whose words are awaited."""

    ended: Ended
    situation: Situation
    decodes: list[Decode]
    spoke_until: float
    ended_at: float
    was_ahead: bool
    is_withdrawn: bool = False


@dataclass(slots=True)
class _Current:
    """The utterance under way: pieces cut off, the decode begun ahead, the decode fed as the sound comes.

    It began at ``start``; ``words`` are what is known of it so far, ``told`` what was last told of them.
    """

    start: float = 0.0
    pieces: list[Decode] = field(default_factory=list)
    ahead: Decode | None = None
    live: Decode | None = None
    words: str = ""
    told: str = ""


class Hearing:
    """Listens to one caller. Give it the sound with ``hear``; ``run`` must be running for utterances to be reported.

    ``situation`` tells what the call is doing; ``decided`` is called with every decision, ``heard`` when the words are
    known, in the order of the utterances, ``partly_heard`` with words of an utterance that is not over. ``is_whole`` tells
    whether words are a whole answer, ``fullness`` whether they are by what they mean; ``sent_lately`` gives what the hotline has sent, to know its echo.
    ``deadline_seconds`` counts from the end of the utterance. With ``running``, long speech is listened to in passing
    where the recogniser does not stream.
    """

    def __init__(
        self,
        *,
        recognizer: Recognizer,
        detector: SpeechDetector,
        settings: TurnSettings,
        deadline_seconds: float,
        situation: Callable[[], Situation],
        decided: Callable[[Decision], None],
        heard: Callable[[Heard], None],
        partly_heard: Callable[[str], None] | None = None,
        is_whole: Callable[[str, Expected], bool] | None = None,
        fullness: Callable[[str, Expected], Awaitable[Fullness]] | None = None,
        sent_lately: Callable[[], bytes] = bytes,
        running: RunningPace | None = None,
    ) -> None:
        if recognizer.accepts not in (PHONE_BAND, WIDE_BAND):
            raise ValueError(f"识别引擎要求的采样率不支持：{recognizer.accepts.sample_rate_hz}")
        self.choices: Sequence[str] = ()
        self._recognizer = recognizer
        self._detector = detector
        self._deadline_seconds = deadline_seconds
        self._situation = situation
        self._decided = decided
        self._heard = heard
        self._partly_heard = partly_heard
        self._is_whole = is_whole
        self._fullness = fullness
        self._judging: asyncio.Task[None] | None = None
        self._sent_lately = sent_lately
        self._lately = b""
        # one that streams needs no pieces
        longest = math.inf if recognizer.is_streaming else settings.max_piece_seconds
        self._least_probability = min(settings.silence_threshold, settings.answer_threshold)
        self._turns = TurnTaker(replace(settings, max_piece_seconds=longest))
        self._foreground = Foreground()
        self._upsampler = Upsampler()
        self._window: Samples = np.empty(0, dtype=np.int16)
        self._tape = Tape(recognizer.accepts.bytes_per_second)
        self._windows = 0
        self._current = _Current()
        self._running: RunningWords | None = None
        if running is not None and not recognizer.is_streaming:
            self._running = RunningWords(recognizer, self._tell, running)
        self._pending: list[_Pending] = []
        self._has_pending = asyncio.Event()

    @property
    def is_speaking(self) -> bool:
        """True while the caller speaks, short pauses included."""
        return self._turns.is_speaking

    @property
    def is_busy(self) -> bool:
        """True while something is being said or recognised."""
        return self._turns.is_open or bool(self._pending)

    @property
    def awaited(self) -> Sequence[Ended]:
        """Utterances that are over and whose words are not known yet."""
        return [pending.ended for pending in self._pending]

    def hear(self, samples: bytes) -> None:
        """Take the next 8 kHz samples of the caller."""
        self._lately = (self._lately + samples)[-_COMPARED_BYTES:]
        wide = self._upsampler.widen(samples)
        sound = samples if self._recognizer.accepts == PHONE_BAND else wide.tobytes()
        self._tape.add(sound)
        if self._current.live is not None:
            self._current.live.feed(sound)
        self._window = np.concatenate((self._window, wide))
        while len(self._window) >= WINDOW_SAMPLES:
            window, self._window = self._window[:WINDOW_SAMPLES], self._window[WINDOW_SAMPLES:]
            self._judge(window)

    async def run(self) -> None:
        """Report utterances one after another until cancelled."""
        while True:
            await self._has_pending.wait()
            await self._report(self._pending[0])

    def close(self) -> None:
        """Drop every decode."""
        self._judge_no_more()
        if self._running is not None:
            self._running.stop()
        self._drop_current()
        for pending in self._pending:
            for decode in pending.decodes:
                decode.cancel()

    def _drop_current(self) -> None:
        for decode in (*self._current.pieces, self._current.ahead, self._current.live):
            if decode is not None:
                decode.cancel()

    def _judge(self, window: Samples) -> None:
        self._windows += 1
        at = self._windows * WINDOW_SAMPLES / WIDE_BAND.sample_rate_hz
        situation = self._situation()
        probability = self._detector.probability(window)
        if self._is_own_voice(window, probability, situation):
            probability = 0.0
        is_behind = self._is_behind(window, probability, at)
        decisions = self._turns.feed(probability, at, situation, is_behind=is_behind)
        if (since := self._foreground.came_forward()) is not None:
            decisions += self._turns.came_forward(since, situation)
        for decision in decisions:
            self._follow(decision, situation)
            self._decided(decision)
        if self._running is not None and self._turns.is_speaking:
            self._running.follow(self._current.start, at, self._tape.cut, situation.expect, self.choices)
        if not self._turns.is_open and not self._pending:
            self._tape.forget(at - _KEPT_SECONDS)

    def _is_own_voice(self, window: Samples, probability: float, situation: Situation) -> bool:
        if situation.playing is not None and _loudness(window) < _FAINT_OVER_PROMPT:
            return True
        sent = self._sent_lately() if probability >= self._least_probability else b""
        return bool(sent) and is_echo(self._lately, sent)

    def _is_behind(self, window: Samples, probability: float, at: float) -> bool:
        """Whether somebody or something behind the caller speaks now."""
        is_open = self._turns.is_open
        if not is_open:
            self._foreground.over(at)
        if probability < self._least_probability:
            return False
        loudness = 20 * math.log10(_loudness(window) + 1.0)
        if is_open:
            return self._foreground.is_behind(loudness, at)
        return self._foreground.is_far_behind(loudness, at)

    def _follow(self, decision: Decision, situation: Situation) -> None:
        match decision:
            case Began():
                self._begin(decision, situation)
            case Paused():
                if self._recognizer.is_streaming:
                    self._look_whether_whole()
                else:
                    self._current.ahead = self._decode(
                        situation, decision.start, decision.at, Claim(Urgency.AHEAD)
                    )
            case Resumed():
                self._judge_no_more()
                if self._current.ahead is not None:
                    self._current.ahead.cancel()
                    self._current.ahead = None
            case CameForward():
                self._begin_anew(decision, situation)
            case PieceEnded():
                self._current.pieces.append(self._decode(situation, decision.start, decision.end))
            case Ended():
                self._end(decision, situation)
            case TookFloor() | Insisted() | Dropped():
                pass

    def _begin(self, began: Began, situation: Situation) -> None:
        if began.continues and self._pending:
            last = self._pending.pop()
            last.is_withdrawn = True
            last.decodes[-1].cancel()
            self._current = _Current(began.start, pieces=last.decodes[:-1])
            if not self._pending:
                self._has_pending.clear()
        else:
            self._current = _Current(began.start)
        self._go_along(situation)

    def _begin_anew(self, came: CameForward, situation: Situation) -> None:
        """Forget what was recognised of the voices before the caller's."""
        self._drop_current()
        if self._running is not None:  # nor may an alarm of theirs be told now
            self._running.stop()
        self._current = _Current(came.start)
        self._go_along(situation)

    def _go_along(self, situation: Situation) -> None:
        if self._recognizer.is_streaming:
            self._current.live = self._decode(situation, self._current.start, None)

    def _end(self, ended: Ended, situation: Situation) -> None:
        current, self._current = self._current, _Current()
        self._judge_no_more()
        if self._running is not None:
            self._running.stop()
        was_ahead = current.ahead is not None and not current.ahead.has_failed
        if current.live is not None:
            last = current.live
            last.finish()
        elif current.ahead is not None and was_ahead:
            last = current.ahead
            last.claim.hurry()
        else:
            last = self._decode(situation, ended.start, ended.at)
        now = asyncio.get_running_loop().time()
        self._pending.append(
            _Pending(
                ended=ended,
                situation=situation,
                decodes=[*current.pieces, last],
                spoke_until=now - (ended.at - ended.speech_end),
                ended_at=now,
                was_ahead=was_ahead,
            )
        )
        self._has_pending.set()

    def _decode(
        self, situation: Situation, start: float, end: float | None, claim: Claim | None = None
    ) -> Decode:
        """Begin to recognise the sound from ``start``; ``end`` None leaves it open to be fed."""
        recognizer, choices = self._recognizer, self.choices

        def work(sound: AsyncIterator[bytes]) -> AsyncIterator[Hypothesis]:
            return recognizer.recognize(sound, expect=situation.expect, choices=choices)

        decode = Decode(work, recognizer.name, self._made_out, claim or Claim())
        decode.feed(self._tape.cut(start, end))
        if end is not None:
            decode.finish()
        return decode

    def _made_out(self, decode: Decode, hypothesis: Hypothesis) -> None:
        """Use words as soon as they are known: a whole answer ends the turn early, an alarm need not wait for the end."""
        current = self._current
        if decode not in (current.live, current.ahead, *current.pieces):
            return
        if decode not in current.pieces:
            before = (piece.hypothesis.text for piece in current.pieces if piece.hypothesis is not None)
            current.words = "".join(before) + hypothesis.text
            self._look_whether_whole()
        self._tell(hypothesis.text)

    def _tell(self, words: str) -> None:
        if self._partly_heard is not None and words not in ("", self._current.told):
            self._current.told = words
            self._partly_heard(words)

    def _look_whether_whole(self) -> None:
        words, expect = self._current.words, self._situation().expect
        if self._is_whole is not None and self._is_whole(words, expect):
            self._turns.whole()
        elif self._fullness is not None and words:
            self._judge_no_more()
            judging = self._judge_meaning(self._fullness, words, expect)
            self._judging = asyncio.create_task(judging, name="fullness")

    async def _judge_meaning(
        self, judge: Callable[[str, Expected], Awaitable[Fullness]], words: str, expect: Expected
    ) -> None:
        """Let the turn end early when the words up to this pause are a whole answer by what they mean."""
        found = await judge(words, expect)
        if found is not Fullness.UNKNOWN:
            self._turns.whole(is_sure=found is Fullness.WHOLE)

    def _judge_no_more(self) -> None:
        if self._judging is not None:
            self._judging.cancel()
            self._judging = None

    async def _report(self, pending: _Pending) -> None:
        loop = asyncio.get_running_loop()
        late = await self._wait(pending)
        if pending.was_ahead and pending.decodes[-1].has_failed and not pending.is_withdrawn:
            # The engine broke down over a decode that was begun early; the sound is still there to be tried again.
            pending.was_ahead = False
            pending.decodes[-1] = self._decode(pending.situation, pending.ended.start, pending.ended.at)
            late = await self._wait(pending)
        if pending.is_withdrawn:
            return
        if late:
            log.warning("recognizer.late", engine=self._recognizer.name)
        for task in late:
            task.cancel()
        self._pending.remove(pending)
        if not self._pending:
            self._has_pending.clear()
            self._turns.settle()
        known = [decode.hypothesis for decode in pending.decodes if decode.hypothesis is not None]
        last = pending.decodes[-1]
        self._heard(
            Heard(
                ended=pending.ended,
                text="".join(hypothesis.text for hypothesis in known) if known else None,
                raw="".join(hypothesis.raw for hypothesis in known),
                engine=known[-1].engine if known else self._recognizer.name,
                spoke_until=pending.spoke_until,
                ended_at=pending.ended_at,
                known_at=loop.time(),
                recognize_seconds=max(0.0, last.ended_at - last.started_at),
                was_ahead=pending.was_ahead,
                was_turned_away=not known and last.was_turned_away,
                others=known[0].others if len(known) == 1 else (),
            )
        )

    async def _wait(self, pending: _Pending) -> set[asyncio.Task[None]]:
        """Wait for the decodes until the deadline and return those that are late."""
        left = pending.ended_at + self._deadline_seconds - asyncio.get_running_loop().time()
        tasks = [decode.task for decode in pending.decodes]
        _, late = await asyncio.wait(tasks, timeout=max(0.0, left))
        return late


def _loudness(window: Samples) -> float:
    """Return the root mean square of ``window``."""
    return float(np.sqrt(np.mean(np.square(window.astype(np.float32)))))
