"""How citizens rated their conversations, counted for the hotline's staff."""

from __future__ import annotations

from datetime import timedelta

from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from tests.builders import NOW
from tests.integration.api.conftest import STAFF, Site

AT = "/api/staff/v1/ratings"
DAY = "2026-11-23"


async def rate(site: Site, *ratings: str | None, days: int = 0) -> None:
    at = NOW + timedelta(days=days)
    for number, rating in enumerate(ratings):
        name = f"c{days}-{number}"
        await site.store.begin(name, channel=ContactChannel.PHONE, call_id=name, at=at)
        await site.store.finish(
            name,
            ConversationEnd(at=at, outcome="answered", article="A0101-01", work_order=None, rating=rating),
        )


async def test_ratings_are_counted_by_day_and_what_was_not_said_counts_nowhere(site: Site) -> None:
    await rate(site, "satisfied", "satisfied", "mostly", "dissatisfied", None)
    await rate(site, "dissatisfied", days=1)
    async with site.client() as http:
        one = (await http.get(AT, params={"since": DAY}, headers=STAFF)).json()
        two = (await http.get(AT, params={"since": DAY, "days": 2}, headers=STAFF)).json()
        none = (await http.get(AT, params={"since": "2026-01-01"}, headers=STAFF)).json()
    assert one == {
        "since": DAY, "until": DAY, "satisfied": 2, "mostly": 1, "dissatisfied": 1, "unrated": 1,
        "satisfied_share": 0.75,
    }  # fmt: skip
    assert (two["dissatisfied"], two["satisfied_share"]) == (2, 0.6)
    assert (none["unrated"], none["satisfied_share"]) == (0, None)


async def test_only_staff_may_ask_and_for_no_less_than_a_day(site: Site) -> None:
    async with site.client() as http:
        nobody = await http.get(AT, params={"since": DAY})
        backwards = await http.get(AT, params={"since": DAY, "days": 0}, headers=STAFF)
    assert (nobody.status_code, backwards.status_code) == (401, 422)
