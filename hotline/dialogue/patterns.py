"""Patterns of word lists (词表): any of some words, and a text without them."""

from __future__ import annotations

import re
from collections.abc import Iterable


def either(words: Iterable[str]) -> str:
    """Return the pattern of any of ``words``, the longest first."""
    return "|".join(re.escape(word) for word in sorted(map(str, words), key=len, reverse=True))


def any_of(words: Iterable[str]) -> str:
    """Return that pattern as a group, to be repeated or followed by another."""
    return f"(?:{either(words)})"


def without(text: str, words: Iterable[str]) -> str:
    """Return ``text`` with ``words`` blotted out, so that what stood beside them is no word together."""
    for word in words:
        text = text.replace(word, "／")
    return text
