"""The worker's end of a worker process, and how its messages are framed (``hotline.worker_process``)."""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Final

FRAME_HEAD: Final = struct.Struct("<II")

Reply = tuple[dict[str, Any], bytes]


def frame(header: dict[str, Any], body: bytes) -> bytes:
    """Return a message as it goes over the pipes."""
    head = json.dumps(header, ensure_ascii=False).encode()
    return FRAME_HEAD.pack(len(head), len(body)) + head + body


class WorkerSide:
    """The worker's end: ``for header, body in side.jobs(): side.reply(header, {...}, b"…")``.

    Make it first: it takes over standard output, so that whatever prints goes to standard error.
    """

    def __init__(self) -> None:
        self._input: BinaryIO = sys.stdin.buffer
        self._output: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self._jobs: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._dropped: set[int] = set()
        # Ctrl-C is for the parent; it closes the pipe, and that ends the worker.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def ready(self) -> None:
        """Say that the model is loaded."""
        self._write({"ready": True}, b"")

    def refuse(self, reason: str, *, file: str = "") -> None:
        """Say that it is no use to start again, and why; ``file`` is what is missing or damaged. Then end."""
        self._write({"refused": reason, "file": file}, b"")

    def jobs(self) -> Iterator[Reply]:
        """Yield jobs for ever; when the parent is gone the process ends, whatever it is doing."""
        threading.Thread(target=self._read, daemon=True, name="jobs").start()
        while True:
            header, body = self._jobs.get()
            if self.is_dropped(header):
                self.reply(header, {"dropped": True})
            else:
                yield header, body

    def is_dropped(self, job: dict[str, Any]) -> bool:
        """Tell whether nobody waits for ``job`` any more; it must be ended with a last reply all the same."""
        return job["job"] in self._dropped

    def reply(
        self, job: dict[str, Any], header: dict[str, Any], body: bytes = b"", *, last: bool = True
    ) -> None:
        """Answer ``job``; safe from several threads."""
        self._write({**header, "job": job["job"], "last": last}, body)
        if last:
            self._dropped.discard(job["job"])

    def serve(self, work: Callable[[dict[str, Any], bytes], Reply], *, lanes: int = 1) -> None:
        """Answer every job with one reply, ``lanes`` at once; what ``work`` raises becomes an error reply."""
        with ThreadPoolExecutor(lanes) as pool:
            for header, body in self.jobs():
                pool.submit(self._work, work, header, body)

    def _work(
        self, work: Callable[[dict[str, Any], bytes], Reply], header: dict[str, Any], body: bytes
    ) -> None:
        try:
            answer, sound = work(header, body)
        except Exception as error:  # noqa: BLE001 -- the job fails, the worker goes on
            self.reply(header, {"error": f"{type(error).__name__}: {error}"})
        else:
            self.reply(header, answer, sound)

    def _read(self) -> None:
        while len(head := self._input.read(FRAME_HEAD.size)) == FRAME_HEAD.size:
            header_size, body_size = FRAME_HEAD.unpack(head)
            header = json.loads(self._input.read(header_size))
            body = self._input.read(body_size)
            if "drop" in header:
                self._dropped.add(header["drop"])
            elif "pulse" in header:
                self._write({"pulse": header["pulse"]}, b"")
            elif "hurry" not in header:  # its jobs are at work already; only a shared worker has a queue
                self._jobs.put((header, body))
        os._exit(0)

    def _write(self, header: dict[str, Any], body: bytes) -> None:
        with self._writing:
            self._output.write(frame(header, body))
            self._output.flush()
