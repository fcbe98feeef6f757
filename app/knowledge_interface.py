"""The interface for keeping the knowledge base: articles and their life, review, golden questions, tasks, candidates.

Who acts comes with each step (``by``, ``role``, ``unit``); the consoles use the services beneath in their own way.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query, Request, Security
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.body_guard import UPLOAD_TYPE, read_upload
from app.knowledge import KnowledgeParts
from app.knowledge_import import brought_in
from app.knowledge_reports import gate_report, version_report
from app.programs import bearer
from app.step_models import Line, StaffId, Text, UnitCode, When
from app.unit_interface import READING, STEPPING
from app.web_parts import WebParts
from hotline.domain.article_life import ArticleStatus
from hotline.domain.article_life import ArticleStep as Life
from hotline.domain.errors import DeedRefusedError, EngineUnavailableError
from hotline.domain.golden_check import CheckState, GoldenCheck
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_use import CandidateState
from hotline.domain.people import Actor, Role
from hotline.service.knowledge import Decision
from hotline.service.knowledge_files import headers_of
from knowledge_base.articles import ArticleError, draft_of
from knowledge_base.differences import differences
from knowledge_base.golden import GoldenQuestion, Ground
from knowledge_base.importing import CONTENT_TYPES, read_given, write_rows
from knowledge_base.searching import search_report
from knowledge_base.wording import plain

PREFIX: Final = "/api/staff/v1/knowledge"
_MOST: Final = 200
ArticleId = Annotated[str, Path(pattern=r"^[A-Za-z][A-Za-z0-9-]{2,39}$")]
ItemId = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,32}$")]
Version = Annotated[int | None, Query(ge=1)]


class Step(BaseModel):
    """Who acts, in which capacity, and why. ``revision``: what the version was when it was read."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    role: Literal["editor", "reviewer", "unit", "supervisor"] = "editor"
    unit: UnitCode | None = None
    note: Text = ""
    revision: Annotated[int, Field(ge=0, lt=2**31)] | None = None

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return Actor(Role(self.role), self.by, self.unit)


class ArticleStep(Step):
    """A text: the fields of an article as files have them (docs/knowledge.md)."""

    article: dict[str, Any]


class PublishStep(Step):
    """``over_gate`` says why it is published although golden questions are answered worse."""

    over_gate: Text = ""


class ApproveStep(PublishStep):
    """Approve several at once; ``publish_at`` is when they take effect, now if it is not said; ``revision`` is of each.

    Where an earlier version is in force, that stays until the day from which the new one is valid.
    """

    ids: Annotated[list[str], Field(min_length=1, max_length=1_000)]
    publish_at: When | None = None


class ImportStep(Step):
    """Articles as rows; ``submits`` hands them in for review, then every row must be right."""

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=2_000)]
    submits: bool = False


class PolicyStep(Step):
    """A policy has changed: the owner units of ``articles``, or ``for_unit``, get a dated task."""

    document: Line
    articles: Annotated[list[str], Field(max_length=1_000)] = []
    for_unit: UnitCode | None = None
    due_at: When | None = None


class GoldenStep(Step):
    """A golden question with the articles that answer it, or why it must not be answered."""

    question: Line
    answers: Annotated[list[str], Field(max_length=20)] = []
    ground: Ground | None = None


class CheckOut(BaseModel):
    """A check on golden questions behind an approval or a publication: nothing is published until it has ``passed``.

    ``state``: running; passed (published, or approved for ``publish_at``); blocked (``report`` says which questions moved);
    refused (an article or the reviewer's account changed meanwhile), failed and broken_off: nothing was published.
    """

    id: str
    state: CheckState
    step: str | None
    articles: list[str]
    by: str
    started_at: datetime
    asked: int
    questions: int
    code: str
    reasons: list[str]
    report: dict[str, Any] | None


