"""Change sets of the dispatch catalogue (派单规则变更单) and the versions that come of them: who may take which step, and when.

Somebody edits rows in a draft and submits it, tried on past orders and golden matters; somebody else publishes it for a
day; what is published is never altered, only followed by another version, also when an earlier one is brought back (回退).
What is refused raises ``RuleStepRefusedError`` and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from hotline.domain.errors import HotlineError
from hotline.domain.rule_text import RowChange, RowData, WordsChange

_LEAST_REASON: Final = 4
_MOST_CHANGES: Final = 200


class ChangeSetStatus(StrEnum):
    """Where a change set is."""

    DRAFT = "draft"  # 草稿
    IN_REVIEW = "in_review"  # 待审核
    PUBLISHED = "published"  # 已发布
    DISCARDED = "discarded"  # 已作废


class RuleStep(StrEnum):
    """What is done to a change set, or to the catalogue as a whole."""

    START = "start"  # 新建
    EDIT = "edit"  # 编辑
    REBASE = "rebase"  # 换到新版本上
    SUBMIT = "submit"  # 提交审核
    SEND_BACK = "send_back"  # 退回修改
    PUBLISH = "publish"  # 审核通过并发布
    DISCARD = "discard"  # 作废
    WITHDRAW = "withdraw"  # 撤回未生效的版本
    ROLL_BACK = "roll_back"  # 回退到早先的版本


class RuleRefusal(StrEnum):
    """Why a step is not taken."""

    STATUS = "rules_status"  # 状态不允许
    OWN_WORK = "rules_own_work"  # 本人编写的须由他人审核
    NO_REASON = "rules_no_reason"  # 须写明理由
    EMPTY = "rules_empty"  # 没有改动
    TOO_MANY = "rules_too_many"  # 改动太多
    PAST = "rules_past"  # 生效日期已过
    EARLIER = "rules_earlier"  # 早于已发布版本的生效日期
    BASE = "rules_base"  # 目录已有新版本
    CONFLICT = "rules_conflict"  # 改动的规则已被别人改过
    UNTRIED = "rules_untried"  # 没有试算
    MISTAKES = "rules_mistakes"  # 检查有错误
    GATE = "rules_gate"  # 对照诉求回退
    IN_FORCE = "rules_in_force"  # 已经生效
    SAME = "rules_same"  # 与现行的相同


class RuleStepRefusedError(HotlineError):
    """The step is not taken; ``reason`` is a ``RuleRefusal``, ``detail`` which row or matters, in Chinese."""

    code = "rules.refused"

    def __init__(self, reason: RuleRefusal, detail: str = "") -> None:
        self.reason = reason.value
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)


class RuleNotFoundError(HotlineError):
    """There is no such change set, row or version."""

    code = "rules.not_found"


class StaleRulesError(HotlineError):
    """Somebody else changed the change set, or published a version, meanwhile."""

    code = "rules.stale"
    retryable = True


class DamagedRulesError(HotlineError):
    """A published version cannot be used; ``version`` names it. The last good one stays in force."""

    code = "rules.damaged"

    def __init__(self, version: str, reason: str) -> None:
        self.version = version
        self.reason = reason
        super().__init__(f"{version}: {reason}")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A golden matter (对照诉求) that ``lead`` leads from this change on, on purpose, and why."""

    matter: str
    lead: str
    why: str


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One step of a change set's history."""

    step: RuleStep
    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes of rows and word lists that take effect together, on ``effective_on``. ``base`` is the version that they were made to."""

    id: str
    reason: str
    effective_on: date
    base: str
    author: str
    status: ChangeSetStatus = ChangeSetStatus.DRAFT
    revision: int = 0
    changes: tuple[RowChange, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    history: tuple[RuleEntry, ...] = ()
    words: tuple[WordsChange, ...] = ()

    @property
    def writers(self) -> frozenset[str]:
        """Everybody whose work it is: none of them may publish it."""
        works = (RuleStep.START, RuleStep.EDIT, RuleStep.REBASE, RuleStep.SUBMIT)
        return frozenset({self.author, *(entry.by for entry in self.history if entry.step in works)})

    @property
    def content(self) -> int:
        """The number of the step that last changed what is to be published; a trial holds for one of them."""
        steps = (RuleStep.START, RuleStep.EDIT, RuleStep.REBASE)
        return max((index for index, entry in enumerate(self.history) if entry.step in steps), default=0)

    def change_of(self, row: str) -> RowChange | None:
        """Return what becomes of a row, None when it stays as it is."""
        return next((change for change in self.changes if change.row == row), None)

    def with_row(
        self,
        row: str,
        was: RowData | None,
        becomes: RowData | None,
        before: str | None,
        *,
        by: str,
        at: datetime,
    ) -> ChangeSet:
        """Return the change set with this change instead of an earlier one of the row; ``was`` is the row in the base."""
        self._must_be(ChangeSetStatus.DRAFT)
        change = RowChange(row, was, becomes, before)
        others = [each for each in self.changes if each.row != row]
        at_ = next((index for index, each in enumerate(self.changes) if each.row == row), len(others))
        is_nothing = change.changes_nothing or (was is None and becomes is None)
        changes = tuple(others[:at_] + ([] if is_nothing else [change]) + others[at_:])
        if len(changes) + len(self.words) > _MOST_CHANGES:
            raise RuleStepRefusedError(RuleRefusal.TOO_MANY)
        return self._after(RuleStep.EDIT, by, at, row, changes=changes)

    def words_of(self, name: str) -> WordsChange | None:
        """Return what becomes of a word list, None when it stays as it is."""
        return next((change for change in self.words if change.name == name), None)

    def with_words(
        self,
        name: str,
        was: tuple[str, ...] | None,
        becomes: tuple[str, ...] | None,
        *,
        by: str,
        at: datetime,
    ) -> ChangeSet:
        """Return the change set with this list instead of an earlier change of it; ``was`` is the list in the base."""
        self._must_be(ChangeSetStatus.DRAFT)
        others = tuple(each for each in self.words if each.name != name)
        words = others if was == becomes else (*others, WordsChange(name, was, becomes))
        if len(self.changes) + len(words) > _MOST_CHANGES:
            raise RuleStepRefusedError(RuleRefusal.TOO_MANY)
        return self._after(RuleStep.EDIT, by, at, f"词表 {name}", words=words)

    def with_expectation(self, matter: str, lead: str, why: str, *, by: str, at: datetime) -> ChangeSet:
        """Return the change set saying that a golden matter goes elsewhere on purpose; without ``lead`` it no longer says so."""
        self._must_be(ChangeSetStatus.DRAFT)
        others = tuple(each for each in self.expectations if each.matter != matter)
        if lead:
            others = (*others, Expectation(matter, lead, reasoned(why)))
        return self._after(RuleStep.EDIT, by, at, matter, expectations=others)

    def planned(self, reason: str, effective_on: date, *, by: str, at: datetime) -> ChangeSet:
        """Return it with another reason and day."""
        self._must_be(ChangeSetStatus.DRAFT)
        return self._after(RuleStep.EDIT, by, at, reason=reasoned(reason), effective_on=effective_on)

    def rebased(self, base: str, changes: tuple[RowChange, ...], *, by: str, at: datetime) -> ChangeSet:
        """Return it with changes that were made to fit another version."""
        self._must_be(ChangeSetStatus.DRAFT)
        return self._after(RuleStep.REBASE, by, at, base, base=base, changes=changes)

    def submitted(self, *, by: str, at: datetime) -> ChangeSet:
        """Return it waiting for somebody else."""
        self._must_be(ChangeSetStatus.DRAFT)
        if not self.changes and not self.words:
            raise RuleStepRefusedError(RuleRefusal.EMPTY)
        return self._after(RuleStep.SUBMIT, by, at, status=ChangeSetStatus.IN_REVIEW)

    def sent_back(self, note: str, *, by: str, at: datetime) -> ChangeSet:
        """Return it to its author."""
        self._must_be(ChangeSetStatus.IN_REVIEW)
        return self._after(RuleStep.SEND_BACK, by, at, reasoned(note), status=ChangeSetStatus.DRAFT)

    def discarded(self, note: str, *, by: str, at: datetime) -> ChangeSet:
        """Return it given up."""
        self._must_be(ChangeSetStatus.DRAFT, ChangeSetStatus.IN_REVIEW)
        return self._after(RuleStep.DISCARD, by, at, reasoned(note), status=ChangeSetStatus.DISCARDED)

    def published(self, note: str, *, by: str, at: datetime) -> ChangeSet:
        """Return it published by somebody who has not worked on it (四眼原则)."""
        self._must_be(ChangeSetStatus.IN_REVIEW)
        if by in self.writers:
            raise RuleStepRefusedError(RuleRefusal.OWN_WORK)
        return self._after(RuleStep.PUBLISH, by, at, reasoned(note), status=ChangeSetStatus.PUBLISHED)

    def _must_be(self, *statuses: ChangeSetStatus) -> None:
        if self.status not in statuses:
            raise RuleStepRefusedError(RuleRefusal.STATUS)

    def _after(self, step: RuleStep, by: str, at: datetime, note: str = "", **changed: object) -> ChangeSet:
        history = (*self.history, RuleEntry(step, by, at, note))
        return replace(self, revision=self.revision + 1, history=history, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A published version: who made it, who let it pass, why, from which day. ``restores`` is the version that it brings back.

    ``sequence`` counts from 1. A version that was ``withdrawn_at`` before its day never was in force.
    """

    sequence: int
    version: str
    valid_from: date
    published_at: datetime
    author: str
    approver: str
    reason: str
    change_set: str | None = None
    restores: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    def is_scheduled(self, on: date) -> bool:
        """Tell whether its day is still to come."""
        return self.withdrawn_at is None and self.valid_from > on


def reasoned(reason: str) -> str:
    """Return the reason without blanks around it. Raises ``RuleStepRefusedError`` when there is hardly any."""
    found = reason.strip()
    if len(found) < _LEAST_REASON:
        raise RuleStepRefusedError(RuleRefusal.NO_REASON)
    return found


def check_day(effective_on: date, *, today: date, newest: date) -> None:
    """Raise ``RuleStepRefusedError`` unless versions stay in one line: not in the past, nor before the newest version's day."""
    if effective_on < today:
        raise RuleStepRefusedError(RuleRefusal.PAST)
    if effective_on < newest:
        raise RuleStepRefusedError(RuleRefusal.EARLIER, newest.isoformat())
