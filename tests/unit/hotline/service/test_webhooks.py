"""Webhooks are signed as the specification has it, and anything else is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from hotline.service.webhooks import WebhookRefusedError, WebhookSecretError, secret_of, signed, verify

# The specification's own example: https://github.com/standard-webhooks/standard-webhooks (libraries' tests)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IDENTITY = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_specification() -> None:
    assert signed(SECRET, identity=IDENTITY, at=AT, body=BODY) == {
        "webhook-id": IDENTITY,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_one_of_several_secrets_or_signatures_is_enough() -> None:
    headers = signed(SECRET, identity=IDENTITY, at=AT, body=BODY)
    headers["webhook-signature"] = f"v1a,nonsense v1,bm90IGl0 {headers['webhook-signature']}"
    assert verify([secret_of(b"x" * 32), SECRET], headers, BODY, now=AT) == IDENTITY


@pytest.mark.parametrize(
    ("change", "body", "late"),
    [
        ({}, b"altered", 0),
        ({"webhook-id": "another"}, BODY, 0),
        ({"webhook-timestamp": "1614265331"}, BODY, 0),
        ({"webhook-timestamp": "soon"}, BODY, 0),
        ({"webhook-timestamp": "9" * 40}, BODY, 0),
        ({"webhook-signature": "签名"}, BODY, 0),
        ({"webhook-signature": ""}, BODY, 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_what_is_altered_old_or_unsigned_is_refused(change: dict[str, str], body: bytes, late: float) -> None:
    headers = {**signed(SECRET, identity=IDENTITY, at=AT, body=BODY), **change}
    with pytest.raises(WebhookRefusedError):
        verify([SECRET], headers, body, now=AT + timedelta(seconds=late))


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_" + base64.b64encode(b"short").decode(), "x" * 40, "whsec_签"]
)
def test_a_secret_that_anybody_could_guess_is_refused(secret: str) -> None:
    with pytest.raises(WebhookSecretError):
        signed(secret, identity="1", at=AT, body=b"")
