"""Golden matters (对照诉求): appeals whose handling is known, in ``config/<city>/matters/*.yaml``.

No catalogue that handles fewer of them rightly takes effect. The tests ask them of the files too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from hotline.city import City, read_yaml
from hotline.domain.appeal import Appeal, AppealKind, Place, Urgency
from hotline.domain.category import nearest
from hotline.domain.errors import CityConfigError
from hotline.domain.golden_gate import Verdict
from router.router import Router
from router.row import PLACE
from router.strict import Strict, checked

MANUAL: Final = "manual"
_NOWHERE: Final = "none"


class MatterModel(Strict):
    """A matter as it is written. ``place`` is a county's code or ``none``; ``lead`` a unit's code, ``place`` or ``manual``."""

    text: Annotated[str, Field(min_length=1)]
    category: Annotated[str, Field(min_length=2)]
    kind: AppealKind | None = None
    place: str | None = None
    street: str | None = None
    rule: str = ""
    lead: str
    supporting: tuple[str, ...] | None = None
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """A golden matter: the appeal, and who must lead it (None: a person dispatches). ``name`` tells it from others, for people."""

    name: str
    appeal: Appeal
    lead: str | None


def load_matters(city: City) -> tuple[Matter, ...]:
    """Return the city's matters; where no place is written they happened in its first county. Raises ``CityConfigError``."""
    found: dict[str, Matter] = {}
    for file in sorted((city.folder / "matters").glob("*.yaml")):
        data = read_yaml(file)
        if not isinstance(data, list):
            raise CityConfigError(file=str(file), reason="应当是对照诉求的列表")
        for index, row in enumerate(data, 1):
            given = checked(MatterModel, file, row, row=f"第{index}条")
            matter = _matter(given, city, file)
            if matter.name in found:
                raise CityConfigError(file=str(file), row=matter.name, reason="与另一条对照诉求相同")
            found[matter.name] = matter
    return tuple(found.values())


def _matter(given: MatterModel, city: City, file: Path) -> Matter:
    category = nearest(given.category, city.categories)
    if category is None:
        raise CityConfigError(file=str(file), row=given.text, reason=f"没有这个诉求分类：{given.category}")
    appeal = Appeal(
        kind=given.kind or category.default_kind,
        category=given.category,
        text=given.text,
        place=_place(given, city, file),
    )
    where = given.street or given.place or next(iter(city.counties))
    place = city.streets.get(where) or city.counties.get(where)
    name = f"{given.text}（{category.name}，{place.name if place is not None else '地点不明'}）"
    return Matter(name, appeal, _lead(given, appeal, city, file))


def _place(given: MatterModel, city: City, file: Path) -> Place | None:
    if given.street is not None:
        street = city.streets.get(given.street)
        if street is None:
            raise CityConfigError(file=str(file), row=given.text, reason=f"没有这个街镇：{given.street}")
        return Place(given.text, county_code=given.street[:6], street_code=given.street)
    if given.place == _NOWHERE:
        return None
    county = given.place or next(iter(city.counties))
    if county not in city.counties:
        raise CityConfigError(file=str(file), row=given.text, reason=f"没有这个县区：{county}")
    return Place(given.text, county_code=county)


def _lead(given: MatterModel, appeal: Appeal, city: City, file: Path) -> str | None:
    if given.lead == MANUAL:
        return None
    lead: str | None = given.lead
    if lead == PLACE:
        place = appeal.place
        street = city.streets.get(place.street_code or "") if place is not None else None
        county = (
            street.county_code if street is not None else place.county_code if place is not None else None
        )
        here = [unit.code for unit in city.units.values() if unit.county_code == county]
        lead = here[0] if here and county is not None else None
    if lead is None or lead not in city.units:
        raise CityConfigError(file=str(file), row=given.text, reason=f"没有这个单位：{given.lead}")
    return lead


def judged(
    matters: Sequence[Matter], router: Router, *, at: datetime, expected: Mapping[str, str]
) -> tuple[Verdict, ...]:
    """Judge where a router sends each matter; ``expected`` leads instead of those that are written.

    A matter that a person has to dispatch instead is not right, but harms nobody; one that goes to a wrong unit does.
    """
    found = []
    for matter in matters:
        wanted = expected.get(matter.name, matter.lead or MANUAL)
        got = router.route(matter.appeal, at=at).lead_unit or MANUAL
        found.append(
            Verdict(matter.name, wanted, got, is_right=got == wanted, is_harmful=got not in (wanted, MANUAL))
        )
    return tuple(found)
