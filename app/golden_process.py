"""Golden questions asked in a process of their own: they take many seconds, and neither a page nor a call waits for that.

The process is given an index by its folder, a copy that nobody writes to, and ends when it has answered or is late.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Final

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.golden_gate import Verdict
from hotline.domain.knowledge import START, Article, Passage
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import IndexDamagedError, TantivyIndex
from knowledge_base.engines.vectors import Vectors
from knowledge_base.golden import GoldenQuestion
from knowledge_base.golden_figures import GoldenFigures, golden_figures
from knowledge_base.wording import Wording

_NICE: Final = 10
_TOLD_EACH: Final = 20
_SIZE_BYTES: Final = 8
_COMMAND: Final = "from app.golden_process import serve; serve()"


@dataclass(frozen=True, slots=True)
class GoldenWork:
    """What is asked: the questions, of the index in ``place`` and, where articles change, of it with them in it.

    ``before``: what the index as it is has answered already. ``vectors`` opens the encoder again.
    """

    place: Path
    wording: Wording
    vectors: Callable[[], Vectors | None]
    questions: tuple[GoldenQuestion, ...]
    on: date
    changed: tuple[Article, ...] = ()
    before: tuple[Verdict, ...] | None = None


@dataclass(frozen=True, slots=True)
class GoldenAnswers:
    """Verdicts of the index as it is and as it would be; ``figures`` of the latter."""

    before: tuple[Verdict, ...]
    after: tuple[Verdict, ...]
    figures: GoldenFigures


def asked(
    work: GoldenWork, vectors: Vectors | None, told: Callable[[int], None] = lambda _: None
) -> GoldenAnswers:
    """Do the work here. Raises ``EngineUnavailableError``; the index in ``place`` is altered.

    ``told`` is how many questions were asked so far.
    """
    many = count(1)

    def ask_all(retriever: TantivyRetriever) -> tuple[GoldenFigures, tuple[Verdict, ...]]:
        found = []
        for question in work.questions:
            found.append((question, retriever.search(question.text, on=work.on)))
            if (done := next(many)) % _TOLD_EACH == 0:
                told(done)
        return golden_figures(found), tuple(verdict(*each) for each in found)

    try:
        index = TantivyIndex.opened(work.place, work.wording, vectors)
        retriever = TantivyRetriever(index, work.wording)
        before = work.before
        if before is None:
            figures, before = ask_all(retriever)
            if not work.changed:
                return GoldenAnswers(before, before, figures)
        index.write(work.changed, (), START)
        figures, after = ask_all(retriever)
    except IndexDamagedError as error:
        raise EngineUnavailableError(TantivyRetriever.name, error.reason) from error
    return GoldenAnswers(before, after, figures)


async def asked_in_own_process(
    work: GoldenWork, *, seconds: float, told: Callable[[int], None] = lambda _: None
) -> GoldenAnswers:
    """Do the work in a process of its own, which gets ``seconds`` and ends with the task that waits for it.

    ``told`` is how many questions were asked so far. Raises ``EngineUnavailableError``.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
    except OSError as error:
        raise EngineUnavailableError("golden", type(error).__name__) from error
    try:
        async with asyncio.timeout(seconds):
            return await _answered(process, work, told)
    except TimeoutError as error:
        raise EngineUnavailableError("golden", "late") from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise EngineUnavailableError("golden", type(error).__name__) from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answered(
    process: asyncio.subprocess.Process, work: GoldenWork, told: Callable[[int], None]
) -> GoldenAnswers:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(pickle.dumps(work))
    await process.stdin.drain()
    process.stdin.close()
    while True:
        size = int.from_bytes(await process.stdout.readexactly(_SIZE_BYTES))
        # Our own process wrote it.
        found: int | GoldenAnswers = pickle.loads(await process.stdout.readexactly(size))  # noqa: S301
        if isinstance(found, GoldenAnswers):
            return found
        told(found)


def serve() -> None:
    """Do the work that comes on standard input and write the answers to standard output."""
    os.nice(_NICE)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    work: GoldenWork = pickle.load(sys.stdin.buffer)  # noqa: S301 -- our own process wrote it

    def send(found: int | GoldenAnswers) -> None:
        body = pickle.dumps(found)
        output.write(len(body).to_bytes(_SIZE_BYTES) + body)
        output.flush()

    with output:
        send(asked(work, work.vectors(), send))


def verdict(question: GoldenQuestion, found: Sequence[Passage]) -> Verdict:
    """Judge. Right is the right article first, or no answer where none is wanted; harmful a wrong answer."""
    first = found[0].article.id if found else ""
    is_sure = bool(found) and found[0].is_confident
    if question.ground is not None:
        return Verdict(question.text, "", first if is_sure else "", is_right=not is_sure, is_harmful=is_sure)
    is_right = first in question.answers
    return Verdict(
        question.text,
        "、".join(question.answers),
        first,
        is_right=is_right,
        is_harmful=is_sure and not is_right,
    )
