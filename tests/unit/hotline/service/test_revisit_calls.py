"""Revisit calls on a real database: the order owes a call, and keeps what was answered, no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.city import load_city
from hotline.dialogue.survey_result import Ending, Subject, SurveyResult
from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.deeds import PassReview, Resolution, Satisfaction, SignFor
from hotline.domain.life_cycle import Status
from hotline.domain.outbound import CallPurpose, DueCall, OutboundOutcome, PlannedCall
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework
from hotline.service.revisit_calls import RevisitCalls, due_revisit, subject_of
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from router.time_tables import load_time_limits
from tests.builders import LINYI, PHONE, after, an_appeal
from tests.databases import lay_out
from tests.surveys import NUMBER, SURVEY_PROMPTS
from tests.unit.hotline.domain.test_work_order import REPLY
from tests.work_orders import LANSHAN_UNIT, REVIEWER, an_order, keep

CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)


@pytest.fixture
async def casework(tmp_path: Path) -> AsyncIterator[Casework]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, Seal("tests only: " + "x" * 32))
    await keep(store, an_order(appeal=an_appeal(phone=PHONE)))
    made = Casework(store, lambda: LIMITS, CITY.units, CITY.place_names)
    for deed, by in ((SignFor(), LANSHAN_UNIT), (REPLY, LANSHAN_UNIT), (PassReview(), REVIEWER)):
        await made.do(NUMBER, deed, by=by, at=after(1))
    yield made
    await store.close()


def _answered(resolution: Resolution, grade: Satisfaction) -> SurveyResult:
    return SurveyResult(NUMBER, Ending.ANSWERED, True, resolution, grade, grade)


async def test_tries_are_counted_until_the_citizen_was_heard(casework: Casework) -> None:
    calls = RevisitCalls(casework, SURVEY_PROMPTS)
    tried = await calls.keep(SurveyResult(NUMBER, Ending.SILENT), at=after(2))
    assert tried.status is Status.TO_REVISIT
    assert due_revisit(tried) == DueCall(NUMBER, CallPurpose.REVISIT, PHONE, tried_at=(after(2),))
    heard = await calls.keep(_answered(Resolution.RESOLVED, Satisfaction.SATISFIED), at=after(3))
    assert heard.revisits[-1].result is Satisfaction.SATISFIED
    assert due_revisit(heard) is None


async def test_a_try_at_which_nobody_answered_says_why(casework: Casework) -> None:
    calls = RevisitCalls(casework, SURVEY_PROMPTS)
    order = await calls.keep_unreached(NUMBER, OutboundOutcome.BUSY, at=after(2))
    assert (order.revisits[-1].is_reached, order.revisits[-1].remark) == (False, "没有接通：占线。")
    assert due_revisit(order) == DueCall(NUMBER, CallPurpose.REVISIT, PHONE, tried_at=(after(2),))


async def test_tries_before_the_last_reply_count_no_more_but_their_calls_keep_their_names(
    casework: Casework,
) -> None:
    calls = RevisitCalls(casework, SURVEY_PROMPTS)
    await calls.keep_unreached(NUMBER, OutboundOutcome.NO_ANSWER, at=after(2))
    await calls.keep(_answered(Resolution.UNRESOLVED, Satisfaction.DISSATISFIED), at=after(3))
    order = await casework.do(NUMBER, REPLY, by=LANSHAN_UNIT, at=after(4))
    order = await casework.do(NUMBER, PassReview(), by=REVIEWER, at=after(5))
    due = due_revisit(order)
    assert due == DueCall(NUMBER, CallPurpose.REVISIT, PHONE, earlier=2)
    assert PlannedCall(due, 1).key == f"revisit:{NUMBER}:3"


async def test_a_citizen_who_was_not_helped_has_it_handled_again(casework: Casework) -> None:
    calls = RevisitCalls(casework, SURVEY_PROMPTS)
    order = await calls.keep(_answered(Resolution.UNRESOLVED, Satisfaction.DISSATISFIED), at=after(2))
    assert order.status is Status.HANDLING
    assert due_revisit(order) is None


async def test_half_an_answer_is_a_try_and_changes_no_state(casework: Casework) -> None:
    half = SurveyResult(NUMBER, Ending.PARTLY, was_contacted=True, resolution=Resolution.UNRESOLVED)
    order = await RevisitCalls(casework, SURVEY_PROMPTS).keep(half, at=after(2))
    assert order.status is Status.TO_REVISIT
    assert (order.revisits[-1].is_reached, order.revisits[-1].resolution) == (False, None)
    assert order.revisits[-1].remark == "已接通，没有问完。单位联系过、未解决"


@pytest.mark.parametrize("delicate", [{"secrecy": Secrecy.CONFIDENTIAL}, {"kind": AppealKind.TIP_OFF}])
def test_the_matter_of_a_delicate_order_goes_into_no_call(delicate: dict[str, object]) -> None:
    order: WorkOrder = an_order(appeal=an_appeal(**delicate))
    assert subject_of(order, CITY.categories) == Subject(NUMBER, "", is_secret=True)
    open_order = an_order(appeal=an_appeal(category="0101"))
    assert subject_of(open_order, CITY.categories) == Subject(
        NUMBER, CITY.categories["0101"].spoken, is_secret=False
    )
