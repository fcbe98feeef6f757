"""The index that tantivy searches: in memory, or in a folder from which an unchanged one is opened again.

The folder's name carries a fingerprint of the articles and the wording, and a manifest holds a hash of every file, so
that a changed article, a changed synonym and a damaged file all lead to a new index and never to a wrong answer.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import tantivy

from hotline.domain.category import at_level
from hotline.domain.knowledge import Article
from knowledge_base.terms import terms_of
from knowledge_base.wording import Wording

_LAYOUT: Final = 2
"""Counts up when the fields or the terms change: an index of another layout is not opened."""
_MANIFEST: Final = "manifest.json"
_WRITER_BYTES: Final = 15_000_000


FIELDS: Final = tuple(
    f"{part}_{kind}" for part in ("asked", "body") for kind in ("words", "characters", "sounds")
)
"""Searched fields: title and ways of asking in ``asked_…``, the answer in ``body_…``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One article as it is indexed: terms joined by spaces for each searched field."""

    id: str
    category: str
    valid_from: date
    valid_until: date
    texts: Mapping[str, str]


def entry_of(article: Article, wording: Wording) -> Entry:
    """Analyse an article."""
    asked = [wording.core(asking) for asking in (article.title, *article.questions)]
    body = [wording.core(text) for text in (*article.tags, article.spoken, article.full)]
    texts = {}
    for prefix, parts in (("asked", asked), ("body", body)):
        meant = [terms_of(wording.canonical(part)) for part in parts]
        heard = [terms_of(part) for part in parts]
        texts[f"{prefix}_words"] = _joined(terms.words for terms in meant)
        texts[f"{prefix}_characters"] = _joined(terms.characters for terms in meant)
        texts[f"{prefix}_sounds"] = _joined(terms.sounds for terms in heard)
    return Entry(
        id=article.id,
        category=at_level(article.category) or "",
        valid_from=article.valid_from,
        valid_until=article.valid_until or date.max,
        texts=texts,
    )


def open_index(articles: Sequence[Article], wording: Wording, folder: Path | None) -> Any:
    """Return the index of ``articles``, opened from ``folder`` when it is there and sound, else built."""
    if folder is None:
        return _build(articles, wording, None)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"index-{fingerprint(articles, wording)}"
    if not _is_sound(place):
        shutil.rmtree(place, ignore_errors=True)
        built = Path(tempfile.mkdtemp(prefix="building-", dir=folder))
        _build(articles, wording, built)
        _write_manifest(built)
        try:
            built.rename(place)
        except OSError:
            # Another process was quicker; theirs is checked like any other.
            shutil.rmtree(built, ignore_errors=True)
            if not _is_sound(place):
                return _build(articles, wording, None)
    for older in folder.glob("index-*"):
        if older != place:
            shutil.rmtree(older, ignore_errors=True)
    return _registered(tantivy.Index.open(str(place)))


def fingerprint(articles: Sequence[Article], wording: Wording) -> str:
    """Return a short hash of all that the index is made of."""
    whole = repr((_LAYOUT, version("tantivy"), wording.fingerprint, [*map(repr, articles)]))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _build(articles: Sequence[Article], wording: Wording, place: Path | None) -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("category", tokenizer_name="raw", index_option="basic")
    for name in ("valid_from", "valid_until"):
        schema.add_integer_field(name, indexed=True, fast=True)
    for name in FIELDS:
        schema.add_text_field(name, tokenizer_name="spaces", index_option="freq")
    index = _registered(tantivy.Index(schema.build(), path=str(place) if place else None))
    writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
    for article in articles:
        entry = entry_of(article, wording)
        document = tantivy.Document(id=entry.id, category=entry.category, **entry.texts)
        document.add_integer("valid_from", entry.valid_from.toordinal())
        document.add_integer("valid_until", entry.valid_until.toordinal())
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def _registered(index: Any) -> Any:
    index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def _is_sound(place: Path) -> bool:
    try:
        manifest = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(manifest == _hashes(place))


def _write_manifest(place: Path) -> None:
    (place / _MANIFEST).write_text(json.dumps(_hashes(place)), encoding="utf-8")


def _hashes(place: Path) -> dict[str, str]:
    """Return the hash of every file that tantivy wrote; its lock files come and go."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(place.iterdir())
        if file.name != _MANIFEST and not file.name.endswith(".lock")
    }


def _joined(groups: Iterable[Iterable[str]]) -> str:
    return " ".join(term for terms in groups for term in terms)
