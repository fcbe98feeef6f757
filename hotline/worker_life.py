"""One process of a worker, as its parent sees it (``hotline.worker_process``)."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import psutil

from hotline.lanes import Claim
from hotline.worker_side import Reply, frame


@dataclass(slots=True, eq=False)
class Job:
    """A job that the process is at."""

    claim: Claim
    replies: asyncio.Queue[Reply | None] = field(default_factory=asyncio.Queue)


class Life:
    """One process, from its start to its end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.jobs: dict[int, Job] = {}
        self.is_ready = asyncio.Event()
        self.is_worn = asyncio.Event()
        self.is_over = asyncio.Event()
        self.is_leaving = False
        self.holders = 0
        self.jobs_taken = 0
        self.heard_at = asyncio.get_running_loop().time()

    @property
    def memory_mb(self) -> float:
        """Resident memory; 0 when it is gone."""
        with contextlib.suppress(psutil.Error):
            return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20
        return 0.0

    def write(self, header: dict[str, Any], body: bytes = b"") -> None:
        """Send a message, if it can still be sent."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.process.stdin.write(frame(header, body))

    def leave_if_idle(self) -> None:
        """End one that has been relieved, once nobody needs it."""
        if self.is_leaving and not self.jobs and not self.holders:
            self.kill()

    def kill(self) -> None:
        """End it now; harmless when it has ended."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
