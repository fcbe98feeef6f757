"""A row of the dispatch catalogue as it is written, and the row that the router knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from hotline.city import City
from hotline.domain.appeal import AppealKind, EmergencyService, Urgency
from hotline.domain.errors import CityConfigError
from router.row import Area, Row
from router.strict import Strict

EVERY: Final = "any"
"""Stands for every category."""

Code = Annotated[str, Field(min_length=1)]


class RowModel(Strict):
    """A row as it is written: the field names are those of the files."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    category: Literal["any"] | tuple[Code, ...]
    kind: tuple[AppealKind, ...] = ()
    area: tuple[Area, ...] = ()
    county: tuple[Code, ...] = ()
    street: tuple[Code, ...] = ()
    emergency: tuple[EmergencyService, ...] = ()
    mentions: tuple[Code, ...] = ()
    also: tuple[Code, ...] = ()
    without: tuple[Code, ...] = ()
    lead: Code
    supporting: tuple[Code, ...] = ()
    otherwise: str = ""
    urgency: Urgency | None = None
    limit: str = ""
    manual: bool = False
    avoid_named: bool = False
    because: Code
    basis: Code
    confirmed: bool = False


def row_of(given: RowModel, file: Path, city: City) -> Row:
    """Return the row that was written in ``file``. Raises ``CityConfigError`` for a category that the city has not."""
    return Row(
        file=str(file),
        id=given.id,
        categories=() if given.category == EVERY else _categories(given, file, city),
        kinds=given.kind,
        areas=given.area,
        counties=given.county,
        streets=given.street,
        emergencies=given.emergency,
        mentions=given.mentions,
        also=given.also,
        without=given.without,
        lead=given.lead,
        supporting=given.supporting,
        otherwise=given.otherwise,
        urgency=given.urgency,
        limit=given.limit,
        is_manual=given.manual,
        avoids_named=given.avoid_named,
        because=given.because,
        basis=given.basis,
        is_confirmed=given.confirmed,
    )


def _categories(given: RowModel, file: Path, city: City) -> tuple[str, ...]:
    for code in given.category:
        if code not in city.categories:
            raise CityConfigError(file=str(file), row=given.id, reason=f"没有这个诉求分类：{code}")
    return tuple(given.category)
