"""News of orders in one chat: what became of it is marked, for those who would else send it by another door."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final

import structlog

from hotline.dialogue.events import Started
from hotline.dialogue.written_events import OrderNewsCame
from hotline.domain.errors import EngineUnavailableError
from hotline.service.chat_news import ChatNews, Shown
from hotline.service.keeping import Entry
from hotline.service.thread import Thread

log: Final = structlog.get_logger("order_news")


class OrderNews:
    """Marks what the citizen of one chat was shown, and has seen. ``past`` is what happened before."""

    def __init__(self, news: ChatNews, chat: str, past: Iterable[Entry] = ()) -> None:
        """Take where it is marked, and whose chat it is."""
        self._news = news
        self._chat = chat
        self._unseen: dict[str, int] = {}  # notice → number of its message
        self._tasks: set[asyncio.Task[None]] = set()
        thread = Thread()
        for entry in past:
            thread.read([entry])
            if isinstance(entry, OrderNewsCame):
                self._unseen[entry.notice] = thread.written

    def note(self, entry: Entry, *, number: int, has_page: bool) -> None:
        """Take notice of what happened; ``number`` is that of the last message now."""
        match entry:
            case Started(phone=phone) if phone is not None:
                self._do(self._news.follow(f"phone:{phone.digits}", self._chat))
            case OrderNewsCame(notice=notice):
                self._unseen[notice] = number
                self._do(self._news.mark(notice, Shown.SHOWN if has_page else Shown.AWAY))
            case _:
                pass

    def seen(self, number: int) -> None:
        """Take notice that the citizen has seen everything up to message ``number``."""
        for notice in [notice for notice, its in self._unseen.items() if its <= number]:
            del self._unseen[notice]
            self._do(self._news.mark(notice, Shown.SEEN))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_quietly(work), name="order news")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """What cannot be marked is sent by another door, too."""
    try:
        await work
    except EngineUnavailableError as error:
        log.info("news.not_marked", reason=error.reason)
