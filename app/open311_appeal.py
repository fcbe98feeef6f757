"""An appeal from the form of POST Service Request."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from hotline.domain.appeal import Appeal, ContactChannel, PhoneNumber, Place
from hotline.domain.category import Category

MOST_DESCRIPTION: Final = 4_000
MOST_FIELD: Final = 200
_SUMMARY: Final = 40
_PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{4,18}[0-9]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BadFormError(Exception):
    """The form cannot be used; ``reason`` is a key of the interface's words."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def checked_form(fields: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return the first of each field without control characters; what is empty counts as not given."""
    given: dict[str, str] = {}
    for name, value in fields:
        if "\ufffd" in value:
            raise BadFormError("not_text")
        text = _CONTROL.sub("", value).strip()
        if len(text) > (MOST_DESCRIPTION if name == "description" else MOST_FIELD):
            raise BadFormError("too_long")
        if text:
            given.setdefault(name, text)
    return given


def appeal_of(
    given: Mapping[str, str], category: Category, find_place: Callable[[str], Place | None]
) -> Appeal:
    """Return the appeal. Name and number are kept for the reply; ids of devices and accounts, and media, are not taken."""
    text = given.get("description", category.name)
    phone = given.get("phone", "")
    return Appeal(
        kind=category.default_kind,
        category=category.code,
        text=text,
        summary=text[:_SUMMARY],
        place=_place(given, find_place),
        phone=PhoneNumber(re.sub(r"[ +-]", "", phone)) if _PHONE.fullmatch(phone) else None,
        citizen_name=given.get("last_name", "") + given.get("first_name", ""),
        urgency=category.urgency,
        channel=ContactChannel.APP,
        category_confidence=1.0,
        understood_by="open311",
    )


def _place(given: Mapping[str, str], find_place: Callable[[str], Place | None]) -> Place:
    coordinates = _coordinates(given)
    said = given.get("address_string") or given.get("address_id") or coordinates
    if not said:
        raise BadFormError("place_missing")
    found = find_place(given.get("address_string", ""))
    if found is None or not found.is_located:
        return Place(said=said, detail=said)
    return replace(found, said=said, detail=_detail(said, found))


def _detail(said: str, found: Place) -> str:
    """Return everything behind county and street, house numbers too."""
    if found.detail and found.detail in said:
        return said[said.index(found.detail) :]
    names = [name for name in (found.county, found.street) if name and name in said]
    return said[max((said.rindex(name) + len(name) for name in names), default=0) :].strip()


def _coordinates(given: Mapping[str, str]) -> str:
    """Return latitude and longitude as text, or nothing: nobody here turns them into an address."""
    if "lat" not in given and "long" not in given:
        return ""
    try:
        lat, long = float(given["lat"]), float(given["long"])
    except (KeyError, ValueError):
        raise BadFormError("place_wrong") from None
    if not (math.isfinite(lat) and math.isfinite(long) and abs(lat) <= 90 and abs(long) <= 180):
        raise BadFormError("place_wrong")
    return f"WGS84 {lat:.6f},{long:.6f}"
