"""The life of an article (知识条目的生命周期): its versions, the steps between their states, and who may take which.

``承办单位维护、热线机构审核；过期自动下线`` (rule 47): a unit's people or an editor write, somebody else of the hotline
reviews, and only a published version is ever answered with. A version that has left the draft is never edited again: who
wants another text starts the next version. The table below is the whole of it; an illegal step raises and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.errors import HotlineError
from hotline.domain.golden_gate import GateReport
from hotline.domain.knowledge import Article
from hotline.domain.people import MACHINE, Actor, Role


class ArticleStatus(StrEnum):
    """State of one version of an article (条目状态)."""

    DRAFT = "draft"  # 草稿
    IN_REVIEW = "in_review"  # 待审核
    SCHEDULED = "scheduled"  # 待发布
    PUBLISHED = "published"  # 已发布
    REPLACED = "replaced"  # 已被新版本替换
    EXPIRED = "expired"  # 已过期
    RETIRED = "retired"  # 已下线
    DISCARDED = "discarded"  # 已作废（从未发布）


class ArticleStep(StrEnum):
    """What may be done to a version (条目操作)."""

    EDIT = "edit"  # 编辑
    SUBMIT = "submit"  # 提交审核
    SEND_BACK = "send_back"  # 审核退回
    APPROVE = "approve"  # 审核通过
    PUBLISH = "publish"  # 发布
    HOLD = "hold"  # 发布受阻（对照题回退，问法重复）
    WARN = "warn"  # 到期预警
    EXPIRE = "expire"  # 到期下线
    REPLACE = "replace"  # 被新版本替换
    RETIRE = "retire"  # 下线
    DISCARD = "discard"  # 作废


TRANSITIONS: Final[dict[tuple[ArticleStatus, ArticleStep], ArticleStatus]] = {
    (ArticleStatus.DRAFT, ArticleStep.EDIT): ArticleStatus.DRAFT,
    (ArticleStatus.DRAFT, ArticleStep.SUBMIT): ArticleStatus.IN_REVIEW,
    (ArticleStatus.DRAFT, ArticleStep.DISCARD): ArticleStatus.DISCARDED,
    (ArticleStatus.IN_REVIEW, ArticleStep.SEND_BACK): ArticleStatus.DRAFT,
    (ArticleStatus.IN_REVIEW, ArticleStep.APPROVE): ArticleStatus.SCHEDULED,
    (ArticleStatus.IN_REVIEW, ArticleStep.DISCARD): ArticleStatus.DISCARDED,
    (ArticleStatus.SCHEDULED, ArticleStep.HOLD): ArticleStatus.SCHEDULED,
    (ArticleStatus.SCHEDULED, ArticleStep.SEND_BACK): ArticleStatus.DRAFT,
    (ArticleStatus.SCHEDULED, ArticleStep.PUBLISH): ArticleStatus.PUBLISHED,
    (ArticleStatus.SCHEDULED, ArticleStep.DISCARD): ArticleStatus.DISCARDED,
    (ArticleStatus.PUBLISHED, ArticleStep.WARN): ArticleStatus.PUBLISHED,
    (ArticleStatus.PUBLISHED, ArticleStep.EXPIRE): ArticleStatus.EXPIRED,
    (ArticleStatus.PUBLISHED, ArticleStep.REPLACE): ArticleStatus.REPLACED,
    (ArticleStatus.PUBLISHED, ArticleStep.RETIRE): ArticleStatus.RETIRED,
    (ArticleStatus.EXPIRED, ArticleStep.REPLACE): ArticleStatus.REPLACED,
    (ArticleStatus.EXPIRED, ArticleStep.RETIRE): ArticleStatus.RETIRED,
    (ArticleStatus.RETIRED, ArticleStep.REPLACE): ArticleStatus.REPLACED,
}

OPEN: Final = frozenset({ArticleStatus.DRAFT, ArticleStatus.IN_REVIEW, ArticleStatus.SCHEDULED})
"""States of a version that is being made; an article has at most one such version."""

_WRITERS: Final = frozenset({Role.EDITOR, Role.REVIEWER, Role.UNIT})
_MACHINE: Final = frozenset({Role.MACHINE})

WHO: Final[dict[ArticleStep, frozenset[Role]]] = {
    ArticleStep.EDIT: _WRITERS,
    ArticleStep.SUBMIT: _WRITERS,
    ArticleStep.SEND_BACK: frozenset({Role.REVIEWER}),
    ArticleStep.APPROVE: frozenset({Role.REVIEWER}),
    ArticleStep.PUBLISH: _MACHINE | {Role.REVIEWER},
    ArticleStep.HOLD: _MACHINE | {Role.REVIEWER},
    ArticleStep.WARN: _MACHINE,
    ArticleStep.EXPIRE: _MACHINE,
    ArticleStep.REPLACE: _MACHINE | {Role.REVIEWER},
    ArticleStep.RETIRE: _WRITERS,
    ArticleStep.DISCARD: _WRITERS,
}
"""Who may take a step. Taking an article out of use is for everybody who may write it: a wrong answer must end at once."""

SEED: Final = "seed"

STARTERS: Final = _WRITERS | _MACHINE
"""Who may start an article or its next version; the machine's drafts wait for a person."""

