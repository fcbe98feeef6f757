"""Benchmark of knowledge search on any table of questions and answers: whether a question's own answer is found first.

The answers are indexed as articles without known ways of asking, the harder half of the engine's work; plain BM25 over
the same words runs beside it. ``python -m bench.kb CSV QUESTION_COLUMN ANSWER_COLUMN config/linyi`` prints the figures.
All answers are indexed; the questions may be a sample of them, and asked a second time as they are heard on the telephone.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

import tantivy

from hotline.domain.errors import HotlineError
from hotline.domain.knowledge import Article
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.vectors import Vectors
from knowledge_base.terms import terms_of
from knowledge_base.wording import Wording, load_wording, plain

_NS_PER_MS: Final = 1_000_000
_ON: Final = date(2026, 1, 1)
_PROGRESS_EVERY: Final = 50

Find = Callable[[Sequence[str]], Sequence[str]]
"""Ids of the five best answers to a question as it was asked, or as it may have been."""

Hear = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""What questions become when they are spoken on the telephone, in the same order: the likeliest, and what else it may be."""


class QuestionDataError(HotlineError):
    """The table of questions cannot be used; the message says why, in Chinese."""

    code = "bench.question_data"


def bench_kb(
    questions_csv: Path,
    question_column: str,
    answer_column: str,
    wording: Wording,
    *,
    progress: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005 -- named as callers call it
    vectors: Vectors | None = None,
    sample: int | None = None,
    seed: int = 0,
    hear: Hear | None = None,
) -> dict[str, Any]:
    """Return hits and milliseconds of our search and, under ``bm25``, of plain BM25.

    ``sample`` questions are asked, drawn by ``seed``, or all. With ``hear`` they are asked of both a second time as
    heard (``spoken``), with the points of hits that are lost by it. Raises ``QuestionDataError``.
    """
    pairs = _pairs(questions_csv, question_column, answer_column)
    ids = {answer: f"answer-{number}" for number, answer in enumerate(dict.fromkeys(a for _, a in pairs))}
    articles = [_article(id_, answer) for answer, id_ in ids.items()]
    if sample is not None and sample < len(pairs):
        pairs = random.Random(seed).sample(pairs, sample)
    asked = [((question,), ids[answer]) for question, answer in pairs]
    heard = list(hear([question for question, _ in pairs])) if hear is not None else []
    retriever = TantivyRetriever.of(articles, wording, vectors=vectors)
    bm25 = _plain_bm25(ids)

    def ours(asked: Sequence[str], *, is_heard: bool = False) -> list[str]:
        question, *others = asked
        passages = retriever.search(question, on=_ON, is_heard=is_heard, others=others)
        return [passage.article.id for passage in passages]

    steps = (4 if heard else 2) * len(asked)
    done_before = 0

    def measured(find: Find, rows: Sequence[tuple[Sequence[str], str]]) -> dict[str, float]:
        nonlocal done_before
        figures = _figures(find, rows, lambda done: progress(done_before + done, steps))
        done_before += len(rows)
        return figures

    written, plainly = measured(ours, asked), measured(bm25, asked)
    found: dict[str, Any] = {
        "questions": len(asked),
        "answers": len(ids),
        "vectors": vectors.fingerprint if vectors is not None else None,
        **written,
        "bm25": plainly,
    }
    if heard:
        spoken = [(texts, right) for texts, (_, right) in zip(heard, asked, strict=True)]
        found["spoken"] = {
            **_lost(written, measured(partial(ours, is_heard=True), spoken)),
            "bm25": _lost(plainly, measured(bm25, spoken)),
        }
    return found


def _lost(written: dict[str, float], spoken: dict[str, float]) -> dict[str, float]:
    """Return the figures of ``spoken``, with the points that are fewer than ``written``."""
    points = {
        f"points_lost_{hits.removeprefix('hit_')}": round(100 * (written[hits] - spoken[hits]), 1)
        for hits in ("hit_at_1", "hit_at_5")
    }
    return {**spoken, **points}


def _pairs(file: Path, question_column: str, answer_column: str) -> list[tuple[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            missing = {question_column, answer_column} - set(table.fieldnames or ())
            if missing:
                raise QuestionDataError(f"{file}：没有列 {'、'.join(sorted(missing))}")
            rows = [(row[question_column] or "", row[answer_column] or "") for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise QuestionDataError(f"{file}：读不出来（{error}）") from error
    pairs = [(question.strip(), answer.strip()) for question, answer in rows]
    pairs = [pair for pair in pairs if plain(pair[0]) and plain(pair[1])]
    if not pairs:
        raise QuestionDataError(f"{file}：没有一行既有问题又有答案")
    return pairs


def _article(id_: str, answer: str) -> Article:
    return Article(
        id=id_, version=1, title="", questions=(), spoken="", full=answer, unit="", source="", valid_from=_ON
    )


def _figures(
    find: Find, asked: Sequence[tuple[Sequence[str], str]], tell: Callable[[int], None]
) -> dict[str, float]:
    first, five, taken = 0, 0, []
    for number, (question, right) in enumerate(asked, 1):
        begun = perf_counter_ns()
        found = find(question)
        taken.append((perf_counter_ns() - begun) / _NS_PER_MS)
        first += found[:1] == [right]
        five += right in found[:5]
        if number % _PROGRESS_EVERY == 0 or number == len(asked):
            tell(number)
    taken.sort()
    return {
        "hit_at_1": round(first / len(asked), 4),
        "hit_at_5": round(five / len(asked), 4),
        "p50_ms": round(taken[len(taken) // 2], 2),
        "p99_ms": round(taken[len(taken) * 99 // 100], 2),
    }


def _plain_bm25(ids: dict[str, str]) -> Find:
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    built = schema.build()
    index = tantivy.Index(built)
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for answer, id_ in ids.items():
        writer.add_document(tantivy.Document(id=id_, words=" ".join(terms_of(plain(answer)).words)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def find(asked: Sequence[str]) -> list[str]:
        terms = dict.fromkeys(terms_of(plain(asked[0])).words)
        parts = [
            (tantivy.Occur.Should, tantivy.Query.term_query(built, "words", term, "freq")) for term in terms
        ]
        hits = searcher.search(tantivy.Query.boolean_query(parts), limit=5, count=False).hits
        return [searcher.doc(at)["id"][0] for _, at in hits]

    return find


if __name__ == "__main__":
    figures = bench_kb(
        Path(sys.argv[1]),
        sys.argv[2],
        sys.argv[3],
        load_wording(Path(sys.argv[4]) / "lexicon" / "synonyms.yaml"),
        progress=lambda done, of: print(f"\r{done}/{of}", end="", file=sys.stderr, flush=True),
    )
    print(json.dumps(figures))
