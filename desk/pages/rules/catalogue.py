"""The dispatch catalogue as a table: any version, or a draft with what it changes; filtered by words, class, unit and basis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response

from desk.front import WORDS, Front
from desk.guard import desk_router, front_of
from desk.rule_rows import RowWords
from hotline.domain.category import within
from hotline.domain.rule_changes import ChangeSet, ChangeSetStatus
from hotline.domain.rule_text import CatalogueRow, differences
from hotline.service.rules import Rules

router = desk_router()


def rules_of(front: Front) -> Rules:
    """Return the console's service."""
    assert front.parts.rules is not None
    return front.parts.rules


def words_of(front: Front) -> RowWords:
    """Return what says rows in words."""
    return RowWords(front.parts.city, WORDS["rules"], front.parts.words["kinds"])


@router.get("/desk/rules")
async def catalogue(
    request: Request,
    version: Annotated[str, Query(max_length=64)] = "",
    draft: Annotated[str, Query(max_length=32)] = "",
    q: Annotated[str, Query(max_length=64)] = "",
    category: Annotated[str, Query(max_length=16)] = "",
    unit: Annotated[str, Query(max_length=64)] = "",
    only: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Show the rows in their order, those that are looked for."""
    front = front_of(request)
    rules, words = rules_of(front), words_of(front)
    line = await rules.line()
    change_set = await rules.store.get(draft) if draft else None
    changed: dict[str, str] = {}
    if change_set is not None:
        text = await rules.draft_text(change_set)
        base = await rules.text(change_set.base)
        changed = {each.row: each.kind for each in differences(base.rows, text.rows)}
        gone = [row for row in base.rows if changed.get(row.id) == "removed"]
    else:
        text, gone = await rules.text(version or line.in_force), []
    found = [_row(words, row, changed.get(row.id, "")) for row in (*text.rows, *gone)]
    shown = [row for row in found if _is_wanted(row, q, category, unit, only)]
    values: dict[str, Any] = {
        "rows": shown, "draft": change_set, "line": line, "version": text.version, "total": len(text.rows),
        "q": q, "category": category, "unit": unit, "only": only,
        "can_edit": change_set is not None and change_set.status is ChangeSetStatus.DRAFT,
    }  # fmt: skip
    if request.headers.get("hx-target") == "rows":
        return front.fragment(request, "rules/_rows.html", **values)
    return front.page(
        request, "rules/catalogue.html", title="派单规则", **values,
        units=_units(text.rows, words), groups=_groups(front),
        drafts=await rules.store.listed(ChangeSetStatus.DRAFT, ChangeSetStatus.IN_REVIEW),
    )  # fmt: skip


def _row(words: RowWords, row: CatalogueRow, kind: str) -> dict[str, Any]:
    data = row.data
    return {
        "id": row.id,
        "group": row.group,
        "change": kind,
        "data": data,
        "category": words.value("category", data.get("category")),
        "conditions": words.conditions(data),
        "lead": "人工派单" if data.get("manual") else words.value("lead", data.get("lead")),
        "supporting": words.value("supporting", data["supporting"]) if data.get("supporting") else "",
        "is_confirmed": bool(data.get("confirmed")),
    }


def _is_wanted(row: dict[str, Any], q: str, category: str, unit: str, only: str) -> bool:
    data = row["data"]
    if category:
        codes = data.get("category", ())
        is_of = (
            codes == "any" or within(category, codes) or any(str(code).startswith(category) for code in codes)
        )
        if not is_of:
            return False
    if unit and unit not in (data.get("lead"), data.get("otherwise"), *data.get("supporting", ())):
        return False
    if (only == "unconfirmed" and row["is_confirmed"]) or (only == "changed" and not row["change"]):
        return False
    if (only == "manual" and not data.get("manual")) or (only == "any" and data.get("category") != "any"):
        return False
    told = [
        row["id"],
        row["category"],
        row["lead"],
        row["supporting"],
        str(data.get("because")),
        str(data.get("basis")),
    ]
    told += [value for _, value in row["conditions"]]
    return all(part in "\n".join(told) for part in q.split())


def _units(rows: Sequence[CatalogueRow], words: RowWords) -> list[tuple[str, str]]:
    used = {
        str(code) for row in rows for code in (row.data.get("lead"), *row.data.get("supporting", ())) if code
    }
    return sorted(((code, words.unit(code)) for code in used), key=lambda each: (each[0] != "place", each[1]))


def _groups(front: Front) -> list[tuple[str, str]]:
    categories = front.parts.city.categories
    return [(code, f"{code} {categories[code].name}") for code in sorted(categories) if len(code) <= 4]


def is_open(change_set: ChangeSet) -> bool:
    """Tell whether something may still become of a change set."""
    return change_set.status in (ChangeSetStatus.DRAFT, ChangeSetStatus.IN_REVIEW)
