from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from app.metrics import CATALOGUE_REFUSED
from app.reloading import Reloading
from hotline.city import load_city
from router.tables import CatalogueHolder
from tests.unit.router.city_copy import ROWS, change, linyi_in

GOVERNMENT = ROWS / "11_government.yaml"


class Looks:
    """Lets a number of looks happen and tells when they are over."""

    def __init__(self) -> None:
        self._left = asyncio.Semaphore(0)
        self._is_waiting = asyncio.Event()

    async def pause(self) -> None:
        self._is_waiting.set()
        await self._left.acquire()

    async def have(self, count: int) -> None:
        for _ in range(count):
            await self._is_waiting.wait()
            self._is_waiting.clear()
            self._left.release()
        await self._is_waiting.wait()


async def test_a_changed_catalogue_is_taken_up_and_a_broken_one_is_told(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    holder = CatalogueHolder(load_city(folder))
    looks = Looks()
    reloading = Reloading(holder, looks.pause)
    async with AsyncExitStack() as stack:
        reloading.start(stack)
        change(folder / GOVERNMENT, "lead: body-tax", "lead: nobody")
        await looks.have(2)
        assert (await reloading.is_sound(), CATALOGUE_REFUSED._value.get()) == (False, 1)
        change(folder / GOVERNMENT, "lead: nobody", "lead: body-finance")
        before = holder.current
        await looks.have(2)
        assert (await reloading.is_sound(), CATALOGUE_REFUSED._value.get()) == (True, 0)
        assert holder.current is not before


async def test_an_unexpected_fault_does_not_end_the_looking(tmp_path: Path) -> None:
    class Holder(CatalogueHolder):
        looks = 0

        def reload_when_settled(self) -> None:
            self.looks += 1
            if self.looks == 1:
                raise RuntimeError

    holder = Holder(load_city(linyi_in(tmp_path)))
    looks = Looks()
    async with AsyncExitStack() as stack:
        Reloading(holder, looks.pause).start(stack)
        await looks.have(3)
    assert holder.looks == 3
