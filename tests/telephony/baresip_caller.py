"""A caller on baresip, a SIP stack that has nothing in common with the hotline's: calls, sends and records raw samples.

Prints JSON lines: {"event": "established"}, then {"event": "ended", "by": …}.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from baresip import Account, Call, CallState, Config, Runtime, UserAgent
from baresip.errors import AudioNotActive, AudioRestarted, BaresipError

_FRAME_BYTES = 320
_AHEAD_SECONDS = 0.3  # of sound given to the stack before its time: on a busy machine this loop comes late


def _tell(**record: object) -> None:
    print(json.dumps(record), flush=True)


async def _exchange(call: Call, sound: bytes, seconds: float) -> bytes:
    """Send ``sound`` at its own pace and return what is received meanwhile, up to ``seconds`` in all."""
    received = bytearray()
    loop = asyncio.get_running_loop()
    began = loop.time()
    sent = 0
    while loop.time() - began < seconds and call.state is CallState.ESTABLISHED:
        try:
            due = int((loop.time() - began + _AHEAD_SECONDS) / 0.02) * _FRAME_BYTES
            if sent < min(due, len(sound)):
                sent += call.audio.write(sound[sent:due])
            received += call.audio.read(64_000)
        except (AudioNotActive, AudioRestarted):
            pass
        await asyncio.sleep(0.01)
    return bytes(received)


async def _main(arguments: argparse.Namespace) -> None:
    runtime = Runtime()
    await runtime.start(Config(net_interface="127.0.0.1", max_concurrent_calls=4))
    transferred: list[Call] = []
    try:
        account = Account(
            user=arguments.user,
            domain="127.0.0.1",
            password="",
            reg_interval=0,
            audio_codecs=(arguments.codec,),
            dtmf_mode=arguments.dtmf,
        )
        agent = await UserAgent.create(runtime, account, transfer_policy=arguments.transfers)
        agent.on_transfer_call(transferred.append)
        call = await agent.dial(arguments.uri)
        try:
            await call.wait_established(timeout=10)
        except BaresipError as error:
            _tell(event="ended", by=type(error).__name__)
            return
        _tell(event="established")
        if arguments.keys:
            await call.send_dtmf(arguments.keys)
        sound = arguments.send.read_bytes() if arguments.send else b""
        received = await _exchange(call, sound, arguments.seconds)
        if arguments.record:
            arguments.record.write_bytes(received)
        by = "caller" if call.state is CallState.ESTABLISHED else "far_end"
        if by == "caller":
            await call.hangup()
        _tell(event="ended", by=by, transferred=len(transferred))
        if transferred:
            await transferred[0].wait_established(timeout=5)
            await asyncio.sleep(1)
            await transferred[0].hangup()
            _tell(event="transferred_call_ended")
    finally:
        await runtime.close()


parser = argparse.ArgumentParser()
parser.add_argument("uri")
parser.add_argument("--user", default="13905391234")
parser.add_argument("--send", type=Path)
parser.add_argument("--record", type=Path)
parser.add_argument("--seconds", type=float, default=5.0)
parser.add_argument("--keys", default="")
parser.add_argument("--codec", default="pcma")
parser.add_argument("--dtmf", default="rtpevent")
parser.add_argument("--transfers", default="reject")
asyncio.run(_main(parser.parse_args()))
