"""What all pages of the knowledge base share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import HTTPException, Request
from fastapi import Path as InPath

from desk.front import WORDS, Front
from desk.guard import front_of
from desk.knowledge import KnowledgeTools
from hotline.domain.accounts import KEEPERS
from hotline.domain.article_life import (
    ArticleStatus,
    ArticleStepRefusedError,
    ArticleVersion,
)
from hotline.domain.errors import HotlineError
from hotline.domain.golden_check import CheckRunningError
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_files import SUFFIXES

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,39}")
ArticleId = Annotated[str, InPath(pattern=rf"^{ID.pattern}$")]
FIELDS: Final[Mapping[str, str]] = WORDS["article_fields"]


def tools_of(request: Request) -> KnowledgeTools:
    """Return the tools, or answer that there is no such page where there is no knowledge base."""
    found = front_of(request).parts.knowledge
    if found is None:
        raise HTTPException(404)
    return found


def today(front: Front) -> date:
    """Return the day by the city's clock."""
    return front.parts.clock().astimezone(front.parts.city.timezone).date()


async def names_of(front: Front) -> dict[str, str]:
    """Return the names of those who keep the knowledge base, by what they sign in with."""
    listed = front.parts.accounts.store.listed
    return {one.login: one.name for role in KEEPERS for one in await listed(role=role, limit=1_000)}


def is_editable(version: ArticleVersion) -> bool:
    """Tell whether the latest version may be edited, or a next one be started."""
    return version.status is ArticleStatus.DRAFT or not version.is_open


def worded(front: Front, error: HotlineError) -> tuple[int, str]:
    """Return the status and the sentence for a refusal on a page."""
    status, text = front.parts.worded(error)
    match error:
        case ArticleStepRefusedError():
            text = refusal_words(error)
        case CheckRunningError():
            status, text = 409, WORDS["golden_checks"]["running"]
        case _:
            pass
    return status, text


def refusal_words(error: ArticleStepRefusedError) -> str:
    """Return why a step on an article was refused, for people."""
    why: Mapping[str, str] = WORDS["article_refusals"]
    text = why[error.refusal.value if error.refusal is not None else "status"]
    return f"{text}：{'；'.join(error.reasons)}" if error.reasons else text


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment as a page shows it: ``href`` empty where there is nothing to open, ``about`` its kind and size."""

    name: str
    address: str
    href: str
    about: str


async def attached(tools: KnowledgeTools, article: Article, at: str = "") -> list[Attached]:
    """Return an article's attachments; files that editors handed in are opened below ``at``, the article's page."""
    known = await tools.files.of(article)
    kinds: Mapping[str, str] = WORDS["file_kinds"]
    found = []
    for one in article.attachments:
        file = known.get(one.digest or "")
        href = one.address if one.address.startswith("https://") else ""
        about = WORDS["file_missing"] if one.digest is not None else ""
        if file is not None:
            href = f"{at}/files/{file.digest}" if at else ""
            about = f"{kinds[SUFFIXES[file.kind]]} {_size(file.size)}"
        found.append(Attached(one.name, one.address, href, about))
    return found


def _size(many: int) -> str:
    return f"{many / 1_048_576:.1f} MB" if many >= 1_048_576 else f"{max(1, round(many / 1024))} KB"


def parts_of(ids: str) -> tuple[str, ...]:
    """Return the ids of articles that somebody typed, each once."""
    return tuple(dict.fromkeys(part for part in re.split(r"[\s,，、;；|]+", ids) if part))


async def unknown(tools: KnowledgeTools, ids: Sequence[str]) -> str:
    """Return those of the ids that no article has, for people."""
    known = await tools.lists.titles([one for one in ids if ID.fullmatch(one)])
    return "、".join(one for one in ids if one not in known)
