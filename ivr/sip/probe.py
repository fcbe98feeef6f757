"""Asking a SIP endpoint whether it is there, without the SIP library: one OPTIONS by UDP (RFC 3261 §11)."""

from __future__ import annotations

import asyncio
import secrets

_MESSAGE = (
    "OPTIONS sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {own};branch=z9hG4bK{tag};rport\r\n"
    "Max-Forwards: 1\r\n"
    "From: <sip:probe@{own}>;tag={tag}\r\n"
    "To: <sip:{host}:{port}>\r\n"
    "Call-ID: {tag}\r\n"
    "CSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.first_line: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: object) -> None:
        if not self.first_line.done():
            self.first_line.set_result(data.split(b"\r\n", 1)[0].decode(errors="replace"))

    def error_received(self, _: Exception) -> None:
        if not self.first_line.done():
            self.first_line.set_result("")


async def answers_options(host: str, port: int, *, timeout_seconds: float = 1.0) -> bool:
    """Tell whether something at that address answers OPTIONS with a SIP response."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Answer, remote_addr=(host, port))
    own_host, own_port = transport.get_extra_info("sockname")[:2]
    message = _MESSAGE.format(host=host, port=port, own=f"{own_host}:{own_port}", tag=secrets.token_hex(6))
    try:
        transport.sendto(message.encode())
        async with asyncio.timeout(timeout_seconds):
            return (await protocol.first_line).startswith("SIP/2.0 ")
    except TimeoutError:
        return False
    finally:
        transport.close()
