from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hotline.city import load_city
from hotline.domain.appeal import AppealKind, EmergencyService, Place, Urgency
from hotline.domain.time_limits import LimitPurpose
from router.explaining import explain
from router.router import Router
from router.rule_router import build_router
from tests.builders import LANSHAN, LINYI, NOW, an_appeal

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def router() -> Router:
    return build_router(load_city(LINYI))


def test_the_reason_names_the_rule_the_basis_and_the_catalogue(router: Router) -> None:
    decision = router.route(an_appeal(category="0204", text="路灯不亮"), at=NOW)
    assert (decision.rule, decision.because, decision.catalogue_version) == (
        "street-light",
        "城市照明由属地县区维护，城管部门指导（城市照明管理规定；职责分工（待核））",
        "linyi-2026.1",
    )


def test_runners_up_say_why_they_did_not_win(router: Router) -> None:
    decision = router.route(an_appeal(category="0601", text="饭店的外机太吵，楼上邻居也受不了"), at=NOW)
    assert [(each.unit, each.rule) for each in decision.runners_up] == [
        ("body-police", "noise-neighbour"),
        ("body-urban-management", "noise-commercial"),
        ("body-environment", "noise-commercial"),
    ]
    assert "；规则 noise-commercial 在前，已优先采用" in decision.runners_up[0].because
    assert "；该规则的协办单位" in decision.runners_up[1].because


def test_without_a_category_a_person_dispatches_with_candidates_from_keywords(router: Router) -> None:
    decision = router.route(an_appeal(category=None, text="公积金提取和医保报销的事"), at=NOW)
    assert (decision.is_manual, decision.lead_unit, decision.rule) == (True, None, "manual")
    assert [each.unit for each in decision.runners_up] == [
        "body-housing-fund",
        "body-medical-insurance",
        "county-371302",
    ]
    assert decision.runners_up[2].because == "事发地属该县区，可先由属地研判"
    assert "按文中关键词推测为“住房公积金”" in decision.runners_up[0].because


def test_an_unknown_category_is_as_good_as_none(router: Router) -> None:
    assert router.route(an_appeal(category="7777", text="路灯"), at=NOW).is_manual


def test_a_matter_of_a_place_is_manual_until_the_place_is_known(router: Router) -> None:
    decision = router.route(an_appeal(category="0204", text="路灯不亮", place=Place("那边")), at=NOW)
    assert (decision.is_manual, decision.because) == (
        True,
        "这类诉求按属地派单，但事发县区不明，请补问地点或由下列市直部门研判",
    )
    assert [each.unit for each in decision.runners_up] == ["body-urban-management"]


def test_an_inquiry_without_a_place_goes_to_the_city_body(router: Router) -> None:
    appeal = an_appeal(kind=AppealKind.INQUIRY, category="0204", text="路灯归谁管", place=None)
    assert router.route(appeal, at=NOW).lead_unit == "body-urban-management"


def test_a_known_county_is_enough_when_the_street_is_not(router: Router) -> None:
    place = Place("沂水县什么镇", county_code="371323", county="沂水县")
    assert (
        router.route(an_appeal(category="0204", text="路灯", place=place), at=NOW).lead_unit
        == "county-371323"
    )


def test_a_street_belongs_to_who_governs_it_now(router: Router) -> None:
    place = Place("芝麻墩", county_code="371312", street_code="371312009")
    assert (
        router.route(an_appeal(category="0204", text="路灯", place=place), at=NOW).lead_unit == "zone-371372"
    )


def test_a_place_outside_the_city_is_manual(router: Router) -> None:
    decision = router.route(
        an_appeal(category="0204", text="路灯", place=Place("济南", county_code="370102")), at=NOW
    )
    assert (decision.is_manual, decision.because) == (True, "事发地不在本市范围内，请核对地点")


def test_what_nobody_confirmed_and_nobody_is_sure_of_is_manual(router: Router) -> None:
    sure = an_appeal(category="0204", text="路灯", is_confirmed=False, category_confidence=0.9)
    unsure = replace(sure, category_confidence=0.2)
    assert [router.route(each, at=NOW).is_manual for each in (sure, unsure)] == [False, True]


@pytest.mark.parametrize(
    ("service", "unit"),
    [
        (EmergencyService.FIRE, "body-fire"),
        (EmergencyService.POLICE, "body-police"),
        (EmergencyService.TRAFFIC, "body-traffic-police"),
        (EmergencyService.AMBULANCE, "body-health"),
    ],
)
def test_an_emergency_is_followed_up_by_its_service_even_without_a_category(
    router: Router, service: EmergencyService, unit: str
) -> None:
    appeal = an_appeal(category=None, text="救命", emergency=service, is_confirmed=False)
    decision = router.route(appeal, at=NOW)
    assert (decision.lead_unit, decision.urgency) == (unit, Urgency.LIFE_SAFETY)


