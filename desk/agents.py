"""What the agents' pages need of the hotline beside the desk itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from hotline.domain.appeal import Appeal, PhoneNumber, Place
from hotline.domain.callbacks import CallbackTask
from hotline.domain.diversion import ContactOutcome
from hotline.domain.hot_issues import Gathering, HotIssueSettings
from hotline.domain.knowledge import AnsweredWith, Article
from hotline.domain.people import Actor
from hotline.domain.talks import PartyTelephone
from hotline.domain.work_order import WorkOrder
from hotline.service.agent_assist import AgentAssist
from hotline.service.agent_chats import AgentChats
from hotline.service.callbacks import Callbacks
from hotline.service.surroundings import KnowingOrders
from hotline.service.takeovers import Takeovers
from hotline.store.agent_forms import SqlAgentForms

_HELPED_AT_ONCE: Final = 2


class Registering(Protocol):
    """Takes down what came of a call (``hotline.service.registration.Registration``)."""

    async def register(
        self,
        appeal: Appeal,
        *,
        conversation: str,
        at: datetime,
        request: str | None = None,
        by: Actor,
        queued: str = "",
        linked_to: str | None = None,
    ) -> WorkOrder:
        """Return the committed order; for the same ``request`` always the same."""

    async def complete(
        self,
        number: str,
        appeal: Appeal,
        *,
        fields: tuple[str, ...],
        queued: str = "",
        by: Actor,
        at: datetime,
    ) -> WorkOrder:
        """Return the order that the machine began, completed."""

    async def merge(
        self,
        number: str,
        appeal: Appeal,
        *,
        conversation: str,
        told: str,
        at: datetime,
        request: str | None = None,
        by: Actor,
    ) -> WorkOrder:
        """Return the order ``number`` after the citizen was merged into it."""

    async def record_contact(
        self,
        *,
        conversation: str,
        appeal: Appeal,
        outcome: ContactOutcome,
        article: AnsweredWith | None,
        at: datetime,
        request: str | None = None,
        by: Actor,
    ) -> WorkOrder:
        """Return the record of a contact that needs no unit."""

    async def split(
        self,
        number: str,
        text: str,
        *,
        category: str | None,
        reason: str,
        by: Actor,
        at: datetime,
        expected: int | None = None,
    ) -> WorkOrder:
        """Return the order that a part of order ``number`` became; both are committed together."""


class Gatherings(Protocol):
    """What came in lately of one category in one county."""

    async def gathering(self, key: str) -> tuple[Gathering, int]:
        """Return it and its revision."""


class Outlook(Protocol):
    """Which calls the hotline may place."""

    async def check_callback(self, task: CallbackTask, *, at: datetime) -> None:
        """Raise ``CallNotPlacedError`` when it may not place a call for ``task`` at ``at``."""


@dataclass(frozen=True, slots=True)
class AgentTools:
    """``rows`` gives a conversation's journal so far; ``order_of`` the number of the order that came of one.

    ``parties`` are whom agents may let into a talk; without ``known`` nobody is told of a repeat,
    without ``gatherings`` and ``hot_issues`` of no hot issue, without ``chats`` there are calls only,
    without ``outlook`` the hotline calls nobody back, without ``takeovers`` nothing is taken over from the machine. Whoever works on a form aside of its page waits for ``turn``: understanding and
    searching keep the processor busy, and what is being said must reach the screens of all others meanwhile.
    """

    assist: AgentAssist
    forms: SqlAgentForms
    registration: Registering
    rows: Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
    order_of: Callable[[str], Awaitable[str | None]]
    of_citizen: Callable[[PhoneNumber], Awaitable[Sequence[WorkOrder]]]
    place: Callable[[str], Place | None]
    parties: Sequence[PartyTelephone] = ()
    known: KnowingOrders | None = None
    gatherings: Gatherings | None = None
    hot_issues: HotIssueSettings | None = None
    callbacks: Callbacks | None = None
    outlook: Outlook | None = None
    article: Callable[[str], Awaitable[Article | None]] | None = None
    chats: AgentChats | None = None
    takeovers: Takeovers | None = None
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_HELPED_AT_ONCE))
