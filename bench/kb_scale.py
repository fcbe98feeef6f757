"""Benchmark of the index at scale: a hundred thousand articles, made of the city's by changing what they are about.

Prints memory, milliseconds of a question, and how long a publication takes to be seen by a second process.
``python -m bench.kb_scale [ARTICLES] [config/linyi] [FOLDER]``; an index that is kept in a folder need not be built again.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, Final

import jieba
import psutil

from app.long_lived import set_apart
from hotline.city import load_city
from hotline.domain.knowledge import START, Article, KnowledgePosition
from knowledge_base.articles import load_articles
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import TantivyIndex, fingerprint
from knowledge_base.golden import load_golden
from knowledge_base.wording import Wording, load_wording

_ON: Final = date(2026, 11, 28)
_CHUNK: Final = 2_000
_POLL_SECONDS: Final = 0.05
_LONGEST_SECONDS: Final = 60.0
_MEASURED: Final = 500
"""Questions whose milliseconds are the figures, after some hundred others: what a term weighs is looked up once."""


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
    """Return the seconds from a publication beginning to be written to another handle, which asks all the time, finding it."""
    other = TantivyIndex.open(place, wording)
    retriever = TantivyRetriever(other, wording)
    following = threading.Event()

    def follow() -> None:
        while not following.wait(_POLL_SECONDS):
            other.refresh()

    with ThreadPoolExecutor(2) as threads:
        threads.submit(follow)
        begun = perf_counter()
        writing = threads.submit(index.write, [article], (), KnowledgePosition(1, "one"))
        try:
            while perf_counter() - begun < _LONGEST_SECONDS:
                found = retriever.search(article.title, on=_ON, limit=1)
                if found and found[0].article.id == article.id:
                    return perf_counter() - begun
                time.sleep(_POLL_SECONDS)
        finally:
            following.set()
            writing.result()
    raise TimeoutError(f"{_LONGEST_SECONDS:g} 秒内没有看到新发布的条目")


def _asked(retriever: TantivyRetriever, questions: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return milliseconds of each question, and of the processor, both sorted."""
    taken, worked = [], []
    for question in questions:
        begun, busy = perf_counter(), thread_time()
        retriever.search(question, on=_ON)
        taken.append((perf_counter() - begun) * 1_000)
        worked.append((thread_time() - busy) * 1_000)
    return sorted(taken), sorted(worked)


def bench_scale(many: int, folder: Path, kept: Path | None = None) -> dict[str, Any]:
    """Return the figures. An index is kept in the folder ``kept``, if one is given: a hundred thousand take 20 minutes to build."""
    wording, city = load_wording(folder / "lexicon" / "synonyms.yaml"), load_city(folder)
    articles = load_articles([folder / "articles"], city)
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as made:
        place = (kept or Path(made)) / f"{many}-{fingerprint(wording)}"
        built = None if place.exists() else _built(place, folder, many)
        before = psutil.Process().memory_info().rss
        begun = perf_counter()
        index = TantivyIndex.open(place, wording)
        opened = perf_counter() - begun
        retriever = TantivyRetriever(index, wording)
        set_apart()  # as a process of the hotline does when all is open
        questions = [one.text for one in load_golden(folder / "golden")]
        just_opened, _ = _asked(retriever, questions[:-_MEASURED])
        taken, worked = _asked(retriever, questions[-_MEASURED:])
        memory = psutil.Process().memory_info().rss - before
        fresh = replace(
            articles[0], id="Y000001", title="蓝鲸搁浅救护怎么联系", questions=("蓝鲸搁浅了找谁",)
        )
        copy = index.copied(Path(made) / "copy")
        return {
            "articles": index.snapshot.size,
            "build_seconds": built,
            "open_seconds": round(opened, 2),
            "index_mb": round(sum(file.stat().st_size for file in place.iterdir()) / 2**20, 1),
            "memory_mb": round(memory / 2**20, 1),
            "p50_ms": round(taken[len(taken) // 2], 2),
            "p99_ms": round(taken[len(taken) * 99 // 100], 2),
            "cpu_p99_ms": round(worked[len(worked) * 99 // 100], 2),
            "just_opened_p99_ms": round(just_opened[len(just_opened) * 99 // 100], 2),
            "update_seen_seconds": round(_seen_after(Path(made) / "copy", wording, fresh, copy), 3),
        }


def _built(place: Path, folder: Path, many: int) -> float:
    """Build the index in a process of its own, so that its memory is not counted; return the seconds."""
    begun = perf_counter()
    with tempfile.TemporaryDirectory(
        dir=place.parent
    ) as made:  # one that is cut off is not taken for a whole one
        building = Path(made) / "index"
        building.mkdir()
        child = multiprocessing.get_context("spawn").Process(
            target=_build, args=(building, folder, (0, many), many)
        )
        child.start()
        child.join()
        if child.exitcode:
            raise RuntimeError(f"建索引的进程结束：{child.exitcode}")
        building.rename(place)
    return round(perf_counter() - begun, 1)


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv))
    kept_at = Path(arguments[3]) if 3 in arguments else None
    figures = bench_scale(int(arguments.get(1, 100_000)), Path(arguments.get(2, "config/linyi")), kept_at)
    print(json.dumps(figures))
