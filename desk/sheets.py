"""Cells of tables that spreadsheets open: what begins like a formula is text (CSV injection)."""

from __future__ import annotations

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Return ``text`` as a spreadsheet shows it, never as it would reckon it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
