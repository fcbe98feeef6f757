"""Approving behind the page: one check at a time, kept for everybody, and nothing published by one that died."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from hotline.domain.article_life import (
    ArticleStatus,
    ArticleStep,
    ArticleStepRefusedError,
    PublicationBlockedError,
    StaleArticleError,
)
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.golden_check import (
    ALL,
    KEPT,
    SILENT,
    CheckNotFoundError,
    CheckRunningError,
    CheckState,
)
from hotline.domain.golden_gate import GateReport, Verdict
from hotline.domain.knowledge import Article
from hotline.service.golden_checks import GoldenChecks
from hotline.service.knowledge import Decision, Progress
from hotline.store.golden_checks import SqlGoldenChecks
from tests.articles import EDITOR, REVIEWER
from tests.builders import NOW
from tests.unit.hotline.service.test_knowledge import CITY, DROP, Desk, Judge, desk

__all__ = ["desk"]
RIGHT = Verdict("几号供暖", "A0101-01", "A0101-01", is_right=True)


@dataclass
class SlowJudge(Judge):
    """Says how far it is, and answers when it is let."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    async def compare(
        self, changed: Sequence[Article], *, on: date, told: Progress = lambda _, __: None
    ) -> GateReport:
        told(20, 1000)
        self.is_asked.set()
        await self.may_answer.wait()
        if self.away:
            raise EngineUnavailableError("golden", "late")
        return await super().compare(changed, on=on)

    async def run(self, *, on: date, told: Progress) -> Sequence[Verdict]:
        told(1, 1)
        return [RIGHT]


@dataclass
class Reviewing:
    """A desk whose golden questions take their time; ``at`` is the clock of the signs of life."""

    desk: Desk
    judge: SlowJudge
    at: datetime = NOW

    def checks(self) -> GoldenChecks:
        """Return the service of one process."""
        store = SqlGoldenChecks(self.desk.base.database)
        return GoldenChecks(
            store,
            self.desk.editing,
            self.judge,
            timezone=CITY.timezone,
            clock=lambda: self.at,
            every_seconds=0.01,
        )

    async def approval(self, article: str, **values: Any) -> Decision:
        found = await self.desk.kept.get(article)
        return replace(Decision(ArticleStep.APPROVE, REVIEWER, found.revision), **values)

    async def state(self, article: str) -> tuple[CheckState, ArticleStatus]:
        check = await self.checks().of(article)
        assert check is not None
        return check.state, (await self.desk.kept.get(article)).status


@pytest.fixture
def reviewing(desk: Desk) -> Reviewing:
    judge = SlowJudge()
    desk.editing._gate = judge
    return Reviewing(desk, judge)


async def test_an_approval_returns_at_once_shows_how_far_it_is_and_publishes(reviewing: Reviewing) -> None:
    article, checks = await reviewing.desk.in_review(), reviewing.checks()
    begun = await checks.decide((article,), await reviewing.approval(article), at=NOW)
    assert (begun.state, begun.version) == (CheckState.RUNNING, 1)
    other = reviewing.checks()  # of another process
    while (seen := await other.of(article)) is None or not seen.asked:
        await asyncio.sleep(0.01)
    assert (seen.asked, seen.questions, seen.state) == (20, 1000, CheckState.RUNNING)
    with pytest.raises(CheckRunningError):
        await other.decide((article,), await reviewing.approval(article), at=NOW)
    with pytest.raises(CheckRunningError):
        await SqlGoldenChecks(reviewing.desk.base.database).begin(begun, at=NOW)
    reviewing.judge.may_answer.set()
    await checks.settled()
    assert await reviewing.state(article) == (CheckState.PASSED, ArticleStatus.PUBLISHED)


async def test_several_articles_are_approved_all_or_none_and_whoever_waits_is_told_how_it_ended(
    reviewing: Reviewing,
) -> None:
    checks = reviewing.checks()
    ids = [
        await reviewing.desk.in_review(id=id_, questions=tuple(f"{id_}{one}" for one in "甲乙丙丁戊"))
        for id_ in ("A0101-51", "A0101-52")
    ]
    both = Decision(ArticleStep.APPROVE, REVIEWER, None)
    begun = await checks.decide([*ids, ids[0]], both, at=NOW)
    assert begun.articles == tuple(ids)
    assert await checks.ended(begun, within=0) is None
    reviewing.judge.report = DROP
    reviewing.judge.may_answer.set()
    with pytest.raises(PublicationBlockedError):
        await checks.ended(begun, within=20)
    assert (await checks.by_token(begun.token)).state is CheckState.BLOCKED
    assert await reviewing.desk.in_force() == {}
    again = await checks.decide(ids, replace(both, over_gate="一起上线"), at=NOW)
    ended = await checks.ended(again, within=20)
    assert ended is not None
    assert (ended.state, await reviewing.desk.in_force()) == (CheckState.PASSED, dict.fromkeys(ids, 1))
    reviewing.at = NOW + KEPT + timedelta(days=1)
    await checks.ask_all(by=EDITOR, at=NOW)
    await checks.settled()
    with pytest.raises(CheckNotFoundError):
        await checks.by_token(begun.token)


