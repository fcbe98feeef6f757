"""Answering by e-mail (SMTP): within the thread, marked as automatic, with an id that stays the same at every try."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlsplit

import structlog

from chat.mail.messages import reply
from hotline.domain.letters import Correspondent
from hotline.domain.outbox import StoredMessage
from hotline.service.citizen_notices import Notice
from hotline.service.delivery import Arrived, Failed, Outcome

log: Final = structlog.get_logger("mail")

_TIMEOUT_SECONDS: Final = 20.0
SENT: Final = Arrived("mail")


class MailSender:
    """Sends answers and notices from the hotline's address."""

    def __init__(
        self, server: str, *, own_address: str, user: str, password: str, clock: Callable[[], datetime]
    ) -> None:
        """Take the server (``smtps://host:port``, or ``smtp://…`` with STARTTLS where offered) and the account."""
        self._server = server
        self._own_address = own_address
        self._user = user
        self._password = password
        self._clock = clock

    async def send(self, message: StoredMessage, at: datetime) -> Outcome:
        """Send an answer to a letter."""
        del at
        body = message.message.body
        return await self._mail(body["address"], str(body["text"]), message.message.key)

    async def tell(self, who: Correspondent, notice: Notice, at: datetime) -> Outcome:
        """Send a notice within the thread that the order came from."""
        del at
        return await self._mail(who.address, notice.text, notice.key)

    async def _mail(self, address: Mapping[str, str], text: str, key: str) -> Outcome:
        message = reply(
            own_address=self._own_address,
            to=address["to"],
            subject=address["subject"],
            text=text,
            in_reply_to=address["in_reply_to"],
            references=address["references"],
            thread=address["thread"],
            key=key,
            at=self._clock(),
        )
        try:
            await asyncio.to_thread(self._hand_over, message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return Failed(f"SMTP {codes}", is_final=all(code >= 500 for code in codes))
        except smtplib.SMTPAuthenticationError as error:
            log.error("mail.not_allowed", code=error.smtp_code)
            return Failed(f"SMTP {error.smtp_code}")
        except smtplib.SMTPResponseException as error:
            return Failed(f"SMTP {error.smtp_code}", is_final=error.smtp_code >= 500)
        except (smtplib.SMTPException, OSError) as error:
            return Failed(type(error).__name__)
        return SENT

    def _hand_over(self, message: EmailMessage) -> None:
        parts = urlsplit(self._server)
        host = parts.hostname or ""
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=_TIMEOUT_SECONDS)
        with server:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if self._user and server.has_extn("auth"):
                server.login(self._user, self._password)
            server.send_message(message)
