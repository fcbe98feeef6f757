"""WeChat's message encryption: against its published sample, and against another library."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.wechat.crypto import MessageCipher, is_signed, signature
from chat.wechat.refusals import Refusal, WeChatRefusedError
from tests.wechat import AES_KEY, APP_ID, TOKEN, decrypt, encrypt

TIMESTAMP, NONCE = "1409735669", "1320562132"
SIGNED = "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
PUBLISHED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXp"
    "bUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlp"
    "Kn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD"
    "1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
"""The sample of WeChat's own demonstration code (WXBizMsgCrypt): ciphertext, signature, time, nonce, token, key and AppID."""


def a_cipher(app_id: str = APP_ID) -> MessageCipher:
    return MessageCipher(AES_KEY, app_id)


def refusal(encrypted: str, app_id: str = APP_ID) -> Refusal:
    with pytest.raises(WeChatRefusedError) as caught:
        a_cipher(app_id).open(encrypted)
    return caught.value.reason


def test_the_published_sample_is_signed_as_published() -> None:
    assert signature(TOKEN, TIMESTAMP, NONCE, PUBLISHED) == SIGNED
    assert is_signed(SIGNED, TOKEN, TIMESTAMP, NONCE, PUBLISHED)


@pytest.mark.parametrize("given", ["", "5" * 40, SIGNED.upper(), SIGNED[:-1], "签名"])
def test_no_other_signature_counts(given: str) -> None:
    assert not is_signed(given, TOKEN, TIMESTAMP, NONCE, PUBLISHED)


def test_the_published_sample_is_opened() -> None:
    assert a_cipher().open(PUBLISHED).decode() == (
        "<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n"
        "<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n"
        "<CreateTime>1409735668</CreateTime>\n"
        "<MsgType><![CDATA[text]]></MsgType>\n"
        "<Content><![CDATA[abcdteT]]></Content>\n"
        "<MsgId>6054768590064713728</MsgId>\n"
        "</xml>"
    )


@given(st.text(max_size=700))
def test_what_one_library_closes_the_other_opens(text: str) -> None:
    cipher = a_cipher()
    message = text.encode(errors="replace").decode()
    assert cipher.open(encrypt(message)).decode() == message
    assert decrypt(cipher.close(message.encode(), random=os.urandom(16))) == (message, APP_ID)


def test_a_message_of_another_account_is_refused() -> None:
    assert refusal(encrypt("您好", app_id="wx0000000000000000")) is Refusal.WRONG_APP
    assert refusal(encrypt("您好", app_id="")) is Refusal.WRONG_APP


@given(st.binary(max_size=200))
def test_what_is_no_message_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    for encrypted in (base64.b64encode(noise).decode(), noise.decode("latin-1")):
        assert refusal(encrypted) in (Refusal.NOT_DECRYPTED, Refusal.WRONG_APP)


def test_a_message_that_is_cut_off_is_refused() -> None:
    whole = encrypt("兰山区银雀山街道暖气不热")
    for length in range(0, len(whole), 4):
        if length < len(whole):
            assert refusal(whole[:length]) in (Refusal.NOT_DECRYPTED, Refusal.WRONG_APP)


@pytest.mark.parametrize("key", ["", "a" * 42, "a" * 44, "*" * 43])
def test_a_key_that_is_none_is_told_when_it_is_set(key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        MessageCipher(key, APP_ID)