def test_a_unit_that_is_complained_of_does_not_handle_it(router: Router) -> None:
    appeal = an_appeal(kind=AppealKind.COMPLAINT, category="1104", text="兰山区政府热线办推诿扯皮")
    decision = router.route(appeal, at=NOW)
    assert (decision.lead_unit, decision.because) == (
        None,
        "被反映的就是承办单位（兰山区人民政府），须回避，请改派上级或其他单位",
    )


def test_a_unit_complained_of_is_not_offered_to_the_person_who_dispatches(router: Router) -> None:
    appeal = an_appeal(kind=AppealKind.COMPLAINT, category="1104", text="兰山区政府热线办推诿，垃圾没人清")
    assert "county-371302" not in [each.unit for each in router.route(appeal, at=NOW).runners_up]


def test_every_decision_says_version_row_basis_and_limits() -> None:
    router = build_router(load_city(LINYI))
    rows = {row.id: row for row in router.holder.current.catalogues[0].rows}
    for category in (*load_city(LINYI).categories, None):
        decision = router.route(an_appeal(category=category, text="请尽快解决"), at=NOW)
        row = rows.get(decision.rule)
        assert decision.catalogue_version == "linyi-2026.1"
        assert (decision.rule, decision.basis) == ((row.id, row.basis) if row else ("manual", ""))
        assert {each.purpose for each in decision.limits} >= {LimitPurpose.SIGNING, LimitPurpose.HANDLING}
        assert all(each.basis and each.start <= each.end for each in decision.limits)


@pytest.mark.parametrize(
    ("appeal", "urgency", "sign_by", "due_at"),
    [
        (an_appeal(category="0204", text="路灯"), "ordinary", "2026-10-08T17:30", "2026-10-13T17:30"),
        (an_appeal(category="0103", text="停电"), "utilities", "2026-09-30T17:00", "2026-10-13T17:30"),
        (an_appeal(category="0103", text="变压器冒烟"), "life_safety", "2026-09-30T16:45", "2026-10-13T17:30"),
        (an_appeal(category="0101", text="室温不达标"), "utilities", "2026-09-30T17:00", "2026-10-01T16:30"),
        (an_appeal(category="0104", text="气表快", kind=AppealKind.COMPLAINT), "utilities", "2026-09-30T17:00",
         "2026-10-27T17:30"),
        (an_appeal(category="0701", text="不退款", kind=AppealKind.COMPLAINT), "ordinary", "2026-10-08T17:30",
         "2026-10-15T17:30"),
        (an_appeal(category="0702", text="过期", kind=AppealKind.TIP_OFF), "ordinary", "2026-10-08T17:30",
         "2026-10-27T17:30"),
    ],
)  # fmt: skip
def test_limits_run_by_urgency_and_law_across_the_national_day_holiday(
    router: Router, appeal: object, urgency: str, sign_by: str, due_at: str
) -> None:
    at = datetime(2026, 9, 30, 16, 30, tzinfo=SHANGHAI)
    decision = router.route(appeal, at=at)  # type: ignore[arg-type]
    found = (
        decision.urgency.value,
        *(f"{when:%Y-%m-%dT%H:%M}" for when in (decision.sign_by, decision.due_at)),
    )
    assert found == (urgency, sign_by, due_at)


def test_a_question_about_heating_is_not_as_urgent_as_a_cold_flat(router: Router) -> None:
    asked = an_appeal(kind=AppealKind.INQUIRY, category="0101", text="什么时候供暖")
    assert router.route(asked, at=NOW).urgency is Urgency.ORDINARY


def test_a_limit_that_runs_into_an_unpublished_year_says_so(router: Router) -> None:
    at = datetime(2026, 12, 30, 9, 0, tzinfo=SHANGHAI)
    decision = router.route(an_appeal(category="0204", text="路灯"), at=at)
    assert decision.limit_basis.endswith("2027年放假安排尚未公布，期限按法定节假日推算，公布后须重算")


def test_the_same_appeal_and_time_give_the_same_decision(router: Router) -> None:
    appeal = an_appeal(category="0601", text="饭店的外机太吵")
    assert router.route(appeal, at=NOW) == router.route(appeal, at=NOW)


def test_an_explanation_shows_what_the_decision_rests_on() -> None:
    city = load_city(LINYI)
    appeal = an_appeal(category="0602", text="有人跳广场午扰民", place=LANSHAN)
    found = explain(build_router(city), city, appeal, NOW)
    assert found["mentions"] == [
        {"topic": "square_dance", "word": "广场舞", "at": 3, "by_sound": True},
        {"topic": "noise", "word": "扰民", "at": 6, "by_sound": False},
    ]
    assert (found["applying_rows"], found["lead_unit"], found["rule"]) == (
        ["noise-square-dance", "noise-construction-default"],
        "市公安局",
        "noise-square-dance",
    )
