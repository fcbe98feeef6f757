"""Articles, tasks, candidates and look-ups on every database: what is kept comes back, and all of it or nothing is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.domain.article_life import (
    ArticleNotFoundError,
    ArticleStatus,
    ArticleStep,
    ArticleVersion,
    StaleArticleError,
)
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.knowledge import START, KnowledgePosition
from hotline.domain.knowledge_tasks import KnowledgeTask, TaskNotFoundError, TaskStep
from hotline.domain.knowledge_use import (
    ArticleUse,
    Candidate,
    CandidateNotFoundError,
    CandidateOrigin,
    CandidateSettledError,
    CandidateState,
    Lookup,
)
from hotline.domain.outbox import Message
from hotline.domain.people import MACHINE
from hotline.store.knowledge import SqlKnowledge, TaskChange, VersionChange
from hotline.store.knowledge_lists import SqlKnowledgeLists, Wanted
from hotline.store.knowledge_use import SqlKnowledgeUse
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit, outbox
from tests.articles import EDITOR, OTHER_EDITOR, REVIEWER, a_draft, in_review, published, scheduled
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET
from tests.unit.hotline.domain.test_knowledge_tasks import a_task


@pytest.fixture
def kept(store: SqlStore) -> SqlKnowledge:
    return SqlKnowledge(store.database, Seal(SECRET))


@pytest.fixture
def use(store: SqlStore) -> SqlKnowledgeUse:
    return SqlKnowledgeUse(store.database, Seal(SECRET))


async def audited(store: SqlStore) -> list[tuple[str, str, str]]:
    async with store.database.reading() as connection:
        rows = await connection.execute(select(audit).order_by(audit.c.sequence))
        return [(row.actor, row.action, row.subject) for row in rows]


async def test_a_version_comes_back_as_it_was_kept_with_an_audit_row_for_each_step(
    store: SqlStore, kept: SqlKnowledge
) -> None:
    version = published(valid_until=date(2027, 3, 1), regions=("371302",), steps=("打电话",))
    await kept.commit(VersionChange(version), at=NOW)
    assert await kept.get("A0101-01") == version
    assert await kept.get("A0101-01", 1) == version
    assert await audited(store) == [
        ("editor:e-1", "article.started", "A0101-01"),
        ("editor:e-1", "article.submit", "A0101-01"),
        ("reviewer:r-1", "article.approve", "A0101-01"),
        ("reviewer:r-1", "article.publish", "A0101-01"),
    ]
    assert await store.audit_break() is None


async def test_what_is_not_there_is_not_found(kept: SqlKnowledge) -> None:
    for missing in (kept.get("A9"), kept.get("A9", 2), kept.versions("A9")):
        with pytest.raises(ArticleNotFoundError):
            await missing
    with pytest.raises(TaskNotFoundError):
        await kept.task("t9")
    assert await kept.in_force("A9") is None


async def test_of_two_who_change_one_version_the_second_is_told(kept: SqlKnowledge) -> None:
    draft = a_draft()
    await kept.commit(VersionChange(draft), at=NOW)
    submitted = draft.after(ArticleStep.SUBMIT, by=EDITOR, at=after(1))
    await kept.commit(VersionChange(submitted, 1), at=after(1))
    with pytest.raises(StaleArticleError):
        await kept.commit(
            VersionChange(draft.after(ArticleStep.DISCARD, by=EDITOR, at=NOW, note="重复"), 1), at=NOW
        )
    assert (await kept.get("A0101-01")).status is ArticleStatus.IN_REVIEW


async def test_of_two_who_start_one_article_at_once_one_is_told(kept: SqlKnowledge) -> None:
    async def start() -> bool:
        try:
            await kept.commit(VersionChange(a_draft()), at=NOW)
        except StaleArticleError:
            return False
        return True

    assert sorted(await asyncio.gather(start(), start())) == [False, True]


async def test_beside_an_open_version_no_other_is_started(kept: SqlKnowledge) -> None:
    await kept.commit(VersionChange(a_draft()), at=NOW)
    second = ArticleVersion.started(replace(a_draft().article, version=2), by=EDITOR, at=NOW)
    with pytest.raises(StaleArticleError):
        await kept.commit(VersionChange(second), at=NOW)


async def test_a_change_that_fails_in_part_leaves_nothing_behind(store: SqlStore, kept: SqlKnowledge) -> None:
    await kept.commit(VersionChange(a_draft()), at=NOW)
    other = a_draft(id="A0101-02", title="停暖")
    message = Message("duty", "article.held", "A0101-02", {}, "k1")
    with pytest.raises(StaleArticleError):
        await kept.commit(VersionChange(other), VersionChange(a_draft()), messages=[message], at=NOW)
    with pytest.raises(ArticleNotFoundError):
        await kept.get("A0101-02")
    async with store.database.reading() as connection:
        assert (await connection.execute(select(outbox.c.key))).scalars().all() == []
    assert len(await audited(store)) == 1


async def replace_with_second(kept: SqlKnowledge) -> ArticleVersion:
    first = published()
    await kept.commit(VersionChange(first), at=NOW)
    second = replace(
        published(title="供暖几时开始"), article=replace(first.article, version=2, title="供暖几时开始")
    )
    replaced = first.after(ArticleStep.REPLACE, by=MACHINE, at=after(9))
    await kept.commit(VersionChange(replaced, first.revision), VersionChange(second), at=after(9))
    return second


async def test_a_new_version_takes_the_place_of_the_old_one_which_stays_to_be_read(
    kept: SqlKnowledge,
) -> None:
    second = await replace_with_second(kept)
    assert [version.status for version in await kept.versions("A0101-01")] == [
        ArticleStatus.REPLACED,
        ArticleStatus.PUBLISHED,
    ]
    assert await kept.in_force("A0101-01") == second
    (listed,) = await kept.listed()
    assert (listed.title, listed.latest, listed.published) == ("供暖几时开始", 2, 2)


async def test_articles_are_listed_by_state_unit_category_and_words(kept: SqlKnowledge) -> None:
    await kept.commit(
        VersionChange(published()),
        VersionChange(a_draft(id="A0102-01", title="停水", category="010201", unit="市水利局")),
        VersionChange(in_review(id="A0901-01", title="医保_%", category="0901", unit="市医保局")),
        at=NOW,
    )

    async def found(**wanted: Any) -> list[str]:
        return [one.id for one in await kept.listed(**wanted)]

    assert await found() == ["A0101-01", "A0102-01", "A0901-01"]
    assert await found(statuses=[ArticleStatus.DRAFT, ArticleStatus.IN_REVIEW]) == ["A0102-01", "A0901-01"]
    assert await found(unit="市水利局") == ["A0102-01"]
    assert await found(category="01") == ["A0101-01", "A0102-01"]
    assert await found(category="0102") == ["A0102-01"]
    assert await found(words="_%") == ["A0901-01"]
    assert await found(words="A0101-01") == ["A0101-01"]
    assert await found(after="A0101-01", limit=1) == ["A0102-01"]
    assert await kept.ids("A01") == ["A0101-01", "A0102-01"]
    assert await kept.counts() == {
        ArticleStatus.PUBLISHED: 1,
        ArticleStatus.DRAFT: 1,
        ArticleStatus.IN_REVIEW: 1,
    }


async def test_what_is_due_is_found_the_earliest_first(kept: SqlKnowledge) -> None:
    await kept.commit(
        VersionChange(scheduled(publish_at=after(60))),
        VersionChange(scheduled(publish_at=after(30), id="A0101-02", title="停暖")),
        VersionChange(published(id="A0101-03", title="测温", valid_until=date(2026, 12, 1))),
        VersionChange(published(id="A0101-04", title="退费", valid_until=date(2026, 12, 9))),
        VersionChange(a_draft(id="A0101-05", title="报停", valid_until=date(2026, 12, 1))),
        at=NOW,
    )
    assert [one.id for one in await kept.to_publish(after(29), limit=9)] == []
    assert [one.id for one in await kept.to_publish(after(60), limit=9)] == ["A0101-02", "A0101-01"]
    (first,) = await kept.to_publish(after(60), limit=1)
    assert [one.id for one in await kept.to_publish(after(60), after=first, limit=9)] == ["A0101-01"]
    assert [one.id for one in await kept.ending(date(2026, 12, 1), limit=9)] == ["A0101-03"]
    assert [one.id for one in await kept.ending(date(2026, 12, 31), limit=9, after="A0101-03")] == [
        "A0101-04"
    ]


async def test_only_published_articles_are_told_to_the_indexes(kept: SqlKnowledge) -> None:
    await kept.commit(VersionChange(published()), at=NOW)
    await kept.commit(
        VersionChange(a_draft(id="A0101-02", title="停暖")),
        VersionChange(scheduled(id="A0101-03", title="测温")),
        VersionChange(published(id="A0101-04", title="退费")),
        at=NOW,
    )
    everything = [article.id async for article in kept.all_published()]
    assert everything == ["A0101-01", "A0101-04"]
    asked = ["A0101-01", "A0101-02", "A0101-03", "A0101-04"]
    assert sorted(one.id for one in await kept.published(asked)) == everything


async def test_the_indexes_are_told_what_changed_since_they_looked(kept: SqlKnowledge) -> None:
    assert await kept.position() == START
    assert await kept.changes_after(START) == (START, ())
    version = published()
    await kept.commit(VersionChange(version), at=NOW)
    first = await kept.position()
    assert await kept.changes_after(START) == (first, ("A0101-01",))
    assert await kept.changes_after(first) == (first, ())
    await kept.commit(VersionChange(published(id="A0101-02", title="停暖")), at=NOW)
    retired = version.after(ArticleStep.RETIRE, by=REVIEWER, at=after(1), note="有误")
    await kept.commit(VersionChange(retired, version.revision), at=after(1))
    last = await kept.position()
    assert await kept.changes_after(first) == (last, ("A0101-02", "A0101-01"))
    assert last.sequence == 3


async def test_a_draft_changes_nothing_for_the_indexes(kept: SqlKnowledge) -> None:
    await kept.commit(VersionChange(a_draft()), at=NOW)
    assert await kept.position() == START


async def test_a_position_of_another_database_is_not_known(kept: SqlKnowledge) -> None:
    await kept.commit(VersionChange(published()), at=NOW)
    assert await kept.changes_after(KnowledgePosition(1, "another")) is None
    assert await kept.changes_after(KnowledgePosition(7, "another")) is None


async def test_writers_at_once_lose_no_change(kept: SqlKnowledge) -> None:
    ids = [f"A0101-{number:02d}" for number in range(1, 13)]
    await asyncio.gather(*(kept.commit(VersionChange(published(id=id_, title=id_)), at=NOW) for id_ in ids))
    changes = await kept.changes_after(START)
    assert changes is not None
    assert (changes[0].sequence, sorted(changes[1])) == (12, ids)


async def test_seeds_are_sown_all_at_once_with_one_audit_row(store: SqlStore, kept: SqlKnowledge) -> None:
    seeds = [
        ArticleVersion.seeded(replace(published().article, id=f"A0101-{number:02d}"), at=NOW)
        for number in (1, 2, 3)
    ]
    await kept.sow([(seed, "digest") for seed in seeds], at=NOW)
    assert await kept.seeds() == dict.fromkeys(("A0101-01", "A0101-02", "A0101-03"), "digest")
    assert [article.id async for article in kept.all_published()] == ["A0101-01", "A0101-02", "A0101-03"]
    changes = await kept.changes_after(START)
    assert changes is not None
    assert (changes[0].sequence, len(changes[1])) == (3, 3)
    assert await audited(store) == [("machine", "knowledge.sown", "knowledge")]
    with pytest.raises(StaleArticleError):
        await kept.sow([(seeds[2], "digest")], at=NOW)


async def test_a_task_comes_back_and_is_found_when_it_is_due(store: SqlStore, kept: SqlKnowledge) -> None:
    task = a_task()
    await kept.commit(tasks=[TaskChange(task)], at=NOW)
    assert (await kept.task("t1"), await kept.has_task(task.key), await kept.has_task("k2")) == (
        task,
        True,
        False,
    )
    assert await kept.tasks_due(NOW + timedelta(days=3), limit=9) == []
    assert await kept.tasks_due(NOW + timedelta(days=4), limit=9) == [task]
    warned = task.after(TaskStep.WARN, by=MACHINE, at=after(60))
    await kept.commit(tasks=[TaskChange(warned, 1)], at=after(60))
    with pytest.raises(StaleArticleError):
        await kept.commit(tasks=[TaskChange(warned, 1)], at=after(60))
    settled = warned.after(TaskStep.SETTLE, by=EDITOR, at=after(90), note="已更新")
    await kept.commit(tasks=[TaskChange(settled, 2)], at=after(90))
    assert await kept.tasks() == []
    assert await kept.tasks(unit="body-housing", only_open=False) == [settled]
    assert await kept.tasks(unit="body-police", only_open=False) == []
    assert [row[:2] for row in await audited(store)] == [
        ("reviewer:r-1", "knowledge_task.open"),
        ("machine", "knowledge_task.warn"),
        ("editor:e-1", "knowledge_task.settle"),
    ]


async def test_a_task_is_given_once(kept: SqlKnowledge) -> None:
    await kept.commit(tasks=[TaskChange(a_task())], at=NOW)
    again: KnowledgeTask = replace(a_task(), id="t2")
    with pytest.raises(StaleArticleError):
        await kept.commit(tasks=[TaskChange(again)], at=NOW)


LOOKUP = Lookup(4, NOW, "几号供暖", "0101", "A0101-01", 2, 0.91, is_answered=True, helped=True)


async def test_look_ups_come_back_sealed_on_the_way(store: SqlStore, use: SqlKnowledgeUse) -> None:
    unanswered = Lookup(6, after(5), "张三的暖气费能退吗")
    await use.keep("c1", [LOOKUP, unanswered])
    await use.keep("c1", [LOOKUP])
    await use.keep("c2", [])
    assert await use.of_conversation("c1") == [LOOKUP, unanswered]
    assert await use.of_conversation("c2") == []


async def test_articles_are_found_by_state_unit_author_tag_and_words_the_last_changed_first(
    store: SqlStore, kept: SqlKnowledge
) -> None:
    lists = SqlKnowledgeLists(store.database)
    odd = 'a"b\\'
    await kept.commit(VersionChange(a_draft(id="A0101-01", tags=("供暖", odd), full="按50%计")), at=NOW)
    await kept.commit(VersionChange(published(id="A0101-02", unit="市民政局")), at=after(5))
    await kept.commit(VersionChange(a_draft(OTHER_EDITOR, id="A0101-03", title="DN50管")), at=after(5))

    async def found(**wanted: Any) -> list[str]:
        return [row.id for row in await lists.page(Wanted(**wanted), limit=9)]

    assert await found() == ["A0101-02", "A0101-03", "A0101-01"]
    assert await found(status=ArticleStatus.DRAFT) == ["A0101-03", "A0101-01"]
    assert await found(unit="市民政局") == ["A0101-02"]
    assert await found(author="e-2") == ["A0101-03"]
    assert (await found(tag="供暖"), await found(tag=odd), await found(tag="供")) == (
        ["A0101-01"],
        ["A0101-01"],
        [],
    )
    assert (await found(words="50%"), await found(words="dn50"), await found(words="A0101-02")) == (
        ["A0101-01"], ["A0101-03"], ["A0101-02"],
    )  # fmt: skip
    counts = await lists.counts(Wanted(status=ArticleStatus.DRAFT, unit="市住房城乡建设局"))
    assert counts == {ArticleStatus.DRAFT: 2}
    first = (await lists.page(Wanted(), limit=1))[0]
    assert [row.id for row in await lists.page(Wanted(), after=first.place, limit=9)] == [
        "A0101-03",
        "A0101-01",
    ]
    assert len(await lists.page(Wanted(), after="9" * 30 + "-x", limit=9)) == 3
    assert await lists.choices() == (["市住房城乡建设局", "市民政局"], ["e-1", "e-2"], sorted(["供暖", odd]))
    assert await lists.titles(["A0101-03", "A0101-09"]) == {"A0101-03": "DN50管"}


async def test_what_runs_out_is_listed_by_its_day_until_somebody_has_seen_to_it(
    store: SqlStore, kept: SqlKnowledge
) -> None:
    lists, day = SqlKnowledgeLists(store.database), date(2026, 12, 1)
    first = published(id="A0101-01", valid_until=day)
    await kept.commit(
        VersionChange(first), VersionChange(published(id="A0101-02", valid_until=date(2026, 11, 25))), at=NOW
    )
    await kept.commit(
        VersionChange(published(id="A0101-03")),
        VersionChange(published(id="A0101-04", valid_until=date(2027, 9, 1))),
        at=NOW,
    )
    assert [(one.id, one.until, one.is_out) for one in await lists.endings(date(2027, 1, 1))] == [
        ("A0101-02", date(2026, 11, 25), False), ("A0101-01", day, False),
    ]  # fmt: skip
    out = first.after(ArticleStep.EXPIRE, by=MACHINE, at=after(9))
    await kept.commit(VersionChange(out, first.revision), at=after(9))
    await kept.commit(
        VersionChange(a_draft(id="A0101-01", version=2, valid_until=date(2027, 12, 1))), at=after(10)
    )
    ending = (await lists.endings(day))[1]
    assert (ending.id, ending.until, ending.is_out, ending.is_renewed) == ("A0101-01", day, True, True)
    gone = out.after(ArticleStep.RETIRE, by=EDITOR, at=after(11), note="废止")
    await kept.commit(VersionChange(gone, out.revision), at=after(11))
    assert [one.id for one in await lists.endings(day)] == ["A0101-02"]


async def test_what_ran_out_below_a_later_version_is_seen_to(store: SqlStore, kept: SqlKnowledge) -> None:
    first = published(valid_until=date(2026, 11, 25))
    out = first.after(ArticleStep.EXPIRE, by=MACHINE, at=after(9))
    await kept.commit(VersionChange(out), at=after(9))
    assert await kept.superseded("A0101-01") == [out]
    second = published(version=2)
    await kept.commit(VersionChange(second), at=after(10))
    assert await kept.superseded("A0101-01") == [out, second]
    lists = SqlKnowledgeLists(store.database)
    assert await lists.endings(date(2026, 12, 1)) == []
    gone = second.after(ArticleStep.RETIRE, by=EDITOR, at=after(11), note="废止")
    await kept.commit(VersionChange(gone, second.revision), at=after(11))
    assert await lists.endings(date(2026, 12, 1)) == []


async def test_figures_of_each_article_count_what_was_found_answered_and_helped(use: SqlKnowledgeUse) -> None:
    await use.keep(
        "c1",
        [
            LOOKUP,
            replace(LOOKUP, turn=5, helped=False),
            replace(LOOKUP, turn=6, helped=None),
            replace(LOOKUP, turn=7, is_answered=False, helped=None, article="A0101-02"),
            Lookup(8, NOW, "不知所云"),
            replace(LOOKUP, turn=9, at=after(999)),
        ],
    )
    assert await use.uses(NOW, after(999)) == [
        ArticleUse("A0101-01", found=3, answered=3, helped=1, not_helped=1, last_at=NOW),
        ArticleUse("A0101-02", found=1, answered=0, helped=0, not_helped=0),
    ]
    (one,) = await use.uses(NOW, after(1_000), article="A0101-01")
    assert (one.found, one.last_at) == (4, after(999))


async def test_questions_asked_in_vain_are_found_the_newest_first(use: SqlKnowledgeUse) -> None:
    await use.keep(
        "c1",
        [
            LOOKUP,
            replace(LOOKUP, turn=5, at=after(1), helped=False, question="停暖通知吗"),
            Lookup(6, after(2), "地暖归谁修"),
            Lookup(7, after(-9), "太早"),
        ],
    )
    found = await use.in_vain(NOW, limit=9)
    assert [one.question for one in found] == ["地暖归谁修", "停暖通知吗"]
    assert [one.question for one in await use.in_vain(NOW, limit=1)] == ["地暖归谁修"]


CANDIDATE = Candidate(
    "c1", "order:26112300001", CandidateOrigin.ORDER, ("几号供暖",), NOW, answer="十一月十日。"
)


async def test_a_candidate_is_kept_once_and_settled_once(store: SqlStore, use: SqlKnowledgeUse) -> None:
    assert [await use.add(CANDIDATE, at=NOW, by=MACHINE) for _ in range(2)] == [True, False]
    assert await use.candidates() == [CANDIDATE]
    taken = CANDIDATE.taken("A0101-11", by=EDITOR)
    await use.settle(taken, expected=1, at=after(1), by=EDITOR)
    with pytest.raises(CandidateSettledError):
        await use.settle(taken, expected=1, at=after(1), by=EDITOR)
    assert (await use.candidate("c1"), await use.candidates()) == (taken, [])
    assert await use.candidates(state=CandidateState.TAKEN) == [taken]
    with pytest.raises(CandidateNotFoundError):
        await use.candidate("c9")
    assert [row[:2] for row in await audited(store)] == [
        ("machine", "knowledge_candidate.added"),
        ("editor:e-1", "knowledge_candidate.taken"),
    ]


async def test_golden_questions_of_editors_are_kept_changed_and_dropped(
    store: SqlStore, use: SqlKnowledgeUse
) -> None:
    await use.keep_golden("几号供暖", "a", by=EDITOR, at=NOW)
    await use.keep_golden("几号供暖", "b", by=EDITOR, at=after(1))
    assert await use.golden() == {"几号供暖": "b"}
    assert [await use.drop_golden("几号供暖", by=EDITOR, at=after(2)) for _ in range(2)] == [True, False]
    assert await use.golden() == {}
    assert [row[1] for row in await audited(store)] == [
        "golden_question.kept",
        "golden_question.kept",
        "golden_question.dropped",
    ]


async def test_a_time_without_a_zone_is_refused(kept: SqlKnowledge) -> None:
    version = scheduled(publish_at=NOW.replace(tzinfo=None))
    with pytest.raises(StoreUnavailableError):
        await kept.commit(VersionChange(version), at=NOW)
