"""What agents have said of the forms of their calls, and what is known of callers; sealed, and gone when it has served."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import agent_forms, caller_notes

_NOTES: Final = 5
_FEW: Final = 10


@dataclass(frozen=True, slots=True)
class AgentForm:
    """The form of a call or a chat as far as the agent has said something: ``corrections`` by field, as they are typed.

    ``phone`` is the calling number (digits), empty when unknown; ``answered_with`` an article the agent read out;
    ``number`` the order of the same talk that was registered before this one, if there is one (一次来电多件诉求).
    """

    conversation: str
    agent: str
    phone: str = field(default="", repr=False)
    reason: str = ""
    briefing: str = field(default="", repr=False)
    corrections: Mapping[str, str] = field(default_factory=dict)
    answered_with: str = ""
    number: str = ""
    began_at: datetime | None = None
    channel: ContactChannel = ContactChannel.PHONE


@dataclass(frozen=True, slots=True)
class CallerNote:
    """A note on a caller: who wrote it, and when."""

    id: str
    at: datetime
    by: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Note:
    by: str
    text: str


_FORM: Final = TypeAdapter(AgentForm)
_NOTE: Final = TypeAdapter(_Note)


class SqlAgentForms:
    """Forms and notes in the hotline's database. Raises ``StoreUnavailableError`` when it is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what its rows are sealed with."""
        self._database = database
        self._seal = seal
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def begin(self, form: AgentForm, at: datetime) -> AgentForm:
        """Open the form of a call, or hand the one there is to this agent (转接); return it."""
        async with self._database.writing() as connection:
            found = await self._held(connection, form.conversation)
            if found is not None and found.agent == form.agent:
                return found
            opened = replace(found, agent=form.agent) if found is not None else replace(form, began_at=at)
            await self._write(connection, opened, at)
        return opened

    async def get(self, conversation: str) -> AgentForm | None:
        """Return a call's form, or None."""
        found = await self._some(agent_forms.c.conversation == conversation, 1)
        return found[0] if found else None

    async def open_of(self, agent: str) -> AgentForm | None:
        """Return the newest form of a call that an agent has not wrapped up, or None; a chat need not be."""
        found = await self._some(agent_forms.c.agent == agent, _FEW)
        return next((form for form in found if form.channel is ContactChannel.PHONE), None)

    async def correct(self, conversation: str, typed: Mapping[str, str | None], at: datetime) -> None:
        """Keep what the agent says of fields; None takes it back. The page sends each field as it is left, several at once."""
        async with self._database.writing() as connection:
            found = await self._held(connection, conversation)
            if found is None:
                return
            said = {**found.corrections, **typed}
            corrections = {name: text for name, text in said.items() if text is not None}
            await self._write(connection, replace(found, corrections=corrections), at)

    async def answered(self, conversation: str, article: str, at: datetime) -> None:
        """Keep which article the agent read out."""
        async with self._database.writing() as connection:
            found = await self._held(connection, conversation)
            if found is not None:
                await self._write(connection, replace(found, answered_with=article), at)

    async def close(self, conversation: str, agent: str) -> None:
        """Forget the form of a call that ``agent`` did not take; who has it by now keeps it."""
        mine = (agent_forms.c.conversation == conversation) & (agent_forms.c.agent == agent)
        async with self._database.writing() as connection:
            await connection.execute(delete(agent_forms).where(mine))

    async def wrap_up(
        self, conversation: str, *, order: str, by: str, judged: Mapping[str, Any], at: datetime
    ) -> None:
        """Forget the form that became ``order``; what the agent ``judged`` of the machine's proposals stays in the audit."""
        async with self._database.writing() as connection:
            await connection.execute(delete(agent_forms).where(agent_forms.c.conversation == conversation))
            detail = {"conversation": conversation, **judged}
            await write_audit(
                connection, at=at, actor=by, action="form.wrapped_up", subject=order, detail=detail
            )

    async def forget_before(self, at: datetime) -> int:
        """Forget forms that nobody has touched since; the record of their calls is there all the same."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(agent_forms).where(agent_forms.c.changed_at < at))
        return gone.rowcount

    # --- notes ---------------------------------------------------------------------------------------------

    async def notes(self, phone: PhoneNumber) -> Sequence[CallerNote]:
        """Return the newest notes on a caller."""
        query = (
            select(caller_notes)
            .where(caller_notes.c.citizen == self._seal.fingerprint(phone.digits))
            .order_by(caller_notes.c.at.desc())
            .limit(_NOTES)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        found = []
        for row in rows:
            note = _NOTE.validate_json(self._seal.open(row.body, f"caller_note:{row.id}"))
            found.append(CallerNote(row.id, row.at, note.by, note.text))
        return found

    async def note(self, phone: PhoneNumber, text: str, *, by: str, at: datetime) -> None:
        """Keep a note on a caller, and that it was written."""
        id_ = secrets.token_hex(8)
        body = self._seal.close(_NOTE.dump_json(_Note(by, text)), f"caller_note:{id_}")
        row = {"id": id_, "citizen": self._seal.fingerprint(phone.digits), "at": at, "body": body}
        async with self._database.writing() as connection:
            await connection.execute(caller_notes.insert().values(**row))
            await write_audit(connection, at=at, actor=by, action="caller.noted", subject=id_, detail={})

    async def forget_notes_before(self, at: datetime) -> int:
        """Delete notes that are older."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(caller_notes).where(caller_notes.c.at < at))
        return gone.rowcount

    # --- inside --------------------------------------------------------------------------------------------

    async def _some(self, condition: ColumnElement[bool], most: int) -> list[AgentForm]:
        query = select(agent_forms).where(condition).order_by(agent_forms.c.changed_at.desc()).limit(most)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [self._opened(row) for row in rows]

    async def _held(self, connection: AsyncConnection, conversation: str) -> AgentForm | None:
        """Return a form as it is now, locked until the transaction ends: nobody writes over what another has just said."""
        query = select(agent_forms).where(agent_forms.c.conversation == conversation).with_for_update()
        row = (await connection.execute(query)).one_or_none()
        return self._opened(row) if row is not None else None

    def _opened(self, row: Row[Any]) -> AgentForm:
        return _FORM.validate_json(self._seal.open(row.body, f"agent_form:{row.conversation}"))

    async def _write(self, connection: AsyncConnection, form: AgentForm, at: datetime) -> None:
        body = self._seal.close(_FORM.dump_json(form), f"agent_form:{form.conversation}")
        kept = {"agent": form.agent, "changed_at": at, "body": body}
        row = self._insert(agent_forms).values(conversation=form.conversation, **kept)
        await connection.execute(row.on_conflict_do_update(index_elements=["conversation"], set_=kept))
