from __future__ import annotations

import asyncio

import pytest

from hotline.domain.errors import EngineBusyError
from hotline.lanes import Claim, Lanes, Urgency, current_claim


class House:
    """One lane, taken; those who wait say their names when they get it."""

    def __init__(self, queue_limit: int = 8) -> None:
        self.lanes = Lanes("engine", 1, queue_limit)
        self.served: list[str] = []

    async def open(self) -> House:
        await self.lanes.take(Claim())
        return self

    def come(self, name: str, claim: Claim) -> asyncio.Task[None]:
        async def wait() -> None:
            await self.lanes.take(claim)
            self.served.append(name)

        return asyncio.create_task(wait(), name=name)

    async def free(self, times: int) -> list[str]:
        for _ in range(times):
            self.lanes.free()
            await asyncio.sleep(0)
        return self.served


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_wanted_now_goes_before_what_is_begun_ahead_and_equals_in_their_order() -> None:
    house = await House().open()
    for name, urgency in (
        ("ahead 1", Urgency.AHEAD),
        ("now 1", Urgency.NOW),
        ("ahead 2", Urgency.AHEAD),
        ("now 2", Urgency.NOW),
    ):
        house.come(name, Claim(urgency))
    await settle()

    assert await house.free(4) == ["now 1", "now 2", "ahead 1", "ahead 2"]


async def test_a_waiting_job_that_becomes_urgent_is_served_as_such() -> None:
    house = await House().open()
    claims = [Claim(Urgency.AHEAD), Claim(Urgency.AHEAD)]
    for name, claim in zip(("first", "second"), claims, strict=True):
        house.come(name, claim)
    await settle()

    claims[1].hurry()

    assert await house.free(2) == ["second", "first"]


async def test_a_job_that_nobody_wants_any_more_frees_its_place_at_once() -> None:
    house = await House(queue_limit=1).open()
    left = house.come("left", Claim(Urgency.AHEAD))
    await settle()

    left.cancel()
    await settle()
    house.come("next", Claim(Urgency.AHEAD))
    await settle()

    assert (house.lanes.waiting, await house.free(1)) == (1, ["next"])


async def test_a_lane_given_to_one_who_leaves_in_that_moment_goes_to_the_next() -> None:
    house = await House().open()
    leaving, _ = house.come("leaving", Claim()), house.come("next", Claim())
    await settle()

    house.lanes.free()
    leaving.cancel()
    await settle()

    assert house.served == ["next"]


async def test_a_full_queue_turns_away_what_is_not_more_urgent() -> None:
    house = await House(queue_limit=1).open()
    house.come("waiting", Claim(Urgency.AHEAD))
    await settle()

    with pytest.raises(EngineBusyError, match="engine: queue full"):
        await house.lanes.take(Claim(Urgency.AHEAD))


async def test_a_full_queue_makes_room_for_the_urgent_by_turning_out_the_last_of_the_least() -> None:
    house = await House(queue_limit=2).open()
    first, second = house.come("first", Claim(Urgency.AHEAD)), house.come("second", Claim(Urgency.AHEAD))
    await settle()

    house.come("urgent", Claim())
    await settle()

    assert isinstance(second.exception(), EngineBusyError)
    assert not first.done()
    assert await house.free(2) == ["urgent", "first"]


async def test_a_spare_job_takes_an_idle_lane_and_never_waits() -> None:
    lanes = Lanes("engine", 1, 8)
    await lanes.take(Claim(Urgency.SPARE))

    with pytest.raises(EngineBusyError, match="no lane idle"):
        await lanes.take(Claim(Urgency.SPARE))


async def test_the_claim_of_a_task_is_that_of_the_tasks_it_makes_and_of_no_other() -> None:
    claim = Claim(Urgency.SPARE)

    async def urgency() -> Urgency:
        return current_claim().urgency

    with claim.held():
        inside = asyncio.create_task(urgency())
    outside = asyncio.create_task(urgency())

    assert (await inside, await outside) == (Urgency.SPARE, Urgency.NOW)


async def test_those_who_listen_are_told_once_that_a_job_became_urgent() -> None:
    told: list[str] = []
    claim = Claim(Urgency.AHEAD)
    claim.on_hurry(lambda: told.append("hurry"))

    claim.hurry()
    claim.hurry()

    assert told == ["hurry"]
