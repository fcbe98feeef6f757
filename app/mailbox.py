"""E-mail put together from the settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from app.clock import now
from app.settings import Settings
from chat.mail.mailbox import Account, Mailbox, MailIntake
from chat.mail.sender import MailSender
from hotline.store.sealing import Seal


async def open_mail(
    settings: Settings, seal: Seal, readable: Callable[[str], str], stack: AsyncExitStack
) -> MailIntake | None:
    """Return the intake of e-mail, None where no mailbox is configured."""
    if not settings.mail_imap or not settings.mail_address:
        return None
    password = settings.mail_password.get_secret_value() if settings.mail_password else ""
    account = Account(
        settings.mail_imap, settings.mail_user or settings.mail_address, password, settings.mail_address
    )
    mailbox = Mailbox(account, readable=readable, fingerprint=seal.fingerprint)
    intake = MailIntake(mailbox, every_seconds=settings.mail_poll_seconds)
    stack.push_async_callback(intake.close)
    return intake


def open_mail_sender(settings: Settings) -> MailSender | None:
    """Return who sends e-mail, None where no server is configured."""
    if not settings.mail_smtp or not settings.mail_address:
        return None
    return MailSender(
        settings.mail_smtp,
        own_address=settings.mail_address,
        user=settings.mail_user,
        password=settings.mail_password.get_secret_value() if settings.mail_password else "",
        clock=now,
    )
