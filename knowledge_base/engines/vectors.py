"""Vectors of articles: made once for a text and a model, and kept on the disk, for they cost more than all the rest."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from hotline.domain.knowledge import Article
from knowledge_base.encoding import SentenceEncoder
from knowledge_base.wording import Wording, plain

_LONGEST_BODY: Final = 40
_LONGEST_LONE_BODY: Final = 220
"""Ways of asking say what an article is about; where there are none its answer must."""
_KEPT_QUESTIONS: Final = 4_096
_WAIT_SECONDS: Final = 10.0
_AT_ONCE: Final = 64


class Vectors:
    """Vectors of articles and questions by an encoder; ``folder`` None keeps none on the disk."""

    def __init__(self, encoder: SentenceEncoder, folder: Path | None = None) -> None:
        """Take the encoder and where vectors are kept."""
        self._encoder = encoder
        self._file = folder / f"{encoder.fingerprint}.sqlite3" if folder is not None else None
        self._question = lru_cache(maxsize=_KEPT_QUESTIONS)(lambda text: encoder.questions([text])[0])
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def fingerprint(self) -> str:
        """What an index with these vectors is known by."""
        return self._encoder.fingerprint

    def question(self, text: str) -> Any:
        """Return the vector of a question in plain form; what is often asked is encoded once."""
        return self._question(text)

    def questions(self, texts: Sequence[str]) -> Any:
        """Return the vectors of questions in plain form, a row for each."""
        return self._encoder.questions(texts)

    def of_articles(self, articles: Sequence[Article], wording: Wording) -> list[bytes]:
        """Return for each article its ways of asking and then its answer, as rows of float16 one after the other."""
        wanted: list[tuple[str, bool]] = []
        spans = []
        for article in articles:
            ways = [(plain(asking), True) for asking in (article.title, *article.questions) if asking]
            body = plain("".join((article.title, article.spoken, wording.answer(article.full))))
            rows = [*ways, (body[: _LONGEST_BODY if article.questions else _LONGEST_LONE_BODY], False)]
            spans.append((len(wanted), len(wanted) + len(rows)))
            wanted += rows
        made = self._rows(wanted)
        return [b"".join(made[start:end]) for start, end in spans]

    def rows(self, kept: bytes) -> Any:
        """Return what ``of_articles`` made of one article as an array, the answer last."""
        return np.frombuffer(kept, np.float16).reshape(-1, self._encoder.dimensions).astype(np.float32)

    def _rows(self, wanted: Sequence[tuple[str, bool]]) -> list[bytes]:
        keys = [hashlib.sha256(f"{asks}{text}".encode()).digest()[:16] for text, asks in wanted]
        known = self._known(set(keys))
        missing = {key: each for key, each in zip(keys, wanted, strict=True) if key not in known}
        for asks, encode in ((True, self._encoder.questions), (False, self._encoder.passages)):
            some = [(key, text) for key, (text, is_question) in missing.items() if is_question is asks]
            for start in range(0, len(some), _AT_ONCE):
                part = some[start : start + _AT_ONCE]
                vectors = encode([text for _, text in part]).astype(np.float16)
                fresh = {key: row.tobytes() for (key, _), row in zip(part, vectors, strict=True)}
                known |= fresh
                self._keep(fresh)
        return [known[key] for key in keys]

    def _known(self, keys: set[bytes]) -> dict[bytes, bytes]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            with closing(self._open()) as base:
                rows = (
                    base.execute("SELECT key, row FROM vectors").fetchall()
                    if len(keys) > _AT_ONCE
                    else [
                        row
                        for key in keys
                        for row in base.execute("SELECT key, row FROM vectors WHERE key = ?", (key,))
                    ]
                )
        except sqlite3.Error:  # damaged: what is in it can be made again
            self._file.unlink(missing_ok=True)
            return {}
        size = self._encoder.dimensions * 2
        return {key: row for key, row in rows if key in keys and len(row) == size}

    def _keep(self, fresh: dict[bytes, bytes]) -> None:
        if self._file is None:
            return
        try:
            with closing(self._open()) as base, base:
                base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", fresh.items())
        except sqlite3.Error:  # the disk is full, or another process holds it: only time is lost
            return

    def _open(self) -> sqlite3.Connection:
        assert self._file is not None
        base = sqlite3.connect(self._file, timeout=_WAIT_SECONDS)
        base.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, row BLOB NOT NULL)")
        return base
