"""Articles in their life, for tests: valid by default, a test says only what matters to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hotline.domain.article_life import ArticleStep, ArticleVersion
from hotline.domain.people import Actor, Role, unit_actor
from tests.builders import NOW, an_article

EDITOR = Actor(Role.EDITOR, "e-1")
OTHER_EDITOR = Actor(Role.EDITOR, "e-2")
REVIEWER = Actor(Role.REVIEWER, "r-1")
HOUSING = unit_actor("body-housing", "h-1")
"""The unit of ``a_full_article``."""


def a_full_article(**values: Any) -> Any:
    """An article that may be reviewed."""
    given = {
        "questions": ("暖气哪天来", "几号供暖", "啥时候送暖", "供暖到哪天", "暖气哪天停"),
        "unit": "市住房城乡建设局",
        "category": "0101",
        **values,
    }
    return an_article(**given)


def a_draft(by: Actor = EDITOR, at: datetime = NOW, **values: Any) -> ArticleVersion:
    return ArticleVersion.started(a_full_article(**values), by=by, at=at)


def in_review(by: Actor = EDITOR, at: datetime = NOW, **values: Any) -> ArticleVersion:
    return a_draft(by, at, **values).after(ArticleStep.SUBMIT, by=by, at=at)


def scheduled(at: datetime = NOW, publish_at: datetime | None = None, **values: Any) -> ArticleVersion:
    return in_review(at=at, **values).after(
        ArticleStep.APPROVE, by=REVIEWER, at=at, publish_at=publish_at or at
    )


def published(at: datetime = NOW, **values: Any) -> ArticleVersion:
    return scheduled(at, **values).after(ArticleStep.PUBLISH, by=REVIEWER, at=at)
