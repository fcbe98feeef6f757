from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hotline.domain.appeal import AppealKind, Secrecy, Urgency
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import TRANSITIONS, Status, Step, WorkOrder
from hotline.domain.work_order_chart import chart
from tests.builders import NOW, an_appeal

DUE = NOW + timedelta(days=7)
ROUTING = RoutingDecision(
    lead_unit="county-371302", supporting_units=(), urgency=Urgency.ORDINARY, sign_by=NOW + timedelta(days=1),
    due_at=DUE, limit_basis="", rule="street-light", because="", catalogue_version="test",
)  # fmt: skip


def a_work_order(*steps: Step, **appeal: object) -> WorkOrder:
    order = WorkOrder(
        number="26112300001", appeal=an_appeal(**appeal), status=Status.REGISTERED, registered_at=NOW,
        conversation="c1", routing=ROUTING,
    )  # fmt: skip
    for step in steps:
        order = order.after(step, by="machine", at=NOW)
    return order


HANDLED = (Step.DISPATCH, Step.SIGN_FOR)
REVIEWED = (*HANDLED, Step.REPLY, Step.PASS_REVIEW)


def refused(order: WorkOrder, step: Step, **given: object) -> tuple[str, str]:
    with pytest.raises(IllegalTransitionError) as caught:
        order.after(step, by="x", at=given.pop("at", NOW), **given)  # type: ignore[arg-type]
    return caught.value.status, caught.value.reason


def test_an_order_lives_from_registration_to_the_archive() -> None:
    order = a_work_order(*REVIEWED, Step.CONCLUDE, Step.ARCHIVE)
    assert [entry.after.value for entry in order.history] == [
        "to_sign", "handling", "replied", "to_revisit", "concluded", "archived",
    ]  # fmt: skip
    assert order.revision == 6


@pytest.mark.parametrize(
    ("steps", "step"),
    [
        ((Step.QUEUE_FOR_DISPATCH,), Step.CONCLUDE),  # 待派→结案
        ((Step.DISPATCH, Step.SEND_BACK, Step.DESIGNATE), Step.SEND_BACK),  # 指定后→申请退回
        ((Step.DISPATCH, Step.SEND_BACK, Step.REJECT_RETURN), Step.SEND_BACK),
        ((*HANDLED,), Step.PASS_REVIEW),  # 未审核→待回访
        ((*HANDLED, Step.REPLY), Step.CONCLUDE),
        ((*HANDLED, Step.SUSPEND), Step.CONCLUDE),  # 挂账不得直接结案
        ((*REVIEWED, Step.CONCLUDE), Step.REDO),
    ],
)
def test_a_step_that_is_not_in_the_table_is_refused(steps: tuple[Step, ...], step: Step) -> None:
    order = a_work_order(*steps)
    assert refused(order, step) == (order.status, "")


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_an_order_that_is_due_cannot_be_extended(late: timedelta) -> None:
    assert refused(a_work_order(*HANDLED), Step.EXTEND, at=DUE + late) == (
        "handling",
        "overdue orders cannot be extended",
    )


def test_an_extension_moves_the_limit_and_may_be_followed_by_another() -> None:
    once = a_work_order(*HANDLED).after(
        Step.EXTEND, by="u", at=DUE - timedelta(hours=1), due_at=DUE + timedelta(days=3)
    )
    twice = once.after(Step.EXTEND, by="u", at=DUE + timedelta(days=1), due_at=DUE + timedelta(days=5))
    assert twice.routing == replace(ROUTING, due_at=DUE + timedelta(days=5))


def test_an_extension_never_shortens_the_limit() -> None:
    order = a_work_order(*HANDLED)
    assert refused(order, Step.EXTEND, due_at=DUE)[1] == "an extension ends later than the limit it extends"


@pytest.mark.parametrize("appeal", [{"secrecy": Secrecy.CONFIDENTIAL}, {"kind": AppealKind.TIP_OFF}])
def test_what_is_confidential_is_never_disclosed(appeal: dict[str, object]) -> None:
    order = a_work_order(*REVIEWED, Step.CONCLUDE, **appeal)
    assert refused(order, Step.DISCLOSE) == (
        "concluded",
        "confidential orders and tip-offs are never disclosed",
    )
    assert a_work_order(*REVIEWED, Step.CONCLUDE).after(Step.DISCLOSE, by="u", at=NOW).status == "concluded"


def test_supervision_ends_an_order_only_after_its_reply_passed_review() -> None:
    unreviewed = a_work_order(*HANDLED, Step.SUPERVISE)
    reviewed = a_work_order(*REVIEWED, Step.SUPERVISE)
    assert refused(unreviewed, Step.CONCLUDE) == ("supervised", "its reply has not passed review")
    assert reviewed.after(Step.CONCLUDE, by="u", at=NOW).status is Status.CONCLUDED


def test_history_never_runs_backwards() -> None:
    order = a_work_order(*HANDLED)
    assert refused(order, Step.REPLY, at=NOW - timedelta(seconds=1))[1] == "earlier than the last change"


def test_a_refused_step_changes_nothing() -> None:
    order = a_work_order(*HANDLED)
    same = replace(order)
    refused(order, Step.CONCLUDE)
    assert order == same


def test_every_state_can_be_reached_and_left_for_the_archive() -> None:
    reached = {Status.REGISTERED}
    while grown := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= grown
    ends = {Status.ARCHIVED}
    while grown := {before for (before, _), after in TRANSITIONS.items() if after in ends} - ends:
        ends |= grown
    assert (reached, ends) == (set(Status), set(Status))


def test_every_step_is_in_the_table() -> None:
    assert {step for _, step in TRANSITIONS} == set(Step)


def test_the_chart_in_the_docs_is_drawn_from_the_table() -> None:
    docs = Path(__file__).resolve().parents[4] / "docs" / "work_order.md"
    assert f"```mermaid\n{chart()}\n```" in docs.read_text(encoding="utf-8")
