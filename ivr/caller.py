"""A caller: places a call, speaks files when the hotline has finished, and times the answers in the sound received.

``python -m ivr.caller sip:12345@127.0.0.1:5060 --wav A.wav --wav B.wav --json-lines``. A process of its own: the SIP
library allows one endpoint per process. All times are seconds of the call's own audio. ``--steps FILE`` takes the steps as
JSON, each with a moment of its own: ``[{"wav": "a.wav", "barge_in": 1.5}, {"wait": 8}, {"keys": "0"}, {"hang_up": true}]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from ivr.line import FRAME_BYTES, FRAME_SECONDS, Frame, Gone, Line, Played, TransferResult
from ivr.sip import SipEndpoint, SipLine, SipSettings, SipUnavailableError
from ivr.sip.sound import (
    Offset,
    Onset,
    SoundFileError,
    SoundWatch,
    mixed,
    read_wav,
    silent_lead_seconds,
    voiced_length,
    write_wav,
)

_RING_SECONDS: Final = 30.0
_LEAST_CALL_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Speak:
    """Say the file ``wav``: after the hotline has finished, or ``barge_in_seconds`` after it began to speak."""

    wav: Path
    barge_in_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """Press ``keys``: after the hotline has finished, or ``barge_in_seconds`` after it began to speak."""

    keys: str
    barge_in_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Say nothing for ``seconds`` after the hotline has finished."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up: after the hotline has finished, or ``barge_in_seconds`` after it began to speak."""

    barge_in_seconds: float | None = None


Step = Speak | Press | Wait | HangUp


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """How the caller behaves; all times in seconds.

    ``pause``: so long the hotline must be silent to have finished; a message that falls silent in its middle is bridged
    sooner (``PhoneSettings.bridge_seconds``). ``patience``: a hotline that says nothing is spoken to
    all the same after so long. ``linger``: after the last answer the caller hangs up when it has been silent for so
    long. ``longest``: the whole call. ``background``: a file that sounds behind the caller all the time, over and over.
    """

    pause_seconds: float = 1.1
    patience_seconds: float = 15.0
    linger_seconds: float = 6.0
    longest_seconds: float = 180.0
    caller: str = "13905390000"
    record: Path | None = None
    background: Path | None = None


@dataclass(slots=True)
class CallTurn:
    """One step and its answer. ``latency_ms``: last sound of the caller (from ``spoken_from`` on) → first sound of the answer.

    Both are None when no answer came before the next step, or the hotline was speaking when the caller ended.
    ``is_over_prompt``: the hotline was speaking when the step began; ``stopped_after_ms``: so long it went on then.
    Silence at the beginning of a file is not counted as speech. ``is_in_gap``: it was between two sentences of a prompt that
    the caller began; what says no more then was interrupted by nobody.
    """

    step: str
    spoken_from: float
    spoken_until: float | None = None
    first_sound_at: float | None = None
    latency_ms: float | None = None
    answer_from: float | None = None
    answer_until: float | None = None
    stopped_after_ms: float | None = None
    is_over_prompt: bool = False
    is_in_gap: bool = False

    def fell_quiet(self, at: float) -> None:
        """Note that the hotline, which has not answered yet, fell silent at ``at``."""
        if self.is_over_prompt and self.spoken_until is None and at <= self.spoken_from:
            self.is_over_prompt, self.is_in_gap = False, True
        elif self.stopped_after_ms is None and at > self.spoken_from:
            self.stopped_after_ms = round((at - self.spoken_from) * 1000, 1)

    def went_on(self) -> None:
        """Note that the hotline sounds while the caller speaks."""
        self.is_over_prompt = self.is_over_prompt or self.is_in_gap


@dataclass(slots=True)
class CallReport:
    """What came of a call. ``ended_by`` is "far_end", "caller", "limit" or "not_connected"; ``code`` the SIP status."""

    call_id: str = ""
    connected: bool = False
    code: int = 0
    ended_by: str = "not_connected"
    seconds: float = 0.0
    greeting_from: float | None = None
    greeting_until: float | None = None
    turns: list[CallTurn] = field(default_factory=list)
    recording: str | None = None


