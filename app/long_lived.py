"""What lives as long as the process: the garbage collector, and how its threads take turns."""

from __future__ import annotations

import gc
import sys
from typing import Final

_ROUNDS: Final = (2_000, 50, 10)
"""After so many new objects the youngest are looked through, after 50 such rounds the next, and after ten of those all.

Python's own 700, 10, 10 made a web process with 1,000 chats stand still for 0.2 to 0.5 s every few seconds; what is
forgotten in a circle is found after a million objects now, about 1,200 conversations. Ten thousand of the youngest in one
round took 10 ms.
"""
_TURN_SECONDS: Final = 0.001


def set_apart() -> None:
    """Take all that was made so far out of the collector's rounds, and make these rarer; call it when all is open.

    Half a million objects of words, articles and rules are looked through in a quarter of a second, in which all
    conversations of the process stand still.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_ROUNDS)


def take_short_turns() -> None:
    """Let a thread that computes make way after a millisecond, not after Python's own five.

    The event loop gives its turn away at every write to a socket; behind two threads that search articles each word on
    its way to a screen then waited ten milliseconds at each of its steps.
    """
    sys.setswitchinterval(_TURN_SECONDS)
