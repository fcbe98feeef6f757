"""E-mails as letters (电子邮件): who wrote what in which thread, and what must not be answered; pure but for the parser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import format_datetime, getaddresses, parseaddr, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Final

MOST_BYTES: Final = 25 * 1024 * 1024
MOST_CHARACTERS: Final = 10_000
MOST_ATTACHMENTS: Final = 9
_OURS: Final = re.compile(r"<12345\.([0-9a-f]{24})\.[0-9a-f]{24}@[^>\s]{1,255}>")
_ID: Final = re.compile(r"<[^<>\s]{1,900}>")
_KINDS: Final = ("image/", "application/pdf", "application/octet-stream")
_UNREADABLE: Final = (ValueError, LookupError, AttributeError, TypeError)
"""What the standard library's parser raises on damaged headers instead of noting a defect."""
BROKEN: Final = (*_UNREADABLE, ArithmeticError, AssertionError, MessageError, RuntimeError)
"""What reading a mail may raise that nobody has thought of."""
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_MACHINES: Final = re.compile(
    r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|autoreply)\b", re.IGNORECASE
)
_QUOTE: Final = re.compile(
    r"^\s*(-{2,}\s*(原始邮件|原邮件|Original Message|转发邮件).*|(发件人|From)\s*[:：].*|(在|于)?.{4,80}(写道|wrote)\s*[:：]\s*|_{10,}\s*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail. ``thread`` is the same for all mails of one exchange; ``attachments`` are numbers of its parts.

    ``is_automatic``: no person wrote it (an out-of-office reply, a bounce, a list): it is never answered.
    """

    message_id: str
    sender: str
    subject: str
    text: str
    at: datetime | None
    thread: str
    references: tuple[str, ...]
    attachments: tuple[int, ...]
    is_automatic: bool


def read(
    raw: bytes, *, own_address: str, readable: Callable[[str], str], is_whole: bool = True
) -> Mail | None:
    """Return the mail; None when it has no sender to answer. Without ``is_whole`` only its head is looked at."""
    message = _parsed(raw)
    sender = parseaddr(_header(message, "From"))[1].strip().lower()
    if "@" not in sender or len(sender) > 254:
        return None
    message_id = _first(_header(message, "Message-ID")) or _made_up(raw)
    references = tuple(
        _ID.findall(f"{_header(message, 'References')} {_header(message, 'In-Reply-To')}")[-50:]
    )
    return Mail(
        message_id=message_id,
        sender=sender,
        subject=" ".join(readable(_header(message, "Subject")).split())[:200],
        text=readable(without_quotes(_text_of(message)))[:MOST_CHARACTERS] if is_whole else "",
        at=_date_of(message),
        thread=_thread(message_id, references),
        references=tuple(dict.fromkeys(references)),
        attachments=tuple(number for number, _ in _attachments(message))[:MOST_ATTACHMENTS]
        if is_whole
        else (),
        is_automatic=_is_automatic(message, sender, own_address),
    )


def attachment(raw: bytes, number: int) -> bytes | None:
    """Return one attachment's bytes, or None."""
    for found, part in _attachments(_parsed(raw)):
        if found == number:
            body = part.get_payload(decode=True)
            return body if isinstance(body, bytes) else None
    return None


def reply(
    *,
    own_address: str,
    to: str,
    subject: str,
    text: str,
    in_reply_to: str,
    references: str,
    thread: str,
    key: str,
    at: datetime,
) -> EmailMessage:
    """Return an answer within its thread; its Message-ID follows from ``key``, so that one sent twice is one."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = own_address
    message["To"] = to
    message["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = own_id(thread, key, own_address)
    if in_reply_to:
        message["In-Reply-To"] = in_reply_to
        message["References"] = " ".join([*references.split(), in_reply_to][-20:])
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(text, charset="utf-8", cte="base64")
    return message


def own_id(thread: str, key: str, own_address: str) -> str:
    """Return the Message-ID of an answer: the thread can be told from it, for clients that send nothing else along."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    return f"<12345.{thread}.{digest}@{own_address.rpartition('@')[2]}>"


def without_quotes(text: str) -> str:
    """Return what is new in a text: no quoted lines, nothing behind the line that introduces a quoted mail."""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTE.match(line):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line)
    new = "\n".join(kept).strip()
    return re.sub(r"\n{3,}", "\n\n", new.split("\n-- \n")[0].strip())


def _parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def _header(message: MIMEPart, name: str) -> str:
    """Return a header as it reads, or as it stands where the parser gives up on it (a carriage return within a name)."""
    try:
        return str(message.get(name, ""))
    except _UNREADABLE:
        found = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return " ".join(str(found).encode(errors="replace").decode().split())


def _kind(part: MIMEPart) -> str:
    """Return the content type; that of plain text where it cannot be read (RFC 2045)."""
    try:
        return part.get_content_type()
    except _UNREADABLE:
        return "text/plain"


def _thread(message_id: str, references: tuple[str, ...]) -> str:
    for each in references:
        if (ours := _OURS.fullmatch(each)) is not None:
            return ours[1]
    root = references[0] if references else message_id
    return hashlib.sha256(root.encode(errors="replace")).hexdigest()[:24]


def _text_of(message: EmailMessage) -> str:
    try:
        body = message.get_body(("plain", "html"))
    except (KeyError, AttributeError, ValueError):  # parts that contradict one another
        body = None
    if body is None:
        return ""
    text = _content(body)
    return _plain(text) if _kind(body) == "text/html" else text


def _content(part: MIMEPart) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"), errors="replace")
    except _UNREADABLE:  # a character set that nobody knows
        return raw.decode("gb18030", errors="replace")


def _attachments(message: EmailMessage) -> Iterator[tuple[int, MIMEPart]]:
    for number, part in enumerate(message.walk()):
        kind = _kind(part)
        is_inline_text = kind.startswith("text/") or part.is_multipart()
        if not is_inline_text and kind.startswith(_KINDS):
            yield number, part


def _is_automatic(message: EmailMessage, sender: str, own_address: str) -> bool:
    """Tell what no person wrote (RFC 3834, RFC 3464)."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("no", "")
        or _header(message, "Precedence").strip().lower() in _BULK
        or _kind(message) == "multipart/report"
        or any(name in message for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond"))
        or _header(message, "Return-Path").strip() == "<>"
        or sender == own_address.lower()
        or _MACHINES.match(sender) is not None
    )


def _first(value: str) -> str:
    found = _ID.search(value)
    return found[0] if found else ""


def _made_up(raw: bytes) -> str:
    return f"<{hashlib.sha256(raw).hexdigest()[:40]}@without-id>"


def _date_of(message: EmailMessage) -> datetime | None:
    try:
        found = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


class _Text(HTMLParser):
    """Takes the text out of HTML; scripts, styles and quoted mails are left out."""

    _SILENT: Final = frozenset({"script", "style", "head", "title", "blockquote"})
    _LINES: Final = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in self._SILENT
        if tag in self._LINES:
            self.parts.append("\n")

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Leave out ``<![…]>``: the standard library's asserts that it knows every keyword in there."""
        del report
        return self.rawdata.find(">", i) + 1 or -1

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self._SILENT))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _plain(html: str) -> str:
    parser = _Text()
    parser.feed(html[: 4 * 1024 * 1024])
    parser.close()
    return re.sub(r"[ \t]+", " ", "".join(parser.parts))


def addresses(value: str) -> list[str]:
    """Return the addresses in a header."""
    return [address.lower() for _, address in getaddresses([value]) if "@" in address]
