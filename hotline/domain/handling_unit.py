"""Handling unit (承办单位): who handles a work order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnitGroup(StrEnum):
    """The three groups that are assessed apart (考核分组), with functional zones beside the counties."""

    COUNTY = "county"  # 县区
    ZONE = "zone"  # 开发区、功能区
    CITY_BODY = "city_body"  # 市直部门
    LINKED = "linked"  # 联动单位（企业、院校）


@dataclass(frozen=True, slots=True)
class HandlingUnit:
    """A handling unit. ``county_code`` is set for county-level units; ``is_confirmed`` False means 待核."""

    code: str
    name: str
    group: UnitGroup
    county_code: str | None = None
    aliases: tuple[str, ...] = ()
    is_confirmed: bool = False