CHECKING: Final[dict[int | str, dict[str, Any]]] = {
    **STEPPING,
    202: {
        "model": CheckOut,
        "description": "Golden questions are being asked; ``Location`` is where to ask how it went.",
        "headers": {"Location": {"description": "The check's address", "schema": {"type": "string"}}},
    },
}
_PREFER: Final = re.compile(r"\bwait\s*=\s*([0-9]{1,4})\b")
_LONGEST_WAIT: Final = 300
Prefer = Annotated[
    str,
    Header(
        max_length=200,
        description="`wait=120` (RFC 7240): wait so many seconds, 300 at most, for the check to end; then the answer is 200, "
        "or why nothing was published, and 202 only when it still runs",
    ),
]
_FILE_SECONDS: Final = 60.0
_FILE: Final = {
    "requestBody": {
        "required": True,
        "content": {UPLOAD_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
CheckId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


class KnowledgeInterface:
    """The routes below ``/api/staff/v1/knowledge``."""

    def __init__(self, parts: WebParts, knowledge: KnowledgeParts) -> None:
        """Take the knowledge base."""
        self._parts = parts
        self._base = knowledge

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["knowledge"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("/articles")(self.articles)
        router.get("/articles/{article}")(self.one)
        router.get("/articles/{article}/versions")(self.versions)
        router.get("/articles/{article}/diff")(self.diff)
        router.get("/articles/{article}/warnings")(self.warnings)
        router.get("/articles/{article}/golden")(self.preview)
        router.get("/articles/{article}/spoken.wav", response_class=Response)(self.read_aloud)
        router.get("/articles/{article}/files/{digest}", response_class=Response)(self.file)
        router.post("/files", responses=STEPPING, openapi_extra=_FILE)(self.keep_file)
        router.get("/search")(self.search)
        router.get("/figures")(self.figures)
        router.get("/export")(self.export)
        router.get("/golden")(self.golden)
        router.get("/checks/{check}")(self.check)
        router.get("/candidates")(self.candidates)
        router.get("/tasks")(self.tasks)
        for path, work in (
            ("/articles", self.start),
            ("/articles/{article}/edit", self.edit),
            ("/articles/{article}/submit", self.submit),
            ("/articles/{article}/send-back", self.send_back),
            ("/articles/{article}/discard", self.discard),
            ("/articles/{article}/retire", self.retire),
            ("/import", self.bring_in),
            ("/golden", self.keep_golden),
            ("/candidates/{item}/draft", self.take),
            ("/candidates/{item}/dismiss", self.dismiss),
            ("/tasks", self.policy_changed),
            ("/tasks/{item}/settle", self.settle),
            ("/tasks/{item}/drop", self.drop),
        ):
            router.post(path, responses=STEPPING)(work)
        router.post("/articles/{article}/publish", responses=CHECKING, response_model=dict[str, Any])(
            self.publish
        )
        router.post("/approve", responses=CHECKING, response_model=list[dict[str, Any]])(self.approve)
        app.include_router(router)

    # --- reading ---------------------------------------------------------------------------------------------

    async def articles(  # noqa: PLR0917 -- FastAPI takes a query's fields as parameters
        self,
        status: Annotated[list[ArticleStatus] | None, Query()] = None,
        unit: Annotated[str | None, Query(max_length=96)] = None,
        category: Annotated[str | None, Query(pattern=r"^[0-9]{2,6}$")] = None,
        words: Annotated[str, Query(max_length=60)] = "",
        after: Annotated[str, Query(max_length=40)] = "",
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    ) -> dict[str, Any]:
        """Articles by id; ``next`` is the ``after`` of the next page. ``counts``: how many are in each state."""
        found = await self._base.store.listed(
            statuses=status or (), unit=unit, category=category, words=words, after=after, limit=limit
        )
        rows = [{**dataclasses.asdict(one), "changed_at": one.changed_at.isoformat()} for one in found]
        return {
            "articles": rows,
            "next": found[-1].id if len(found) == limit else None,
            "counts": {state.value: many for state, many in (await self._base.store.counts()).items()},
        }

    async def one(self, article: ArticleId, version: Version = None) -> dict[str, Any]:
        """One version with its life, the latest if none is said."""
        return version_report(await self._base.store.get(article, version))

    async def versions(self, article: ArticleId) -> list[dict[str, Any]]:
        """All versions, the first one first."""
        return [version_report(one) for one in await self._base.store.versions(article)]

    async def diff(self, article: ArticleId, old: Version = None, new: Version = None) -> dict[str, Any]:
        """What has changed between two versions, the last two if none are said."""
        after = await self._base.store.get(article, new)
        before = await self._base.store.get(article, old or max(1, after.number - 1))
        changes = [dataclasses.asdict(one) for one in differences(before.article, after.article)]
        return {"old": before.number, "new": after.number, "changes": changes}

    async def warnings(self, article: ArticleId, version: Version = None) -> list[dict[str, Any]]:
        """Near duplicates, and figures that differ from those of alike articles."""
        found = await self._base.store.get(article, version)
        warned = await self._base.finder.warnings(found.article, on=self._today)
        return [dataclasses.asdict(one) for one in warned]

    async def preview(self, article: ArticleId, version: Version = None) -> dict[str, Any]:
        """What golden questions would say if this version took effect."""
        found = await self._base.store.get(article, version)
        return gate_report(await self._base.editing.golden([found.article], at=self._parts.clock()))

    async def read_aloud(self, article: ArticleId, version: Version = None) -> Response:
        """The spoken answer of a version as citizens would hear it on the telephone, a WAV file."""
        found = await self._base.store.get(article, version)
        if self._parts.voice is None:
            raise EngineUnavailableError("voice")
        sound = await self._parts.voice.wav(found.article.spoken)
        return Response(sound, media_type="audio/wav", headers={"Cache-Control": "no-store"})

    async def file(self, article: ArticleId, digest: Digest) -> Response:
        """A file that any version of the article carries."""
        attachment, found, body = await self._base.files.for_editors(article, digest)
        return Response(body, media_type=found.kind, headers=headers_of(attachment, found))

    async def search(
        self,
        text: Annotated[str, Query(min_length=1, max_length=400)],
        county: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
    ) -> dict[str, Any]:
        """What would be answered, and the nearest articles."""
        return await search_report(self._base.retriever, text, on=self._today, county=county)

    async def figures(self, days: Annotated[int, Query(ge=1, le=366)] = 30) -> dict[str, Any]:
        """How each article was used: found, answered with, helped or not."""
        until = self._parts.clock().astimezone(UTC)
        uses = await self._base.use.uses(until - timedelta(days=days), until)
        rows = [{**dataclasses.asdict(one), "helped_share": one.helped_share} for one in uses]
        return {"days": days, "articles": rows}

    async def export(
        self, kind: Annotated[Literal["xlsx", "csv", "json", "yaml"], Query()] = "xlsx"
    ) -> Response:
        """All published articles as a file."""
        articles = [one async for one in self._base.store.all_published()]
        suffix = f".{kind}"
        headers = {"Content-Disposition": f'attachment; filename="articles{suffix}"'}
        return Response(write_rows(articles, suffix), media_type=CONTENT_TYPES[suffix], headers=headers)

    async def golden(self) -> dict[str, Any]:
        """Golden questions asked of the knowledge base as it is: those that went wrong."""
        verdicts = await self._base.gate.run(on=self._today)
        wrong = [dataclasses.asdict(one) for one in verdicts if not one.is_right or one.is_harmful]
        return {"questions": len(verdicts), "wrong": wrong}

    async def candidates(
        self,
        state: CandidateState = CandidateState.WAITING,
        after: Annotated[str, Query(max_length=32)] = "",
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    ) -> list[dict[str, Any]]:
        """Candidates for articles: what was asked, what was answered, the unit to ask."""
        found = await self._base.use.candidates(state=state, after=after, limit=limit)
        await self._parts.records.note_look(
            subject="knowledge_candidates", by="staff", why="knowledge interface", at=self._parts.clock()
        )
        return [{**dataclasses.asdict(one), "at": one.at.isoformat()} for one in found]

    async def tasks(
        self,
        unit: Annotated[UnitCode | None, Query()] = None,
        only_open: bool = True,
        after: Annotated[str, Query(max_length=32)] = "",
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    ) -> list[dict[str, Any]]:
        """Tasks that units owe the knowledge base."""
        found = await self._base.store.tasks(unit=unit, only_open=only_open, after=after, limit=limit)
        now = self._parts.clock()
        return [
            {**one.summary(), "is_open": one.is_open, "is_overdue": one.is_overdue(at=now), "tier": one.tier}
            for one in found
        ]

    # --- writing ---------------------------------------------------------------------------------------------

    async def start(self, body: ArticleStep) -> dict[str, Any]:
        """Start an article, or the next version of one; without an id it gets the next free one of its category."""
        row = dict(body.article)
        given = bool(row.get("id"))
        article = self._article(row if given else row | {"id": "new"})
        begin = self._base.editing.start if given else self._base.drafting.begin
        return version_report(await begin(article, by=body.actor, at=self._parts.clock(), note=body.note))

    async def edit(self, article: ArticleId, body: ArticleStep) -> dict[str, Any]:
        """Change the text of a draft."""
        return version_report(
            await self._base.editing.edit(
                self._article({**body.article, "id": article}),
                by=body.actor,
                at=self._parts.clock(),
                note=body.note,
                expected=body.revision,
            )
        )

    async def keep_file(
        self,
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=200)],
        by: Annotated[StaffId, Query()],
        role: Annotated[Literal["editor", "reviewer", "unit"], Query()] = "editor",
        unit: Annotated[UnitCode | None, Query()] = None,
    ) -> dict[str, str]:
        """Hand in a form or a document, the body; what is answered goes into ``attachments`` of an article's draft."""
        files = self._base.files
        body = await read_upload(request, most=files.most_bytes, seconds=_FILE_SECONDS)
        kept = await files.keep(body, name=name, by=Actor(Role(role), by, unit), at=self._parts.clock())
        return {"name": kept.name, "address": kept.address}

    async def submit(self, article: ArticleId, body: Step) -> dict[str, Any]:
        """Hand a draft in for review."""
        return version_report(
            await self._base.editing.submit(
                article, by=body.actor, at=self._parts.clock(), note=body.note, expected=body.revision
            )
        )

    async def send_back(self, article: ArticleId, body: Step) -> dict[str, Any]:
        """Send a version back to who writes it; ``note`` says why."""
        return version_report(
            await self._base.editing.send_back(
                article, body.note, by=body.actor, at=self._parts.clock(), expected=body.revision
            )
        )

    async def discard(self, article: ArticleId, body: Step) -> dict[str, Any]:
        """Give up a version that was never published; ``note`` says why."""
        return version_report(
            await self._base.editing.discard(
                article, body.note, by=body.actor, at=self._parts.clock(), expected=body.revision
            )
        )

    async def retire(self, article: ArticleId, body: Step) -> dict[str, Any]:
        """Take an article out of use at once; ``note`` says why."""
        return version_report(
            await self._base.editing.retire(
                article, body.note, by=body.actor, at=self._parts.clock(), expected=body.revision
            )
        )

    async def publish(self, article: ArticleId, body: PublishStep, prefer: Prefer = "") -> Any:
        """Let an approved version take effect now, once golden questions have been asked behind the answer."""
        decision = Decision(Life.PUBLISH, body.actor, body.revision, over_gate=body.over_gate)
        return await self._decided([article], decision, prefer) or version_report(
            await self._base.store.get(article)
        )

    async def approve(self, body: ApproveStep, prefer: Prefer = "") -> Any:
        """Approve versions, all or none, once golden questions have been asked; somebody else than their authors."""
        decision = Decision(
            Life.APPROVE, body.actor, body.revision, body.note, body.publish_at, body.over_gate
        )
        return await self._decided(body.ids, decision, prefer) or [
            version_report(await self._base.store.get(id_)) for id_ in dict.fromkeys(body.ids)
        ]

    async def check(self, check: CheckId) -> CheckOut:
        """How a check stands. It can be asked for until the same article's next one, of several articles for a week."""
        return _check_report(await self._base.checks.by_token(check))

    async def _decided(self, ids: Sequence[str], decision: Decision, prefer: str) -> Response | None:
        """Begin the check; return where it can be asked for, None when it has passed within the time the program waits."""
        begun = await self._base.checks.decide(
            ids, decision, at=self._parts.clock(), permitted=partial(self._permitted, decision)
        )
        wanted = _PREFER.search(prefer)
        headers = {"Location": f"{PREFIX}/checks/{begun.token}"}
        if wanted is not None:
            seconds = min(int(wanted[1]), _LONGEST_WAIT)
            headers["Preference-Applied"] = f"wait={seconds}"
            if await self._base.checks.ended(begun, within=seconds) is not None:
                return None
        now = await self._base.checks.by_token(begun.token)
        return Response(_check_report(now).model_dump_json(), 202, headers, media_type="application/json")

    async def _permitted(self, decision: Decision) -> None:
        """Raise ``NotAllowedError`` when the reviewer has an account here that may not decide this (any longer)."""
        if self._parts.consoles is not None:
            await self._parts.consoles.accounts.still_keeps(decision.by.id, decision.step)

    async def bring_in(self, body: ImportStep) -> dict[str, Any]:
        """Take articles in as drafts; every rejected row is named, and in ``remarks`` every attachment whose file is not here."""
        present = [one async for one in self._base.store.all_published()]
        rows = read_given(body.rows, self._parts.city, present)
        found = await brought_in(
            self._base.editing,
            rows,
            by=body.actor,
            at=self._parts.clock(),
            note=body.note,
            submits=body.submits,
        )
        return {
            "taken": list(found.taken),
            "rejected": list(found.rejected),
            "remarks": list(found.remarks),
        }

    async def keep_golden(self, body: GoldenStep) -> dict[str, Any]:
        """Keep a golden question; without answers and ground it is asked no more."""
        if not plain(body.question):
            raise DeedRefusedError(missing="问题")
        book, at = self._base.golden, self._parts.clock()
        if not body.answers and body.ground is None:
            return {"dropped": await book.retire(body.question, by=body.actor, at=at)}
        question = GoldenQuestion(body.question, tuple(body.answers), body.ground)
        await book.keep(question, by=body.actor, at=at)
        return {"kept": body.question}

    async def take(self, item: ItemId, body: Step) -> dict[str, Any]:
        """Draft an article of a candidate."""
        return version_report(await self._base.drafting.take(item, by=body.actor, at=self._parts.clock()))

    async def dismiss(self, item: ItemId, body: Step) -> dict[str, Any]:
        """Dismiss a candidate; ``note`` says why."""
        found = await self._base.drafting.dismiss(item, body.note, by=body.actor, at=self._parts.clock())
        return {"id": found.id, "state": found.state.value}

    async def policy_changed(self, body: PolicyStep) -> list[dict[str, Any]]:
        """Give units a dated task because a policy has changed."""
        given = await self._base.tasks.policy_changed(
            body.document,
            body.articles,
            by=body.actor,
            at=self._parts.clock(),
            unit=body.for_unit,
            due_at=body.due_at,
        )
        return [one.summary() for one in given]

    async def settle(self, item: ItemId, body: Step) -> dict[str, Any]:
        """Settle a task; ``note`` says what was found."""
        found = await self._base.tasks.settle(item, body.note, by=body.actor, at=self._parts.clock())
        return {**found.summary(), "is_open": found.is_open}

    async def drop(self, item: ItemId, body: Step) -> dict[str, Any]:
        """Take a task back; ``note`` says why."""
        found = await self._base.tasks.drop(item, body.note, by=body.actor, at=self._parts.clock())
        return {**found.summary(), "is_open": found.is_open}

    # --- inside ----------------------------------------------------------------------------------------------

    @property
    def _today(self) -> Any:
        return self._parts.clock().astimezone(self._parts.city.timezone).date()

    def _article(self, row: dict[str, Any]) -> Article:
        try:
            return draft_of(row, self._parts.city)
        except ArticleError as error:
            raise DeedRefusedError(missing=str(error)) from error

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})


def _check_report(check: GoldenCheck) -> CheckOut:
    return CheckOut(
        id=check.token, state=check.state, step=check.step, articles=list(check.articles), by=str(check.by),
        started_at=check.started_at, asked=check.asked, questions=check.questions, code=check.code,
        reasons=list(check.reasons), report=gate_report(check.report) if check.report is not None else None,
    )  # fmt: skip
