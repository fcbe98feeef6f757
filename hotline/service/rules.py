"""The rules console (派单规则工作台): drafts of the dispatch catalogue, tried, reviewed, published for a day, and rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.rule_changes import (
    ChangeSet,
    RuleEntry,
    RuleNotFoundError,
    RuleRefusal,
    RuleStep,
    RuleStepRefusedError,
    RuleVersion,
    check_day,
    reasoned,
)
from hotline.domain.rule_text import (
    CatalogueText,
    ChangeConflictError,
    RowChange,
    WordsChange,
    applied,
    with_words,
    word_lists,
)
from hotline.service.rule_trials import RuleTrials, ShownTrial
from hotline.store.accounts import Audited
from hotline.store.rules import SqlRules, valid_on
from router.catalogue import compiled
from router.catalogue_files import CatalogueFiles
from router.row_check import RowProblem, check_row
from router.words_check import check_words

FILES: Final = "files"
"""Stands for whoever wrote the files of the city's folder."""


@dataclass(frozen=True, slots=True)
class Line:
    """All versions as they stand: the published ones and those of the files, the newest first; what is in force, and what the next follows."""

    published: Sequence[RuleVersion]
    files: Sequence[CatalogueText]
    today: date
    mark: tuple[int, int]

    @property
    def head(self) -> str:
        """The version that begins last: the next one follows it."""
        return self._at(date.max)

    @property
    def head_day(self) -> date:
        """The day on which that one begins."""
        found = valid_on(self.published, date.max)
        return max(each for each in (found and found.valid_from, self.files[0].valid_from) if each)

    @property
    def in_force(self) -> str:
        """The version in force today."""
        return self._at(self.today)

    @property
    def scheduled(self) -> tuple[RuleVersion, ...]:
        """Published versions whose day is still to come, the first of them last."""
        return tuple(each for each in self.published if each.is_scheduled(self.today))

    def _at(self, on: date) -> str:
        file = next((text for text in self.files if text.valid_from <= on), self.files[-1])
        found = valid_on(self.published, on)
        return file.version if found is None or file.valid_from > found.valid_from else found.version


