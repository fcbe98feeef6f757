"""Holding a revisit call: what is written down of it, and what must not be."""

from __future__ import annotations

import asyncio
from collections import deque

from hotline.dialogue.actions import ChannelAction, End
from hotline.dialogue.events import Event, HungUp, Said, Started
from hotline.dialogue.survey_result import Ending
from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.service.journal import Journal
from hotline.service.survey_calls import hold_survey
from tests.builders import NOW
from tests.surveys import a_survey


class Citizen:
    """A channel on which the citizen says their piece and hangs up at the end."""

    def __init__(self, *words: str) -> None:
        self._events: deque[Event] = deque([Started(NOW, "r1", ContactChannel.PHONE)])
        self._events.extend(Said(NOW, text, text) for text in words)
        self.did: list[ChannelAction] = []

    async def receive(self) -> Event:
        await asyncio.sleep(0.1)
        return self._events.popleft() if self._events else HungUp(NOW)

    async def perform(self, action: ChannelAction) -> None:
        self.did.append(action)

    async def close(self) -> None:
        pass


class Book:
    """A log book in memory."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.concealed = 0

    async def begin(self, conversation, *, channel, call_id, at) -> None:
        pass

    async def append_all(self, conversation, rows) -> None:
        self.rows += [str(row.body) for row in rows]

    async def conceal(self, conversation, *, at) -> None:
        self.rows.clear()
        self.concealed += 1

    async def finish(self, conversation, end) -> None:
        pass


async def test_of_a_call_with_a_state_secret_no_word_is_kept() -> None:
    book, citizen, session = Book(), Citizen("是", "方便", "这里头有军事秘密", "就在城北"), a_survey()
    journal = Journal(book, "r1", clock=lambda: NOW, deadline=1.0)
    result = await hold_survey(citizen, session, journal, call_id="x")
    await journal.finish(
        ConversationEnd(NOW, session.outcome.value, article=None, work_order=None, rating=None)
    )
    assert (book.rows, book.concealed, result.ending, result.words) == ([], 1, Ending.CONCEALED, ())
    assert isinstance(citizen.did[-1], End)
