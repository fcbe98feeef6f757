"""Accounts, sessions and identities in the database. Every change of an account writes its audit row in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Row, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.accounts import Account, AccountNotFoundError, LoginTakenError, StaffRole, StaffSession
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import account_identities, account_sessions, accounts


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who somebody is: ``password`` as argon2 wrote it, ``totp`` the shared secret, ``totp_step`` the last one used.

    ``totp_offered`` is a secret that was shown and not confirmed yet.
    """

    password: str = ""
    password_set_at: datetime | None = None
    must_change: bool = False
    totp: str = ""
    totp_step: int = 0
    totp_offered: str = ""


@dataclass(frozen=True, slots=True)
class _Body:
    name: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class _SessionBody:
    place: str
    browser: str


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit says of a change: who did what, and its facts; nothing that identifies a citizen."""

    by: str
    action: str
    at: datetime
    detail: Mapping[str, Any]


Step = Callable[[Account, Credentials], tuple[Account, Credentials]]
_BODY: Final = TypeAdapter(_Body)
_SESSION_BODY: Final = TypeAdapter(_SessionBody)


class SqlAccounts:
    """The accounts in the hotline's database. Every method raises ``StoreUnavailableError`` when it is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what its rows are sealed with."""
        self._database = database
        self._seal = seal

    # --- accounts ------------------------------------------------------------------------------------------

    async def add(self, account: Account, credentials: Credentials, audited: Audited) -> None:
        """Keep a new account. Raises ``LoginTakenError``."""
        async with self._database.writing() as connection:
            try:
                await connection.execute(accounts.insert().values(**self._row(account, credentials)))
            except IntegrityError:
                raise LoginTakenError(account.login) from None
            await _audit(connection, account, audited)

    async def get(self, id_: str) -> Account:
        """Return an account. Raises ``AccountNotFoundError``."""
        return (await self.with_credentials(id_))[0]

    async def with_credentials(self, id_: str) -> tuple[Account, Credentials]:
        """Return an account and what proves who it is. Raises ``AccountNotFoundError``."""
        found = await self._one(accounts.c.id == id_)
        if found is None:
            raise AccountNotFoundError(id_)
        return found

    async def by_login(self, login: str) -> tuple[Account, Credentials] | None:
        """Return the account with this name for signing in, or None."""
        return await self._one(accounts.c.login == login)

    async def by_number(self, number: str) -> Account | None:
        """Return the agent with this number (工号), or None."""
        found = await self._one(accounts.c.number == number)
        return found[0] if found is not None else None

    async def listed(
        self, *, role: StaffRole | None = None, unit: str | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Account]:
        """Return accounts by their name for signing in, behind ``after``."""
        query = select(accounts).where(accounts.c.login > after).order_by(accounts.c.login).limit(limit)
        if role is not None:
            query = query.where(accounts.c.roles.contains(f" {role.value} ", autoescape=True))
        if unit is not None:
            query = query.where(accounts.c.unit == unit)
        async with self._database.reading() as connection:
            return [self._account(row)[0] for row in await connection.execute(query)]

    async def change(
        self, id_: str, step: Step, audited: Audited, *, is_noted_anyway: bool = False
    ) -> Account:
        """Replace an account by what ``step`` makes of it, as one step. Raises ``AccountNotFoundError`` and what it raises.

        Where nothing changes nothing is written, unless it ``is_noted_anyway``: that somebody signed in, or tried to.
        """
        async with self._database.writing() as connection:
            row = (
                await connection.execute(select(accounts).where(accounts.c.id == id_).with_for_update())
            ).one_or_none()
            if row is None:
                raise AccountNotFoundError(id_)
            before = self._account(row)
            account, credentials = step(*before)
            if (account, credentials) == before:
                if is_noted_anyway:
                    await _audit(connection, account, audited)
                return account
            account = replace(account, version=account.version + 1)
            try:
                await connection.execute(
                    update(accounts).where(accounts.c.id == id_).values(**self._row(account, credentials))
                )
            except IntegrityError:
                raise LoginTakenError(account.login) from None
            await _audit(connection, account, audited)
        return self._with(account, credentials)

    async def note(self, id_: str, audited: Audited) -> None:
        """Write an audit row about an account without changing it."""
        async with self._database.writing() as connection:
            await write_audit(
                connection, at=audited.at, actor=audited.by, action=audited.action, subject=id_,
                detail=audited.detail,
            )  # fmt: skip

    async def are_there_any(self) -> bool:
        """Tell whether anybody has an account yet."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(accounts))).scalar_one() > 0

    # --- sessions ------------------------------------------------------------------------------------------

    async def open_session(self, session: StaffSession, *, most: int) -> None:
        """Keep a session; of more than ``most`` of one account the oldest end."""
        mine = account_sessions.c.account == session.account
        async with self._database.writing() as connection:
            await connection.execute(account_sessions.insert().values(**self._session_row(session)))
            newest = (
                select(account_sessions.c.id)
                .where(mine)
                .order_by(account_sessions.c.made_at.desc(), account_sessions.c.id)
                .limit(most)
            )
            kept = (await connection.execute(newest)).scalars().all()
            await connection.execute(
                delete(account_sessions).where(mine, account_sessions.c.id.not_in([*kept, session.id]))
            )

    async def session(self, id_: str) -> tuple[StaffSession, Account] | None:
        """Return a session and whose it is, or None."""
        query = (
            select(account_sessions, accounts)
            .join(accounts, accounts.c.id == account_sessions.c.account)
            .where(account_sessions.c.id == id_)
            .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        mapping = row._mapping  # noqa: SLF001 -- SQLAlchemy's documented way
        session = self._session({column.name: mapping[column] for column in account_sessions.c})
        account = self._account_of({column.name: mapping[column] for column in accounts.c})
        return session, account[0]

    async def sessions_of(self, account: str) -> Sequence[StaffSession]:
        """Return an account's sessions, the newest first."""
        query = (
            select(account_sessions)
            .where(account_sessions.c.account == account)
            .order_by(account_sessions.c.made_at.desc())
        )
        async with self._database.reading() as connection:
            return [self._session(dict(row._mapping)) for row in await connection.execute(query)]  # noqa: SLF001

    async def all_sessions(self, *, limit: int = 500) -> Sequence[StaffSession]:
        """Return all sessions, the one seen last first."""
        query = select(account_sessions).order_by(account_sessions.c.seen_at.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [self._session(dict(row._mapping)) for row in await connection.execute(query)]  # noqa: SLF001

    async def versions(
        self, sessions: Collection[str], *, at: datetime, idle_since: datetime
    ) -> Mapping[str, int]:
        """Return the versions of the accounts of those of ``sessions`` that are not over."""
        query = (
            select(account_sessions.c.id, accounts.c.version)
            .join(accounts, accounts.c.id == account_sessions.c.account)
            .where(
                account_sessions.c.id.in_(list(sessions)),
                account_sessions.c.ends_at > at,
                account_sessions.c.seen_at > idle_since,
            )
        )
        async with self._database.reading() as connection:
            return {row.id: row.version for row in await connection.execute(query)}

    async def saw(self, session: str, at: datetime) -> None:
        """Note that a person did something in a session."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(account_sessions).where(account_sessions.c.id == session).values(seen_at=at)
            )

    async def end_sessions(self, account: str, *, but: str = "", only: str = "") -> int:
        """End an account's sessions: all ``but`` one, or ``only`` one; return how many."""
        query = delete(account_sessions).where(account_sessions.c.account == account)
        query = (
            query.where(account_sessions.c.id == only) if only else query.where(account_sessions.c.id != but)
        )
        async with self._database.writing() as connection:
            return (await connection.execute(query)).rowcount

    async def end_those_over(self, at: datetime, idle_since: datetime) -> int:
        """Delete sessions that are over; return how many."""
        over = or_(account_sessions.c.ends_at <= at, account_sessions.c.seen_at <= idle_since)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(account_sessions).where(over))).rowcount

    # --- identities ----------------------------------------------------------------------------------------

    async def link(self, issuer: str, subject: str, account: str) -> None:
        """Note who somebody is at an OpenID provider."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        row = insert(account_identities).values(issuer=issuer, subject=subject, account=account)
        async with self._database.writing() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["issuer", "subject"], set_={"account": account})
            )

    async def linked(self, issuer: str, subject: str) -> Account | None:
        """Return the account of somebody at an OpenID provider, or None."""
        theirs = select(account_identities.c.account).where(
            account_identities.c.issuer == issuer, account_identities.c.subject == subject
        )
        found = await self._one(accounts.c.id.in_(theirs))
        return found[0] if found is not None else None

    # --- inside --------------------------------------------------------------------------------------------

    async def _one(self, condition: Any) -> tuple[Account, Credentials] | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(accounts).where(condition).limit(1))).one_or_none()
        return None if row is None else self._account(row)

    def _row(self, account: Account, credentials: Credentials) -> dict[str, Any]:
        body = _BODY.dump_json(_Body(account.name, credentials))
        return {
            "id": account.id,
            "login": account.login,
            "number": account.number,
            "roles": f" {' '.join(sorted(account.roles))} ",
            "unit": account.unit,
            "county": account.county,
            "is_locked": account.is_locked,
            "failures": account.failures,
            "locked_until": account.locked_until,
            "made_at": account.made_at,
            "last_in_at": account.last_in_at,
            "version": account.version,
            "body": self._seal.close(body, f"account:{account.id}"),
        }

    def _account(self, row: Row[Any]) -> tuple[Account, Credentials]:
        return self._account_of(dict(row._mapping))  # noqa: SLF001

    def _account_of(self, row: dict[str, Any]) -> tuple[Account, Credentials]:
        body = _BODY.validate_json(self._seal.open(row["body"], f"account:{row['id']}"))
        account = Account(
            id=row["id"],
            login=row["login"],
            name=body.name,
            made_at=row["made_at"],
            roles=frozenset(StaffRole(role) for role in row["roles"].split()),
            unit=row["unit"],
            county=row["county"],
            number=row["number"],
            is_locked=row["is_locked"],
            failures=row["failures"],
            locked_until=row["locked_until"],
            last_in_at=row["last_in_at"],
            version=row["version"],
        )
        return self._with(account, body.credentials), body.credentials

    @staticmethod
    def _with(account: Account, credentials: Credentials) -> Account:
        return replace(
            account,
            has_password=bool(credentials.password),
            must_change_password=credentials.must_change,
            has_totp=bool(credentials.totp),
            password_set_at=credentials.password_set_at,
        )

    def _session_row(self, session: StaffSession) -> dict[str, Any]:
        body = _SESSION_BODY.dump_json(_SessionBody(session.place, session.browser))
        return {
            "id": session.id,
            "account": session.account,
            "how": session.how,
            "made_at": session.made_at,
            "seen_at": session.seen_at,
            "ends_at": session.ends_at,
            "body": self._seal.close(body, f"account_session:{session.id}"),
        }

    def _session(self, row: dict[str, Any]) -> StaffSession:
        sealed = self._seal.open(row.pop("body"), f"account_session:{row['id']}")
        body = _SESSION_BODY.validate_json(sealed)
        return StaffSession(**row, place=body.place, browser=body.browser)


async def _audit(connection: AsyncConnection, account: Account, audited: Audited) -> None:
    await write_audit(
        connection, at=audited.at, actor=audited.by, action=audited.action, subject=account.login,
        detail=audited.detail,
    )  # fmt: skip
