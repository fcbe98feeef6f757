"""The table of telephones that agents may let into a talk (三方通话电话表): a city's file, and addresses from the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.appeal import EmergencyService
from hotline.domain.errors import CityConfigError
from hotline.domain.talks import PartyTelephone

_NUMBER: Final = re.compile(r"[0-9]{3,15}")
_EMERGENCY: Final = frozenset(service.value for service in EmergencyService)


def read_numbers(city: City) -> dict[str, str]:
    """Read a city's ``telephones.yaml``: code → number. ``CityConfigError`` says what is wrong with it."""
    file = city.folder / "telephones.yaml"
    rows = read_yaml(file)
    found: dict[str, str] = {}
    for kind, known in (("emergency", _EMERGENCY), ("units", frozenset(city.units))):
        for index, (code, number) in enumerate(_rows(rows, kind), start=1):
            row = f"{kind} 第{index}条"
            if code not in known:
                raise CityConfigError(
                    file=str(file), row=row, reason=f"{code} 不是紧急热线，也不在承办单位名录里"
                )
            if not _NUMBER.fullmatch(number):
                raise CityConfigError(file=str(file), row=row, reason=f"号码应是 3 到 15 位数字：{number}")
            if code in found:
                raise CityConfigError(file=str(file), row=row, reason=f"{code} 写了两次")
            found[code] = number
    return found


def _rows(rows: object, kind: str) -> Iterator[tuple[str, str]]:
    given = rows.get(kind) if isinstance(rows, dict) else None
    for row in given or ():
        known = row if isinstance(row, dict) else {}
        yield str(known.get("line") or known.get("unit") or ""), str(known.get("number") or "")


def party_telephones(city: City, *, address: str, addresses: Mapping[str, str]) -> dict[str, PartyTelephone]:
    """Return whom agents may let in, by code.

    ``address`` has ``{number}`` in it, empty: numbers of the file are not used; ``addresses`` (code → SIP address) come first.
    """
    reached = {code: address.format(number=number) for code, number in read_numbers(city).items() if address}
    known = _EMERGENCY | set(city.units)
    reached |= {code: own for code, own in addresses.items() if code in known}
    return {
        code: PartyTelephone(
            code,
            city.units[code].name if code in city.units else code,
            where,
            is_emergency=code in _EMERGENCY,
        )
        for code, where in sorted(reached.items())
    }