_BY_ANOTHER: Final = frozenset({ArticleStep.APPROVE, ArticleStep.PUBLISH})
"""What nobody does with their own text: to bring it forward or to overrule golden questions is reviewing too."""

_NEEDS_A_REASON: Final = frozenset({ArticleStep.SEND_BACK, ArticleStep.RETIRE, ArticleStep.DISCARD})


class Refusal(StrEnum):
    """Why a step is not taken although the state allows it."""

    ROLE = "role"  # 无此权限
    OTHER_UNIT = "other_unit"  # 不是本单位的条目
    OWN_WORK = "own_work"  # 本人编写的须由他人审核
    NO_REASON = "no_reason"  # 须写明原因
    INCOMPLETE = "incomplete"  # 内容不合格
    OPEN_VERSION = "open_version"  # 已有在编的版本
    GOLDEN = "golden"  # 对照题回退
    NOT_VALID_YET = "not_valid_yet"  # 未到生效日，在用的版本仍有效


class ArticleStepRefusedError(HotlineError):
    """The step is not allowed to this person, in this state, or with this text; nothing was changed.

    ``refusal`` says why, None that the state does not allow it; ``reasons`` are sentences in Chinese.
    """

    code = "article.step_refused"

    def __init__(
        self,
        *,
        article: str,
        status: ArticleStatus,
        step: ArticleStep,
        refusal: Refusal | None = None,
        reasons: tuple[str, ...] = (),
    ) -> None:
        self.article = article
        self.status = status
        self.step = step
        self.refusal = refusal
        self.reasons = reasons
        super().__init__(f"{article}: {status} -/-> {step} ({refusal or 'state'}) {'；'.join(reasons)}")


class PublicationBlockedError(HotlineError):
    """Golden questions would be answered worse; ``report`` says which moved. Nothing was published."""

    code = "article.blocked"

    def __init__(self, report: GateReport) -> None:
        self.report = report
        worse = "；".join(f"{each.case}：{each.before or '无'}→{each.after or '无'}" for each in report.worse)
        super().__init__(worse)


class ArticleNotFoundError(HotlineError):
    """There is no such article, or no such version of it."""

    code = "article.not_found"

    def __init__(self, article: str, version: int | None = None) -> None:
        self.article = article
        self.version = version
        super().__init__(article if version is None else f"{article} v{version}")


class StaleArticleError(HotlineError):
    """Somebody else changed the version since it was read."""

    code = "article.stale"
    retryable = True

    def __init__(self, article: str) -> None:
        self.article = article
        super().__init__(article)


@dataclass(frozen=True, slots=True)
class ArticleEntry:
    """One step in the life of a version. ``step`` None is its start; ``note`` says why, in Chinese."""

    at: datetime
    by: Actor
    step: ArticleStep | None
    before: ArticleStatus | None
    after: ArticleStatus
    note: str = ""


