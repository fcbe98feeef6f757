"""The router's contract: which unit handles an appeal, by when, and why (派单)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from hotline.domain.appeal import Appeal
from hotline.domain.routing import RoutingDecision


class Router(Protocol):
    """Decides on the dispatch catalogue (派单目录) alone. Sync and pure: the same appeal and time, the same decision."""

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide who handles ``appeal``, dispatched ``at`` that (aware) moment.

        Always decides: where it cannot be sure, the decision is manual (人工派单), its ``because`` says what is
        missing, and ``runners_up`` are up to three candidates, best first.
        """
