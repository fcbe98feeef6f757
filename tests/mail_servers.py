"""Real mail servers on the loopback: Dovecot for IMAP (Debian), aiosmtpd for SMTP; what is sent lands in the mailbox of whom it is for."""

from __future__ import annotations

import asyncio
import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from app.processes import free_port

USER, PASSWORD = "12345@example.gov.cn", "a-mail-password"
_CONFIG = """
base_dir = {run}
state_dir = {run}
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{mail}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
"""


@contextmanager
def imap_server(folder: Path) -> Iterator[int]:
    """Run Dovecot over a maildir in ``folder`` (short, and open to others) and yield its port; skip where it is not installed."""
    program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if program is None:
        pytest.skip("no IMAP server: dovecot was found nowhere")
    port, mail = free_port(), folder / "Maildir"
    login = internal = owner = getpass.getuser()
    if os.geteuid() == 0:  # Dovecot lets no process that reads mail run as root
        login, internal, owner = "dovenull", "dovecot", "nobody"
    account = pwd.getpwnam(owner)
    for part in ("cur", "new", "tmp"):
        (mail / part).mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for each in (folder, mail, *mail.iterdir()):
            os.chown(each, account.pw_uid, account.pw_gid)
    run = folder / "run"
    config = folder / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            run=run, folder=folder, mail=mail, port=port, password=PASSWORD, login=login, internal=internal,
            group=grp.getgrgid(pwd.getpwnam(internal).pw_gid).gr_name, uid=account.pw_uid, gid=account.pw_gid,
        )
    )  # fmt: skip
    server = subprocess.Popen([program, "-F", "-c", str(config)])
    try:
        for _ in range(200):
            with closing(socket.socket()) as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def deliver(folder: Path, raw: bytes | EmailMessage) -> None:
    """Put a mail into the mailbox, as the city's mail server does."""
    body = raw if isinstance(raw, bytes) else raw.as_bytes(policy=policy.SMTP)
    name = f"{time.time_ns()}.test"
    (folder / "Maildir" / "tmp" / name).write_bytes(body)
    (folder / "Maildir" / "tmp" / name).rename(folder / "Maildir" / "new" / name)


@dataclass
class SmtpServer:
    """An SMTP server that keeps what it gets; ``answers`` are given to recipients in turn, then 250."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 -- as aiosmtpd calls it
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers and not (answer := self.answers.pop(0)).startswith("250"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- as above
        message = BytesParser(policy=policy.default).parsebytes(envelope.content)  # type: ignore[arg-type]
        self.got.append(message)  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def smtp_server() -> Iterator[SmtpServer]:
    """Run it."""

    def allowed(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
        return AuthResult(success=is_right)

    handler = SmtpServer(port=free_port())
    controller = Controller(
        handler, hostname="127.0.0.1", port=handler.port, authenticator=allowed, auth_require_tls=False
    )
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


def text_of(message: EmailMessage) -> str:
    """Return the words of a mail that was sent."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").strip()


async def in_thread(work: Any, *given: Any) -> Any:
    """Run what blocks."""
    return await asyncio.to_thread(work, *given)
