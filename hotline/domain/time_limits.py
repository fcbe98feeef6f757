"""Time limits (时限): by when an order is signed for, handled, sent back, and when it is warned of.

Hours and minutes run round the clock from the very moment, through nights and holidays. Working days and days are
counted on the working calendar in the city's time zone; the last day ends when business does or at its last second,
as the city has chosen (民法典 203: 末日截止时间为二十四时，有业务时间的，停止业务活动的时间为截止时间).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from hotline.domain.appeal import AppealKind, Urgency
from hotline.domain.category import within
from hotline.domain.working_calendar import WorkingCalendar


class LimitUnit(StrEnum):
    """What a limit is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_DAYS = "working_days"  # 工作日
    DAYS = "days"  # 自然日


_RUNNING: Final = {LimitUnit.MINUTES: timedelta(minutes=1), LimitUnit.HOURS: timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A limit with its basis (依据); ``is_confirmed`` False means 待核."""

    name: str
    amount: int
    unit: LimitUnit
    basis: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class StatutoryLimit:
    """A limit that a sector's law sets for some categories and kinds of appeal (行业法定期限); empty ``kinds``: all.

    With no ``categories`` it applies only where the dispatch catalogue names it.
    """

    limit: TimeLimit
    categories: frozenset[str]
    kinds: frozenset[AppealKind]

    def applies_to(self, category: str | None, kind: AppealKind) -> bool:
        """Tell whether an appeal of this category and kind falls under it."""
        return within(category, self.categories) and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a limit expires. ``unpublished_years`` are years it was counted over without their holiday arrangement."""

    at: datetime
    limit: TimeLimit
    unpublished_years: tuple[int, ...] = ()


class LimitPurpose(StrEnum):
    """What a limit on an order is for."""

    SIGNING = "signing"  # 签收
    SENDING_BACK = "sending_back"  # 退回
    INTERIM_NOTICE = "interim_notice"  # 先行告知进度与法定期限
    HANDLING = "handling"  # 办结
    LAST_EXTENSION = "last_extension"  # 延期最迟到何时
    YELLOW_CARD = "yellow_card"  # 黄牌
    RED_CARD = "red_card"  # 红牌


_CARDS: Final = (LimitPurpose.YELLOW_CARD, LimitPurpose.RED_CARD)


@dataclass(frozen=True, slots=True)
class SetLimit:
    """A limit as it was set on one order: start, end and basis stay with the order (北京条例13: 时限写在工单上)."""

    purpose: LimitPurpose
    name: str
    basis: str
    start: datetime
    end: datetime
    is_confirmed: bool = False
    unpublished_years: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """All limits of a city. Every method takes and returns aware datetimes; results are in the city's time zone."""

    timezone: ZoneInfo
    calendar: WorkingCalendar
    day_ends_at: time
    signing: Mapping[Urgency, TimeLimit]
    handling: TimeLimit
    statutory: tuple[StatutoryLimit, ...]
    sending_back: TimeLimit
    extension: TimeLimit
    warning: TimeLimit
    imposed: TimeLimit = TimeLimit("imposed", 0, LimitUnit.HOURS, "province")
    red_basis: str = ""
    warning_share: float = 0.75
    """Of a limit in minutes or hours: when that share has run, the yellow card is shown."""

    def expiry(self, limit: TimeLimit, *, start: datetime) -> Expiry:
        """Return when ``limit`` expires if it starts to run at ``start``."""
        local = start.astimezone(self.timezone)
        if limit.unit in _RUNNING:
            return Expiry(_later(start, _RUNNING[limit.unit] * limit.amount, self.timezone), limit)
        count = (
            self.calendar.add_working_days if limit.unit is LimitUnit.WORKING_DAYS else self.calendar.add_days
        )
        last = count(local.date(), limit.amount)
        return Expiry(
            datetime.combine(last, self.day_ends_at, self.timezone),
            limit,
            self.calendar.unpublished_years(local.date(), last),
        )

    def sign_by(self, urgency: Urgency, *, start: datetime) -> Expiry:
        """Return by when a unit signs for an order dispatched at ``start``."""
        return self.expiry(self.signing[urgency], start=start)

    def due(self, category: str | None, kind: AppealKind, *, start: datetime, named: str = "") -> Expiry:
        """Return by when an order is handled: ``named`` limit, else the first statutory one that applies, else default."""
        for statutory in self.statutory:
            if statutory.limit.name == named or (not named and statutory.applies_to(category, kind)):
                return self.expiry(statutory.limit, start=start)
        return self.expiry(self.handling, start=start)

    def send_back_by(self, *, start: datetime) -> Expiry:
        """Return until when an order dispatched at ``start`` may be sent back (退回); later it counts as theirs."""
        return self.expiry(self.sending_back, start=start)

    def at_dispatch(
        self,
        *,
        category: str | None,
        kind: AppealKind,
        urgency: Urgency,
        start: datetime,
        named: str = "",
        imposed: datetime | None = None,
    ) -> tuple[SetLimit, ...]:
        """Return all limits that begin to run when an order is dispatched at ``start``.

        ``imposed`` is the due time that the province's platform set for its own order: it counts instead of the city's
        limit (潍坊条例20: 省级以上另有规定的从其规定).

        Where a statutory limit ends later than the ordinary one, the citizen is told of progress and of the statutory
        limit within the ordinary one (潍坊条例20, 济南条例24).
        """
        due = self.due(category, kind, start=start, named=named)
        if imposed is not None:
            years = self.calendar.unpublished_years(start.date(), imposed.date())
            due = Expiry(imposed, self.imposed, years)
        ordinary = self.expiry(self.handling, start=start)
        found = [
            _set(LimitPurpose.SIGNING, self.sign_by(urgency, start=start), start),
            _set(LimitPurpose.SENDING_BACK, self.send_back_by(start=start), start),
        ]
        if due.at > ordinary.at:
            found.append(_set(LimitPurpose.INTERIM_NOTICE, ordinary, start))
        handling = _set(LimitPurpose.HANDLING, due, start)
        return (
            *found,
            handling,
            _set(LimitPurpose.LAST_EXTENSION, self.latest_extension(due.at), start),
            *self.cards(handling),
        )

    def cards(self, handling: SetLimit) -> tuple[SetLimit, ...]:
        """Return when the yellow and the red card of a handling limit are shown.

        Yellow comes some working days before the due time, red with the first working day after the due day. A limit too
        short for that warns when ``warning_share`` of it has run and is red at its end. One that is over when it begins
        (a province's order that came late) is red at once.
        """
        return self.cards_between(handling.start, handling.end)

    def cards_between(self, start: datetime, end: datetime) -> tuple[SetLimit, ...]:
        """Return the same for any time that runs from ``start`` to ``end``."""
        yellow = self.warn_at(end)
        if yellow > start:
            day = self.calendar.add_working_days(end.astimezone(self.timezone).date(), 1)
            red = datetime.combine(day, time.min, self.timezone)
        else:
            yellow, red = start + (end - start) * self.warning_share, max(end, start)
        cards = [(LimitPurpose.RED_CARD, red, self.red_basis)]
        if yellow > start:
            cards.insert(0, (LimitPurpose.YELLOW_CARD, yellow, self.warning.basis))
        return tuple(
            SetLimit(purpose, purpose.value, basis, start, at, self.warning.is_confirmed)
            for purpose, at, basis in cards
        )

    def handling_anew(
        self,
        category: str | None,
        kind: AppealKind,
        *,
        start: datetime,
        like: SetLimit | None = None,
        imposed: datetime | None = None,
    ) -> tuple[SetLimit, ...]:
        """Return the limits of handling that begins anew at ``start`` (重办、恢复办理): handling, extension and cards.

        ``like`` is the limit it had: one that the catalogue named counts again. ``imposed`` counts while it is to come.
        """
        wanted = (LimitPurpose.HANDLING, LimitPurpose.LAST_EXTENSION, *_CARDS)
        run = self.at_dispatch(
            category=category,
            kind=kind,
            urgency=Urgency.ORDINARY,
            start=start,
            named=self.named(like),
            imposed=imposed if imposed is not None and imposed > start else None,
        )
        return tuple(each for each in run if each.purpose in wanted)

    def named(self, like: SetLimit | None) -> str:
        """Return the name by which a limit that an order had counts again; nothing for one that no sector's law sets."""
        statutory = {each.limit.name for each in self.statutory}
        return like.name if like is not None and like.name in statutory else ""

    def extended(self, until: datetime, *, start: datetime) -> tuple[SetLimit, ...]:
        """Return the handling limit that an extension granted at ``start`` sets, with its cards."""
        limit = self.extension
        handling = SetLimit(LimitPurpose.HANDLING, limit.name, limit.basis, start, until, limit.is_confirmed)
        return (handling, *self.cards(handling))

    def latest_extension(self, due_at: datetime) -> Expiry:
        """Return the latest moment to which an order due at ``due_at`` may be extended, all extensions together."""
        return self.expiry(self.extension, start=due_at)

    def warn_at(self, due_at: datetime) -> datetime:
        """Return when the yellow card (黄牌) is shown: some working days before ``due_at``, at the same time of day."""
        local = due_at.astimezone(self.timezone)
        return datetime.combine(
            self.calendar.subtract_working_days(local.date(), self.warning.amount),
            local.time(),
            self.timezone,
        )


def _set(purpose: LimitPurpose, expiry: Expiry, start: datetime) -> SetLimit:
    limit = expiry.limit
    return SetLimit(
        purpose, limit.name, limit.basis, start, expiry.at, limit.is_confirmed, expiry.unpublished_years
    )


def _later(start: datetime, by: timedelta, timezone: ZoneInfo) -> datetime:
    return (start.astimezone(UTC) + by).astimezone(timezone)
