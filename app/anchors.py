"""Anchors of the audit chain (审计锚点): ends of the chain, kept in a file beside the database or on another machine."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from hotline.domain.errors import HotlineError
from hotline.store.auditing import Head

FILE = "audit_anchors.jsonl"


class AnchorFileError(HotlineError):
    """A line of the anchor file cannot be read; ``line`` says which."""

    code = "audit.anchor_unreadable"

    def __init__(self, file: Path, line: int) -> None:
        self.file = file
        self.line = line
        super().__init__(f"锚点文件 {file} 第{line}行不能读")


def add_anchor(file: Path, head: Head, at: datetime) -> None:
    """Append the end of the chain; the line is on the disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": at.isoformat(), "sequence": head.sequence, "digest": head.digest})
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as out:
        out.write(f"{line}\n")
        out.flush()
        os.fsync(out.fileno())


def read_anchors(file: Path) -> tuple[Head, ...]:
    """Return all anchors; none when there is no file yet."""
    if not file.exists():
        return ()
    found: list[Head] = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            found.append(Head(int(row["sequence"]), str(row["digest"])))
        except (ValueError, KeyError, TypeError) as error:
            raise AnchorFileError(file, number) from error
    return tuple(found)
