"""Messages to the outside (发件箱): written with the change they tell of, sent afterwards, each at least once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message about the order ``subject``.

    ``destination`` is ``unit:<code>``, ``linkage:<line>``, ``citizen:<number>``, ``duty`` or ``supervisor:<tier>``;
    ``key`` makes it unique: one key is never sent as two messages.
    """

    destination: str
    kind: str
    subject: str
    body: Mapping[str, Any]
    key: str
