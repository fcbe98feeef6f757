"""The rules for passwords and sessions, as they are set."""

from __future__ import annotations

from datetime import timedelta

from app.settings import Settings
from hotline.domain.accounts import AccessRules


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
