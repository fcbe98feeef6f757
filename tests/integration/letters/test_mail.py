"""Citizens write e-mails: read by IMAP from a real server, answered by SMTP to a real one."""

from __future__ import annotations

import asyncio
import imaplib
import tempfile
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from chat.mail.mailbox import Account, Mailbox, MailIntake
from chat.mail.sender import MailSender
from chat.web_chat.protocol import readable
from hotline.domain.appeal import ContactChannel
from hotline.store.sql import SqlStore
from hotline.store.tables import letters
from tests.letter_office import COMPLAINT, CONFIRM, NOTICE, SEAL, Office, office_for
from tests.mail_servers import PASSWORD, USER, SmtpServer, deliver, imap_server, smtp_server, text_of
from tests.media import a_photo
from tests.unit.chat.mail.test_messages import a_mail
from tests.wechat import WeChatServer


@pytest.fixture(scope="module")
def mail_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mail-") as folder:  # sockets have short names
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def imap(mail_folder: Path) -> Iterator[int]:
    with imap_server(mail_folder) as port:
        yield port


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


class Post:
    """The hotline's mail: ``comes`` puts mails into its mailbox and lets it look."""

    def __init__(self, office: Office, intake: MailIntake, folder: Path, smtp: SmtpServer) -> None:
        self.office, self.intake, self._folder, self.smtp = office, intake, folder, smtp

    async def comes(self, *mails: bytes | EmailMessage) -> int:
        for each in mails:
            deliver(self._folder, each)
        taken = await self.intake.look(self.office.correspondence)
        await self.office.correspondence.settled()
        await self.office.deliver()
        return taken

    @property
    def texts(self) -> list[str]:
        return [text_of(each) for each in self.smtp.got]


@pytest.fixture
async def post(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, mail_folder: Path, imap: int, smtp: SmtpServer
) -> AsyncIterator[Post]:
    account = Account(f"imap://127.0.0.1:{imap}/INBOX", USER, PASSWORD, USER)
    mailbox = Mailbox(account, readable=readable, fingerprint=SEAL.fingerprint)
    intake = MailIntake(mailbox, every_seconds=60)
    for old in (mail_folder / "Maildir").glob("*/*"):
        if old.is_file():
            old.unlink()
    async with office_for(wechat, store, tmp_path, served=False) as office:
        office.correspondence._parts.media[ContactChannel.EMAIL] = intake.fetch  # type: ignore[index]
        sender = MailSender(
            f"smtp://127.0.0.1:{smtp.port}",
            own_address=USER,
            user=USER,
            password=PASSWORD,
            clock=office.clock,
        )
        office.delivery._sender._senders["mail"] = sender  # type: ignore[attr-defined]
        yield Post(office, intake, mail_folder, smtp)


async def test_a_mail_becomes_an_order_over_two_answers(post: Post) -> None:
    assert await post.comes(a_mail(COMPLAINT, Subject="")) == 1
    assert post.texts == [NOTICE + CONFIRM]
    first = post.smtp.got[0]
    assert (first["To"], first["In-Reply-To"], first["From"]) == ("zhang@example.cn", "<1@example.cn>", USER)
    answer = a_mail(
        f"对\n\n> {CONFIRM}", Message_ID="<2@example.cn>", Subject="Re: ", In_Reply_To=first["Message-ID"],
        References=f"<1@example.cn> {first['Message-ID']}",
    )  # fmt: skip
    await post.comes(answer)
    (order,) = await post.office.orders()
    assert post.texts[1].startswith(f"已受理，工单编号{order.number}。")
    assert order.appeal.channel is ContactChannel.EMAIL
    assert order.appeal.text == COMPLAINT


async def test_a_mail_is_answered_once_however_often_it_is_delivered(post: Post) -> None:
    await post.comes(a_mail(COMPLAINT), a_mail(COMPLAINT))
    await post.comes(a_mail(COMPLAINT))
    assert len(post.texts) == 1
    assert await post.comes() == 0  # all are marked as seen


async def test_nobody_gets_into_anothers_thread(post: Post) -> None:
    await post.comes(a_mail(COMPLAINT))
    stolen = post.smtp.got[0]["Message-ID"]
    await post.comes(a_mail("对", From="li@example.cn", Message_ID="<9@example.cn>", In_Reply_To=stolen))
    assert await post.office.orders() == []


async def test_automatic_mails_are_read_and_never_answered(post: Post) -> None:
    bounce = (
        b"From: MAILER-DAEMON@example.cn\r\nReturn-Path: <>\r\nSubject: Undelivered\r\n"
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b--\r\n"
    )
    holiday = a_mail("我在休假", Auto_Submitted="auto-replied")
    assert await post.comes(bounce, holiday, a_mail("您好", From=USER)) == 3
    assert post.texts == []
    assert await post.office.store.recent() == []


async def test_a_subject_that_holds_a_state_secret_is_neither_kept_nor_said_back(post: Post) -> None:
    await post.comes(a_mail("这是国家秘密，请你们处理", Subject="反映涉密文件的事"))
    (told,) = post.smtp.got
    assert "涉密" not in str(told["Subject"])
    async with post.office.store.database.reading() as connection:
        (row,) = (await connection.execute(select(letters))).all()
    letter = post.office.letters._letter(row)  # type: ignore[union-attr]
    assert (letter.address.get("subject"), "涉密" in letter.content.text) == ("", False)


