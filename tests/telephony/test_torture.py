"""Messages that no telephone sends, to a running endpoint in a process of its own: it neither ends nor stops serving."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.telephony import mutations
from tests.telephony.hostile import BareHotline, Sender, bare_hotline
from tests.telephony.support import sipp
from tests.telephony.torture_form import TortureMessage
from tests.telephony.torture_invalid import INVALID, LAYERS
from tests.telephony.torture_valid import VALID

pytestmark = [pytest.mark.telephony, pytest.mark.timeout(180)]

TORTURE = (*VALID, *INVALID, *LAYERS)
MUTATIONS = 10_000
ROUND = 20
MOST_GROWTH_MB = 40.0
DROPPED = 0.2
"""Seconds that an answer is waited for which must not come; one that comes does within a few milliseconds."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[BareHotline]:
    async with bare_hotline(quiet_seconds=4.0) as hotline:
        yield hotline


def test_the_messages_of_the_rfc_are_complete() -> None:
    sections = Counter(each.section.rsplit(".", 1)[0] for each in TORTURE)
    assert sections == {"3.1.1": 13, "3.1.2": 19, "3.2": 1, "3.3": 15, "3.4": 1}
    assert len({each.name for each in TORTURE}) == 49


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("torture", TORTURE, ids=lambda each: f"{each.section}-{each.name}")
async def test_a_torture_message_meets_its_verdict_and_the_next_caller_is_served(
    running: BareHotline, torture: TortureMessage
) -> None:
    sender = Sender(running.port)
    try:
        sender.send(torture.sent_from(sender.address))
        assert await sender.verdict(seconds=5.0 if torture.verdict else DROPPED) == torture.verdict
        assert await sender.is_served()
        assert (await running.rest())["is_alive"]
    finally:
        sender.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_another_method_in_the_transaction_of_a_refused_call_does_not_end_the_process(
    running: BareHotline,
) -> None:
    sender = Sender(running.port)
    refused = next(each for each in LAYERS if each.name == "invut").sent_from(sender.address)
    refused = refused.replace(b"0ha0isndaksdj", b"transaction").replace(
        b"z9hG4bKinvut", b"z9hG4bKtransaction"
    )
    try:
        sender.send(refused)
        assert await sender.verdict(seconds=5.0) == 415  # acknowledged: the transaction waits a while
        for method in (b"OPTIONS", b"BYE", b"INFO", b"CANCEL", b"REGISTER", b"NEWMETHOD"):
            sender.send(refused.replace(b"INVITE", method, 1))
        assert await sender.is_answered()
        assert (await running.rest())["is_alive"]
    finally:
        sender.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("characters", "verdict"), [(200, 200), (253, 200), (254, None), (3_000, None)])
async def test_the_name_of_a_host_that_no_host_can_have_does_not_end_the_process(
    running: BareHotline, characters: int, verdict: int | None
) -> None:
    sender = Sender(running.port)
    host = "h" * characters
    message = (
        f"OPTIONS sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {sender.address};branch=z9hG4bKhost{characters}\r\n"
        f"From: <sip:a@{host}>;tag=1\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: host{characters}\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    try:
        sender.send(message.encode())
        assert await sender.verdict(seconds=5.0 if verdict else DROPPED) == verdict
        assert await sender.is_answered()
    finally:
        sender.close()


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_ten_thousand_damaged_messages_neither_end_it_nor_fill_it(running: BareHotline) -> None:
    before = await running.state()
    sender = Sender(running.port)
    try:
        for first in range(0, MUTATIONS, ROUND):
            for number in range(first, first + ROUND):
                sender.send(mutations.message(number, sender.address))
            # An answer says that all before it have been read: none is lost for want of room.
            assert await sender.is_answered(), f"no answer after the messages from {first}"
    finally:
        after = await settled(running, sender)
        sender.close()
    assert sender.heard > MUTATIONS / 20, sender.heard  # many get past the parser
    assert after["calls"] == 0
    assert after["is_alive"]
    assert after["megabytes"] - before["megabytes"] < MOST_GROWTH_MB
    assert await sipp(running, "-m", "4", "-r", "20", scenario="bye_at_once") == 0
    assert (await running.rest())["files"] == before["files"]


async def settled(running: BareHotline, sender: Sender) -> dict[str, object]:
    """Wait until calls that damaged messages began have been given up: for want of an ACK, of sound, or of a sane BYE."""
    async with asyncio.timeout(60):
        while (state := await running.state())["calls"]:
            sender.received()
            await asyncio.sleep(0.1)
    return state


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_damaged_sound_packets_neither_end_it_nor_harm_the_call(running: BareHotline) -> None:
    before = await running.rest()
    call = asyncio.create_task(sipp(running, "-m", "1", "-d", "3000", scenario="stays", seconds=30))
    while not (await running.state())["calls"]:
        await asyncio.sleep(0.05)
    sender = Sender(running.port)
    ports = running.sound_ports()
    assert len(ports) == 2
    sent = 0
    while not call.done():  # to its end: a call without sound is given up
        for _ in range(10):
            sender.send(mutations.sound_packet(sent), port=ports[sent % 2])
            sent += 1
        await asyncio.sleep(0.005)
    sender.close()
    assert await call == 0
    assert sent > 500
    after = await running.rest()
    assert after["megabytes"] - before["megabytes"] < MOST_GROWTH_MB
    assert await sipp(running, "-m", "1", scenario="bye_at_once") == 0
