"""The knowledge base as people keep it (知识库维护): the one way in which an article changes.

Reads a version, lets the domain decide, and commits the new one with its audit row, the change that the indexes read, and
the messages, in one transaction. Before a version takes effect the golden questions are asked: a drop blocks it and says
which questions moved. The machine publishes at the set time what a person has approved, warns of what runs out, takes out
of use what has run out, and starts the first tier of supervision for what a unit owes too long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

import structlog

from hotline.domain.article_life import (
    SEED,
    ArticleNotFoundError,
    ArticleStatus,
    ArticleStep,
    ArticleStepRefusedError,
    ArticleVersion,
    PublicationBlockedError,
    Refusal,
    StaleArticleError,
)
from hotline.domain.golden_gate import GateReport
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_rules import KnowledgeRules
from hotline.domain.knowledge_tasks import TaskGround
from hotline.domain.outbox import Message
from hotline.domain.people import MACHINE, Actor, Role
from hotline.service.knowledge_files import file_gone
from hotline.service.knowledge_tasks import KnowledgeTasks
from hotline.store.knowledge import SqlKnowledge, TaskChange, VersionChange

log: Final = structlog.get_logger("knowledge")

Check = Callable[[Article], Sequence[str]]
"""Returns what is wrong with an article's text, in Chinese; nothing when it may be reviewed."""


Progress = Callable[[int, int], None]
"""Is told how many golden questions of how many have been asked."""


def _untold(_: int, __: int) -> None:
    """Nobody waits for it."""


Permitted = Callable[[], Awaitable[None]]
"""Raises ``NotAllowedError`` when who decided may do so no longer: asked again once the golden questions are answered."""


async def anybody() -> None:
    """Ask nobody: who acts has no account here (programs), or was asked just now."""


class PublicationGate(Protocol):
    """Asks the golden questions (``app.knowledge_gate``). Raises ``EngineUnavailableError``."""

    async def compare(self, changed: Sequence[Article], *, on: date, told: Progress = _untold) -> GateReport:
        """Compare the answers as they are with those as they would be with ``changed`` in force on that day."""


class Lookalikes(Protocol):
    """Knows articles that ask the same (``app.knowledge_gate``)."""

    async def clashes(self, article: Article, *, on: date, beside: Sequence[Article] = ()) -> Sequence[str]:
        """Return, in Chinese, which ways of asking another article has that is published on that day, or one ``beside`` it."""


class AttachedFiles(Protocol):
    """Knows the files that editors handed in (``hotline.service.knowledge_files``)."""

    async def missing(self, article: Article) -> Sequence[str]:
        """Return the names of attachments whose file was never handed in, or is gone."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decides on versions that they have read, of that ``revision`` (None: whichever): to approve or to publish."""

    step: Literal[ArticleStep.APPROVE, ArticleStep.PUBLISH]
    by: Actor
    revision: int | None
    note: str = ""
    publish_at: datetime | None = None
    over_gate: str = ""


