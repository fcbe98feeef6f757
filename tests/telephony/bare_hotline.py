"""The real SIP endpoint in a process of its own, so that its abort would be seen: it answers and gives back what it hears.

``python -m tests.telephony.bare_hotline`` prints its port, and at every line of standard input how it is.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
from pathlib import Path

from ivr.line import Frame, Gone
from ivr.sip import PaceSettings, SipEndpoint, SipLine, SipSettings

_TIMERS = (100, 800, 1_000, 6_400)
"""T1, T2, T4 and timer D in milliseconds, a fifth of what RFC 3261 has: a test need not wait half a minute to see that
what is never answered is given up."""


async def give_back(line: SipLine) -> None:
    """Play what is heard, until the caller has gone."""
    while not isinstance(event := await line.receive(), Gone):
        if isinstance(event, Frame):
            line.play(event.samples)


async def main(settings: SipSettings) -> None:
    """Take calls until standard input ends."""
    endpoint = SipEndpoint(settings)
    await endpoint.start()
    ctypes.CDLL(sys.modules["pjsua2._pjsua2"].__file__).pjsip_tsx_set_timers(*_TIMERS)
    print(json.dumps({"event": "ready", "port": endpoint.port, "capacity": endpoint.capacity}), flush=True)

    async def serve() -> None:
        async with asyncio.TaskGroup() as calls:
            while True:
                calls.create_task(give_back(await endpoint.incoming()))

    serving = asyncio.create_task(serve())
    while await asyncio.to_thread(sys.stdin.readline):
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        state = {
            "event": "state", "calls": endpoint.calls, "is_alive": endpoint.is_alive, "megabytes": resident / 2**20,
            "files": len(list(Path("/proc/self/fd").iterdir())),
        }  # fmt: skip
        print(json.dumps(state), flush=True)
    serving.cancel()
    await asyncio.wait([serving])
    await endpoint.close()


if __name__ == "__main__":
    given = {"port": 0, **json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}")}
    if "pace" in given:
        given["pace"] = PaceSettings(**given["pace"])
    asyncio.run(main(SipSettings(**given)))
