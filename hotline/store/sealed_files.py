"""Files that are kept sealed: written whole or not at all, and bound to the name that they belong to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from hotline.store.sealing import Seal


class SealedFiles:
    """The files of one folder. Everything here blocks: call it in a thread. Raises ``OSError``."""

    def __init__(self, seal: Seal, folder: Path, kind: str) -> None:
        """Take what seals, the folder, and the kind that is bound into each file beside its name."""
        self._seal = seal
        self._folder = folder
        self._kind = kind

    def write(self, name: str, path: str, body: bytes) -> str:
        """Write the sealed file and return its digest; one that is there is replaced."""
        sealed = self._seal.close(body, f"{self._kind}:{name}")
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_suffix(f".{os.urandom(4).hex()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(sealed)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
        return hashlib.sha256(sealed).hexdigest()

    def read(self, name: str, path: str) -> bytes:
        """Return what is in the file; ``FileNotFoundError`` when it is gone."""
        return self._seal.open((self._folder / path).read_bytes(), f"{self._kind}:{name}")

    def is_there(self, path: str) -> bool:
        """Tell whether there is such a file."""
        return (self._folder / path).is_file()

    def older_than(self, moment: datetime) -> Sequence[str]:
        """Return the paths of the files that were written before then."""
        until, found = moment.timestamp(), []
        for file in self._folder.rglob("*"):
            with suppress(FileNotFoundError):  # it got its name, or was deleted, just now
                if file.is_file() and file.stat().st_mtime < until:
                    found.append(str(file.relative_to(self._folder)))
        return found

    def unlink(self, path: str) -> None:
        """Delete a file."""
        (self._folder / path).unlink(missing_ok=True)
