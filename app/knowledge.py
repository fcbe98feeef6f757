"""The knowledge base put together: the city's articles sown into the database, the index over it, the golden gate."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from app.at_rest import seal_of
from app.clock import now
from app.knowledge_finder import KnowledgeFinder
from app.knowledge_gate import GoldenGate
from app.knowledge_rules import load_knowledge_rules
from app.settings import Settings
from hotline.city import City
from hotline.domain.errors import ModelRefusedError
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_rules import KnowledgeRules
from hotline.domain.time_limits import TimeLimits
from hotline.service.golden_checks import GoldenChecks
from hotline.service.knowledge import Knowledge
from hotline.service.knowledge_files import KnowledgeFiles
from hotline.service.knowledge_gaps import Drafting
from hotline.service.knowledge_tasks import KnowledgeTasks
from hotline.store.golden_checks import SqlGoldenChecks
from hotline.store.knowledge import SqlKnowledge
from hotline.store.knowledge_files import SqlKnowledgeFiles
from hotline.store.knowledge_use import SqlKnowledgeUse
from hotline.store.sql import SqlStore, migrate
from knowledge_base.articles import faults_of, load_articles
from knowledge_base.engines.e5_package import NAME as ENCODER
from knowledge_base.engines.live import LiveRetriever
from knowledge_base.engines.onnx_encoder import OnnxEncoder
from knowledge_base.engines.opensearch import OpenSearchRetriever
from knowledge_base.engines.opensearch_index import OpenSearchIndex
from knowledge_base.engines.shared import SharedRetriever
from knowledge_base.engines.vectors import Vectors
from knowledge_base.golden import GoldenQuestion, load_golden
from knowledge_base.golden_book import GoldenBook
from knowledge_base.retriever import Retriever
from knowledge_base.wording import Wording, load_wording
from router.tables import CatalogueHolder

log = structlog.get_logger("knowledge")


@dataclass(frozen=True, slots=True)
class KnowledgeParts:
    """The knowledge base of a process: searching, editing, tasks, and what is kept of its use.

    ``answering`` is what citizens are answered from: ``retriever``, the machine's own index, or the one that machines share.
    """

    store: SqlKnowledge
    use: SqlKnowledgeUse
    rules: KnowledgeRules
    tasks: KnowledgeTasks
    editing: Knowledge
    retriever: LiveRetriever
    answering: Retriever
    gate: GoldenGate
    finder: KnowledgeFinder
    drafting: Drafting
    checks: GoldenChecks
    golden: GoldenBook
    files: KnowledgeFiles


def city_articles(settings: Settings, city: City) -> tuple[Article, ...]:
    """Return the city's articles and those that a former version imported into the data folder, which replace them."""
    seed = {article.id: article for article in load_articles([city.folder / "articles"], city)}
    imported = load_articles([settings.data_dir / "articles"], city, known=seed)
    seed.update({article.id: article for article in imported})
    return tuple(seed.values())


async def open_knowledge(
    settings: Settings,
    city: City,
    store: SqlStore,
    limits: Callable[[], TimeLimits],
    stack: AsyncExitStack,
) -> KnowledgeParts:
    """Open the knowledge base: what is new in the city's files is published, and the index follows the database."""
    parts = await open_editing(settings, city, store, limits)
    articles = city_articles(settings, city)
    report = await parts.editing.sow(articles, at=now())
    log.info("knowledge.sown", added=len(report.added), updated=len(report.updated), kept=len(report.kept))
    await parts.retriever.open(stack)
    stack.push_async_callback(parts.checks.close)
    if isinstance(parts.answering, SharedRetriever):
        await parts.answering.open(stack)
    return parts


async def open_alone(settings: Settings, city: City, stack: AsyncExitStack) -> KnowledgeParts:
    """Open the knowledge base without the rest of the hotline."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await migrate(settings.database_url)
    store = SqlStore(settings.database_url, seal_of(settings))
    stack.push_async_callback(store.close)
    tables = CatalogueHolder(city)
    return await open_knowledge(settings, city, store, lambda: tables.current.limits, stack)


async def open_editing(
    settings: Settings,
    city: City,
    store: SqlStore,
    limits: Callable[[], TimeLimits],
    *,
    golden: Sequence[GoldenQuestion] | None = None,
) -> KnowledgeParts:
    """Put the parts together without opening the index. ``golden`` takes the place of the city's golden questions."""
    wording = load_wording(city.folder / "lexicon" / "synonyms.yaml")
    rules = load_knowledge_rules(city)
    seal = seal_of(settings)
    articles, use = SqlKnowledge(store.database, seal), SqlKnowledgeUse(store.database, seal)
    files = KnowledgeFiles(
        SqlKnowledgeFiles(store.database, seal, knowledge_files_folder(settings)),
        articles,
        most_bytes=settings.knowledge_file_mib * 1024 * 1024,
    )
    vectors = await asyncio.to_thread(open_vectors, settings)
    retriever = LiveRetriever(articles, settings.data_dir / "index", wording, vectors=vectors)
    book = GoldenBook(load_golden(city.folder / "golden") if golden is None else golden, use)
    gate = GoldenGate(retriever, wording, book, partial(open_vectors, settings))
    tasks = KnowledgeTasks(
        articles, units=city.units, rules=rules, limits=limits, new_id=lambda: secrets.token_hex(8)
    )
    editing = Knowledge(
        articles,
        tasks,
        units=city.units,
        rules=rules,
        timezone=city.timezone,
        check=lambda article: faults_of(article, city),
        gate=gate,
        lookalikes=gate,
        files=files,
    )
    return KnowledgeParts(
        store=articles,
        use=use,
        rules=rules,
        tasks=tasks,
        editing=editing,
        retriever=retriever,
        answering=_shared(settings, wording, vectors, retriever, articles),
        gate=gate,
        finder=KnowledgeFinder(retriever, wording),
        drafting=Drafting(use, articles, editing, city.timezone),
        checks=GoldenChecks(
            SqlGoldenChecks(store.database), editing, gate, timezone=city.timezone, clock=now
        ),
        golden=book,
        files=files,
    )


def knowledge_files_folder(settings: Settings) -> Path:
    """Return where the files of articles are kept."""
    return settings.knowledge_files_dir or settings.data_dir / "knowledge_files"


def _shared(
    settings: Settings,
    wording: Wording,
    vectors: Vectors | None,
    own: LiveRetriever,
    articles: SqlKnowledge,
) -> Retriever:
    if settings.opensearch is None:
        return own
    index = OpenSearchIndex(settings.opensearch.get_secret_value(), wording, vectors=vectors)
    return SharedRetriever(OpenSearchRetriever(index), own, articles)


def open_vectors(settings: Settings) -> Vectors | None:
    """Return vectors by the encoder that is set; None without one, or when its model is refused: then words alone decide."""
    if settings.encoder == "off":
        return None
    folder = settings.models_dir / ENCODER if settings.encoder == "auto" else Path(settings.encoder)
    if settings.encoder == "auto" and not folder.is_dir():
        return None
    try:
        return Vectors(OnnxEncoder(folder), settings.models_dir.parent / "vectors")
    except ModelRefusedError as error:
        log.error("encoder.refused", model=error.model, file=error.file, reason=error.reason)
        return None


def check_knowledge(settings: Settings, city: City) -> tuple[int, int]:
    """Read every article and golden question; return how many. Raises ``CityConfigError`` with file and row."""
    load_knowledge_rules(city)
    articles: Sequence[Article] = city_articles(settings, city)
    golden = load_golden(city.folder / "golden", {article.id for article in articles})
    return len(articles), len(golden)
