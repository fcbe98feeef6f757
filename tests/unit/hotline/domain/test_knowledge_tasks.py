"""Tasks for the knowledge base: warned of, supervised when overdue, settled once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.domain.deeds import Tier
from hotline.domain.knowledge_tasks import (
    KnowledgeTask,
    TaskEntry,
    TaskGround,
    TaskRefusedError,
    TaskStep,
)
from hotline.domain.people import MACHINE, Actor
from tests.articles import EDITOR, HOUSING, REVIEWER
from tests.builders import NOW
from tests.work_orders import AGENT, LANSHAN_UNIT

DAY = timedelta(days=1)


def a_task(**values: Any) -> KnowledgeTask:
    given: dict[str, Any] = {
        "id": "t1",
        "unit": "body-housing",
        "ground": TaskGround.POLICY_CHANGE,
        "about": "新供热条例",
        "articles": ("A0101-01",),
        "due_at": NOW + 5 * DAY,
        "warn_at": NOW + 4 * DAY,
        "basis": "五个工作日",
        "history": (TaskEntry(NOW, REVIEWER, TaskStep.OPEN),),
        "key": "policy:新供热条例:body-housing",
        **values,
    }
    return KnowledgeTask(**given)


def test_a_task_is_warned_of_before_it_is_due_and_supervised_after() -> None:
    task = a_task()
    assert (task.next_duty_at, task.due_step(at=NOW + 3 * DAY)) == (NOW + 4 * DAY, None)
    assert task.due_step(at=NOW + 4 * DAY) is TaskStep.WARN
    warned = task.after(TaskStep.WARN, by=MACHINE, at=NOW + 4 * DAY)
    assert (warned.next_duty_at, warned.due_step(at=NOW + 5 * DAY)) == (NOW + 5 * DAY, None)
    late = NOW + 5 * DAY + timedelta(seconds=1)
    assert (warned.due_step(at=late), warned.is_overdue(at=late)) == (TaskStep.SUPERVISE, True)
    supervised = warned.after(TaskStep.SUPERVISE, by=MACHINE, at=late)
    assert (supervised.tier, supervised.next_duty_at, supervised.due_step(at=late + DAY)) == (
        Tier.HOTLINE,
        None,
        None,
    )
    assert supervised.is_open


def test_after_days_of_downtime_an_overdue_task_is_supervised_and_no_longer_warned_of() -> None:
    task = a_task()
    assert task.due_step(at=NOW + 9 * DAY) is TaskStep.SUPERVISE
    supervised = task.after(TaskStep.SUPERVISE, by=MACHINE, at=NOW + 9 * DAY)
    assert supervised.due_step(at=NOW + 9 * DAY) is None
    assert supervised.next_duty_at is None


@pytest.mark.parametrize("by", [HOUSING, EDITOR, REVIEWER, MACHINE])
def test_the_unit_or_the_hotline_settles_it_and_it_says_what_was_found(by: Actor) -> None:
    settled = a_task().after(TaskStep.SETTLE, by=by, at=NOW, note="已更新")
    assert (settled.is_open, settled.next_duty_at, settled.due_step(at=NOW + 9 * DAY)) == (False, None, None)
    assert (settled.opened_at, settled.tier, settled.revision) == (NOW, None, 2)


@pytest.mark.parametrize(
    ("step", "by", "note", "reason"),
    [
        (TaskStep.SETTLE, HOUSING, " ", "须写明办理情况"),
        (TaskStep.SETTLE, LANSHAN_UNIT, "更新了", "无此权限"),
        (TaskStep.SETTLE, AGENT, "更新了", "无此权限"),
        (TaskStep.DROP, EDITOR, "不需要", "无此权限"),
        (TaskStep.SUPERVISE, REVIEWER, "", "无此权限"),
        (TaskStep.WARN, HOUSING, "", "无此权限"),
        (TaskStep.OPEN, REVIEWER, "", "无此权限"),
    ],
)
def test_what_is_not_theirs_is_refused(step: TaskStep, by: Actor, note: str, reason: str) -> None:
    with pytest.raises(TaskRefusedError, match=reason):
        a_task().after(step, by=by, at=NOW, note=note)


def test_a_task_is_settled_once() -> None:
    dropped = a_task().after(TaskStep.DROP, by=REVIEWER, at=NOW, note="文件未施行")
    with pytest.raises(TaskRefusedError, match="已经了结"):
        dropped.after(TaskStep.SETTLE, by=HOUSING, at=NOW, note="更新了")


def test_what_is_told_of_a_task_names_unit_document_articles_and_day() -> None:
    assert a_task().summary() == {
        "task": "t1",
        "unit": "body-housing",
        "ground": "policy_change",
        "about": "新供热条例",
        "articles": ["A0101-01"],
        "due_at": (NOW + 5 * DAY).isoformat(),
        "basis": "五个工作日",
    }