@dataclass(frozen=True, slots=True)
class SowReport:
    """What became of the city's articles: ids that are new, brought up to date, and left as people have changed them."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]


class Knowledge:
    """Changes articles. ``units`` are the city's handling units; without ``gate`` nothing is published."""

    def __init__(
        self,
        store: SqlKnowledge,
        tasks: KnowledgeTasks,
        *,
        units: Mapping[str, HandlingUnit],
        rules: KnowledgeRules,
        timezone: ZoneInfo,
        check: Check,
        gate: PublicationGate,
        lookalikes: Lookalikes,
        files: AttachedFiles | None = None,
    ) -> None:
        """Take the store, the tasks, what judges texts, and the files that articles may carry."""
        self._store = store
        self._tasks = tasks
        self._units = units
        self._rules = rules
        self._timezone = timezone
        self._check = check
        self._gate = gate
        self._lookalikes = lookalikes
        self._files = files

    # --- writing ---------------------------------------------------------------------------------------------

    async def start(
        self, article: Article, *, by: Actor, at: datetime, note: str = "", origin: str = ""
    ) -> ArticleVersion:
        """Start an article, or the next version of one that there is; it may be incomplete until it is submitted."""
        latest = await self._latest(article.id)
        if latest is not None and latest.is_open:
            raise latest.refused(ArticleStep.EDIT, Refusal.OPEN_VERSION)
        number = latest.number + 1 if latest is not None else 1
        draft = ArticleVersion.started(
            replace(article, version=number), by=by, at=at, note=note, origin=origin
        )
        self._refuse_other_units(draft, ArticleStep.EDIT, by)
        if latest is not None:
            self._refuse_other_units(latest, ArticleStep.EDIT, by)
        await self._store.commit(VersionChange(draft), at=at)
        return draft

    async def edit(
        self, article: Article, *, by: Actor, at: datetime, note: str = "", expected: int | None = None
    ) -> ArticleVersion:
        """Change the text of an article's draft."""
        draft = await self._read(article.id, expected)
        self._refuse_other_units(draft, ArticleStep.EDIT, by)
        edited = draft.edited(article, by=by, at=at, note=note)
        self._refuse_other_units(edited, ArticleStep.EDIT, by)
        await self._store.commit(VersionChange(edited, draft.revision), at=at)
        return edited

    async def submit(
        self, article: str, *, by: Actor, at: datetime, note: str = "", expected: int | None = None
    ) -> ArticleVersion:
        """Hand a draft in for review; one that lacks something is refused, with every reason."""
        draft = await self._read(article, expected)
        self._refuse_other_units(draft, ArticleStep.SUBMIT, by)
        submitted = draft.after(ArticleStep.SUBMIT, by=by, at=at, note=note)
        await self._refuse_faulty(draft, ArticleStep.SUBMIT, at)
        await self._store.commit(VersionChange(submitted, draft.revision), at=at)
        return submitted

    async def bring_in(
        self, articles: Sequence[Article], *, by: Actor, at: datetime, note: str = "", submits: bool = False
    ) -> Sequence[ArticleVersion]:
        """Take articles of a file in as drafts, in the place of drafts of the same id; ``submits`` hands them in at once.

        What is being reviewed or waits to take effect is refused. All of a hundred or none of them are taken.
        """
        taken = []
        for start in range(0, len(articles), _AT_ONCE):
            changes = [
                await self._brought_in(article, by, at, note, submits=submits)
                for article in articles[start : start + _AT_ONCE]
            ]
            await self._store.commit(*changes, at=at)
            taken += [change.version for change in changes]
        return taken

    async def rehearse(
        self, articles: Sequence[Article], *, by: Actor, at: datetime, submits: bool = False
    ) -> Sequence[tuple[str, ArticleStepRefusedError]]:
        """Return which articles ``bring_in`` would refuse, each by its id and why; nothing is changed."""
        refused = []
        for article in articles:
            try:
                await self._brought_in(article, by, at, "", submits=submits)
            except ArticleStepRefusedError as error:
                refused.append((article.id, error))
        return refused

    async def missing_files(self, articles: Sequence[Article]) -> Sequence[tuple[str, str]]:
        """Return which articles carry files that are not here, each by its id with a sentence for each file."""
        return [(article.id, reason) for article in articles for reason in await self._files_gone(article)]

    async def _brought_in(
        self, article: Article, by: Actor, at: datetime, note: str, *, submits: bool
    ) -> VersionChange:
        latest = await self._latest(article.id)
        if latest is not None and latest.is_open:
            draft = latest.edited(article, by=by, at=at, note=note)
            self._refuse_other_units(latest, ArticleStep.EDIT, by)
        else:
            number = latest.number + 1 if latest is not None else 1
            fresh = replace(article, version=number)
            draft = ArticleVersion.started(fresh, by=by, at=at, note=note, origin=IMPORTED)
        self._refuse_other_units(draft, ArticleStep.EDIT, by)
        if submits:
            await self._refuse_faulty(draft, ArticleStep.SUBMIT, at)
            draft = draft.after(ArticleStep.SUBMIT, by=by, at=at)
        return VersionChange(draft, latest.revision if latest is not None and latest.is_open else None)

    async def discard(
        self, article: str, reason: str, *, by: Actor, at: datetime, expected: int | None = None
    ) -> ArticleVersion:
        """Give up a version that was never published."""
        return await self._step(article, ArticleStep.DISCARD, by=by, at=at, note=reason, expected=expected)

    # --- reviewing -------------------------------------------------------------------------------------------

    async def send_back(
        self, article: str, reason: str, *, by: Actor, at: datetime, expected: int | None = None
    ) -> ArticleVersion:
        """Send a version back to who writes it, with the reason."""
        return await self._step(article, ArticleStep.SEND_BACK, by=by, at=at, note=reason, expected=expected)

    async def approve(
        self,
        *ids: str,
        by: Actor,
        at: datetime,
        publish_at: datetime | None = None,
        note: str = "",
        over_gate: str = "",
        expected: int | None = None,
        told: Progress = _untold,
        permitted: Permitted = anybody,
    ) -> Sequence[ArticleVersion]:
        """Approve versions, all or none, to take effect at once or at ``publish_at``.

        One in whose place an earlier version is in force takes effect on the day from which it is valid, and no sooner.
        ``expected`` is the revision that each of them has to have: somebody approves what they have read.
        ``permitted`` is asked before anything is kept: golden questions take a minute, and a role may be gone by then.
        Raises ``PublicationBlockedError`` when golden questions would be answered worse, unless ``over_gate`` says why
        it is right all the same (a person's decision, kept in the history).
        """
        if not ids:
            return ()
        versions, approved = await self._approvable(
            ids, by=by, at=at, publish_at=publish_at, note=note, expected=expected
        )
        report = await self._golden_as_approved(approved, at=at, told=told)
        if report.is_drop and not over_gate.strip():
            raise PublicationBlockedError(report)
        await permitted()
        for version in versions:
            await self._refuse_clashing(version, ArticleStep.APPROVE, at, beside=versions)
        if report.is_drop:  # kept for those that wait: the same drop does not hold them at their time
            against = str(PublicationBlockedError(report))
            approved = [replace(one, over_gate=over_gate.strip(), overruled=against) for one in approved]
        why = over_gate.strip() if report.is_drop else ""
        return await self._publish(approved, versions, by=by, at=at, note=why)

    async def publish(
        self,
        article: str,
        *,
        by: Actor,
        at: datetime,
        over_gate: str = "",
        expected: int | None = None,
        told: Progress = _untold,
        permitted: Permitted = anybody,
    ) -> ArticleVersion:
        """Let an approved version take effect now: one that waits for its time, or that golden questions held."""
        version = await self._publishable(article, expected, by=by, at=at)
        report = await self.golden([version.article], at=at, told=told)
        if report.is_drop and not over_gate.strip():
            raise PublicationBlockedError(report)
        await permitted()
        await self._refuse_clashing(version, ArticleStep.PUBLISH, at)
        why = over_gate.strip() if report.is_drop else ""
        (published,) = await self._publish([version], [version], by=by, at=at, note=why, brings_forward=True)
        return published

    async def examine(
        self, ids: Sequence[str], decision: Decision, *, at: datetime
    ) -> Sequence[ArticleVersion]:
        """Raise what speaks against a decision before any golden question is asked; return the versions it is on."""
        if decision.step is ArticleStep.PUBLISH:
            return [
                await self._publishable(article, decision.revision, by=decision.by, at=at) for article in ids
            ]
        versions, _ = await self._approvable(
            ids,
            by=decision.by,
            at=at,
            publish_at=decision.publish_at,
            note=decision.note,
            expected=decision.revision,
        )
        return versions

    async def decide(
        self,
        ids: Sequence[str],
        decision: Decision,
        *,
        at: datetime,
        told: Progress = _untold,
        permitted: Permitted = anybody,
    ) -> Sequence[ArticleVersion]:
        """Do what was decided, of all or of none; see ``approve`` and ``publish`` (of one article)."""
        by, over, revision = decision.by, decision.over_gate, decision.revision
        if decision.step is ArticleStep.PUBLISH:
            (article,) = ids
            published = await self.publish(
                article, by=by, at=at, over_gate=over, expected=revision, told=told, permitted=permitted
            )
            return [published]
        return await self.approve(
            *ids,
            by=by,
            at=at,
            publish_at=decision.publish_at,
            note=decision.note,
            over_gate=over,
            expected=revision,
            told=told,
            permitted=permitted,
        )

    async def golden(
        self, articles: Sequence[Article], *, at: datetime, told: Progress = _untold
    ) -> GateReport:
        """Ask the golden questions with and without these articles in force."""
        return await self._gate.compare(articles, on=self._day(at), told=told)

    async def retire(
        self, article: str, reason: str, *, by: Actor, at: datetime, expected: int | None = None
    ) -> ArticleVersion:
        """Take the published version out of use at once; no golden question holds that up."""
        version = await self._store.in_force(article) or await self._store.get(article)
        self._refuse_other_units(version, ArticleStep.RETIRE, by)
        return await self._step_of(version, ArticleStep.RETIRE, by=by, at=at, note=reason, expected=expected)

    # --- what the machine does as time passes ----------------------------------------------------------------

    async def publish_due(self, now: datetime, *, limit: int = 20) -> int:
        """Publish what was approved for a time that has come, or hold what speaks against it. Return how many.

        Golden questions may have become worse since, or another article may have come to ask the same.
        """
        done, after = 0, None
        while done < limit and (found := await self._store.to_publish(now, after=after, limit=limit)):
            for version in found:
                done += await self._take_up(version, now)
            after = found[-1]
        return done

    async def _take_up(self, version: ArticleVersion, now: datetime) -> int:
        if version.is_held or await self._effective(version, now) > now:
            return 0
        report = await self.golden([version.article], at=now)
        drop = str(PublicationBlockedError(report)) if report.is_drop else ""
        is_overruled = bool(version.over_gate) and drop == version.overruled
        against = "" if is_overruled else drop
        against = against or "；".join(await self._clashes(version, now))
        try:
            if against:
                await self._hold(version, against, now)
            else:
                note = version.over_gate if drop else ""
                await self._publish([version], [version], by=MACHINE, at=now, note=note)
        except StaleArticleError:
            log.info("article.left_to_another", article=version.id)
            return 0
        return 1

    async def look_at_ends(self, now: datetime, *, limit: int = 100) -> int:
        """Take out of use what has run out, and warn of what will: the owner unit gets a dated task. Return how many."""
        done, after, today = 0, "", self._day(now)
        while found := await self._store.ending(today + self._rules.warn_within, limit=limit, after=after):
            for version in found:
                done += await self._end(version, now)
            after = found[-1].id
        return done

    async def _end(self, version: ArticleVersion, now: datetime) -> int:
        until = version.article.valid_until
        assert until is not None
        try:
            if until < self._day(now):
                await self._step_of(version, ArticleStep.EXPIRE, by=MACHINE, at=now, note=until.isoformat())
                return 1
            if version.was_warned(since=until - 2 * self._rules.warn_within):
                return 0
            warned = version.after(ArticleStep.WARN, by=MACHINE, at=now, note=until.isoformat())
            tasks, messages = [], []
            if (unit := self._code_of(version.article.unit)) is not None:
                task = self._tasks.new(
                    unit,
                    TaskGround.EXPIRING,
                    version.article.title,
                    (version.id,),
                    by=MACHINE,
                    at=now,
                    key=f"expiring:{version.id}:{version.number}:{until.isoformat()}",
                )
                tasks, messages = [TaskChange(task)], [self._tasks.told(task)]
            await self._store.commit(
                VersionChange(warned, version.revision), tasks=tasks, messages=messages, at=now
            )
        except StaleArticleError:
            log.info("article.left_to_another", article=version.id)
            return 0
        return 1

    # --- the city's articles ---------------------------------------------------------------------------------

    async def sow(self, articles: Sequence[Article], *, at: datetime) -> SowReport:
        """Bring the city's articles in: new ones as published version 1; what people have changed is never overwritten.

        One that nobody has changed follows the files, from the day on which the new text is valid. Run again it changes
        nothing; two processes may run it at once.
        """
        known = await self._store.seeds()
        fresh = [article for article in articles if article.id not in known]
        seeds = [(ArticleVersion.seeded(replace(one, version=1), at=at), digest_of(one)) for one in fresh]
        try:
            await self._store.sow(seeds, at=at)
        except StaleArticleError:  # another process was quicker
            return await self.sow(articles, at=at)
        updated: list[str] = []
        kept: list[str] = []
        for article in articles:
            if known.get(article.id, digest_of(article)) == digest_of(article):
                continue
            if article.valid_from > self._day(at) and await self._store.in_force(article.id) is not None:
                continue  # the next start on that day or after it follows the file
            (updated if await self._follow(article, at) else kept).append(article.id)
        return SowReport(tuple(one.id for one in fresh), tuple(updated), tuple(kept))

    async def _follow(self, article: Article, at: datetime) -> bool:
        """Publish what the files now say of an article that nobody has changed; tell whether it was one."""
        latest = await self._store.get(article.id)
        if latest.origin != SEED or latest.status not in (ArticleStatus.PUBLISHED, ArticleStatus.EXPIRED):
            return False
        fresh = ArticleVersion.seeded(replace(article, version=latest.number + 1), at=at)
        replaced = latest.after(ArticleStep.REPLACE, by=MACHINE, at=at)
        changes = (VersionChange(replaced, latest.revision), VersionChange(fresh, seed=digest_of(article)))
        try:
            await self._store.commit(*changes, at=at)
        except StaleArticleError:  # another process was quicker
            log.info("article.left_to_another", article=article.id)
        return True

    # --- inside ----------------------------------------------------------------------------------------------

    async def _approvable(
        self,
        ids: Sequence[str],
        *,
        by: Actor,
        at: datetime,
        publish_at: datetime | None,
        note: str,
        expected: int | None,
    ) -> tuple[list[ArticleVersion], list[ArticleVersion]]:
        """Return versions as they are and as they would be approved, or raise what speaks against it."""
        versions = [await self._read(article, expected) for article in ids]
        soonest = max(publish_at or at, at)
        approved = [
            version.after(
                ArticleStep.APPROVE,
                by=by,
                at=at,
                note=note,
                publish_at=await self._effective(version, soonest),
            )
            for version in versions
        ]
        for version in versions:
            await self._refuse_faulty(version, ArticleStep.APPROVE, soonest, beside=versions)
        return versions, approved

    async def _publishable(
        self, article: str, expected: int | None, *, by: Actor, at: datetime
    ) -> ArticleVersion:
        """Return an approved version that may take effect now, or raise what speaks against it."""
        version = await self._read(article, expected)
        version.after(ArticleStep.PUBLISH, by=by, at=at)
        if await self._effective(version, at) > at:
            raise version.refused(ArticleStep.PUBLISH, Refusal.NOT_VALID_YET)
        await self._refuse_clashing(version, ArticleStep.PUBLISH, at)
        return version

    async def _effective(self, version: ArticleVersion, at: datetime) -> datetime:
        """Return when a version takes effect that is to at ``at``: the one in force answers until the next one is valid."""
        if await self._store.in_force(version.id) is None:
            return at
        return max(at, datetime.combine(version.article.valid_from, time(), self._timezone))

    async def _golden_as_approved(
        self, approved: Sequence[ArticleVersion], *, at: datetime, told: Progress
    ) -> GateReport:
        """Ask the golden questions for each time at which some take effect; return the first drop, or the last report."""
        times = [version.publish_at or at for version in approved]
        reports: list[GateReport] = []
        for moment in sorted(set(times)):
            changed = [one.article for one, when in zip(approved, times, strict=True) if when <= moment]
            reports.append(await self.golden(changed, at=moment, told=told))
            if reports[-1].is_drop:
                break
        return reports[-1]

    async def _publish(
        self,
        approved: Sequence[ArticleVersion],
        read: Sequence[ArticleVersion],
        *,
        by: Actor,
        at: datetime,
        note: str = "",
        brings_forward: bool = False,
    ) -> Sequence[ArticleVersion]:
        """Put versions in force in place of those before them, and settle what their units owed for it.

        What is approved for later waits for its time, unless ``brings_forward``.
        """
        decided = [
            version.after(ArticleStep.PUBLISH, by=by, at=at, note=note)
            if brings_forward or version.publish_at is None or version.publish_at <= at
            else version
            for version in approved
        ]
        published = [version.id for version in decided if version.status is ArticleStatus.PUBLISHED]
        changes = [
            VersionChange(before.after(ArticleStep.REPLACE, by=MACHINE, at=at), before.revision)
            for article in published
            for before in await self._store.superseded(article)
        ]
        changes += [VersionChange(new, old.revision) for new, old in zip(decided, read, strict=True)]
        tasks = await self._tasks.settled_by(published, at=at)
        await self._store.commit(*changes, tasks=tasks, at=at)
        return decided

    async def _hold(self, version: ArticleVersion, against: str, now: datetime) -> None:
        held = version.after(ArticleStep.HOLD, by=MACHINE, at=now, note=against[:_LONGEST_NOTE])
        body = {"article": version.id, "version": version.number, "moved": against[:_LONGEST_NOTE]}
        key = f"article:{version.id}:{version.number}:{version.revision}:held"
        message = Message("duty", "article.held", version.id, body, key)
        await self._store.commit(VersionChange(held, version.revision), messages=[message], at=now)

    async def _step(
        self, article: str, step: ArticleStep, *, by: Actor, at: datetime, note: str, expected: int | None
    ) -> ArticleVersion:
        version = await self._read(article, expected)
        self._refuse_other_units(version, step, by)
        return await self._step_of(version, step, by=by, at=at, note=note)

    async def _step_of(
        self,
        version: ArticleVersion,
        step: ArticleStep,
        *,
        by: Actor,
        at: datetime,
        note: str,
        expected: int | None = None,
    ) -> ArticleVersion:
        if expected is not None and version.revision != expected:
            raise StaleArticleError(version.id)
        changed = version.after(step, by=by, at=at, note=note)
        await self._store.commit(VersionChange(changed, version.revision), at=at)
        return changed

    async def _read(self, article: str, expected: int | None) -> ArticleVersion:
        version = await self._store.get(article)
        if expected is not None and version.revision != expected:
            raise StaleArticleError(article)
        return version

    async def _latest(self, article: str) -> ArticleVersion | None:
        try:
            return await self._store.get(article)
        except ArticleNotFoundError:
            return None

    async def _refuse_faulty(
        self,
        version: ArticleVersion,
        step: ArticleStep,
        at: datetime,
        *,
        beside: Sequence[ArticleVersion] = (),
    ) -> None:
        reasons = (*self._check(version.article), *await self._files_gone(version.article))
        if reasons:
            raise version.refused(step, Refusal.INCOMPLETE, reasons)
        await self._refuse_clashing(version, step, at, beside=beside)

    async def _refuse_clashing(
        self,
        version: ArticleVersion,
        step: ArticleStep,
        at: datetime,
        *,
        beside: Sequence[ArticleVersion] = (),
    ) -> None:
        if reasons := await self._clashes(version, at, beside):
            raise version.refused(step, Refusal.INCOMPLETE, tuple(reasons))

    async def _clashes(
        self, version: ArticleVersion, at: datetime, beside: Sequence[ArticleVersion] = ()
    ) -> Sequence[str]:
        others = [one.article for one in beside if one.id != version.id]
        return await self._lookalikes.clashes(version.article, on=self._day(at), beside=others)

    async def _files_gone(self, article: Article) -> Sequence[str]:
        gone = await self._files.missing(article) if self._files is not None else ()
        return [file_gone(name) for name in gone]

    def _refuse_other_units(self, version: ArticleVersion, step: ArticleStep, by: Actor) -> None:
        """Refuse a unit's people on an article of another unit (承办单位维护各自的条目)."""
        if by.role is Role.UNIT and self._code_of(version.article.unit) != by.unit:
            raise version.refused(step, Refusal.OTHER_UNIT)

    def _code_of(self, unit: str) -> str | None:
        return next((one.code for one in self._units.values() if one.name == unit), None)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._timezone).date()


_LONGEST_NOTE: Final = 2_000
_AT_ONCE: Final = 100
IMPORTED: Final = "import"


def digest_of(article: Article) -> str:
    """Return a digest of an article's text, whatever its version."""
    return hashlib.sha256(repr(replace(article, version=0)).encode()).hexdigest()
