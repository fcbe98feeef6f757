"""Emergencies told in words that are none apart: “拿着菜刀”……“追人”, “老屋塌了”……“里头还有人”.

Of what happens to whom and where no list of phrases holds all; so words that follow each other at a short distance, in
their order or in any, are asked about together. The rows are a city's data (``together`` in ``safety.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import permutations
from typing import Any

from hotline.dialogue.patterns import any_of


class TogetherCries:
    """Finds words that tell of an emergency together."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take ``together``; what is missing is a ``KeyError``."""
        not_between = "".join(rows["not_between"])
        never = tuple(rows["never"])
        self._rows = tuple(
            (
                _followed(row, "." if row.get("across") else f"[^{not_between}]"),
                (*never, *row.get("unless", ())),
                str(row["service"]),
            )
            for row in rows["rows"]
        )

    @property
    def services(self) -> tuple[str, ...]:
        """Return the numbers that the rows name."""
        return tuple(service for _, _, service in self._rows)

    def find(self, text: str) -> tuple[str, str] | None:
        """Return the number to ring and the words that tell of an emergency, None when there are none."""
        for words, unless, service in self._rows:
            if (found := words.search(text)) and not any(word in text for word in unless):
                return service, found.group()
        return None


def _followed(row: Mapping[str, Any], beside: str) -> re.Pattern[str]:
    """Return the pattern of the parts of ``row`` one after the other, ``beside`` being what may stand between them."""
    parts = tuple(map(any_of, row["parts"]))
    orders = permutations(parts) if row.get("any_order") else (parts,)
    between = f"{beside}{{0,{int(row['most'])}}}?"
    return re.compile("|".join(between.join(order) for order in orders))
