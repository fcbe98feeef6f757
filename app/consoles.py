"""The consoles' parts, chosen and put together."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.access import open_accounts
from app.at_rest import seal_of
from app.faults import Faults, status_of
from app.figures import open_figures
from app.live import LiveRows
from app.outlook import Outlook
from app.programs import Programs
from app.rate_limit import RateLimit
from app.recording_interface import RecordingLockedError, RecordingMissingError, lines_of
from app.settings import Settings
from app.web_parts import KeptRecordings
from app.wiring import World, telephones_of
from desk.administration import Machine
from desk.agents import AgentTools
from desk.front import WORDS
from desk.knowledge import KnowledgeTools
from desk.parts import DeskParts, RecordingLine, Records, ShownRecording
from desk.single_sign_on import Provider, SingleSignOn
from hotline.city import City
from hotline.domain.appeal import Secrecy
from hotline.domain.errors import HotlineError
from hotline.domain.knowledge import Article
from hotline.domain.work_order import WorkOrder
from hotline.service.agent_assist import AgentAssist
from hotline.service.agent_chats import AgentChats
from hotline.service.agent_desk import AgentDesk
from hotline.service.evidence import Evidence
from hotline.service.registration import Registration
from hotline.service.repeats import load_repeat_rules
from hotline.service.rules import Rules
from hotline.service.signals import Signals
from hotline.service.takeovers import Takeovers
from hotline.service.unmasking import Unmaskings
from hotline.store.agent_forms import SqlAgentForms
from hotline.store.audit_log import SqlAuditLog
from hotline.store.calendar_years import SqlCalendarYears
from hotline.store.database import Database
from hotline.store.evidence import SqlEvidence
from hotline.store.gatherings import SqlGatherings
from hotline.store.inbox import SqlInbox
from hotline.store.unmasking import SqlUnmaskings
from ivr.recording import read_recording

_SIGN_INS_A_MINUTE: Final = 20


class DeskRecordings:
    """Recordings as the consoles hear and read them."""

    def __init__(self, kept: KeptRecordings, records: Records) -> None:
        """Take the rows, the folder and the journals."""
        self._kept = kept
        self._records = records

    async def of_order(self, order: WorkOrder) -> Sequence[ShownRecording]:
        """Return an order's recordings with what was said in them; of a locked one only that there is one."""
        shown = []
        for one in await self._kept.rows.of_order(order.number):
            is_locked = order.appeal.secrecy is Secrecy.CONFIDENTIAL or await self._is_locked(
                one.conversation
            )
            rows = [] if is_locked else await self._records.read(one.conversation)
            lines = [
                RecordingLine(line.at_seconds, line.who, line.text) for line in lines_of(rows, one.started_at)
            ]
            shown.append(ShownRecording(one.conversation, one.started_at, one.is_complete, is_locked, lines))
        return shown

    async def sound(self, conversation: str) -> bytes:
        """Return the sound as WAV."""
        found = await self._kept.rows.get(conversation)
        if found is None:
            raise RecordingMissingError(conversation)
        if await self._is_locked(conversation):
            raise RecordingLockedError(conversation)
        path = self._kept.folder / found.path
        try:
            recorded = await asyncio.to_thread(read_recording, path, conversation, self._kept.unseal)
        except OSError:
            raise RecordingMissingError(conversation) from None
        return recorded.wav()

    async def _is_locked(self, conversation: str) -> bool:
        """Whether any order of the call is confidential: one call may have brought several matters."""
        numbers = await self._kept.rows.orders_of(conversation)
        return any(
            [(await self._records.get(each)).appeal.secrecy is Secrecy.CONFIDENTIAL for each in numbers]
        )


def open_sign_on(settings: Settings, clock: Callable[[], datetime]) -> SingleSignOn | None:
    """Return signing on by the OpenID providers that are set, None where none is."""
    if not settings.oidc:
        return None
    providers = {
        one.name: Provider(**{**one.model_dump(), "client_secret": one.client_secret.get_secret_value()})
        for one in settings.oidc
    }
    return SingleSignOn(providers, seal_of(settings), clock)


def agent_tools(
    settings: Settings,
    city: City,
    world: World,
    programs: Programs,
    *,
    chats: AgentChats | None,
    outlook: Outlook,
) -> AgentTools:
    """Return what the agents' pages need."""
    seal = seal_of(settings)
    live = LiveRows(world.redis) if world.redis is not None else None
    surroundings = world.surroundings

    async def rows(conversation: str) -> Sequence[Mapping[str, Any]]:
        read = world.store.read
        return await read(conversation) if live is None else await live.journal(conversation, read)

    async def article(id_: str) -> Article | None:
        return next(iter(await world.knowledge.store.published([id_])), None)

    parties = telephones_of(settings, city).values()
    return AgentTools(
        assist=AgentAssist(
            surroundings.understander,
            surroundings.retriever,
            world.router,
            city=city,
            clock=surroundings.clock,
            hears=world.hears,
        ),
        forms=SqlAgentForms(world.store.database, seal),
        registration=Registration(world.store, world.router, city, world.casework),
        rows=rows,
        order_of=programs.search.of_conversation,
        of_citizen=world.store.of_citizen,
        place=programs.place,
        parties=sorted(parties, key=lambda one: (not one.is_emergency, one.code)),
        known=surroundings.orders,
        gatherings=SqlGatherings(world.store.database, seal),
        hot_issues=load_repeat_rules(city).hot_issues,
        callbacks=world.callbacks,
        outlook=outlook if settings.outbound_address and settings.agent_address else None,
        article=article,
        chats=chats,
        takeovers=None
        if world.desk is None
        else Takeovers(
            world.desk,
            world.signals,
            world.store,
            rows,
            surroundings.clock,
            chats=chats,
            takes_calls=bool(settings.agent_address),
        ),
    )


def consoles(
    settings: Settings,
    city: City,
    *,
    database: Database,
    records: Records,
    programs: Programs,
    words: dict[str, object],
    clock: Callable[[], datetime],
    signals: Signals,
    desk: AgentDesk | None,
    machine: Machine,
    agents: AgentTools | None,
    recordings: KeptRecordings | None,
    evidence: SqlEvidence | None = None,
    keeping: Evidence | None = None,
    rules: Rules | None = None,
    knowledge: KnowledgeTools | None = None,
) -> DeskParts:
    """Return what the consoles are made of."""
    faults = Faults(programs.words, words)

    def worded(error: HotlineError) -> tuple[int, str]:
        return status_of(error), str(faults.body(error)["text"])

    seal = seal_of(settings)
    figures = open_figures(city, database, seal, clock)
    return DeskParts(
        city=city,
        words=words,
        clock=clock,
        accounts=open_accounts(settings, database, clock),
        records=records,
        inbox=SqlInbox(database, seal),
        board=figures.board,
        trends=figures.trends,
        briefs=figures.briefs(city, WORDS, clock),
        casework=programs.casework,
        contests=programs.contests,
        confidential=programs.confidential,
        signals=signals,
        vendor=settings.static_dir,
        worded=worded,
        allows=RateLimit(_SIGN_INS_A_MINUTE, clock).allows,
        desk=desk,
        recordings=DeskRecordings(recordings, records) if recordings is not None else None,
        evidence=evidence,
        keeping=keeping,
        sign_on=open_sign_on(settings, clock),
        address=settings.public_address,
        machine=machine,
        agents=agents,
        knowledge=knowledge,
        audit=SqlAuditLog(database),
        calendar=SqlCalendarYears(database),
        unmaskings=Unmaskings(SqlUnmaskings(database, seal), records, lambda: secrets.token_hex(16)),
        rules=rules,
    )