class Rules:
    """What the console does. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(
        self,
        store: SqlRules,
        files: CatalogueFiles,
        trials: RuleTrials,
        city: City,
        *,
        limits: Callable[[], frozenset[str]],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """Take where drafts and versions are kept; ``limits`` names the limits that rows may use, ``clock`` is the city's."""
        self.store = store
        self.trials = trials
        self._files = files
        self._city = city
        self.limits = limits
        self._clock = clock
        self._new_id = new_id

    # --- reading -------------------------------------------------------------------------------------------

    async def line(self) -> Line:
        """Return the versions."""
        mark = await self.store.mark()
        files = await asyncio.to_thread(self._files.texts)
        return Line(await self.store.versions(), files, self._clock().date(), mark)

    async def text(self, version: str) -> CatalogueText:
        """Return a version in full. Raises ``RuleNotFoundError``, ``DamagedRulesError``."""
        files = await asyncio.to_thread(self._files.texts)
        found = next((text for text in files if text.version == version), None)
        return found if found is not None else await self.store.text(version)

    async def draft_text(self, change_set: ChangeSet) -> CatalogueText:
        """Return the catalogue as it would be. Raises ``RuleStepRefusedError`` when a change does not fit its base."""
        base = await self.text(change_set.base)
        return _with(base, change_set.changes, change_set)

    async def trial(self, change_set: ChangeSet) -> ShownTrial:
        """Return how the change set's trial stands."""
        return await self.trials.of(change_set)

    async def check_row(
        self, change_set: ChangeSet, row: str, data: Mapping[str, Any], before: str | None
    ) -> tuple[RowProblem, ...]:
        """Return what is wrong with a row as it is being written in a draft."""
        base = await self.text(change_set.base)
        others = tuple(change for change in change_set.changes if change.row != row)
        was = base.row(row)
        wanted = str(data.get("id", ""))
        if was is None and (base.row(wanted) is not None or any(each.row == wanted for each in others)):
            return (RowProblem("id", f"规则编号 {wanted} 已经有了"),)
        change = RowChange(wanted or row, was.data if was else None, data, before)
        try:
            text = _with(base, (*others, change), change_set)
        except RuleStepRefusedError as error:
            return (RowProblem("before", error.detail),)
        return await asyncio.to_thread(check_row, data, text, self._city, self.limits())

    # --- drafts --------------------------------------------------------------------------------------------

    async def start(self, reason: str, effective_on: date, *, by: str) -> ChangeSet:
        """Begin a change set on top of the newest version."""
        line = await self.line()
        check_day(effective_on, today=line.today, newest=line.head_day)
        at = self._clock()
        made = ChangeSet(
            self._new_id(), reasoned(reason), effective_on, line.head, by,
            history=(RuleEntry(RuleStep.START, by, at),),
        )  # fmt: skip
        await self.store.add(made, _audited(by, RuleStep.START, at, reason=made.reason, base=made.base))
        return made

    async def plan(self, id_: str, reason: str, effective_on: date, revision: int, *, by: str) -> ChangeSet:
        """Give a draft another reason and day."""
        line = await self.line()
        check_day(effective_on, today=line.today, newest=line.head_day)
        found = await self._at(id_, revision)
        changed = found.planned(reason, effective_on, by=by, at=self._clock())
        return await self._keep(changed, by, reason=changed.reason, effective_on=effective_on.isoformat())

    async def edit(
        self,
        id_: str,
        row: str,
        data: Mapping[str, Any] | None,
        before: str | None,
        revision: int,
        *,
        by: str,
    ) -> ChangeSet:
        """Change, add, move or take out (None) one row. Raises ``RuleStepRefusedError`` when it has mistakes."""
        found = await self._at(id_, revision)
        was = (await self.text(found.base)).row(row)
        if data is None:
            if was is None and found.change_of(row) is None:
                raise RuleNotFoundError(row)
        else:
            problems = await self.check_row(found, row, data, before)
            if wrong := [each for each in problems if each.is_error]:
                raise RuleStepRefusedError(RuleRefusal.MISTAKES, "；".join(each.text for each in wrong))
        changed = found.with_row(row, was.data if was else None, data, before, by=by, at=self._clock())
        return await self._keep(changed, by, row=row, becomes=data, before=before)

    async def undo(self, id_: str, row: str, revision: int, *, by: str) -> ChangeSet:
        """Leave a row as it is in the base."""
        found = await self._at(id_, revision)
        was = (await self.text(found.base)).row(row)
        data = was.data if was is not None else None
        return await self._keep(
            found.with_row(row, data, data, None, by=by, at=self._clock()), by, row=row, undone=True
        )

    async def check_words(
        self, change_set: ChangeSet, name: str, words: Sequence[str] | None, *, is_new: bool
    ) -> tuple[RowProblem, ...]:
        """Return what is wrong with a word list as it is being written in a draft; None: it is taken out."""
        base = await self.text(change_set.base)
        others = tuple(each for each in change_set.words if each.name != name)
        was = word_lists(base.words).get(name)
        if is_new and (was is not None or len(others) < len(change_set.words)):
            return (RowProblem("name", f"词表 {name} 已经有了"),)
        becomes = tuple(words) if words is not None else None
        is_nothing = was is None and becomes is None
        changes = others if is_nothing else (*others, WordsChange(name, was, becomes))
        text = _with(base, change_set.changes, replace(change_set, words=changes))
        return await asyncio.to_thread(check_words, name, becomes, text, self._city, self.limits())

    async def edit_words(
        self,
        id_: str,
        name: str,
        words: Sequence[str] | None,
        revision: int,
        *,
        by: str,
        is_new: bool = False,
    ) -> ChangeSet:
        """Change, add or take out (None) a word list. Raises ``RuleStepRefusedError`` when it has mistakes."""
        found = await self._at(id_, revision)
        was = word_lists((await self.text(found.base)).words).get(name)
        if not is_new and was is None and found.words_of(name) is None:
            raise RuleNotFoundError(name)
        problems = await self.check_words(found, name, words, is_new=is_new)
        if wrong := [each for each in problems if each.is_error]:
            raise RuleStepRefusedError(RuleRefusal.MISTAKES, "；".join(each.text for each in wrong))
        becomes = tuple(words) if words is not None else None
        changed = found.with_words(name, was, becomes, by=by, at=self._clock())
        return await self._keep(changed, by, words=name, becomes=list(words) if words is not None else None)

    async def undo_words(self, id_: str, name: str, revision: int, *, by: str) -> ChangeSet:
        """Leave a word list as it is in the base. Raises ``RuleStepRefusedError`` where the draft's rows need it otherwise."""
        found = await self._at(id_, revision)
        was = word_lists((await self.text(found.base)).words).get(name)
        problems = await self.check_words(found, name, was, is_new=False)
        if wrong := [each for each in problems if each.is_error]:
            raise RuleStepRefusedError(RuleRefusal.MISTAKES, "；".join(each.text for each in wrong))
        changed = found.with_words(name, was, was, by=by, at=self._clock())
        return await self._keep(changed, by, words=name, undone=True)

    async def expect(
        self, id_: str, matter: str, lead: str, why: str, revision: int, *, by: str
    ) -> ChangeSet:
        """Say that a golden matter goes elsewhere on purpose; without ``lead`` take that back."""
        found = await self._at(id_, revision)
        if lead and lead not in self._city.units and lead != "manual":
            raise RuleNotFoundError(lead)
        changed = found.with_expectation(matter, lead, why, by=by, at=self._clock())
        return await self._keep(changed, by, matter=matter, lead=lead, why=why)

    async def rebase(self, id_: str, revision: int, *, by: str) -> ChangeSet:
        """Put the changes on the newest version. Raises ``RuleStepRefusedError`` when one of its rows was changed there."""
        found, head = await self._at(id_, revision), (await self.line()).head
        base = await self.text(head)
        _with(base, found.changes, found)
        changed = found.rebased(head, found.changes, by=by, at=self._clock())
        return await self._keep(changed, by, base=head)

    async def try_out(self, id_: str, days: int, *, by: str) -> None:
        """Try a change set on golden matters and on the orders of the last ``days``, in the background."""
        found = await self.store.get(id_)
        await self.trials.begin(
            found, await self.text(found.base), await self.draft_text(found), timedelta(days=days), by=by
        )

    # --- review --------------------------------------------------------------------------------------------

    async def submit(self, id_: str, revision: int, *, by: str) -> ChangeSet:
        """Hand a draft to somebody else; it must fit the newest version, and its trial be done without mistakes or drop."""
        found = await self._at(id_, revision)
        changed = found.submitted(by=by, at=self._clock())
        line = await self.line()
        await self._check(found, line, found.effective_on)
        return await self._keep(changed, by)

    async def send_back(self, id_: str, note: str, revision: int, *, by: str) -> ChangeSet:
        """Give it back to its author."""
        found = await self._at(id_, revision)
        return await self._keep(found.sent_back(note, by=by, at=self._clock()), by, note=note)

    async def discard(self, id_: str, note: str, revision: int, *, by: str) -> ChangeSet:
        """Give it up."""
        found = await self._at(id_, revision)
        return await self._keep(found.discarded(note, by=by, at=self._clock()), by, note=note)

    async def publish(
        self, id_: str, note: str, effective_on: date, revision: int, *, by: str
    ) -> RuleVersion:
        """Let it pass: it takes effect at the beginning of ``effective_on``, at once if that is today (四眼原则)."""
        found = await self._at(id_, revision)
        passed = replace(found, effective_on=effective_on).published(note, by=by, at=self._clock())
        line = await self.line()
        await self._check(found, line, effective_on)
        text = await self.draft_text(found)
        made = self._made(line, text, effective_on, author=found.author, approver=by, reason=found.reason)
        version = replace(made, change_set=found.id)
        await self._publish(version, text, line, RuleStep.PUBLISH, change_set=passed, note=note)
        return version

    async def withdraw(self, version: str, reason: str, *, by: str) -> None:
        """Take back a version whose day is still to come, and what was published on top of it."""
        line = await self.line()
        wanted = next((each for each in line.published if each.version == version), None)
        if wanted is None:
            raise RuleNotFoundError(version)
        if not wanted.is_scheduled(line.today):
            raise RuleStepRefusedError(RuleRefusal.IN_FORCE)
        at, why = self._clock(), reasoned(reason)
        versions = [each.version for each in line.scheduled if each.sequence >= wanted.sequence]
        await self.store.withdraw(
            versions, _audited(by, RuleStep.WITHDRAW, at, reason=why, versions=versions)
        )

    async def roll_back(self, version: str, reason: str, *, by: str) -> RuleVersion:
        """Bring an earlier version back at once, as a new one; what is scheduled is withdrawn with the same step."""
        line = await self.line()
        old = await self.text(version)
        last = next((each.version for each in line.published if each.withdrawn_at is None), line.in_force)
        if last == version:
            raise RuleStepRefusedError(RuleRefusal.SAME)
        made = self._made(line, old, line.today, author=by, approver=by, reason=reasoned(reason))
        withdraws = [each.version for each in line.scheduled]
        rolled = replace(made, restores=version)
        await self._publish(rolled, old, line, RuleStep.ROLL_BACK, withdraws=withdraws, restores=version)
        return rolled

    # --- inside --------------------------------------------------------------------------------------------

    async def _at(self, id_: str, revision: int) -> ChangeSet:
        """Return a change set as of the revision that was seen: the store refuses to save it when there is a newer one."""
        return replace(await self.store.get(id_), revision=revision)

    async def _keep(self, changed: ChangeSet, by: str, **detail: Any) -> ChangeSet:
        step = changed.history[-1].step
        await self.store.save(changed, _audited(by, step, self._clock(), **detail))
        return changed

    async def _check(self, found: ChangeSet, line: Line, effective_on: date) -> None:
        if found.base != line.head:
            raise RuleStepRefusedError(RuleRefusal.BASE, line.head)
        check_day(effective_on, today=line.today, newest=line.head_day)
        (await self.trials.of(found)).check()

    def _made(
        self, line: Line, text: CatalogueText, effective_on: date, *, author: str, approver: str, reason: str
    ) -> RuleVersion:
        sequence = line.mark[0] + 1
        return RuleVersion(
            sequence, f"{text.version.partition('+')[0]}+{sequence}", effective_on, self._clock(), author,
            approver, reason,
        )  # fmt: skip

    async def _publish(
        self,
        version: RuleVersion,
        text: CatalogueText,
        line: Line,
        step: RuleStep,
        *,
        change_set: ChangeSet | None = None,
        withdraws: Sequence[str] = (),
        **detail: Any,
    ) -> None:
        about = {**text.about, "version": version.version, "valid_from": version.valid_from.isoformat()}
        whole = replace(text, about=about)
        try:
            await asyncio.to_thread(compiled, whole, self._city, self.limits())
        except CityConfigError as error:
            raise RuleStepRefusedError(RuleRefusal.MISTAKES, f"{error.row}：{error.reason}") from error
        deed = _audited(
            version.approver, step, version.published_at, reason=version.reason, author=version.author,
            valid_from=version.valid_from.isoformat(), withdraws=list(withdraws), **detail,
        )  # fmt: skip
        await self.store.publish(
            version, whole, deed, mark=line.mark, change_set=change_set, withdraws=withdraws
        )


def _with(base: CatalogueText, changes: Sequence[RowChange], change_set: ChangeSet) -> CatalogueText:
    expectations = {**base.expectations, **{each.matter: each.lead for each in change_set.expectations}}
    try:
        words = with_words(base.words, change_set.words)
    except ChangeConflictError as error:
        raise RuleStepRefusedError(RuleRefusal.CONFLICT, f"词表 {error.row}") from error
    try:
        return replace(base, words=words, rows=applied(base.rows, changes), expectations=expectations)
    except ChangeConflictError as error:
        raise RuleStepRefusedError(RuleRefusal.CONFLICT, f"规则 {error.row}") from error


def _audited(by: str, step: RuleStep, at: datetime, **detail: Any) -> Audited:
    return Audited(by, f"rules.{step.value}", at, detail)
