"""What reaches the public: nothing that tells who anybody is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.city import load_city
from hotline.domain.appeal import Secrecy
from hotline.domain.disclosure import public_figures
from hotline.domain.order_facts import facts_of
from hotline.masking import leaks, masked
from tests.builders import LINYI, an_appeal
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import an_order

CITY = load_city(LINYI)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("李建国来电反映", "李**来电反映"),
        ("请回电13905390001。", "请回电****。"),
        ("身份证37130219900101123X", "身份证****"),
        ("车牌鲁Q·12345违停", "车牌****违停"),
        ("银雀山街道某小区3号楼2单元501室漏水", "银雀山街道某小区**********漏水"),
        ("张先生说暖气不热", "*先生说暖气不热"),
        ("写信到li@example.com", "写信到****"),
        ("已维修供热管道，室温20度，7月10日回访满意", "已维修供热管道，室温20度，7月10日回访满意"),
    ],
)
def test_names_numbers_plates_and_doors_are_masked_and_the_matter_stays(said: str, shown: str) -> None:
    assert masked(said, ["李建国"]) == shown


@given(st.text(alphabet="0123456789 -Xx鲁Q李建国先生号楼室单元", max_size=40))
def test_what_was_masked_leaks_nothing(text: str) -> None:
    assert [
        each for each in leaks(masked(text, ["李建国"]), ["李建国"]) if any(c.isdigit() for c in each)
    ] == []
    assert "李建国" not in masked(text, ["李建国"])


def test_small_counts_and_confidential_orders_are_not_in_a_breakdown() -> None:
    facts = [facts_of(done(an_order(f"2611230{index:04d}"), *CONCLUDED), CITY.units) for index in range(7)]
    secret = [
        facts_of(
            an_order(f"2611231{index:04d}", appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL, category="0204")),
            CITY.units,
        )
        for index in range(9)
    ]
    rare = replace(facts[0], number="1", category="0303", county="371311")
    figures = public_figures([*facts, *secret, rare])
    assert (figures.registered, figures.closed) == (17, 8)
    assert figures.by_category == {"0101": 7, "0303": None}
    assert figures.by_county == {"371302": 7, "371311": None}
