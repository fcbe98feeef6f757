"""Where indexes are kept: one generation after the other, so that a new one is built beside the one that is searched.

``index-<fingerprint>-<generation>`` is complete and sound, or it is not opened; what is being built has another name.
One process of the machine writes at a time, by a lock that ends with the process.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from knowledge_base.engines.tantivy_index import IndexDamagedError, TantivyIndex, fingerprint
from knowledge_base.engines.vectors import Vectors
from knowledge_base.wording import Wording

log: Final = structlog.get_logger("knowledge_index")

_GENERATION: Final = re.compile(r"index-([0-9a-f]{16})-(\d{1,12})")


class IndexFolder:
    """Generations of one index on this machine."""

    def __init__(self, folder: Path, wording: Wording, vectors: Vectors | None = None) -> None:
        """Take the folder, made when it is missing, how citizens word things, and vectors if there are any."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._wording = wording
        self._vectors = vectors
        self._fingerprint = fingerprint(wording, vectors)

    def newest(self) -> int:
        """Return the number of the newest generation of this form, 0 for none."""
        return max(self._generations(), default=0)

    def open(self) -> tuple[int, TantivyIndex] | None:
        """Open the newest generation that is sound; None when there is none."""
        for number in sorted(self._generations(), reverse=True):
            place = self._place(number)
            with self.writing(waits=True):  # a manifest is read between two commits, never within one
                try:
                    return number, TantivyIndex.open(place, self._wording, self._vectors)
                except IndexDamagedError as error:
                    log.error("knowledge_index.damaged", place=place.name, reason=error.reason)
        return None

    @contextmanager
    def building(self) -> Iterator[Path | None]:
        """Yield an empty folder to build the next generation in, None while another process is building one."""
        with self._locked("building.lock", waits=False) as is_ours:
            if not is_ours:
                yield None
                return
            for left in self._folder.glob("building-*"):
                if left.is_dir():  # left behind by a process that died
                    shutil.rmtree(left, ignore_errors=True)
            place = Path(tempfile.mkdtemp(prefix="building-", dir=self._folder))
            try:
                yield place
            finally:
                shutil.rmtree(place, ignore_errors=True)

    def adopt(self, built: Path) -> tuple[int, TantivyIndex]:
        """Make what was built the newest generation, and open it; those before it are removed."""
        number = self.newest() + 1
        built.rename(self._place(number))
        index = TantivyIndex.open(self._place(number), self._wording, self._vectors)
        for older in self._folder.glob("index-*"):
            if older != self._place(number):
                shutil.rmtree(older, ignore_errors=True)
        return number, index

    @contextmanager
    def writing(self, *, waits: bool = False) -> Iterator[bool]:
        """Hold the right to write; yields False when another process has it and ``waits`` is not said."""
        with self._locked("writing.lock", waits=waits) as is_ours:
            yield is_ours

    @contextmanager
    def _locked(self, name: str, *, waits: bool) -> Iterator[bool]:
        with (self._folder / name).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    def _place(self, number: int) -> Path:
        return self._folder / f"index-{self._fingerprint}-{number}"

    def _generations(self) -> Iterator[int]:
        for place in self._folder.iterdir():
            found = _GENERATION.fullmatch(place.name)
            if found is not None and found[1] == self._fingerprint:
                yield int(found[2])
