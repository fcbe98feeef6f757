"""What the router promises of every appeal there may be."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.city import City, load_city
from hotline.domain.appeal import Appeal, AppealKind, EmergencyService, Place, Urgency
from hotline.domain.time_limits import LimitPurpose
from router.catalogue import Catalogue
from router.row import PLACE
from router.rule_router import RuleRouter, Weighing, build_router
from tests.builders import LINYI


@cache
def city() -> City:
    return load_city(LINYI)


@cache
def linyi() -> RuleRouter:
    return build_router(city())


def catalogue() -> Catalogue:
    return linyi().holder.current.catalogues[0]


WORDS = sorted({word for words in catalogue().topics.words.values() for word in words})
NAMES = sorted({name for unit in city().units.values() for name in (unit.name, *unit.aliases)})
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*WORDS, *NAMES, "不是", "是不是", "，"]), max_size=8).map("".join),
)
PLACES = st.builds(
    Place,
    said=TEXTS,
    county_code=st.one_of(st.none(), st.sampled_from([*city().counties, "370102", ""])),
    street_code=st.one_of(st.none(), st.sampled_from([*city().streets, "1"])),
)
APPEALS = st.builds(
    Appeal,
    kind=st.sampled_from(AppealKind),
    category=st.one_of(st.none(), st.sampled_from([*city().categories, "7777", ""])),
    text=TEXTS,
    place=st.one_of(st.none(), PLACES),
    urgency=st.sampled_from(Urgency),
    emergency=st.one_of(st.none(), st.sampled_from(EmergencyService)),
    is_confirmed=st.booleans(),
    category_confidence=st.floats(0, 1),
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 11, 30), timezones=st.just(UTC))


def weighed(appeal: Appeal, at: datetime) -> Weighing:
    return linyi().weigh(appeal, at=at)


@settings(deadline=None)
@given(appeal=APPEALS, at=MOMENTS)
def test_there_is_one_known_lead_or_a_person_decides(appeal: Appeal, at: datetime) -> None:
    decision = weighed(appeal, at).decision
    assert decision.is_manual == (decision.lead_unit is None)
    assert decision.lead_unit is None or decision.lead_unit in city().units


@settings(deadline=None)
@given(appeal=APPEALS, at=MOMENTS)
def test_supporters_are_known_named_once_and_never_the_lead(appeal: Appeal, at: datetime) -> None:
    decision = weighed(appeal, at).decision
    supporting = decision.supporting_units
    assert set(supporting) <= set(city().units)
    assert len(set(supporting)) == len(supporting)
    assert decision.lead_unit not in supporting
    assert not (decision.is_manual and supporting)


@settings(deadline=None)
@given(appeal=APPEALS, at=MOMENTS)
def test_runners_up_are_at_most_three_different_units_with_a_reason(appeal: Appeal, at: datetime) -> None:
    decision = weighed(appeal, at).decision
    units = [each.unit for each in decision.runners_up]
    assert len(units) <= 3
    assert len(set(units)) == len(units)
    assert set(units) <= set(city().units) - {decision.lead_unit}
    assert all(each.because and each.rule for each in decision.runners_up)


@settings(deadline=None)
@given(appeal=APPEALS, at=MOMENTS)
def test_what_belongs_to_the_place_goes_to_the_county_that_governs_it_now(
    appeal: Appeal, at: datetime
) -> None:
    found = weighed(appeal, at)
    if found.decision.is_manual or found.rows[0].lead != PLACE:
        return
    lead = city().units[found.decision.lead_unit or ""]
    if lead.code == found.rows[0].otherwise:
        assert appeal.kind in (AppealKind.INQUIRY, AppealKind.SUGGESTION, AppealKind.PRAISE)
        assert found.situation.county_code is None
    else:
        street = city().streets.get((appeal.place.street_code if appeal.place else "") or "")
        assert lead.county_code == (street.county_code if street else found.situation.county_code)


@settings(deadline=None)
@given(appeal=APPEALS, at=MOMENTS)
def test_every_decision_can_be_traced_and_its_limits_never_run_backwards(
    appeal: Appeal, at: datetime
) -> None:
    found = weighed(appeal, at)
    decision = found.decision
    assert decision.catalogue_version == catalogue().version
    assert decision.because
    assert (decision.rule == "manual") == (not found.rows or decision.basis == "")
    assert at <= decision.sign_by
    assert at <= decision.due_at
    purposes = [each.purpose for each in decision.limits]
    assert len(set(purposes)) == len(purposes)
    ends = {each.purpose: each.end for each in decision.limits}
    assert ends[LimitPurpose.HANDLING] == decision.due_at
    assert all(each.start <= each.end for each in decision.limits)


@settings(deadline=None)
@given(appeal=APPEALS, at=MOMENTS)
def test_the_same_appeal_and_moment_give_the_same_decision(appeal: Appeal, at: datetime) -> None:
    assert weighed(appeal, at) == weighed(appeal, at)
