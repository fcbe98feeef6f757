"""A check on golden questions (核对对照题): what has to pass before an article takes effect, and what came of it.

It takes a minute, so it runs behind the page. A process that dies leaves it without a sign of life: it counts as broken off
then, nothing was published, and it may be begun again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.article_life import ArticleStep
from hotline.domain.errors import HotlineError
from hotline.domain.golden_gate import GateReport
from hotline.domain.people import Actor

SILENT: Final = timedelta(seconds=60)
"""Without a sign of life for so long, the process that checked is gone."""

ALL: Final = "*"
"""The subject of a check of the knowledge base as it is; no article has this id."""


SEVERAL: Final = "+"
"""How the subject of a check on several articles at once begins; behind it comes its token. No article has such an id."""

KEPT: Final = timedelta(days=7)
"""How long a check on several articles can be asked for once it has ended."""


class CheckState(StrEnum):
    """How a check stands."""

    RUNNING = "running"  # 正在核对
    PASSED = "passed"  # 通过，已发布或者等待发布
    BLOCKED = "blocked"  # 对照题回退，没有发布
    REFUSED = "refused"  # 其间条目变了，没有发布
    FAILED = "failed"  # 没能核对完，没有发布
    BROKEN_OFF = "broken_off"  # 核对的进程没有了，没有发布


class CheckRunningError(HotlineError):
    """Golden questions are being asked for this already; nothing was begun."""

    code = "article.check_running"
    retryable = True

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__(subject)


class CheckNotFoundError(HotlineError):
    """There is no such check, or a later one of the same article took its place."""

    code = "article.check_not_found"


@dataclass(frozen=True, slots=True)
class GoldenCheck:
    """One check. ``subject`` is the article, ``SEVERAL`` or ``ALL``; ``version`` and ``revision`` are what was approved, as it was read.

    ``token`` is its own id; ``articles`` are those that it publishes, all or none.

    ``asked`` of ``questions`` are done, both 0 before the first one. ``code`` is the error that ended it, ``reasons`` what
    it says. ``note``, ``publish_at`` and ``over_gate`` are what the reviewer gave.
    """

    subject: str
    token: str
    by: Actor
    started_at: datetime
    beat_at: datetime
    step: ArticleStep | None = None
    version: int = 0
    revision: int = 0
    note: str = ""
    publish_at: datetime | None = None
    over_gate: str = ""
    state: CheckState = CheckState.RUNNING
    asked: int = 0
    questions: int = 0
    report: GateReport | None = None
    code: str = ""
    reasons: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()

    def seen(self, now: datetime) -> CheckState:
        """Return how it stands: one that shows no sign of life is broken off."""
        is_silent = self.state is CheckState.RUNNING and now - self.beat_at > SILENT
        return CheckState.BROKEN_OFF if is_silent else self.state
