"""What the knowledge base lacks: answered inquiries flow back, questions in vain are put together, a person drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.article_life import ArticleStatus, ArticleStepRefusedError
from hotline.domain.deeds import Contact, Evidence, Reply
from hotline.domain.knowledge import Passage
from hotline.domain.knowledge_use import (
    Candidate,
    CandidateOrigin,
    CandidateSettledError,
    CandidateState,
    Lookup,
)
from hotline.domain.life_cycle import Status
from hotline.domain.work_order import HistoryEntry, WorkOrder
from hotline.service.knowledge_gaps import Drafting, KnowledgeGaps
from hotline.store.knowledge_use import SqlKnowledgeUse
from hotline.store.order_search import SqlOrderSearch
from hotline.store.sealing import Seal
from tests.articles import EDITOR, OTHER_EDITOR, a_full_article
from tests.builders import NOW, a_passage, after, an_appeal
from tests.contracts.conftest import SECRET
from tests.unit.hotline.service.test_knowledge import CITY, RULES, Desk, desk
from tests.work_orders import HOUSING, a_registered_order, keep

__all__ = ["desk"]
REPLIED = Reply(
    "已答复王先生", "公积金断缴三个月以上不能贷款。", Contact(NOW, "电话", (Evidence("e1", "contact"),))
)


@dataclass
class Finder:
    groups: Sequence[Sequence[int]] = ()
    passage: Passage | None = None

    async def nearest(self, question: str, *, on: date) -> Passage | None:
        return self.passage

    async def grouped(self, questions: Sequence[str]) -> Sequence[Sequence[int]]:
        return self.groups


def answered(number: str = "26112300001", **values: Any) -> WorkOrder:
    """An inquiry that a unit has answered and that is closed."""
    appeal = values.pop(
        "appeal", an_appeal(kind=AppealKind.INQUIRY, text="公积金断缴还能贷款吗，电话13800138000")
    )
    order = a_registered_order(number, appeal=appeal, **values)
    entry = HistoryEntry(
        at=after(60), before=Status.HANDLING, after=Status.CONCLUDED, by=HOUSING, deed=REPLIED
    )
    return replace(order, status=Status.CONCLUDED, history=(*order.history, entry))


@pytest.fixture
async def use(desk: Desk) -> SqlKnowledgeUse:
    return SqlKnowledgeUse(desk.base.database, Seal(SECRET))


def gaps(desk: Desk, use: SqlKnowledgeUse, finder: Finder | None = None) -> KnowledgeGaps:
    orders = SqlOrderSearch(desk.base.database, Seal(SECRET))
    return KnowledgeGaps(
        use, orders, finder or Finder(), units=CITY.units, timezone=CITY.timezone, rules=RULES
    )


async def test_an_inquiry_that_was_answered_later_flows_back_masked_once(
    desk: Desk, use: SqlKnowledgeUse
) -> None:
    await keep(desk.base, answered())
    found = gaps(desk, use)
    assert [await found.bring_back(NOW + timedelta(days=1)) for _ in range(2)] == [1, 0]
    (candidate,) = await use.candidates()
    assert (candidate.key, candidate.origin) == ("order:26112300001", CandidateOrigin.ORDER)
    assert candidate.questions == ("公积金断缴还能贷款吗，电话***",)
    assert (candidate.answer, candidate.unit) == ("公积金断缴三个月以上不能贷款。", "兰山区人民政府")


async def test_an_inquiry_flows_back_however_long_it_took_and_none_that_was_concluded_long_ago(
    desk: Desk, use: SqlKnowledgeUse
) -> None:
    await keep(desk.base, answered())
    slow = answered("26112300002")
    ended = replace(slow.history[-1], at=NOW + timedelta(days=40))
    await keep(desk.base, replace(slow, history=(*slow.history[:-1], ended)))
    assert await gaps(desk, use).bring_back(NOW + timedelta(days=40, hours=1)) == 1
    assert [one.key for one in await use.candidates()] == ["order:26112300002"]


@pytest.mark.parametrize(
    "order",
    [
        answered(article="A0303-01"),
        answered(appeal=an_appeal(kind=AppealKind.COMPLAINT, text="不给贷款")),
        answered(appeal=an_appeal(kind=AppealKind.INQUIRY, secrecy=Secrecy.CONFIDENTIAL)),
        replace(answered(), status=Status.HANDLING),
    ],
    ids=["answered at once", "no inquiry", "confidential", "not closed"],
)
async def test_other_orders_do_not_flow_back(desk: Desk, use: SqlKnowledgeUse, order: WorkOrder) -> None:
    await keep(desk.base, order)
    assert await gaps(desk, use).bring_back(NOW + timedelta(days=1)) == 0


async def test_questions_asked_in_vain_become_one_candidate_with_the_unit_to_ask(
    desk: Desk, use: SqlKnowledgeUse
) -> None:
    asked = ["地暖归谁维修", "地暖谁来修", "地暖坏了归谁修呀", "彩票"]
    await use.keep("c1", [Lookup(turn, after(turn), text, "0101") for turn, text in enumerate(asked)])
    newest_first = Finder([[1, 2, 3], [0]], a_passage())
    (candidate,) = await gaps(desk, use, newest_first).find(after(60))
    assert (candidate.asked, candidate.title, candidate.category, candidate.like) == (
        3,
        "地暖谁来修",
        "0101",
        "A0101-01",
    )
    assert set(candidate.questions) == set(asked[:3])
    assert candidate.unit == "市住建局"
    assert await gaps(desk, use, newest_first).find(after(60)) == []


async def test_what_was_dismissed_does_not_come_back_under_another_question(
    desk: Desk, use: SqlKnowledgeUse
) -> None:
    asked = ["地暖归谁维修", "地暖谁来修", "地暖坏了归谁修呀"]
    await use.keep("c1", [Lookup(turn, after(turn), text, "0101") for turn, text in enumerate(asked)])
    (candidate,) = await gaps(desk, use, Finder([[0, 1, 2]])).find(after(60))
    await use.settle(candidate.dismissed("自行联系物业", by=EDITOR), expected=1, at=after(61), by=EDITOR)
    smaller = "地暖不热归谁修"
    assert smaller < min(asked)
    await use.keep("c2", [Lookup(1, after(70), smaller, "0101")])
    assert await gaps(desk, use, Finder([[0, 1, 2, 3]])).find(after(90)) == []
    assert await use.candidates() == []


async def test_what_was_asked_less_often_is_no_candidate(desk: Desk, use: SqlKnowledgeUse) -> None:
    await use.keep("c1", [Lookup(turn, after(turn), "地暖归谁修") for turn in range(2)])
    assert await gaps(desk, use, Finder([[0, 1]])).find(after(60)) == []


async def test_a_person_drafts_an_article_of_a_candidate(desk: Desk, use: SqlKnowledgeUse) -> None:
    await desk.published()
    await keep(desk.base, answered())
    await gaps(desk, use).bring_back(NOW + timedelta(days=1))
    (candidate,) = await use.candidates()
    drafting = Drafting(use, desk.kept, desk.editing, CITY.timezone)
    version = await drafting.take(candidate.id, by=EDITOR, at=after(90))
    assert (version.id, version.status, version.origin) == (
        "A0101-02",
        ArticleStatus.DRAFT,
        f"candidate:{candidate.id}",
    )
    assert version.article.full == "公积金断缴三个月以上不能贷款。"
    assert (await use.candidate(candidate.id)).state is CandidateState.TAKEN
    with pytest.raises(CandidateSettledError):
        await drafting.dismiss(candidate.id, "重复", by=EDITOR, at=after(99))


class AsItWas(SqlKnowledgeUse):
    """Tells what a candidate was before somebody dealt with it, as who opened the page earlier knows it."""

    kept: Candidate

    async def candidate(self, candidate: str) -> Candidate:
        return self.kept


async def test_of_two_who_take_one_candidate_the_second_leaves_no_draft_behind(
    desk: Desk, use: SqlKnowledgeUse
) -> None:
    await keep(desk.base, answered())
    await gaps(desk, use).bring_back(NOW + timedelta(days=1))
    late = AsItWas(desk.base.database, Seal(SECRET))
    (late.kept,) = await use.candidates()
    first = await Drafting(use, desk.kept, desk.editing, CITY.timezone).take(
        late.kept.id, by=EDITOR, at=after(90)
    )
    with pytest.raises(CandidateSettledError):
        await Drafting(late, desk.kept, desk.editing, CITY.timezone).take(
            late.kept.id, by=OTHER_EDITOR, at=after(91)
        )
    assert (await use.candidate(late.kept.id)).article == first.id
    assert await desk.kept.counts() == {ArticleStatus.DRAFT: 1, ArticleStatus.DISCARDED: 1}


class Behind(Drafting):
    """Gives a number that somebody has just used, once."""

    given: list[str]

    async def next_id(self, category: str) -> str:
        return self.given.pop(0) if self.given else await super().next_id(category)


async def test_a_number_that_somebody_has_just_used_is_passed_over(desk: Desk, use: SqlKnowledgeUse) -> None:
    drafting = Behind(use, desk.kept, desk.editing, CITY.timezone)
    drafting.given = []
    first = await drafting.begin(a_full_article(), by=EDITOR, at=NOW)
    drafting.given = [first.id]
    second = await drafting.begin(a_full_article(), by=OTHER_EDITOR, at=NOW)
    assert (first.id, second.id, second.number) == ("A0101-01", "A0101-02", 1)
    drafting.given = [first.id] * 3
    with pytest.raises(ArticleStepRefusedError):
        await drafting.begin(a_full_article(), by=OTHER_EDITOR, at=NOW)
