"""Calls that no process takes are refused politely, and their callers are told to who calls back."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.settings import Arrival
from ivr.standby import Address, answer_to, stand_by

INVITE = (
    "INVITE sip:12345@10.0.0.9 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK2\r\n"
    "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport=5060\r\n"
    "Max-Forwards: 69\r\n"
    'From: "?" <sip:anonymous@10.0.0.1>;tag=1\r\n'
    "To: <sip:12345@10.0.0.9>\r\n"
    "Call-ID: a@10.0.0.1\r\n"
    "CSeq: 7 INVITE\r\n"
    "P-Asserted-Identity: <tel:13905390001>\r\n"
    "Content-Length: 0\r\n\r\n"
)


def test_a_call_is_refused_with_the_time_to_try_again() -> None:
    answer = answer_to(INVITE)
    assert answer is not None
    lines = answer.split("\r\n")
    assert lines[:4] == [
        "SIP/2.0 503 Service Unavailable",
        "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK2",
        "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport=5060",
        'From: "?" <sip:anonymous@10.0.0.1>;tag=1',
    ]
    assert lines[4].startswith("To: <sip:12345@10.0.0.9>;tag=")
    assert lines[5:] == [
        "Call-ID: a@10.0.0.1",
        "CSeq: 7 INVITE",
        "Retry-After: 5",
        "Content-Length: 0",
        "",
        "",
    ]
    assert answer_to(INVITE) == answer  # sent again, it is the same call


def test_short_header_names_are_read() -> None:
    short = INVITE.replace("Via:", "v:").replace("From:", "f:").replace("To:", "t:").replace("Call-ID:", "i:")
    answer = answer_to(short)
    assert answer is not None
    assert "v: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK2\r\n" in answer
    assert "Call-ID: a@10.0.0.1\r\n" in answer


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", "200"), ("CANCEL", "481"), ("REGISTER", "405"), ("ACK", None)]
)
def test_nothing_else_is_a_call(method: str, status: str | None) -> None:
    answer = answer_to(INVITE.replace("INVITE", method))
    assert (answer and answer.split(" ")[1]) == status


@pytest.mark.parametrize("header", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_what_is_not_whole_is_not_answered(header: str) -> None:
    assert answer_to(INVITE.replace(f"{header}:", "X:")) is None


@given(st.text(max_size=300), st.integers(0, len(INVITE)))
def test_damaged_messages_raise_nothing(noise: str, at: int) -> None:
    answer = answer_to(INVITE[:at] + noise + INVITE[at:])
    assert answer is None or answer.startswith("SIP/2.0 ")


async def test_only_the_proxy_is_answered_and_its_callers_are_noted() -> None:
    missed: list[Arrival] = []
    with contextlib.ExitStack() as stack:
        proxy, stranger = (stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(2))
        for each in (proxy, stranger):
            each.bind(("127.0.0.1", 0))
            each.setblocking(False)
        transport = await stand_by(Address("127.0.0.1", 0), Address(*proxy.getsockname()), missed.append)
        stack.callback(transport.close)
        there = transport.get_extra_info("sockname")
        stranger.sendto(INVITE.replace("13905390001", "13905390002").encode(), there)
        proxy.sendto(b"\xff" * 9_000, there)
        proxy.sendto(INVITE.encode(), there)
        async with asyncio.timeout(10):
            answer = await asyncio.get_running_loop().sock_recv(proxy, 4_096)
        assert answer.startswith(b"SIP/2.0 503 ")
        assert missed == [Arrival("a@10.0.0.1", "13905390001", "12345")]
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
