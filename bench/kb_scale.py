"""Benchmark of the index at scale: a hundred thousand articles, made of the city's by changing what they are about.

Prints memory, milliseconds of a question, and how long a publication takes to be seen by a second process.
``python -m bench.kb_scale [ARTICLES] [config/linyi]``.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, Final

import jieba
import psutil

from hotline.city import load_city
from hotline.domain.knowledge import START, Article, KnowledgePosition
from knowledge_base.articles import load_articles
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import TantivyIndex
from knowledge_base.golden import load_golden
from knowledge_base.wording import Wording, load_wording

_ON: Final = date(2026, 11, 28)
_CHUNK: Final = 2_000


def made_up(articles: Sequence[Article], many: int) -> Iterator[Article]:
    """Yield articles that ask what the city's ask of other things: a rare word is put before each way of asking."""
    draw = random.Random(12345)
    jieba.initialize()
    rare = [word for word, seen in jieba.dt.FREQ.items() if 2 <= len(word) <= 4 and 2 < seen < 400]
    for number in range(many):
        model = articles[number % len(articles)]
        word = draw.choice(rare)
        yield replace(
            model,
            id=f"X{number:06d}",
            title=f"{word}{model.title}",
            questions=tuple(f"{draw.choice(('', '请问'))}{word}{asking}" for asking in model.questions),
        )


def _build(place: Path, folder: Path, numbers: tuple[int, int], many: int) -> None:
    city, wording = load_city(folder), load_wording(folder / "lexicon" / "synonyms.yaml")
    articles = load_articles([folder / "articles"], city)
    part = [one for at, one in enumerate(made_up(articles, many)) if numbers[0] <= at < numbers[1]]
    index = TantivyIndex.create(place, [], wording, START)
    for start in range(0, len(part), _CHUNK):
        index.write(part[start : start + _CHUNK], (), START)


def _seen_after(place: Path, wording: Wording, article: Article, index: TantivyIndex) -> float:
    """Return the seconds from a publication being written to another handle finding it."""
    other = TantivyIndex.open(place, wording)
    retriever = TantivyRetriever(other, wording)
    begun = perf_counter()
    index.write([article], (), KnowledgePosition(1, "one"))
    while True:
        other.refresh()
        found = retriever.search(article.title, on=_ON, limit=1)
        if found and found[0].article.id == article.id:
            return perf_counter() - begun


def bench_scale(many: int, folder: Path) -> dict[str, Any]:
    """Return the figures."""
    wording, city = load_wording(folder / "lexicon" / "synonyms.yaml"), load_city(folder)
    articles = load_articles([folder / "articles"], city)
    with tempfile.TemporaryDirectory() as made:
        place = Path(made) / "index"
        place.mkdir()
        begun = perf_counter()
        child = multiprocessing.get_context("spawn").Process(
            target=_build, args=(place, folder, (0, many), many)
        )
        child.start()
        child.join()
        built = perf_counter() - begun
        before = psutil.Process().memory_info().rss
        begun = perf_counter()
        index = TantivyIndex.open(place, wording)
        opened = perf_counter() - begun
        retriever = TantivyRetriever(index, wording)
        questions = [one.text for one in load_golden(folder / "golden")][:500]
        retriever.search(questions[0], on=_ON)
        taken, worked = [], []
        for question in questions:
            begun, busy = perf_counter(), thread_time()
            retriever.search(question, on=_ON)
            taken.append((perf_counter() - begun) * 1_000)
            worked.append((thread_time() - busy) * 1_000)
        taken.sort()
        worked.sort()
        memory = psutil.Process().memory_info().rss - before
        fresh = replace(
            articles[0], id="Y000001", title="蓝鲸搁浅救护怎么联系", questions=("蓝鲸搁浅了找谁",)
        )
        return {
            "articles": many,
            "build_seconds": round(built, 1),
            "open_seconds": round(opened, 2),
            "index_mb": round(sum(file.stat().st_size for file in place.iterdir()) / 2**20, 1),
            "memory_mb": round(memory / 2**20, 1),
            "p50_ms": round(taken[len(taken) // 2], 2),
            "p99_ms": round(taken[len(taken) * 99 // 100], 2),
            "cpu_p99_ms": round(worked[len(worked) * 99 // 100], 2),
            "update_seen_seconds": round(_seen_after(place, wording, fresh, index), 3),
        }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(json.dumps(bench_scale(count, Path(sys.argv[2] if len(sys.argv) > 2 else "config/linyi"))))
