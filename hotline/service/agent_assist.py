"""What an agent is helped with while a citizen talks (坐席辅助): the form that fills itself, and what goes with it.

Everything here is proposed, never done: who heard it, how sure it is and from which words it comes goes with every value,
and what the agent corrects is theirs (个人信息保护法24; rule 50).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from hotline.city import City
from hotline.dialogue.policy import Policy
from hotline.domain.appeal import Appeal, PhoneNumber
from hotline.domain.errors import HotlineError
from hotline.domain.knowledge import Passage
from hotline.domain.meaning import Understanding
from hotline.domain.routing import RoutingDecision
from hotline.service.form_filling import Form, FormFilling

log: Final = structlog.get_logger("assist")

_UNDERSTAND_SECONDS: Final = 2.0
_LOOK_UP_SECONDS: Final = 2.0
_PASSAGES: Final = 4


class Understands(Protocol):
    """What understands (``nlu.understander.Understander``)."""

    async def understand(self, text: str) -> Understanding:
        """Return what ``text`` means. Raises ``EngineUnavailableError``."""


class Retrieving(Protocol):
    """What finds articles (``knowledge_base.retriever.Retriever``)."""

    async def retrieve(
        self,
        question: str,
        *,
        on: Any,
        category: str | None = None,
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,
    ) -> Sequence[Passage]:
        """Return passages, best first. Raises ``EngineUnavailableError``."""


class Routing(Protocol):
    """Who handles an appeal (``router.router.Router``)."""

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide; always."""


@dataclass(frozen=True, slots=True)
class Help:
    """What goes with the form: articles to answer with, and who would handle it. ``None`` and empty: cannot be said."""

    passages: Sequence[Passage] = ()
    routing: RoutingDecision | None = None


class AgentAssist:
    """Helps with any number of conversations; an engine that is away costs the help it would give, and nothing else."""

    def __init__(
        self,
        understander: Understands,
        retriever: Retrieving,
        router: Routing,
        *,
        city: City,
        clock: Callable[[], datetime],
        hears: Understands | None = None,
        policy: Policy | None = None,
    ) -> None:
        """Take the engines; ``hears`` understands what is heard, else ``understander`` does."""
        self._understander = understander
        self._hears = hears or understander
        self._retriever = retriever
        self._router = router
        self.city = city
        self._clock = clock
        self._policy = policy or Policy()

    def filling(self, caller: PhoneNumber | None, *, is_heard: bool = False) -> FormFilling:
        """Return an empty form; ``is_heard``: for a telephone call."""
        return FormFilling(caller, self.city, self._policy, is_heard=is_heard)

    async def hear(self, filling: FormFilling, text: str) -> bool:
        """Understand one line of the citizen's into the form; tell whether that was possible."""
        try:
            async with asyncio.timeout(_UNDERSTAND_SECONDS):
                understands = self._hears if filling.is_heard else self._understander
                meaning = await understands.understand(text)
        except Exception as error:  # noqa: BLE001 -- whatever an engine raises costs its help, and nothing else
            log.warning("assist.not_understood", error=type(error).__name__)
            return False
        filling.heard(text, meaning)
        return True

    async def help(self, filling: FormFilling, form: Form) -> Help:
        """Return articles for what was said last, and who would handle the matter as it stands."""
        return Help(await self._passages(filling, form.appeal), self._routing(form.appeal))

    async def search(self, question: str, *, county: str | None = None) -> Sequence[Passage]:
        """Return articles for an agent's own question."""
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                return await self._retriever.retrieve(
                    question, on=self._clock().date(), county=county, limit=_PASSAGES * 2
                )
        except (HotlineError, TimeoutError) as error:
            log.warning("assist.not_found", error=type(error).__name__)
            return ()

    async def _passages(self, filling: FormFilling, appeal: Appeal) -> Sequence[Passage]:
        if not filling.question:
            return ()
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                return await self._retriever.retrieve(
                    filling.question,
                    on=self._clock().date(),
                    category=appeal.category,
                    county=appeal.place.county_code if appeal.place is not None else None,
                    limit=_PASSAGES,
                    is_heard=filling.is_heard,
                )
        except (HotlineError, TimeoutError) as error:
            log.warning("assist.not_found", error=type(error).__name__)
            return ()

    def _routing(self, appeal: Appeal) -> RoutingDecision | None:
        if not appeal.text:
            return None
        try:
            return self._router.route(appeal, at=self._clock())
        except Exception as error:  # noqa: BLE001 -- a broken rule costs the proposal, not the call
            log.error("assist.not_routed", error=type(error).__name__)
            return None
