"""The mailbox (收件箱): read by IMAP, a mail at a time, each marked as seen when its letter is kept; nothing is deleted.

A mail that the server does not give now stays unseen; one that is too large, or cannot be read, is a letter all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog

from chat.mail.messages import BROKEN, MOST_BYTES, Mail, attachment, read
from chat.wechat.routes import TakingLetters
from hotline.domain.appeal import ContactChannel
from hotline.domain.letters import Content, Letter, Unreadable, UnreadMail, Written
from hotline.service.letter_parts import MediaUnavailableError

log: Final = structlog.get_logger("mail")

_TIMEOUT_SECONDS: Final = 20.0
_A_LOOK: Final = 50
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_WHOLE: Final = "(BODY.PEEK[])"
_HEAD: Final = "(BODY.PEEK[HEADER]<0.262144>)"

MailFault = (imaplib.IMAP4.error, OSError, ssl.SSLError, EOFError)


@dataclass(frozen=True, slots=True)
class Account:
    """How the mailbox is reached: ``address`` as ``imaps://host:port/FOLDER``; ``own_address`` is the hotline's."""

    address: str
    user: str
    password: str
    own_address: str


class Mailbox:
    """One folder of a mail account. Its methods block: call them in a thread."""

    def __init__(
        self, account: Account, *, readable: Callable[[str], str], fingerprint: Callable[[str], str]
    ) -> None:
        """Take the account, what cleans texts, and what hides who wrote."""
        self._account = account
        self._readable = readable
        self._fingerprint = fingerprint

    def unseen(self) -> Iterator[tuple[str, Letter | None]]:
        """Yield mails that nobody has seen, each with its letter; None for what is not answered.

        The caller goes on to the next when the letter is kept; only then it is marked as seen.
        """
        with self._opened(is_writing=True) as box:
            valid = _answer(box.response("UIDVALIDITY")[1])
            status, numbers = box.uid("search", None, "UNSEEN")  # type: ignore[arg-type]  # None: no charset
            if status != "OK":
                raise imaplib.IMAP4.error("not searched")
            given = 0
            for name in _answer(numbers).decode().split():
                size = _size_of(box, name)
                is_large = size is not None and size > MOST_BYTES
                raw = _fetched(box, name, _HEAD if is_large else _WHOLE) if size is not None else None
                if raw is None:  # the server's passing trouble must not cost a letter: it is asked again
                    log.warning("mail.not_given")
                    continue
                yield name, self._letter(raw, f"{valid.decode()}:{name}", is_large=is_large)
                box.uid("store", name, "+FLAGS", r"(\Seen)")
                given += 1
                if given == _A_LOOK:
                    return

    def attachment(self, media: str) -> bytes:
        """Return an attachment by the name that a letter gives it; raise ``MediaUnavailableError``."""
        valid, name, part = media.split(":")
        try:
            with self._opened(is_writing=False) as box:
                if _answer(box.response("UIDVALIDITY")[1]).decode() != valid:
                    raise MediaUnavailableError("the mailbox was made anew")
                size = _size_of(box, name)
                raw = _fetched(box, name, _WHOLE) if size is not None and size <= MOST_BYTES else None
        except MailFault as error:
            raise MediaUnavailableError(type(error).__name__) from error
        found = attachment(raw, int(part)) if raw is not None else None
        if found is None:
            raise MediaUnavailableError("no such attachment")
        return found

    def _letter(self, raw: bytes, place: str, *, is_large: bool) -> Letter | None:
        """Return the letter; of a mail that is too large, or that nobody can read, as far as its head tells."""
        if is_large:
            log.warning("mail.too_large")
            return self._letter_of_head(raw, place, UnreadMail.TOO_LARGE)
        try:
            return self._letter_of(raw, place)
        except BROKEN as error:
            log.error("mail.broken", error=type(error).__name__)
        return self._letter_of_head(_head_of(raw), place, UnreadMail.BROKEN)

    def _letter_of_head(self, head: bytes, place: str, why: UnreadMail) -> Letter | None:
        try:
            return self._letter_of(head, place, why)
        except BROKEN as error:  # it does not even tell who wrote
            log.error("mail.head_broken", error=type(error).__name__)
            return None

    def _letter_of(self, raw: bytes, place: str, why: UnreadMail | None = None) -> Letter | None:
        mail = read(raw, own_address=self._account.own_address, readable=self._readable, is_whole=why is None)
        if mail is None or mail.is_automatic:
            log.info("mail.not_answered", is_automatic=mail is not None)
            return None
        return letter_of(mail, place, self._fingerprint, why)

    @contextmanager
    def _opened(self, *, is_writing: bool) -> Iterator[imaplib.IMAP4]:
        parts = urlsplit(self._account.address)
        host = parts.hostname or ""
        box: imaplib.IMAP4
        if parts.scheme == "imaps":
            context = ssl.create_default_context()
            box = imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=context, timeout=_TIMEOUT_SECONDS)
        else:
            box = imaplib.IMAP4(host, parts.port or 143, timeout=_TIMEOUT_SECONDS)
        try:
            box.login(self._account.user, self._account.password)
            folder = unquote(parts.path.strip("/")) or "INBOX"
            if box.select(f'"{folder}"', readonly=not is_writing)[0] != "OK":
                raise imaplib.IMAP4.error("no such folder")
            yield box
        finally:
            with contextlib.suppress(*MailFault):
                box.logout()