async def test_an_attachment_becomes_evidence(post: Post) -> None:
    await post.comes(a_mail(COMPLAINT, photo=a_photo()))
    assert "收到第1份图片材料" in post.texts[0]
    first = post.smtp.got[0]
    await post.comes(a_mail("对", Message_ID="<2@example.cn>", In_Reply_To=first["Message-ID"]))
    (order,) = await post.office.orders()
    (item,) = await post.office.evidence.of_order(order.number)
    assert item.kind == "image/jpeg"


async def test_a_mail_that_breaks_its_reader_is_answered_as_far_as_it_is_known_and_the_next_is_read(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(message: Any) -> str:
        if "打不开" in str(message["Subject"]):
            raise AssertionError("expected name token")
        return str(message.get_content())

    monkeypatch.setattr("chat.mail.messages._text_of", broken)
    bad = a_mail("……", Subject="打不开", Message_ID="<bad@example.cn>", From="li@example.cn")
    assert await post.comes(bad, a_mail(COMPLAINT, Subject="")) == 2
    told = {str(each["To"]): text_of(each) for each in post.smtp.got}
    assert told["li@example.cn"].startswith(
        f"{NOTICE}抱歉，您的邮件格式有误，正文打不开。请用纯文本重新写明是什么事情、在什么位置。"
    )
    assert told["zhang@example.cn"] == NOTICE + CONFIRM
    assert await post.comes() == 0


async def test_an_html_mail_with_marks_that_nobody_knows_is_read(post: Post) -> None:
    html = f"<p>{COMPLAINT}<![x y]></p>".encode()
    raw = b"From: z@example.cn\r\nMessage-ID: <h@x>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html
    assert await post.comes(raw) == 1
    assert post.texts == [NOTICE + CONFIRM]


async def test_a_mail_that_the_server_does_not_give_now_is_read_at_the_next_look(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, refused = imaplib.IMAP4.uid, []

    def uid(box: imaplib.IMAP4, command: str, *given: str) -> Any:
        if command == "fetch" and "BODY" in given[1] and not refused:
            refused.append(given[0])
            return "NO", [b"[SERVERBUG] Internal error occurred"]
        return asked(box, command, *given)

    monkeypatch.setattr(imaplib.IMAP4, "uid", uid)
    other = a_mail(COMPLAINT, Subject="", From="li@example.cn", Message_ID="<2@example.cn>")
    assert await post.comes(a_mail(COMPLAINT, Subject=""), other) == 1
    assert len(post.texts) == 1
    assert await post.comes() == 1
    assert post.texts == [NOTICE + CONFIRM] * 2


async def test_a_mail_that_is_too_large_is_answered_and_what_its_subject_says_is_recorded(post: Post) -> None:
    large = a_mail("说明" * 10, Subject=COMPLAINT) + b"x" * 26 * 1024 * 1024
    assert await post.comes(large) == 1
    too_large = "抱歉，您的邮件超过了25兆，正文和附件没有收下。请用文字写明是什么事情、在什么位置，附件分成几封邮件再发。"
    assert post.texts == [f"{NOTICE}{too_large}\n{CONFIRM}"]
    first = post.smtp.got[0]
    await post.comes(a_mail("对", Message_ID="<2@example.cn>", In_Reply_To=first["Message-ID"]))
    (order,) = await post.office.orders()
    assert order.appeal.text == COMPLAINT


async def test_whatever_a_look_fails_of_the_next_look_comes() -> None:
    class Failing:
        looks = 0

        def unseen(self) -> Any:
            self.looks += 1
            if self.looks == 1:
                raise RuntimeError
            yield from ()

    mailbox: Any = Failing()
    intake = MailIntake(mailbox, every_seconds=0.001)
    intake.start(cast("Any", None))
    async with asyncio.timeout(5):
        while mailbox.looks < 3:
            await asyncio.sleep(0.001)
    await intake.close()


async def test_a_mail_that_was_not_kept_is_read_again(post: Post) -> None:
    class Refusing:
        async def take(self, letter: Any, *, wait_seconds: float = 0.0) -> None:
            raise OSError("neither database nor disk")

        def passed(self, letter: Any) -> None:
            raise AssertionError

    office: Any = post.office
    kept = office.correspondence
    office.correspondence = Refusing()
    deliver(post._folder, a_mail(COMPLAINT))
    with pytest.raises(OSError, match="neither"):
        await post.intake.look(office.correspondence)
    office.correspondence = kept
    assert await post.comes() == 1
    assert len(post.texts) == 1


@pytest.mark.parametrize(
    ("answer", "is_dead"), [("550 5.1.1 no such user", True), ("450 4.2.1 try later", False)]
)
async def test_what_the_mail_server_refuses_is_tried_again_or_given_up(
    post: Post, answer: str, *, is_dead: bool
) -> None:
    post.smtp.answers = [answer]
    await post.comes(a_mail(COMPLAINT))
    assert post.texts == []
    assert bool(await post.office.dead()) is is_dead


async def test_a_mailbox_that_is_away_is_an_error_that_passes(tmp_path: Path) -> None:
    mailbox = Mailbox(
        Account("imap://127.0.0.1:9/INBOX", USER, PASSWORD, USER),
        readable=readable,
        fingerprint=SEAL.fingerprint,
    )
    with pytest.raises(OSError):
        list(mailbox.unseen())
