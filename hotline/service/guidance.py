"""Guidance (填写引导): what a text is about while it is being written, and who would handle it.

Nothing is decided or kept here: it is what the conversation would make of the words if they ended now, so that a form can
fill itself in, and “这事归谁管” can be answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.dialogue.intake import Draft, Missing
from hotline.dialogue.policy import WRITTEN
from hotline.dialogue.safety_words import SafetyWords
from hotline.domain.appeal import Appeal, AppealKind, ContactChannel, EmergencyService
from hotline.domain.category import Category
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Article
from hotline.domain.meaning import Understanding
from hotline.domain.routing import RoutingDecision
from knowledge_base.retriever import Retriever
from nlu.understander import Understander

log: Final = structlog.get_logger("guidance")

LONGEST: Final = 2_000
"""So much of a text is read; the matter is in its first lines."""


class Routing(Protocol):
    """Who handles an appeal (``router.router``)."""

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide; always."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a text is about. ``unit`` is a unit's code, None when a person must decide; ``because`` says why it is theirs.

    ``article`` answers the question, where it is one; ``emergency`` is who must be called at once; ``missing``: what would be
    asked next.
    """

    meaning: Understanding
    appeal: Appeal
    missing: Missing
    unit: str | None = None
    because: str = ""
    due_at: datetime | None = None
    article: Article | None = None
    emergency: EmergencyService | None = None


class Guidance:
    """Reads texts as the conversation would."""

    def __init__(
        self,
        understander: Understander,
        retriever: Retriever,
        router: Routing,
        *,
        categories: Mapping[str, Category],
        safety: SafetyWords,
        seconds: float = 1.5,
    ) -> None:
        """Take the engines and the city's words; ``seconds``: how long a text may take, in all."""
        self._understander = understander
        self._retriever = retriever
        self._router = router
        self._categories = categories
        self._safety = safety
        self._seconds = seconds

    async def read(self, text: str, *, at: datetime, looks_up: bool = False) -> Guess:
        """Return what ``text`` is about; with ``looks_up`` the article that answers it, too.

        Raises ``EngineUnavailableError`` when understanding is away or late.
        """
        text = text.strip()[:LONGEST]
        try:
            async with asyncio.timeout(self._seconds):
                meaning = await self._understander.understand(text)
                article = await self._article(meaning, at) if looks_up else None
        except TimeoutError:
            raise EngineUnavailableError("guidance", "late") from None
        draft = Draft().heard(text).filled(meaning, WRITTEN)
        appeal = draft.appeal(self._categories, ContactChannel.WEB_CHAT, is_confirmed=True)
        guess = Guess(
            meaning,
            appeal,
            draft.missing(self._categories, WRITTEN),
            article=article,
            emergency=self._safety.certain_in(text),
        )
        return self._routed(guess, at)

    async def _article(self, meaning: Understanding, at: datetime) -> Article | None:
        if meaning.kind is not AppealKind.INQUIRY:
            return None
        found = await self._retriever.retrieve(meaning.text, on=at.date(), category=meaning.category)
        return found[0].article if found and found[0].is_confident else None

    def _routed(self, guess: Guess, at: datetime) -> Guess:
        if guess.appeal.category is None:
            return guess
        try:
            decision = self._router.route(guess.appeal, at=at)
        except Exception as error:  # noqa: BLE001 -- a broken rule must not break what only guides
            log.error("routing.failed", error=type(error).__name__, category=guess.appeal.category)
            return guess
        if decision.is_manual:
            return guess
        return replace(guess, unit=decision.lead_unit, because=decision.because, due_at=decision.due_at)
