"""``python -m hotline.worker_relay SOCKET``: stands in for a worker process that another process runs for several.

It copies bytes between its parent and the Unix socket of a ``SharedWorker``, and ends when either is gone. It imports
next to nothing, since every process that shares a worker has one.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from typing import Final

_CONNECT_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.1
_PIECE: Final = 65_536


def main() -> int:
    """Relay until one side is gone."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the parent; it closes the pipe, and that ends this
    link = _connected(sys.argv[1])
    if link is None:
        return 1
    threading.Thread(target=_send, args=(link,), daemon=True).start()
    while piece := link.recv(_PIECE):
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(1, rest) :]
    return 1


def _connected(path: str) -> socket.socket | None:
    """Connect; a server that is being started is waited for."""
    until = time.monotonic() + _CONNECT_SECONDS
    while time.monotonic() < until:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(path)
        except OSError:
            link.close()
            time.sleep(_RETRY_SECONDS)
        else:
            return link
    return None


def _send(link: socket.socket) -> None:
    while piece := os.read(0, _PIECE):
        link.sendall(piece)
    os._exit(0)  # the parent is gone


if __name__ == "__main__":
    sys.exit(main())
