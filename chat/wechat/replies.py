"""Answers in the body of WeChat's own request (被动回复): XML, encrypted where the request was."""

from __future__ import annotations

from typing import Final

from chat import cutting
from chat.wechat.crypto import MessageCipher, signature

TEXT_BYTES: Final = 2_048
"""What a text may have, here and as a customer-service message."""


def text_reply(*, to: str, account: str, at: int, text: str) -> str:
    """Return a text for ``to`` from the account, at ``at`` (Unix seconds)."""
    return (
        f"<xml><ToUserName>{_literal(to)}</ToUserName><FromUserName>{_literal(account)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{_literal(text)}</Content></xml>"
    )


def encrypted_reply(
    reply: str, cipher: MessageCipher, *, token: str, at: int, nonce: str, random: bytes
) -> str:
    """Return ``reply`` encrypted and signed."""
    encrypted = cipher.close(reply.encode(), random=random)
    signed = signature(token, str(at), nonce, encrypted)
    return (
        f"<xml><Encrypt>{_literal(encrypted)}</Encrypt><MsgSignature>{_literal(signed)}</MsgSignature>"
        f"<TimeStamp>{at}</TimeStamp><Nonce>{_literal(nonce)}</Nonce></xml>"
    )


def cut(text: str, *, most_bytes: int = TEXT_BYTES) -> tuple[str, ...]:
    """Cut a text into pieces of at most ``most_bytes`` in UTF-8, after a sentence or a line where there is one."""
    return cutting.cut(text, lambda rest: rest.encode()[:most_bytes].decode(errors="ignore"))


def _literal(text: str) -> str:
    """Return a CDATA section; what would end it is split over two, and what XML cannot hold is left out."""
    kept = "".join(sign for sign in text if sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff"))
    return "<![CDATA[" + kept.replace("]]>", "]]]]><![CDATA[>") + "]]>"
