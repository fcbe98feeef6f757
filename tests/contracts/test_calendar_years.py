"""Imported years hold in every process within a look, one after the other, and what held before holds again when one is undone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.imported_calendar import ImportedCalendar
from hotline.domain.calendar_years import YearArrangement
from hotline.store.accounts import Audited
from hotline.store.calendar_years import SqlCalendarYears, StaleCalendarError
from hotline.store.sql import SqlStore
from router.tables import CatalogueHolder
from tests.builders import NOW, after
from tests.small_catalogue import small_city

FIRST = YearArrangement(2027, "国办发明电〔2026〕9号", {"元旦": (date(2027, 1, 1), date(2027, 1, 4))})
SECOND = YearArrangement(2027, "国办发明电〔2026〕10号", {"元旦": (date(2027, 1, 1),)}, (date(2027, 1, 2),))


def audited(minute: int, action: str = "calendar.imported") -> Audited:
    return Audited("staff:sys", action, after(minute), {})


async def test_a_year_is_imported_replaced_and_undone(store: SqlStore, tmp_path: Path) -> None:
    years = SqlCalendarYears(store.database)
    holder = CatalogueHolder(small_city(tmp_path))
    looking = ImportedCalendar(years, holder)

    async def in_force() -> tuple[bool, bool, bool]:
        await looking.look()
        calendar = holder.current.limits.calendar
        return (
            2027 in calendar.published_years,
            calendar.is_working_day(date(2027, 1, 4)),
            calendar.is_working_day(date(2027, 1, 2)),
        )

    assert await in_force() == (False, True, False)
    assert await years.add(FIRST, audited(1), mark=await years.mark()) == 1
    assert await in_force() == (True, False, False)
    with pytest.raises(StaleCalendarError):
        await years.add(SECOND, audited(2), mark=(0, 0))
    assert await years.add(SECOND, audited(2), mark=await years.mark()) == 2
    assert await in_force() == (True, True, True)
    holder.reload()  # files that are read again change nothing of what was imported
    assert await in_force() == (True, True, True)
    await years.undo(2, audited(3, "calendar.undone"))
    with pytest.raises(StaleCalendarError):
        await years.undo(2, audited(4, "calendar.undone"))
    assert [each.arrangement for each in await years.in_force()] == [FIRST]
    assert await in_force() == (True, False, False)
    assert [(each.sequence, each.undone_at) for each in await years.all()] == [(2, after(3)), (1, None)]
    await years.undo(1, audited(5, "calendar.undone"))
    assert await in_force() == (False, True, False)
    assert after(1) > NOW
