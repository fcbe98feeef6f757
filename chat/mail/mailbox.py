"""The mailbox (收件箱): read by IMAP, a mail at a time, each marked as seen when its letter is kept; nothing is deleted."""

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

from chat.mail.messages import MOST_BYTES, Mail, attachment, read
from chat.wechat.routes import TakingLetters
from hotline.domain.appeal import ContactChannel
from hotline.domain.letters import Content, Letter, Unreadable, Written
from hotline.service.letter_parts import MediaUnavailableError

log: Final = structlog.get_logger("mail")

_TIMEOUT_SECONDS: Final = 20.0
_A_LOOK: Final = 50
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")

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
            numbers = _answer(box.uid("search", None, "UNSEEN")[1]).split()  # type: ignore[arg-type]  # None: no charset
            for number in numbers[:_A_LOOK]:
                name = number.decode()
                raw = self._raw(box, name)
                letter = self._letter(raw, f"{valid.decode()}:{name}") if raw is not None else None
                yield name, letter
                box.uid("store", name, "+FLAGS", r"(\Seen)")

    def attachment(self, media: str) -> bytes:
        """Return an attachment by the name that a letter gives it; raise ``MediaUnavailableError``."""
        valid, name, part = media.split(":")
        try:
            with self._opened(is_writing=False) as box:
                if _answer(box.response("UIDVALIDITY")[1]).decode() != valid:
                    raise MediaUnavailableError("the mailbox was made anew")
                raw = self._raw(box, name)
        except MailFault as error:
            raise MediaUnavailableError(type(error).__name__) from error
        found = attachment(raw, int(part)) if raw is not None else None
        if found is None:
            raise MediaUnavailableError("no such attachment")
        return found

    def _raw(self, box: imaplib.IMAP4, name: str) -> bytes | None:
        """Return a mail, or None when it is bigger than anything that is looked at."""
        size = _SIZE.search(_answer(box.uid("fetch", name, "(RFC822.SIZE)")[1]))
        if size is None or int(size[1]) > MOST_BYTES:
            log.warning("mail.too_large", size=int(size[1]) if size else None)
            return None
        found = box.uid("fetch", name, "(BODY.PEEK[])")[1]
        return next((part[1] for part in found if isinstance(part, tuple)), None)

    def _letter(self, raw: bytes, place: str) -> Letter | None:
        mail = read(raw, own_address=self._account.own_address, readable=self._readable)
        if mail is None or mail.is_automatic:
            log.info("mail.not_answered", is_automatic=mail is not None)
            return None
        return letter_of(mail, place, self._fingerprint)

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


def letter_of(mail: Mail, place: str, fingerprint: Callable[[str], str]) -> Letter:
    """Return the letter that a mail is; its attachments are named by where the mail lies."""
    words = "。".join(filter(None, (mail.subject if not mail.references else "", mail.text)))
    attachments = tuple(f"{place}:{number}" for number in mail.attachments)
    content: Content = Written(words, attachments) if words or attachments else Unreadable("mail")
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
            try:
                await self.look(letters)
            except MailFault as error:
                log.warning("mail.away", error=type(error).__name__)
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
