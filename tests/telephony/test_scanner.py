"""Whoever looks for telephones to abuse hears nothing; whoever rings too often is refused and harms no one else."""

from __future__ import annotations

import asyncio
import itertools
import re

import pytest

from ivr.sip import PaceSettings
from tests.telephony.hostile import BareHotline, Sender, bare_hotline
from tests.telephony.support import sipp

pytestmark = pytest.mark.telephony

STRANGERS = ("127.0.0.2", "127.0.0.77", "127.9.9.9")
PROBES = tuple(
    itertools.product(("OPTIONS", "REGISTER", "INVITE"), ("friendly-scanner", "sipvicious", "sipcli/v1.8"))
)


def probe(method: str, agent: str, address: str, number: int, *, caller: str = "100") -> bytes:
    """What sipvicious sends: to extension after extension."""
    sound = (
        "v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    )
    body = sound if method == "INVITE" else ""
    return (
        f"{method} sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK-{address}-{number};rport\r\n"
        f'From: "sipvicious"<sip:{caller}@{address}>;tag={number}\r\nTo: <sip:{number}@127.0.0.1>\r\n'
        f"Call-ID: {number}@{address}\r\nCSeq: 1 {method}\r\nContact: <sip:{caller}@{address}>\r\nUser-Agent: {agent}\r\n"
        f"Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def test_strangers_hear_nothing_whatever_they_send_and_callers_go_on() -> None:
    async with bare_hotline(trunks=["127.0.0.1/32"]) as hotline:
        before = await hotline.state()
        senders = [Sender(hotline.port, source=source) for source in STRANGERS]
        call = asyncio.create_task(sipp(hotline, "-m", "1", "-d", "1500", scenario="stays"))
        for number, ((method, agent), sender) in enumerate(itertools.product(PROBES * 20, senders)):
            sender.send(probe(method, agent, sender.address, number))
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # an answer would have come
        assert [sender.received() for sender in senders] == [[], [], []]
        assert await call == 0
        after = await hotline.rest()
        assert (after["is_alive"], after["files"]) == (True, before["files"])
        for sender in senders:
            sender.close()


async def test_a_trunk_that_rings_too_fast_is_told_when_to_come_again_and_another_is_served() -> None:
    pace = PaceSettings(calls_per_number=None, rings_per_second=0.2, burst_seconds=20.0)
    async with bare_hotline(trunks=["127.0.0.1/32", "127.0.0.3/32"], pace=pace) as hotline:
        verdicts = [await verdict(hotline, number) for number in range(10)]
        assert [code for code, _ in verdicts] == [200] * 4 + [503] * 6
        assert {later for _, later in verdicts[4:]} == {b"5"}
        assert await sipp(hotline, "-m", "2", scenario="bye_at_once") == 0


async def verdict(hotline: BareHotline, number: int) -> tuple[int, bytes]:
    """Ring once from the other trunk and return the status, and when to come again."""
    sender = Sender(hotline.port, source="127.0.0.3")
    sender.send(probe("INVITE", "trunk", sender.address, number))
    async with asyncio.timeout(5):
        while not (final := [each for each in sender.received() if not each.startswith(b"SIP/2.0 1")]):
            await asyncio.sleep(0.01)
    await hotline.rest()
    sender.close()
    later = re.search(rb"Retry-After: (\d+)", final[0])
    return int(final[0][8:11]), later[1] if later else b""


async def test_a_number_that_calls_too_often_at_once_hears_busy_and_others_are_served() -> None:
    pace = PaceSettings(calls_per_number=1, rings_per_second=None)
    async with bare_hotline(pace=pace) as hotline:
        first = asyncio.create_task(sipp(hotline, "-m", "1", "-d", "3000", scenario="stays"))
        while not (await hotline.state())["calls"]:
            await asyncio.sleep(0.05)
        assert await sipp(hotline, "-m", "2", scenario="busy") == 0
        other = Sender(hotline.port)
        other.send(probe("INVITE", "trunk", other.address, 1, caller="13905391111"))
        assert await other.verdict(seconds=5.0) == 200
        assert await first == 0
        await hotline.rest()
        assert await sipp(hotline, "-m", "1", scenario="bye_at_once") == 0
        other.close()
