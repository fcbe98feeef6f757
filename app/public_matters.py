"""Who is responsible for what (谁管什么): the classes of appeals with the unit that usually handles each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hotline.city import City
from hotline.domain.category import SECOND, Category

_PLACE: Final = "place"


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter: its names from the second level down, who usually handles it, their telephone if public, and the law."""

    code: str
    names: tuple[str, ...]
    unit: str
    phone: str
    basis: str
    searched: str


@dataclass(frozen=True, slots=True)
class MatterGroup:
    """The matters of one class of the first level."""

    code: str
    name: str
    matters: Sequence[Matter]


@dataclass(frozen=True, slots=True)
class Matters:
    """All matters, by group."""

    groups: Sequence[MatterGroup]

    def finding(self, wanted: str) -> Sequence[MatterGroup]:
        """Return the matters whose names or words hold all that is ``wanted``, without those of other words."""
        parts = wanted.lower().split()
        found = (
            MatterGroup(
                group.code,
                group.name,
                [each for each in group.matters if all(part in each.searched for part in parts)],
            )
            for group in self.groups
        )
        return [group for group in found if group.matters]


def matters_of(city: City, words: Mapping[str, Any], telephones: Mapping[str, str]) -> Matters:
    """Return a city's matters; a class that is divided further is told by its parts."""
    divided = {code[:-2] for code in city.categories}
    groups: dict[str, list[Matter]] = {}
    for category in sorted(city.categories.values(), key=lambda each: each.code):
        if category.level >= SECOND and category.code not in divided:
            groups.setdefault(category.code[:2], []).append(_matter(city, category, words, telephones))
    names = {one.code[:2]: one.group for one in city.categories.values()}
    return Matters([MatterGroup(code, names[code], matters) for code, matters in sorted(groups.items())])


def _matter(
    city: City, category: Category, words: Mapping[str, Any], telephones: Mapping[str, str]
) -> Matter:
    above = city.categories.get(category.code[:-2]) if category.level > SECOND else None
    names = (above.name, category.name) if above is not None else (category.name,)
    unit = city.units.get(category.unit)
    known = words["place_unit"] if category.unit == _PLACE else words["hotline"]
    keywords = (*category.keywords, *(above.keywords if above is not None else ()))
    return Matter(
        code=category.code,
        names=names,
        unit=unit.name if unit is not None else known,
        phone=telephones.get(category.unit, "") if unit is not None else "",
        basis=category.basis,
        searched=" ".join((*names, category.spoken, category.covers, *keywords)).lower(),
    )
