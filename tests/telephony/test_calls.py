"""What callers do, in every order, and what the endpoint must come through (SIPp)."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from ipaddress import ip_network
from pathlib import Path

import pytest

from ivr.line import Gone, Key
from ivr.sip import SipEndpoint, SipLine, SipSettings, SipUnavailableError
from ivr.sip.settings import Arrival
from tests.telephony.support import hotline, listen, phones, program, refusal, sipp, until

pytestmark = pytest.mark.telephony


class Book:
    """Holds lines to their end and keeps how they ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.lines: list[SipLine] = []

    async def hold(self, line: SipLine) -> None:
        self.lines.append(line)
        _, events = await listen(line)
        self.ends += [event.reason for event in events if isinstance(event, Gone)]


async def test_a_call_is_answered_and_ended_by_the_caller() -> None:
    book = Book()
    async with hotline(book.hold) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="bye_later") == 0
        await until(lambda: book.ends == ["hung up"] and endpoint.calls == 0)
        assert book.lines[0].caller == "13905390000"
        assert await book.lines[0].receive() == Gone("hung up")


async def test_a_call_is_ended_by_the_hotline() -> None:
    async def hold(line: SipLine) -> None:
        await asyncio.sleep(0.3)
        await line.hang_up()
        await line.hang_up()

    async with hotline(hold) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="hung_up_by_hotline") == 0
        await until(lambda: endpoint.calls == 0)


async def test_one_call_more_than_the_library_holds_hears_busy_and_the_others_go_on() -> None:
    book, missed = Book(), list[Arrival]()
    async with hotline(book.hold, missed=missed.append) as endpoint:
        full = asyncio.create_task(
            sipp(endpoint, "-m", str(endpoint.capacity), "-r", "20", scenario="bye_later")
        )
        await until(lambda: len(book.lines) == endpoint.capacity)
        assert await sipp(endpoint, "-m", "2", scenario="busy") == 0
        await until(lambda: len({call.call_id for call in missed}) == 2)
        assert {call.caller for call in missed} == {"13905390000"}
        assert await full == 0
        assert await sipp(endpoint, "-m", "1", scenario="bye_at_once") == 0
        await until(lambda: book.ends == ["hung up"] * (endpoint.capacity + 1))


async def test_the_limit_that_is_set_is_kept_and_who_found_no_line_is_told_of() -> None:
    book, missed = Book(), list[Arrival]()
    async with hotline(book.hold, missed=missed.append, max_calls=1) as endpoint:
        held = asyncio.create_task(sipp(endpoint, "-m", "1", scenario="bye_later"))
        await until(lambda: len(book.lines) == 1)
        assert await sipp(endpoint, "-m", "2", scenario="busy") == 0
        assert await held == 0
        assert len(book.lines) == 1
        await until(lambda: len(missed) == 2)
        assert {call.caller for call in missed} == {book.lines[0].caller}


async def test_one_of_several_processes_tells_of_a_refused_call_only_where_no_other_is_asked() -> None:
    book, missed = Book(), list[Arrival]()
    async with hotline(book.hold, missed=missed.append, max_calls=1, is_dispatched=True) as endpoint:
        held = asyncio.create_task(sipp(endpoint, "-m", "1", scenario="bye_later"))
        await until(lambda: len(book.lines) == 1)
        assert await refusal(endpoint.port, "13905390001") == 486
        assert await refusal(endpoint.port, "13905390002", "X-Hotline-Last-Try: 1") == 486
        endpoint.refuse_calls()
        assert await refusal(endpoint.port, "13905390003") == 503
        assert await refusal(endpoint.port, "13905390004", "x-hotline-last-try: 1") == 503
        await until(lambda: {call.caller for call in missed} == {"13905390002", "13905390004"})
        assert await held == 0
    missed.clear()
    async with hotline(missed=missed.append, is_dispatched=True) as endpoint:
        # What it took too late, another has taken: here it ends unacknowledged.
        assert await sipp(endpoint, "-m", "1", scenario="bye_without_ack") == 0
        await until(lambda: endpoint.calls == 0)
    assert missed == []


async def test_a_call_that_the_hotline_placed_takes_a_caller_s_place_not_the_leg_kept_for_emergencies() -> (
    None
):
    book = Book()
    async with (
        phones("13905390011", options=("--ring-seconds", "0.1")) as (_, address),
        hotline(book.hold, max_calls=1) as endpoint,
    ):
        placed = await endpoint.dial(f"sip:13905390011@{address}", ring_seconds=5.0, caller="12345")
        assert placed.line is not None
        assert await sipp(endpoint, "-m", "2", scenario="busy") == 0
        await placed.line.hang_up()
        await until(lambda: endpoint.calls == 0)
        assert await sipp(endpoint, "-m", "1", scenario="bye_at_once") == 0
    assert len(book.lines) == 1


