"""Records of contacts: none is forgotten while the store is away, and they do not grow without bound."""

from __future__ import annotations

import asyncio

from hotline.domain.appeal import AppealKind
from hotline.domain.diversion import ContactOutcome
from hotline.service.contact_records import Contact, ContactRecords
from tests.builders import NOW, an_appeal
from tests.fakes import FakeRegistration


def a_contact(number: int) -> Contact:
    return Contact(
        conversation=f"c{number}",
        appeal=an_appeal(text=f"第{number}件", kind=AppealKind.INQUIRY),
        outcome=ContactOutcome.ANSWERED,
        article=None,
        at=NOW,
    )


def texts(registration: FakeRegistration) -> list[str]:
    return [appeal.text for _, appeal, _ in registration.contacts]


async def test_a_contact_is_recorded_at_once() -> None:
    registration = FakeRegistration()
    records = ContactRecords(registration, seconds=1)
    assert await records.keep(a_contact(1)) == "26112390001"
    assert (texts(registration), records.waiting) == (["第1件"], 0)


async def test_what_the_store_did_not_take_goes_with_the_next() -> None:
    registration = FakeRegistration(is_down=True)
    records = ContactRecords(registration, seconds=1)
    assert [await records.keep(a_contact(number)) for number in (1, 2)] == [None, None]
    assert records.waiting == 2
    registration.is_down = False
    assert await records.keep(a_contact(3)) == "26112390001"
    assert (texts(registration), records.waiting) == (["第3件", "第1件", "第2件"], 0)


async def test_a_store_that_never_answers_does_not_hold_the_line() -> None:
    class Hanging(FakeRegistration):
        async def record_contact(self, **_: object) -> None:  # type: ignore[override]
            await asyncio.Event().wait()

    records = ContactRecords(Hanging(), seconds=0.01)
    assert await records.keep(a_contact(1)) is None
    assert records.waiting == 1


async def test_only_so_many_wait_and_the_newest_are_kept() -> None:
    registration = FakeRegistration(is_down=True)
    records = ContactRecords(registration, seconds=1, most=2)
    for number in (1, 2, 3):
        await records.keep(a_contact(number))
    registration.is_down = False
    assert await records.retry() == 2
    assert texts(registration) == ["第2件", "第3件"]


async def test_while_the_store_is_away_what_waits_stays_in_order() -> None:
    registration = FakeRegistration(is_down=True)
    records = ContactRecords(registration, seconds=1)
    for number in (1, 2):
        await records.keep(a_contact(number))
    assert await records.retry() == 0
    registration.is_down = False
    await records.retry()
    assert texts(registration) == ["第1件", "第2件"]
