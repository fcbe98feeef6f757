"""Cutting texts that are longer than a message of their channel may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_ENDS: Final = "。？！；\n"


def cut(text: str, beginning: Callable[[str], str]) -> tuple[str, ...]:
    """Cut a text into pieces, each no more than the ``beginning`` that fits, after a sentence or a line where there is one."""
    pieces: list[str] = []
    rest = text.strip()
    while len(head := beginning(rest)) < len(rest):
        at = max(head.rfind(end) for end in _ENDS) + 1
        at = at if at > len(head) // 2 else len(head)
        pieces.append(rest[:at].strip())
        rest = rest[at:].strip()
    return (*pieces, rest) if rest else tuple(pieces)
