"""What the pages of the knowledge base need (知识库工作台)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from hotline.domain.knowledge import Article
from hotline.service.golden_checks import GoldenChecks
from hotline.service.knowledge import Knowledge
from hotline.service.knowledge_files import KnowledgeFiles
from hotline.service.knowledge_gaps import Drafting
from hotline.service.knowledge_tasks import KnowledgeTasks
from hotline.store.knowledge import SqlKnowledge
from hotline.store.knowledge_lists import SqlKnowledgeLists
from hotline.store.knowledge_use import SqlKnowledgeUse
from knowledge_base.comparing import EditorsWarning
from knowledge_base.golden_book import GoldenBook


class Comparing(Protocol):
    """Finds what an article repeats or contradicts (``app.knowledge_finder``)."""

    async def warnings(self, article: Article, *, on: date) -> Sequence[EditorsWarning]:
        """Return near duplicates and figures that differ. Raises ``EngineUnavailableError`` while there is no index."""


@dataclass(frozen=True, slots=True)
class KnowledgeTools:
    """``spoken`` gives what a caller hears of an article, ``written`` the messages that WeChat shows, with the words around it.

    ``aloud`` says how a text is read: figures in words. Without ``sound`` (WAV of a text) nothing can be listened to.
    """

    store: SqlKnowledge
    lists: SqlKnowledgeLists
    use: SqlKnowledgeUse
    editing: Knowledge
    checks: GoldenChecks
    golden: GoldenBook
    tasks: KnowledgeTasks
    drafting: Drafting
    comparing: Comparing
    spoken: Callable[[Article], str]
    written: Callable[[Article], Sequence[str]]
    aloud: Callable[[str], str]
    files: KnowledgeFiles
    sound: Callable[[str], Awaitable[bytes]] | None = None
