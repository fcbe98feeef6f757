"""What the consoles are made of: services, the clock, and where the browser's files lie."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from desk.administration import Machine
from desk.agents import AgentTools
from desk.knowledge import KnowledgeTools
from desk.single_sign_on import SingleSignOn
from hotline.city import City
from hotline.domain.errors import HotlineError
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import Accounts
from hotline.service.agent_desk import AgentDesk
from hotline.service.appeal_trends import AppealTrends
from hotline.service.casework import Casework
from hotline.service.confidential import Confidential
from hotline.service.contests import Contests
from hotline.service.evidence import Evidence
from hotline.service.rules import Rules
from hotline.service.signals import Signals
from hotline.service.supervision_board import SupervisionBoard
from hotline.service.unmasking import Unmaskings
from hotline.service.weekly_brief import WeeklyBriefs
from hotline.store.audit_log import SqlAuditLog
from hotline.store.calendar_years import SqlCalendarYears
from hotline.store.evidence import SqlEvidence
from hotline.store.inbox import SqlInbox


class Records(Protocol):
    """What the pages read of orders and conversations; every look at a person's data is noted."""

    async def get(self, number: str) -> WorkOrder:
        """Return one order or raise ``WorkOrderNotFoundError``."""

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return a conversation's journal in order, from the row behind ``after``."""

    def registered_between(self, start: datetime, end: datetime) -> AsyncIterator[WorkOrder]:
        """Yield the orders registered from ``start`` to before ``end``, in order; few at a time are in memory."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """What was said in a recording, and where: seconds from its start."""

    at_seconds: float
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownRecording:
    """A recording of an order as its page shows it."""

    conversation: str
    started_at: datetime
    is_complete: bool
    is_locked: bool
    lines: Sequence[RecordingLine]


class Recordings(Protocol):
    """The recordings of orders (录音)."""

    async def of_order(self, order: WorkOrder) -> Sequence[ShownRecording]:
        """Return an order's recordings with what was said in them; of a locked one only that there is one."""

    async def sound(self, conversation: str) -> bytes:
        """Return the sound as WAV. Raises ``RecordingMissingError``, ``RecordingLockedError``."""


@dataclass(frozen=True, slots=True)
class DeskParts:
    """The parts. ``words`` is ``prompts/web.yaml`` of the city; ``vendor`` the folder of the fetched browser libraries.

    ``worded`` says an error for people, with its HTTP status; ``allows`` counts a try to sign in from an address.
    Without ``desk`` there are no agents, without ``recordings`` nothing can be heard, without ``evidence`` no picture is
    shown, without ``keeping`` none is taken, without ``sign_on`` nobody signs on by an OpenID provider. ``address`` is where browsers reach the site, empty:
    as they say themselves. Without ``machine`` and ``audit`` there is nothing to administrate but accounts,
    without ``agents`` no agent desk, without ``knowledge`` none of the knowledge base, without ``rules`` nobody edits the
    dispatch catalogue, without ``calendar`` nobody imports holidays,
    without ``unmaskings`` nobody is shown a confidential citizen.
    """

    city: City
    words: Mapping[str, Any]
    clock: Callable[[], datetime]
    accounts: Accounts
    records: Records
    inbox: SqlInbox
    board: SupervisionBoard
    trends: AppealTrends
    briefs: WeeklyBriefs
    casework: Casework
    contests: Contests
    confidential: Confidential
    signals: Signals
    vendor: Path
    worded: Callable[[HotlineError], tuple[int, str]]
    allows: Callable[[str], bool]
    desk: AgentDesk | None = None
    recordings: Recordings | None = None
    evidence: SqlEvidence | None = None
    keeping: Evidence | None = None
    sign_on: SingleSignOn | None = None
    address: str = ""
    machine: Machine | None = None
    audit: SqlAuditLog | None = None
    calendar: SqlCalendarYears | None = None
    agents: AgentTools | None = None
    knowledge: KnowledgeTools | None = None
    unmaskings: Unmaskings | None = None
    rules: Rules | None = None
