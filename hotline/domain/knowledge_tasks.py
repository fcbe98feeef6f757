"""Tasks that units owe the knowledge base (知识更新任务): a policy has changed, an article runs out.

``政策更新生成限期任务，逾期进 L1`` (rules 35 and 47). Pure: a task and a time in, the next deed out; the machine warns and
starts the first tier of supervision, everything beyond is for people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from hotline.domain.deeds import Tier
from hotline.domain.errors import HotlineError
from hotline.domain.people import MACHINE, Actor, Role


class TaskGround(StrEnum):
    """Why a unit must look at articles."""

    POLICY_CHANGE = "policy_change"  # 政策更新
    EXPIRING = "expiring"  # 即将到期
    UNANSWERED = "unanswered"  # 多次未能答复
    CONTRADICTION = "contradiction"  # 条目之间矛盾


class TaskStep(StrEnum):
    """What happens to a task."""

    OPEN = "open"  # 下达
    WARN = "warn"  # 临期提醒
    SUPERVISE = "supervise"  # 一级督办
    SETTLE = "settle"  # 完成
    DROP = "drop"  # 撤销


class TaskRefusedError(HotlineError):
    """The task is settled already, lacks something compulsory, or is not this person's; ``reason`` says so in Chinese."""

    code = "knowledge_task.refused"

    def __init__(self, *, task: str, reason: str) -> None:
        self.task = task
        self.reason = reason
        super().__init__(f"{task}: {reason}")


class TaskNotFoundError(HotlineError):
    """There is no such task."""

    code = "knowledge_task.not_found"

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(task)


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One step of a task."""

    at: datetime
    by: Actor
    step: TaskStep
    note: str = ""


@dataclass(frozen=True, slots=True)
class KnowledgeTask:
    """A dated task for the unit of that code. ``about`` is the document or what else it is about; ``articles`` are ids.

    ``due_at`` and ``warn_at`` are set once, with the ``basis`` of the limit; ``key`` makes it unique.
    """

    id: str
    unit: str
    ground: TaskGround
    about: str
    articles: tuple[str, ...]
    due_at: datetime
    warn_at: datetime
    basis: str
    history: tuple[TaskEntry, ...]
    key: str
    revision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether the unit still owes it."""
        return not self._did(TaskStep.SETTLE, TaskStep.DROP)

    @property
    def opened_at(self) -> datetime:
        """When it was given."""
        return self.history[0].at

    @property
    def tier(self) -> Tier | None:
        """The tier of supervision it has reached."""
        return Tier.HOTLINE if self._did(TaskStep.SUPERVISE) else None

    def is_overdue(self, *, at: datetime) -> bool:
        """Tell whether its time is up and it is still owed."""
        return self.is_open and at > self.due_at

    @property
    def next_duty_at(self) -> datetime | None:
        """When the machine has to look at it again, or None."""
        if not self.is_open:
            return None
        if not self._did(TaskStep.WARN) and not self._did(TaskStep.SUPERVISE):
            return min(self.warn_at, self.due_at)
        return None if self._did(TaskStep.SUPERVISE) else self.due_at

    def due_step(self, *, at: datetime) -> TaskStep | None:
        """Return what the machine must do by now, or None. A day of downtime is caught up: what is late is supervised."""
        if self.is_overdue(at=at) and not self._did(TaskStep.SUPERVISE):
            return TaskStep.SUPERVISE
        is_soon = self.is_open and at >= self.warn_at
        return TaskStep.WARN if is_soon and not self._did(TaskStep.WARN, TaskStep.SUPERVISE) else None

    def after(self, step: TaskStep, *, by: Actor, at: datetime, note: str = "") -> KnowledgeTask:
        """Return it after a step; raise ``TaskRefusedError``.

        The unit, or the hotline for it, settles it with what was found: the articles have a new version, or none is
        needed because …; dropping is the hotline's. Supervision is started by the machine alone.
        """
        if not self.is_open:
            raise TaskRefusedError(task=self.id, reason="任务已经了结")
        if step in (TaskStep.SETTLE, TaskStep.DROP) and not note.strip():
            raise TaskRefusedError(task=self.id, reason="须写明办理情况")
        if not self._may(step, by):
            raise TaskRefusedError(task=self.id, reason="无此权限")
        entry = TaskEntry(at, by, step, note)
        return replace(self, history=(*self.history, entry), revision=self.revision + 1)

    def _may(self, step: TaskStep, by: Actor) -> bool:
        match step:
            case TaskStep.WARN | TaskStep.SUPERVISE:
                return by == MACHINE
            case TaskStep.SETTLE:
                return by.role in (Role.EDITOR, Role.REVIEWER, Role.MACHINE) or (
                    by.role is Role.UNIT and by.unit == self.unit
                )
            case TaskStep.DROP:
                return by.role is Role.REVIEWER
            case TaskStep.OPEN:
                return False

    def _did(self, *steps: TaskStep) -> bool:
        return any(entry.step in steps for entry in self.history)

    def summary(self) -> dict[str, Any]:
        """Return what messages to the unit and to supervision say of it."""
        return {
            "task": self.id,
            "unit": self.unit,
            "ground": self.ground.value,
            "about": self.about,
            "articles": list(self.articles),
            "due_at": self.due_at.isoformat(),
            "basis": self.basis,
        }
