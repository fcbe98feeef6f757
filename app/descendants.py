"""The processes that this one has started, and theirs, with the words they were started with."""

from __future__ import annotations

from collections.abc import Iterator

import psutil


def descendants() -> Iterator[tuple[psutil.Process, list[str]]]:
    """Yield each descendant of this process that runs, with its command; one that has ended meanwhile is passed over.

    That includes one that nobody has waited for yet (zombie): it has no command any more.
    """
    for process in psutil.Process().children(recursive=True):
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words:
            yield process, words
