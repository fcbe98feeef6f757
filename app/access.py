"""The accounts, with the rules for passwords and sessions as they are set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from app.at_rest import seal_of
from app.settings import Settings
from hotline.domain.accounts import AccessRules
from hotline.service.accounts import Accounts
from hotline.store.accounts import SqlAccounts
from hotline.store.database import Database


def access_rules(settings: Settings) -> AccessRules:
    """Return the rules for passwords and sessions as they are set."""
    return AccessRules(
        least_length=settings.password_length,
        password_days=settings.password_days,
        failures=settings.sign_in_failures,
        lock=timedelta(minutes=settings.lock_minutes),
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
        sessions=settings.sessions_per_account,
    )


def open_accounts(settings: Settings, database: Database, clock: Callable[[], datetime]) -> Accounts:
    """Return the accounts of the database."""
    seal = seal_of(settings)
    return Accounts(SqlAccounts(database, seal), seal, access_rules(settings), clock)
