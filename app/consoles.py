"""The consoles' parts, chosen and put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from app.access import access_rules
from app.faults import Faults, status_of
from app.programs import Programs
from app.rate_limit import RateLimit
from app.recording_interface import RecordingLockedError, RecordingMissingError, lines_of
from app.settings import ROOT, Settings, secret_file
from app.web_parts import KeptRecordings
from asr.models import catalogue
from desk.administration import Machine
from desk.parts import DeskParts, RecordingLine, Records, ShownRecording
from desk.single_sign_on import Provider, SingleSignOn
from hotline.city import City
from hotline.domain.appeal import Secrecy
from hotline.domain.errors import HotlineError
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import Accounts
from hotline.service.agent_desk import AgentDesk
from hotline.service.signals import Signals
from hotline.store.accounts import SqlAccounts
from hotline.store.audit_log import SqlAuditLog
from hotline.store.database import Database
from hotline.store.evidence import SqlEvidence
from hotline.store.inbox import SqlInbox
from hotline.store.sealing import Seal
from ivr.recording import read_recording

ASSETS: Final = catalogue(ROOT / "desk" / "assets.toml")
"""The browser libraries that ``hotline setup`` fetches."""
_SIGN_INS_A_MINUTE: Final = 20


def open_accounts(settings: Settings, database: Database, clock: Callable[[], datetime]) -> Accounts:
    """Return the accounts of the database."""
    seal = Seal(secret_file(settings.data_dir / "at_rest.key"))
    return Accounts(SqlAccounts(database, seal), seal, access_rules(settings), clock)


class DeskRecordings:
    """Recordings as the consoles hear and read them."""

    def __init__(self, kept: KeptRecordings, records: Records) -> None:
        """Take the rows, the folder and the journals."""
        self._kept = kept
        self._records = records

    async def of_order(self, order: WorkOrder) -> Sequence[ShownRecording]:
        """Return an order's recordings with what was said in them; of a locked one only that there is one."""
        is_locked = order.appeal.secrecy is Secrecy.CONFIDENTIAL
        return [
            ShownRecording(
                one.conversation,
                one.started_at,
                one.is_complete,
                is_locked,
                []
                if is_locked
                else [
                    RecordingLine(line.at_seconds, line.who, line.text)
                    for line in lines_of(await self._records.read(one.conversation), one.started_at)
                ],
            )
            for one in await self._kept.rows.of_order(order.number)
        ]

    async def sound(self, conversation: str) -> bytes:
        """Return the sound as WAV."""
        found = await self._kept.rows.get(conversation)
        if found is None:
            raise RecordingMissingError(conversation)
        for number in await self._kept.rows.orders_of(conversation):
            if (await self._records.get(number)).appeal.secrecy is Secrecy.CONFIDENTIAL:
                raise RecordingLockedError(conversation)
        path = self._kept.folder / found.path
        try:
            recorded = await asyncio.to_thread(read_recording, path, conversation, self._kept.unseal)
        except OSError:
            raise RecordingMissingError(conversation) from None
        return recorded.wav()


def open_sign_on(settings: Settings, clock: Callable[[], datetime]) -> SingleSignOn | None:
    """Return signing on by the OpenID providers that are set, None where none is."""
    if not settings.oidc:
        return None
    providers = {
        one.name: Provider(**{**one.model_dump(), "client_secret": one.client_secret.get_secret_value()})
        for one in settings.oidc
    }
    return SingleSignOn(providers, Seal(secret_file(settings.data_dir / "at_rest.key")), clock)


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
    recordings: KeptRecordings | None,
    evidence: SqlEvidence | None = None,
) -> DeskParts:
    """Return what the consoles are made of."""
    faults = Faults(programs.words, words)

    def worded(error: HotlineError) -> tuple[int, str]:
        return status_of(error), str(faults.body(error)["text"])

    return DeskParts(
        city=city,
        words=words,
        clock=clock,
        accounts=open_accounts(settings, database, clock),
        records=records,
        inbox=SqlInbox(database, Seal(secret_file(settings.data_dir / "at_rest.key"))),
        casework=programs.casework,
        confidential=programs.confidential,
        signals=signals,
        vendor=settings.static_dir,
        worded=worded,
        allows=RateLimit(_SIGN_INS_A_MINUTE, clock).allows,
        desk=desk,
        recordings=DeskRecordings(recordings, records) if recordings is not None else None,
        evidence=evidence,
        sign_on=open_sign_on(settings, clock),
        address=settings.public_address,
        machine=machine,
        audit=SqlAuditLog(database),
    )
