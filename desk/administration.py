"""What administrators are shown of the machine: its settings, limits, models, channels, calendar, audit and retention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from hotline.domain.working_calendar import WorkingCalendar
from hotline.store.calendar_years import KeptYear


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its value as it is in force (secrets only as set or not), where it comes from, and what it is for.

    ``source`` is default, file or environment; ``basis`` a law or standard, ``is_confirmed`` False: 待核.
    """

    name: str
    group: str
    label: str
    value: str
    default: str
    source: str
    basis: str = ""
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit of the city's tables: what for, how long, on what basis; not ``is_confirmed``: 待核."""

    file: str
    name: str
    amount: str
    basis: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model or a table of a version: what it is for, where it comes from, and how it is known (SHA-256, version)."""

    name: str
    purpose: str
    licence: str
    size: int
    source: str
    identity: str
    is_installed: bool
    can_be_verified: bool = False


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A way to the hotline or out of it. ``state``: on, off, down; ``facts`` are names and values, secrets left out."""

    name: str
    label: str
    state: str
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year of the working calendar: holidays by name, days worked instead, and whether its notice is published.

    It comes from a ``file``, or was ``imported``.
    """

    year: int
    is_published: bool
    basis: str
    file: str
    holidays: Mapping[str, Sequence[date]]
    makeup_workdays: Sequence[date]
    imported: KeptYear | None = None


@dataclass(frozen=True, slots=True)
class CalendarView:
    """The calendar: its years, those missing within twelve months, and days on which a second table differs.

    ``kept`` is all that was ever imported, ``calendar`` what counts.
    """

    years: Sequence[CalendarYear]
    missing: Sequence[int]
    differing: Sequence[date]
    kept: Sequence[KeptYear]
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True)
class AuditState:
    """What a check of the whole chain found: ``row`` and ``reason`` where it is broken, None when it is whole."""

    rows: int
    anchors: int
    seconds: float
    row: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """How long one category is kept, on what basis, and how much of it is past its time."""

    kept: str
    days: int
    basis: str
    is_confirmed: bool
    past: int


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate of destruction (销毁凭证)."""

    file: str
    kept: str
    count: int
    by: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class RetentionView:
    """Categories, and the newest certificates."""

    rows: Sequence[RetentionRow] = field(default_factory=tuple)
    certificates: Sequence[CertificateRow] = field(default_factory=tuple)


class Machine(Protocol):
    """The machine behind the pages."""

    def settings(self) -> Sequence[SettingRow]:
        """Return all settings."""

    def limits(self) -> Sequence[LimitRow]:
        """Return the limits of the city's tables."""

    async def models(self) -> Sequence[ModelRow]:
        """Return speech models, browser libraries, understanders, the dispatch catalogue."""

    async def verify(self, model: str) -> Sequence[str]:
        """Hash every file of a model; return what is wrong, nothing when all is well."""

    async def channels(self) -> Sequence[ChannelRow]:
        """Return the ways in and out, and whether they are up."""

    async def calendar(self, today: date) -> CalendarView:
        """Return the working calendar."""

    async def check_audit(self) -> AuditState:
        """Check the whole audit chain against itself and its anchors."""

    async def retention(self) -> RetentionView:
        """Return what is kept how long."""

    async def destroy(self, *, by: str) -> int:
        """Destroy all that is past its time; return how many things that was."""
