"""What the web application is made of, and who may see its staff pages."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry

from app.embedding import Hosts
from app.knowledge import KnowledgeParts
from app.outlook import Outlook
from app.programs import Programs
from app.reading_aloud import ReadingAloud
from chat.web_chat.routes import WebChat
from desk.parts import DeskParts
from hotline.city import City
from hotline.domain.talks import PartyTelephone
from hotline.domain.work_order import WorkOrder
from hotline.service.agent_chats import AgentChats
from hotline.service.agent_desk import AgentDesk
from hotline.service.callbacks import Callbacks
from hotline.service.corrections import Corrections
from hotline.service.linkage import Linkages
from hotline.service.nuisances import Nuisances
from hotline.store.evidence import SqlEvidence
from hotline.store.party_calls import SqlPartyCalls
from hotline.store.recordings import SqlRecordings
from ivr.recording import Sealing

ORDERS_A_PAGE: Final = 50
ORDER_NUMBER: Final = r"^[0-9]{11,12}$"


class Records(Protocol):
    """What the pages read: orders, conversations and their journals; every look at a person's data is noted."""

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""

    async def get(self, number: str) -> WorkOrder:
        """Return one order or raise ``WorkOrderNotFoundError``."""

    async def conversation(self, conversation: str) -> Mapping[str, Any] | None:
        """Return one conversation's summary."""

    async def conversation_of_call(self, call_id: str) -> Mapping[str, Any] | None:
        """Return the summary of the conversation of a SIP call."""

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return a conversation's journal in order, from the row behind ``after``."""

    async def ratings(self, since: datetime, until: datetime) -> Mapping[str | None, int]:
        """Count the conversations that ended in between by rating."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


@dataclass(frozen=True, slots=True)
class KeptRecordings:
    """The recordings' rows, the folder of their files, and what opens them."""

    rows: SqlRecordings
    folder: Path
    unseal: Sealing


@dataclass(frozen=True, slots=True)
class KeptTalks:
    """Whom agents may let into talks, what came of it, and the hand-overs to other lines."""

    telephones: Mapping[str, PartyTelephone]
    calls: SqlPartyCalls
    linkages: Linkages


class Routes(Protocol):
    """An interface that is put together elsewhere."""

    def add_to(self, app: FastAPI) -> None:
        """Add its routes."""


@dataclass(frozen=True, slots=True)
class WebParts:
    """What the web application is made of. ``checks``: name → is it up? ``required`` of them make it not ready.

    Without ``programs`` there are no interfaces for handling units, staff's programs and the public, without
    ``callbacks`` none for callback tasks, without ``voice`` no answer is read aloud to editors, without ``corrections`` none for
    those, without ``desk`` none for agents,
    without ``recordings`` nothing can be heard, without ``outlook`` nothing is told of outbound calls, without ``talks``
    agents let nobody into a call, without ``consoles`` there are no pages for staff and units,
    without ``evidence`` no picture is shown, without ``nuisances`` no call is judged.
    ``hosts`` are other sites that may carry the chat; without ``citizens`` nobody sees their own orders,
    without ``public`` nothing is published.
    """

    city: City
    records: Records
    chat: WebChat
    words: Mapping[str, Any]
    staff_token: str
    clock: Callable[[], datetime]
    registry: Callable[[], CollectorRegistry]
    checks: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    sip_address: str = ""
    programs: Programs | None = None
    callbacks: Callbacks | None = None
    knowledge: KnowledgeParts | None = None
    voice: ReadingAloud | None = None
    corrections: Corrections | None = None
    desk: AgentDesk | None = None
    agent_chats: AgentChats | None = None
    recordings: KeptRecordings | None = None
    outlook: Outlook | None = None
    evidence: SqlEvidence | None = None
    talks: KeptTalks | None = None
    nuisances: Nuisances | None = None
    consoles: DeskParts | None = None
    hosts: Hosts = field(default_factory=Hosts)
    citizens: Routes | None = None
    public: Routes | None = None

    def is_staff(self, request: Request) -> bool:
        """Tell whether the staff token came along: staff's programs have it, people have accounts."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(given)

    def is_token(self, given: str) -> bool:
        """Tell whether ``given`` is the staff token, in the same time whatever it is."""
        return secrets.compare_digest(given.encode(), self.staff_token.encode())
