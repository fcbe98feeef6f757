"""Hot issues (热点、群体诉求): many appeals of one kind from one place in a short time are told to the duty officer once.

北京条例第29条: 突发风险即时报告. What came in is watched for each category in each county: a street that stands out is
alerted by itself, else the county. A burst goes on while enough comes in and until it has not for some time, and has
exactly one alert. It hides nothing worse: safety-risk words have bursts of their own, and so has a street within a county.
``Gathering`` is plain data: whoever watches keeps it between two appeals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hotline.domain.category import at_level
from hotline.domain.work_order import WorkOrder


@dataclass(frozen=True, slots=True)
class HotIssueSettings:
    """How many appeals within ``window_hours`` are a hot issue in a street and in a county.

    ``risky`` is enough of those with a safety-risk word. Where the usual number in a window (over ``usual_days``) is
    high, as for heating in November, it takes ``usual_factor`` times as many. A burst ends when for ``calm_hours`` there
    were never as many as that takes.
    """

    window_hours: float
    street: int
    county: int
    risky: int
    risk_words: tuple[str, ...]
    calm_hours: float
    usual_days: float
    usual_factor: float
    basis: str = ""
    is_confirmed: bool = False


class AlertGround(StrEnum):
    """Why a hot issue is alerted."""

    GATHERED = "gathered"  # 同地同类短时聚集
    RISKY = "risky"  # 安全风险


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One appeal as it counts for hot issues: by its class of the second level."""

    number: str
    category: str
    county: str
    street: str | None
    at: datetime
    text: str

    @property
    def key(self) -> str:
        """Under which its ``Gathering`` is kept: county and category."""
        return f"{self.county}/{self.category}"

    @classmethod
    def of(cls, order: WorkOrder) -> Occurrence | None:
        """Return how ``order`` counts; None when its place or category is not known."""
        appeal, place = order.appeal, order.appeal.place
        category = at_level(appeal.category)
        if category is None or place is None or place.county_code is None:
            return None
        return cls(
            order.number,
            category,
            place.county_code,
            place.street_code,
            order.registered_at,
            appeal.text,
        )


