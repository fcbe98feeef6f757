"""One article: as citizens get it, what has changed, what golden questions say, and the steps of its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import WORDS, Front, is_htmx
from desk.guard import desk_router, front_of
from desk.knowledge import KnowledgeTools
from desk.pages.knowledge.common import (
    FIELDS,
    ArticleId,
    attached,
    is_editable,
    names_of,
    today,
    tools_of,
    worded,
)
from desk.pages.knowledge.form import missing
from desk.pages.knowledge.writing import shown_as
from desk.ranges import ranged
from desk.seat import Seat
from hotline.domain.accounts import Account, NotAllowedError
from hotline.domain.article_life import (
    TRANSITIONS,
    ArticleStatus,
    ArticleStep,
    ArticleStepRefusedError,
    ArticleVersion,
    StaleArticleError,
)
from hotline.domain.errors import DeedRefusedError, EngineUnavailableError, HotlineError
from hotline.domain.golden_check import CheckRunningError, CheckState, GoldenCheck
from hotline.domain.golden_gate import GateReport
from hotline.service.accounts import SignedIn
from hotline.service.knowledge import Decision
from hotline.service.knowledge_files import headers_of
from knowledge_base.differences import marked

router = desk_router()

_STEPS: Final = (
    ArticleStep.SUBMIT, ArticleStep.APPROVE, ArticleStep.PUBLISH, ArticleStep.SEND_BACK, ArticleStep.RETIRE,
    ArticleStep.DISCARD,
)  # fmt: skip
_USED_WITHIN: Final = timedelta(days=30)
Version = Annotated[int | None, Query(ge=1, lt=2**31)]
Text = Annotated[str, Form(max_length=4000)]


@dataclass(frozen=True, slots=True)
class _Refused:
    """A step that was not taken: why, and what was typed for it."""

    status: int
    text: str
    note: str = ""
    publish_at: str = ""
    over_gate: str = ""
    report: GateReport | None = None


@router.get("/desk/knowledge/articles/{article}")
async def one(request: Request, seat: Seat, article: ArticleId, version: Version = None) -> Response:
    """Show one version, the latest if none is said."""
    return await _show(request, seat, article, version)


@router.get("/desk/knowledge/articles/{article}/diff")
async def diff(request: Request, article: ArticleId, old: Version = None, new: Version = None) -> Response:
    """Show what has changed between two versions, the last two if none are said."""
    front, tools = front_of(request), tools_of(request)
    after = await tools.store.get(article, new)
    before = await tools.store.get(article, old or max(1, after.number - 1))
    numbers = [each.number for each in await tools.store.versions(article)]
    return front.page(
        request, "knowledge/diff.html", title=f"对比 {article}", article=article, numbers=numbers,
        before=before, after=after, changes=marked(before.article, after.article),
    )  # fmt: skip


@router.get("/desk/knowledge/articles/{article}/warnings")
async def warnings(request: Request, article: ArticleId, version: Version = None) -> Response:
    """Show near duplicates, and figures that differ from those of alike articles."""
    front, tools = front_of(request), tools_of(request)
    found = await tools.store.get(article, version)
    warned = await tools.comparing.warnings(found.article, on=today(front))
    return front.fragment(request, "knowledge/_warnings.html", warned=warned)


@router.get("/desk/knowledge/articles/{article}/golden")
async def golden(request: Request, article: ArticleId, version: Version = None) -> Response:
    """Ask the golden questions with and without this version in force, and show which of them move."""
    front, tools = front_of(request), tools_of(request)
    found, now = await tools.store.get(article, version), front.parts.clock()
    report = await tools.editing.golden([found.article], at=max(now, found.publish_at or now))
    return front.fragment(request, "knowledge/_golden.html", report=report)


@router.get("/desk/knowledge/articles/{article}/check")
async def check(request: Request, article: ArticleId) -> Response:
    """Show how far the check of an approval is; once it has ended the page is loaded anew."""
    front, tools = front_of(request), tools_of(request)
    running = await tools.checks.of(article)
    if running is not None and running.state is CheckState.RUNNING:
        return front.fragment(request, "knowledge/_check.html", check=running, names=await names_of(front))
    return Response(status_code=204, headers={"HX-Redirect": f"/desk/knowledge/articles/{article}"})


@router.get("/desk/knowledge/articles/{article}/spoken.wav")
async def sound(request: Request, article: ArticleId, version: Version = None) -> Response:
    """Read the spoken answer aloud as the telephone carries it."""
    tools = tools_of(request)
    found = await tools.store.get(article, version)
    if tools.sound is None:
        raise EngineUnavailableError("voice")
    if not found.article.spoken:
        raise DeedRefusedError(missing=FIELDS["spoken"])
    return ranged(await tools.sound(found.article.spoken), request.headers.get("range", ""))


@router.get("/desk/knowledge/articles/{article}/files/{digest}")
async def file(
    request: Request, article: ArticleId, digest: Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]
) -> Response:
    """Return a file that any version of the article carries, to be saved: reviewers open what they decide on."""
    attachment, found, body = await tools_of(request).files.for_editors(article, digest)
    return Response(body, media_type=found.kind, headers=headers_of(attachment, found))


@router.post("/desk/knowledge/articles/{article}/{step}")
async def take(
    request: Request, seat: Seat, article: ArticleId, step: ArticleStep,
    revision: Annotated[int, Form(ge=0, lt=2**31)], note: Text = "", over_gate: Text = "",
    publish_at: Annotated[datetime | None, Form()] = None,
) -> Response:  # fmt: skip
    """Take one step; what speaks against it is shown on the article's page, and what was typed stays."""
    front, tools = front_of(request), tools_of(request)
    if step not in _STEPS:
        return front.fault(request, 404, front.parts.words["faults"]["not_found"])
    at = publish_at.replace(tzinfo=front.parts.city.timezone) if publish_at is not None else None
    try:
        if step in (ArticleStep.APPROVE, ArticleStep.PUBLISH):
            by = seat.account.keeping(step)
            decision = Decision(step, by, revision, note.strip(), at, over_gate.strip())
            await tools.checks.decide(
                (article,), decision, at=front.parts.clock(),
                permitted=partial(front.parts.accounts.still_keeps, seat.account.login, step),
            )  # fmt: skip
            told = front.words["golden_checks"]["begun"]
        else:
            await _taken(front, tools, seat, article, step, revision, note.strip())
            told = front.words["article_told"][step.value]
    except (
        ArticleStepRefusedError,
        StaleArticleError,
        CheckRunningError,
        EngineUnavailableError,
    ) as error:
        when = publish_at.isoformat(timespec="minutes") if publish_at is not None else ""
        return await _refused(request, seat, article, error, (note, when, over_gate))
    return front.done(request, to=f"/desk/knowledge/articles/{article}", toast=told)


