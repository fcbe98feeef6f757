"""One row of a draft in a form that is checked while it is written."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.rules.catalogue import rules_of, words_of
from desk.rule_rows import CHOICES, FIELDS, URGENCIES, row_for_form, row_in_form, same_shape
from desk.seat import Seat
from hotline.domain.rule_changes import ChangeSet, RuleNotFoundError
from hotline.domain.rule_text import AT_THE_END, RowData
from router.row_check import RowProblem

router = desk_router()

Revision = Annotated[int, Form()]
RowId = Annotated[str, Form(max_length=64)]
_END = "end"


@router.get("/desk/rules/drafts/{draft}/new")
async def new(request: Request, draft: str, like: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Show an empty form, or one filled like another row, which the new one is put before."""
    front = front_of(request)
    change_set = await rules_of(front).store.get(draft)
    model = (await rules_of(front).draft_text(change_set)).row(like)
    data = {**model.data, "id": "", "confirmed": False} if model is not None else {}
    return await _form(request, change_set, "", data, like or _END, ())


@router.get("/desk/rules/drafts/{draft}/rows/{row}")
async def row(request: Request, draft: str, row: str) -> Response:
    """Show a row as it is in the draft."""
    front = front_of(request)
    change_set = await rules_of(front).store.get(draft)
    found = (await rules_of(front).draft_text(change_set)).row(row)
    if found is None:
        raise RuleNotFoundError(row)
    change = change_set.change_of(row)
    problems = await rules_of(front).check_row(change_set, row, found.data, change.before if change else None)
    return await _form(
        request, change_set, row, found.data, _typed(change.before if change else None), problems
    )


@router.post("/desk/rules/drafts/{draft}/check")
async def check(request: Request, draft: str) -> Response:
    """Say what is wrong with the row as it is in the form now, field by field."""
    front, form = front_of(request), await request.form()
    change_set = await rules_of(front).store.get(draft)
    row, data, before = await _read(front, change_set, form)
    problems = await rules_of(front).check_row(change_set, row, data, before)
    return front.fragment(
        request,
        "rules/_said.html",
        **_said(front, await _topics(front, change_set), data, problems),
    )


@router.post("/desk/rules/drafts/{draft}/rows")
async def save(request: Request, seat: Seat, draft: str, revision: Revision) -> Response:
    """Keep the row in the draft, unless it has mistakes: then show them beside their fields."""
    front, form = front_of(request), await request.form()
    rules = rules_of(front)
    change_set = await rules.store.get(draft)
    row, data, before = await _read(front, change_set, form)
    problems = await rules.check_row(change_set, row, data, before)
    if any(each.is_error for each in problems):
        return await _form(request, change_set, row, data, str(form.get("before", "")), problems, status=422)
    await rules.edit(draft, row or str(data["id"]), data, before, revision, by=seat.account.login)
    return front.done(request, to=f"/desk/rules/drafts/{draft}", toast=f"规则 {data['id']} 已记入变更单")


@router.post("/desk/rules/drafts/{draft}/remove")
async def remove(request: Request, seat: Seat, draft: str, revision: Revision, row: RowId) -> Response:
    """Take a row out."""
    front = front_of(request)
    rules = rules_of(front)
    change_set = await rules.store.get(draft)
    is_new = (await rules.text(change_set.base)).row(row) is None
    step = rules.undo(draft, row, revision, by=seat.account.login) if is_new else rules.edit(draft, row, None, None, revision, by=seat.account.login)  # fmt: skip
    await step
    return front.done(request, to=f"/desk/rules/drafts/{draft}", toast=f"规则 {row} 将删去")


@router.post("/desk/rules/drafts/{draft}/undo")
async def undo(request: Request, seat: Seat, draft: str, revision: Revision, row: RowId) -> Response:
    """Leave a row as it was."""
    front = front_of(request)
    await rules_of(front).undo(draft, row, revision, by=seat.account.login)
    return front.done(request, to=f"/desk/rules/drafts/{draft}", toast=f"规则 {row} 恢复原样")


async def _read(
    front: Front, change_set: ChangeSet, form: FormData
) -> tuple[str, dict[str, Any], str | None]:
    """Return the row's number in the draft (empty: a new one), what the form makes of it, and where it is put."""
    row, before = str(form.get("row", "")), str(form.get("before", "")).strip()
    was = (await rules_of(front).text(change_set.base)).row(row)
    data = row_in_form(form, front.parts.city)
    if row:
        data["id"] = row
    is_new = was is None
    place = {"": AT_THE_END if is_new else None, _END: AT_THE_END}.get(before, before)
    return row, same_shape(data, was.data if was is not None else None), place


def _typed(before: str | None) -> str:
    return "" if before is None else before or _END


async def _topics(front: Front, change_set: ChangeSet) -> dict[str, Any]:
    found: dict[str, Any] = (await rules_of(front).draft_text(change_set)).words["topics"]
    return found


def _said(
    front: Front, topics: dict[str, Any], data: RowData, problems: tuple[RowProblem, ...]
) -> dict[str, Any]:
    words = words_of(front)
    said = {
        field: {
            "wrong": [each.text for each in problems if each.field == field and each.is_error],
            "doubts": [each.text for each in problems if each.field == field and not each.is_error],
            "means": words.meaning(field, data.get(field), topics),
        }
        for field in (*FIELDS, "before")
    }
    return {"said": said, "errors": sum(each.is_error for each in problems)}


async def _form(
    request: Request, change_set: ChangeSet, row: str, data: RowData, before: str,
    problems: tuple[RowProblem, ...], *, status: int = 200,
) -> Response:  # fmt: skip
    front = front_of(request)
    text = await rules_of(front).draft_text(change_set)
    topics = await _topics(front, change_set)
    return front.page(
        request, "rules/row.html", title=f"规则 {row}" if row else "新规则", status=status, draft=change_set, row=row,
        shown=row_for_form(data), before=before, choices=CHOICES, urgencies=URGENCIES, topics=topics,
        limits=sorted(rules_of(front).limits()), rows=[each.id for each in text.rows],
        changed=change_set.change_of(row) is not None, **_said(front, topics, data, problems),
    )  # fmt: skip
