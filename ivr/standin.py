"""Stand-in telephones for the demo and the tests: 110, 119, 120 and an agent who can be rung.

``python -m ivr.standin --listen 127.0.0.1:5080 --user 110 --user agent=busy --json-lines`` rings, answers, plays a tone
and prints what happened. A process of its own: the SIP library allows one endpoint per process, of four calls.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog

from ivr.line import FRAME_SECONDS, Frame, Gone
from ivr.sip import BUSY, Arrival, Reception, SipEndpoint, SipLine, SipSettings, SipUnavailableError
from ivr.sip.sound import Offset, SoundFileError, SoundWatch, read_wav, tone, write_wav

_ANSWERS_AFTER: Final = 1.0
"""Seconds of silence after which somebody answers: pauses between sentences are shorter."""

_NOT_FOUND: Final = 404
_DECLINED: Final = 603


class Manner(StrEnum):
    """What a stand-in telephone does when it rings."""

    ANSWER = "answer"
    BUSY = "busy"
    DECLINE = "decline"
    RING = "ring"


@dataclass(frozen=True, slots=True)
class StandInPhone:
    """One telephone: ``user`` is its number, as in sip:USER@host."""

    user: str
    manner: Manner = Manner.ANSWER
    ring_seconds: float = 1.0


class StandInPhones:
    """Telephones at one SIP address. ``report`` is given what happens, as plain records with an ``event``.

    Who is answered hears ``greeting`` and stays until the far end hangs up, or for ``talk_seconds``. Each time the far
    end has fallen silent, the next of ``keys`` is pressed, or the next of ``says`` played: a citizen who answers questions.
    What each hears is written to the folder ``record``, one WAV for a number, over the one of its call before.
    """

    def __init__(
        self,
        phones: Sequence[StandInPhone],
        *,
        host: str,
        port: int,
        greeting: bytes,
        report: Callable[[dict[str, Any]], None],
        talk_seconds: float | None = None,
        keys: str = "",
        says: Sequence[bytes] = (),
        record: Path | None = None,
    ) -> None:
        self._phones: Mapping[str, StandInPhone] = {phone.user: phone for phone in phones}
        self._greeting = greeting
        self._report = report
        self._talk_seconds = talk_seconds
        self._keys, self._says = keys, tuple(says)
        self._record = record
        settings = SipSettings(
            bind=host,
            port=port,
            user="standin",
            user_agent="standin",
            rtp_first_port=44_000,
            rtp_last_port=45_999,
        )
        self._endpoint = SipEndpoint(settings, receptionist=self._receive, missed=self._missed)

    async def run(self, until: asyncio.Event) -> None:
        """Ring and answer until ``until`` is set. Raises ``SipUnavailableError`` when the port is taken."""
        await self._endpoint.start()
        self._report({"event": "ready", "port": self._endpoint.port})
        try:
            async with asyncio.TaskGroup() as calls:
                answering = calls.create_task(self._answer_all(calls))
                await until.wait()
                answering.cancel()
                await self._endpoint.close()
        finally:
            await self._endpoint.close()

    def _receive(self, arrival: Arrival) -> Reception:
        phone = self._phones.get(arrival.called)
        self._tell("ringing" if phone is not None else "unknown", arrival)
        match phone.manner if phone is not None else None:
            case Manner.ANSWER if phone is not None:
                return Reception(after_seconds=phone.ring_seconds)
            case Manner.BUSY:
                return Reception(code=BUSY)
            case Manner.DECLINE:
                return Reception(code=_DECLINED)
            case Manner.RING:
                return Reception(code=None)
            case _:
                return Reception(code=_NOT_FOUND)

    def _missed(self, arrival: Arrival) -> None:
        self._tell("missed", arrival)

    async def _answer_all(self, calls: asyncio.TaskGroup) -> None:
        with contextlib.suppress(SipUnavailableError):
            while True:
                calls.create_task(self._answer(await self._endpoint.incoming()))

    async def _answer(self, line: SipLine) -> None:
        arrival = Arrival(line.call_id, line.caller, line.called)
        self._tell("answered", arrival)
        line.play(self._greeting)
        watch, keys, says = SoundWatch(), iter(self._keys), iter(self._says)
        seconds, heard_seconds, silent = 0.0, 0.0, math.inf
        reason, heard = "talked", bytearray()
        while self._talk_seconds is None or seconds < self._talk_seconds:
            event = await line.receive()
            if isinstance(event, Gone):
                reason = event.reason
                break
            if isinstance(event, Frame):
                heard += event.samples if self._record is not None else b""
                seconds += FRAME_SECONDS
                found = watch.hear(event.samples, event.at_seconds)
                silent = 0.0 if isinstance(found, Offset) else silent + FRAME_SECONDS
                if not watch.is_sounding and silent - FRAME_SECONDS < _ANSWERS_AFTER <= silent:
                    line.play(next(says, b""))
                    if key := next(keys, ""):
                        line.press(key)
                heard_seconds += FRAME_SECONDS if watch.is_sounding else 0.0
        await line.hang_up()
        if self._record is not None:
            write_wav(self._record / f"{arrival.called}.wav", bytes(heard))
        self._tell(
            "ended", arrival, seconds=round(seconds, 2), heard_seconds=round(heard_seconds, 2), reason=reason
        )

    def _tell(self, event: str, arrival: Arrival, **data: Any) -> None:
        record = {
            "event": event,
            "user": arrival.called,
            "caller": arrival.caller,
            "call_id": arrival.call_id,
        }
        self._report({**record, **data})


def _phone(text: str, ring_seconds: float) -> StandInPhone:
    user, _, manner = text.partition("=")
    return StandInPhone(user, Manner(manner or "answer"), ring_seconds)


def _print(record: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(record, ensure_ascii=False), flush=True)
    else:
        print(*(f"{name}={value}" for name, value in record.items()), flush=True)


async def _main(arguments: argparse.Namespace) -> int:
    host, _, port = arguments.listen.rpartition(":")
    try:
        greeting = read_wav(arguments.greeting) if arguments.greeting else tone(440, 1.0) + bytes(8_000)
        phones = StandInPhones(
            [_phone(text, arguments.ring_seconds) for text in arguments.user],
            host=host,
            port=int(port),
            greeting=greeting,
            report=lambda record: _print(record, as_json=arguments.json_lines),
            talk_seconds=arguments.talk_seconds,
            keys=arguments.keys,
            says=[read_wav(file) for file in arguments.say],
            record=arguments.record,
        )
        until = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, until.set)
        if arguments.end_with_input:
            loop.add_reader(sys.stdin, until.set)
        await phones.run(until)
    except (SipUnavailableError, SoundFileError) as error:
        print(error, file=sys.stderr)
        return 1
    except ValueError:
        print("参数有误：--listen 形如 127.0.0.1:5080，--user 形如 110 或 agent=busy", file=sys.stderr)
        return 2
    return 0


def main() -> int:
    """Run the stand-in telephones until told to end (SIGTERM, or the end of input with ``--end-with-input``)."""
    # Standard output is for the events.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    parser = argparse.ArgumentParser(prog="python -m ivr.standin", description="替身电话：振铃、接听、报告")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", action="append", required=True, metavar="USER[=answer|busy|decline|ring]")
    parser.add_argument("--greeting", type=Path, metavar="WAV", help="接听后播放的声音，缺省为一声提示音")
    parser.add_argument("--ring-seconds", type=float, default=1.0)
    parser.add_argument("--talk-seconds", type=float, default=None, help="通话多久后挂断，缺省等对方挂断")
    parser.add_argument("--keys", default="", help="对方每次说完后依次按下的键，例如 11312")
    parser.add_argument(
        "--say", type=Path, action="append", default=[], metavar="WAV", help="对方每次说完后依次播放的声音"
    )
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="把各号码听到的声音存成 号码.wav")
    parser.add_argument("--json-lines", action="store_true", help="每个事件打印一行 JSON")
    parser.add_argument("--end-with-input", action="store_true", help="标准输入关闭时结束")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