def letter_of(
    mail: Mail, place: str, fingerprint: Callable[[str], str], unread: UnreadMail | None = None
) -> Letter:
    """Return the letter that a mail is; its attachments are named by where the mail lies. ``unread``: why only its head is known."""
    words = "。".join(filter(None, (mail.subject if not mail.references else "", mail.text)))
    attachments = tuple(f"{place}:{number}" for number in mail.attachments)
    content: Content = Written(words, attachments) if words or attachments else Unreadable("mail")
    if unread is not None:
        content = Unreadable(unread.value, words)
    return Letter(
        key="mail:" + hashlib.sha256(f"{mail.sender}\n{mail.message_id}".encode()).hexdigest()[:48],
        correspondent=f"mail:{fingerprint(f'mail:{mail.sender}:{mail.thread}')[:40]}",
        channel=ContactChannel.EMAIL,
        at=mail.at or datetime.fromtimestamp(0, UTC),
        content=content,
        address={
            "to": mail.sender,
            "subject": mail.subject,
            "in_reply_to": mail.message_id,
            "references": " ".join(mail.references[-20:]),
            "thread": mail.thread,
        },
    )


def _size_of(box: imaplib.IMAP4, name: str) -> int | None:
    """Return a mail's size in bytes; None when the server does not tell it."""
    status, found = box.uid("fetch", name, "(RFC822.SIZE)")
    size = _SIZE.search(_answer(found)) if status == "OK" else None
    return int(size[1]) if size is not None else None


def _fetched(box: imaplib.IMAP4, name: str, what: str) -> bytes | None:
    """Return what is asked for of a mail; None when the server does not give it (``NO`` raises nothing)."""
    status, found = box.uid("fetch", name, what)
    return next((part[1] for part in found if isinstance(part, tuple)), None) if status == "OK" else None


def _head_of(raw: bytes) -> bytes:
    """Return a mail's header."""
    return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"


def _answer(found: list[bytes | None] | list[object] | object) -> bytes:
    """Return the first piece of what an IMAP server answered."""
    first = found[0] if isinstance(found, list) and found else b""
    return first if isinstance(first, bytes) else b""


class MailIntake:
    """Looks into the mailbox again and again; a mailbox that is away is asked again."""

    def __init__(self, mailbox: Mailbox, *, every_seconds: float) -> None:
        """Take the mailbox and how often to look."""
        self._mailbox = mailbox
        self._every_seconds = every_seconds
        self._task: asyncio.Task[None] | None = None

    async def fetch(self, letter: Letter, media: str) -> bytes:
        """Return an attachment of a letter."""
        del letter
        return await asyncio.to_thread(self._mailbox.attachment, media)

    def start(self, letters: TakingLetters) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(letters), name="mail")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, letters: TakingLetters) -> None:
        while True:
            (found,) = await asyncio.gather(self.look(letters), return_exceptions=True)
            if isinstance(found, MailFault):
                log.warning("mail.away", error=type(found).__name__)
            elif isinstance(found, BaseException):  # whatever it is, the next look comes
                log.error("mail.look_failed", error=type(found).__name__)
            await asyncio.sleep(self._every_seconds)

    async def look(self, letters: TakingLetters) -> int:
        """Take in what is new; return how many mails that were. Raises what ``MailFault`` names."""
        mails = self._mailbox.unseen()
        taken = 0
        try:
            while (found := await asyncio.to_thread(next, mails, None)) is not None:
                _, letter = found
                if letter is not None:
                    await letters.take(letter)
                taken += 1
        finally:
            await asyncio.to_thread(mails.close)  # type: ignore[attr-defined]  # a generator
        return taken
