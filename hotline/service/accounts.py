"""Accounts as administrators and their owners use them: made, granted, locked, signed in to, signed out of (账号与会话)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from hotline.domain.accounts import (
    ADMINISTRATORS,
    AccessRules,
    Account,
    NotAllowedError,
    StaffRole,
    StaffSession,
    WeakPasswordError,
    check_care,
    check_grant,
)
from hotline.domain.article_life import ArticleStep
from hotline.domain.errors import DeedRefusedError, HotlineError
from hotline.service.passwords import Passwords, new_totp_secret, one_time_password, totp_step
from hotline.store.accounts import Audited, Credentials, SqlAccounts
from hotline.store.sealing import Seal

_SEEN_EVERY: Final = timedelta(minutes=1)
_MACHINE_ROOM: Final = "cli"


class SignInRefusedError(HotlineError):
    """Nobody is let in. ``reason`` (unknown, locked, password, code) is for the audit; whoever asks is not told which."""

    code = "account.sign_in_refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody at their desk: the session and whose it is, as they are now."""

    session: StaffSession
    account: Account


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody signs in from: address and browser, for their own list of sessions and for administrators."""

    place: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class ForeignIdentity:
    """Who an OpenID provider says somebody is, and what that means here; ``may_be_made``: an account is made for them."""

    provider: str
    issuer: str
    subject: str
    login: str
    name: str
    roles: frozenset[StaffRole] = frozenset()
    unit: str | None = None
    county: str | None = None
    number: str | None = None
    may_be_made: bool = False


class Accounts:
    """The accounts with their rules and the clock."""

    def __init__(
        self,
        store: SqlAccounts,
        seal: Seal,
        rules: AccessRules,
        clock: Callable[[], datetime],
        passwords: Passwords | None = None,
    ) -> None:
        """Take where accounts are kept and what makes the digests of sessions' tokens."""
        self.store = store
        self.rules = rules
        self._seal = seal
        self._clock = clock
        self._passwords = passwords or Passwords()

    # --- administration ------------------------------------------------------------------------------------

    async def add(self, login: str, name: str, *, by: Account) -> tuple[Account, str]:
        """Make an account without roles; return it with its one-time password (系统管理员)."""
        account = self._new(login, name)
        check_care(by, account)
        return await self._keep(account, by=by.login)

    async def add_on_the_machine(
        self,
        login: str,
        name: str,
        roles: frozenset[StaffRole],
        *,
        unit: str | None = None,
        county: str | None = None,
        number: str | None = None,
    ) -> tuple[Account, str]:
        """Make an account with roles from the command line: the first administrators. Raises ``RolesConflictError``."""
        account = self._new(login, name).with_roles(roles, unit=unit, county=county, number=number)
        return await self._keep(account, by=_MACHINE_ROOM)

    async def grant(
        self,
        id_: str,
        roles: frozenset[StaffRole],
        *,
        unit: str | None = None,
        county: str | None = None,
        number: str | None = None,
        by: Account,
        reason: str,
    ) -> Account:
        """Give an account exactly these roles (安全管理员); its open pages are held to them at once."""
        before = await self.store.get(id_)
        detail = {
            "from": sorted(before.roles), "to": sorted(roles), "unit": unit, "county": county, "number": number,
            "reason": reason,
        }  # fmt: skip

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            check_grant(by, account)
            return account.with_roles(roles, unit=unit, county=county, number=number), credentials

        return await self.store.change(id_, step, self._audited(by.login, "account.roles", **detail))

    async def lock(self, id_: str, *, by: Account, reason: str) -> Account:
        """Lock an account and end its sessions at once."""

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            check_care(by, account)
            return replace(account, is_locked=True), credentials

        account = await self.store.change(id_, step, self._audited(by.login, "account.locked", reason=reason))
        await self.store.end_sessions(id_)
        return account

    async def unlock(self, id_: str, *, by: Account, reason: str) -> Account:
        """Open an account again, also one that was locked by failures."""

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            check_care(by, account)
            return replace(account, is_locked=False, failures=0, locked_until=None), credentials

        return await self.store.change(id_, step, self._audited(by.login, "account.unlocked", reason=reason))

    async def reset_password(self, id_: str, *, by: Account, reason: str) -> str:
        """Return a new one-time password; the sessions end. Administrators' are reset on the machine only."""

        def check(account: Account) -> None:
            check_care(by, account)
            if account.roles & ADMINISTRATORS:
                raise NotAllowedError("administrator")

        return await self._reset(id_, self._audited(by.login, "account.password_reset", reason=reason), check)

    async def forget_totp(self, id_: str, *, by: Account, reason: str) -> Account:
        """Forget an account's authenticator (动态口令), as its telephone is lost (安全管理员); the sessions end.

        Administrators' is forgotten on the machine only. Raises ``DeedRefusedError`` where there is none.
        """

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            check_grant(by, account)
            if account.roles & ADMINISTRATORS:
                raise NotAllowedError("administrator")
            if not credentials.totp:
                raise DeedRefusedError(missing="已绑定的动态口令")
            return account, replace(credentials, totp="", totp_offered="", totp_step=0)

        audited = self._audited(by.login, "account.totp_forgotten", reason=reason)
        account = await self.store.change(id_, step, audited)
        await self.store.end_sessions(id_)
        return account

    async def reset_on_the_machine(self, login: str) -> str:
        """Return a new one-time password, and forget the authenticator: whoever does this has the machine."""
        found = await self.store.by_login(login)
        if found is None:
            raise SignInRefusedError("unknown")
        audited = self._audited(_MACHINE_ROOM, "account.password_reset")
        return await self._reset(found[0].id, audited, lambda _: None, forgets_totp=True)

    async def end_session(self, session: str, *, of: str, by: Account) -> None:
        """End one session of an account: one's own, or as an administrator."""
        if by.id != of and not by.has_any({StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN}):
            raise NotAllowedError("sessions")
        if await self.store.end_sessions(of, only=session):
            account = await self.store.get(of)
            await self.store.note(account.login, self._audited(by.login, "session.ended"))

    async def still_keeps(self, login: str, step: ArticleStep) -> None:
        """Raise ``NotAllowedError`` when an account is locked, or may not (any longer) take ``step`` on articles.

        Who has no account here is a program's: its token answers for them.
        """
        found = await self.store.by_login(login)
        if found is None:
            return
        if found[0].is_locked:
            raise NotAllowedError("locked")
        found[0].keeping(step)

    # --- one's own account ---------------------------------------------------------------------------------

    async def sign_in(self, login: str, password: str, code: str, where: Whereabouts) -> tuple[str, Account]:
        """Return the token of a new session and whose it is. Raises ``SignInRefusedError``; failures are counted."""
        found = await self.store.by_login(login)
        account, credentials = found if found is not None else (None, Credentials())
        is_right = await self._passwords.matches(credentials.password, password)
        if account is None:
            raise SignInRefusedError("unknown")
        now = self._clock()
        if not account.may_sign_in(now):
            await self.store.note(account.login, self._audited(login, "session.refused", reason="locked"))
            raise SignInRefusedError("locked")
        step = (
            totp_step(credentials.totp, code, at=now, after=credentials.totp_step) if credentials.totp else 0
        )
        if not is_right or step is None:
            await self._failed(account, "password" if not is_right else "code")
            raise SignInRefusedError("password" if not is_right else "code")
        return await self._opened(account, "password", where, totp_step=step)

    async def sign_on(self, identity: ForeignIdentity, where: Whereabouts) -> tuple[str, Account]:
        """Return the token of a new session for somebody whom an OpenID provider vouches for.

        They are whoever was linked before, or has their name for signing in; else an account is made where it may be.
        Raises ``SignInRefusedError``: unknown, locked, or an administrator, who has to sign in here.
        """
        account = await self.store.linked(identity.issuer, identity.subject)
        if account is None:
            account = await self._first_sign_on(identity)
        elif identity.may_be_made and not account.has_password:
            account = await self._with_claimed_roles(account, identity)
        if account.roles & ADMINISTRATORS or not account.may_sign_in(self._clock()):
            audited = self._audited(account.login, "session.refused", reason="sign_on")
            await self.store.note(account.login, audited)
            raise SignInRefusedError("locked")
        return await self.open_for(account, f"oidc:{identity.provider}", where)

    async def open_for(self, account: Account, how: str, where: Whereabouts) -> tuple[str, Account]:
        """Return the token of a new session for an account that is known to be theirs."""
        return await self._opened(account, how, where)

    async def _first_sign_on(self, identity: ForeignIdentity) -> Account:
        by = f"oidc:{identity.provider}"
        found = await self.store.by_login(identity.login)
        if found is not None:
            account = found[0]
            if account.roles & ADMINISTRATORS or account.unit != (identity.unit or account.unit):
                raise SignInRefusedError("unknown")
        elif identity.may_be_made:
            account = self._new(identity.login, identity.name).with_roles(
                identity.roles - ADMINISTRATORS,
                unit=identity.unit,
                county=identity.county,
                number=identity.number,
            )
            await self.store.add(
                account, Credentials(), self._audited(by, "account.added", roles=sorted(account.roles))
            )
        else:
            raise SignInRefusedError("unknown")
        await self.store.link(identity.issuer, identity.subject, account.id)
        await self.store.note(account.login, self._audited(by, "account.linked"))
        return await self.store.get(account.id)

    async def _with_claimed_roles(self, account: Account, identity: ForeignIdentity) -> Account:
        roles = identity.roles - ADMINISTRATORS
        bound = {"unit": identity.unit, "county": identity.county, "number": identity.number}
        if roles == account.roles and bound == {name: getattr(account, name) for name in bound}:
            return account

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            return account.with_roles(roles, **bound), credentials

        detail = {"from": sorted(account.roles), "to": sorted(roles), "unit": identity.unit}
        by = f"oidc:{identity.provider}"
        return await self.store.change(account.id, step, self._audited(by, "account.roles", **detail))

    async def who(self, token: str) -> SignedIn | None:
        """Return who is signed in with this token, as they are now; None when nobody is (any more)."""
        if not token:
            return None
        found = await self.store.session(self.digest(token))
        if found is None:
            return None
        session, account = found
        if session.is_over(self._clock(), self.rules) or account.is_locked:
            return None
        return SignedIn(session, account)

    async def versions(self, sessions: Collection[str]) -> Mapping[str, int]:
        """Return the versions of the accounts of those of ``sessions`` that are not over."""
        now = self._clock()
        return await self.store.versions(sessions, at=now, idle_since=now - self.rules.idle)

    async def saw(self, signed_in: SignedIn) -> None:
        """Note that a person did something, to the minute."""
        now = self._clock()
        if now - signed_in.session.seen_at >= _SEEN_EVERY:
            await self.store.saw(signed_in.session.id, now)

    async def sign_out(self, signed_in: SignedIn) -> None:
        """End the session."""
        await self.store.end_sessions(signed_in.account.id, only=signed_in.session.id)
        login = signed_in.account.login
        await self.store.note(login, self._audited(login, "session.closed"))

    async def change_password(
        self, signed_in: SignedIn, old: str, new: str, where: Whereabouts
    ) -> tuple[str, Account]:
        """Set a new password; every other session ends, and this one gets a new token. Raises ``WeakPasswordError``."""
        account, credentials = await self.store.with_credentials(signed_in.account.id)
        if not account.may_sign_in(
            self._clock()
        ):  # who found a desk unlocked guesses no more often than at the door
            raise SignInRefusedError("locked")
        if not await self._passwords.matches(credentials.password, old):
            await self._failed(account, "password")
            raise SignInRefusedError("password")
        self.rules.check_password(new, account)
        if await self._passwords.matches(credentials.password, new):
            raise WeakPasswordError("same")
        kept, now = await self._passwords.hash(new), self._clock()

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            return account, replace(credentials, password=kept, must_change=False, password_set_at=now)

        audited = self._audited(account.login, "account.password_changed")
        account = await self.store.change(account.id, step, audited)
        await self.store.end_sessions(account.id)
        return await self._opened(account, signed_in.session.how, where)

    async def offer_totp(self, account: Account) -> str:
        """Return the secret to show to the owner: the one offered before, or a new one."""
        _, credentials = await self.store.with_credentials(account.id)
        if credentials.totp_offered:
            return credentials.totp_offered
        secret = new_totp_secret()
        await self.store.change(
            account.id,
            lambda account, credentials: (account, replace(credentials, totp_offered=secret)),
            self._audited(account.login, "account.totp_offered"),
        )
        return secret

    async def confirm_totp(self, signed_in: SignedIn, code: str, where: Whereabouts) -> tuple[str, Account]:
        """Bind the authenticator that shows ``code``; this session gets a new token. Raises ``SignInRefusedError``."""
        account, credentials = await self.store.with_credentials(signed_in.account.id)
        step = totp_step(credentials.totp_offered, code, at=self._clock(), after=credentials.totp_step)
        if step is None:
            raise SignInRefusedError("code")

        def bind(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            bound = replace(credentials, totp=credentials.totp_offered, totp_offered="", totp_step=step)
            return account, bound

        account = await self.store.change(
            account.id, bind, self._audited(account.login, "account.totp_bound")
        )
        await self.store.end_sessions(account.id)
        return await self._opened(account, signed_in.session.how, where)

    def digest(self, token: str) -> str:
        """Return a session's id: of its token only this is kept."""
        return self._seal.fingerprint(f"staff_session:{token}")

    def form_token(self, session: str) -> str:
        """Return what every form of a session carries, so that no other site can send one (CSRF)."""
        return self._seal.fingerprint(f"staff_form:{session}")

    # --- inside --------------------------------------------------------------------------------------------

    def _new(self, login: str, name: str) -> Account:
        return Account(id=secrets.token_hex(8), login=login, name=name, made_at=self._clock())

    def _audited(self, by: str, action: str, **detail: Any) -> Audited:
        facts: Mapping[str, Any] = {name: value for name, value in detail.items() if value is not None}
        return Audited(f"staff:{by}", action, self._clock(), facts)

    async def _keep(self, account: Account, *, by: str) -> tuple[Account, str]:
        password = one_time_password()
        credentials = Credentials(
            await self._passwords.hash(password), password_set_at=self._clock(), must_change=True
        )
        detail = {
            "roles": sorted(account.roles), "unit": account.unit, "county": account.county, "number": account.number
        }  # fmt: skip
        await self.store.add(account, credentials, self._audited(by, "account.added", **detail))
        return await self.store.get(account.id), password

    async def _reset(
        self, id_: str, audited: Audited, check: Callable[[Account], None], *, forgets_totp: bool = False
    ) -> str:
        password = one_time_password()
        kept, now = await self._passwords.hash(password), self._clock()

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            check(account)
            fresh = replace(credentials, password=kept, password_set_at=now, must_change=True)
            if forgets_totp:
                fresh = replace(fresh, totp="", totp_offered="", totp_step=0)
            return replace(account, failures=0, locked_until=None), fresh

        await self.store.change(id_, step, audited)
        await self.store.end_sessions(id_)
        return password

    async def _failed(self, account: Account, reason: str) -> None:
        now = self._clock()

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            failures = account.failures + 1
            if failures < self.rules.failures:
                return replace(account, failures=failures), credentials
            return replace(account, failures=0, locked_until=now + self.rules.lock), credentials

        audited = self._audited(account.login, "session.refused", reason=reason)
        await self.store.change(account.id, step, audited, is_noted_anyway=True)

    async def _opened(
        self, account: Account, how: str, where: Whereabouts, *, totp_step: int = 0
    ) -> tuple[str, Account]:
        now, token = self._clock(), secrets.token_urlsafe(32)

        def step(account: Account, credentials: Credentials) -> tuple[Account, Credentials]:
            if (
                totp_step and credentials.totp_step >= totp_step
            ):  # the same code a second time, at the same moment
                raise SignInRefusedError("code")
            seen = replace(account, failures=0, locked_until=None, last_in_at=now)
            return seen, replace(credentials, totp_step=max(credentials.totp_step, totp_step))

        audited = self._audited(account.login, "session.opened", how=how)
        account = await self.store.change(account.id, step, audited, is_noted_anyway=True)
        session = StaffSession(
            self.digest(token), account.id, how, now, now, now + self.rules.longest, where.place[:64],
            where.browser[:160],
        )  # fmt: skip
        await self.store.open_session(session, most=self.rules.sessions)
        return token, account
