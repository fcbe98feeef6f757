"""Understanding words before their turn is over (提前理解): what was understood early is there when it is asked for.

One decode is begun in each pause. Its words are understood at once, to know whether more is to come; when the turn ends
with the same words, nobody waits for them to be understood again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from hotline.dialogue.ends import Fullness, fullness
from hotline.domain.errors import HotlineError
from hotline.domain.meaning import Understanding
from hotline.domain.speech import Expected
from nlu.understander import Understander

_MOST_KEPT: Final = 64  # pauses of the calls under way


class EarlyUnderstander:
    """An understander that keeps what it understood last, failures apart; for all calls of a process."""

    def __init__(self, understander: Understander) -> None:
        """Take who understands."""
        self._understander = understander
        self._kept: OrderedDict[str, asyncio.Task[Understanding]] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of who understands."""
        return self._understander.name

    async def understand(self, text: str) -> Understanding:
        """Understand ``text``, or return what was understood of the same words just now."""
        task = self._kept.get(text)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._understander.understand(text), name="understand")
            task.add_done_callback(_read)
            self._kept[text] = task
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return await asyncio.shield(task)

    async def fullness(self, text: str, expect: Expected) -> Fullness:
        """Tell whether ``text`` is a whole answer by its meaning; unknown when it cannot be understood."""
        try:
            return fullness(await self.understand(text), expect)
        except HotlineError:
            return Fullness.UNKNOWN

    async def close(self) -> None:
        """Free what it holds."""
        for task in self._kept.values():
            task.cancel()
        await asyncio.gather(*self._kept.values(), return_exceptions=True)
        self._kept.clear()
        await self._understander.close()


def _read(task: asyncio.Task[Understanding]) -> None:
    """Take note of a failure that nobody waited for."""
    if not task.cancelled():
        task.exception()
