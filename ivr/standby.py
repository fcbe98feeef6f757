"""Who takes a call when no call process does (无人接听登记): it is refused politely, and its caller is noted to be called back.

A stateless user agent server (RFC 3261 §8.2.7). It starts no SIP endpoint: it lives in a process that has no calls.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from ivr.sip.addresses import called_user, calling_user, header
from ivr.sip.settings import Arrival

_MOST_BYTES: Final = 8_192
_RETRY_AFTER_SECONDS: Final = 5
_REQUEST: Final = re.compile(r"(?P<method>[A-Z]{3,12}) \S+ SIP/2\.0\r\n")
_VIA: Final = re.compile(r"^(?:Via|v)[ \t]*:.*?$", re.IGNORECASE | re.MULTILINE)
_COPIED: Final = (("From", "f"), ("To", "t"), ("Call-ID", "i"), ("CSeq", "CSeq"))
_ANSWERS: Final = {
    "INVITE": "503 Service Unavailable",
    "OPTIONS": "200 OK",
    "CANCEL": "481 Call Does Not Exist",
}
_OTHERWISE: Final = "405 Method Not Allowed"


class Address(NamedTuple):
    """Where a datagram comes from."""

    host: str
    port: int


def answer_to(message: str) -> str | None:
    """Return the answer to a SIP request; None for what is none, is not whole, or is not answered (ACK)."""
    request = _REQUEST.match(message)
    if request is None or request["method"] == "ACK":
        return None
    vias = [line.strip() for line in _VIA.findall(message.split("\r\n\r\n", 1)[0])]
    copied = {name: header(message, name) or header(message, short) for name, short in _COPIED}
    if not vias or not all(copied.values()):
        return None
    if "tag=" not in copied["To"]:
        name = hashlib.sha256(copied["Call-ID"].encode()).hexdigest()  # the same when the request comes again
        copied["To"] += f";tag={name[:12]}"
    lines = [f"SIP/2.0 {_ANSWERS.get(request['method'], _OTHERWISE)}", *vias]
    lines += [f"{name}: {value}" for name, value in copied.items()]
    if request["method"] == "INVITE":
        lines.append(f"Retry-After: {_RETRY_AFTER_SECONDS}")
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])


class Standby(asyncio.DatagramProtocol):
    """Refuses every call that ``proxy`` hands on, and tells ``missed`` of it; what comes from elsewhere is dropped."""

    def __init__(self, proxy: Address, missed: Callable[[Arrival], None]) -> None:
        """``missed`` is told again when a call is sent again."""
        self._proxy = proxy
        self._missed = missed
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is answered by."""
        self._transport = cast(asyncio.DatagramTransport, transport)  # no subclass of it in every Python

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        """Answer one request."""
        if Address(*source[:2]) != self._proxy or len(data) > _MOST_BYTES:
            return
        message = data.decode(errors="replace")
        answer = answer_to(message)
        if answer is None or self._transport is None:
            return
        if message.startswith("INVITE "):
            self._missed(Arrival(header(message, "Call-ID"), calling_user(message), called_user(message)))
        self._transport.sendto(answer.encode(), source)


async def stand_by(
    own: Address, proxy: Address, missed: Callable[[Arrival], None]
) -> asyncio.DatagramTransport:
    """Listen at ``own`` until the transport that is returned is closed. Raises ``OSError`` when the port is taken."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Standby(proxy, missed), local_addr=own
    )
    return transport
