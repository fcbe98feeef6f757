"""Search as an editor tries it out (``hotline kb search``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from knowledge_base.retriever import Retriever


async def search_report(
    retriever: Retriever, text: str, *, on: date, county: str | None = None, limit: int = 5
) -> dict[str, Any]:
    """Return ``{"would_answer", "passages": [{"article", "title", "score", "spoken"}]}``, best first."""
    passages = await retriever.retrieve(text, on=on, county=county, limit=limit)
    return {
        "would_answer": bool(passages) and passages[0].is_confident,
        "passages": [
            {
                "article": passage.article.id,
                "title": passage.article.title,
                "score": passage.score,
                "spoken": passage.article.spoken,
            }
            for passage in passages
        ],
    }
