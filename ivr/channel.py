"""The telephone as a channel: one conversation held on a line (电话通道).

``PhoneChannel`` joins what is heard (``Hearing``), what is played (``Playback``), the keys and the clock into the
events of a conversation, and performs its actions. The dialogue decides what is said; here it is only seen to that
nobody is talked over, nobody is left in silence, and everything that was begun is reported as over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Final, assert_never

import structlog

from asr.recognizer import Recognizer
from hotline.dialogue.actions import (
    ChannelAction,
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Say,
    SendText,
    StayHere,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.ends import Fullness
from hotline.dialogue.events import (
    Event,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    PartlySaid,
    PromptFinished,
    Said,
    SpeechStarted,
    Started,
    TakenOver,
)
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.speech import Expected
from ivr.company import Company
from ivr.hearing import Heard, Hearing
from ivr.judgement import is_lost, is_said, is_unfinished, is_whole, matters
from ivr.line import FRAME_BYTES, FRAME_SECONDS, Frame, Gone, Key, Line, PartyLeft, Played
from ivr.patience import Patience
from ivr.phone_settings import PhoneSettings, TurnMetrics
from ivr.playback import Playback
from ivr.putting_through import People, PuttingThrough
from ivr.turn_taking import (
    Began,
    Decision,
    Dropped,
    Ended,
    Insisted,
    Paused,
    Resumed,
    Situation,
    TookFloor,
)
from ivr.vad import SpeechDetector
from tts.synthesizer import Synthesizer

__all__ = ["PhoneChannel", "PhoneSettings", "TurnMetrics"]

log: Final = structlog.get_logger("channel")

_KEYS: Final = frozenset("0123456789*#")
_WATCH_SECONDS: Final = 0.1
_RELEASE_SECONDS: Final = (
    0.15  # the dialogue's time to drop a held message, or to say another, after words were reported
)


class PhoneChannel:
    """A conversation's ``Channel`` on a telephone line. ``people`` are those whom the caller can be put through to.

    ``is_wish`` tells words after which nothing is waited for, whatever was asked (``hotline.dialogue.ends``).
    """

    def __init__(
        self,
        line: Line,
        recognizer: Recognizer,
        synthesizer: Synthesizer,
        detector: SpeechDetector,
        settings: PhoneSettings,
        *,
        clock: Callable[[], datetime],
        conversation: str,
        people: People,
        on_turn: Callable[[TurnMetrics], None] | None = None,
        slow_synthesizer: Synthesizer | None = None,
        fullness: Callable[[str, Expected], Awaitable[Fullness]] | None = None,
        is_wish: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._line = line
        self._settings = settings
        self._fullness = fullness
        self._clock = clock
        self._conversation = conversation
        self._on_turn = on_turn
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._playback = Playback(
            line,
            synthesizer,
            deadline_seconds=settings.synthesize_deadline_seconds,
            finished=self._prompt_finished,
            sounded=self._answer_sounded,
            slow_synthesizer=slow_synthesizer,
        )
        self._hearing = Hearing(
            recognizer=recognizer,
            detector=detector,
            settings=settings.turns,
            deadline_seconds=settings.recognize_deadline_seconds,
            situation=self._situation,
            decided=self._decided,
            heard=self._heard,
            partly_heard=self._partly_heard,
            is_whole=lambda text, expect: is_wish(text) or is_whole(text, expect, settings.endings),
            fullness=None if fullness is None else self._fullness_of,
            sent_lately=self._playback.sent_lately,
            running=settings.running,
        )
        self._company = Company(
            self._playback,
            after_seconds=settings.filler_after_seconds,
            is_wanted=lambda: self._is_waited_for and not self._hearing.is_speaking,
        )
        self._patience = Patience(
            is_talking=lambda: self._playback.is_busy or self._hearing.is_speaking,
            is_hearing=lambda: self._hearing.is_busy,
            over=self._fell_silent,
        )
        self._people = PuttingThrough(
            line,
            self._playback,
            people,
            conversation=conversation,
            ring_seconds=settings.ring_seconds,
            clock=clock,
            emit=self._emit,
            deaf=self._set_deaf,
        )
        self._takeovers: set[str] = set()
        self._has_started = False
        self._is_deaf = False  # handed over or ending: what is said is not for the hotline
        self._is_gone = False
        self._is_question_asked = False
        self._expect = Expected.OPEN
        self._slowness = 1.0
        self._is_interrupted = False  # somebody makes a sound over a prompt, which is silent for it
        self._hold: asyncio.TimerHandle | None = None
        self._is_answer_awaited = (
            False  # words have just been reported, and the dialogue may drop what is held
        )
        self._answered: Heard | None = None  # the words whose answer has not sounded yet
        self._is_answer_due = False
        self._last_frame = 0.0

    # --- the channel's contract ------------------------------------------------------------------------------

    async def receive(self) -> Event:
        """Return the next thing that happened; ``Started`` is the first, ``HungUp`` the last."""
        if not self._has_started:
            self._has_started = True
            self._last_frame = self._now()
            self._begin(self._follow_line())
            self._begin(self._hearing.run())
            self._begin(self._watch_sound())
            self._begin(self._company.prepare(self._settings.fillers))
            caller = self._line.caller.removeprefix("+86")
            return Started(
                at=self._clock(),
                conversation=self._conversation,
                channel=ContactChannel.PHONE,
                phone=PhoneNumber(caller) if caller.isdigit() else None,
            )
        return await self._events.get()

    async def perform(self, action: ChannelAction) -> None:
        """Begin ``action`` and return at once; after the caller has gone it does nothing."""
        if self._is_gone:
            return
        match action:
            case Say():
                self._say(action)
            case StopSaying():
                self._playback.stop()
                self._patience.restart()
            case SendText():
                pass  # nothing to read on a telephone
            case Listen():
                self._is_question_asked = True
                self._expect, self._slowness = action.expect, action.slowness
                self._hearing.choices = action.choices
                self._patience.wait_for(action)
            case CollectKeys():
                self._patience.wait_for(action)
            case TransferToAgent() | GiveWayToEmergency():
                self._stop_waiting()
                self._begin(self._people.run(action))
            case StayHere():
                self._people.stay_here()
            case End():
                self._stop_waiting()
                self._is_deaf = True
                self._begin(self._end())
            case _:
                assert_never(action)

    async def close(self) -> None:
        """Hang up, if still open, and free the line; idempotent."""
        self._gone()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            if not task.cancelling():  # one that was told already puts itself in order
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._line.hang_up()
        await self._people.leave()

    def take_over(self, agent: str, handover: str) -> bool:
        """Let an agent (工号) have the call, who is kept free as ``handover``; False when people have it already.

        The same hand-over again is the same.
        """
        if self._is_gone or self._is_deaf:
            return False
        if handover not in self._takeovers:
            self._takeovers.add(handover)
            self._emit(TakenOver(self._clock(), agent, handover))
        return True

    # --- the line --------------------------------------------------------------------------------------------

    async def _follow_line(self) -> None:
        try:
            while True:
                event = await self._line.receive()
                match event:
                    case Frame():
                        self._last_frame = self._now()
                        self._hear(event.samples)
                    case Key():
                        self._key(event.key)
                    case Played():
                        self._playback.played(event.mark)
                    case PartyLeft():
                        self._people.left(event.party)
                    case Gone():
                        break
        except Exception as error:  # noqa: BLE001 -- a broken line is a caller who is gone, never a call that hangs
            log.error("line.broken", error=type(error).__name__)
        self._gone()

    async def _watch_sound(self) -> None:
        """Let sound that does not come count as silence, and bridge the silence of a message that is rendered too slowly."""
        silent = 0.0
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            silent = silent + _WATCH_SECONDS if self._playback.is_waiting_for_sound else 0.0
            if silent >= self._settings.bridge_seconds:
                silent = -self._company.bridge()
            missing = self._now() - self._last_frame
            if missing >= self._settings.stall_seconds:
                self._last_frame += missing
                for _ in range(int(missing / FRAME_SECONDS)):
                    self._hear(bytes(FRAME_BYTES))

    def _hear(self, samples: bytes) -> None:
        if self._is_deaf:
            self._people.heard(samples)
        elif not self._is_gone:
            self._hearing.hear(samples)

    def _key(self, key: str) -> None:
        if key not in _KEYS or self._is_deaf:
            return
        self._emit(KeyPressed(at=self._clock(), key=key))
        self._patience.key_pressed()

    def _gone(self) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        self._playback.close()
        self._hearing.close()
        self._company.stop()
        self._patience.stop()
        if self._hold is not None:
            self._hold.cancel()
        self._report_turn(first_sound_at=None)
        self._events.put_nowait(HungUp(at=self._clock()))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    # --- hearing ---------------------------------------------------------------------------------------------

    def _situation(self) -> Situation:
        return Situation(
            expect=self._expect,
            # a question of which nothing has sounded is not asked yet
            is_question_asked=self._is_question_asked and not self._playback.is_unheard,
            playing=self._playback.playing(),
            slowness=self._slowness,
        )

    async def _fullness_of(self, text: str, expect: Expected) -> Fullness:
        assert self._fullness is not None
        if is_unfinished(text, self._settings.endings):
            return Fullness.UNKNOWN
        return await self._fullness(text, expect)

    def _decided(self, decision: Decision) -> None:
        match decision:
            case Began():
                self._company.stop()
                self._patience.restart()
                self._hold_messages()
            case TookFloor():
                self._take_floor(decision)
            case Insisted() if self._playback.is_busy:
                self._emit(SpeechStarted(at=self._clock()))
            case Paused(may_be_hum=True) if self._is_interrupted:
                self._playback.resume()
            case Resumed() if self._is_interrupted and self._playback.is_busy:
                self._playback.pause()
            case Dropped():
                self._is_interrupted = False
                self._release()
            case Ended():
                self._is_interrupted = False
                self._utterance_ended(decision)
            case _:
                pass

    def _utterance_ended(self, ended: Ended) -> None:
        if self._is_answer_due or self._is_awaiting_words:
            self._company.keep(since=self._now() - (ended.at - ended.speech_end))
        self._patience.restart()

    @property
    def _is_waited_for(self) -> bool:
        """Whether the caller is owed words that do not sound yet."""
        return self._is_answer_due or self._is_awaiting_words or self._playback.is_busy

    @property
    def _is_awaiting_words(self) -> bool:
        """Whether anything was said that asks for an answer, and the recogniser is still at it."""
        return any(matters(ended, self._settings) for ended in self._hearing.awaited)

    def _take_floor(self, floor: TookFloor) -> None:
        """Fall silent for the caller; a prompt is only paused until it is clear that they want to say something."""
        if floor.over_prompt and self._playback.is_busy:
            self._is_interrupted = True
            self._playback.pause()
            return
        if floor.over_prompt:
            self._playback.stop()  # a filler; the dialogue knows nothing of it
        self._emit(SpeechStarted(at=self._clock()))

    def _heard(self, heard: Heard) -> None:
        if self._is_deaf or self._is_gone:
            return
        ended = heard.ended
        if is_said(heard, self._settings, self._hearing.choices):
            if ended.over_prompt and self._playback.is_busy and not ended.has_insisted:
                self._emit(SpeechStarted(at=self._clock()))
            self._report_turn(first_sound_at=None)
            self._answered = heard
            self._is_question_asked = False
            self._is_answer_due = True
            text = heard.text or ""
            self._emit(
                Said(
                    at=self._clock(),
                    text=text,
                    raw=heard.raw,
                    engine=heard.engine,
                    continues=heard.ended.follows,
                    since_seconds=round(heard.since_seconds, 2),
                    others=heard.others,
                )
            )
        elif is_lost(heard, self._settings, self._expect):
            self._is_answer_due = True
            is_down, is_busy = heard.text is None, heard.was_turned_away
            self._emit(HearingLost(at=self._clock(), is_engine_down=is_down, is_engine_busy=is_busy))
        if not (self._is_answer_due or self._is_awaiting_words):
            self._company.stop()
        self._release_soon()
        self._patience.restart()

    def _partly_heard(self, text: str) -> None:
        if not (self._is_deaf or self._is_gone):
            self._emit(PartlySaid(at=self._clock(), text=text))

    # --- messages ------------------------------------------------------------------------------------------------

    def _say(self, message: Say) -> None:
        self._playback.say(message)
        self._patience.restart()
        if self._is_answer_awaited:
            self._release()  # the dialogue has dropped what it no longer wants said

    def _stop_waiting(self) -> None:
        self._is_question_asked = False
        self._patience.stop()
        self._is_answer_due = False
        if not self._playback.is_busy:  # the last words may still be rendered: they are waited for in company
            self._company.stop()
        self._release(is_over=True)

    def _fell_silent(self, turn: int) -> None:
        self._is_question_asked = self._is_answer_due = False
        self._emit(FellSilent(at=self._clock(), turn=turn))

    def _prompt_finished(self, turn: int) -> None:
        self._emit(PromptFinished(at=self._clock(), turn=turn))
        self._patience.restart()

    def _answer_sounded(self) -> None:
        self._is_answer_due = False
        self._company.stop()
        self._report_turn(first_sound_at=self._now())

    def _hold_messages(self) -> None:
        self._release()
        self._playback.hold()
        self._hold = asyncio.get_running_loop().call_later(self._settings.hold_seconds, self._release)

    def _release_soon(self) -> None:
        """Let messages sound when the dialogue has had time to drop them because of what was said."""
        if self._hearing.is_speaking or not (self._hold is not None or self._playback.is_paused):
            return
        if self._hold is not None:
            self._hold.cancel()
        self._is_answer_awaited = True
        self._hold = asyncio.get_running_loop().call_later(_RELEASE_SECONDS, self._release)

    def _release(self, *, is_over: bool = False) -> None:
        self._is_answer_awaited = False
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._playback.release()
        if is_over or not self._hearing.is_speaking:
            self._playback.resume()

    def _report_turn(self, *, first_sound_at: float | None) -> None:
        heard, self._answered = self._answered, None
        if heard is None or self._on_turn is None:
            return
        start, filler_at = heard.spoke_until, self._company.first_at
        self._on_turn(
            TurnMetrics(
                end_decided=heard.ended_at - start,
                words_known=heard.known_at - start,
                recognize=heard.recognize_seconds,
                was_ahead=heard.was_ahead,
                filler=None if filler_at is None else filler_at - start,
                first_sound=None if first_sound_at is None else first_sound_at - start,
            )
        )

    # --- ending ------------------------------------------------------------------------------------------

    def _set_deaf(self, is_deaf: bool) -> None:
        self._is_deaf = is_deaf

    async def _end(self) -> None:
        await self._playback.drained()
        await self._line.hang_up()
        self._gone()

    # --- odds and ends ---------------------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        if not self._is_gone:
            self._events.put_nowait(event)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("channel.broken", error=type(error).__name__)
            self._gone()  # better the call ends than that it hangs in silence

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
