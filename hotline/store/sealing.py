"""Encryption at rest: what identifies a person is stored sealed with AES-256-GCM (个人信息保护法第51条)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hotline.domain.errors import StoreUnavailableError

_NONCE_BYTES = 12


class Seal:
    """Seals and opens rows. ``place`` (table and id) is bound in: a sealed row cannot be moved to another place."""

    def __init__(self, secret: str) -> None:
        """Derive the key from ``secret``, a random string of at least 32 bytes."""
        self._cipher = AESGCM(hashlib.sha256(b"hotline-at-rest:" + secret.encode()).digest())
        self._fingerprint_key = hashlib.sha256(b"hotline-fingerprint:" + secret.encode()).digest()

    def fingerprint(self, value: str) -> str:
        """Return a keyed digest of ``value``: equal values can be found, but not read or guessed without the key."""
        return hmac.digest(self._fingerprint_key, value.encode(), "sha256").hex()

    def close(self, body: bytes, place: str) -> bytes:
        """Return the sealed row."""
        return self.close_all([(body, place)])[0]

    def close_all(self, rows: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """Return the sealed rows of bodies and places; one draw of random bytes for all, since each is a call of the system."""
        drawn = secrets.token_bytes(_NONCE_BYTES * len(rows))
        nonces = (drawn[start : start + _NONCE_BYTES] for start in range(0, len(drawn), _NONCE_BYTES))
        return [
            nonce + self._cipher.encrypt(nonce, body, place.encode())
            for nonce, (body, place) in zip(nonces, rows, strict=True)
        ]

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return the row; ``StoreUnavailableError`` when it was altered, moved, or sealed with another key."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except InvalidTag:
            raise StoreUnavailableError(f"sealed row cannot be opened: {place}") from None
