"""Disclosure (公开): which orders and which figures the public may see, and nothing that tells who anybody is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final

from hotline.domain.appeal import AppealKind
from hotline.domain.assessment import Formula, Share
from hotline.domain.category import at_level, within
from hotline.domain.deeds import Disclose
from hotline.domain.life_cycle import Status, Step
from hotline.domain.work_order import WorkOrder

SMALLEST_CELL: Final = 5
"""Counts below this are not published: one could guess who is behind them."""
PUBLIC_KINDS: Final = (
    AppealKind.INQUIRY, AppealKind.HELP, AppealKind.COMPLAINT, AppealKind.SUGGESTION, AppealKind.PRAISE,
)  # fmt: skip
"""Never tip-offs, and no records in which nobody asks for anything."""
COUNTED_KINDS: Final = (*PUBLIC_KINDS, AppealKind.TIP_OFF)
"""What counts as accepted (受理): everything but nuisance, withdrawals and what is no appeal."""
_SETTLED: Final = frozenset({Status.CONCLUDED, Status.ARCHIVED})


def is_public(order: WorkOrder) -> bool:
    """Whether the public may know of the order at all (rule 36), and not only of its number in a total."""
    return order.may_be_disclosed and order.appeal.kind in PUBLIC_KINDS and order.appeal.emergency is None


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a person has made public of an order, and when."""

    text: str
    at: datetime


def disclosed(order: WorkOrder) -> Disclosed | None:
    """Return the public version of a cleared order; None while it is open, was opened again or taken off since, or nobody decided on it."""
    if order.status not in _SETTLED or not is_public(order):
        return None
    for entry in reversed(order.history):
        if isinstance(entry.deed, Disclose):
            return Disclosed(entry.deed.text, entry.at)
        if entry.step in (Step.REOPEN, Step.WITHHOLD):
            return None
    return None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many orders of one class, in one county or of one unit, and how many of them are what; nothing is about one of them.

    ``in_time`` and ``late`` are those that were replied to; from ``counted`` on only those that count in the assessment.
    """

    category: str | None
    county: str | None
    unit: str | None
    is_public: bool
    count: int
    closed: int
    answered_at_once: int
    in_time: int
    late: int
    counted: int
    contacted: int
    not_contacted: int
    resolved: int
    mostly_resolved: int
    unresolved: int
    satisfied: int
    mostly_satisfied: int
    dissatisfied: int
    process_satisfied: int
    process_mostly_satisfied: int
    process_dissatisfied: int

    def of_resolution(self, formula: Formula) -> tuple[tuple[Fraction, int], ...]:
        """Return what orders count as resolved, and how many count so."""
        return (Fraction(0), self.unresolved), (formula.mostly, self.mostly_resolved), (Fraction(1), self.resolved)  # fmt: skip

    def of_satisfaction(self, formula: Formula) -> tuple[tuple[Fraction, int], ...]:
        """Return what orders count as satisfying, and how many count so."""
        return (Fraction(0), self.dissatisfied), (formula.mostly, self.mostly_satisfied), (Fraction(1), self.satisfied)  # fmt: skip

    def of_process(self, formula: Formula) -> tuple[tuple[Fraction, int], ...]:
        """Return what orders count as handled satisfyingly (过程满意), and how many count so."""
        return (
            (Fraction(0), self.process_dissatisfied), (formula.mostly, self.process_mostly_satisfied),
            (Fraction(1), self.process_satisfied),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FigureRow:
    """Figures of one class or county; None stands for what is too small to publish."""

    accepted: int | None
    in_time: Fraction | None = None
    satisfied: Fraction | None = None


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """Figures for the public; rates from 0 to 1, None where too few orders were counted to publish them.

    ``by_group`` goes by the first level of the classes, ``by_category`` (counts only) by the second.
    """

    accepted: int = 0
    closed: int = 0
    answered_at_once: int = 0
    in_time: Fraction | None = None
    response: Fraction | None = None
    resolved: Fraction | None = None
    satisfied: Fraction | None = None
    by_group: Mapping[str, FigureRow] = field(default_factory=dict)
    by_category: Mapping[str, int | None] = field(default_factory=dict)
    by_county: Mapping[str, FigureRow] = field(default_factory=dict)


def public_figures(tallies: Iterable[Tally], formula: Formula) -> PublicFigures:
    """Return the figures; what is not for the public is in the totals only, never in a breakdown (小单元隐匿)."""
    all_of_them = tuple(tallies)
    open_to_all = [each for each in all_of_them if each.is_public]
    accepted = _count(all_of_them)
    groups = _rows(open_to_all, lambda each: at_level(each.category, 1), accepted, formula)
    return PublicFigures(
        accepted=accepted,
        closed=sum(each.closed for each in all_of_them),
        answered_at_once=sum(each.answered_at_once for each in all_of_them),
        in_time=_published(_in_time(all_of_them)),
        response=_published(_response(all_of_them)),
        resolved=_published(_resolved(all_of_them, formula)),
        satisfied=_published(_satisfied(all_of_them, formula)),
        by_group=groups,
        by_category=_classes(open_to_all, groups),
        by_county=_rows(open_to_all, lambda each: each.county, accepted, formula),
    )


def _count(tallies: Iterable[Tally]) -> int:
    return sum(each.count for each in tallies)


def _rows(
    tallies: Sequence[Tally], key: Callable[[Tally], str | None], total: int, formula: Formula
) -> dict[str, FigureRow]:
    parts: defaultdict[str, list[Tally]] = defaultdict(list)
    for each in tallies:
        if (found := key(each)) is not None:
            parts[found].append(each)
    counts = suppressed({code: _count(part) for code, part in parts.items()}, total)
    return {
        code: FigureRow(
            count, _published(_in_time(parts[code])), _published(_satisfied(parts[code], formula))
        )
        if count is not None
        else FigureRow(None)
        for code, count in sorted(counts.items())
    }


def _classes(tallies: Iterable[Tally], groups: Mapping[str, FigureRow]) -> dict[str, int | None]:
    """Count by the second level; classes of a group that is not published are not either."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in tallies:
        code, group = at_level(each.category), at_level(each.category, 1)
        if code is not None and group is not None:
            counts[group][code] += each.count
    found: dict[str, int | None] = {}
    for group, theirs in sorted(counts.items()):
        total = groups[group].accepted
        found |= dict.fromkeys(sorted(theirs)) if total is None else suppressed(theirs, total)
    return found


