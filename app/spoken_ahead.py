"""What is said so often that its sound is made ahead (预先合成): fixed sentences and matters at set-up, names when nobody calls."""

from __future__ import annotations

from collections.abc import Iterator

from app.city_words import load_prompts
from app.survey import load_survey_prompts
from hotline.city import City
from hotline.dialogue.prompts import Prompts
from hotline.domain.appeal import ContactChannel
from hotline.domain.category import SECOND


def fixed_texts(city: City, *, with_revisits: bool) -> list[str]:
    """Return every part of a prompt that never changes, and how each class of the second level is read back."""
    prompts = load_prompts(city, ContactChannel.PHONE)
    matters = _matters(city, prompts, second=True)
    revisits = load_survey_prompts(city).fixed_parts() if with_revisits else ()
    return list(dict.fromkeys((*prompts.fixed_parts(), *matters, *revisits)))


def names(city: City) -> list[str]:
    """Return the names that fill the blanks: places, units, and how the other classes are read back."""
    prompts = load_prompts(city, ContactChannel.PHONE)
    streets = (city.counties[street.county_code].name + street.name for street in city.streets.values())
    units = (
        part
        for unit in city.units.values()
        for part in prompts.parts("registered_due", unit=unit.name, due="")
        if unit.name in part
    )
    counties = (county.name for county in city.counties.values())
    return list(dict.fromkeys((*streets, *counties, *units, *_matters(city, prompts, second=False))))


def _matters(city: City, prompts: Prompts, *, second: bool) -> Iterator[str]:
    for category in city.categories.values():
        if (category.level == SECOND) is second:
            matter = prompts.cut("matter_of_category", place="", category=category.spoken)
            yield from (part for part in prompts.parts("confirm", matter=matter) if category.spoken in part)