async def test_an_endpoint_that_is_being_emptied_takes_no_calls_but_keeps_those_it_has() -> None:
    book = Book()
    async with hotline(book.hold) as endpoint:
        held = asyncio.create_task(sipp(endpoint, "-m", "1", scenario="bye_later"))
        await until(lambda: len(book.lines) == 1)
        endpoint.refuse_calls()
        assert await sipp(endpoint, "-m", "1", scenario="unavailable") == 0
        assert await held == 0


async def test_no_slot_is_lost_when_callers_give_up_while_it_rings() -> None:
    book = Book()
    async with hotline(book.hold, ring_seconds=5.0) as endpoint:
        assert await sipp(endpoint, "-m", "6", "-r", "10", scenario="cancel_while_ringing") == 0
        await until(lambda: endpoint.calls == 0)
    assert book.lines == []


async def test_no_slot_is_lost_however_a_call_ends() -> None:
    answered = {
        "bye_at_once": 6,
        "bye_without_ack": 0,
        "no_common_codec": 0,
        "offer_in_ack": 6,
        "hold_and_resume": 6,
    }
    ends: dict[str, int] = {}
    book = Book()
    async with hotline(book.hold) as endpoint:
        for scenario, count in answered.items():
            before = len(book.ends)
            assert await sipp(endpoint, "-m", "6", "-r", "20", "-l", "3", scenario=scenario) == 0, scenario
            await until(lambda end=before + count: endpoint.calls == 0 and len(book.ends) == end)
            ends[scenario] = len(book.ends) - before
        assert endpoint.is_alive
    assert ends == answered


async def test_a_caller_who_asks_to_be_connected_elsewhere_is_refused() -> None:
    async with hotline() as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="refer_from_caller") == 0
        await until(lambda: endpoint.calls == 0)


async def test_a_caller_who_vanishes_is_noticed_by_the_missing_sound() -> None:
    book = Book()
    async with hotline(book.hold, quiet_seconds=2.0) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="vanishes_after_ack") == 0
        await until(lambda: len(book.lines) == 1)
        # Its BYE is never answered: the conversation ends all the same.
        await until(lambda: book.ends != [], seconds=9)


async def test_a_call_that_lasts_too_long_is_ended() -> None:
    book = Book()
    async with hotline(book.hold, max_call_seconds=0.5) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="hung_up_by_hotline") == 0
        await until(lambda: len(book.ends) == 1)


def threads() -> int:
    """Return how many threads there are, but for those that asyncio keeps for whoever needs one."""
    return sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())


async def test_a_hundred_short_calls_leave_nothing_behind() -> None:
    book = Book()
    async with hotline(book.hold) as endpoint:
        assert await sipp(endpoint, "-m", "4", "-r", "20", scenario="bye_at_once") == 0
        await until(lambda: endpoint.calls == 0)
        files, running = len(os.listdir("/proc/self/fd")), threads()  # noqa: PTH208
        assert await sipp(endpoint, "-m", "100", "-r", "25", "-l", "3", scenario="bye_at_once") == 0
        await until(lambda: endpoint.calls == 0 and len(book.ends) == 104)
        # One fewer is nothing left behind; the thread that waited for SIPp's end may take a moment to go.
        await until(lambda: len(os.listdir("/proc/self/fd")) <= files)  # noqa: PTH208
        await until(lambda: threads() <= running)
        assert endpoint.is_alive


async def test_a_flood_of_calls_is_survived() -> None:
    async with hotline(ring_seconds=9.0) as endpoint:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.1", 0))
            port = sender.getsockname()[1]
            for number in range(300):
                sender.sendto(_ring("INVITE", port, number), ("127.0.0.1", endpoint.port))
                sender.sendto(_ring("CANCEL", port, number), ("127.0.0.1", endpoint.port))
                if number % 20 == 0:
                    await asyncio.sleep(0.02)
            await until(lambda: endpoint.calls == 0, seconds=20)
        assert endpoint.is_alive
        assert await sipp(endpoint, "-m", "1", scenario="cancel_while_ringing") == 0


async def test_whoever_is_no_trunk_is_not_even_answered() -> None:
    book = Book()
    async with hotline(book.hold, trunks=("127.0.0.1/32",)) as endpoint:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.settimeout(0.6)
            stranger.sendto(_options("127.0.0.2", stranger.getsockname()[1]), ("127.0.0.1", endpoint.port))
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(stranger.recv, 2_000)
        assert await sipp(endpoint, "-m", "1", scenario="bye_at_once") == 0
        await until(lambda: book.ends == ["hung up"])


async def test_where_the_kernel_cannot_filter_a_stranger_is_refused() -> None:
    # More networks than a filter holds: only the endpoint itself is left to look at them.
    many = tuple(str(network) for network in list(ip_network("10.0.0.0/8").subnets(new_prefix=19))[:1_001])
    async with hotline(trunks=many) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="forbidden") == 0
        await until(lambda: endpoint.calls == 0)


