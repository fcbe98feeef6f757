"""Articles, versions and golden reports as plain JSON, for commands and interfaces."""

from __future__ import annotations

import dataclasses
from typing import Any

from hotline.domain.article_life import ArticleVersion
from hotline.domain.golden_gate import GateReport
from hotline.domain.knowledge import Article


def article_report(article: Article) -> dict[str, Any]:
    """Return an article as plain JSON."""
    row = dataclasses.asdict(article)
    row["valid_from"] = article.valid_from.isoformat()
    row["valid_until"] = article.valid_until.isoformat() if article.valid_until else None
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


def version_report(version: ArticleVersion) -> dict[str, Any]:
    """Return a version with its life as plain JSON."""
    return {
        "article": article_report(version.article),
        "status": version.status.value,
        "revision": version.revision,
        "authors": list(version.authors),
        "reviewed_by": version.reviewed_by,
        "publish_at": version.publish_at.isoformat() if version.publish_at else None,
        "origin": version.origin,
        "is_held": version.is_held,
        "history": [
            {
                "at": entry.at.isoformat(),
                "by": str(entry.by),
                "step": entry.step.value if entry.step else None,
                "status": entry.after.value,
                "note": entry.note,
            }
            for entry in version.history
        ],
    }


def gate_report(report: GateReport) -> dict[str, Any]:
    """Return what golden questions say as plain JSON."""
    return {
        "cases": report.cases,
        "right": [report.right_before, report.right_after],
        "wrong_answers": [report.harmful_before, report.harmful_after],
        "is_drop": report.is_drop,
        "moved": [dataclasses.asdict(one) for one in report.moved],
    }
