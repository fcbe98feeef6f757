"""Repeats (重复诉求): the same person with the same matter and no new facts, and how an earlier order stands.

A repeat is merged, not handled twice (国办函〔2025〕66号; 北京条例第11条第3款). Whether it is one, the citizen says: here it
is only found likely. Words are compared by sound, since what was heard over the telephone has other characters each time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from hotline.domain.appeal import Appeal, AppealKind, Place, Secrecy
from hotline.domain.category import at_level
from hotline.domain.work_order import Status, WorkOrder

Sounds = Callable[[str], Sequence[str]]
"""One sound for each character of a text (``hotline.phonetics.sounds``); ``tuple`` compares characters as written."""

PROOF_DIGITS: Final = 4
"""So many last digits of the telephone that filed a secret order prove whose it is."""
_NO_WORD: Final = re.compile(r"[\W_]+")
_COVERING: Final = 0.9
_COMPARED: Final = 1_000
_ENOUGH_PAIRS: Final = 12
_ENOUGH_PAIRS_IN_CATEGORY: Final = 3
_NOT_A_MATTER: Final = (Status.WITHDRAWN, Status.DECLINED)
_NO_MATTER_OF_ITS_OWN: Final = (AppealKind.WITHDRAWAL, AppealKind.NUISANCE, AppealKind.INVALID)


@dataclass(frozen=True, slots=True)
class OrderNews:
    """What a citizen is told of an order; nothing of its content, since a number is easily guessed."""

    number: str
    status: Status
    registered_at: datetime
    due_at: datetime | None = None
    lead_unit_name: str | None = None
    category: str | None = None
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class PastOrder:
    """What of an earlier order is needed to recognise a repeat and to tell how it stands.

    ``lead_unit_name`` is None before a unit has it. ``is_secret``: nothing of it is told without proof (保密).
    """

    number: str
    category: str | None
    place: Place | None
    text: str
    status: Status
    registered_at: datetime
    due_at: datetime | None = None
    is_open: bool = True
    lead_unit_name: str | None = None
    kind: AppealKind = AppealKind.HELP
    is_secret: bool = False
    merged_into: str | None = None

    @property
    def news(self) -> OrderNews:
        """What the citizen is told of it."""
        return OrderNews(
            number=self.number,
            status=self.status,
            registered_at=self.registered_at,
            due_at=self.due_at,
            lead_unit_name=self.lead_unit_name,
            category=self.category,
            is_open=self.is_open,
        )

    @classmethod
    def of(cls, order: WorkOrder, unit_name: Callable[[str], str] = str) -> PastOrder:
        """Return what is needed of ``order``; ``unit_name`` turns a unit's code into its name."""
        appeal, unit = order.appeal, order.lead_unit if order.is_dispatched else None
        return cls(
            number=order.number,
            category=appeal.category,
            place=appeal.place,
            text=appeal.text,
            status=order.status,
            registered_at=order.registered_at,
            due_at=order.due_at,
            is_open=not order.is_closed,
            lead_unit_name=unit_name(unit) if unit is not None else None,
            kind=appeal.kind,
            is_secret=appeal.kind is AppealKind.TIP_OFF
            or any(party.secrecy is Secrecy.CONFIDENTIAL for party in order.citizens),
            merged_into=order.merged_into,
        )


@dataclass(frozen=True, slots=True)
class RepeatSettings:
    """When two appeals of one person are the same matter. Likeness is 0–1; each limit is the least that counts.

    ``alike_other_category`` where both categories are known and differ, ``alike`` where one is not known,
    ``alike_same_category`` and ``alike_same_place`` with that in common as well (the place counts only together with
    the category). ``new_fact_words`` say that something has changed since; ``empty_words`` say nothing of the matter.
    """

    within_days: int
    alike_other_category: float
    alike: float
    alike_same_category: float
    alike_same_place: float
    new_fact_words: tuple[str, ...] = ()
    empty_words: tuple[str, ...] = ()
    basis: str = ""
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """An earlier order on the same matter. ``new_facts`` are words that tell of a change: then it is no mere repeat."""

    order: PastOrder
    likeness: float
    new_facts: tuple[str, ...] = ()

    @property
    def may_be_merged(self) -> bool:
        """Whether merging loses nothing: the order is still open and nothing new was said (regulations: rule 7)."""
        return self.order.is_open and not self.new_facts


