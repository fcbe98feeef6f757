"""Any sentence encoder in ONNX form, by its folder: ``model.onnx``, ``tokenizer.json`` and, if it wants them, ``encoder.json``.

``encoder.json`` says what is put before questions and passages, how many tokens are read, and whether vectors are the
mean of all tokens or the first one's: ``{"question_prefix", "passage_prefix", "max_tokens", "pooling": "mean"|"first"}``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from hotline.domain.errors import EngineUnavailableError, ModelRefusedError

MODEL: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
ABOUT: Final = "encoder.json"
_BATCH: Final = 16
_MOST_TOKENS: Final = 192


class OnnxEncoder:
    """SentenceEncoder on onnxruntime, one thread: calls are short, and the other cores have other work."""

    name = "encoder"

    def __init__(self, folder: Path) -> None:
        """Load the model of a folder. Raises ``ModelRefusedError`` when it is missing, damaged or no encoder."""
        self._folder = folder
        about = self._read_about()
        self._prefixes = str(about.get("question_prefix", "")), str(about.get("passage_prefix", ""))
        self._is_mean = about.get("pooling", "mean") == "mean"
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            self._tokenizer.enable_truncation(int(about.get("max_tokens", _MOST_TOKENS)))
            self._tokenizer.enable_padding()
        except Exception as error:  # the library raises bare exceptions
            raise ModelRefusedError(model=folder.name, file=TOKENIZER, reason="读不出来") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions have no common parent
            raise ModelRefusedError(model=folder.name, file=MODEL, reason="读不出来") from error
        self._inputs = {one.name for one in self._session.get_inputs()}
        self.fingerprint = _digest(folder)
        self.dimensions = int(self.questions(["试一试"]).shape[1])

    def questions(self, texts: Sequence[str]) -> Any:
        """Return vectors of texts that ask."""
        return self._encoded([self._prefixes[0] + text for text in texts])

    def passages(self, texts: Sequence[str]) -> Any:
        """Return vectors of texts that answer."""
        return self._encoded([self._prefixes[1] + text for text in texts])

    def _encoded(self, texts: Sequence[str]) -> Any:
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        rows: list[Any] = [None] * len(texts)
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            for index, row in zip(some, self._batch([texts[one] for one in some]), strict=True):
                rows[index] = row
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _batch(self, texts: list[str]) -> Any:
        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        feed = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        try:
            states = self._session.run(None, {name: feed[name] for name in self._inputs})[0]
        except Exception as error:
            raise EngineUnavailableError(self.name, type(error).__name__) from error
        if states.ndim == 2:  # a model that pools by itself
            pooled = states
        elif self._is_mean:
            weights = mask[:, :, None]
            pooled = (states * weights).sum(1) / np.maximum(1, weights.sum(1))
        else:
            pooled = states[:, 0]
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        return (pooled / np.maximum(lengths, 1e-12)).astype(np.float32)

    def _read_about(self) -> dict[str, Any]:
        file = self._folder / ABOUT
        if not file.exists():
            return {}
        try:
            about = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelRefusedError(model=self._folder.name, file=ABOUT, reason="读不出来") from error
        if not isinstance(about, dict):
            raise ModelRefusedError(model=self._folder.name, file=ABOUT, reason="应是带字段的 JSON")
        return about


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for name in (MODEL, TOKENIZER, ABOUT):
        file = folder / name
        if file.exists():
            found.update(file.read_bytes())
    return found.hexdigest()[:16]