Report = Callable[[dict[str, Any]], None]


async def place_call(
    uri: str, steps: Sequence[Step], settings: CallerSettings | None = None, *, report: Report | None = None
) -> CallReport:
    """Call ``uri`` and go through ``steps``; ``report`` is given each event as it happens.

    Raises ``SoundFileError`` for a file that cannot be used, ``SipUnavailableError`` when SIP cannot be had.
    """
    settings = settings or CallerSettings()
    sounds = {step.wav: read_wav(step.wav) for step in steps if isinstance(step, Speak)}
    endpoint = SipEndpoint(
        SipSettings(
            port=0,
            trunks=(),
            user=settings.caller,
            user_agent="caller",
            rtp_first_port=42_000,
            rtp_last_port=43_999,
        )
    )
    await endpoint.start()
    try:
        dialled = await endpoint.dial(uri, ring_seconds=_RING_SECONDS)
        if dialled.result is not TransferResult.ANSWERED or dialled.line is None:
            (report or _ignore)({"event": "not_connected", "code": dialled.code})
            return CallReport(code=dialled.code)
        call = _Call(dialled.line, steps, sounds, settings, report or _ignore)
        return await call.run()
    finally:
        await endpoint.close()


def _ignore(_: dict[str, Any]) -> None:
    pass


