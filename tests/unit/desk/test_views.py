"""What a page shows of an order."""

from datetime import UTC, datetime

import pytest

from desk.views import occurred_on_page
from hotline.city import load_city
from hotline.domain.appeal import Granularity, Interval
from tests.builders import LINYI, an_appeal

NIGHT = Interval(
    "昨晚十点多",
    datetime(2026, 11, 23, 14, tzinfo=UTC),
    datetime(2026, 11, 23, 15, tzinfo=UTC),
    Granularity.HOUR,
)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"occurred": "昨晚"}, "昨晚"),
        ({"occurred": "昨晚", "interval": NIGHT}, "昨晚（2026-11-23 22:00 – 2026-11-23 23:00）"),
        ({"occurred": "", "interval": NIGHT}, "昨晚十点多（2026-11-23 22:00 – 2026-11-23 23:00）"),
        ({}, ""),
    ],
)
def test_when_it_happened_is_shown_as_told_and_by_the_clock(values, shown):
    assert occurred_on_page(an_appeal(**{"occurred": "", **values}), load_city(LINYI)) == shown
