"""The knowledge base as people keep it, on a real database: who may do what, what takes effect, what is told to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.city import load_city
from hotline.domain.article_life import (
    ArticleStatus,
    ArticleStep,
    ArticleStepRefusedError,
    PublicationBlockedError,
    Refusal,
    StaleArticleError,
)
from hotline.domain.errors import UnknownUnitError
from hotline.domain.golden_gate import GateReport, Moved
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_rules import KnowledgeRules
from hotline.domain.knowledge_tasks import TaskGround, TaskRefusedError, TaskStep
from hotline.domain.people import Actor, Role, unit_actor
from hotline.domain.time_limits import LimitUnit, TimeLimit
from hotline.service.knowledge import Knowledge, Progress
from hotline.service.knowledge_tasks import KnowledgeTasks
from hotline.store.knowledge import SqlKnowledge, TaskChange
from hotline.store.knowledge_lists import SqlKnowledgeLists
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import outbox
from knowledge_base.articles import faults_of
from router.time_tables import load_time_limits
from tests.articles import EDITOR, HOUSING, REVIEWER, a_full_article
from tests.builders import LINYI, NOW, after
from tests.contracts.conftest import SECRET
from tests.databases import lay_out
from tests.work_orders import AGENT, SUPERVISOR

CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
DAY = timedelta(days=1)
RULES = KnowledgeRules(
    timedelta(days=30),
    TimeLimit("knowledge-task", 5, LimitUnit.WORKING_DAYS, "五个工作日"),
    3,
    timedelta(days=30),
)
FINE = GateReport(2, 2, 2, 0, 0, ())
DROP = GateReport(2, 2, 1, 0, 0, (Moved("几号供暖", "A0101-01", "A0101-01", "A0101-09", is_worse=True),))
POLICE = unit_actor("body-police", "p-1")


@dataclass
class Judge:
    """The golden gate and the finder of clashes, with ready answers."""

    report: GateReport = FINE
    found: Sequence[str] = ()
    asked: list[tuple[list[str], date]] = field(default_factory=list)

    async def compare(
        self, changed: Sequence[Article], *, on: date, told: Progress = lambda _, __: None
    ) -> GateReport:
        self.asked.append(([one.id for one in changed], on))
        return self.report

    async def clashes(self, article: Article, *, on: date, beside: Sequence[Article] = ()) -> Sequence[str]:
        same = [one.id for one in beside if set(one.questions) & set(article.questions)]
        return [*self.found, *(f"与 {id_} 重复" for id_ in same)]


@dataclass
class Desk:
    """All that a test needs."""

    base: SqlStore
    kept: SqlKnowledge
    tasks: KnowledgeTasks
    editing: Knowledge
    judge: Judge

    async def in_review(self, **values: Any) -> str:
        article = a_full_article(**values)
        await self.editing.start(article, by=EDITOR, at=NOW)
        await self.editing.submit(article.id, by=EDITOR, at=NOW)
        return str(article.id)

    async def published(self, **values: Any) -> str:
        id_ = await self.in_review(**values)
        await self.editing.approve(id_, by=REVIEWER, at=NOW)
        return id_

    async def in_force(self) -> dict[str, int]:
        return {one.id: one.version async for one in self.kept.all_published()}

    async def told(self) -> list[tuple[str, str]]:
        async with self.base.database.reading() as connection:
            rows = await connection.execute(select(outbox).order_by(outbox.c.id))
            return [(row.destination, row.kind) for row in rows]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    base, judge, numbers = SqlStore(url, Seal(SECRET)), Judge(), count(1)
    kept = SqlKnowledge(base.database, Seal(SECRET))
    tasks = KnowledgeTasks(
        kept, units=CITY.units, rules=RULES, limits=lambda: LIMITS, new_id=lambda: f"t{next(numbers)}"
    )
    editing = Knowledge(
        kept,
        tasks,
        units=CITY.units,
        rules=RULES,
        timezone=CITY.timezone,
        check=lambda article: faults_of(article, CITY),
        gate=judge,
        lookalikes=judge,
    )
    yield Desk(base, kept, tasks, editing, judge)
    await base.close()


async def refusal_of(work: Any) -> Refusal | None:
    with pytest.raises(ArticleStepRefusedError) as error:
        await work
    return error.value.refusal


async def test_an_article_is_in_force_only_after_a_second_person_has_approved_it(desk: Desk) -> None:
    id_ = await desk.in_review()
    assert await desk.in_force() == {}
    assert await refusal_of(desk.editing.approve(id_, by=EDITOR, at=NOW)) is Refusal.ROLE
    (version,) = await desk.editing.approve(id_, by=REVIEWER, at=NOW)
    assert (version.status, version.reviewed_by, await desk.in_force()) == (
        ArticleStatus.PUBLISHED,
        "r-1",
        {id_: 1},
    )
    assert desk.judge.asked == [([id_], NOW.date())]
    assert await desk.base.audit_break() is None


async def test_a_reviewer_approves_the_text_that_they_have_read(desk: Desk) -> None:
    id_ = await desk.in_review()
    read = (await desk.kept.get(id_)).revision
    await desk.editing.send_back(id_, "补文号", by=REVIEWER, at=NOW)
    await desk.editing.submit(id_, by=EDITOR, at=NOW)
    with pytest.raises(StaleArticleError):
        await desk.editing.approve(id_, by=REVIEWER, at=NOW, expected=read)
    (version,) = await desk.editing.approve(id_, by=REVIEWER, at=NOW, expected=read + 2)
    assert version.status is ArticleStatus.PUBLISHED


async def test_a_draft_may_be_incomplete_until_it_is_submitted_and_then_every_fault_is_named(
    desk: Desk,
) -> None:
    await desk.editing.start(
        a_full_article(questions=("一",), spoken="热" * 81, source=""), by=EDITOR, at=NOW
    )
    with pytest.raises(ArticleStepRefusedError) as error:
        await desk.editing.submit("A0101-01", by=EDITOR, at=NOW)
    assert error.value.refusal is Refusal.INCOMPLETE
    assert error.value.reasons == ("缺少 source", "问法少于5种", "spoken 有81字，超过80字")
    fixed = await desk.editing.edit(a_full_article(), by=HOUSING, at=after(1))
    assert fixed.authors == ("e-1", "h-1")
    assert (await desk.editing.submit("A0101-01", by=EDITOR, at=after(2))).status is ArticleStatus.IN_REVIEW


async def test_a_way_of_asking_that_another_article_has_is_refused(desk: Desk) -> None:
    await desk.editing.start(a_full_article(), by=EDITOR, at=NOW)
    desk.judge.found = ["问法“几号供暖”与 A0101-09 重复"]
    with pytest.raises(ArticleStepRefusedError) as error:
        await desk.editing.submit("A0101-01", by=EDITOR, at=NOW)
    assert error.value.reasons == ("问法“几号供暖”与 A0101-09 重复",)


async def test_a_unit_keeps_its_own_articles_and_no_others(desk: Desk) -> None:
    editing = desk.editing
    assert await refusal_of(editing.start(a_full_article(), by=POLICE, at=NOW)) is Refusal.OTHER_UNIT
    await editing.start(a_full_article(), by=HOUSING, at=NOW)
    assert await refusal_of(editing.edit(a_full_article(), by=POLICE, at=NOW)) is Refusal.OTHER_UNIT
    stolen = a_full_article(unit="市公安局")
    assert await refusal_of(editing.edit(stolen, by=HOUSING, at=NOW)) is Refusal.OTHER_UNIT
    await editing.submit("A0101-01", by=HOUSING, at=NOW)
    await editing.approve("A0101-01", by=REVIEWER, at=NOW)
    assert await refusal_of(editing.start(stolen, by=POLICE, at=NOW)) is Refusal.OTHER_UNIT
    assert await refusal_of(editing.retire("A0101-01", "错了", by=POLICE, at=NOW)) is Refusal.OTHER_UNIT
    await editing.retire("A0101-01", "错了", by=HOUSING, at=NOW)
    assert await desk.in_force() == {}


async def test_who_has_no_part_in_articles_writes_none(desk: Desk) -> None:
    assert await refusal_of(desk.editing.start(a_full_article(), by=AGENT, at=NOW)) is Refusal.ROLE


async def test_the_next_version_takes_the_place_of_the_one_in_force_when_it_is_approved(desk: Desk) -> None:
    id_ = await desk.published()
    draft = await desk.editing.start(a_full_article(title="供暖几时开始"), by=EDITOR, at=after(1))
    assert (draft.number, await desk.in_force()) == (2, {id_: 1})
    again = desk.editing.start(a_full_article(), by=HOUSING, at=after(2))
    assert await refusal_of(again) is Refusal.OPEN_VERSION
    await desk.editing.submit(id_, by=EDITOR, at=after(3))
    assert await desk.in_force() == {id_: 1}
    await desk.editing.approve(id_, by=REVIEWER, at=after(4))
    assert await desk.in_force() == {id_: 2}
    assert [version.status for version in await desk.kept.versions(id_)] == [
        ArticleStatus.REPLACED,
        ArticleStatus.PUBLISHED,
    ]


async def test_a_version_that_is_sent_back_is_written_on_and_reviewed_anew(desk: Desk) -> None:
    id_ = await desk.in_review()
    assert await refusal_of(desk.editing.send_back(id_, "", by=REVIEWER, at=NOW)) is Refusal.NO_REASON
    sent_back = await desk.editing.send_back(id_, "缺依据", by=REVIEWER, at=after(1))
    assert (sent_back.status, sent_back.history[-1].note) == (ArticleStatus.DRAFT, "缺依据")
    discarded = await desk.editing.discard(id_, "重复", by=EDITOR, at=after(2))
    assert discarded.status is ArticleStatus.DISCARDED
    assert (await desk.editing.start(a_full_article(), by=EDITOR, at=after(3))).number == 2


async def test_what_was_read_in_an_older_state_is_not_changed(desk: Desk) -> None:
    id_ = await desk.in_review()
    with pytest.raises(StaleArticleError):
        await desk.editing.send_back(id_, "缺依据", by=REVIEWER, at=NOW, expected=1)
    with pytest.raises(StaleArticleError):
        await desk.editing.retire(id_, "错了", by=REVIEWER, at=NOW, expected=1)


async def test_a_drop_on_golden_questions_blocks_it_and_names_them_unless_a_person_says_why_not(
    desk: Desk,
) -> None:
    id_ = await desk.in_review()
    desk.judge.report = DROP
    with pytest.raises(PublicationBlockedError) as error:
        await desk.editing.approve(id_, by=REVIEWER, at=NOW)
    assert [one.case for one in error.value.report.worse] == ["几号供暖"]
    assert (await desk.kept.get(id_)).status is ArticleStatus.IN_REVIEW
    assert await desk.in_force() == {}
    (version,) = await desk.editing.approve(id_, by=REVIEWER, at=NOW, over_gate="原条目已失效")
    assert (version.history[-1].note, await desk.in_force()) == ("原条目已失效", {id_: 1})


async def test_what_was_approved_for_later_takes_effect_at_its_time(desk: Desk) -> None:
    id_ = await desk.in_review()
    (version,) = await desk.editing.approve(id_, by=REVIEWER, at=NOW, publish_at=NOW + DAY)
    assert (version.status, version.publish_at) == (ArticleStatus.SCHEDULED, NOW + DAY)
    assert await desk.editing.publish_due(NOW + DAY - timedelta(seconds=1)) == 0
    assert await desk.in_force() == {}
    assert await desk.editing.publish_due(NOW + DAY) == 1
    assert await desk.in_force() == {id_: 1}
    assert await desk.editing.publish_due(NOW + DAY) == 0


async def test_what_golden_questions_speak_against_at_its_time_is_held_and_the_duty_officer_told(
    desk: Desk,
) -> None:
    id_ = await desk.in_review()
    await desk.editing.approve(id_, by=REVIEWER, at=NOW, publish_at=NOW + DAY)
    desk.judge.report = DROP
    assert await desk.editing.publish_due(NOW + DAY) == 1
    held = await desk.kept.get(id_)
    assert (held.is_held, held.history[-1].note) == (True, "几号供暖：A0101-01→A0101-09")
    assert await desk.told() == [("duty", "article.held")]
    assert await desk.editing.publish_due(NOW + 2 * DAY) == 0
    with pytest.raises(PublicationBlockedError):
        await desk.editing.publish(id_, by=REVIEWER, at=NOW + 2 * DAY)
    published = await desk.editing.publish(id_, by=REVIEWER, at=NOW + 2 * DAY, over_gate="对照题已过时")
    assert (published.history[-1].note, await desk.in_force()) == ("对照题已过时", {id_: 1})


async def test_a_drop_that_was_overruled_holds_nothing_at_its_time_and_another_one_does(desk: Desk) -> None:
    id_ = await desk.in_review()
    desk.judge.report = DROP
    await desk.editing.approve(id_, by=REVIEWER, at=NOW, publish_at=NOW + DAY, over_gate="原条目已失效")
    desk.judge.report = replace(
        DROP, moved=(*DROP.moved, Moved("采暖费", "A0101-02", "A0101-02", "A0101-09", is_worse=True))
    )
    assert await desk.editing.publish_due(NOW + DAY) == 1
    assert (await desk.kept.get(id_)).is_held
    second = await desk.in_review(id="A0101-02", title="停暖", questions=("甲", "乙", "丙", "丁", "戊"))
    desk.judge.report = DROP
    await desk.editing.approve(second, by=REVIEWER, at=NOW, publish_at=NOW + DAY, over_gate="原条目已失效")
    assert await desk.editing.publish_due(NOW + DAY) == 1
    published = await desk.kept.get(second)
    assert (published.history[-1].note, await desk.in_force()) == ("原条目已失效", {second: 1})


async def test_what_an_editor_wrote_is_brought_forward_by_somebody_else(desk: Desk) -> None:
    id_ = await desk.in_review()
    await desk.editing.approve(id_, by=REVIEWER, at=NOW, publish_at=NOW + DAY)
    own = Actor(Role.REVIEWER, "e-1")
    assert await refusal_of(desk.editing.publish(id_, by=own, at=after(1))) is Refusal.OWN_WORK
    assert (await desk.editing.publish(id_, by=REVIEWER, at=after(1))).status is ArticleStatus.PUBLISHED


async def test_the_text_in_force_answers_until_the_next_one_is_valid(desk: Desk) -> None:
    id_ = await desk.published()
    new_year = date(2027, 1, 1)
    await desk.in_review(valid_from=new_year)
    (waiting,) = await desk.editing.approve(id_, by=REVIEWER, at=after(1))
    midnight = datetime.combine(new_year, time(), CITY.timezone)
    assert (waiting.status, waiting.publish_at) == (ArticleStatus.SCHEDULED, midnight)
    assert desk.judge.asked[-1] == ([id_], new_year)
    assert await desk.in_force() == {id_: 1}
    assert await refusal_of(desk.editing.publish(id_, by=REVIEWER, at=after(2))) is Refusal.NOT_VALID_YET
    assert await desk.editing.publish_due(midnight - timedelta(seconds=1)) == 0
    assert await desk.editing.publish_due(midnight) == 1
    assert await desk.in_force() == {id_: 2}


async def test_what_has_no_earlier_text_in_force_is_published_before_it_is_valid(desk: Desk) -> None:
    id_ = await desk.in_review(valid_from=date(2027, 1, 1))
    (version,) = await desk.editing.approve(id_, by=REVIEWER, at=NOW)
    assert version.status is ArticleStatus.PUBLISHED


async def test_of_several_that_are_approved_those_that_are_not_valid_yet_wait(desk: Desk) -> None:
    first = await desk.published()
    await desk.in_review(valid_from=date(2027, 1, 1))
    second = await desk.in_review(id="A0101-02", title="停暖", questions=("甲", "乙", "丙", "丁", "戊"))
    found = await desk.editing.approve(first, second, by=REVIEWER, at=after(1))
    assert [one.status for one in found] == [ArticleStatus.SCHEDULED, ArticleStatus.PUBLISHED]
    assert desk.judge.asked[-2:] == [([second], NOW.date()), ([first, second], date(2027, 1, 1))]
    assert await desk.in_force() == {first: 1, second: 1}


async def test_what_is_held_keeps_nothing_else_from_being_published(desk: Desk) -> None:
    for number in range(21):
        id_ = await desk.in_review(
            id=f"A0101-{number:02d}",
            title=f"供暖{number}",
            questions=tuple(f"{number}{one}" for one in "甲乙丙丁戊"),
        )
        await desk.editing.approve(id_, by=REVIEWER, at=NOW, publish_at=NOW + DAY + timedelta(seconds=number))
    desk.judge.report = DROP
    assert await desk.editing.publish_due(NOW + DAY + timedelta(seconds=19)) == 20
    desk.judge.report = FINE
    assert await desk.editing.publish_due(NOW + 2 * DAY) == 1
    assert await desk.in_force() == {"A0101-20": 1}


async def test_what_another_article_has_come_to_ask_meanwhile_is_held_with_the_reason(desk: Desk) -> None:
    id_ = await desk.in_review()
    await desk.editing.approve(id_, by=REVIEWER, at=NOW, publish_at=NOW + DAY)
    desk.judge.found = ["问法“几号供暖”与 A0101-09 重复"]
    assert await desk.editing.publish_due(NOW + DAY) == 1
    held = await desk.kept.get(id_)
    assert (held.is_held, held.history[-1].note) == (True, "问法“几号供暖”与 A0101-09 重复")
    assert await desk.told() == [("duty", "article.held")]
    assert await refusal_of(desk.editing.publish(id_, by=REVIEWER, at=NOW + DAY)) is Refusal.INCOMPLETE
    desk.judge.found = ()
    await desk.editing.publish(id_, by=REVIEWER, at=NOW + DAY)
    assert await desk.in_force() == {id_: 1}


async def test_articles_that_ask_the_same_are_not_approved_together(desk: Desk) -> None:
    first, second = await desk.in_review(), await desk.in_review(id="A0101-02", title="停暖")
    with pytest.raises(ArticleStepRefusedError) as error:
        await desk.editing.approve(first, second, by=REVIEWER, at=NOW)
    assert error.value.reasons == ("与 A0101-02 重复",)
    assert await desk.in_force() == {}


async def test_several_are_approved_together_or_none(desk: Desk) -> None:
    first = await desk.in_review()
    second = await desk.in_review(id="A0101-02", title="停暖", questions=("甲", "乙", "丙", "丁", "戊"))
    own = Actor(Role.REVIEWER, "e-1")
    assert await refusal_of(desk.editing.approve(first, second, by=own, at=NOW)) is Refusal.OWN_WORK
    assert await desk.in_force() == {}
    await desk.editing.approve(first, second, by=REVIEWER, at=NOW)
    assert await desk.in_force() == {first: 1, second: 1}
    assert desk.judge.asked == [([first, second], NOW.date())]


async def test_a_wrong_answer_is_taken_out_of_use_at_once_while_the_next_version_is_written(
    desk: Desk,
) -> None:
    id_ = await desk.published()
    await desk.editing.start(a_full_article(title="新"), by=EDITOR, at=after(1))
    retired = await desk.editing.retire(id_, "政策已变", by=HOUSING, at=after(2))
    assert (retired.number, retired.status, await desk.in_force()) == (1, ArticleStatus.RETIRED, {})
    assert (await desk.kept.get(id_)).status is ArticleStatus.DRAFT


async def test_an_article_is_warned_of_once_then_expires_and_its_unit_has_a_task(desk: Desk) -> None:
    until = date(2026, 12, 20)
    id_ = await desk.published(valid_until=until)
    assert await desk.editing.look_at_ends(NOW - 4 * DAY) == 0
    assert await desk.editing.look_at_ends(NOW) == 1
    assert await desk.editing.look_at_ends(NOW + DAY) == 0
    (task,) = await desk.kept.tasks(unit="body-housing")
    assert (task.ground, task.about, task.articles) == (TaskGround.EXPIRING, "供暖时间", (id_,))
    assert await desk.told() == [("unit:body-housing", "knowledge_task.opened")]
    last_day = NOW.replace(month=12, day=20)
    assert await desk.editing.look_at_ends(last_day) == 0
    assert await desk.in_force() == {id_: 1}
    assert await desk.editing.look_at_ends(last_day + DAY) == 1
    assert (await desk.kept.get(id_)).status is ArticleStatus.EXPIRED
    assert await desk.in_force() == {}


async def test_an_expired_article_comes_back_as_its_next_version(desk: Desk) -> None:
    id_ = await desk.published(valid_until=NOW.date())
    await desk.editing.look_at_ends(NOW + DAY)
    draft = await desk.editing.start(a_full_article(valid_until=None), by=HOUSING, at=NOW + DAY)
    assert draft.number == 2
    await desk.editing.submit(id_, by=HOUSING, at=NOW + DAY)
    await desk.editing.approve(id_, by=REVIEWER, at=NOW + DAY)
    assert await desk.in_force() == {id_: 2}
    lists = SqlKnowledgeLists(desk.base.database)
    assert await lists.endings(date(2027, 12, 31)) == []
    await desk.editing.retire(id_, "废止", by=REVIEWER, at=NOW + 2 * DAY)
    assert [one.status for one in await desk.kept.versions(id_)] == [
        ArticleStatus.REPLACED,
        ArticleStatus.RETIRED,
    ]


# --- tasks -------------------------------------------------------------------------------------------------------


async def two_units(desk: Desk) -> None:
    await desk.published()
    await desk.published(
        id="A0501-01",
        title="身份证",
        unit="市公安局",
        category="0501",
        questions=("甲", "乙", "丙", "丁", "戊"),
    )


async def test_a_policy_change_gives_each_owner_unit_one_dated_task(desk: Desk) -> None:
    await two_units(desk)
    ids = ["A0101-01", "A0501-01"]
    given = await desk.tasks.policy_changed("鲁政发〔2026〕1号", ids, by=REVIEWER, at=NOW)
    assert [(task.unit, task.articles) for task in given] == [
        ("body-housing", ("A0101-01",)),
        ("body-police", ("A0501-01",)),
    ]
    assert {task.due_at for task in given} == {LIMITS.expiry(RULES.task, start=NOW).at}
    assert await desk.told() == [
        ("unit:body-housing", "knowledge_task.opened"),
        ("unit:body-police", "knowledge_task.opened"),
    ]
    assert await desk.tasks.policy_changed("鲁政发〔2026〕1号", ids, by=REVIEWER, at=after(9)) == []


async def test_an_overdue_task_goes_to_the_first_tier_of_supervision_by_itself(desk: Desk) -> None:
    await desk.published()
    (task,) = await desk.tasks.policy_changed("新供热条例", ["A0101-01"], by=REVIEWER, at=NOW)
    assert await desk.tasks.sweep(task.warn_at - timedelta(seconds=1)) == 0
    assert await desk.tasks.sweep(task.warn_at) == 1
    assert await desk.tasks.sweep(task.due_at) == 0
    late = task.due_at + timedelta(seconds=1)
    assert await desk.tasks.sweep(late) == 1
    assert await desk.tasks.sweep(late + DAY) == 0
    overdue = await desk.kept.task(task.id)
    assert (overdue.tier, overdue.is_overdue(at=late)) == (1, True)
    assert await desk.told() == [
        ("unit:body-housing", "knowledge_task.opened"),
        ("unit:body-housing", "knowledge_task.warn"),
        ("unit:body-housing", "knowledge_task.supervise"),
        ("supervisor:1", "knowledge_task.supervise"),
    ]


async def test_a_task_is_settled_by_itself_when_all_its_articles_have_a_new_version(desk: Desk) -> None:
    await desk.published()
    await desk.published(id="A0101-02", title="停暖", questions=("甲", "乙", "丙", "丁", "戊"))
    (task,) = await desk.tasks.policy_changed(
        "新供热条例", ["A0101-01", "A0101-02"], by=REVIEWER, at=after(60)
    )
    for minute, article in enumerate(
        (
            a_full_article(),
            a_full_article(id="A0101-02", title="停暖", questions=("甲", "乙", "丙", "丁", "戊")),
        ),
        2,
    ):
        at = after(60 * minute)
        await desk.editing.start(article, by=EDITOR, at=at)
        await desk.editing.submit(article.id, by=EDITOR, at=at)
        assert (await desk.kept.task(task.id)).is_open
        await desk.editing.approve(article.id, by=REVIEWER, at=at)
    settled = await desk.kept.task(task.id)
    assert (settled.is_open, settled.history[-1].step) == (False, TaskStep.SETTLE)


async def test_a_warning_that_an_article_runs_out_settles_nothing(desk: Desk) -> None:
    await desk.published()
    other = {"id": "A0101-02", "title": "停暖", "questions": ("甲", "乙", "丙", "丁", "戊")}
    await desk.published(**other, valid_until=date(2026, 12, 20))
    (task,) = await desk.tasks.policy_changed(
        "新供热条例", ["A0101-01", "A0101-02"], by=REVIEWER, at=after(60)
    )
    assert await desk.editing.look_at_ends(after(120)) == 1
    await desk.editing.start(a_full_article(), by=EDITOR, at=after(180))
    await desk.editing.submit("A0101-01", by=EDITOR, at=after(180))
    await desk.editing.approve("A0101-01", by=REVIEWER, at=after(180))
    assert (await desk.kept.task(task.id)).is_open


async def test_a_task_is_settled_however_many_others_are_open(desk: Desk) -> None:
    await desk.published()
    (task,) = await desk.tasks.policy_changed("新供热条例", ["A0101-01"], by=REVIEWER, at=NOW)
    others = [
        TaskChange(replace(task, id=f"a{number:03d}", key=f"k{number}", articles=("A0101-02",)))
        for number in range(200)
    ]
    await desk.kept.commit(tasks=others, at=NOW)
    await desk.in_review()
    await desk.editing.approve("A0101-01", by=REVIEWER, at=after(60))
    assert not (await desk.kept.task(task.id)).is_open
    assert (await desk.kept.task("a000")).is_open


async def test_a_unit_says_that_nothing_has_to_change(desk: Desk) -> None:
    await desk.published()
    (task,) = await desk.tasks.policy_changed("新供热条例", ["A0101-01"], by=REVIEWER, at=NOW)
    settled = await desk.tasks.settle(task.id, "条款未涉及本条", by=HOUSING, at=after(9))
    assert not settled.is_open
    with pytest.raises(TaskRefusedError, match="已经了结"):
        await desk.tasks.drop(task.id, "重复", by=REVIEWER, at=after(10))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"by": HOUSING}, TaskRefusedError),
        ({"document": " "}, TaskRefusedError),
        ({"articles": []}, TaskRefusedError),
        ({"due_at": NOW}, TaskRefusedError),
        ({"unit": "body-nobody"}, UnknownUnitError),
    ],
)
async def test_a_task_without_author_document_articles_time_or_unit_is_refused(
    desk: Desk, change: dict[str, Any], error: type[Exception]
) -> None:
    await desk.published()
    given = {"document": "新供热条例", "articles": ["A0101-01"], "by": SUPERVISOR, "at": NOW, **change}
    with pytest.raises(error):
        await desk.tasks.policy_changed(given.pop("document"), given.pop("articles"), **given)


# --- the city's articles, and files ------------------------------------------------------------------------------


async def test_the_citys_articles_are_published_once_and_what_people_changed_is_never_overwritten(
    desk: Desk,
) -> None:
    one, two = (
        a_full_article(),
        a_full_article(id="A0101-02", title="停暖", questions=("甲", "乙", "丙", "丁", "戊")),
    )
    report = await desk.editing.sow([one, two], at=NOW)
    assert (report.added, await desk.in_force()) == (("A0101-01", "A0101-02"), {"A0101-01": 1, "A0101-02": 1})
    again = await desk.editing.sow([one, two], at=after(1))
    assert (again.added, again.updated, again.kept) == ((), (), ())
    await desk.editing.start(replace(one, title="市民自己改的"), by=EDITOR, at=after(2))
    await desk.editing.submit("A0101-01", by=EDITOR, at=after(2))
    await desk.editing.approve("A0101-01", by=REVIEWER, at=after(2))
    newer = [replace(one, title="新的种子"), replace(two, title="停暖通知")]
    report = await desk.editing.sow(newer, at=after(3))
    assert (report.updated, report.kept) == (("A0101-02",), ("A0101-01",))
    assert await desk.in_force() == {"A0101-01": 2, "A0101-02": 2}
    assert (await desk.kept.get("A0101-01")).article.title == "市民自己改的"
    assert (await desk.kept.get("A0101-02")).article.title == "停暖通知"


async def test_a_text_of_the_citys_files_replaces_the_one_in_force_when_it_is_valid(desk: Desk) -> None:
    await desk.editing.sow([a_full_article()], at=NOW)
    newer = a_full_article(title="新的供暖期", valid_from=NOW.date() + DAY)
    for at, report, in_force in ((after(1), (), 1), (NOW + DAY, ("A0101-01",), 2)):
        assert (await desk.editing.sow([newer], at=at)).updated == report
        assert await desk.in_force() == {"A0101-01": in_force}


async def test_a_seed_that_was_taken_out_of_use_does_not_come_back(desk: Desk) -> None:
    await desk.editing.sow([a_full_article()], at=NOW)
    await desk.editing.retire("A0101-01", "已废止", by=REVIEWER, at=after(1))
    assert (await desk.editing.sow([a_full_article(title="新")], at=after(2))).kept == ("A0101-01",)
    assert await desk.in_force() == {}


async def test_two_processes_sow_at_once_and_each_article_comes_in_once(desk: Desk) -> None:
    await asyncio.gather(*(desk.editing.sow([a_full_article()], at=NOW) for _ in range(3)))
    assert [version.number for version in await desk.kept.versions("A0101-01")] == [1]


async def test_articles_of_a_file_come_in_for_review_and_again_as_the_same_draft(desk: Desk) -> None:
    await desk.published()
    newer = a_full_article(title="供暖几时开始")
    (draft,) = await desk.editing.bring_in([newer], by=EDITOR, at=after(1))
    assert (draft.number, draft.status, draft.origin) == (2, ArticleStatus.DRAFT, "import")
    (submitted,) = await desk.editing.bring_in([newer], by=EDITOR, at=after(2), submits=True)
    assert (submitted.number, submitted.status) == (2, ArticleStatus.IN_REVIEW)
    with pytest.raises(ArticleStepRefusedError):
        await desk.editing.bring_in([newer], by=EDITOR, at=after(3))
    assert submitted.history[-1].step is ArticleStep.SUBMIT