async def test_a_key_in_a_message_is_heard() -> None:
    keys: list[str] = []

    async def hold(line: SipLine) -> None:
        keys.extend(event.key for event in (await listen(line))[1] if isinstance(event, Key))

    async with hotline(hold) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="key_by_info") == 0
        await until(lambda: endpoint.calls == 0)
    assert keys == ["5"]


async def test_malformed_messages_are_survived() -> None:
    book = Book()
    async with hotline(book.hold) as endpoint:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.1", 0))
            port = sender.getsockname()[1]
            for message in _malformed(port):
                sender.sendto(message, ("127.0.0.1", endpoint.port))
                await asyncio.sleep(0.005)
            sender.settimeout(2)
            sender.sendto(_options("127.0.0.1", port), ("127.0.0.1", endpoint.port))
            replies = [await asyncio.to_thread(sender.recv, 4_000)]
            while b"hotline-alive" not in replies[-1]:
                replies.append(await asyncio.to_thread(sender.recv, 4_000))
        assert replies[-1].startswith(b"SIP/2.0 200")
        assert await sipp(endpoint, "-m", "1", scenario="bye_at_once") == 0
        assert endpoint.is_alive
        await until(lambda: book.ends == ["hung up"])


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        endpoint = SipEndpoint(SipSettings(port=port))
        with pytest.raises(SipUnavailableError, match=f"SIP 端口 127.0.0.1:{port} 无法启用"):
            await endpoint.start()
        await endpoint.close()


async def test_closing_ends_the_calls_under_way_and_frees_the_port() -> None:
    book = Book()
    async with hotline(book.hold) as endpoint:
        held = asyncio.create_task(sipp(endpoint, "-m", "1", scenario="hung_up_by_hotline"))
        await until(lambda: len(book.lines) == 1)
        await endpoint.close()
        assert await held == 0
        await until(lambda: len(book.ends) == 1)
        with pytest.raises(SipUnavailableError):
            await endpoint.incoming()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", endpoint.port))


def _options(host: str, port: int) -> bytes:
    return (
        f"OPTIONS sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKalive\r\n"
        f"From: <sip:a@{host}>;tag=1\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: hotline-alive\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _ring(method: str, port: int, number: int) -> bytes:
    sound = (
        "v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    )
    body = sound if method == "INVITE" else ""
    return (
        f"{method} sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKflood{number}\r\n"
        f"From: <sip:a@127.0.0.1>;tag={number}\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: flood{number}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:a@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _malformed(port: int) -> list[bytes]:
    invite = (Path(__file__).parent / "invite.txt").read_bytes().replace(b"\n", b"\r\n")
    invite = invite.replace(b"PORT", str(port).encode())
    cut = [invite[:length] for length in range(0, len(invite), 37)]
    swapped = [
        invite.replace(b"Content-Length: 0", b"Content-Length: 999999"),
        invite.replace(b"Content-Length: 0", b"Content-Length: -1"),
        invite.replace(b"CSeq: 1 INVITE", b"CSeq: 4294967296 INVITE"),
        invite.replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        invite.replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1),
        invite.replace(b"sip:12345", b"sip:" + b"9" * 5_000),
        invite.replace(b"tag=1", b"tag=" + b"\xff\x00\xfe" * 40),
        invite.replace(b"Call-ID: x", b"Call-ID: " + b"%s%n" * 60),
        invite.replace(
            b"\r\n\r\n", b"\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio -1 RTP/AVP x\r\n"
        ),
        invite.replace(b"INVITE", "投诉".encode()),
    ]
    return [*cut, *swapped, b"", b"\r\n\r\n", b"\0" * 1_400, os.urandom(1_200)]


def test_a_trunk_that_is_no_network_is_a_clear_error() -> None:
    with pytest.raises(SipUnavailableError, match=r"中继网段 10\.1\.2\.3/8 无效"):
        SipEndpoint(SipSettings(trunks=("127.0.0.0/8", "10.1.2.3/8")))


async def test_a_process_that_forgets_to_close_ends_without_a_crash() -> None:
    forgetful = (
        "import asyncio; from ivr.sip import SipEndpoint, SipSettings\n"
        'async def main():\n  await SipEndpoint(SipSettings(port=0)).start()\n  print(\'{"event": "started"}\')\n'
        "asyncio.run(main())"
    )
    async with program("-c", forgetful) as process:
        await process.event("started")
        async with asyncio.timeout(10):
            assert await process.process.wait() == 0


async def test_a_process_that_is_renewed_is_not_ended_by_its_media_thread() -> None:
    async with program("-m", "tests.telephony.closing_hotline", "20") as closing:
        async with asyncio.timeout(60):
            assert await closing.process.wait() == 0
