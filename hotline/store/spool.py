"""The spool (待收): letters that came while the database was away, in sealed files until it is back.

A file is on the disk before the letter is acknowledged, and goes when the letter is in the database. Its name follows from
the letter's key, so a letter that comes again is one file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog
from pydantic import TypeAdapter

from hotline.domain.errors import StoreUnavailableError
from hotline.domain.letters import Letter
from hotline.store.sealing import Seal

log: Final = structlog.get_logger("letters")

_LETTER: Final = TypeAdapter(Letter)
_ENDING: Final = ".letter"


class LetterSpool:
    """A folder of letters. Blocks: call it in a thread."""

    def __init__(self, folder: Path, seal: Seal) -> None:
        """Take the folder, which need not exist, and what seals its files."""
        self._folder = folder
        self._seal = seal

    def keep(self, letter: Letter) -> None:
        """Write a letter down; raise ``OSError`` when the disk refuses: then it must not be acknowledged."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._folder / f"{hashlib.sha256(letter.key.encode()).hexdigest()[:48]}{_ENDING}"
        if file.exists():
            return
        fresh = file.with_suffix(f".{os.urandom(4).hex()}")
        body = self._seal.close(_LETTER.dump_json(letter), f"spool:{file.stem}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def waiting(self) -> Iterator[tuple[Path, Letter]]:
        """Yield the letters, the oldest first; one that cannot be opened stays where it is, and is told."""
        try:
            files = sorted(self._folder.glob(f"*{_ENDING}"), key=lambda file: file.stat().st_mtime_ns)
        except FileNotFoundError:  # another process has just taken one in
            return
        for file in files:
            try:
                body = self._seal.open(file.read_bytes(), f"spool:{file.stem}")
            except FileNotFoundError:
                continue
            except StoreUnavailableError:
                log.error("letter.not_readable", file=file.name)
                continue
            yield file, _LETTER.validate_json(body)

    @staticmethod
    def done(file: Path) -> None:
        """Forget a letter that is in the database now."""
        file.unlink(missing_ok=True)
