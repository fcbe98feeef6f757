"""Settings for a hotline of one's own, beside any other on the machine: the demo's, ``--spawn``'s, a benchmark's."""

from __future__ import annotations

import fcntl
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app.processes import free_port
from app.settings import Settings

_OWN: Final = ".demo"
"""Marks a data folder that a demo made, and may clear once that demo, which holds a lock on the mark, has ended."""


@contextmanager
def fresh_data(folder: Path) -> Iterator[Path]:
    """Give an empty data folder in ``folder`` for a demo; what an earlier demo left is cleared, nothing else is.

    Raises ``FileExistsError`` when none can be had.
    """
    names = ("data", *(f"data-{number}" for number in range(2, 100)))
    for data in (folder / name for name in names):
        with suppress(FileNotFoundError), (data / _OWN).open("rb") as mark, suppress(BlockingIOError):
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(data)
        if data.exists():
            continue
        data.mkdir(parents=True, mode=0o700)
        with (data / _OWN).open("wb") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            yield data
        return
    raise FileExistsError(f"{folder}：里面的 data、data-2…… 都不是演示留下的，请另选结果目录")


def private(settings: Settings, folder: Path) -> Settings:
    """Return settings with free ports and a data folder of their own."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "sip_port": free_port(socket.SOCK_DGRAM),
            "web_port": free_port(),
            "rasa_port": free_port(),
            "rtp_port": 46_000,
            "render_articles": False,
        }
    )
