"""Calls that may be malicious (疑似恶意来电): flagged with evidence by the machine or an agent, judged by a person.

劝阻 → 记录 → 人工认定: the machine blocks nobody, whatever was judged; and how often somebody calls decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import DeedRefusedError, HotlineError


class Suspicion(StrEnum):
    """Why a call is flagged."""

    ABUSIVE = "abusive"  # 辱骂、骚扰：已劝阻
    FREQUENT = "frequent"  # 当天来电很多
    AGENT = "agent"  # 话务员标记


class Verdict(StrEnum):
    """What a person found."""

    MALICIOUS = "malicious"  # 认定为恶意来电
    HARMLESS = "harmless"  # 不是恶意来电


class Measure(StrEnum):
    """What follows for people to do; none of it keeps anybody from calling."""

    NONE = "none"
    WARNED = "warned"  # 已劝诫教育
    POLICE = "police"  # 线索移送公安


class NuisanceJudgedError(HotlineError):
    """Somebody has judged the call already. Nothing was changed."""

    code = "nuisance.judged"


class NoSuchNuisanceError(HotlineError):
    """No call was flagged under this id."""

    code = "nuisance.unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A person's judgement; ``reason`` is compulsory."""

    verdict: Verdict
    measure: Measure
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NuisanceFlag:
    """One flagged call with its evidence: ``words`` as said, ``calls_on_day`` of this number, and its recording.

    The recording and the transcript are those of ``conversation``.
    """

    id: str
    conversation: str
    phone: PhoneNumber | None
    suspicion: Suspicion
    words: tuple[str, ...] = field(repr=False)
    calls_on_day: int
    at: datetime
    flagged_by: str = "machine"
    judgement: Judgement | None = None

    def judged(self, judgement: Judgement) -> NuisanceFlag:
        """Return it judged. Raises ``NuisanceJudgedError``, ``DeedRefusedError`` without a reason."""
        if self.judgement is not None:
            raise NuisanceJudgedError(self.id)
        if not judgement.reason.strip():
            raise DeedRefusedError(missing="认定理由")
        if judgement.verdict is Verdict.HARMLESS and judgement.measure is not Measure.NONE:
            raise DeedRefusedError(missing="恶意来电的认定，才能采取措施")
        return replace(self, judgement=judgement)
