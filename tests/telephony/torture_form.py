"""How a torture message is written down, and built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NULL: Final = "\0"
SOUND: Final = (
    "v=0\no=mhandley 29739 7272939 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 49217 RTP/AVP 0 8\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n"
)

# Why a verdict that is not the RFC's is safe.
DROPPED: Final = (
    "nothing is kept of it; the sender sends again or gives up, as over a line that loses packets"
)
TOLERANT: Final = (
    "only the call's own fields are read, and they are sound: it is served as if it were correct"
)
CUT: Final = "what has arrived is taken for the whole; the length is never used to read beyond it"
FIRST_COUNTS: Final = "the first of the values counts, for the answer too: both sides speak of the same call"
NO_REGISTRAR: Final = "the hotline registers nobody, and silence tells a scanner nothing"
UNKNOWN_METHOD: Final = "what the hotline does not do it passes over; nothing is kept of it"
NOT_READ: Final = "the text is accepted and never read, whatever it is made of"
HEADERS_IN_ADDRESS: Final = (
    "the hotline never sends to the address that was called: the header in it has no effect"
)
EXTENSIONS: Final = "OPTIONS changes nothing; an INVITE with such a demand is refused with 420"
OLD: Final = "no trunk speaks RFC 2543; the caller hears a refusal"


@dataclass(frozen=True, slots=True)
class TortureMessage:
    """A message of RFC 4475, after its description there.

    ``verdict``: the status it is really answered with, None when it is dropped. ``safe``: why that is safe where the
    RFC would have another; "" where it agrees. In ``message`` VIA stands for the sender's address.
    """

    section: str
    name: str
    what: str
    message: bytes
    verdict: int | None
    safe: str = ""

    def sent_from(self, address: str) -> bytes:
        """Return the bytes as sent from ``address`` ("127.0.0.1:5070")."""
        return self.message.replace(b"VIA", address.encode())


def sip(start: str, *headers: str, body: str = "", end: str = "\n\n") -> bytes:
    """Return a message; BODY in a header becomes the length of ``body``.

    Characters up to U+00FF are single bytes (a body may be binary); what is beyond is sent as UTF-8.
    """
    content = _encoded(body.replace("\n", "\r\n"))
    head = "\n".join([start, *headers]) + end
    return _encoded(head.replace("\n", "\r\n").replace("BODY", str(len(content)))) + content


def _encoded(text: str) -> bytes:
    return b"".join(character.encode("latin-1" if ord(character) < 0x100 else "utf-8") for character in text)
