"""Disclosure (公开): which orders and which figures the public may see, and nothing that tells who anybody is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final

from hotline.domain.appeal import AppealKind
from hotline.domain.assessment import Formula, Share, worth_of_resolution, worth_of_satisfaction
from hotline.domain.category import at_level, within
from hotline.domain.deeds import Disclose, Resolution, Satisfaction
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
    """Return the public version of a cleared order; None while it is open, was opened again since, or nobody decided on it."""
    if order.status not in _SETTLED or not is_public(order):
        return None
    for entry in reversed(order.history):
        if isinstance(entry.deed, Disclose):
            return Disclosed(entry.deed.text, entry.at)
        if entry.step is Step.REOPEN:
            return None
    return None


@dataclass(frozen=True, slots=True)
class Tally:
    """Orders that are alike in all that is counted, and how many (``count``); nothing in it is about one of them.

    ``counts``: they count in the assessment. ``was_in_time``: first reply within the limit, None before any reply.
    """

    count: int
    category: str | None
    county: str | None
    is_closed: bool
    is_public: bool
    was_answered_at_once: bool
    counts: bool
    was_in_time: bool | None
    was_contacted: bool | None
    resolution: Resolution | None
    result: Satisfaction | None
    unit: str | None = None


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
        closed=_count(each for each in all_of_them if each.is_closed),
        answered_at_once=_count(each for each in all_of_them if each.was_answered_at_once),
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


def _share(tallies: Iterable[Tally], worth: Callable[[Tally], Fraction | None]) -> Share:
    """Return the share over those that have a value."""
    known = [(found, each.count) for each in tallies if (found := worth(each)) is not None]
    return Share(
        sum((value * count for value, count in known), Fraction(0)), sum(count for _, count in known)
    )


def _in_time(tallies: Iterable[Tally]) -> Share:
    return _share(tallies, lambda each: _of_bool(each.was_in_time))


def _response(tallies: Iterable[Tally]) -> Share:
    return _share((each for each in tallies if each.counts), lambda each: _of_bool(each.was_contacted))


def _resolved(tallies: Iterable[Tally], formula: Formula) -> Share:
    counted = (each for each in tallies if each.counts)
    return _share(counted, lambda each: worth_of_resolution(each.resolution, formula))


def _satisfied(tallies: Iterable[Tally], formula: Formula) -> Share:
    """Without enforcement and mediation, whose satisfaction is listed apart (国办发〔2020〕53号)."""
    apart = formula.enforcement | formula.mediation
    counted = (each for each in tallies if each.counts and not within(each.category, apart))
    return _share(counted, lambda each: worth_of_satisfaction(each.result, formula))


def _of_bool(given: bool | None) -> Fraction | None:
    return None if given is None else Fraction(int(given))
