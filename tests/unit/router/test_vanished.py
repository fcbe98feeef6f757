from __future__ import annotations

from dataclasses import replace

from hotline.domain.work_order import Status
from router.vanished import StrandedOrder, orders_of_vanished_units
from tests.work_orders import a_decision, an_order

UNITS = {"county-371302", "body-housing"}


def test_an_open_order_of_a_unit_that_is_gone_is_found() -> None:
    orders = [
        an_order("26112300001"),
        an_order("26112300002", routing=a_decision(lead_unit="body-gone")),
        an_order("26112300003", routing=a_decision(supporting_units=("body-housing", "body-merged"))),
    ]
    assert list(orders_of_vanished_units(orders, UNITS)) == [
        StrandedOrder("26112300002", Status.TO_SIGN, "body-gone", ()),
        StrandedOrder("26112300003", Status.TO_SIGN, None, ("body-merged",)),
    ]


def test_a_closed_order_needs_nobody_to_take_it_over() -> None:
    closed = replace(an_order(routing=a_decision(lead_unit="body-gone")), status=Status.CONCLUDED)
    assert list(orders_of_vanished_units([closed], UNITS)) == []
