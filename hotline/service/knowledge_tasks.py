"""Dated tasks of units for the knowledge base (知识更新任务): given, warned of, supervised when overdue, settled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from hotline.domain.article_life import StaleArticleError
from hotline.domain.deeds import Tier
from hotline.domain.errors import UnknownUnitError
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.knowledge_rules import KnowledgeRules
from hotline.domain.knowledge_tasks import (
    KnowledgeTask,
    TaskEntry,
    TaskGround,
    TaskRefusedError,
    TaskStep,
)
from hotline.domain.outbox import Message
from hotline.domain.people import MACHINE, Actor, Role
from hotline.domain.time_limits import TimeLimits
from hotline.store.knowledge import SqlKnowledge, TaskChange

log: Final = structlog.get_logger("knowledge_tasks")

_UPDATED: Final = "条目已更新发布"
_GIVERS: Final = frozenset({Role.EDITOR, Role.REVIEWER, Role.SUPERVISOR})
_MOST_AT_ONCE: Final = 200


class KnowledgeTasks:
    """Gives units tasks and follows them up."""

    def __init__(
        self,
        store: SqlKnowledge,
        *,
        units: Mapping[str, HandlingUnit],
        rules: KnowledgeRules,
        limits: Callable[[], TimeLimits],
        new_id: Callable[[], str],
    ) -> None:
        """Take the store, the city's rules and limits, and what makes ids."""
        self._store = store
        self._units = units
        self._rules = rules
        self._limits = limits
        self._new_id = new_id

    async def policy_changed(
        self,
        document: str,
        articles: Sequence[str],
        *,
        by: Actor,
        at: datetime,
        unit: str | None = None,
        due_at: datetime | None = None,
    ) -> Sequence[KnowledgeTask]:
        """Give the owner units of ``articles`` a task each, because ``document`` is new (政策更新).

        ``unit`` gives all to one unit, articles or not. The same document for the same unit is one task.
        """
        if by.role not in _GIVERS:
            raise TaskRefusedError(task="", reason="无此权限")
        if not document.strip():
            raise TaskRefusedError(task="", reason="须写明政策文件的名称或文号")
        if due_at is not None and due_at <= at:
            raise TaskRefusedError(task="", reason="期限应在现在之后")
        owners = await self._owners(articles, unit)
        given = []
        for owner, theirs in owners.items():
            key = f"policy:{document.strip()[:96]}:{owner}"
            if await self._store.has_task(key):
                continue
            task = self.new(
                owner,
                TaskGround.POLICY_CHANGE,
                document.strip(),
                theirs,
                by=by,
                at=at,
                key=key,
                due_at=due_at,
            )
            await self._store.commit(tasks=[TaskChange(task)], messages=[self.told(task)], at=at)
            given.append(task)
        return given

    def new(
        self,
        unit: str,
        ground: TaskGround,
        about: str,
        articles: Sequence[str],
        *,
        by: Actor,
        at: datetime,
        key: str,
        due_at: datetime | None = None,
    ) -> KnowledgeTask:
        """Return a fresh task, not kept yet; it is due by the city's limit unless ``due_at`` is said."""
        limits = self._limits()
        due = due_at or limits.expiry(self._rules.task, start=at).at
        return KnowledgeTask(
            id=self._new_id(),
            unit=unit,
            ground=ground,
            about=about,
            articles=tuple(articles),
            due_at=due,
            warn_at=max(at, limits.warn_at(due)),
            basis=self._rules.task.basis,
            history=(TaskEntry(at, by, TaskStep.OPEN),),
            key=key,
        )

    def told(self, task: KnowledgeTask, kind: str = "opened") -> Message:
        """Return the message that tells the unit of its task."""
        key = f"knowledge_task:{task.id}:{task.revision}:unit"
        return Message(f"unit:{task.unit}", f"knowledge_task.{kind}", task.id, task.summary(), key)

    async def settle(self, task: str, found: str, *, by: Actor, at: datetime) -> KnowledgeTask:
        """Settle a task with what was found (更新了, 无需更新因为…)."""
        return await self._step(task, TaskStep.SETTLE, found, by=by, at=at)

    async def drop(self, task: str, reason: str, *, by: Actor, at: datetime) -> KnowledgeTask:
        """Take a task back, with the reason."""
        return await self._step(task, TaskStep.DROP, reason, by=by, at=at)

    async def settled_by(self, published: Collection[str], *, at: datetime) -> Sequence[TaskChange]:
        """Return the tasks that are settled when these articles take effect: all that they name is new since."""
        changes = []
        async for task in self._open():
            if not task.articles or not set(task.articles) & set(published):
                continue
            others = set(task.articles) - set(published)
            if all([await self._is_new_since(article, task.opened_at) for article in sorted(others)]):
                done = task.after(TaskStep.SETTLE, by=MACHINE, at=at, note=_UPDATED)
                changes.append(TaskChange(done, task.revision))
        return changes

    async def sweep(self, now: datetime, *, limit: int = 100) -> int:
        """Warn units of what is due soon, and start the first tier for what is overdue (rule 35). Return how many."""
        done = 0
        for task in await self._store.tasks_due(now, limit=limit):
            step = task.due_step(at=now)
            if step is None:
                continue
            moved = task.after(step, by=MACHINE, at=now)
            messages = [self.told(moved, step.value)]
            if step is TaskStep.SUPERVISE:
                key = f"knowledge_task:{task.id}:supervisor"
                destination = f"supervisor:{Tier.HOTLINE.value}"
                messages.append(
                    Message(destination, "knowledge_task.supervise", task.id, moved.summary(), key)
                )
            try:
                await self._store.commit(tasks=[TaskChange(moved, task.revision)], messages=messages, at=now)
            except StaleArticleError:
                log.info("task.left_to_another", task=task.id)
                continue
            done += 1
        return done

    async def _step(self, task: str, step: TaskStep, note: str, *, by: Actor, at: datetime) -> KnowledgeTask:
        before = await self._store.task(task)
        after = before.after(step, by=by, at=at, note=note)
        await self._store.commit(tasks=[TaskChange(after, before.revision)], at=at)
        return after

    async def _open(self) -> AsyncIterator[KnowledgeTask]:
        after = ""
        while found := await self._store.tasks(after=after, limit=_MOST_AT_ONCE):
            for task in found:
                yield task
            after = found[-1].id

    async def _owners(self, articles: Sequence[str], unit: str | None) -> dict[str, tuple[str, ...]]:
        if unit is not None:
            if unit not in self._units:
                raise UnknownUnitError(unit)
            return {unit: tuple(articles)}
        if not articles:
            raise TaskRefusedError(task="", reason="须指明条目或责任单位")
        codes = {one.name: one.code for one in self._units.values()}
        owners: dict[str, tuple[str, ...]] = {}
        for article in articles:
            name = (await self._store.get(article)).article.unit
            if name not in codes:
                raise UnknownUnitError(name)
            owners[codes[name]] = (*owners.get(codes[name], ()), article)
        return owners

    async def _is_new_since(self, article: str, at: datetime) -> bool:
        version = await self._store.in_force(article)
        return version is not None and version.published_at is not None and version.published_at >= at
