"""Versions of the catalogue: who published what, from which day, what differs; withdrawing and rolling back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.guard import desk_router, front_of
from desk.pages.rules.catalogue import rules_of, words_of
from desk.pages.rules.drafts import changed_rows
from desk.seat import Seat
from hotline.domain.rule_text import words_differences
from hotline.service.rules import Line

router = desk_router()

Reason = Annotated[str, Form(max_length=500)]


@router.get("/desk/rules/versions")
async def versions(request: Request) -> Response:
    """Show all versions, the newest first."""
    front = front_of(request)
    line = await rules_of(front).line()
    return front.page(request, "rules/versions.html", title="版本", line=line, versions=_listed(line))


@router.get("/desk/rules/versions/{version}")
async def version(
    request: Request, version: str, against: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Show how a version differs from another: the one before it, unless another is asked for."""
    front = front_of(request)
    rules = rules_of(front)
    line = await rules.line()
    listed = _listed(line)
    names = [each["version"] for each in listed]
    this = await rules.text(version)
    behind = names[names.index(version) + 1 :] if version in names else []
    other = against or next(iter(behind), "")
    before = await rules.text(other) if other else None
    found = next((each for each in listed if each["version"] == version), None)
    return front.page(
        request, "rules/version.html", title=version, version=version, about=found, line=line, against=other, names=names,
        changes=changed_rows(words_of(front), before.rows, this.rows) if before is not None else [],
        words_changes=words_differences(before.words, this.words) if before is not None else (),
        rows=len(this.rows),
    )  # fmt: skip


@router.post("/desk/rules/versions/{version}/withdraw")
async def withdraw(request: Request, seat: Seat, version: str, reason: Reason = "") -> Response:
    """Take back what has not taken effect yet."""
    front = front_of(request)
    await rules_of(front).withdraw(version, reason, by=seat.account.login)
    return front.done(request, to="/desk/rules/versions", toast=f"{version} 已撤回")


@router.post("/desk/rules/versions/{version}/roll-back")
async def roll_back(request: Request, seat: Seat, version: str, reason: Reason = "") -> Response:
    """Bring an earlier version back at once."""
    front = front_of(request)
    made = await rules_of(front).roll_back(version, reason, by=seat.account.login)
    return front.done(
        request, to="/desk/rules/versions", toast=f"已回退到 {version}，新版本 {made.version} 立即生效"
    )


def _listed(line: Line) -> list[dict[str, Any]]:
    """Return versions of both kinds in the order in which they count, the last first."""
    found: list[tuple[Any, dict[str, Any]]] = [
        (
            (each.valid_from, each.sequence),
            {"version": each.version, "valid_from": each.valid_from, "published": each, "is_scheduled": each.is_scheduled(line.today)},
        )
        for each in line.published
    ]  # fmt: skip
    found += [
        (
            (text.valid_from, 0),
            {"version": text.version, "valid_from": text.valid_from, "published": None, "is_scheduled": text.valid_from > line.today},
        )
        for text in line.files
    ]  # fmt: skip
    return [each for _, each in sorted(found, key=lambda pair: pair[0], reverse=True)]
