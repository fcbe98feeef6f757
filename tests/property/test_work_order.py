"""Whatever people do to an order, in whatever order, its rules hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hotline.domain.appeal import AppealKind, Secrecy, Urgency
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import TRANSITIONS, Status, Step, WorkOrder
from tests.builders import NOW, an_appeal

DECISIVE = (Step.REPLY, Step.REDO, Step.RESUME, Step.PASS_REVIEW)


class LifeOfAnOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.at = NOW
        self.refusals = 0

    @initialize(secrecy=st.sampled_from(Secrecy), kind=st.sampled_from(AppealKind))
    def register(self, secrecy: Secrecy, kind: AppealKind) -> None:
        routing = RoutingDecision(
            lead_unit="county-371302", supporting_units=(), urgency=Urgency.ORDINARY, sign_by=NOW,
            due_at=NOW + timedelta(hours=60), limit_basis="", rule="r", because="", catalogue_version="test",
        )  # fmt: skip
        self.order = WorkOrder(
            number="26112300001", appeal=an_appeal(secrecy=secrecy, kind=kind), status=Status.REGISTERED,
            registered_at=NOW, conversation="c1", routing=routing,
        )  # fmt: skip

    def attempt(self, step: Step, extension: timedelta | None = None) -> None:
        before = replace(self.order)
        due_at = self.order.routing.due_at + extension if extension and self.order.routing else None
        try:
            self.order = self.order.after(step, by="u", at=self.at, due_at=due_at)
        except IllegalTransitionError:
            assert self.order == before
            self.refusals += 1
        else:
            assert self.order.status is TRANSITIONS[before.status, step]
            assert self.order.history[:-1] == before.history

    @rule(step=st.sampled_from(Step), hours=st.integers(0, 12))
    def do_anything(self, step: Step, hours: int) -> None:
        self.at += timedelta(hours=hours)
        self.attempt(step)

    @rule(data=st.data(), hours=st.integers(0, 3))
    def do_something_the_table_allows(self, data: st.DataObject, hours: int) -> None:
        allowed = [step for status, step in TRANSITIONS if status is self.order.status]
        if allowed:
            self.at += timedelta(hours=hours)
            self.attempt(data.draw(st.sampled_from(allowed)))

    @rule(hours=st.integers(-5, 48))
    def extend(self, hours: int) -> None:
        self.attempt(Step.EXTEND, timedelta(hours=hours))

    @rule(step=st.sampled_from(Step))
    def act_in_the_past(self, step: Step) -> None:
        if self.order.history and self.order.history[-1].at > NOW:
            with pytest.raises(IllegalTransitionError):
                self.order.after(step, by="u", at=NOW)

    @invariant()
    def history_is_complete_and_runs_forward(self) -> None:
        entries = self.order.history
        assert self.order.revision == len(entries)
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        states = [Status.REGISTERED, *(entry.after for entry in entries)]
        assert [entry.before for entry in entries] == states[:-1]
        assert self.order.status is states[-1]

    @invariant()
    def who_was_designated_never_sends_it_back(self) -> None:
        steps = [entry.step for entry in self.order.history]
        if Step.DESIGNATE in steps:
            assert Step.SEND_BACK not in steps[steps.index(Step.DESIGNATE) :]

    @invariant()
    def nothing_is_concluded_without_review_but_what_was_never_supplemented(self) -> None:
        entries = self.order.history
        for index, entry in enumerate(entries):
            if entry.step is Step.CONCLUDE and entry.before is not Status.NEEDS_SUPPLEMENT:
                decisive = [each.step for each in entries[:index] if each.step in DECISIVE]
                assert decisive[-1] is Step.PASS_REVIEW

    @invariant()
    def the_confidential_stays_undisclosed(self) -> None:
        if not self.order.may_be_disclosed:
            assert Step.DISCLOSE not in [entry.step for entry in self.order.history]

    @invariant()
    def limits_only_grow_and_only_while_they_run(self) -> None:
        assert self.order.routing is not None
        assert self.order.routing.due_at >= NOW + timedelta(hours=60)


TestLifeOfAnOrder = LifeOfAnOrder.TestCase
TestLifeOfAnOrder.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
