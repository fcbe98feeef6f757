"""Passwords by argon2id (RFC 9106), and one-time codes by time (TOTP, RFC 6238)."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE: Final = 2
_STEP_SECONDS: Final = 30
_SLACK_STEPS: Final = (0, -1, 1)  # a clock that is half a minute off
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
_DIGITS: Final = "23456789"


class Passwords:
    """Hashes and verifies in threads, few at once: each takes 64 MiB, and whoever guesses must not take them all."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Take a hasher; argon2-cffi's low-memory profile of RFC 9106 unless given."""
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, kept: str, password: str) -> bool:
        """Tell whether ``password`` is the one that is ``kept``; takes as long when nothing is."""
        async with self._turns:
            is_right = await asyncio.to_thread(self._verify, kept or self._nobodys, password)
        return is_right and bool(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def one_time_password() -> str:
    """Return a password to be changed at once, easy to read out: letters and digits that are not mistaken for each other."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    digits = "".join(secrets.choice(_DIGITS) for _ in range(4))
    return f"{letters[:4]}-{letters[4:]}-{digits}".capitalize()


def new_totp_secret() -> str:
    """Return a secret to be shared with an authenticator."""
    return pyotp.random_base32()


def totp_address(secret: str, *, login: str, issuer: str) -> str:
    """Return the ``otpauth`` address that authenticators read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def totp_step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """Return the time step of a right ``code``, None of a wrong one or one not newer than step ``after`` (no code twice)."""
    if not secret:
        return None
    now = int(at.timestamp()) // _STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in (now + slack for slack in _SLACK_STEPS):
        if step > after and secrets.compare_digest(totp.at(step * _STEP_SECONDS).encode(), code.encode()):
            return step
    return None
