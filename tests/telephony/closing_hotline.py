"""Opens and closes the SIP side again and again, with places in the conference bridge and Python busy elsewhere.

``python -m tests.telephony.closing_hotline TIMES``: a process of its own, so that its abort would be seen.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

from ivr.sip import SipSettings
from ivr.sip.switchboard import Switchboard

_PLACES: Final = 20
_TURNS: Final = 6  # 10 ms each: the bridge's thread has gone through all places


def be_busy(until: threading.Event) -> None:
    """Keep the interpreter from the bridge's thread, which then waits for it inside a place."""
    while not until.is_set():
        sum(range(2_000))


def open_and_close() -> None:
    """Live once, as the SIP thread does."""
    board = Switchboard(SipSettings(port=0), lambda _key, _event: None)
    board.open(())
    for _ in range(_PLACES):
        board.borrow_port()
    for _ in range(_TURNS):
        board.turn()
    board.close()


if __name__ == "__main__":
    is_over = threading.Event()
    threading.Thread(target=be_busy, args=(is_over,)).start()
    for _ in range(int(sys.argv[1])):
        life = threading.Thread(target=open_and_close)
        life.start()
        life.join()
    is_over.set()
