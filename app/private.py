"""Settings for a hotline of one's own, beside any other on the machine: the demo's, ``--spawn``'s, a benchmark's."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Final

from app.processes import free_port
from app.settings import Settings

_OWN: Final = ".demo"
"""Marks a data folder that a demo made, and may clear."""


def fresh_data(folder: Path) -> Path:
    """Return an empty data folder in ``folder`` for a demo; what an earlier demo left is cleared, nobody else's data is."""
    names = ("data", *(f"data-{number}" for number in range(2, 100)))
    for data in (folder / name for name in names):
        if (data / _OWN).exists():
            shutil.rmtree(data)
        if not data.exists():
            data.mkdir(parents=True, mode=0o700)
            (data / _OWN).touch()
            return data
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