@dataclass(frozen=True, slots=True)
class HotIssueAlert:
    """The one alert of a burst. ``place`` is the code of the street or county, ``risk_words`` those that were said.

    ``least`` is the number that had to be reached, ``since`` when the first of ``numbers`` came in.
    """

    at: datetime
    since: datetime
    category: str
    place: str
    numbers: tuple[str, ...]
    ground: AlertGround
    least: int
    risk_words: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Unique for the burst, so that a message about it is written once."""
        return f"{self.place}/{self.category}/{self.ground}/{self.at.isoformat()}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One appeal within the window."""

    at: datetime
    number: str
    street: str | None
    risk_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gathering:
    """What came in lately of one category in one county, and the bursts under way: of each place by ground, and when there were last enough.

    ``usual`` holds for each place a count that fades over ``usual_days``, as of ``measured_at``.
    """

    seen: tuple[Seen, ...] = ()
    bursts: Mapping[str, Mapping[AlertGround, datetime]] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)
    measured_at: datetime | None = None

    def lately(self, at: datetime, settings: HotIssueSettings) -> Gathering:
        """Return what of it is still within the window at ``at``, with the bursts that are not over by then."""
        oldest, calm = (
            at - timedelta(hours=settings.window_hours),
            at - timedelta(hours=settings.calm_hours),
        )
        seen = tuple(each for each in self.seen if each.at > oldest)
        going_on = {
            place: {ground: last for ground, last in grounds.items() if last > calm}
            for place, grounds in self.bursts.items()
        }
        return replace(
            self, seen=seen, bursts={place: grounds for place, grounds in going_on.items() if grounds}
        )

    def after(
        self, occurrence: Occurrence, settings: HotIssueSettings
    ) -> tuple[Gathering, tuple[HotIssueAlert, ...]]:
        """Return what is kept after ``occurrence``, and the alerts of the bursts that it begins.

        The same number counts once, as it was told last. What comes too late for its window (an order that waited for the
        database, or was completed days afterwards) does not count any more.
        """
        at = max(occurrence.at, self.measured_at or occurrence.at)
        words = tuple(word for word in settings.risk_words if word in occurrence.text)
        new = Seen(occurrence.at, occurrence.number, occurrence.street, words)
        if new in self.seen or occurrence.at <= at - timedelta(hours=settings.window_hours):
            return self, ()
        places = [place for place in (occurrence.street, occurrence.county) if place is not None]
        usual = self._faded(at, settings)
        others = tuple(each for each in self.seen if each.number != occurrence.number)
        first = int(len(others) == len(self.seen))
        counts = {**usual, **{place: usual.get(place, 0.0) + first for place in places}}
        lately = replace(self, seen=(*others, new)).lately(at, settings)
        bursts = dict(lately.bursts)
        alerts: list[HotIssueAlert] = []
        kept = Gathering(lately.seen, bursts, counts, at)
        for place in places:
            going_on, alert = kept._watched(place, occurrence, usual.get(place, 0.0), settings)
            if going_on:
                bursts[place] = going_on
            if alert is not None:
                alerts.append(alert)
        return kept, tuple(alerts)

    def _watched(
        self, place: str, occurrence: Occurrence, usual: float, settings: HotIssueSettings
    ) -> tuple[Mapping[AlertGround, datetime], HotIssueAlert | None]:
        """Return the bursts of ``place`` as they are now, and the alert if one begins.

        A risk is alerted whatever else goes on there; that there are many is not news where a risk was alerted.
        """
        in_window = usual * settings.window_hours / (24 * settings.usual_days)
        is_county = place == occurrence.county
        many = max(
            settings.county if is_county else settings.street, math.ceil(settings.usual_factor * in_window)
        )
        going_on = dict(self.bursts.get(place, {}))
        alert = None
        for ground, least in ((AlertGround.RISKY, settings.risky), (AlertGround.GATHERED, many)):
            told = self._counted(place, ground, is_county=is_county)
            if len(told) < least:
                continue
            if not going_on.keys() & {ground, AlertGround.RISKY}:
                alert = self._alert(place, occurrence, ground, told, least)
            going_on[ground] = self.measured_at or occurrence.at
        return going_on, alert

    def _counted(self, place: str, ground: AlertGround, *, is_county: bool) -> list[Seen]:
        """Return what counts in ``place``: in a county not once more what its streets were alerted for."""

        def is_told(street: str) -> bool:
            grounds = self.bursts.get(street, {})
            return AlertGround.RISKY in grounds if ground is AlertGround.RISKY else bool(grounds)

        return [
            each
            for each in self.seen
            if (not is_told(each.street or "") if is_county else each.street == place)
            and (each.risk_words or ground is AlertGround.GATHERED)
        ]

    def _alert(
        self, place: str, occurrence: Occurrence, ground: AlertGround, told: Sequence[Seen], least: int
    ) -> HotIssueAlert:
        return HotIssueAlert(
            at=self.measured_at or occurrence.at,
            since=min(each.at for each in told),
            category=occurrence.category,
            place=place,
            numbers=tuple(each.number for each in told),
            ground=ground,
            least=least,
            risk_words=tuple(dict.fromkeys(word for each in told for word in each.risk_words)),
        )

    def _faded(self, at: datetime, settings: HotIssueSettings) -> dict[str, float]:
        if self.measured_at is None:
            return {}
        days = max(0.0, (at - self.measured_at).total_seconds() / 86_400)
        share = math.exp(-days / settings.usual_days)
        return {place: count * share for place, count in self.usual.items()}

    def to_json(self) -> dict[str, Any]:
        """Return plain values for keeping."""
        return {
            "seen": [
                [each.at.isoformat(), each.number, each.street, list(each.risk_words)] for each in self.seen
            ],
            "bursts": {
                place: {ground.value: last.isoformat() for ground, last in grounds.items()}
                for place, grounds in self.bursts.items()
            },
            "usual": dict(self.usual),
            "measured_at": self.measured_at.isoformat() if self.measured_at else None,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Gathering:
        """Return what ``to_json`` made. An earlier version kept one burst of each place, with its time only."""
        read: Callable[[str], datetime] = datetime.fromisoformat
        return cls(
            seen=tuple(
                Seen(read(at), number, street, tuple(words)) for at, number, street, words in kept["seen"]
            ),
            bursts={
                place: {
                    AlertGround(ground): read(last)
                    for ground, last in ({"gathered": given} if isinstance(given, str) else given).items()
                }
                for place, given in kept["bursts"].items()
            },
            usual=dict(kept["usual"]),
            measured_at=read(kept["measured_at"]) if kept["measured_at"] else None,
        )
