"""Asking to see who a confidential citizen is (查看保密信息申请): another person approves it, for some hours, or refuses it.

Two people and a reason, each look written down (保密单解密须审批并留痕). Units never ask: they talk through the relay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.errors import DeedRefusedError, HotlineError

LONGEST: Final = timedelta(hours=72)
"""For so long an approval may hold at most (待核)."""


class UnmaskState(StrEnum):
    """How a request stands."""

    ASKED = "asked"  # 待审批
    APPROVED = "approved"  # 已批准
    REFUSED = "refused"  # 未批准


class UnmaskRefusedError(HotlineError):
    """It is not to be seen, or not so decided: ``reason`` says why. Nothing was shown, nothing was changed."""

    code = "unmask.refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class UnmaskRequest:
    """One person's request for one order. ``by`` and ``decided_by`` are staff ids; ``until``: an approval holds till then."""

    id: str
    order: str
    by: str
    reason: str
    asked_at: datetime
    state: UnmaskState = UnmaskState.ASKED
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a request without a reason."""
        if not self.reason.strip():
            raise DeedRefusedError(missing="查看事由")

    def approved(self, *, by: str, at: datetime, hold: timedelta, note: str = "") -> UnmaskRequest:
        """Let the asker see it for ``hold``. Raises ``UnmaskRefusedError``."""
        if not timedelta(0) < hold <= LONGEST:
            raise UnmaskRefusedError("an approval holds for some hours, and not longer than the rules allow")
        decided = self._decided(by, at, note)
        return replace(decided, state=UnmaskState.APPROVED, until=at + hold)

    def refused(self, *, by: str, at: datetime, note: str) -> UnmaskRequest:
        """Do not let the asker see it; ``note`` says why. Raises ``UnmaskRefusedError``, ``DeedRefusedError``."""
        if not note.strip():
            raise DeedRefusedError(missing="不批准的理由")
        return replace(self._decided(by, at, note), state=UnmaskState.REFUSED)

    def lets_see(self, who: str, at: datetime) -> bool:
        """Tell whether ``who`` may see the citizens ``at``."""
        return self.by == who and self.until is not None and at < self.until

    def _decided(self, by: str, at: datetime, note: str) -> UnmaskRequest:
        if self.state is not UnmaskState.ASKED:
            raise UnmaskRefusedError("the request is decided already")
        if by == self.by:
            raise UnmaskRefusedError("nobody approves their own application")
        return replace(self, decided_by=by, decided_at=at, note=note)
