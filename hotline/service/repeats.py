"""Repeats and progress: a citizen's earlier orders, and the city's rules for repeats and hot issues.

Secret orders (保密) never turn up by the calling number; by their number only with the last four digits of the telephone
that filed them, and never on a call from another telephone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from hotline.city import City, read_yaml
from hotline.domain.appeal import Appeal, PhoneNumber
from hotline.domain.category import nearest
from hotline.domain.errors import CityConfigError, WorkOrderNotFoundError
from hotline.domain.hot_issues import HotIssueAlert, HotIssueSettings
from hotline.domain.repeats import PROOF_DIGITS, PastOrder, Repeat, RepeatSettings, find_repeat
from hotline.domain.work_order import Status, WorkOrder
from hotline.phonetics import sounds

_LIMITS: Final = ("alike_other_category", "alike", "alike_same_category", "alike_same_place")
_MERE_CONTACTS: Final = (Status.ANSWERED, Status.WITHDRAWN)
_TIME: Final = "%m-%d %H:%M"
_MOST_MERGES: Final = 20


class PastOrders(Protocol):
    """A citizen's earlier orders, and any order by its number (the work order store is one)."""

    async def of_citizen(self, phone: PhoneNumber, *, limit: int = 20) -> Sequence[WorkOrder]:
        """Return the orders that this telephone registered or joined, the newest first."""

    async def get(self, number: str) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""


async def handled_as(orders: PastOrders, number: str) -> WorkOrder:
    """Return the order as which ``number`` is handled: itself, or where it was merged at last (并单). Raises ``WorkOrderNotFoundError``."""
    order = await orders.get(number)
    for _ in range(_MOST_MERGES):
        if order.merged_into is None:
            break
        order = await orders.get(order.merged_into)
    return order


class Told(StrEnum):
    """Whether progress may be told."""

    YES = "yes"
    NOT_FOUND = "not_found"
    PROOF_NEEDED = "proof_needed"  # 保密单：须说出登记电话后四位
    REFUSED = "refused"  # 核对不上


class CitizensOrders:
    """Looks a citizen's orders up for the conversation."""

    def __init__(
        self, orders: PastOrders, settings: RepeatSettings, unit_name: Callable[[str], str] = str
    ) -> None:
        """Take where orders are kept, when two matters are one, and what turns a unit's code into its name."""
        self._orders = orders
        self._settings = settings
        self._unit_name = unit_name

    async def repeat_of(self, appeal: Appeal, caller: PhoneNumber, *, at: datetime) -> Repeat | None:
        """Return the earlier order of the calling number on the same matter, or None."""
        past = await self._past(caller)
        # Sounding out twenty long letters takes longer than a call's sound may wait.
        return await asyncio.to_thread(find_repeat, appeal, past, at, self._settings, sounds)

    async def by_phone(self, caller: PhoneNumber) -> tuple[PastOrder, ...]:
        """Return the caller's orders that may be told, open ones first, then the newest; records of mere contacts not."""
        return told_of(await self._past(caller))

    async def by_number(
        self, number: str, *, caller: PhoneNumber | None, proof: str | None
    ) -> tuple[Told, PastOrder | None]:
        """Return whether the order may be told, and the order when it may: for a merged record, the one it went into."""
        try:
            order = await handled_as(self._orders, number)
        except WorkOrderNotFoundError:
            return Told.NOT_FOUND, None
        past = PastOrder.of(order, self._unit_name)
        if past.is_secret:
            if proof is None:
                return Told.PROOF_NEEDED, None
            filed = [party.phone for party in order.citizens if party.phone is not None]
            if caller is not None:
                filed = [phone for phone in filed if phone == caller]
            if not any(phone.digits[-PROOF_DIGITS:] == proof for phone in filed):
                return Told.REFUSED, None
        return Told.YES, past

    async def _past(self, caller: PhoneNumber) -> list[PastOrder]:
        return [PastOrder.of(order, self._unit_name) for order in await self._orders.of_citizen(caller)]


def told_of(orders: Sequence[PastOrder]) -> tuple[PastOrder, ...]:
    """Return those of a citizen's orders that may be told them, open ones first, then the newest; mere contacts not."""
    told = [order for order in orders if not order.is_secret and _is_followed(order)]
    told.sort(key=lambda order: (order.is_open, order.registered_at), reverse=True)
    return tuple(told)


def _is_followed(order: PastOrder) -> bool:
    """Whether somebody is or was to do something about it."""
    return order.merged_into is None and order.status not in _MERE_CONTACTS


@dataclass(frozen=True, slots=True)
class RepeatRules:
    """The city's rules for repeats and hot issues, and how an alert is worded."""

    repeats: RepeatSettings
    hot_issues: HotIssueSettings
    alerts: dict[str, str]

    def worded(self, alert: HotIssueAlert, city: City) -> str:
        """Return what the duty officer reads."""
        place = city.streets.get(alert.place) or city.counties.get(alert.place)
        category = nearest(alert.category, city.categories)
        since, at = (moment.astimezone(city.timezone).strftime(_TIME) for moment in (alert.since, alert.at))
        return self.alerts[alert.ground.value].format(
            place=place.name if place is not None else alert.place,
            category=category.name if category is not None else alert.category,
            count=len(alert.numbers),
            least=alert.least,
            since=since,
            at=at,
            words="、".join(alert.risk_words),
            numbers="、".join(alert.numbers),
        )


def load_repeat_rules(city: City) -> RepeatRules:
    """Read ``repeats.yaml``; anything missing or of the wrong kind is a ``CityConfigError``."""
    file = city.folder / "repeats.yaml"
    rows = read_yaml(file)
    try:
        return RepeatRules(
            repeats=_repeats(rows["repeats"]),
            hot_issues=_hot_issues(rows["hot_issues"]),
            alerts={ground: str(rows["alerts"][ground]) for ground in ("gathered", "risky")},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CityConfigError(file=str(file), reason=f"缺少内容或写法不对：{error!r}") from error


def _repeats(row: dict[str, Any]) -> RepeatSettings:
    limits = {name: float(row[name]) for name in _LIMITS}
    wrong = [name for name, value in limits.items() if not 0 < value <= 1]
    if wrong:
        raise ValueError(wrong[0])
    return RepeatSettings(
        within_days=int(row["within_days"]),
        new_fact_words=tuple(row["new_fact_words"]),
        empty_words=tuple(sorted(row["empty_words"], key=len, reverse=True)),
        basis=row["basis"],
        is_confirmed=bool(row["confirmed"]),
        **limits,
    )


def _hot_issues(row: dict[str, Any]) -> HotIssueSettings:
    counts = {name: int(row[name]) for name in ("street", "county", "risky")}
    times = {name: float(row[name]) for name in ("window_hours", "calm_hours", "usual_days", "usual_factor")}
    wrong = [name for name, value in {**counts, **times}.items() if value <= 0]
    if wrong:
        raise ValueError(wrong[0])
    return HotIssueSettings(
        street=counts["street"],
        county=counts["county"],
        risky=counts["risky"],
        risk_words=tuple(row["risk_words"]),
        basis=row["basis"],
        is_confirmed=bool(row["confirmed"]),
        **times,
    )