class _Call:
    """One call under way: frame by frame, by the clock of the sound received."""

    def __init__(
        self,
        line: SipLine,
        steps: Sequence[Step],
        sounds: dict[Path, bytes],
        settings: CallerSettings,
        report: Report,
    ) -> None:
        self._line = line
        self._mouth = Mouth(line, read_wav(settings.background) if settings.background is not None else b"")
        self._steps = list(steps)
        self._sounds = sounds
        self._settings = settings
        self._tell = report
        self._watch = SoundWatch()
        self._report = CallReport(call_id=line.call_id, connected=True, code=200)
        self._received: list[bytes] = []
        self._now = 0.0
        self._is_speaking = False
        self._heard_from: float | None = None  # the hotline's sound since the last step
        self._heard_until: float | None = None
        self._quiet_since = 0.0
        self._turn_at = 0.0

    async def run(self) -> CallReport:
        """Hold the call to its end."""
        self._tell({"event": "connected", "call_id": self._line.call_id})
        ended_by = "limit"
        try:
            while self._now < self._settings.longest_seconds:
                event = await self._line.receive()
                if isinstance(event, Gone):
                    ended_by = "far_end"
                    break
                if isinstance(event, Played):
                    self._played(event.mark)
                elif isinstance(event, Frame):
                    self._mouth.tick()
                    if not self._hear(event):
                        continue
                    ended_by = "caller"
                    break
        finally:
            await self._line.hang_up()
        return self._finish(ended_by)

    def _finish(self, ended_by: str) -> CallReport:
        if self._watch.is_sounding:
            self._fell_quiet(self._now)
        self._report.ended_by = ended_by
        self._report.seconds = round(self._now, 2)
        if self._settings.record is not None:
            write_wav(self._settings.record, b"".join(self._received))
            self._report.recording = str(self._settings.record)
        self._tell({"event": "ended", "by": ended_by, "at": self._report.seconds})
        return self._report

    def _hear(self, frame: Frame) -> bool:
        """Take a frame; tell whether the caller hangs up now."""
        self._received.append(frame.samples)
        self._now = frame.at_seconds + FRAME_SECONDS
        match self._watch.hear(frame.samples, frame.at_seconds):
            case Onset(at):
                self._began(at)
            case Offset(at):
                self._fell_quiet(at)
            case None:
                pass
        if self._is_speaking:
            return False
        if not self._steps:
            return self._has_been_quiet(self._settings.linger_seconds)
        if not self._may_go_on(self._steps[0]):
            return False
        step = self._steps.pop(0)
        if isinstance(step, HangUp):
            return True
        if isinstance(step, Wait):
            self._turn_at, self._heard_from = (
                self._now,
                None,
            )  # the next step waits for what the silence brings
        else:
            self._take(step)
        return False

    def _may_go_on(self, step: Step) -> bool:
        barge_in = None if isinstance(step, Wait) else step.barge_in_seconds
        if barge_in is not None and self._heard_from is not None:
            return self._now - self._heard_from >= barge_in
        if isinstance(step, Wait):
            return self._has_been_quiet(step.seconds)
        if self._heard_from is not None:
            return self._has_been_quiet(self._settings.pause_seconds)
        return self._now - self._turn_at >= self._settings.patience_seconds

    def _has_been_quiet(self, seconds: float) -> bool:
        if self._watch.is_sounding or self._now < _LEAST_CALL_SECONDS:
            return False
        if self._heard_from is None and self._now - self._turn_at < self._settings.patience_seconds:
            return False  # no answer yet
        return self._now - max(self._quiet_since, self._turn_at) >= seconds

    def _take(self, step: Speak | Press) -> None:
        number = len(self._report.turns)
        name = step.wav.name if isinstance(step, Speak) else f"keys {step.keys}"
        lead = silent_lead_seconds(self._sounds[step.wav]) if isinstance(step, Speak) else 0.0
        self._report.turns.append(
            CallTurn(
                step=name, spoken_from=round(self._now + lead, 3), is_over_prompt=self._watch.is_sounding
            )
        )
        self._tell({"event": "speaking", "turn": number, "step": name, "at": round(self._now, 3)})
        self._heard_from = self._heard_until = None
        if isinstance(step, Press):
            self._line.press(step.keys)
            self._line.mark(2 * number)
            self._line.mark(2 * number + 1)
            self._is_speaking = True
            return
        sound = self._sounds[step.wav]
        voiced = voiced_length(sound)
        self._is_speaking = True
        self._mouth.say(sound[:voiced], 2 * number)
        self._mouth.say(sound[voiced:], 2 * number + 1)

    def _played(self, mark: int) -> None:
        number, is_end = divmod(mark, 2)
        turn = self._report.turns[number]
        if is_end:
            self._is_speaking = False
            return
        turn.spoken_until = round(self._now, 3)
        self._turn_at = self._now
        self._tell({"event": "spoken", "turn": number, "at": turn.spoken_until})

    def _began(self, at: float) -> None:
        self._heard_from = at if self._heard_from is None else self._heard_from
        if not self._report.turns:
            if self._report.greeting_from is None:
                self._report.greeting_from = round(at, 3)
                self._tell({"event": "greeting", "at": round(at, 3)})
            return
        number = len(self._report.turns) - 1
        turn = self._report.turns[number]
        if turn.spoken_until is None:
            turn.went_on()
            return
        if turn.first_sound_at is not None:
            return
        turn.first_sound_at = turn.answer_from = round(at, 3)
        turn.latency_ms = round((at - turn.spoken_until) * 1000, 1)
        self._tell({"event": "answered", "turn": number, "at": round(at, 3), "latency_ms": turn.latency_ms})

    def _fell_quiet(self, at: float) -> None:
        self._quiet_since = at
        if not self._report.turns:
            self._report.greeting_until = round(at, 3)
            return
        turn = self._report.turns[-1]
        if turn.answer_from is not None:
            turn.answer_until = round(at, 3)
        else:
            turn.fell_quiet(at)


