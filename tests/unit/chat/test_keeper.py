"""A chat's memory: kept before it is shown, written anew after the store was away, and nothing left of what is secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from chat.keeper import ChatKeeper
from hotline.dialogue.events import Said, Started
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import EngineUnavailableError
from hotline.service.keeping import ConversationTakenError, Entry
from hotline.service.kept_chats import Kept, Post
from tests.builders import NOW

STARTED = Started(NOW, "s1", ContactChannel.WEB_CHAT)


def words(text: str) -> Said:
    return Said(NOW, text, text)


@dataclass
class Shelf:
    """A store of one chat in memory. ``says`` is what it answers instead of keeping; ``is_away`` makes it fail."""

    lines: list[Entry] = field(default_factory=list)
    is_away: bool = False
    says: Kept | None = None
    acted_on_: list[str] = field(default_factory=list)

    async def append(self, chat: str, entries: Sequence[Entry], *, behind: int) -> Kept:
        self._answer()
        if self.says is not None:
            return self.says
        if len(self.lines) != behind:
            return Kept.TORN
        self.lines += entries
        return Kept.YES

    async def rewrite(self, chat: str, entries: Sequence[Entry]) -> Kept:
        self._answer()
        self.lines = list(entries)
        return Kept.YES

    async def conceal(self, chat: str) -> None:
        self._answer()
        self.lines.clear()

    async def acted_on(self, chat: str, post: Post) -> None:
        self._answer()
        self.acted_on_.append(post.id)

    def _answer(self) -> None:
        if self.is_away:
            raise EngineUnavailableError("chats", "away")


def a_keeper(shelf: Shelf, shown: list[Entry], *, past: Sequence[Entry] = ()) -> ChatKeeper:
    return ChatKeeper("s1", shelf, shown.extend, past=past)  # type: ignore[arg-type]


async def test_a_step_is_kept_and_then_shown() -> None:
    shelf, shown = Shelf(), []
    keeper = a_keeper(shelf, shown)
    await keeper.keep(STARTED, ())
    await keeper.keep(words("您好"), ())
    assert shelf.lines == shown == list(keeper.entries) == [STARTED, words("您好")]


async def test_what_belongs_to_another_process_is_not_shown() -> None:
    shelf, shown = Shelf(says=Kept.TAKEN), []
    with pytest.raises(ConversationTakenError):
        await a_keeper(shelf, shown).keep(STARTED, ())
    assert shown == []


async def test_a_store_that_was_away_is_told_everything_afterwards() -> None:
    shelf, shown = Shelf(is_away=True), []
    keeper = a_keeper(shelf, shown)
    await keeper.keep(STARTED, ())
    assert (keeper.is_behind, shown) == (True, [STARTED])
    with pytest.raises(EngineUnavailableError):
        await keeper.catch_up()
    shelf.is_away = False
    await keeper.keep(words("您好"), ())
    assert shelf.lines == []
    assert await keeper.catch_up() is Kept.YES
    assert (shelf.lines, keeper.is_behind) == ([STARTED, words("您好")], False)


async def test_a_store_that_has_forgotten_or_knows_more_is_written_anew() -> None:
    shelf, shown = Shelf([words("别的")]), []
    keeper = a_keeper(shelf, shown, past=(STARTED, words("您好")))
    await keeper.keep(words("暖气不热"), ())
    assert shelf.lines == [STARTED, words("您好"), words("暖气不热")]


async def test_of_a_state_secret_nothing_stays_even_when_the_store_was_away() -> None:
    shelf, shown = Shelf([STARTED, words("机密")]), []
    keeper = a_keeper(shelf, shown, past=(STARTED, words("机密")))
    shelf.is_away = True
    await keeper.conceal()
    await keeper.keep(words("还有"), ())
    assert (list(keeper.entries), shown, keeper.is_behind) == ([], [words("还有")], True)
    shelf.is_away = False
    assert await keeper.catch_up() is Kept.YES
    assert (shelf.lines, keeper.is_behind) == ([], False)


async def test_what_was_left_for_the_chat_is_taken_out_when_it_is_kept() -> None:
    shelf, shown = Shelf(), []
    keeper = a_keeper(shelf, shown)
    first, second = Post("p1", words("一")), Post("p2", words("二"))
    keeper.expect(first)
    keeper.expect(second)
    await keeper.keep(first.event, ())
    assert shelf.acted_on_ == ["p1"]
    shelf.is_away = True
    await keeper.keep(second.event, ())
    assert shelf.acted_on_ == ["p1"]


async def test_without_a_store_a_chat_is_kept_here() -> None:
    shown: list[Entry] = []
    keeper = ChatKeeper("s1", None, shown.extend)
    post = Post("p1", STARTED)
    keeper.expect(post)
    await keeper.keep(post.event, ())
    assert (shown, await keeper.catch_up()) == ([STARTED], Kept.YES)
    await keeper.conceal()
    assert list(keeper.entries) == []
