"""E-mails as letters: what is new in them, whose thread they are of, and which no person wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.mail.messages import Mail, attachment, own_id, read, reply, without_quotes
from chat.web_chat.protocol import readable
from tests.media import a_photo

OWN = "12345@example.gov.cn"


def a_mail(
    text: str = "我家暖气不热", *, html: str = "", photo: bytes | None = None, **headers: str
) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    given = {
        "From": "张三 <zhang@example.cn>",
        "To": OWN,
        "Subject": "反映供暖问题",
        "Message-ID": "<1@example.cn>",
        "Date": "Sat, 28 Nov 2026 10:00:00 +0800",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in given.items():
        if value:
            message[name] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    if photo is not None:
        message.add_attachment(photo, maintype="image", subtype="jpeg", filename="现场.jpg")
    return message.as_bytes()


def seen(raw: bytes) -> Mail:
    mail = read(raw, own_address=OWN, readable=readable)
    assert mail is not None
    return mail


def test_a_mail_is_read() -> None:
    mail = seen(a_mail())
    assert (mail.sender, mail.subject, mail.text, mail.message_id) == (
        "zhang@example.cn", "反映供暖问题", "我家暖气不热", "<1@example.cn>",
    )  # fmt: skip
    assert mail.at == datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
    assert not mail.is_automatic
    assert mail.attachments == ()


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "utf-8", "big5"])
def test_every_character_set_of_chinese_mails_is_read(charset: str) -> None:
    text = "反映問題" if charset == "big5" else "反映问题"
    raw = (
        f"From: z@example.cn\r\nContent-Type: text/plain; charset={charset}\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode() + text.encode(charset)
    assert seen(raw).text == text


def test_of_html_the_text_counts() -> None:
    html = "<html><head><style>p{}</style></head><body><p>我家<b>暖气</b>不热</p><script>x()</script><blockquote>旧信</blockquote>"
    raw = b"From: z@example.cn\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
    assert seen(raw).text == "我家暖气不热"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>我家<![图]>暖气</p><p>不热</p>", "我家暖气\n不热"),
        ("<![if !vml]><p>暖气不热</p><![endif]>", "暖气不热"),
        ("<p>暖气不热<![x y", "暖气不热<![x y"),
        ("<p>暖气<!ELEMENT (x>不热</p>", "暖气不热"),
    ],
)
def test_of_html_that_no_parser_knows_the_text_counts(html: str, text: str) -> None:
    raw = b"From: z@example.cn\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
    assert seen(raw).text == text


def test_the_head_of_a_mail_tells_who_wrote_about_what() -> None:
    mail = read(a_mail(photo=a_photo(size=(8, 8))), own_address=OWN, readable=readable, is_whole=False)
    assert mail is not None
    assert (mail.sender, mail.subject, mail.text, mail.attachments) == (
        "zhang@example.cn", "反映供暖问题", "", ()
    )  # fmt: skip


@pytest.mark.parametrize(
    "quoted",
    [
        "\n\n------------------ 原始邮件 ------------------\n发件人: 12345\n旧信",
        "\n\n> 旧信\n> 再旧",
        "\n\n在 2026年11月28日，12345热线<12345@example.gov.cn> 写道：\n旧信",
        "\n\nOn Sat, Nov 28, 2026 at 10:00 AM 12345 <12345@example.gov.cn> wrote:\n> 旧信",
        "\n\n发件人：12345热线\n发送时间：昨天\n旧信",
        "\n\n-- \n张三 敬上",
    ],
)
def test_what_was_quoted_is_left_out(quoted: str) -> None:
    assert without_quotes("对，登记吧。" + quoted) == "对，登记吧。"


def test_a_thread_is_the_same_for_all_its_mails() -> None:
    first = seen(a_mail())
    ours = own_id(first.thread, "k1", OWN)
    with_references = seen(a_mail(Message_ID="<2@x>", References=f"<1@example.cn> {ours}", In_Reply_To=ours))
    with_reply_to_only = seen(a_mail(Message_ID="<3@x>", In_Reply_To=ours))
    another = seen(a_mail(Message_ID="<4@x>"))
    assert first.thread == with_references.thread == with_reply_to_only.thread != another.thread


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated; x"}, {"Precedence": "bulk"},
        {"Precedence": "list"}, {"List_Id": "<l.example.cn>"}, {"List_Unsubscribe": "<mailto:x@y>"}, {"Return_Path": "<>"},
        {"X_Autoreply": "yes"}, {"From": "MAILER-DAEMON@example.cn"}, {"From": "no-reply@example.cn"},
        {"From": "postmaster@example.cn"}, {"From": OWN}, {"From": f"热线 <{OWN.upper()}>"},
    ],
)  # fmt: skip
def test_what_no_person_wrote_is_told(headers: dict[str, str]) -> None:
    assert seen(a_mail(**headers)).is_automatic


def test_a_report_of_delivery_is_told() -> None:
    raw = b"From: a@example.cn\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b--\r\n"
    assert seen(raw).is_automatic


def test_a_person_is_not_taken_for_a_machine() -> None:
    assert not seen(a_mail(Auto_Submitted="no")).is_automatic


def test_attachments_are_named_by_their_place_and_found_again() -> None:
    photo = a_photo()
    raw = a_mail(photo=photo)
    (number,) = seen(raw).attachments
    assert attachment(raw, number) == photo
    assert attachment(raw, number + 1) is None


def test_an_answer_stays_in_its_thread_and_says_that_it_is_automatic() -> None:
    first = seen(a_mail())
    given: dict[str, Any] = {"own_address": OWN, "to": first.sender, "subject": first.subject, "in_reply_to": first.message_id,
                             "references": "", "thread": first.thread, "key": "k1", "at": datetime(2026, 11, 28, tzinfo=UTC)}  # fmt: skip
    sent = reply(text="请核对：……", **given)
    again = BytesParser(policy=policy.default).parsebytes(sent.as_bytes())
    assert (again["Subject"], again["In-Reply-To"], again["Auto-Submitted"]) == (
        "Re: 反映供暖问题", "<1@example.cn>", "auto-replied",
    )  # fmt: skip
    assert sent["Message-ID"] == reply(text="再一次", **given)["Message-ID"]
    back = read(sent.as_bytes(), own_address="another@example.cn", readable=readable)
    assert back is not None
    assert back.is_automatic


def test_a_subject_brings_no_header_of_its_own() -> None:
    mail = seen(a_mail(Subject="=?utf-8?b?" + "5L2g5aW9DQpCY2M6IHhAeS56" + "?="))
    sent = reply(
        own_address=OWN, to=mail.sender, subject=mail.subject, text="x", in_reply_to=mail.message_id, references="",
        thread=mail.thread, key="k", at=datetime(2026, 11, 28, tzinfo=UTC),
    )  # fmt: skip
    assert sent["Bcc"] is None


def test_a_sender_s_damaged_name_hides_no_address() -> None:
    header, rest = a_mail(From="zhang@example.cn").split(b"\r\n", 1)
    assert header == b"From: zhang@example.cn"
    name = b"=?utf-8?b?DeS4iQ==?="  # a carriage return in it, at which the standard library's parser gives up
    mail = seen(b"From: " + name + b" <zhang@example.cn>\r\n" + rest)
    assert (mail.sender, mail.text) == ("zhang@example.cn", "我家暖气不热")


@given(st.binary(max_size=500))
def test_noise_is_no_mail_or_one_without_harm(noise: bytes) -> None:
    mail = read(noise, own_address=OWN, readable=readable)
    assert mail is None or "@" in mail.sender


@given(st.binary(max_size=60), st.integers(0, 700))
def test_a_damaged_mail_is_read_as_far_as_it_goes(noise: bytes, at: int) -> None:
    raw = a_mail(html="<p>x</p>", photo=a_photo(size=(8, 8)))
    read(raw[:at] + noise + raw[at + len(noise) :], own_address=OWN, readable=readable)