class Mouth:
    """Sends what the caller says, and what sounds behind it, if anything, all the time."""

    def __init__(self, line: Line, background: bytes) -> None:
        """``background`` is repeated; without any the line is silent where nothing is said."""
        self._line = line
        self._background = background[: len(background) // FRAME_BYTES * FRAME_BYTES]
        self._at = 0
        self._waiting: deque[bytes | int] = deque()

    def say(self, sound: bytes, mark: int) -> None:
        """Say ``sound``; ``Played(mark)`` follows when it has been sent."""
        if not self._background:
            self._line.play(sound)
            self._line.mark(mark)
            return
        frames = (sound[start : start + FRAME_BYTES] for start in range(0, len(sound), FRAME_BYTES))
        self._waiting.extend(frame.ljust(FRAME_BYTES, b"\0") for frame in frames)
        self._waiting.append(mark)

    def tick(self) -> None:
        """Send the next 20 ms of the background, mixed with what is being said; call it once a frame."""
        if not self._background:
            return
        while self._waiting and isinstance(self._waiting[0], int):
            self._line.mark(int(self._waiting.popleft()))
        behind = self._background[self._at : self._at + FRAME_BYTES]
        self._at = (self._at + FRAME_BYTES) % len(self._background)
        words = self._waiting.popleft() if self._waiting else b""
        self._line.play(mixed(behind, words) if isinstance(words, bytes) and words else behind)


class _Order(argparse.Action):
    """Keeps --wav and --keys in the order in which they were given."""

    def __call__(self, _parser: Any, namespace: argparse.Namespace, values: Any, _option: Any = None) -> None:
        namespace.steps = [*(namespace.steps or []), values]


def planned(row: Mapping[str, Any]) -> Step:
    """Return one step of a plan; ``ValueError`` for one that is none."""
    barge_in = row.get("barge_in")
    match row:
        case {"wav": str(wav)}:
            return Speak(Path(wav), barge_in)
        case {"keys": str(keys)}:
            return Press(keys, barge_in)
        case {"wait": float() | int() as seconds}:
            return Wait(float(seconds))
        case {"hang_up": True}:
            return HangUp(barge_in)
        case _:
            raise ValueError(f"不认识的步骤：{dict(row)}")


def main() -> int:
    """Place one call from the command line."""
    # Standard output is for the events.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    parser = argparse.ArgumentParser(prog="python -m ivr.caller", description="拨打热线并播放录音")
    parser.add_argument("uri", help="sip:12345@127.0.0.1:5060")
    parser.add_argument(
        "--wav", dest="steps", action=_Order, type=lambda text: Speak(Path(text)), help="依次播放的录音"
    )
    parser.add_argument("--keys", dest="steps", action=_Order, type=Press, help="依次按键")
    parser.add_argument(
        "--barge-in", type=float, metavar="SECONDS", help="热线开口这么久后打断它说话，而不等它说完"
    )
    parser.add_argument("--steps", dest="plan", type=Path, metavar="JSON", help="各步骤写在一个 JSON 文件里")
    parser.add_argument("--background", type=Path, metavar="WAV", help="背景声，一直循环")
    defaults = CallerSettings()
    parser.add_argument("--caller", default=defaults.caller, help="主叫号码")
    parser.add_argument("--pause", type=float, default=defaults.pause_seconds)
    parser.add_argument("--patience", type=float, default=defaults.patience_seconds)
    parser.add_argument("--linger", type=float, default=defaults.linger_seconds)
    parser.add_argument("--longest", type=float, default=defaults.longest_seconds)
    parser.add_argument("--record", type=Path, metavar="WAV", help="录下听到的声音")
    parser.add_argument("--json-lines", action="store_true", help="每个事件打印一行 JSON，最后一行是报告")
    arguments = parser.parse_args()
    steps: list[Step] = [
        Speak(step.wav, arguments.barge_in) if isinstance(step, Speak) else step
        for step in arguments.steps or []
    ]
    if arguments.plan is not None:
        steps += [planned(row) for row in json.loads(arguments.plan.read_text(encoding="utf-8"))]
    settings = CallerSettings(
        pause_seconds=arguments.pause,
        patience_seconds=arguments.patience,
        linger_seconds=arguments.linger,
        longest_seconds=arguments.longest,
        caller=arguments.caller,
        record=arguments.record,
        background=arguments.background,
    )

    def tell(record: dict[str, Any]) -> None:
        text = json.dumps(record, ensure_ascii=False)
        print(text if arguments.json_lines else f"{record.pop('event'):<12} {record}", flush=True)

    try:
        outcome = asyncio.run(place_call(arguments.uri, steps, settings, report=tell))
    except (SipUnavailableError, SoundFileError) as error:
        print(error, file=sys.stderr)
        return 2
    tell({"event": "report", **asdict(outcome)})
    return 0 if outcome.connected else 1


if __name__ == "__main__":
    sys.exit(main())