@dataclass(frozen=True, slots=True)
class ArticleVersion:
    """One version of an article with its life.

    ``authors`` are the ids of all who wrote on it; none of them may review or publish it. ``publish_at`` is when it takes effect
    once approved; ``over_gate`` why it does though golden questions are answered worse, in the way that ``overruled`` says. ``origin`` is where it came from: "" a person, "seed" the city's files, "import" a file,
    ``candidate:<id>`` an inquiry that could not be answered, ``order:<number>`` an order whose unit suggests it. ``revision`` counts changes for optimistic locking.
    """

    article: Article
    status: ArticleStatus
    history: tuple[ArticleEntry, ...]
    authors: tuple[str, ...] = ()
    publish_at: datetime | None = None
    origin: str = ""
    revision: int = 1
    over_gate: str = ""
    overruled: str = ""

    @classmethod
    def started(
        cls, article: Article, *, by: Actor, at: datetime, note: str = "", origin: str = ""
    ) -> ArticleVersion:
        """Return a fresh draft. Raises ``ArticleStepRefusedError`` for who may not write."""
        entry = ArticleEntry(at, by, None, None, ArticleStatus.DRAFT, note)
        authors = (by.id,) if by.is_person else ()
        draft = cls(article, ArticleStatus.DRAFT, (entry,), authors, origin=origin)
        if by.role not in STARTERS:
            raise draft.refused(ArticleStep.EDIT, Refusal.ROLE)
        return draft

    @classmethod
    def seeded(cls, article: Article, *, at: datetime) -> ArticleVersion:
        """Return a version from the city's files: their authors and reviewers are those who release the files."""
        entry = ArticleEntry(at, MACHINE, None, None, ArticleStatus.PUBLISHED)
        return cls(article, ArticleStatus.PUBLISHED, (entry,), publish_at=at, origin=SEED)

    @property
    def id(self) -> str:
        """The article's id."""
        return self.article.id

    @property
    def number(self) -> int:
        """Which version of the article it is, from 1."""
        return self.article.version

    @property
    def is_open(self) -> bool:
        """Whether it is still being made."""
        return self.status in OPEN

    @property
    def reviewed_by(self) -> str | None:
        """Who approved it, or None (审核人)."""
        approved = (entry.by.id for entry in reversed(self.history) if entry.step is ArticleStep.APPROVE)
        return next(approved, None)

    @property
    def published_at(self) -> datetime | None:
        """When it came into force, or None."""
        published = ArticleStatus.PUBLISHED
        came = (one.at for one in self.history if one.after is published and one.before is not published)
        return next(came, None)

    @property
    def is_held(self) -> bool:
        """Whether golden questions, or an article that asks the same, kept it from taking effect."""
        return self.status is ArticleStatus.SCHEDULED and self.history[-1].step is ArticleStep.HOLD

    def is_expiring(self, *, on: date, within: timedelta) -> bool:
        """Tell whether it is published and runs out within that time."""
        until = self.article.valid_until
        return self.status is ArticleStatus.PUBLISHED and until is not None and until - within <= on

    def was_warned(self, *, since: date) -> bool:
        """Tell whether its running out was announced since that day."""
        return any(entry.step is ArticleStep.WARN and entry.at.date() >= since for entry in self.history)

    def edited(self, article: Article, *, by: Actor, at: datetime, note: str = "") -> ArticleVersion:
        """Return the draft with another text; who wrote it becomes one of its authors."""
        changed = self.after(ArticleStep.EDIT, by=by, at=at, note=note)
        kept = replace(article, id=self.article.id, version=self.article.version)
        return replace(changed, article=kept, authors=_with(self.authors, by))

    def after(
        self,
        step: ArticleStep,
        *,
        by: Actor,
        at: datetime,
        note: str = "",
        publish_at: datetime | None = None,
    ) -> ArticleVersion:
        """Return the version after ``step``; raise ``ArticleStepRefusedError`` if it is not allowed now or not to ``by``."""
        status = TRANSITIONS.get((self.status, step))
        if status is None:
            raise self.refused(step)
        if (refusal := self._refusal(step, by, note)) is not None:
            raise self.refused(step, refusal)
        entry = ArticleEntry(at, by, step, self.status, status, note)
        return replace(
            self,
            status=status,
            history=(*self.history, entry),
            authors=_with(self.authors, by) if step is ArticleStep.SUBMIT else self.authors,
            publish_at=publish_at if step is ArticleStep.APPROVE else self.publish_at,
            revision=self.revision + 1,
        )

    def refused(
        self, step: ArticleStep, refusal: Refusal | None = None, reasons: tuple[str, ...] = ()
    ) -> ArticleStepRefusedError:
        """Return the error that says why ``step`` is not taken."""
        return ArticleStepRefusedError(
            article=self.id, status=self.status, step=step, refusal=refusal, reasons=reasons
        )

    def _refusal(self, step: ArticleStep, by: Actor, note: str) -> Refusal | None:
        if by.role not in WHO[step]:
            return Refusal.ROLE
        if step in _BY_ANOTHER and by.id in self.authors:
            return Refusal.OWN_WORK
        if step in _NEEDS_A_REASON and not note.strip():
            return Refusal.NO_REASON
        return None


def _with(authors: tuple[str, ...], by: Actor) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*authors, by.id))) if by.is_person else authors