async def test_what_is_refused_before_any_question_is_asked_begins_nothing(reviewing: Reviewing) -> None:
    article, checks = await reviewing.desk.in_review(), reviewing.checks()
    with pytest.raises(ArticleStepRefusedError):
        await checks.decide((article,), await reviewing.approval(article, by=EDITOR), at=NOW)
    with pytest.raises(StaleArticleError):
        await checks.decide((article,), await reviewing.approval(article, revision=99), at=NOW)
    publishing = await reviewing.approval(article, step=ArticleStep.PUBLISH)
    with pytest.raises(ArticleStepRefusedError):
        await checks.decide((article,), publishing, at=NOW)
    assert await checks.of(article) is None


async def test_a_drop_blocks_and_names_the_questions_until_the_reviewer_says_why(
    reviewing: Reviewing,
) -> None:
    reviewing.judge.may_answer.set()
    reviewing.judge.report = DROP
    article, checks = await reviewing.desk.in_review(), reviewing.checks()
    await checks.decide((article,), await reviewing.approval(article, note="看过"), at=NOW)
    await checks.settled()
    blocked = await checks.of(article)
    assert blocked is not None
    assert (blocked.report, blocked.note) == (DROP, "看过")
    assert await reviewing.state(article) == (CheckState.BLOCKED, ArticleStatus.IN_REVIEW)
    await checks.decide((article,), await reviewing.approval(article, over_gate="旧条目将下线"), at=NOW)
    await checks.settled()
    assert await reviewing.state(article) == (CheckState.PASSED, ArticleStatus.PUBLISHED)


async def test_an_article_that_changed_meanwhile_and_an_engine_that_is_away_publish_nothing(
    reviewing: Reviewing,
) -> None:
    article, checks = await reviewing.desk.in_review(), reviewing.checks()
    await checks.decide((article,), await reviewing.approval(article), at=NOW)
    await reviewing.judge.is_asked.wait()
    await reviewing.desk.editing.send_back(article, "缺文号", by=REVIEWER, at=NOW)
    reviewing.judge.may_answer.set()
    await checks.settled()
    assert await reviewing.state(article) == (CheckState.REFUSED, ArticleStatus.DRAFT)
    await reviewing.desk.editing.submit(article, by=EDITOR, at=NOW)
    reviewing.judge.away = True
    await checks.decide((article,), await reviewing.approval(article), at=NOW)
    await checks.settled()
    assert await reviewing.state(article) == (CheckState.FAILED, ArticleStatus.IN_REVIEW)


async def test_a_process_that_ends_or_dies_leaves_it_unpublished_and_it_is_approved_again(
    reviewing: Reviewing,
) -> None:
    article, ending = await reviewing.desk.in_review(), reviewing.checks()
    await ending.decide((article,), await reviewing.approval(article), at=NOW)
    await reviewing.judge.is_asked.wait()
    await ending.close()
    assert await reviewing.state(article) == (CheckState.BROKEN_OFF, ArticleStatus.IN_REVIEW)

    dead = await ending.decide((article,), await reviewing.approval(article), at=NOW)
    for task in list(ending._tasks):
        task.cancel()  # before it could say anything: as when it is killed
    await asyncio.gather(*ending._tasks, return_exceptions=True)
    store = SqlGoldenChecks(reviewing.desk.base.database)
    await store.keep(dead)
    assert await reviewing.state(article) == (CheckState.RUNNING, ArticleStatus.IN_REVIEW)
    reviewing.at = NOW + SILENT + timedelta(seconds=1)
    assert await reviewing.state(article) == (CheckState.BROKEN_OFF, ArticleStatus.IN_REVIEW)
    reviewing.judge.may_answer.set()
    again = reviewing.checks()
    await again.decide((article,), await reviewing.approval(article), at=NOW)
    await again.settled()
    assert await reviewing.state(article) == (CheckState.PASSED, ArticleStatus.PUBLISHED)
    assert not await store.keep(dead)  # what the dead one would still say counts no more


async def test_all_questions_are_asked_and_how_each_went_is_kept(reviewing: Reviewing) -> None:
    checks = reviewing.checks()
    assert await checks.verdicts() is None
    await checks.ask_all(by=EDITOR, at=NOW)
    await checks.settled()
    found = await checks.of(ALL)
    assert found is not None
    assert (found.state, found.asked, await checks.verdicts()) == (CheckState.PASSED, 1, (RIGHT,))
