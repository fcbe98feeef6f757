"""The router on the dispatch catalogue's rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind, Urgency
from hotline.domain.category import SECOND, nearest
from hotline.domain.routing import Candidate, RoutingDecision
from hotline.domain.time_limits import TimeLimits
from router.catalogue import NO_CATEGORY, Catalogue, in_force
from router.mentions import Mention
from router.row import PLACE, Area, Row, Situation
from router.tables import CatalogueHolder, TablesInForce

_CANDIDATES: Final = 3
_SPEAKS_FOR_ALL: Final = (AppealKind.INQUIRY, AppealKind.SUGGESTION, AppealKind.PRAISE)
_RANK: Final = {Urgency.ORDINARY: 0, Urgency.UTILITIES: 1, Urgency.LIFE_SAFETY: 2}
_MANUAL_RULE: Final = "manual"


@dataclass(frozen=True, slots=True)
class _View:
    """One appeal under one version of the catalogue."""

    appeal: Appeal
    catalogue: Catalogue
    limits: TimeLimits
    situation: Situation
    mentions: tuple[Mention, ...]
    is_elsewhere: bool


@dataclass(frozen=True, slots=True)
class Weighing:
    """A decision and what it rests on: the situation, the words found, and every row that applies, first of all first."""

    decision: RoutingDecision
    situation: Situation
    mentions: tuple[Mention, ...]
    rows: tuple[Row, ...]


class RuleRouter:
    """Decides by the first row of the catalogue that applies (see ``router.catalogue``)."""

    def __init__(self, city: City, holder: TablesInForce) -> None:
        self._city = city
        self.holder = holder
        self._unit_of_county = {
            unit.county_code: unit.code for unit in city.units.values() if unit.county_code is not None
        }

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide who handles ``appeal``; see ``Router.route``."""
        return self.weigh(appeal, at=at).decision

    def weigh(self, appeal: Appeal, *, at: datetime) -> Weighing:
        """Decide, and return what the decision rests on. The tables in force are taken once, at the beginning."""
        view = self._view(appeal, at)
        rows = self._applying(view, appeal.category)
        return Weighing(self._decide(view, rows, at), view.situation, view.mentions, rows)

    def _decide(self, view: _View, rows: Sequence[Row], at: datetime) -> RoutingDecision:
        appeal = view.appeal
        reasons = view.catalogue.reasons
        if not rows:
            return self._manual(view, reasons.no_category, (), at)
        row = rows[0]
        lead = self._lead(row, view)
        candidates = self._candidates(rows, view)
        if view.is_elsewhere:
            return self._manual(view, reasons.other_city, candidates, at)
        if (
            not appeal.is_confirmed
            and appeal.category_confidence < view.catalogue.min_confidence
            and row.categories
        ):
            return self._manual(view, reasons.unsure, candidates, at, row)
        if lead is None:
            return self._manual(view, reasons.no_place, self._without_place(rows), at, row)
        if row.is_manual:
            return self._manual(view, _because(row), candidates, at, row)
        if row.avoids_named and self._is_named(lead, appeal.text):
            because = reasons.conflict.format(unit=self._city.units[lead].name)
            return self._manual(view, because, candidates, at, row, never=lead)
        return self._decision(view, at, row=row, lead=lead, because=_because(row), runners_up=candidates[1:])

    def _view(self, appeal: Appeal, at: datetime) -> _View:
        tables = self.holder.current
        catalogue = in_force(tables.catalogues, at.astimezone(self._city.timezone).date())
        place = appeal.place
        street = self._city.streets.get(place.street_code or "") if place else None
        county_code = street.county_code if street else place.county_code if place else None
        county = self._city.counties.get(county_code or "")
        area = Area.UNKNOWN if county is None else Area.ZONE if county.is_zone else Area.COUNTY
        mentions = catalogue.topics.find(appeal.text or appeal.summary)
        situation = Situation(
            kind=appeal.kind,
            area=area,
            county_code=county.code if county else None,
            street_code=street.code if street else None,
            emergency=appeal.emergency,
            topics=frozenset(each.topic for each in mentions),
        )
        return _View(
            appeal, catalogue, tables.limits, situation, mentions, county_code is not None and county is None
        )

    @staticmethod
    def _applying(view: _View, category: str | None) -> tuple[Row, ...]:
        tables = view.catalogue.tables
        table = nearest(category, tables)
        return (tables[NO_CATEGORY] if table is None else table).applying(view.situation)

    def _lead(self, row: Row, view: _View) -> str | None:
        if row.lead != PLACE:
            return row.lead
        unit = self._unit_of_county.get(view.situation.county_code or "")
        if unit is None and row.otherwise and view.situation.kind in _SPEAKS_FOR_ALL:
            return row.otherwise
        return unit

    def _supporting(self, row: Row, view: _View, lead: str | None) -> tuple[str, ...]:
        resolved = (
            self._unit_of_county.get(view.situation.county_code or "") if code == PLACE else code
            for code in row.supporting
        )
        return tuple(dict.fromkeys(code for code in resolved if code is not None and code != lead))

    def _candidates(self, rows: Sequence[Row], view: _View) -> list[Candidate]:
        """Return a candidate for each unit that a row would choose, the deciding row's first, then those who support it."""
        found: dict[str, Candidate] = {}
        for row in rows:
            lead = self._lead(row, view)
            if lead is None or lead in found:
                continue
            behind = "" if row is rows[0] else view.catalogue.reasons.outranked.format(rule=rows[0].id)
            found[lead] = Candidate(unit=lead, rule=row.id, because=f"{_because(row)}{behind}")
        for unit in self._supporting(rows[0], view, None) if rows else ():
            because = f"{_because(rows[0])}{view.catalogue.reasons.supporting}"
            found.setdefault(unit, Candidate(unit=unit, rule=rows[0].id, because=because))
        return list(found.values())

    @staticmethod
    def _without_place(rows: Sequence[Row]) -> list[Candidate]:
        """Return the city bodies of the rows that wanted a place: they know whose matter it is."""
        found: dict[str, Candidate] = {}
        for row in rows:
            for unit in (row.otherwise, *row.supporting, row.lead):
                if unit and unit != PLACE:
                    found.setdefault(unit, Candidate(unit=unit, rule=row.id, because=_because(row)))
        return list(found.values())

    def _guesses(self, view: _View) -> list[Candidate]:
        """Return candidates by the categories whose keywords the text holds, most of them first; then the place."""
        text = view.appeal.text or view.appeal.summary
        scored = sorted(
            (
                (sum(len(word) for word in category.keywords if word in text), category)
                for category in self._city.categories_at(SECOND)
            ),
            key=lambda pair: -pair[0],
        )
        found: dict[str, Candidate] = {}
        for score, category in scored:
            rows = self._applying(view, category.code) if score else ()
            for candidate in (self._candidates(rows, view) or self._without_place(rows))[:1]:
                hint = view.catalogue.reasons.by_keyword.format(category=category.name)
                found.setdefault(
                    candidate.unit, Candidate(candidate.unit, candidate.rule, f"{candidate.because}{hint}")
                )
        here = self._unit_of_county.get(view.situation.county_code or "")
        if here is not None:
            found.setdefault(here, Candidate(here, _MANUAL_RULE, view.catalogue.reasons.by_place))
        return list(found.values())

    def _is_named(self, unit: str, text: str) -> bool:
        counties = {
            name for county in self._city.counties.values() for name in (county.name, *county.aliases)
        }
        about = self._city.units[unit]
        return any(name in text for name in (about.name, *about.aliases) if name not in counties)

    def _manual(
        self,
        view: _View,
        because: str,
        candidates: Sequence[Candidate],
        at: datetime,
        row: Row | None = None,
        *,
        never: str | None = None,
    ) -> RoutingDecision:
        """Leave it to a person, with the best candidates but ``never``: of the rows, then by keywords, then by place."""
        best = [each for each in (*candidates, *self._guesses(view)) if each.unit != never]
        return self._decision(view, at, row=row, lead=None, because=because, runners_up=best)

    def _decision(
        self,
        view: _View,
        at: datetime,
        *,
        row: Row | None,
        lead: str | None,
        because: str,
        runners_up: Sequence[Candidate],
    ) -> RoutingDecision:
        appeal = view.appeal
        urgency = self._urgency(appeal, row)
        sign = view.limits.sign_by(urgency, start=at)
        due = view.limits.due(appeal.category, appeal.kind, start=at, named=row.limit if row else "")
        years = sorted({*sign.unpublished_years, *due.unpublished_years})
        unpublished = [view.catalogue.reasons.unpublished_calendar.format(year=year) for year in years]
        return RoutingDecision(
            lead_unit=lead,
            supporting_units=self._supporting(row, view, lead) if row and lead else (),
            urgency=urgency,
            sign_by=sign.at,
            due_at=appeal.imposed_due or due.at,
            limit_basis="；".join((sign.limit.basis, due.limit.basis, *unpublished)),
            rule=row.id if row else _MANUAL_RULE,
            because=because,
            catalogue_version=view.catalogue.version,
            runners_up=tuple(_distinct(runners_up))[:_CANDIDATES],
            is_manual=lead is None,
            basis=row.basis if row else "",
            limits=view.limits.at_dispatch(
                category=appeal.category,
                kind=appeal.kind,
                urgency=urgency,
                start=at,
                named=row.limit if row else "",
                imposed=appeal.imposed_due,
            ),
        )

    def _urgency(self, appeal: Appeal, row: Row | None) -> Urgency:
        given = [appeal.urgency]
        category = nearest(appeal.category, self._city.categories)
        if category is not None and appeal.kind not in _SPEAKS_FOR_ALL:
            given.append(category.urgency)
        if row is not None and row.urgency is not None and appeal.kind is not AppealKind.INQUIRY:
            given.append(row.urgency)
        return max(given, key=_RANK.__getitem__)


def _because(row: Row) -> str:
    return f"{row.because}（{row.basis}）"


def _distinct(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.unit not in seen:
            seen.add(candidate.unit)
            yield candidate


def build_router(city: City) -> RuleRouter:
    """Make the router of a city from its folder; ``CityConfigError`` when its tables cannot be used."""
    return RuleRouter(city, CatalogueHolder(city))
