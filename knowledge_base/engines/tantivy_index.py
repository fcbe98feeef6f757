"""The index that tantivy searches: in memory, or in a folder of its own.

An index holds each article with its analysis, so that opening it again costs nothing, and the position up to which it
has read the changes of the database: position and articles are committed together. A manifest holds a hash of every
file: a damaged or half-written index is not opened (``IndexDamagedError``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

import tantivy
from pydantic import TypeAdapter

from hotline.domain.category import lineage
from hotline.domain.errors import HotlineError
from hotline.domain.knowledge import START, Article, KnowledgePosition
from hotline.heard_words import HeardWords
from knowledge_base.engines.vectors import Vectors
from knowledge_base.likeness import Known, Looked, body_of
from knowledge_base.querying import rarity, texts_of
from knowledge_base.ranking import Entry
from knowledge_base.weights import FIELDS
from knowledge_base.wording import Wording

LAYOUT: Final = 6
"""Counts up when the fields or the terms change: an index of another layout is not opened."""
_MANIFEST: Final = "manifest.json"
_POSITION: Final = "\x00position"
_WRITER_BYTES: Final = 15_000_000
_MOST_LEARNT: Final = 3_000
"""So many articles are learnt from how things are worded; what they do not know is left as it was heard."""
_MOST_ENTRIES: Final = 1_024
"""So many articles are kept as they were read: more make the garbage collector stand still for longer than reading them takes."""
_MOST_WEIGHED_AGAIN: Final = 50_000
"""Terms: half a second among a hundred thousand articles."""
_ARTICLE: Final = TypeAdapter(Article)

_Answer = TypeVar("_Answer")


class IndexDamagedError(HotlineError):
    """The index's files are missing, altered or of another layout; nothing of it is used."""

    code = "knowledge_index.damaged"

    def __init__(self, place: object, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}")


def guarded(place: object, work: Callable[[], _Answer]) -> _Answer:
    """Return what ``work`` on tantivy returns; what it raises, panics too, is an ``IndexDamagedError``."""
    try:
        return work()
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise IndexDamagedError(place, type(error).__name__) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # PyO3 gives it no address to catch it by
            raise
        raise IndexDamagedError(place, "panic") from error


class Snapshot:
    """The index at one moment: what is written later is not seen here."""

    def __init__(
        self, place: object, index: Any, vectors: Vectors | None, learnt: HeardWords | None = None
    ) -> None:
        self._place = place
        self._vectors = vectors
        self.learnt = learnt
        """How heard words are read, by the state before until ``learn`` has read this one; None where nobody has asked."""
        self._searcher = index.searcher()
        self.size = max(0, int(self._searcher.num_docs) - 1)
        """How many articles there are."""
        self.schema = index.schema
        self._having: dict[tuple[str, str], int] = {}
        self.rarities = {field: Looked(partial(self._rarity, field)) for field in (*FIELDS, "category")}
        """How rare a term is in a field, as BM25 weighs it."""
        self.entry = lru_cache(maxsize=_MOST_ENTRIES)(self._entry)

    def rarity(self, field: str, term: str) -> float:
        """Return how rare a term is in a field, as BM25 weighs it."""
        return self.rarities[field][term]

    def having(self, field: str, term: str) -> int:
        """Return how many articles have a term in a field."""
        if (found := self._having.get((field, term))) is None:
            look_up = partial(self._searcher.doc_freq, field, term)
            found = self._having[field, term] = int(guarded(self._place, look_up))
        return found

    @property
    def looked_up(self) -> list[tuple[str, str]]:
        """Fields and terms that were looked up so far, the latest last."""
        return list(self._having)

    def weigh_again(self, former: Snapshot) -> None:
        """Look up anew what the state before had looked up of late, so that no question waits for all of it."""
        for field, term in former.looked_up[-_MOST_WEIGHED_AGAIN:]:
            self.having(field, term)

    def search(self, query: Any, limit: int) -> list[tuple[float, Any]]:
        """Return figures and addresses of the best documents."""
        return guarded(self._place, lambda: list(self._searcher.search(query, limit=limit, count=False).hits))

    def position(self) -> KnowledgePosition:
        """Return up to where the index has read the changes."""
        query = tantivy.Query.term_query(self.schema, "id", _POSITION)

        def read() -> KnowledgePosition:
            ((_, at),) = self._searcher.search(query, limit=1, count=False).hits
            sequence, token = json.loads(self._searcher.doc(at)["article"][0])
            return KnowledgePosition(sequence, token)

        return guarded(self._place, read)

    @property
    def heard_words(self) -> HeardWords:
        """What words that were heard likely stand for, by how the articles word things."""
        return self.learn() if self.learnt is None else self.learnt

    def learn(self) -> HeardWords:
        """Read how the articles word things, which takes a while for many of them."""

        def read() -> list[str]:
            found = self._searcher.search(tantivy.Query.all_query(), limit=_MOST_LEARNT, count=False).hits
            documents = (self._searcher.doc(at) for _, at in found)
            articles = (
                _ARTICLE.validate_json(document["article"][0])
                for document in documents
                if document["id"][0] != _POSITION
            )
            return ["\n".join((article.title, *article.questions, *body_of(article))) for article in articles]

        self.learnt = HeardWords.of(guarded(self._place, read))
        return self.learnt

    def _rarity(self, field: str, term: str) -> float:
        return rarity(self.size, self.having(field, term))

    def _entry(self, segment: int, document: int) -> Entry:
        def read() -> Entry:
            found = self._searcher.doc(tantivy.DocAddress(segment, document))
            article = _ARTICLE.validate_json(found["article"][0])
            known = Known.loaded(found["known"][0])
            kept = found["vectors"][0] if self._vectors is not None else b""
            rows = self._vectors.rows(kept) if self._vectors is not None and kept else None
            return Entry(article, known, rows)

        return guarded(self._place, read)


