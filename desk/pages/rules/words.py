"""The word lists that rules go by (词表): read in any version, changed in a draft, checked while they are written."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any, Final, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.rules.catalogue import rules_of
from desk.seat import Seat
from hotline.domain.rule_changes import ChangeSet, ChangeSetStatus, RuleNotFoundError
from hotline.domain.rule_text import OWN_LISTS, CatalogueText, word_lists, words_differences
from router.row_check import RowProblem

router = desk_router()

_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
_USES: Final = ("mentions", "also", "without")
Name = Annotated[str, Form(max_length=64)]
Typed = Annotated[str, Form(max_length=8_000)]
Revision = Annotated[int, Form()]
IsNew = Annotated[bool, Form()]


@router.get("/desk/rules/words")
async def lists(
    request: Request,
    version: Annotated[str, Query(max_length=64)] = "",
    draft: Annotated[str, Query(max_length=32)] = "",
    q: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show the lists of a version, or of a draft with what it changes: those that have what is looked for."""
    front = front_of(request)
    rules, line = rules_of(front), await rules_of(front).line()
    change_set = await rules.store.get(draft) if draft else None
    text = await (rules.draft_text(change_set) if change_set else rules.text(version or line.in_force))
    changed = {}
    if change_set is not None:
        base = await rules.text(change_set.base)
        changed = {each.name: each.kind for each in words_differences(base.words, text.words)}
    used = _used(text)
    rows = [
        {"name": name, "words": words, "used": used[name], "change": changed.get(name, "")}
        for name, words in word_lists(text.words).items()
        if q in name or any(q in word for word in words)
    ]
    return front.page(
        request, "rules/words.html", title="词表", rows=rows, draft=change_set, version=text.version, line=line, q=q,
        own=OWN_LISTS, can_edit=change_set is not None and change_set.status is ChangeSetStatus.DRAFT,
        gone=[name for name, kind in changed.items() if kind == "removed"],
        drafts=await rules.store.listed(ChangeSetStatus.DRAFT),
    )  # fmt: skip


@router.get("/desk/rules/drafts/{draft}/words")
async def one(request: Request, draft: str, name: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Show a list as it is in the draft; without a name an empty form for a new one."""
    front = front_of(request)
    change_set = await rules_of(front).store.get(draft)
    found = word_lists((await rules_of(front).draft_text(change_set)).words)
    if name and name not in found:
        raise RuleNotFoundError(name)
    words = found.get(name, ())
    problems = await rules_of(front).check_words(change_set, name, words, is_new=False) if name else ()
    return await _form(request, change_set, name, words, problems, is_new=not name)


@router.post("/desk/rules/drafts/{draft}/words/check")
async def check(
    request: Request, draft: str, name: Name = "", words: Typed = "", is_new: IsNew = False
) -> Response:
    """Say what is wrong with the list as it is in the form now."""
    front = front_of(request)
    change_set = await rules_of(front).store.get(draft)
    typed = words_typed(words)
    problems = await rules_of(front).check_words(change_set, name.strip(), typed, is_new=is_new)
    was = word_lists((await rules_of(front).text(change_set.base)).words).get(name.strip(), ())
    return front.fragment(request, "rules/_said.html", **_said(problems, typed, was))


@router.post("/desk/rules/drafts/{draft}/words")
async def save(
    request: Request, seat: Seat, draft: str, revision: Revision, name: Name = "", words: Typed = "",
    is_new: IsNew = False,
) -> Response:  # fmt: skip
    """Keep the list in the draft, unless it has mistakes: then show them beside their fields."""
    front = front_of(request)
    rules, typed, wanted = rules_of(front), words_typed(words), name.strip()
    change_set = await rules.store.get(draft)
    problems = await rules.check_words(change_set, wanted, typed, is_new=is_new)
    if any(each.is_error for each in problems):
        return await _form(request, change_set, wanted, typed, problems, is_new=is_new, status=422)
    await rules.edit_words(draft, wanted, typed, revision, by=seat.account.login, is_new=is_new)
    return front.done(request, to=f"/desk/rules/drafts/{draft}", toast=f"词表 {wanted} 已记入变更单")


@router.post("/desk/rules/drafts/{draft}/words/{step}")
async def settle(
    request: Request, seat: Seat, draft: str, step: Literal["remove", "undo"], revision: Revision, name: Name
) -> Response:
    """Take a list out, or leave it as it was."""
    rules, by = rules_of(front_of(request)), seat.account.login
    change_set = await rules.store.get(draft)
    is_new = name not in word_lists((await rules.text(change_set.base)).words)
    if step == "undo" or is_new:
        await rules.undo_words(draft, name, revision, by=by)
    else:
        await rules.edit_words(draft, name, None, revision, by=by)
    told = f"词表 {name} 恢复原样" if step == "undo" else f"词表 {name} 将删去"
    return front_of(request).done(request, to=f"/desk/rules/drafts/{draft}", toast=told)


def words_typed(text: str) -> tuple[str, ...]:
    """Return the words of a field, each once, in their order."""
    return tuple(dict.fromkeys(word for word in _BETWEEN.split(text) if word))


def _used(text: CatalogueText) -> Counter[str]:
    return Counter(topic for row in text.rows for field in _USES for topic in row.data.get(field, ()))


def _said(problems: tuple[RowProblem, ...], words: tuple[str, ...], was: tuple[str, ...]) -> dict[str, Any]:
    more, less = [word for word in words if word not in was], [word for word in was if word not in words]
    means = (
        f"{len(words)} 个词"
        + (f"；新增 {'、'.join(more)}" if more else "")
        + (f"；删去 {'、'.join(less)}" if less else "")
    )
    said = {
        field: {
            "wrong": [each.text for each in problems if each.field == field and each.is_error],
            "doubts": [each.text for each in problems if each.field == field and not each.is_error],
            "means": means if field == "words" else "",
        }
        for field in ("name", "words")
    }
    return {"said": said, "errors": sum(each.is_error for each in problems)}


async def _form(
    request: Request, change_set: ChangeSet, name: str, words: tuple[str, ...], problems: tuple[RowProblem, ...],
    *, is_new: bool, status: int = 200,
) -> Response:  # fmt: skip
    front: Front = front_of(request)
    text = await rules_of(front).draft_text(change_set)
    was = word_lists((await rules_of(front).text(change_set.base)).words).get(name, ())
    users = [row.id for row in text.rows if any(name in row.data.get(field, ()) for field in _USES)]
    return front.page(
        request, "rules/word_list.html", title=f"词表 {name}" if name and not is_new else "新词表", status=status,
        draft=change_set, name=name, words_typed="、".join(words), users=users if name else [], own=OWN_LISTS, is_new=is_new,
        changed=change_set.words_of(name) is not None, **_said(problems, words, was),
    )  # fmt: skip
