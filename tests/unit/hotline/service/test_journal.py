"""What is said while the database is away is written when it is back, in order and once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from hotline.dialogue.events import Said, Started
from hotline.domain.appeal import ContactChannel
from hotline.service.journal import Journal
from tests.fakes import FakeLogBook
from tests.virtual_time import run

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STARTED = Started(at=NOW, conversation="c1", channel=ContactChannel.PHONE)


def said(text: str) -> Said:
    return Said(at=NOW, text=text, raw=text)


async def begun(book: FakeLogBook) -> Journal:
    journal = Journal(book, "c1", clock=lambda: NOW, deadline=1.0)
    await journal.begin(STARTED, "call-1")
    return journal


def words(book: FakeLogBook) -> list[str]:
    return [body["text"] for name, body in book.rows if name == "Said"]


@pytest.mark.parametrize("away_from", [0, 1])
def test_words_said_while_the_database_is_away_are_written_when_it_is_back(away_from: int) -> None:
    async def test() -> None:
        book = FakeLogBook(is_down=away_from == 0)
        journal = await begun(book)
        for index, text in enumerate(("路灯坏了", "在银雀山街道", "谢谢")):
            book.is_down = index == away_from
            journal.add(said(text))
            await asyncio.sleep(0.12)
        assert words(book) == ["路灯坏了", "在银雀山街道", "谢谢"]
        await journal.leave()
        assert words(book) == ["路灯坏了", "在银雀山街道", "谢谢"]

    run(test())


def test_the_last_words_are_tried_once_more_when_the_conversation_ends() -> None:
    async def test() -> None:
        book = FakeLogBook(is_down=True)
        journal = await begun(book)
        journal.add(said("路灯坏了"))
        await asyncio.sleep(0.12)
        assert words(book) == []
        book.is_down = False
        await journal.leave()
        assert words(book) == ["路灯坏了"]

    run(test())


def test_what_no_database_took_is_said_to_be_lost_and_nobody_waits_for_it() -> None:
    async def test() -> None:
        journal = await begun(FakeLogBook(is_down=True))
        journal.add(said("路灯坏了"))
        with capture_logs() as logs:
            await journal.leave()
        assert [(each["event"], each["rows"]) for each in logs][-1] == ("journal.lost", 1)

    run(test())


def test_a_secret_that_could_not_be_deleted_at_once_is_deleted_with_the_next_try() -> None:
    async def test() -> None:
        book = FakeLogBook()
        journal = await begun(book)
        journal.add(said("涉密的话"))
        await asyncio.sleep(0.12)
        book.is_down = True
        journal.conceal()
        await asyncio.sleep(0.12)
        assert words(book) == ["涉密的话"]
        book.is_down = False
        await journal.leave()
        assert book.rows == []

    run(test())
