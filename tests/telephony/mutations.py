"""Seeded damage to messages and sound packets: the same seed does the same damage."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from typing import Final

from tests.telephony.torture_form import SOUND, sip
from tests.telephony.torture_invalid import INVALID, LAYERS
from tests.telephony.torture_valid import VALID

_LARGEST_DATAGRAM: Final = 60_000
_NUMBER: Final = re.compile(rb"\d+")
_NUMBERS: Final = (
    b"0",
    b"-1",
    b"65536",
    b"2147483648",
    b"4294967296",
    b"18446744073709551616",
    b"9" * 400,
    b"%n%s",
)
_KEYS: Final = 101
"""Payload type of RFC 4733 events, as offered in the calls."""
_CALL: Final = tuple(
    sip(
        f"{method} sip:12345@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/UDP VIA;branch=z9hG4bKNUMBER;rport",
        "From: <sip:13905390000@127.0.0.1>;tag=NUMBER",
        "To: <sip:12345@127.0.0.1>",
        "Call-ID: NUMBER@127.0.0.1",
        f"CSeq: 1 {method}",
        "Contact: <sip:13905390000@VIA>",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
        "Content-Length: BODY",
        body=SOUND,
    )
    for method in ("INVITE", "INVITE", "INVITE", "OPTIONS", "CANCEL", "BYE", "INFO", "UPDATE", "REFER", "SUBSCRIBE")
)  # fmt: skip
_SEEDS: Final = (*_CALL, *_CALL, *(each.message for each in (*VALID, *INVALID, *LAYERS)))


def message(number: int, address: str) -> bytes:
    """Return damaged message ``number``, with one to three damages, as sent from ``address``."""
    rng = random.Random(number)
    whole = rng.choice(_SEEDS).replace(b"NUMBER", b"m%d" % number)
    for _ in range(rng.randint(1, 3)):
        whole = rng.choice(_DAMAGES)(rng, whole)
    return whole.replace(b"VIA", address.encode())[:_LARGEST_DATAGRAM]


def sound_packet(number: int) -> bytes:
    """Return damaged RTP, RTCP or key packet ``number``."""
    rng = random.Random(number)
    kind = rng.choice((8, 0, _KEYS, _KEYS, 200, 201, 202, 203, 205, 127))
    head = struct.pack(
        "!BBHII", 0x80, kind, rng.randrange(1 << 16), rng.randrange(1 << 32), rng.randrange(1 << 32)
    )
    body = rng.randbytes(rng.choice((0, 1, 4, 160, 172, 1_400)))
    return rng.choice((_flipped, _cut, lambda _, data: data))(rng, head + body)


def _flipped(rng: random.Random, data: bytes) -> bytes:
    """Flip up to twelve bits."""
    changed = bytearray(data or b"\0")
    for _ in range(rng.randint(1, 12)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _doubled(rng: random.Random, data: bytes) -> bytes:
    """Repeat a line, up to sixty times."""
    lines = data.split(b"\r\n")
    place = rng.randrange(len(lines))
    return b"\r\n".join([*lines[:place], *[lines[place]] * rng.choice((2, 3, 60)), *lines[place:]])


def _left_out(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    del lines[rng.randrange(len(lines))]
    return b"\r\n".join(lines)


def _renumbered(rng: random.Random, data: bytes) -> bytes:
    """Put an impossible number in the place of one."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    chosen = rng.choice(found)
    return data[: chosen.start()] + rng.choice(_NUMBERS) + data[chosen.end() :]


def _wrong_length(rng: random.Random, data: bytes) -> bytes:
    return re.sub(
        rb"(?i)(content-length\s*:\s*|\r\nl:\s*)[^\r]*", lambda found: found[1] + rng.choice(_NUMBERS), data
    )


def _swollen(rng: random.Random, data: bytes) -> bytes:
    """Put thousands of the same byte somewhere."""
    place = rng.randrange(len(data) + 1)
    return data[:place] + bytes([rng.randrange(256)]) * rng.choice((300, 3_000, 30_000)) + data[place:]


def _shuffled(rng: random.Random, data: bytes) -> bytes:
    first, *lines = data.split(b"\r\n")
    rng.shuffle(lines)
    return b"\r\n".join([first, *lines])


def _broken_sound(rng: random.Random, data: bytes) -> bytes:
    """Put a description of sound behind the headers that is none."""
    lines = SOUND.replace("\n", "\r\n").encode().split(b"\r\n")
    place = rng.randrange(len(lines))
    lines[place] = rng.choice((
        b"m=audio 0 RTP/AVP", b"m=audio 99999 RTP/AVP 8", b"m=audio 4000 RTP/AVP " + b"8 " * 400, b"a=rtpmap:8 /0/0",
        b"a=rtpmap:101 telephone-event/0", b"a=fmtp:101 " + b"0-15," * 200, b"c=IN IP6 ::1", b"c=IN IP4 255.255.255.255",
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 500, b"a=ptime:0", b"a=candidate:1 1 UDP", b"o=", b"=",
        b"m=audio 4000 RTP/AVP 8\r\n" * 40, b"t=" + b"9" * 100, b"a=sendonly\r\na=recvonly\r\na=inactive",
    ))  # fmt: skip
    body = b"\r\n".join(lines)
    head = re.sub(
        rb"(?i)(content-length\s*:)[^\r]*",
        lambda found: found[1] + b" %d" % len(body),
        data.split(b"\r\n\r\n")[0],
    )
    return head + b"\r\n\r\n" + body


_DAMAGES: Final[tuple[Callable[[random.Random, bytes], bytes], ...]] = (
    _flipped, _flipped, _cut, _doubled, _left_out, _renumbered, _wrong_length, _swollen, _shuffled, _broken_sound, _broken_sound,
)  # fmt: skip
