"""Which calls the hotline may place now (外呼): a pure decision over what is due, the rules and the time.

Only numbers that contacted the hotline are called, never one that asked not to be; in allowed hours, each try in
another half day, and only while enough lines stay free for those who call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import CityConfigError, HotlineError
from hotline.domain.outbound import DueCall, PlannedCall
from hotline.domain.working_calendar import WorkingCalendar

_DAYS: Final = ("every", "working")
_BY: Final = ("person", "machine")


class NotCalled(StrEnum):
    """Why a call that is due is not placed; the first four are for good, and stable codes."""

    NEVER_CONTACTED_US = "outbound.never_contacted_us"
    STOPPED = "outbound.stopped"
    OUT_OF_ATTEMPTS = "outbound.out_of_attempts"
    LEFT_TO_PERSON = "outbound.left_to_person"
    OUT_OF_HOURS = "outbound.out_of_hours"
    SAME_HALF_DAY = "outbound.same_half_day"
    NO_FREE_LINE = "outbound.no_free_line"

    @property
    def is_final(self) -> bool:
        """Whether waiting changes nothing."""
        return self in _FINAL


_FINAL: Final = frozenset({
    NotCalled.NEVER_CONTACTED_US,
    NotCalled.STOPPED,
    NotCalled.OUT_OF_ATTEMPTS,
    NotCalled.LEFT_TO_PERSON,
})  # fmt: skip


class CallNotPlacedError(HotlineError):
    """A call that somebody asked for may not be placed; ``code`` is why."""

    code = "outbound.not_placed"

    def __init__(self, why: NotCalled) -> None:
        self.code = why.value
        super().__init__(why.value)


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """The city's rules: ``windows`` of local time, each ending before its second time; ``unconfirmed`` are 待核."""

    windows: tuple[tuple[time, time], ...]
    only_working_days: bool
    max_attempts: int
    at_once: int
    per_minute: int
    keep_free: int
    machine_calls_secret: bool
    unconfirmed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """How the lines stand: outbound calls ``running``, calls ``placed_lately`` (in the last minute), lines ``free``."""

    free: int
    running: int = 0
    placed_lately: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The calls to place now, and why the others are not."""

    calls: tuple[PlannedCall, ...]
    left: tuple[tuple[DueCall, NotCalled], ...]


def plan(
    due: Iterable[DueCall],
    *,
    at: datetime,
    rules: OutboundRules,
    calendar: WorkingCalendar,
    contacted: Collection[PhoneNumber],
    stopped: Collection[PhoneNumber],
    lines: Lines,
) -> Plan:
    """Decide which of ``due``, the most urgent first, are called at the local time ``at``; a number only once."""
    room = min(
        rules.at_once - lines.running,
        rules.per_minute - lines.placed_lately,
        lines.free - rules.keep_free,
    )
    calls: list[PlannedCall] = []
    left: list[tuple[DueCall, NotCalled]] = []
    called: set[PhoneNumber] = set()
    for each in due:
        why = _refusal(each, rules, contacted, stopped) or _hindrance(each, at, rules, calendar)
        if why is None and each.phone in called:
            why = NotCalled.SAME_HALF_DAY
        if why is None and len(calls) >= room:
            why = NotCalled.NO_FREE_LINE
        if why is None:
            called.add(each.phone)
            calls.append(each.next)
        else:
            left.append((each, why))
    return Plan(tuple(calls), tuple(left))


def half_day(at: datetime, rules: OutboundRules, calendar: WorkingCalendar) -> tuple[date, int] | None:
    """Return the day and window that the local time ``at`` lies in, None outside the allowed hours."""
    if rules.only_working_days and not calendar.is_working_day(at.date()):
        return None
    clock = at.time()
    for index, (start, end) in enumerate(rules.windows):
        if start <= clock < end:
            return at.date(), index
    return None


def _refusal(
    due: DueCall,
    rules: OutboundRules,
    contacted: Collection[PhoneNumber],
    stopped: Collection[PhoneNumber],
) -> NotCalled | None:
    if due.phone not in contacted:
        return NotCalled.NEVER_CONTACTED_US
    if due.phone in stopped:
        return NotCalled.STOPPED
    if due.is_secret and not rules.machine_calls_secret:
        return NotCalled.LEFT_TO_PERSON
    return NotCalled.OUT_OF_ATTEMPTS if len(due.tried_at) >= rules.max_attempts else None


def _hindrance(
    due: DueCall, at: datetime, rules: OutboundRules, calendar: WorkingCalendar
) -> NotCalled | None:
    now = half_day(at, rules, calendar)
    if now is None:
        return NotCalled.OUT_OF_HOURS
    tried = (half_day(each.astimezone(at.tzinfo), rules, calendar) for each in due.tried_at)
    return NotCalled.SAME_HALF_DAY if now in tried else None


def load_outbound_rules(city: City) -> OutboundRules:
    """Read ``outbound.yaml``; anything missing or of the wrong kind is a ``CityConfigError``."""
    file = city.folder / "outbound.yaml"
    rows = read_yaml(file)
    try:
        hours, pacing = rows["hours"], rows["pacing"]
        windows = tuple(
            (time.fromisoformat(start), time.fromisoformat(end)) for start, end in hours["windows"]
        )
        rules = OutboundRules(
            windows=windows,
            only_working_days=_DAYS.index(hours["days"]) == 1,
            max_attempts=int(rows["attempts"]["most"]),
            at_once=int(pacing["at_once"]),
            per_minute=int(pacing["per_minute"]),
            keep_free=int(pacing["keep_free"]),
            machine_calls_secret=_BY.index(rows["secret_orders"]["by"]) == 1,
            unconfirmed=tuple(
                name for name, row in rows.items() if "confirmed" in row and not row["confirmed"]
            ),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise CityConfigError(file=str(file), reason=f"外呼规则缺少内容或写法不对：{error}") from error
    ends = [moment for window in windows for moment in window]
    if not windows or ends != sorted(set(ends)):
        raise CityConfigError(file=str(file), row="hours", reason="时段要先后排列，不能重叠")
    if min(rules.max_attempts, rules.at_once, rules.per_minute) < 1 or rules.keep_free < 0:
        raise CityConfigError(file=str(file), row="pacing", reason="次数和并发要大于零")
    return rules
