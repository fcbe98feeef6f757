"""Corrections (纠正): what people changed of what the machine understood, reviewed by a second person, then learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.domain.errors import HotlineError


class CorrectionOf(StrEnum):
    """What was wrong."""

    CATEGORY = "category"  # 分类
    PLACE = "place"  # 地点
    UNIT = "unit"  # 承办单位


class CorrectionState(StrEnum):
    """How a correction stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPORTED = "exported"


class NoSuchCorrectionError(HotlineError):
    """There is no such correction."""

    code = "correction.unknown"

    def __init__(self, correction: str) -> None:
        self.correction = correction
        super().__init__(correction)


class IllegalCorrectionError(HotlineError):
    """A step that the correction's ``state`` does not allow. Nothing was changed."""

    code = "correction.illegal"

    def __init__(self, correction: str, state: CorrectionState) -> None:
        self.correction = correction
        self.state = state
        super().__init__(f"{correction}: {state}")


class SelfReviewError(HotlineError):
    """Who corrected may not be who reviews it."""

    code = "correction.self_review"

    def __init__(self, correction: str) -> None:
        self.correction = correction
        super().__init__(correction)


class PersonalWordsError(HotlineError):
    """The words still look like a person's (``found``, masked): such a sentence is not learned from."""

    code = "correction.personal"

    def __init__(self, correction: str, found: tuple[str, ...]) -> None:
        self.correction = correction
        self.found = found
        super().__init__(f"{correction}: {'、'.join(found)}")


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. ``understood`` and ``right`` are codes (of a category or unit) or the place in words.

    ``text`` are the words to learn from, masked; ``engine`` and ``confidence`` say who was wrong and how sure it was.
    """

    id: str
    order: str
    of: CorrectionOf
    text: str
    understood: str
    right: str
    by: str
    at: datetime
    engine: str = ""
    confidence: float = 0.0
    note: str = ""
    state: CorrectionState = CorrectionState.PROPOSED
    reviewed_by: str = ""
    reviewed_at: datetime | None = None

    def approved(self, *, by: str, at: datetime, text: str = "") -> Correction:
        """Let it be learned from, with other words if they are given. Raises what ``_reviewed`` raises."""
        return replace(self._reviewed(by, at), state=CorrectionState.APPROVED, text=text.strip() or self.text)

    def rejected(self, *, by: str, at: datetime, note: str = "") -> Correction:
        """Do not learn from it."""
        return replace(self._reviewed(by, at), state=CorrectionState.REJECTED, note=note or self.note)

    def exported(self) -> Correction:
        """It is among the training rows now."""
        if self.state is not CorrectionState.APPROVED:
            raise IllegalCorrectionError(self.id, self.state)
        return replace(self, state=CorrectionState.EXPORTED)

    def _reviewed(self, by: str, at: datetime) -> Correction:
        if self.state is not CorrectionState.PROPOSED:
            raise IllegalCorrectionError(self.id, self.state)
        if by == self.by:
            raise SelfReviewError(self.id)
        return replace(self, reviewed_by=by, reviewed_at=at)
