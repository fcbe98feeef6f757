"""Where a reader draws breath: text is synthesised piece by piece, so that the first sound leaves early (断句)."""

from __future__ import annotations

import re
from typing import Final

_BREATH_CHARACTERS: Final = 14
_LONGEST_SENTENCE: Final = 80
_SENTENCE: Final = re.compile(
    r"(?<=[。！？；…!?;\n])(?![。！？；…!?;\n”’」』）)])|(?<=[。！？；!?][”’」』）)])(?!$)"
)
_CLAUSE: Final = re.compile(r"(?<=[，、：])|(?<=[,:])(?!\d)")
_SAYABLE: Final = re.compile(r"\w")


def sentences(text: str) -> list[str]:
    """Cut ``text`` at the ends of its sentences; one of over 80 characters at its commas too."""
    found: list[str] = []
    for sentence in _SENTENCE.split(text):
        found += [sentence] if len(sentence) <= _LONGEST_SENTENCE else _merged(sentence, _LONGEST_SENTENCE)
    return _sayable(found)


def breaths(text: str) -> list[str]:
    """Cut ``text`` into pieces of up to 14 characters where a comma allows it; cutting a piece again changes nothing."""
    return _sayable(
        [breath for sentence in sentences(text) for breath in _merged(sentence, _BREATH_CHARACTERS)]
    )


def _merged(sentence: str, limit: int) -> list[str]:
    """Put clauses together as long as they are at most ``limit`` characters."""
    found: list[str] = []
    for clause in _CLAUSE.split(sentence):
        if found and len(found[-1]) + len(clause) <= limit:
            found[-1] += clause
        else:
            found.append(clause)
    return found


def _sayable(pieces: list[str]) -> list[str]:
    return [piece.strip() for piece in pieces if _SAYABLE.search(piece)]
