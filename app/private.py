"""Settings for a hotline of one's own, beside any other on the machine: the demo's, ``--spawn``'s, a benchmark's."""

from __future__ import annotations

import socket
from pathlib import Path

from app.processes import free_port
from app.settings import Settings


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
