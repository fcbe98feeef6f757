"""What is said often, rendered while nobody calls (空闲时合成): so that a first sentence, or a name, need not be waited for.

It works only while the call process has no call, one sentence at a time, and makes way for whatever a caller wants. Of
an article's answer only the beginning is rendered: the rest is while that is heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, Protocol

import structlog

from hotline.domain.errors import HotlineError
from hotline.domain.knowledge import Article
from hotline.lanes import Claim, Urgency

log: Final = structlog.get_logger("rendering_ahead")

_LOOK_AGAIN_SECONDS: Final = 5.0
_BREATH_SECONDS: Final = 1.0  # the machine has other things to do as well
_ROUND_SECONDS: Final = 1_800.0
_MOST_TRIES: Final = 60  # five minutes: the voice is down, or cannot say this


class Keeping(Protocol):
    """Renders and keeps what everybody may hear (``app.wiring.Speaking``)."""

    async def keep_beginning(self, text: str) -> bool:
        """Render the first sentence of ``text``, if it is not kept; tell whether that was work."""


async def render_texts_ahead(speaking: Keeping, texts: Iterable[str], is_idle: Callable[[], bool]) -> None:
    """Render ``texts`` of a sentence each."""
    for text in texts:
        await _rendered(speaking, text, is_idle)


async def render_articles_ahead(
    speaking: Keeping, articles: Callable[[], AsyncIterator[Article]], is_idle: Callable[[], bool]
) -> None:
    """Render the beginnings of ``articles`` for ever, those that are new every half hour."""
    while True:
        rendered = 0
        try:
            async for article in articles():
                rendered += await _rendered(speaking, article.spoken, is_idle)
        except HotlineError as error:
            log.warning("articles.not_rendered", error=type(error).__name__)
        if rendered:
            log.info("articles.rendered", count=rendered)
        await asyncio.sleep(_ROUND_SECONDS)


async def _rendered(speaking: Keeping, text: str, is_idle: Callable[[], bool]) -> bool:
    for _ in range(_MOST_TRIES):
        while not is_idle():  # noqa: ASYNC110 -- the library tells nobody when a call ends
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        try:
            with Claim(Urgency.SPARE).held():
                was_work = await speaking.keep_beginning(text)
        except HotlineError:  # a caller came, or the voice is down
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        else:
            await asyncio.sleep(_BREATH_SECONDS if was_work else 0.0)
            return was_work
    return False
