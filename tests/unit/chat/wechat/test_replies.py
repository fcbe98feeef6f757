"""Answers in the body of WeChat's own call: well-formed whatever they say, and never longer than a text may be."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from chat.wechat.crypto import MessageCipher
from chat.wechat.replies import TEXT_BYTES, cut, encrypted_reply, text_reply
from tests.wechat import AES_KEY, APP_ID, TOKEN, decrypt, sha1


def test_a_reply_is_a_text_from_the_account() -> None:
    assert text_reply(to="o1", account="gh_1", at=7, text="您好") == (
        "<xml><ToUserName><![CDATA[o1]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName>"
        "<CreateTime>7</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[您好]]></Content></xml>"
    )


@given(st.text(max_size=300))
def test_a_reply_is_well_formed_whatever_it_says(text: str) -> None:
    text = text.encode(errors="replace").decode()
    shown = ET.fromstring(text_reply(to="o1", account="gh_1", at=7, text=text)).findtext("Content") or ""
    kept = "".join(sign for sign in text if sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff"))
    assert shown == kept.replace("\r\n", "\n").replace("\r", "\n")


def test_what_would_end_a_section_is_only_text() -> None:
    reply = text_reply(to="o1", account="gh_1", at=7, text="a]]><MsgType>news</MsgType>")
    assert ET.fromstring(reply).findtext("Content") == "a]]><MsgType>news</MsgType>"
    assert ET.fromstring(reply).findtext("MsgType") == "text"


def test_an_encrypted_reply_is_signed_and_opens_to_the_reply() -> None:
    cipher = MessageCipher(AES_KEY, APP_ID)
    sent = encrypted_reply("<xml>您好</xml>", cipher, token=TOKEN, at=7, nonce="n", random=b"r" * 16)
    fields = {child.tag: child.text or "" for child in ET.fromstring(sent)}
    assert fields["MsgSignature"] == sha1(TOKEN, "7", "n", fields["Encrypt"])
    assert decrypt(fields["Encrypt"]) == ("<xml>您好</xml>", APP_ID)


@given(st.text(alphabet="一二三。？！；\n a🙂", max_size=3_000), st.integers(min_value=8, max_value=2_048))
def test_a_long_text_is_cut_and_nothing_is_lost(text: str, most: int) -> None:
    pieces = cut(text, most_bytes=most)
    assert all(0 < len(piece.encode()) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_is_cut_behind_a_sentence() -> None:
    sentence = "采暖期为十一月十日至次年三月二十日。"
    pieces = cut(sentence * 50)
    assert all(piece.endswith("。") for piece in pieces)
    assert len(pieces) == 2
    assert max(len(piece.encode()) for piece in pieces) <= TEXT_BYTES
