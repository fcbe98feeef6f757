"""Quarterly boards: exact rates, shared ranks, nothing hidden by excluding, nothing mixed that the rules keep apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.assessment_rules import load_formulas
from hotline.city import load_city
from hotline.domain.assessment import (
    BoardGroup,
    CallFacts,
    boards,
    formula_on,
    indicators,
    redone_twice,
    result_of,
)
from hotline.domain.deeds import (
    AskExtension,
    Conclude,
    Dispatch,
    Exclude,
    GrantExtension,
    Redo,
    Reopen,
    Resolution,
    Satisfaction,
    SignFor,
)
from hotline.domain.handling_unit import UnitGroup
from hotline.domain.life_cycle import Status
from hotline.domain.order_facts import OrderFacts, facts_of
from hotline.domain.work_order import WorkOrder
from tests.builders import LINYI, NOW, an_appeal
from tests.unit.hotline.domain.test_work_order import (
    CONCLUDED,
    DUE,
    MISSED,
    REPLY,
    REVIEWED,
    SIGNED,
    UNHAPPY,
    Did,
    done,
    handling,
)
from tests.work_orders import AGENT, HOUSING, LANSHAN_UNIT, REVIEWER, a_decision, an_order

CITY = load_city(LINYI)
(FORMULA,) = load_formulas(CITY)
STRICT = replace(FORMULA, tolerance=Fraction(0), least_orders=1)
EXCLUDE = Exclude("unreasonable", "八类不合理工单", "张主任")


def some_facts(number: int, unit: str = "county-371302", **values: object) -> OrderFacts:
    order = done(an_order(f"2611{number:07d}", appeal=an_appeal()), *CONCLUDED)
    group = CITY.units[unit].group
    return replace(facts_of(order, CITY.units), lead_unit=unit, group=group, **values)  # type: ignore[arg-type]


def on_day(day: float, order: WorkOrder, *deeds: Did) -> WorkOrder:
    for by, deed in deeds:
        order = order.after(deed, by=by, at=NOW + timedelta(days=day))
    return order


def test_facts_follow_from_the_history() -> None:
    facts = facts_of(
        done(an_order(), *REVIEWED, (AGENT, UNHAPPY), (AGENT, Redo("未解决", handling(timedelta(days=9))))),
        CITY.units,
    )
    assert (facts.lead_unit, facts.group, facts.redos, facts.dispatches, facts.returns) == (
        "county-371302", UnitGroup.COUNTY, 1, 1, 0,
    )  # fmt: skip
    assert (facts.resolution, facts.result, facts.was_contacted) == (
        Resolution.UNRESOLVED, Satisfaction.DISSATISFIED, True,
    )  # fmt: skip


def test_a_late_first_reply_stays_late_whatever_limit_is_set_afterwards() -> None:
    again = (AGENT, Redo("未解决", handling(timedelta(days=15))))
    redone = on_day(8, an_order(), *REVIEWED, (AGENT, UNHAPPY), again)
    for order in (redone, on_day(9, redone, (LANSHAN_UNIT, REPLY))):
        facts = facts_of(order, CITY.units)
        assert (facts.was_in_time, facts.due_at, facts.replied_at) == (False, DUE, NOW + timedelta(days=8))
        assert (facts.signed_at, facts.sign_by) == (
            NOW + timedelta(days=8), NOW + timedelta(minutes=30),
        )  # fmt: skip


def test_a_reply_within_an_extended_limit_is_in_time() -> None:
    asked = on_day(1, an_order(), *SIGNED, (LANSHAN_UNIT, AskExtension(DUE + timedelta(days=3), "备件未到")))
    granted = on_day(2, asked, (REVIEWER, GrantExtension(handling(timedelta(days=10)))))
    facts = facts_of(on_day(9, granted, (LANSHAN_UNIT, REPLY)), CITY.units)
    assert (facts.was_in_time, facts.due_at) == (True, DUE + timedelta(days=3))


def test_an_order_that_another_unit_was_given_counts_by_what_that_unit_does() -> None:
    closed = (AGENT, Conclude("已当面说明"))
    late = on_day(8, an_order(), *REVIEWED, (AGENT, UNHAPPY), closed, (REVIEWER, Reopen("又坏了")))
    facts = facts_of(late, CITY.units)
    assert (facts.lead_unit, facts.was_in_time, facts.result) == (
        "county-371302", False, Satisfaction.DISSATISFIED,
    )  # fmt: skip
    at = NOW + timedelta(days=9)
    again = on_day(9, late, (REVIEWER, Dispatch(a_decision(at))))
    assert facts_of(again, CITY.units).was_in_time is False
    theirs = a_decision(at, lead_unit="body-housing", supporting_units=())
    given = on_day(9, late, (REVIEWER, Dispatch(theirs)))
    facts = facts_of(given, CITY.units)
    assert (facts.lead_unit, facts.was_in_time, facts.was_contacted) == ("body-housing", None, None)
    assert (facts.resolution, facts.result, facts.attitude) == (None, None, None)
    assert (facts.signed_at, facts.sign_by) == (None, theirs.sign_by)
    replied = on_day(9.01, given, (HOUSING, SignFor()), (HOUSING, REPLY))
    facts = facts_of(replied, CITY.units)
    assert (facts.was_in_time, facts.was_contacted, facts.due_at) == (True, True, theirs.due_at)
    assert facts.signed_at == NOW + timedelta(days=9.01)


def test_who_could_not_be_reached_counts_neither_for_nor_against() -> None:
    facts = facts_of(done(an_order(), *REVIEWED, (AGENT, MISSED), (AGENT, MISSED)), CITY.units)
    assert (facts.is_unreachable, facts.resolution, facts.result) == (True, None, None)
    result = result_of("county-371302", [facts, some_facts(2)], STRICT)
    assert (result.resolved.of, result.satisfied.rate, result.unreachable) == (1, 1, 1)


def test_result_and_attitude_are_counted_apart() -> None:
    rude = some_facts(1, attitude=Satisfaction.DISSATISFIED)
    result = result_of("county-371302", [rude, some_facts(2)], STRICT)
    assert (result.satisfied.rate, result.satisfied_with_attitude.rate) == (1, Fraction(1, 2))


def test_enforcement_does_not_enter_the_total_satisfaction() -> None:
    enforcement = some_facts(1, category="0701", result=Satisfaction.DISSATISFIED)
    result = result_of("county-371302", [enforcement, some_facts(2)], STRICT)
    assert (result.satisfied.rate, result.satisfied_enforcement.rate) == (1, 0)


def test_below_seventy_percent_is_named() -> None:
    bad = [some_facts(index, resolution=Resolution.UNRESOLVED) for index in range(1, 4)]
    good = [some_facts(index) for index in range(4, 11)]
    assert result_of("county-371302", [*bad, *good], STRICT).named == ()
    assert result_of("county-371302", [*bad, *good[1:]], STRICT).named == ("resolved",)


def test_tolerance_forgives_a_share_and_no_more() -> None:
    orders = [some_facts(index, result=Satisfaction.DISSATISFIED) for index in range(1, 4)]
    orders += [some_facts(index) for index in range(4, 101)]
    result = result_of("county-371302", orders, replace(STRICT, tolerance=Fraction(2, 100)))
    assert (result.forgiven, result.satisfied.rate) == (2, Fraction(97, 98))


def test_what_is_excluded_is_listed_and_its_rate_is_shown() -> None:
    excluded = some_facts(1, exclusion=EXCLUDE)
    declined = some_facts(2, status=Status.DECLINED)
    result = result_of("county-371302", [excluded, declined, some_facts(3), some_facts(4)], STRICT)
    assert result.excluded == ("26110000001", "26110000002")
    assert (result.orders, result.exclusion_rate) == (2, Fraction(1, 2))


def test_groups_are_ranked_apart_and_equal_units_share_a_rank() -> None:
    units = ["county-371302", "county-371311", "county-371312", "county-371321"]
    facts = [some_facts(index, unit) for index, unit in enumerate(units)]
    facts.append(some_facts(9, "county-371322", resolution=Resolution.UNRESOLVED))
    facts.append(some_facts(10, "body-housing"))
    facts.append(some_facts(11, "zone-371371"))
    counties, bodies, linked = boards(facts, STRICT)
    assert [(each.rank, each.result.unit) for each in counties.ranked] == [
        (1, "county-371302"), (1, "county-371311"), (1, "county-371312"), (1, "county-371321"), (5, "county-371322"),
    ]  # fmt: skip
    assert (counties.red, counties.yellow) == (tuple(units), ("county-371322",))
    assert {each.result.unit for each in bodies.ranked} == {"body-housing", "zone-371371"}
    assert (linked.group, linked.ranked) == (BoardGroup.LINKED, ())


def test_a_unit_with_few_orders_is_listed_but_not_ranked() -> None:
    counties, *_ = boards([some_facts(1)], FORMULA)
    assert [(each.rank, each.result.unit) for each in counties.ranked] == [(None, "county-371302")]
    assert (counties.red, counties.yellow) == ((), ())


def test_an_old_quarter_counts_by_the_formula_of_its_time() -> None:
    later = replace(FORMULA, version="2027", valid_from=date(2027, 1, 1))
    assert formula_on([later, FORMULA], date(2026, 10, 1)) is FORMULA
    assert formula_on([later, FORMULA], date(2027, 1, 1)) is later
    assert formula_on([later], date(2020, 1, 1)) is later


def test_the_indicators_are_what_their_definitions_say() -> None:
    orders = [
        some_facts(1),
        some_facts(2, returns=1, dispatches=2),
        some_facts(3, redos=2, extensions=1),
        some_facts(4, replied_at=NOW + timedelta(days=30)),
    ]
    calls = [
        CallFacts(was_answered=True, waited_seconds=3),
        CallFacts(was_answered=True, waited_seconds=15.5),
        CallFacts(was_answered=False, waited_seconds=9),
    ]
    rates = {name: share.rate for name, share in indicators(orders, calls).items()}
    assert rates == {
        "answered_calls": Fraction(2, 3), "answered_in_15_seconds": Fraction(1, 3), "answered_at_once": 0,
        "signed_in_time": 1, "handled_in_time": Fraction(3, 4), "sent_back": Fraction(1, 4),
        "dispatched_right_first": Fraction(3, 4), "redone": Fraction(1, 4), "extended": Fraction(1, 4),
    }  # fmt: skip
    assert [each.number for each in redone_twice(orders)] == ["26110000003"]


UNITS = st.sampled_from(["county-371302", "county-371311", "body-housing", "zone-371371"])
PEOPLE = st.one_of(st.none(), st.sampled_from(Satisfaction))
SEEN = st.builds(
    lambda number, unit, resolution, result, attitude, excluded: some_facts(
        number, unit, resolution=resolution, result=result, attitude=attitude, exclusion=EXCLUDE if excluded else None
    ),
    st.integers(1, 999), UNITS, st.one_of(st.none(), st.sampled_from(Resolution)), PEOPLE, PEOPLE, st.booleans(),
)  # fmt: skip


@given(st.lists(SEEN, max_size=25, unique_by=lambda each: each.number), st.randoms(use_true_random=False))
def test_boards_do_not_depend_on_the_order_of_orders(facts: list[OrderFacts], random: object) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert boards(shuffled, STRICT) == boards(facts, STRICT)
    assert boards([*facts, *facts], STRICT) == boards(facts, STRICT)


@given(st.lists(SEEN, min_size=1, max_size=25, unique_by=lambda each: each.number))
def test_rates_are_shares_and_excluding_touches_only_its_own_unit(facts: list[OrderFacts]) -> None:
    before = {each.result.unit: each.result for board in boards(facts, STRICT) for each in board.ranked}
    for result in before.values():
        for share in (result.response, result.resolved, result.satisfied, result.satisfied_with_attitude):
            assert share.rate is None or 0 <= share.rate <= 1
    changed = [replace(facts[0], exclusion=EXCLUDE), *facts[1:]]
    after = {each.result.unit: each.result for board in boards(changed, STRICT) for each in board.ranked}
    assert {unit for unit in before if before[unit] != after[unit]} <= {facts[0].lead_unit}
    assert sum(each.orders + len(each.excluded) for each in after.values()) == len(facts)


def test_a_reviewer_excludes_and_the_board_shows_it() -> None:
    order = done(an_order(), *CONCLUDED, (REVIEWER, EXCLUDE))
    assert not facts_of(order, CITY.units).counts
