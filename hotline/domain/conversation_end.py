"""How a conversation ended, for its record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ConversationEnd:
    """``article``: the last answered with; ``work_order``: number of the record it left; ``rating``: 服务评价, None unsaid."""

    at: datetime
    outcome: str
    article: str | None = None
    work_order: str | None = None
    rating: str | None = None
