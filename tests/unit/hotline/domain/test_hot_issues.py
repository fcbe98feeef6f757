"""Hot issues: one alert for a burst, in time, and none for what is usual."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.hot_issues import AlertGround, Gathering, HotIssueAlert, HotIssueSettings, Occurrence
from tests.builders import LANSHAN, NOW, an_appeal
from tests.work_orders import an_order

SETTINGS = HotIssueSettings(
    window_hours=24, street=3, county=5, risky=2, risk_words=("爆炸", "塌陷"), calm_hours=24, usual_days=28,
    usual_factor=3,
)  # fmt: skip
STREET, OTHER = "371302002", "371302001"


class Watch:
    """Feeds appeals of one category and county, hours after one another."""

    def __init__(self) -> None:
        self.kept = Gathering()
        self.alerts: list[HotIssueAlert] = []
        self.count = 0

    def comes(
        self, hours: float, street: str | None = STREET, text: str = "停水了", number: str = ""
    ) -> None:
        self.count += 1
        at = NOW + timedelta(hours=hours)
        one = Occurrence(number or f"{self.count}", "0102", "371302", street, at, text)
        self.kept, alerts = self.kept.after(one, SETTINGS)
        self.kept = Gathering.from_json(json.loads(json.dumps(self.kept.to_json())))
        self.alerts += alerts


def test_a_street_that_stands_out_is_alerted_once_with_its_orders_and_time() -> None:
    watch = Watch()
    for hours in (0, 1, 2, 3, 4):
        watch.comes(hours)
    assert watch.alerts == [
        HotIssueAlert(
            at=NOW + timedelta(hours=2), since=NOW, category="0102", place=STREET, numbers=("1", "2", "3"),
            ground=AlertGround.GATHERED, least=3,
        )
    ]  # fmt: skip


def test_a_county_is_alerted_when_no_street_stands_out() -> None:
    watch = Watch()
    for hours, street in enumerate((STREET, STREET, OTHER, OTHER, None, None)):
        watch.comes(hours, street)
    assert [(alert.place, alert.numbers) for alert in watch.alerts] == [("371302", ("1", "2", "3", "4", "5"))]


def test_the_county_does_not_count_a_street_that_was_alerted_already() -> None:
    watch = Watch()
    for hours in (0, 1, 2):
        watch.comes(hours)
    for hours in (3, 4):
        watch.comes(hours, OTHER)
    assert [alert.place for alert in watch.alerts] == [STREET]


def test_two_appeals_with_a_risk_word_are_enough() -> None:
    watch = Watch()
    watch.comes(0, text="路面塌陷")
    watch.comes(1)
    watch.comes(2, text="又塌陷了，怕爆炸")
    (alert,) = watch.alerts
    assert (alert.ground, alert.numbers, alert.risk_words) == (
        AlertGround.RISKY,
        ("1", "3"),
        ("塌陷", "爆炸"),
    )


def test_what_is_spread_over_more_than_the_window_is_no_burst() -> None:
    watch = Watch()
    for day in range(6):
        watch.comes(day * 13)
    assert watch.alerts == []


def test_after_a_calm_a_new_burst_is_alerted_anew() -> None:
    watch = Watch()
    for hours in (0, 1, 2, 20, 40, 70, 71, 72):
        watch.comes(hours)
    assert [alert.at - NOW for alert in watch.alerts] == [timedelta(hours=2), timedelta(hours=72)]


def test_a_burst_that_pauses_is_one_burst() -> None:
    watch = Watch()
    for hours in (0, 1, 2, 14, 26.5, 27):
        watch.comes(hours)
    assert [alert.at - NOW for alert in watch.alerts] == [timedelta(hours=2)]


def test_what_comes_every_day_does_not_keep_a_burst_going() -> None:
    watch = Watch()
    for hours in (0, 1, 2, *range(20, 520, 20), 520, 521, 522):
        watch.comes(hours)
    assert [alert.at - NOW for alert in watch.alerts] == [timedelta(hours=2), timedelta(hours=521)]


def test_a_risk_is_alerted_once_however_much_else_comes_in() -> None:
    watch = Watch()
    for hour in range(60 * 24):
        watch.comes(hour)
    for hour in range(3):
        watch.comes(60 * 24 + hour, text="管道爆炸了")
    assert [(alert.ground, alert.place, len(alert.numbers)) for alert in watch.alerts] == [
        (AlertGround.GATHERED, STREET, 3),
        (AlertGround.RISKY, STREET, 2),
    ]


def test_a_street_that_stands_out_is_alerted_within_the_burst_of_its_county() -> None:
    watch = Watch()
    for hours, street in enumerate((None, None, None, OTHER, OTHER, STREET, STREET, STREET, STREET)):
        watch.comes(hours, street)
    assert [(alert.place, alert.numbers) for alert in watch.alerts] == [
        ("371302", ("1", "2", "3", "4", "5")),
        (STREET, ("6", "7", "8")),
    ]


def test_an_appeal_may_begin_two_bursts() -> None:
    watch = Watch()
    for hours, text in enumerate(("停水了", "停水了")):
        watch.comes(hours, text=text)
    watch.comes(2, OTHER, "怕爆炸")
    watch.comes(3, text="路面塌陷")
    assert [(alert.ground, alert.place, alert.numbers) for alert in watch.alerts] == [
        (AlertGround.GATHERED, STREET, ("1", "2", "4")),
        (AlertGround.RISKY, "371302", ("3", "4")),
    ]
    assert len({alert.key for alert in watch.alerts}) == 2


def test_an_order_that_was_completed_counts_as_it_is_now() -> None:
    watch = Watch()
    watch.comes(0, number="1")
    watch.comes(1, number="2", text="爆炸了")
    before = watch.kept.usual
    watch.comes(0, number="1", text="家里也爆炸了")
    assert [(alert.ground, alert.numbers) for alert in watch.alerts] == [(AlertGround.RISKY, ("2", "1"))]
    assert watch.kept.usual == before


def test_what_comes_too_late_for_its_window_changes_nothing() -> None:
    watch = Watch()
    watch.comes(0)
    before = watch.kept
    watch.comes(-24)
    assert watch.kept == before
    watch.comes(-23)
    assert (len(watch.kept.seen), watch.kept.measured_at) == (2, NOW)


def test_a_burst_that_an_earlier_version_kept_goes_on() -> None:
    old = {"seen": [], "bursts": {STREET: NOW.isoformat()}, "usual": {}, "measured_at": NOW.isoformat()}
    assert Gathering.from_json(old).bursts == {STREET: {AlertGround.GATHERED: NOW}}


def test_where_many_are_usual_it_takes_many_more() -> None:
    watch = Watch()
    for day in range(60):
        for turn in range(2):
            watch.comes(day * 24 + turn * 11)
    assert watch.alerts == []
    for turn in range(6):
        watch.comes(60 * 24 + turn)
    assert [alert.least for alert in watch.alerts] == [6]


def test_the_same_order_counts_once() -> None:
    watch = Watch()
    for hours in (0, 1, 2):
        watch.comes(hours, number="26112300001")
    assert watch.alerts == []


def test_an_order_counts_by_its_place_and_category() -> None:
    order = an_order()
    assert Occurrence.of(order) == Occurrence(
        order.number, "0101", "371302", LANSHAN.street_code, order.registered_at, "家里暖气不热"
    )
    assert Occurrence.of(an_order(appeal=an_appeal(place=None))) is None
    assert Occurrence.of(an_order(appeal=an_appeal(category=None))) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([STREET, OTHER, None]), st.booleans()), max_size=60
    )
)
def test_a_place_is_never_alerted_twice_of_the_same_without_a_calm_between(
    events: list[tuple[Any, ...]],
) -> None:
    watch = Watch()
    for hours, street, is_risky in events:
        watch.comes(hours, street, "爆炸" if is_risky else "停水")
    last: dict[tuple[str, AlertGround], HotIssueAlert] = {}
    for alert in watch.alerts:
        before = last.get((alert.place, alert.ground))
        assert before is None or alert.at - before.at >= timedelta(hours=SETTINGS.calm_hours)
        assert len(set(alert.numbers)) == len(alert.numbers) >= SETTINGS.risky
        last[alert.place, alert.ground] = alert
    assert len({alert.key for alert in watch.alerts}) == len(watch.alerts)
