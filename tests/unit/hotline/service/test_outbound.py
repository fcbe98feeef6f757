"""The city's rules for outbound calls, and why a call is not placed."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from shutil import copytree
from zoneinfo import ZoneInfo

import pytest

from hotline.city import load_city
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import CityConfigError
from hotline.domain.outbound import CallPurpose, DueCall
from hotline.domain.working_calendar import WorkingCalendar
from hotline.service.outbound import Lines, NotCalled, load_outbound_rules, plan
from tests.builders import LINYI, PHONE

CITY = load_city(LINYI)
CALENDAR = WorkingCalendar(frozenset(), frozenset(), frozenset({2026}))
RULES = load_outbound_rules(CITY)
MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
REVISIT = DueCall("26112300001", CallPurpose.REVISIT, PHONE)


def _why(due: DueCall, *, stopped: tuple[PhoneNumber, ...] = (), free: int = 4) -> NotCalled:
    made = plan(
        [due],
        at=MORNING,
        rules=RULES,
        calendar=CALENDAR,
        contacted=(PHONE,),
        stopped=stopped,
        lines=Lines(free=free),
    )
    ((_, why),) = made.left
    return why


def test_the_city_calls_in_the_morning_and_from_two_to_eight() -> None:
    assert RULES.windows == ((time(9), time(12)), (time(14), time(20)))
    assert RULES.unconfirmed == ("hours", "attempts", "secret_orders")


def test_each_refusal_has_its_reason() -> None:
    stranger = DueCall("26112300002", CallPurpose.REVISIT, PhoneNumber("13900000000"))
    secret = DueCall("26112300003", CallPurpose.REVISIT, PHONE, is_secret=True)
    tired = DueCall("26112300004", CallPurpose.REVISIT, PHONE, tried_at=(MORNING,) * 3)
    again = DueCall("26112300005", CallPurpose.REVISIT, PHONE, tried_at=(MORNING.replace(hour=9),))
    assert _why(stranger) is NotCalled.NEVER_CONTACTED_US
    assert _why(REVISIT, stopped=(PHONE,)) is NotCalled.STOPPED
    assert _why(secret) is NotCalled.LEFT_TO_PERSON
    assert _why(tired) is NotCalled.OUT_OF_ATTEMPTS
    assert _why(again) is NotCalled.SAME_HALF_DAY
    assert _why(REVISIT, free=2) is NotCalled.NO_FREE_LINE


def test_windows_that_overlap_are_refused(tmp_path: Path) -> None:
    folder = copytree(LINYI, tmp_path / "linyi")
    file = folder / "outbound.yaml"
    text = file.read_text(encoding="utf-8").replace('["14:00", "20:00"]', '["11:00", "20:00"]')
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CityConfigError, match="时段要先后排列"):
        load_outbound_rules(load_city(folder))
