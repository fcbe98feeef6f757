"""The telephone as a channel: one conversation held on a line (电话通道).

``PhoneChannel`` joins what is heard (``Hearing``), what is played (``Playback``), the keys and the clock into the
events of a conversation, and performs its actions. The dialogue decides what is said; here it is only seen to that
nobody is talked over, nobody is left in silence, and everything that was begun is reported as over.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
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
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.events import (
    AgentJoined,
    Event,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    NoAgentFree,
    PromptFinished,
    Said,
    SpeechStarted,
    Started,
    TransferFailed,
)
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.speech import Expected
from ivr.company import Company, put_through
from ivr.hearing import Heard, Hearing
from ivr.line import FRAME_BYTES, FRAME_SECONDS, Frame, Gone, Key, Line, Played, TransferResult
from ivr.playback import Playback
from ivr.turn_taking import Began, Decision, Ended, Situation, TookFloor, TurnSettings
from ivr.vad import SpeechDetector
from tts.synthesizer import Synthesizer

log: Final = structlog.get_logger("channel")

_NOT_WORDS: Final = re.compile(r"[^\w]|_")
_KEYS: Final = frozenset("0123456789*#")
_RELEASE_SECONDS: Final = 0.15  # the dialogue's time to drop a held message after words were reported


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """How a phone conversation is held; all times in seconds.

    ``backchannels``: sounds of listening (嗯、好、哦) that are no answer while nothing is asked. ``fillers``: what is said
    when the answer takes longer than ``filler_after`` from the end of speech. ``lost_voiced``: so much voice without
    words is reported as not heard. ``hold``: how long a message waits for a caller who is speaking. ``stall``: sound
    that fails to come for so long is silence.
    """

    turns: TurnSettings = field(default_factory=TurnSettings)
    backchannels: frozenset[str] = frozenset()
    fillers: tuple[str, ...] = ()
    filler_after_seconds: float = 0.9
    recognize_deadline_seconds: float = 6.0
    synthesize_deadline_seconds: float = 6.0
    lost_voiced_seconds: float = 0.6
    hold_seconds: float = 8.0
    stall_seconds: float = 0.5
    ring_seconds: float = 20.0


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


@dataclass(slots=True)
class _Turn:
    """The turn that is being answered, for its metrics and its filler."""

    heard: Heard | None = None
    spoke_until: float = 0.0
    filler_at: float | None = None


class PhoneChannel:
    """A conversation's ``Channel`` on a telephone line. ``transfers`` has "agent", "110", "119" … → sip addresses."""

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
        transfers: Mapping[str, str],
        on_turn: Callable[[TurnMetrics], None] | None = None,
    ) -> None:
        self._line = line
        self._settings = settings
        self._clock = clock
        self._conversation = conversation
        self._transfers = transfers
        self._on_turn = on_turn
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._playback = Playback(
            line,
            synthesizer,
            deadline_seconds=settings.synthesize_deadline_seconds,
            finished=self._prompt_finished,
            sounded=self._answer_sounded,
        )
        self._hearing = Hearing(
            recognizer=recognizer,
            detector=detector,
            settings=settings.turns,
            deadline_seconds=settings.recognize_deadline_seconds,
            situation=self._situation,
            decided=self._decided,
            heard=self._heard,
        )
        self._company = Company(
            self._playback,
            after_seconds=settings.filler_after_seconds,
            is_wanted=lambda: not self._hearing.is_speaking,
        )
        self._has_started = False
        self._is_deaf = False  # handed over or ending: what is said is not for the hotline
        self._is_gone = False
        self._listen: Listen | None = None
        self._expect = Expected.OPEN
        self._awaited: Listen | CollectKeys | None = None
        self._keys_left = 0
        self._silence: asyncio.TimerHandle | None = None
        self._hold: asyncio.TimerHandle | None = None
        self._turn = _Turn()
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
            caller = self._line.caller
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
                self._playback.say(action)
                self._restart_silence()
            case StopSaying():
                self._playback.stop()
                self._restart_silence()
            case SendText():
                pass  # nothing to read on a telephone
            case Listen():
                self._listen = self._awaited = action
                self._expect = action.expect
                self._hearing.choices = action.choices
                self._restart_silence()
            case CollectKeys():
                self._awaited = action
                self._keys_left = action.max_keys
                self._restart_silence()
            case TransferToAgent() | GiveWayToEmergency():
                self._stop_waiting()
                self._begin(self._transfer(action))
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
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._line.hang_up()

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
                    case Gone():
                        break
        except Exception as error:  # noqa: BLE001 -- a broken line is a caller who is gone, never a call that hangs
            log.error("line.broken", error=type(error).__name__)
        self._gone()

    async def _watch_sound(self) -> None:
        """Let sound that does not come count as silence."""
        while True:
            await asyncio.sleep(self._settings.stall_seconds / 2)
            missing = self._now() - self._last_frame
            if missing >= self._settings.stall_seconds:
                self._last_frame += missing
                for _ in range(int(missing / FRAME_SECONDS)):
                    self._hear(bytes(FRAME_BYTES))

    def _hear(self, samples: bytes) -> None:
        if not (self._is_deaf or self._is_gone):
            self._hearing.hear(samples)

    def _key(self, key: str) -> None:
        if key not in _KEYS or self._is_deaf:
            return
        if isinstance(self._awaited, CollectKeys):
            self._keys_left -= 1
            if self._keys_left <= 0:
                self._awaited = None
        self._emit(KeyPressed(at=self._clock(), key=key))
        self._restart_silence()

    def _gone(self) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        self._stop_waiting()
        self._report_turn(first_sound=None)
        self._hearing.close()
        self._playback.close()
        self._events.put_nowait(HungUp(at=self._clock()))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    # --- hearing ---------------------------------------------------------------------------------------------

    def _situation(self) -> Situation:
        return Situation(
            expect=self._expect, is_question_asked=self._listen is not None, playing=self._playback.playing()
        )

    def _decided(self, decision: Decision) -> None:
        match decision:
            case Began():
                self._company.stop()
                self._restart_silence()
                self._hold_messages()
            case TookFloor():
                if decision.over_prompt and not self._playback.is_busy:
                    self._playback.stop()  # only a filler was heard; the dialogue knows nothing of it
                self._emit(SpeechStarted(at=self._clock()))
            case Ended():
                self._utterance_ended(decision)
            case _:
                pass

    def _utterance_ended(self, ended: Ended) -> None:
        self._report_turn(first_sound=None)
        self._turn = _Turn(spoke_until=self._now() - (ended.at - ended.speech_end))
        if self._is_answer_due or self._matters(ended):
            self._company.keep(since=self._turn.spoke_until)
        self._restart_silence()

    def _heard(self, heard: Heard) -> None:
        if self._is_deaf or self._is_gone:
            return
        ended = heard.ended
        words = _NOT_WORDS.sub("", heard.text or "")
        is_long = ended.voiced_seconds >= self._settings.lost_voiced_seconds
        if heard.text is not None and words:
            if ended.is_answer or ended.stopped_prompt or not self._is_backchannel(words):
                self._turn.heard = heard
                self._listen = None
                self._is_answer_due = True
                self._emit(Said(at=self._clock(), text=heard.text, raw=heard.raw, engine=heard.engine))
        elif ended.stopped_prompt or (
            self._matters(ended) if heard.text is None else ended.is_answer and is_long
        ):
            self._is_answer_due = True
            self._emit(HearingLost(at=self._clock(), is_engine_down=heard.text is None))
        if not self._is_answer_due:
            self._company.stop()
        self._release_soon()
        self._restart_silence()

    def _matters(self, ended: Ended) -> bool:
        """Tell whether a sound asks for an answer even before, or without, its words being known."""
        is_long = ended.voiced_seconds >= self._settings.lost_voiced_seconds
        return ended.is_answer or ended.stopped_prompt or is_long

    def _is_backchannel(self, words: str) -> bool:
        """Tell whether ``words`` are made of sounds of listening only (“嗯嗯，好的”)."""
        ends = {0}
        for start in range(len(words)):
            if start in ends:
                ends |= {
                    start + len(hum) for hum in self._settings.backchannels if words.startswith(hum, start)
                }
        return len(words) in ends

    # --- silence and company ---------------------------------------------------------------------------------

    def _restart_silence(self) -> None:
        """Count the seconds that ``Listen`` allows anew, from the moment that nobody speaks."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if self._awaited is None or self._playback.is_busy or self._hearing.is_speaking:
            return
        self._silence = asyncio.get_running_loop().call_later(self._awaited.seconds, self._fell_silent)

    def _fell_silent(self) -> None:
        self._silence = None
        if self._awaited is None or self._playback.is_busy:
            return
        if self._hearing.is_busy:
            self._silence = asyncio.get_running_loop().call_later(0.2, self._fell_silent)
            return
        turn = self._awaited.turn
        self._listen = self._awaited = None
        self._emit(FellSilent(at=self._clock(), turn=turn))

    def _stop_waiting(self) -> None:
        self._listen = self._awaited = None
        self._restart_silence()
        self._is_answer_due = False
        self._company.stop()
        self._release()

    # --- messages --------------------------------------------------------------------------------------------

    def _prompt_finished(self, turn: int) -> None:
        self._emit(PromptFinished(at=self._clock(), turn=turn))
        self._restart_silence()

    def _answer_sounded(self) -> None:
        self._is_answer_due = False
        self._turn.filler_at = self._company.first_at
        self._company.stop()
        self._report_turn(first_sound=self._now() - self._turn.spoke_until)

    def _hold_messages(self) -> None:
        self._release()
        self._playback.hold()
        self._hold = asyncio.get_running_loop().call_later(self._settings.hold_seconds, self._release)

    def _release_soon(self) -> None:
        if self._hold is not None and not self._hearing.is_speaking:
            self._hold.cancel()
            self._hold = asyncio.get_running_loop().call_later(_RELEASE_SECONDS, self._release)

    def _release(self) -> None:
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._playback.release()

    def _report_turn(self, *, first_sound: float | None) -> None:
        turn, self._turn = self._turn, _Turn()
        if turn.heard is None or self._on_turn is None:
            return
        heard = turn.heard
        self._on_turn(
            TurnMetrics(
                end_decided=heard.ended_at - heard.spoke_until,
                words_known=heard.known_at - heard.spoke_until,
                recognize=heard.recognize_seconds,
                was_ahead=heard.was_ahead,
                filler=None if turn.filler_at is None else turn.filler_at - turn.spoke_until,
                first_sound=first_sound,
            )
        )

    # --- handing over and ending -----------------------------------------------------------------------------

    async def _transfer(self, action: TransferToAgent | GiveWayToEmergency) -> None:
        is_agent = isinstance(action, TransferToAgent)
        address = self._transfers.get(
            "agent" if isinstance(action, TransferToAgent) else action.service.value
        )
        result: TransferResult | None = None
        if address is None:
            await self._playback.drained()
        else:
            seconds = self._settings.ring_seconds
            result = await put_through(self._line, self._playback, address, ring_seconds=seconds)
        if result is TransferResult.ANSWERED:
            self._is_deaf = True
            self._emit(AgentJoined(at=self._clock(), turn=action.turn))
        elif is_agent and result in (None, TransferResult.BUSY, TransferResult.NO_ANSWER):
            self._emit(NoAgentFree(at=self._clock(), turn=action.turn))
        else:
            reason = "no_address" if result is None else result.value
            self._emit(TransferFailed(at=self._clock(), turn=action.turn, reason=reason))

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