def likeness(one: str, other: str, sounds: Sounds, *, enough_pairs: int = _ENOUGH_PAIRS) -> float:
    """Return how much two texts share, 0–1, by pairs of neighbouring sounds.

    A text within a longer one counts if it has ``enough_pairs``. Of very long texts the beginning is compared.
    """
    first, second = _pairs(one, sounds), _pairs(other, sounds)
    shared, sizes = (first & second).total(), (first.total(), second.total())
    if not shared:
        return 0.0
    covered = _COVERING * shared / min(sizes) if min(sizes) >= enough_pairs else 0.0
    return max(2 * shared / sum(sizes), covered)


def find_repeat(
    appeal: Appeal, past: Sequence[PastOrder], at: datetime, settings: RepeatSettings, sounds: Sounds
) -> Repeat | None:
    """Return the likeliest of this person's ``past`` orders on the same matter, an open one first; None if there is none."""
    since = at - timedelta(days=settings.within_days)
    found: list[Repeat] = []
    for order in past:
        if order.registered_at < since or order.status in _NOT_A_MATTER or order.merged_into is not None:
            continue
        if order.kind in _NO_MATTER_OF_ITS_OWN or _are_apart(appeal.place, order.place):
            continue
        is_same_category = appeal.category is not None and _are_one_kind(appeal, order)
        # Of two classes the same estate says nothing: 金阳花园路灯不亮 is not 金阳花园垃圾没人清.
        is_other = not is_same_category and None not in (appeal.category, order.category)
        alike = likeness(
            _matter(appeal.text, appeal.place, settings, is_bare=is_other),
            _matter(order.text, order.place, settings, is_bare=is_other),
            sounds,
            enough_pairs=_ENOUGH_PAIRS_IN_CATEGORY if is_same_category else _ENOUGH_PAIRS,
        )
        if alike >= _least(appeal, order, settings):
            found.append(Repeat(order, round(alike, 3), _new_facts(appeal.text, order.text, settings)))
    return max(found, key=lambda each: (each.order.is_open, each.likeness), default=None)


def _are_one_kind(appeal: Appeal, order: PastOrder) -> bool:
    """Compare at the second level: which third-level class a sentence is put in changes with its words."""
    return at_level(appeal.category) == at_level(order.category)


def _least(appeal: Appeal, order: PastOrder, settings: RepeatSettings) -> float:
    if appeal.category is None or order.category is None:
        return settings.alike
    if not _are_one_kind(appeal, order):
        return settings.alike_other_category
    if _is_same_place(appeal.place, order.place):
        return settings.alike_same_place
    return settings.alike_same_category


def _new_facts(said: str, before: str, settings: RepeatSettings) -> tuple[str, ...]:
    return tuple(word for word in settings.new_fact_words if word in said and word not in before)


def _matter(text: str, place: Place | None, settings: RepeatSettings, *, is_bare: bool) -> str:
    """Take out of the account what every appeal of one person has: the place (``is_bare``: all of it), and ways of speaking."""
    names = (place.county, place.street) if place is not None else ()
    if place is not None and is_bare:
        names = (*names, place.detail)
    for name in (*names, *settings.empty_words):
        text = text.replace(name, "") if name else text
    return text


def _is_same_place(one: Place | None, other: Place | None) -> bool:
    if one is None or other is None or not (one.is_located and one.county_code == other.county_code):
        return False
    return one.street_code == other.street_code and one.street_code is not None


def _are_apart(one: Place | None, other: Place | None) -> bool:
    """Whether both are known and lie in different counties, or in different streets."""
    if one is None or other is None:
        return False
    return any(
        first is not None and second is not None and first != second
        for first, second in ((one.county_code, other.county_code), (one.street_code, other.street_code))
    )


def _pairs(text: str, sounds: Sounds) -> Counter[tuple[str, str]]:
    heard = sounds(_NO_WORD.sub("", text)[:_COMPARED])
    return Counter(pairwise(heard))