async def _taken(
    front: Front, tools: KnowledgeTools, seat: SignedIn, article: str, step: ArticleStep, revision: int, note: str,
) -> ArticleVersion:  # fmt: skip
    given: dict[str, Any] = {
        "by": seat.account.keeping(step), "at": front.parts.clock(), "expected": revision,
    }  # fmt: skip
    work = tools.editing
    match step:
        case ArticleStep.SUBMIT:
            return await work.submit(article, **given, note=note)
        case ArticleStep.SEND_BACK:
            return await work.send_back(article, note, **given)
        case ArticleStep.RETIRE:
            return await work.retire(article, note, **given)
        case _:
            return await work.discard(article, note, **given)


async def _refused(
    request: Request, seat: SignedIn, article: str, error: HotlineError, typed: tuple[str, str, str]
) -> Response:
    front = front_of(request)
    status, text = worded(front, error)
    if is_htmx(request):
        return front.fault(request, status, text)
    return await _show(request, seat, article, None, _Refused(status, text, typed[0], typed[1], typed[2]))


async def _show(
    request: Request, seat: SignedIn, article: str, number: int | None, refused: _Refused | None = None
) -> Response:
    front, tools = front_of(request), tools_of(request)
    versions = await tools.store.versions(article)
    latest = versions[-1]
    found = latest if number is None else await tools.store.get(article, number)
    in_force = next((each for each in versions if each.status is ArticleStatus.PUBLISHED), None)
    is_latest = found.number == latest.number
    now = front.parts.clock()
    last = await tools.checks.of(article) if found.is_open else None
    if last is not None and last.revision != found.revision:
        last = None  # of the article as it was before
    if refused is None and last is not None:
        refused = _unpublished(front, last)
    used = await tools.use.uses(now - _USED_WITHIN, now, article=article)
    return front.page(
        request, "knowledge/article.html", title=f"{article} {found.article.title}",
        status=refused.status if refused is not None else 200,
        article=found.article, found=found, versions=versions, latest=latest, in_force=in_force, is_latest=is_latest,
        steps=_steps(seat.account, latest, in_force) if is_latest else set(), retiring=in_force or latest,
        is_author=seat.account.login in found.authors, is_editable=is_latest and is_editable(found),
        lacks=missing(found.article, front.parts.city, FIELDS) if found.status is ArticleStatus.DRAFT else {},
        changes=marked(in_force.article, found.article) if in_force is not None and found.is_open else (),
        counties=front.parts.city.counties, names=await names_of(front), used=used[0] if used else None,
        related=await tools.lists.titles(found.article.related), refused=refused,
        check=last if last is not None and last.state is CheckState.RUNNING else None,
        attached=await attached(tools, found.article, f"/desk/knowledge/articles/{article}"),
        sound=f"/desk/knowledge/articles/{article}/spoken.wav?version={found.number}" if tools.sound else "",
        **shown_as(tools, found.article),
    )  # fmt: skip


def _unpublished(front: Front, check: GoldenCheck) -> _Refused | None:
    """Return why the last check did not publish, with what the reviewer had typed; None while it runs."""
    why: Mapping[str, str] = WORDS["article_refusals"]
    said: Mapping[str, str] = WORDS["golden_checks"]
    match check.state:
        case CheckState.BLOCKED:
            text = why["golden"]
        case CheckState.REFUSED:
            text = said["refused"] + (f"：{why[check.code]}" if check.code in why else "")
            text = f"{text}：{'；'.join(check.reasons)}" if check.reasons else text
        case CheckState.FAILED | CheckState.BROKEN_OFF:
            text = said[check.state.value]
        case _:
            return None
    at = check.publish_at.astimezone(front.parts.city.timezone) if check.publish_at is not None else None
    return _Refused(
        200, text, check.note, at.replace(tzinfo=None).isoformat(timespec="minutes") if at is not None else "",
        check.over_gate, check.report,
    )  # fmt: skip


def _steps(account: Account, latest: ArticleVersion, in_force: ArticleVersion | None) -> set[str]:
    """Return the steps that ``account`` may take on an article now; taking it out of use concerns what is in force."""
    found = set()
    for step in _STEPS:
        on = (in_force or latest) if step is ArticleStep.RETIRE else latest
        if (on.status, step) in TRANSITIONS and _may(account, step):
            found.add(step.value)
    if account.login in latest.authors:
        found -= {ArticleStep.APPROVE.value, ArticleStep.PUBLISH.value}
    return found


def _may(account: Account, step: ArticleStep) -> bool:
    try:
        account.keeping(step)
    except NotAllowedError:
        return False
    return True
