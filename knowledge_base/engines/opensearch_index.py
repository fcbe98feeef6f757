"""An OpenSearch index of articles: the same fields and terms as on one machine, searched by many.

Terms are made here, not by the server: its fields are split at spaces and nothing else. A bulk is written again until it
is whole, and the position up to which the changes of the database are in the index is written last.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from hotline.domain.category import lineage
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Article, KnowledgePosition
from knowledge_base.engines.vectors import Vectors
from knowledge_base.likeness import Known
from knowledge_base.querying import texts_of
from knowledge_base.ranking import Entry
from knowledge_base.weights import FIELDS
from knowledge_base.wording import Wording

NAME: Final = "opensearch"
LAYOUT: Final = 3
_POSITION: Final = "hotline.position"  # no article has a dot in its id
_NATIVE_BM25: Final = 3
"""From this version on OpenSearch leaves the constant factor k1 + 1 out of BM25."""
_FACTOR: Final = 2.2
_AT_ONCE: Final = 200
_ARTICLE: Final = TypeAdapter(Article)


class _Hit(BaseModel):
    score: float
    source: dict[str, Any]


class _Term(BaseModel):
    doc_freq: int = 0


class _Field(BaseModel):
    field_statistics: dict[str, int] = {}
    terms: dict[str, _Term] = {}


class OpenSearchIndex:
    """Reads and writes one index of a server. All methods raise ``EngineUnavailableError``."""

    def __init__(
        self,
        url: str,
        wording: Wording,
        *,
        vectors: Vectors | None = None,
        prefix: str = "hotline",
        timeout_seconds: float = 2.0,
    ) -> None:
        """Take the server's address, with user and password if it wants them, and what the index is made with."""
        made_of = repr((LAYOUT, wording.fingerprint, vectors.fingerprint if vectors is not None else ""))
        self.name = f"{prefix}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"
        self.vectors = vectors
        self.wording = wording
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout_seconds, trust_env=False)
        self._factor: float | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def create(self) -> None:
        """Make the index unless it is there."""
        mappings: dict[str, Any] = {
            "dynamic": "strict",
            "properties": {
                **{
                    name: {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
                    for name in FIELDS
                },
                "id": {"type": "keyword"},  # to sort by: servers may forbid that of _id
                "category": {"type": "keyword"},
                "regions": {"type": "keyword"},
                "valid_from": {"type": "date", "format": "strict_date"},
                "valid_until": {"type": "date", "format": "strict_date"},
                "article": {"type": "object", "enabled": False},
                "known": {"type": "keyword", "index": False, "doc_values": False},
                "vectors": {"type": "binary"},
                "position": {"type": "object", "enabled": False},
            },
        }
        # One shard: how rare a term is is then the same whichever machine is asked.
        body = {
            "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-2"}},
            "mappings": mappings,
        }
        answer = await self._send("PUT", f"/{self.name}", json.dumps(body), allowed=(400,))
        if answer.status_code == 400 and "resource_already_exists_exception" not in answer.text:
            raise EngineUnavailableError(NAME, "index not made")

    async def write(
        self, changed: Iterable[Article], removed: Collection[str], position: KnowledgePosition
    ) -> None:
        """Put articles in the place of what is there by their ids, take others out, then note the position."""
        fresh = list(changed)
        rows = (
            self.vectors.of_articles(fresh, self.wording) if self.vectors is not None else [b""] * len(fresh)
        )
        actions: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
            ({"index": {"_id": article.id}}, self._document(article, kept))
            for article, kept in zip(fresh, rows, strict=True)
        ]
        actions += [({"delete": {"_id": id_}}, None) for id_ in removed]
        for start in range(0, len(actions), _AT_ONCE):
            await self._bulk(actions[start : start + _AT_ONCE])
        note = {"position": {"sequence": position.sequence, "token": position.token}}
        await self._bulk([({"index": {"_id": _POSITION}}, note)])

    async def position(self) -> KnowledgePosition | None:
        """Return up to where the index has read the changes; None when there is no whole index."""
        answer = await self._send("GET", f"/{self.name}/_doc/{_POSITION}", allowed=(404,))
        if answer.status_code == 404:
            return None
        found = self._json(answer).get("_source", {}).get("position", {})
        return KnowledgePosition(int(found.get("sequence", 0)), str(found.get("token", "")))

    async def ids(self) -> set[str]:
        """Return the ids of all articles in the index."""
        found: set[str] = set()
        after: list[Any] | None = None
        while True:
            body: dict[str, Any] = {
                "size": 1_000,
                "_source": False,
                "query": {"exists": {"field": "valid_from"}},
                "sort": [{"id": "asc"}],
            }
            if after is not None:
                body["search_after"] = after
            hits = self._hits(await self._send("POST", f"/{self.name}/_search", json.dumps(body)))
            found |= {hit["_id"] for hit in hits}
            if len(hits) < 1_000:
                return found
            after = hits[-1]["sort"]

    async def search(self, query: Mapping[str, Any], size: int) -> list[tuple[float, Entry]]:
        """Return the best documents of a query with their BM25 figures, k1 + 1 in them."""
        body = {
            "size": size,
            "_source": ["article", "known", "vectors"],
            "query": query,
            "track_total_hits": False,
        }
        answer = await self._send("POST", f"/{self.name}/_search", json.dumps(body, ensure_ascii=False))
        factor = await self._scale()
        try:
            hits = [_Hit(score=hit["_score"], source=hit["_source"]) for hit in self._hits(answer)]
            return [(hit.score * factor, self._entry(hit.source)) for hit in hits]
        except (KeyError, TypeError, ValueError) as error:
            raise EngineUnavailableError(NAME, "not an answer") from error

    async def frequencies(
        self, terms: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
        """Return for terms by field how many articles have the field, and how many have each term."""
        body = {
            "doc": {field: " ".join(some) for field, some in terms.items()},
            "term_statistics": True,
            "field_statistics": True,
            "positions": False,
            "offsets": False,
            "payloads": False,
        }
        answer = await self._send("POST", f"/{self.name}/_termvectors", json.dumps(body, ensure_ascii=False))
        try:
            fields = TypeAdapter(dict[str, _Field]).validate_python(self._json(answer).get("term_vectors"))
        except ValidationError as error:
            raise EngineUnavailableError(NAME, "not an answer") from error
        sizes = {field: max(0, one.field_statistics.get("doc_count", 0)) for field, one in fields.items()}
        having = {
            (field, term): about.doc_freq
            for field, one in fields.items()
            for term, about in one.terms.items()
        }
        return sizes, having

    def _document(self, article: Article, vectors: bytes) -> dict[str, Any]:
        return {
            **texts_of(article, self.wording),
            "id": article.id,
            "category": list(lineage(article.category or "")),
            "regions": list(article.regions),
            "valid_from": article.valid_from.isoformat(),
            **({"valid_until": article.valid_until.isoformat()} if article.valid_until else {}),
            "article": json.loads(_ARTICLE.dump_json(article)),
            "known": Known.of(article, self.wording).dumped(),
            **({"vectors": base64.b64encode(vectors).decode()} if vectors else {}),
        }

    def _entry(self, source: dict[str, Any]) -> Entry:
        kept = base64.b64decode(source["vectors"]) if source.get("vectors") else b""
        rows = self.vectors.rows(kept) if self.vectors is not None and kept else None
        return Entry(
            _ARTICLE.validate_python(source["article"]), Known.loaded(source["known"].encode()), rows
        )

    async def _scale(self) -> float:
        if self._factor is None:
            about = self._json(await self._send("GET", "/")).get("version", {})
            major = str(about.get("number", "0")).partition(".")[0]
            is_native = about.get("distribution") == "opensearch" and int(major or 0) >= _NATIVE_BM25
            self._factor = _FACTOR if is_native else 1.0
        return self._factor

    async def _bulk(self, actions: Sequence[tuple[dict[str, Any], dict[str, Any] | None]]) -> None:
        lines = [
            json.dumps(part, ensure_ascii=False) for pair in actions for part in pair if part is not None
        ]
        path = f"/{self.name}/_bulk?refresh=true"
        answer = self._json(
            await self._send("POST", path, "\n".join(lines) + "\n", kind="application/x-ndjson")
        )
        for item in answer.get("items", ()):
            ((step, about),) = item.items()
            if about.get("status", 500) >= 300 and not (step == "delete" and about.get("status") == 404):
                raise EngineUnavailableError(NAME, f"not written: {about.get('_id')}")

    async def _send(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        kind: str = "application/json",
        allowed: Collection[int] = (),
    ) -> httpx.Response:
        headers = {"Content-Type": kind} if body is not None else {}
        try:
            answer = await self._client.request(method, path, content=body, headers=headers)
            if answer.status_code not in allowed:
                answer.raise_for_status()
        except httpx.HTTPError as error:
            raise EngineUnavailableError(NAME, type(error).__name__) from error
        return answer

    def _hits(self, answer: httpx.Response) -> list[dict[str, Any]]:
        try:
            return list(self._json(answer)["hits"]["hits"])
        except (KeyError, TypeError) as error:
            raise EngineUnavailableError(NAME, "not an answer") from error

    @staticmethod
    def _json(answer: httpx.Response) -> dict[str, Any]:
        try:
            found = answer.json()
        except ValueError as error:
            raise EngineUnavailableError(NAME, "not an answer") from error
        if not isinstance(found, dict):
            raise EngineUnavailableError(NAME, "not an answer")
        return found
