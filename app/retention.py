"""Destroying what is past its time, by ``retention.yaml``, with certificates on the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from app.at_rest import seal_of
from app.recordings import recordings_folder
from app.settings import Settings
from hotline.city import City, load_city, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.retention import Certificate, Kept, Retention
from hotline.store.retention import SqlRetention
from hotline.store.sql import SqlStore
from router.strict import Strict, checked

_LEAST_DAYS: Final = 180
"""Network logs are kept for six months at least (网络安全法21)."""
_ACTIONS: Final = {
    Kept.RECORDINGS: "delete",
    Kept.JOURNALS: "delete",
    Kept.LETTERS: "delete",
    Kept.EVIDENCE: "delete",
    Kept.CALLBACKS: "delete",
    Kept.NUISANCES: "delete",
    Kept.MESSAGES: "delete",
    Kept.DEAD_MESSAGES: "delete",
    Kept.WORK_ORDERS: "anonymise",
}


class _Keep(Strict):
    days: Annotated[int, Field(ge=_LEAST_DAYS)]
    action: Literal["delete", "anonymise"]
    basis: Annotated[str, Field(min_length=1)]
    confirmed: bool = False


class _Rules(Strict):
    keep: dict[Kept, _Keep]


def load_retentions(city: City) -> tuple[Retention, ...]:
    """Return how long each category is kept; a category that is not listed is kept for good."""
    file = city.folder / "retention.yaml"
    given = checked(_Rules, file, read_yaml(file))
    for kept, rule in given.keep.items():
        if rule.action != _ACTIONS[kept]:
            raise CityConfigError(file=str(file), row=kept.value, reason=f"只能是 {_ACTIONS[kept]}")
    return tuple(Retention(kept, rule.days, rule.basis, rule.confirmed) for kept, rule in given.keep.items())


def destruction_of(settings: Settings, store: SqlStore) -> Destruction:
    """Return the destruction of a data folder's database."""
    seal = seal_of(settings)
    retentions = load_retentions(load_city(settings.city))
    return Destruction(
        SqlRetention(
            store.database,
            seal,
            recordings_folder(settings),
            settings.evidence_dir or settings.data_dir / "evidence",
        ),
        retentions,
        settings.data_dir / "destruction",
    )


class Destruction:
    """Works through all categories, batch by batch; may be ended anywhere and go on later."""

    def __init__(self, store: SqlRetention, retentions: tuple[Retention, ...], folder: Path) -> None:
        """Take the store, the rules, and the folder for certificates."""
        self._store = store
        self.retentions = retentions
        self._folder = folder

    async def past(self, now: datetime) -> dict[Kept, int]:
        """Return how many things of each category are past their time."""
        return {each.kept: await self._store.count(each, now) for each in self.retentions}

    async def batch(self, now: datetime, *, by: str) -> int:
        """Destroy one batch, write its certificate, and return how many things it was; 0 when nothing is left."""
        for retention in self.retentions:
            certificate = await self._store.destroy(retention, now, by=by)
            if certificate is not None:
                self._write(certificate)
                return certificate.count
        return 0

    async def run(self, now: datetime, *, by: str, tell: Callable[[int], None]) -> int:
        """Destroy all that is past its time."""
        total = 0
        while done := await self.batch(now, by=by):
            total += done
            tell(total)
        return total

    def _write(self, certificate: Certificate) -> None:
        """Write the certificate; the audit row with the same digest was committed with the destruction."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{certificate.at:%Y%m%dT%H%M%S}-{certificate.kept.value}-{certificate.digest[:12]}.json"
        facts = {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in asdict(certificate).items()
        }
        with (self._folder / name).open("w", encoding="utf-8") as out:
            out.write(json.dumps(facts, ensure_ascii=False, indent=1))
            out.flush()
            os.fsync(out.fileno())
