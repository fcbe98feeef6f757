"""The gate before the shelf (模型准入): what does worse on the golden set than the model in force is not put in service.

A person may put it in service all the same, by name and with a reason; both are kept beside the model.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from hotline.city import City
from hotline.domain.errors import HotlineError, ModelRefusedError
from nlu.engines.linear import LinearUnderstander, model_in_force, shelf_of
from nlu.engines.rules import UnderstandingRules
from nlu.golden import GoldenReport, scored
from nlu.model_shelf import ModelShelf

log: Final = structlog.get_logger("nlu")

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same golden set."""

    was: GoldenReport
    now: GoldenReport

    @property
    def is_worse(self) -> bool:
        """Whether the new model has fewer intents and categories right."""
        return self.now.score < self.was.score


@dataclass(frozen=True, slots=True)
class Override:
    """Who puts a worse model in service all the same, why, and when."""

    by: str
    because: str
    at: datetime


class WorseModelError(HotlineError):
    """A model does worse on the golden set than the one in force; it lies at ``candidate`` and serves nobody."""

    code = "model.worse"

    def __init__(self, in_force: Path, candidate: Path, comparison: Comparison) -> None:
        self.in_force = in_force
        self.candidate = candidate
        self.comparison = comparison
        super().__init__(
            f"{candidate}：对照句判对 {comparison.now.score}，现用的 {in_force.name} 判对 {comparison.was.score}"
        )


async def compared(city: City, old: Path, new: Path, rows: Rows, at: datetime) -> Comparison:
    """Ask two model files the golden set as if it were said ``at``. Raises ``ModelRefusedError`` for an unsound one."""
    before, after = (LinearUnderstander(city, file.parent, file) for file in (old, new))
    rules = UnderstandingRules(before, city, lambda: at)
    return Comparison(await scored(rules, rows), await scored(rules.over(after), rows))


def candidates_of(folder: Path) -> ModelShelf:
    """Return where models lie that are not in service."""
    shelf = shelf_of(folder)
    return ModelShelf(folder / "candidate", shelf.kind, shelf.mark)


async def put_in_service(
    city: City, folder: Path, name: str, rows: Rows, *, at: datetime, override: Override | None = None
) -> tuple[Path, Comparison | None]:
    """Put the candidate called ``name`` on the shelf; return its file and how it compares with the one before, if any.

    Raises ``WorseModelError`` when it is worse and no ``override`` is given: it stays where it is, the one before in
    force. An override of a worse model is written beside it (``….override.json``) and logged.
    """
    waiting, shelf = candidates_of(folder), shelf_of(folder)
    candidate = waiting.file(name)
    content = waiting.read(candidate)
    comparison = None
    with contextlib.suppress(ModelRefusedError):  # none in force: nothing to compare with
        old = model_in_force(city, folder)
        comparison = await compared(city, old, candidate, rows, at)
        if comparison.is_worse and override is None:
            raise WorseModelError(old, candidate, comparison)
    note = override_note(shelf.file(name))
    note.unlink(missing_ok=True)
    if comparison is not None and comparison.is_worse and override is not None:
        note.write_text(
            json.dumps(
                {
                    "by": override.by,
                    "because": override.because,
                    "at": override.at.isoformat(),
                    "was": comparison.was.shares,
                    "now": comparison.now.shares,
                },
                ensure_ascii=False,
                indent=1,
            ),
            encoding="utf-8",
        )
        log.warning("model.worse_put_in_service", model=name, by=override.by, because=override.because)
    file = shelf.put(name, content)
    candidate.unlink()
    return file, comparison


def override_note(file: Path) -> Path:
    """Return where it is written who put a worse model in service, and why."""
    return file.with_suffix(".override.json")
