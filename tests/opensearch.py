"""A stand-in for an OpenSearch server: the requests that the hotline sends, answered as a real one does, others refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response

K1, B = 1.2, 0.75


@dataclass
class StandInOpenSearch:
    """One server. ``version`` decides whether figures hold k1 + 1; ``asked`` keeps what came, ``refuses`` ids not written."""

    version: str = "2.19.0"
    asked: list[tuple[str, str]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    status: int = 200
    mappings: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    statistics: dict[str, tuple[list[int], Counter[str]]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/{path:path}", self._answer, methods=["GET", "PUT", "POST"])
        return app

    async def _answer(self, request: Request, path: str) -> Response:
        self.asked.append((request.method, path))
        raw = await request.body()
        if raw and "json" not in request.headers.get("content-type", ""):
            return _json(406, {"error": "content type"})
        if self.status != 200:
            return _json(self.status, {"error": "away"})
        name, _, rest = path.partition("/")
        match request.method, rest.partition("/")[0]:
            case "GET", "" if not name:
                return _json(200, {"version": {"distribution": "opensearch", "number": self.version}})
            case "PUT", "":
                return self._create(json.loads(raw))
            case _ if not self.mappings:
                return _json(404, {"error": {"type": "index_not_found_exception"}})
            case "POST", "_bulk":
                return self._bulk(raw.decode())
            case "POST", "_search":
                return _json(200, self._search(json.loads(raw)))
            case "POST", "_termvectors":
                return _json(200, self._term_vectors(json.loads(raw)))
            case "GET", "_doc":
                found = self.documents.get(rest.partition("/")[2])
                return _json(200 if found else 404, {"found": found is not None, "_source": found or {}})
            case _:
                return _json(400, {"error": f"{request.method} {path}"})

    def _create(self, body: dict[str, Any]) -> Response:
        if self.mappings:
            return _json(400, {"error": {"type": "resource_already_exists_exception"}})
        self.mappings = body["mappings"]["properties"]
        assert body["settings"]["index"]["number_of_shards"] == 1
        return _json(200, {"acknowledged": True})

    def _bulk(self, body: str) -> Response:
        assert body.endswith("\n")
        self.statistics.clear()
        lines = iter(json.loads(line) for line in body.splitlines())
        items = []
        for action in lines:
            ((step, about),) = action.items()
            id_ = about["_id"]
            if step == "index":
                document = next(lines)
                assert document.keys() <= self.mappings.keys(), "the mapping is strict"
                status = 429 if id_ in self.refuses else 201
                if status == 201:
                    self.documents[id_] = document
            else:
                status = 200 if self.documents.pop(id_, None) else 404
            items.append({step: {"_id": id_, "status": status}})
        return _json(
            200,
            {"errors": any(one.popitem()[1]["status"] >= 300 for one in map(dict, items)), "items": items},
        )

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        found = []
        for id_, document in self.documents.items():
            figure = self._figure(body["query"], document)
            if figure is not None:
                found.append((figure, id_, document))
        if "sort" in body:
            assert body["sort"] == [{"id": "asc"}]
            found.sort(key=lambda each: each[2]["id"])
            (after,) = body.get("search_after", [""])
            found = [each for each in found if each[1] > after]
        else:
            found.sort(key=lambda each: -each[0])
        wanted = body["_source"] or ()
        hits = [
            {
                "_id": id_,
                "_score": figure,
                "_source": {name: document[name] for name in wanted if name in document},
                "sort": [id_],
            }
            for figure, id_, document in found[: body["size"]]
        ]
        return {"timed_out": False, "hits": {"hits": hits}}

    def _figure(self, query: dict[str, Any], document: dict[str, Any]) -> float | None:
        """Return what a document is worth for a query, None when it does not match."""
        ((kind, about),) = query.items()
        if kind == "bool":
            return self._of_bool(about, document)
        if kind == "constant_score":
            return about["boost"] if self._figure(about["filter"], document) is not None else None
        if kind == "exists":
            return 1.0 if document.get(about["field"]) else None
        ((name, value),) = about.items()
        if kind == "range":
            kept = document.get(name)
            is_within = kept is not None and kept <= value.get("lte", kept) and kept >= value.get("gte", kept)
            return 1.0 if is_within else None
        assert kind == "term", kind
        term, boost = value["value"], value.get("boost", 1.0)
        if self.mappings[name]["type"] == "keyword":
            return boost if term in document.get(name, ()) else None
        many = document.get(name, "").split().count(term)
        return boost * self._bm25(name, term, many, document) if many else None

    def _of_bool(self, about: dict[str, Any], document: dict[str, Any]) -> float | None:
        assert about.keys() <= {"must", "filter", "should", "must_not", "minimum_should_match"}
        if any(self._figure(one, document) is not None for one in about.get("must_not", ())):
            return None
        needed = [self._figure(one, document) for one in (*about.get("must", ()), *about.get("filter", ()))]
        some = [self._figure(one, document) for one in about.get("should", ())]
        matched = [one for one in some if one is not None]
        if None in needed or len(matched) < about.get("minimum_should_match", 0):
            return None
        counted = [one or 0.0 for one in needed[: len(about.get("must", ()))]]
        return sum(counted) + sum(matched)

    def _bm25(self, name: str, term: str, many: int, document: dict[str, Any]) -> float:
        lengths, having = self._statistics(name)
        rare = math.log(1 + (len(lengths) - having[term] + 0.5) / (having[term] + 0.5))
        length = len(document[name].split()) / (sum(lengths) / len(lengths))
        scale = K1 + 1 if int(self.version.partition(".")[0]) < 3 else 1
        return scale * rare * many / (many + K1 * (1 - B + B * length))

    def _statistics(self, name: str) -> tuple[list[int], Counter[str]]:
        if name not in self.statistics:
            texts = [one[name].split() for one in self.documents.values() if one.get(name)]
            having: Counter[str] = Counter()
            for terms in texts:
                having.update(set(terms))
            self.statistics[name] = [len(terms) for terms in texts], having
        return self.statistics[name]

    def _term_vectors(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["term_statistics"]
        assert body["field_statistics"]
        vectors = {}
        for name, text in body["doc"].items():
            lengths, having = self._statistics(name)
            terms = {
                term: {"term_freq": 1, **({"doc_freq": having[term]} if having[term] else {})}
                for term in text.split()
            }
            vectors[name] = {"field_statistics": {"doc_count": len(lengths)}, "terms": terms}
        return {"term_vectors": vectors}


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status_code=status, media_type="application/json")
