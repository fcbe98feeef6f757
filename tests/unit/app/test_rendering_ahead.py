"""What is said often is rendered while nobody calls, once, and makes way for callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from app.rendering_ahead import render_articles_ahead, render_texts_ahead
from hotline.domain.errors import EngineBusyError, EngineUnavailableError, StoreUnavailableError
from hotline.domain.knowledge import Article
from hotline.lanes import Urgency, current_claim
from tests.builders import an_article
from tests.unit.ivr.fakes import now, run


class Voice:
    """Renders in three seconds; ``is_taken`` turns it away."""

    def __init__(self) -> None:
        self.kept: list[tuple[float, str]] = []
        self.is_taken = False

    async def keep_beginning(self, text: str) -> bool:
        assert current_claim().urgency is Urgency.SPARE
        if text in [kept for _, kept in self.kept]:
            return False
        if self.is_taken:
            raise EngineBusyError("kokoro", "queue full")
        await asyncio.sleep(3)
        self.kept.append((now(), text))
        return True


class Library:
    """Articles that are read page by page; away where it is told to be."""

    def __init__(self, *spoken: str) -> None:
        self.spoken = list(spoken)
        self.is_away = False

    async def all(self) -> AsyncIterator[Article]:
        if self.is_away:
            raise StoreUnavailableError("away")
        for text in self.spoken:
            yield replace(an_article(), spoken=text)


def rendered(voice: Voice, library: Library, *, seconds: float, is_idle=lambda: True, then=None) -> list[str]:
    async def work() -> None:
        task = asyncio.create_task(render_articles_ahead(voice, library.all, is_idle))
        await asyncio.sleep(seconds)
        if then is not None:
            then()
            await asyncio.sleep(2_000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work())
    return [text for _, text in voice.kept]


def test_every_article_is_rendered_once_and_new_ones_in_the_next_round() -> None:
    voice, library = Voice(), Library("甲。", "乙。")
    assert rendered(voice, library, seconds=20, then=lambda: library.spoken.append("丙。")) == [
        "甲。",
        "乙。",
        "丙。",
    ]


def test_nothing_is_rendered_while_somebody_calls() -> None:
    voice = Voice()
    assert rendered(voice, Library("甲。"), seconds=100, is_idle=lambda: now() > 30) == ["甲。"]
    assert voice.kept[0][0] > 30


def test_a_voice_that_is_wanted_by_a_caller_is_asked_again_later() -> None:
    voice = Voice()
    voice.is_taken = True
    library = Library("甲。")
    assert rendered(voice, library, seconds=20, then=lambda: setattr(voice, "is_taken", False)) == ["甲。"]


def test_a_database_that_is_away_is_asked_again_in_the_next_round() -> None:
    voice, library = Voice(), Library("甲。")
    library.is_away = True
    assert rendered(voice, library, seconds=20, then=lambda: setattr(library, "is_away", False)) == ["甲。"]


def test_a_text_that_cannot_be_said_keeps_none_of_the_others_waiting() -> None:
    class Choosy(Voice):
        async def keep_beginning(self, text: str) -> bool:
            if text == "♪":
                raise EngineUnavailableError("kokoro", "nothing to say")
            return await super().keep_beginning(text)

    voice = Choosy()
    run(render_texts_ahead(voice, ["甲。", "♪", "乙。"], lambda: True))
    assert [text for _, text in voice.kept] == ["甲。", "乙。"]
