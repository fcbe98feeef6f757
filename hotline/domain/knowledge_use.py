"""What becomes of questions: each look-up with its outcome, and candidates for articles that are missing (候选条目)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.domain.errors import HotlineError
from hotline.domain.people import Actor, Role


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question asked of the knowledge base in a conversation.

    ``article``, ``version`` and ``score`` are of the best passage, if there was one; ``is_answered`` whether it was
    spoken or shown. ``helped`` is what the citizen made of it, None when they did not say.
    """

    turn: int
    at: datetime
    question: str
    category: str | None = None
    article: str | None = None
    version: int | None = None
    score: float | None = None
    is_answered: bool = False
    helped: bool | None = None

    @property
    def was_in_vain(self) -> bool:
        """Whether the citizen went away without an answer."""
        return not self.is_answered or self.helped is False


@dataclass(frozen=True, slots=True)
class ArticleUse:
    """How often an article came first, was answered with, helped and did not, in some span of time; ``last_at``: when it was last answered with."""

    article: str
    found: int
    answered: int
    helped: int
    not_helped: int
    last_at: datetime | None = None

    @property
    def helped_share(self) -> float | None:
        """Share of those who said something that said it helped; None when nobody did."""
        said = self.helped + self.not_helped
        return self.helped / said if said else None


class CandidateOrigin(StrEnum):
    """Where a candidate comes from."""

    ORDER = "order"  # 未能即答、办结后回流的咨询（规则 48）
    IN_VAIN = "in_vain"  # 多次问而未答


class CandidateState(StrEnum):
    """Where a candidate stands."""

    WAITING = "waiting"  # 待处理
    TAKEN = "taken"  # 已采用
    DISMISSED = "dismissed"  # 不采用


class CandidateSettledError(HotlineError):
    """Somebody has dealt with the candidate already, or may not; ``reason`` says so in Chinese."""

    code = "knowledge_candidate.settled"

    def __init__(self, *, candidate: str, reason: str) -> None:
        self.candidate = candidate
        self.reason = reason
        super().__init__(f"{candidate}: {reason}")


class CandidateNotFoundError(HotlineError):
    """There is no such candidate."""

    code = "knowledge_candidate.not_found"

    def __init__(self, candidate: str) -> None:
        self.candidate = candidate
        super().__init__(candidate)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that seems to be missing: what people asked, masked, and for answered inquiries what they were told.

    ``unit`` is the name of the unit to ask, ``asked`` how often, ``like`` the id of the nearest article there is.
    ``article`` is what it was taken into. ``key`` makes it unique.
    """

    id: str
    key: str
    origin: CandidateOrigin
    questions: tuple[str, ...]
    at: datetime
    title: str = ""
    answer: str = ""
    unit: str = ""
    category: str | None = None
    asked: int = 1
    like: str | None = None
    state: CandidateState = CandidateState.WAITING
    article: str | None = None
    settled_by: str = ""
    note: str = ""
    revision: int = 1

    def taken(self, article: str, *, by: Actor) -> Candidate:
        """Return it taken into a draft."""
        return self._settled(CandidateState.TAKEN, by, article=article)

    def dismissed(self, reason: str, *, by: Actor) -> Candidate:
        """Return it dismissed by a person, with the reason."""
        if not reason.strip():
            raise CandidateSettledError(candidate=self.id, reason="须写明不采用的原因")
        return self._settled(CandidateState.DISMISSED, by, note=reason)

    def _settled(
        self, state: CandidateState, by: Actor, *, article: str | None = None, note: str = ""
    ) -> Candidate:
        if self.state is not CandidateState.WAITING:
            raise CandidateSettledError(candidate=self.id, reason="候选已经处理")
        if by.role not in (Role.EDITOR, Role.REVIEWER, Role.UNIT):
            raise CandidateSettledError(candidate=self.id, reason="无此权限")
        return replace(
            self, state=state, article=article, settled_by=str(by), note=note, revision=self.revision + 1
        )
