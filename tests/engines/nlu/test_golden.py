"""The in-process model on the golden set: utterances kept apart, with floors that only rise."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hotline.city import load_city, read_yaml
from nlu.engines.linear import LinearUnderstander
from nlu.engines.rules import UnderstandingRules
from nlu.golden import GoldenReport, read_golden, scored
from tests.builders import LINYI, NOW
from tests.trained import trained_models

CITY = load_city(LINYI)
GOLDEN = Path(__file__).parent / "golden.yml"
FLOORS = {
    "intent": 0.93,
    "second": 0.85,
    "category": 0.78,
    "kind": 0.93,
    "county": 0.90,
    "street": 0.90,
    "phone": 1.0,
    "order": 1.0,
    "secrecy": 1.0,
    "amounts": 1.0,
    "people": 1.0,
}

pytestmark = pytest.mark.timeout(900)  # where nobody has run `hotline setup`, the model is trained first


@pytest.fixture(scope="module")
def report() -> GoldenReport:
    engine = LinearUnderstander(CITY, trained_models())
    return asyncio.run(scored(UnderstandingRules(engine, CITY, lambda: NOW), read_golden(GOLDEN, CITY)))


@pytest.mark.parametrize(("fact", "floor"), FLOORS.items())
def test_the_golden_set_is_understood_at_least_so_well(report: GoldenReport, fact: str, floor: float) -> None:
    assert report.shares[fact] >= floor, "\n".join(miss for miss in report.misses if f"：{fact} " in miss)


def test_the_golden_set_settles_what_it_is_asked_about(report: GoldenReport) -> None:
    rows = read_yaml(GOLDEN)["utterances"]
    assert report.asked["category"] == sum("category" in row for row in rows) >= 150
    assert report.asked["misheard category"] >= 10
