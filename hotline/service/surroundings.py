"""What a conversation needs of the world: engines seen only as contracts, deadlines, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotline.dialogue.session import Session
from hotline.domain.appeal import Appeal, ContactChannel, PhoneNumber
from hotline.domain.diversion import Diversion
from hotline.domain.knowledge_use import Lookup
from hotline.domain.repeats import PastOrder, Repeat
from hotline.domain.work_order import WorkOrder
from hotline.service.callbacks import Callbacks
from hotline.service.contact_records import RecordingContacts
from hotline.service.guidance import Guidance
from hotline.service.journal import ConversationLog
from hotline.service.nuisances import Nuisances
from hotline.service.repeats import Told
from knowledge_base.retriever import Retriever
from nlu.understander import Understander


class Registering(RecordingContacts, Protocol):
    """Makes work orders of appeals (``hotline.service.registration``). Raises ``StoreUnavailableError``."""

    async def register(
        self,
        appeal: Appeal,
        *,
        conversation: str,
        article: str | None,
        diversion: Diversion | None,
        linked_to: str | None,
        at: datetime,
        request: str | None = None,
    ) -> WorkOrder:
        """Return the committed work order; for the same ``request`` always the same."""

    async def merge(
        self,
        number: str,
        appeal: Appeal,
        *,
        conversation: str,
        told: str,
        at: datetime,
        request: str | None = None,
    ) -> WorkOrder:
        """Return the order ``number`` after the citizen was merged into it, committed; once for each ``request``."""

    async def add_facts(
        self, number: str, text: str, *, at: datetime, wants_secrecy: bool = False
    ) -> WorkOrder:
        """Return the order ``number`` after what the citizen said was added to it, committed; the same words once."""

    async def urge(self, number: str, text: str, *, at: datetime) -> WorkOrder:
        """Note that a citizen urges their order (催办)."""


class KnowingOrders(Protocol):
    """Knows a citizen's earlier orders (``hotline.service.repeats.CitizensOrders``)."""

    async def repeat_of(self, appeal: Appeal, caller: PhoneNumber, *, at: datetime) -> Repeat | None:
        """Return the earlier order of the calling number on the same matter, or None."""

    async def by_phone(self, caller: PhoneNumber) -> Sequence[PastOrder]:
        """Return the caller's orders that may be told."""

    async def by_number(
        self, number: str, *, caller: PhoneNumber | None, proof: str | None
    ) -> tuple[Told, PastOrder | None]:
        """Return whether the order may be told, and the order when it may."""


class RememberingPace(Protocol):
    """Knows who is to be spoken to slowly (适老模式). Neither raises nor waits long."""

    async def includes(self, phone: PhoneNumber) -> bool:
        """Tell whether the caller needed it lately."""

    async def add(self, phone: PhoneNumber) -> None:
        """Remember the caller."""


class KeepingLookups(Protocol):
    """Keeps what was asked of the knowledge base (``hotline.store.knowledge_use``). Raises ``StoreUnavailableError``."""

    async def keep(self, conversation: str, found: Sequence[Lookup]) -> None:
        """Keep the look-ups of a conversation; again: nothing."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds after which an engine counts as failed for this turn.

    ``store_back``: so long what a chat's citizen confirmed is tried again while the database is away.
    """

    understand: float = 2.0
    look_up: float = 2.0
    register: float = 5.0
    store_back: float = 90.0
    check_repeat: float = 1.5
    look_up_progress: float = 3.0
    find_unit: float = 3.0
    drain: float = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that a conversation needs of the world; the engines are seen only as contracts.

    ``unit_name`` turns a unit's code into what is spoken; ``clock`` gives the present time in the city's time zone.
    Without ``orders`` nobody is offered a merge, and a person tells of progress.
    """

    new_session: Callable[[ContactChannel], Session]
    understander: Understander
    retriever: Retriever
    registration: Registering
    log_book: ConversationLog
    unit_name: Callable[[str], str]
    clock: Callable[[], datetime]
    deadlines: Deadlines = Deadlines()
    orders: KnowingOrders | None = None
    slow_callers: RememberingPace | None = None
    callbacks: Callbacks | None = None
    guidance: Guidance | None = None
    nuisances: Nuisances | None = None
    lookups: KeepingLookups | None = None