def suppressed(counts: Mapping[str, int], total: int) -> dict[str, int | None]:
    """Return the counts without the small ones, and without the next where the total would give a small one away.

    ``total`` is published beside them: when one count alone is hidden and nothing else is missing from the total, it
    could be worked out, so that the smallest of the others is hidden as well.
    """
    hidden = {key for key, count in counts.items() if count < SMALLEST_CELL}
    missing = total - sum(count for key, count in counts.items() if key not in hidden)
    others = sorted((key for key in counts if key not in hidden), key=lambda key: (counts[key], key))
    if len(hidden) == 1 and missing < SMALLEST_CELL and others:
        hidden.add(others[0])
    return {key: None if key in hidden else counts[key] for key in sorted(counts)}


def _published(share: Share) -> Fraction | None:
    return share.rate if share.of >= SMALLEST_CELL else None


def _in_time(tallies: Sequence[Tally]) -> Share:
    met = sum(each.in_time for each in tallies)
    return Share(Fraction(met), met + sum(each.late for each in tallies))


def _response(tallies: Sequence[Tally]) -> Share:
    met = sum(each.contacted for each in tallies)
    return Share(Fraction(met), met + sum(each.not_contacted for each in tallies))


def _resolved(tallies: Iterable[Tally], formula: Formula) -> Share:
    return share_of(part for each in tallies for part in each.of_resolution(formula))


def _satisfied(tallies: Iterable[Tally], formula: Formula) -> Share:
    """Without enforcement and mediation, whose satisfaction is listed apart (国办发〔2020〕53号)."""
    apart = formula.enforcement | formula.mediation
    ordinary = (each for each in tallies if not within(each.category, apart))
    return share_of(part for each in ordinary for part in each.of_satisfaction(formula))


def share_of(parts: Iterable[tuple[Fraction, int]], forgiven: int = 0) -> Share:
    """Return the share over orders of each value, without the worst ``forgiven`` of those that fell short (容错)."""
    counts: Counter[Fraction] = Counter()
    for value, count in parts:
        counts[value] += count
    met, of, left = Fraction(0), 0, forgiven
    for value, count in sorted(counts.items()):
        dropped = min(left, count) if value < 1 else 0
        left -= dropped
        met, of = met + value * (count - dropped), of + count - dropped
    return Share(met, of)
