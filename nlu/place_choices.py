"""Streets that may be meant where one was not surely heard (听不准的镇街): those that sound the same or nearly so."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from hotline.city import City, Street
from hotline.phonetics import blur, syllables

_MOST: Final = 3
_UNKNOWN: Final = re.compile(
    r"([\u4e00-\u9fff]{2,5})(街道(?!上|边|两)|镇(?!政府[^，。]{0,3}里|上|居民|职工|生活|户口|医保|低保|化)|(?<!城)乡(?!下|村|亲))"
)
"""城乡公交 and 城镇居民 name no town."""
_INITIAL: Final = re.compile(r"^(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?")
_BLURRED: Final = 1
_NEAR: Final = 2


class StreetSounds:
    """The sounds of a city's street names."""

    def __init__(self, city: City) -> None:
        self._by_stem: dict[tuple[str, ...], list[Street]] = defaultdict(list)
        self._stems: dict[str, tuple[str, ...]] = {}
        for street in city.streets.values():
            stem = syllables(re.sub(r"(?:街道|镇|乡)$", "", street.name))
            self._stems[street.code] = stem
            self._by_stem[stem].append(street)
        self._streets = city.streets

    def same_as(self, code: str) -> tuple[Street, ...]:
        """Return the street with all others that sound exactly the same, itself first; alone when there is none."""
        own = self._streets[code]
        others = [street for street in self._by_stem[self._stems[code]] if street.code != code]
        return (own, *others)[:_MOST]

    def near_in(self, text: str, counties: set[str | None]) -> tuple[Street, ...]:
        """Return the streets, nearest first, that a name in ``text`` may be which no street has (“音雀山街道”).

        Only those of ``counties`` where any are given. More than three that are equally near are no choice.
        """
        for found in _UNKNOWN.finditer(text):
            said = syllables(found[1])
            costs = {
                code: cost
                for code, stem in self._stems.items()
                if (not counties or self._streets[code].county_code in counties)
                and (cost := _distance(said[-len(stem) :], stem)) is not None
            }
            best = sorted(costs, key=lambda code: (costs[code], code))
            if len(best) > _MOST and costs[best[_MOST]] == costs[best[0]]:
                continue
            if best:
                return tuple(self._streets[code] for code in best[:_MOST])
        return ()


def _distance(said: tuple[str, ...], stem: tuple[str, ...]) -> int | None:
    """Return how far two names sound apart, None when too far: only one syllable may be near, the others alike."""
    if len(said) != len(stem):
        return None
    cost = odd = 0
    for heard, meant in zip(said, stem, strict=True):
        if heard == meant:
            continue
        if blur(heard) == blur(meant):
            cost += _BLURRED
        elif _is_near(blur(heard), blur(meant)):
            cost, odd = cost + _NEAR, odd + 1
        else:
            return None
    return cost if odd <= len(stem) // 2 and odd <= 1 else None


def _is_near(heard: str, meant: str) -> bool:
    """Tell whether two syllables share their initial or their final, as 银 and 金 do."""
    first, second = _initial(heard), _initial(meant)
    return first == second or heard[len(first) :] == meant[len(second) :]


def _initial(syllable: str) -> str:
    found = _INITIAL.match(syllable)
    return found[0] if found else ""