class TantivyIndex:
    """An index of articles. Reading and writing may go on in several threads and processes; one writes at a time."""

    def __init__(
        self, index: Any, wording: Wording, place: Path | None, vectors: Vectors | None = None
    ) -> None:
        """Take an opened index; see ``in_memory``, ``create`` and ``open``. Without ``vectors`` only words count."""
        self._index = index
        self._wording = wording
        self.vectors = vectors
        self.place = place
        self._hashes: dict[str, tuple[int, int, str]] = {}
        index.register_tokenizer(
            "spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        )
        self._seen = self._state()
        self.snapshot = Snapshot(place, index, vectors)

    @classmethod
    def in_memory(
        cls, articles: Iterable[Article], wording: Wording, vectors: Vectors | None = None
    ) -> TantivyIndex:
        """Return an index of the articles that is gone with the process."""
        index = cls(tantivy.Index(_schema()), wording, None, vectors)
        index.write(articles, (), START)
        return index

    @classmethod
    def create(
        cls,
        place: Path,
        articles: Iterable[Article],
        wording: Wording,
        position: KnowledgePosition,
        vectors: Vectors | None = None,
    ) -> TantivyIndex:
        """Build an index of the articles in an empty folder."""
        index = guarded(
            place, lambda: cls(tantivy.Index(_schema(), path=str(place)), wording, place, vectors)
        )
        index.write(articles, (), position)
        return index

    @classmethod
    def open(cls, place: Path, wording: Wording, vectors: Vectors | None = None) -> TantivyIndex:
        """Open the index in a folder; raise ``IndexDamagedError`` unless every file is as it was written."""
        try:
            manifest = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexDamagedError(place, type(error).__name__) from error
        if manifest != _hashes(place, {}):
            raise IndexDamagedError(place, "manifest")
        index = cls.opened(place, wording, vectors)
        index.snapshot.position()
        return index

    @classmethod
    def opened(cls, place: Path, wording: Wording, vectors: Vectors | None = None) -> TantivyIndex:
        """Open a folder that has been looked at already, or that was copied from one."""
        return guarded(place, lambda: cls(tantivy.Index.open(str(place)), wording, place, vectors))

    def write(
        self, changed: Iterable[Article], removed: Collection[str], position: KnowledgePosition
    ) -> None:
        """Put articles in the place of what is there by their ids, take others out, and note the position: all or nothing."""
        fresh = list(changed)
        rows = (
            self.vectors.of_articles(fresh, self._wording) if self.vectors is not None else [b""] * len(fresh)
        )

        def work() -> None:
            writer = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
            for article, kept in zip(fresh, rows, strict=True):
                writer.delete_documents_by_term("id", article.id)
                writer.add_document(_document(article, self._wording, kept))
            for id_ in removed:
                writer.delete_documents_by_term("id", id_)
            writer.delete_documents_by_term("id", _POSITION)
            note = tantivy.Document(id=_POSITION)
            note.add_bytes("article", json.dumps([position.sequence, position.token]).encode())
            writer.add_document(note)
            writer.commit()
            writer.wait_merging_threads()

        guarded(self.place, work)
        if self.place is not None:
            self._write_manifest(self.place)
        self.refresh()

    def refresh(self) -> None:
        """See what was written meanwhile, by another process too: it is found at once, how it is worded is learnt after that."""
        state = self._state()
        if state is not None and state == self._seen:
            return
        guarded(self.place, self._index.reload)
        former = self.snapshot
        self.snapshot = Snapshot(self.place, self._index, self.vectors, former.learnt)
        self._seen = state
        if former.learnt is not None:  # they are searched by: no caller waits for them
            self.snapshot.learn()
        self.snapshot.weigh_again(former)

    def _state(self) -> bytes | None:
        """Return what tantivy keeps of its state in the folder: another one after each commit. None in memory."""
        if self.place is None:
            return None
        return guarded(self.place, (self.place / "meta.json").read_bytes)

    def check(self) -> None:
        """Look whether the files are as they were written; raise ``IndexDamagedError``. Only what has changed is read."""
        assert self.place is not None
        try:
            manifest = json.loads((self.place / _MANIFEST).read_text(encoding="utf-8"))
            found = _hashes(self.place, self._hashes)
        except (OSError, ValueError) as error:
            raise IndexDamagedError(self.place, type(error).__name__) from error
        if manifest != found:
            raise IndexDamagedError(self.place, "manifest")

    def copied(self, place: Path) -> TantivyIndex:
        """Return another index that begins as this one: files are linked, for none is ever altered."""
        assert self.place is not None
        place.mkdir(parents=True)
        for file in self.place.iterdir():
            if not file.name.endswith(".lock"):
                (place / file.name).hardlink_to(file)
        for name in (
            "meta.json",
            ".managed.json",
            _MANIFEST,
        ):  # these are replaced, but let nothing hang on it
            if (kept := place / name).exists():
                content = kept.read_bytes()
                kept.unlink()
                kept.write_bytes(content)
        return self.opened(place, self._wording, self.vectors)

    def _write_manifest(self, place: Path) -> None:
        building = place / f"{_MANIFEST}.{os.getpid()}.lock"
        building.write_text(json.dumps(_hashes(place, self._hashes)), encoding="utf-8")
        building.replace(place / _MANIFEST)


def fingerprint(wording: Wording, vectors: Vectors | None = None) -> str:
    """Return a short hash of all that the form of an index depends on."""
    made_by = vectors.fingerprint if vectors is not None else ""
    versions = version("tantivy"), version("jieba"), version("pypinyin")
    whole = repr((LAYOUT, versions, wording.fingerprint, made_by))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _schema() -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("category", tokenizer_name="spaces", index_option="basic")
    for name in ("article", "known", "vectors"):
        schema.add_bytes_field(name, stored=True, indexed=False)
    for name in FIELDS:
        schema.add_text_field(name, tokenizer_name="spaces", index_option="freq")
    return schema.build()


def _document(article: Article, wording: Wording, vectors: bytes) -> Any:
    document = tantivy.Document(
        id=article.id, category=" ".join(lineage(article.category or "")), **texts_of(article, wording)
    )
    document.add_bytes("article", _ARTICLE.dump_json(article))
    document.add_bytes("known", Known.of(article, wording).dumped().encode())
    document.add_bytes("vectors", vectors)
    return document


def _hashes(place: Path, known: dict[str, tuple[int, int, str]]) -> dict[str, str]:
    """Return the hash of every file that tantivy wrote; its lock files come and go. ``known`` saves reading files twice."""
    found: dict[str, str] = {}
    for file in sorted(place.iterdir()):
        if file.name == _MANIFEST or file.name.endswith(".lock"):
            continue
        about = file.stat()
        kept = known.get(file.name)
        if kept is None or kept[:2] != (about.st_size, about.st_mtime_ns):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            kept = known[file.name] = (about.st_size, about.st_mtime_ns, digest)
        found[file.name] = kept[2]
    return found
