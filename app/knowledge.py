"""The knowledge base put together: the city's seed articles and those imported, behind one search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.settings import Settings
from hotline.city import City
from hotline.domain.knowledge import Article
from knowledge_base.articles import load_articles
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.importing import ImportReport, import_articles
from knowledge_base.wording import load_wording

Tell = Callable[[str], None]


def imported_folder(settings: Settings) -> Path:
    """Return where imported articles are kept."""
    return settings.data_dir / "articles"


def all_articles(settings: Settings, city: City) -> tuple[Article, ...]:
    """Return seed and imported articles; an imported one replaces the seed's of the same id."""
    seed = {article.id: article for article in load_articles([city.folder / "articles"], city)}
    imported = load_articles([imported_folder(settings)], city, known=seed)
    seed.update({article.id: article for article in imported})
    return tuple(seed.values())


def open_retriever(settings: Settings, city: City) -> TantivyRetriever:
    """Return the search over all articles."""
    wording = load_wording(city.folder / "lexicon" / "synonyms.yaml")
    return TantivyRetriever(all_articles(settings, city), wording, folder=settings.data_dir / "index")


def check_knowledge(settings: Settings, city: City, tell: Tell) -> None:
    """Read every article; a mistake ends the set-up with its file and row."""
    tell(f"知识库：{len(all_articles(settings, city))} 条")


def import_file(file: Path, settings: Settings, city: City) -> ImportReport:
    """Import a file of articles into the data folder."""
    return import_articles(file, imported_folder(settings), city, all_articles(settings, city))
