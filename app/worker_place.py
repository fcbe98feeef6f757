"""A worker's place among those of a data folder, and whether any of them lives."""

from __future__ import annotations

import asyncio
import fcntl
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from hotline.domain.errors import HotlineError

ALIVE: Final = timedelta(seconds=30)
_BEAT_SECONDS: Final = 3.0
_WORKERS_A_FOLDER: Final = 16


class TooManyWorkersError(HotlineError):
    """Sixteen workers share this data folder already."""

    code = "worker.too_many"


class Place:
    """This worker's place among those of a data folder: a lock that ends with the process, and a sign of life."""

    def __init__(self, folder: Path) -> None:
        """Take the first place that is free, so that a worker that was killed gets its own again."""
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(1, _WORKERS_A_FOLDER + 1):
            file = (folder / f"worker-{index}.lock").open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
            else:
                self._file: IO[str] = file
                self._path = folder / f"worker-{index}.lock"
                self.name = f"{socket.gethostname()}:{folder.resolve()}:{index}"
                return
        raise TooManyWorkersError

    async def beat(self) -> None:
        """Show for ever that the worker lives."""
        while True:
            self._path.touch()
            await asyncio.sleep(_BEAT_SECONDS)

    def leave(self) -> None:
        """Give the place up. The file stays: another may be about to lock it."""
        self._file.close()


def worker_lives(folder: Path, at: datetime) -> bool:
    """Tell whether a worker of this data folder showed a sign of life lately."""
    beats = [file.stat().st_mtime for file in folder.glob("worker-*.lock")]
    return any(abs(at.timestamp() - beat) < ALIVE.total_seconds() for beat in beats)
