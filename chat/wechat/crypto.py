"""WeChat's signatures and its encryption of messages (消息加解密), as developers.weixin.qq.com has them.

A message is ``16 random bytes · length (4 bytes, big-endian) · text · AppID``, padded by PKCS#7 to 32 bytes and encrypted by
AES-256-CBC; the key is the 43-character EncodingAESKey, the vector its first half. Nothing here reads a clock or a socket.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chat.wechat.refusals import Refusal, WeChatRefusedError

KEY_CHARACTERS: Final = 43
_BLOCK: Final = 32
_AES_BLOCK: Final = 16
_RANDOM: Final = 16
_LENGTH: Final = struct.Struct(">I")


def signature(*parts: str) -> str:
    """Return SHA-1 over the parts in the order of their characters, as WeChat signs: token, timestamp, nonce[, encrypted text]."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Tell whether ``given`` is the signature over the parts, in the same time whatever it is."""
    return hmac.compare_digest(given.encode(errors="replace"), signature(*parts).encode())


class MessageCipher:
    """Opens and closes messages of one account."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        """Take the EncodingAESKey and the AppID; raise ``ValueError`` when the key is none."""
        if len(aes_key) != KEY_CHARACTERS:
            raise ValueError(f"EncodingAESKey 应为 {KEY_CHARACTERS} 个字符")
        try:
            key = base64.b64decode(aes_key + "=", validate=True)
        except binascii.Error as error:
            raise ValueError("EncodingAESKey 只能由字母和数字组成") from error
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:_AES_BLOCK]))
        self._app_id = app_id

    def open(self, encrypted: str) -> bytes:
        """Return the message; raise ``WeChatRefusedError`` when it is not one, or of another account."""
        try:
            sealed = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise WeChatRefusedError(Refusal.NOT_DECRYPTED) from error
        if not sealed or len(sealed) % _AES_BLOCK:
            raise WeChatRefusedError(Refusal.NOT_DECRYPTED)
        decryptor = self._cipher.decryptor()
        body = _unpadded(decryptor.update(sealed) + decryptor.finalize())
        start = _RANDOM + _LENGTH.size
        if len(body) < start:
            raise WeChatRefusedError(Refusal.NOT_DECRYPTED)
        end = start + _LENGTH.unpack(body[_RANDOM:start])[0]
        if end > len(body):
            raise WeChatRefusedError(Refusal.NOT_DECRYPTED)
        if not hmac.compare_digest(body[end:], self._app_id.encode()):
            raise WeChatRefusedError(Refusal.WRONG_APP)
        return body[start:end]

    def close(self, message: bytes, *, random: bytes) -> str:
        """Return the message encrypted; ``random`` are 16 fresh bytes."""
        body = random + _LENGTH.pack(len(message)) + message + self._app_id.encode()
        padding = _BLOCK - len(body) % _BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(body + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode()


def _unpadded(body: bytes) -> bytes:
    """Return ``body`` without its padding of 1 to 32 bytes, each of which says how many there are."""
    padding = body[-1]
    if not 1 <= padding <= min(_BLOCK, len(body)) or body[-padding:] != bytes([padding]) * padding:
        raise WeChatRefusedError(Refusal.NOT_DECRYPTED)
    return body[:-padding]
