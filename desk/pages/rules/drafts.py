"""Change sets: what they change, what a trial found, and who let them pass."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.pages.rules.catalogue import is_open, rules_of, words_of
from desk.rule_rows import RowWords
from desk.seat import Seat
from hotline.domain.rule_changes import ChangeSet, ChangeSetStatus, RuleNotFoundError, RuleStepRefusedError
from hotline.domain.rule_text import CatalogueRow, WordsDifference, differences, words_differences
from hotline.service.rule_trials import MOST_ORDERS
from hotline.service.rules import Line
from router.trial import Shift, Trial

router = desk_router()

Reason = Annotated[str, Form(max_length=500)]
Day = Annotated[date, Form()]
Revision = Annotated[int, Form()]
DAYS: Final = (30, 90, 365)


@router.get("/desk/rules/drafts")
async def drafts(request: Request) -> Response:
    """Show the change sets that somebody works on, and the last that were settled."""
    front = front_of(request)
    store = rules_of(front).store
    return front.page(
        request, "rules/drafts.html", title="变更单", line=await rules_of(front).line(),
        open=await store.listed(ChangeSetStatus.DRAFT, ChangeSetStatus.IN_REVIEW),
        settled=await store.listed(ChangeSetStatus.PUBLISHED, ChangeSetStatus.DISCARDED, limit=20),
    )  # fmt: skip


@router.post("/desk/rules/drafts")
async def start(request: Request, seat: Seat, reason: Reason, effective_on: Day) -> Response:
    """Begin a change set; its rows are chosen in the table."""
    front = front_of(request)
    made = await rules_of(front).start(reason, effective_on, by=seat.account.login)
    return front.done(request, to=f"/desk/rules?draft={made.id}", toast="变更单已建立，点规则编号修改")


@router.get("/desk/rules/drafts/{draft}")
async def draft(request: Request, draft: str) -> Response:
    """Show what a change set changes, how its trial stands, its history, and what may be done."""
    front = front_of(request)
    rules, words = rules_of(front), words_of(front)
    found, line = await rules.store.get(draft), await rules.line()
    conflict, changes = "", list[dict[str, Any]]()
    words_changes: tuple[WordsDifference, ...] = ()
    try:
        base, text = await rules.text(found.base), await rules.draft_text(found)
        changes = changed_rows(words, base.rows, text.rows)
        words_changes = words_differences(base.words, text.words)
    except RuleStepRefusedError as error:
        conflict = front.refusal(error.code, error.reason)
    return front.page(
        request, "rules/draft.html", title=found.reason, draft=found, line=line, changes=changes, conflict=conflict,
        words_changes=words_changes,
        is_open=is_open(found), is_behind=is_open(found) and found.base != line.head, days=DAYS,
        first_day=_first_day(found, line), **await _trial(front, found),
    )  # fmt: skip


@router.get("/desk/rules/drafts/{draft}/trial")
async def trial(request: Request, draft: str) -> Response:
    """Show how the trial stands, while it runs."""
    front = front_of(request)
    found = await rules_of(front).store.get(draft)
    return front.fragment(request, "rules/_trial.html", draft=found, days=DAYS, **await _trial(front, found))


@router.post("/desk/rules/drafts/{draft}/try")
async def try_out(
    request: Request, seat: Seat, draft: str, days: Annotated[int, Form(ge=1, le=366)] = 90
) -> Response:
    """Begin a trial."""
    front = front_of(request)
    await rules_of(front).try_out(draft, days, by=seat.account.login)
    return front.done(request, to=f"/desk/rules/drafts/{draft}#trial", toast="试算已开始")


@router.get("/desk/rules/drafts/{draft}/orders")
async def orders(
    request: Request, seat: Seat, draft: str, old: Annotated[str, Query(max_length=64)] = "",
    new: Annotated[str, Query(max_length=64)] = "", rule: Annotated[str, Query(max_length=64)] = "",
) -> Response:  # fmt: skip
    """Show the orders that would go from one unit to another; the look is noted."""
    front = front_of(request)
    found = await rules_of(front).store.get(draft)
    shift = _shift((await rules_of(front).trial(found)).found, old, new, rule)
    records = front.parts.records
    await records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=f"rules {draft}: {' '.join(shift.numbers)}",
        at=front.parts.clock(),
    )  # fmt: skip
    words = words_of(front)
    return front.page(
        request, "rules/orders.html", title="会改派的工单", draft=found, shift=shift,
        old=words.unit(old), new=words.unit(new),
        orders=[row_of(front, await records.get(number)) for number in shift.numbers],
    )  # fmt: skip


@router.post("/desk/rules/drafts/{draft}/plan")
async def plan(
    request: Request, seat: Seat, draft: str, revision: Revision, reason: Reason, effective_on: Day
) -> Response:
    """Give it another reason and day."""
    front = front_of(request)
    await rules_of(front).plan(draft, reason, effective_on, revision, by=seat.account.login)
    return _done(request, draft, "已改")


@router.post("/desk/rules/drafts/{draft}/expect")
async def expect(
    request: Request, seat: Seat, draft: str, revision: Revision, matter: Annotated[str, Form(max_length=500)],
    lead: Annotated[str, Form(max_length=64)] = "", reason: Reason = "",
) -> Response:  # fmt: skip
    """Say that a golden matter goes elsewhere on purpose, or take that back."""
    await rules_of(front_of(request)).expect(draft, matter, lead, reason, revision, by=seat.account.login)
    return _done(request, draft, "已记下，请重新试算")


@router.post("/desk/rules/drafts/{draft}/rebase")
async def rebase(request: Request, seat: Seat, draft: str, revision: Revision) -> Response:
    """Put the changes on the newest version."""
    await rules_of(front_of(request)).rebase(draft, revision, by=seat.account.login)
    return _done(request, draft, "已换到新版本上，请重新试算")


@router.post("/desk/rules/drafts/{draft}/submit")
async def submit(request: Request, seat: Seat, draft: str, revision: Revision) -> Response:
    """Hand it to somebody else."""
    await rules_of(front_of(request)).submit(draft, revision, by=seat.account.login)
    return _done(request, draft, "已提交，等待另一个人审核")


@router.post("/desk/rules/drafts/{draft}/send-back")
async def send_back(
    request: Request, seat: Seat, draft: str, revision: Revision, reason: Reason = ""
) -> Response:
    """Give it back."""
    await rules_of(front_of(request)).send_back(draft, reason, revision, by=seat.account.login)
    return _done(request, draft, "已退回修改")


@router.post("/desk/rules/drafts/{draft}/discard")
async def discard(
    request: Request, seat: Seat, draft: str, revision: Revision, reason: Reason = ""
) -> Response:
    """Give it up."""
    await rules_of(front_of(request)).discard(draft, reason, revision, by=seat.account.login)
    return _done(request, draft, "已作废")


@router.post("/desk/rules/drafts/{draft}/publish")
async def publish(
    request: Request, seat: Seat, draft: str, revision: Revision, effective_on: Day, reason: Reason = ""
) -> Response:
    """Let it pass: it takes effect on its day."""
    front = front_of(request)
    version = await rules_of(front).publish(draft, reason, effective_on, revision, by=seat.account.login)
    return front.done(
        request, to="/desk/rules/versions", toast=f"{version.version} 已发布，{version.valid_from} 生效"
    )


def changed_rows(
    words: RowWords, old: tuple[CatalogueRow, ...], new: tuple[CatalogueRow, ...]
) -> list[dict[str, Any]]:
    """Return what differs between two catalogues, in words."""
    return [
        {
            "id": each.row,
            "kind": each.kind,
            "fields": [(name, words.value(name, was), words.value(name, becomes)) for name, was, becomes in each.fields if name != "id"],
        }
        for each in differences(old, new)
    ]  # fmt: skip


async def _trial(front: Front, found: ChangeSet) -> dict[str, Any]:
    shown, words = await rules_of(front).trial(found), words_of(front)
    shifts = (
        [(words.unit(each.old), words.unit(each.new), each) for each in shown.found.shifts]
        if shown.found
        else []
    )
    gate = shown.found.gate if shown.found is not None else None
    moved = [(each, words.unit(each.expected), words.unit(each.before), words.unit(each.after)) for each in (gate.moved if gate else ())]  # fmt: skip
    expectations = [(each, words.unit(each.lead)) for each in found.expectations]
    return {
        "trial": shown,
        "shifts": shifts,
        "moved": moved,
        "expectations": expectations,
        "most": MOST_ORDERS,
    }


def _shift(trial: Trial | None, old: str, new: str, rule: str) -> Shift:
    wanted = (old, new, rule)
    found = next(
        (each for each in (trial.shifts if trial else ()) if (each.old, each.new, each.rule) == wanted), None
    )
    if found is None:
        raise RuleNotFoundError(rule)
    return found


def _first_day(found: ChangeSet, line: Line) -> str:
    """Return the day that is proposed for taking effect: its own, or the first that is possible."""
    return max(found.effective_on, line.today, line.head_day).isoformat()


def _done(request: Request, draft: str, told: str) -> Response:
    return front_of(request).done(request, to=f"/desk/rules/drafts/{draft}", toast=told)
