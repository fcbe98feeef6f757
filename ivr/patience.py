"""How long the caller may be silent: the clock of ``Listen`` and ``CollectKeys`` (静默计时)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hotline.dialogue.actions import CollectKeys, Listen

_LOOK_AGAIN_SECONDS: Final = 0.2


class Patience:
    """Counts the seconds in which neither the hotline nor the caller speaks, and reports when they are over."""

    def __init__(
        self,
        *,
        is_talking: Callable[[], bool],
        is_hearing: Callable[[], bool],
        over: Callable[[int], None],
    ) -> None:
        """``is_talking``: no counting now. ``is_hearing``: something may still turn out to be an answer."""
        self._is_talking = is_talking
        self._is_hearing = is_hearing
        self._over = over
        self._awaited: Listen | CollectKeys | None = None
        self._keys_left = 0
        self._timer: asyncio.TimerHandle | None = None

    def wait_for(self, awaited: Listen | CollectKeys) -> None:
        """Wait for words or keys, counting from the end of the prompt."""
        self._awaited = awaited
        self._keys_left = awaited.max_keys if isinstance(awaited, CollectKeys) else 0
        self.restart()

    def stop(self) -> None:
        """Nothing is awaited any more."""
        self._awaited = None
        self.restart()

    def key_pressed(self) -> None:
        """Count anew; after the last key that was wanted nothing is awaited."""
        if isinstance(self._awaited, CollectKeys):
            self._keys_left -= 1
            if self._keys_left <= 0:
                self._awaited = None
        self.restart()

    def restart(self) -> None:
        """Somebody began or ceased to speak: count anew, from the moment that nobody does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._awaited is not None and not self._is_talking():
            self._timer = asyncio.get_running_loop().call_later(self._awaited.seconds, self._end)

    def _end(self) -> None:
        self._timer = None
        if self._awaited is None or self._is_talking():
            return
        if self._is_hearing():
            self._timer = asyncio.get_running_loop().call_later(_LOOK_AGAIN_SECONDS, self._end)
            return
        turn, self._awaited = self._awaited.turn, None
        self._over(turn)
