"""The in-process model: TF-IDF of words, characters and sounds, and a linear classifier. It is always there.

Trained in seconds from the same utterances as Rasa, once as written and once with characters replaced by homophones,
since that is how recognisers err. A support vector machine is as fast to train as it is to ask, and was right more
often than logistic regression; its margins become probabilities by a softmax whose steepness was measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.metadata
import json
import random
import re
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jieba
import numpy as np

from hotline.city import City
from hotline.domain.category import SECOND
from hotline.domain.errors import ModelRefusedError
from hotline.domain.meaning import Understanding
from hotline.phonetics import sounds, syllables
from nlu.engines.linear_weights import Analyzer, weights_from, weights_of
from nlu.labels import understanding_of
from nlu.lexicon import city_words
from nlu.training_data import Example, fingerprint, label_at, load_examples

_LONGEST: Final = 400
_NOISE: Final = 0.2
_KEPT: Final = re.compile(r"[\u4e00-\u9fff]|[A-Za-z0-9]+")
_VERSION: Final = "3"
_LONGEST_RUN: Final = 3
_DIGEST_BYTES: Final = hashlib.sha256().digest_size
_WORD_FREQUENCY: Final = 2_000
_STEEPNESS: Final = 8.0  # least log loss on utterances left out of training (4 folds, with and without noise)

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

jieba.setLogLevel(60)

_CUTTER: Final = jieba.Tokenizer()
"""One of its own: the city's names that it is told of must not change how others in this process cut."""


def cleaned(text: str) -> str:
    """Return what the model looks at: no spaces (Vosk puts them), no signs, half-width, bounded length."""
    return "".join(_KEPT.findall(unicodedata.normalize("NFKC", text)))[:_LONGEST]


def _words(text: str) -> list[str]:
    return [word for word in _CUTTER.cut(text) if word.strip()]


def _characters(text: str) -> list[str]:
    """Runs of one to three characters."""
    text = text.lower()
    return [
        text[start : start + size]
        for size in range(1, _LONGEST_RUN + 1)
        for start in range(len(text) - size + 1)
    ]


def _sounds(text: str) -> list[str]:
    """Runs of two and three fuzzy syllables."""
    heard = sounds(text)
    return [
        " ".join(heard[start : start + size])
        for size in (_LONGEST_RUN - 1, _LONGEST_RUN)
        for start in range(len(heard) - size + 1)
    ]


_ANALYZERS: Final[Mapping[str, Analyzer]] = {"words": _words, "characters": _characters, "sounds": _sounds}
_WEIGHTS: Final = {"words": 1.0, "characters": 1.0, "sounds": 0.7}


def build_pipeline() -> Pipeline:
    """Return the untrained model."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 -- seconds that asking need not wait
    from sklearn.pipeline import FeatureUnion, Pipeline  # noqa: PLC0415 -- the same
    from sklearn.svm import LinearSVC  # noqa: PLC0415 -- the same

    features = [
        (name, TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=2))
        for name, analyzer in _ANALYZERS.items()
    ]
    return Pipeline(
        [
            ("features", FeatureUnion(features, transformer_weights=_WEIGHTS)),
            ("classifier", LinearSVC(C=0.5, random_state=12345)),
        ]
    )


def misheard(examples: Sequence[Example], chance: random.Random) -> list[Example]:
    """Return the utterances with a fifth of their characters replaced by others that sound alike."""
    alike: dict[str, list[str]] = {}
    for example in examples:
        for character in example.text:
            if "\u4e00" <= character <= "\u9fff":
                alike.setdefault(syllables(character)[0], []).append(character)
    choices = {sound: sorted(set(characters)) for sound, characters in alike.items()}
    return [
        Example(
            "".join(
                chance.choice(choices[sound]) if sound in choices and chance.random() < _NOISE else character
                for character, sound in zip(example.text, syllables(example.text), strict=True)
            ),
            example.label,
        )
        for example in examples
    ]


def train_linear(city: City, folder: Path) -> Path:
    """Train the model unless a sound one of the present data is there, and return its file; written whole or not at all."""
    file = _file(city, folder)
    with contextlib.suppress(ModelRefusedError):
        _read_checked(file)
        return file
    folder.mkdir(parents=True, exist_ok=True)
    _teach_words(city)
    examples = tuple(Example(one.text, label_at(one.label, SECOND)) for one in load_examples(city))
    examples = (*examples, *misheard(examples, random.Random(12345)))  # noqa: S311 -- noise, not a secret
    model = build_pipeline()
    model.fit([cleaned(one.text) for one in examples], [one.label for one in examples])
    content = weights_of(model.named_steps["features"], model.named_steps["classifier"]).stored()
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".new", delete=False) as fresh:
        fresh.write(hashlib.sha256(content).digest() + content)
    Path(fresh.name).replace(file)
    return file


def _file(city: City, folder: Path) -> Path:
    name = fingerprint(
        _VERSION,
        importlib.metadata.version("scikit-learn"),
        json.dumps(sorted(city.categories)),
        *city_words(city),
    )
    return folder / f"linear-{name}.model"


def _read_checked(file: Path) -> bytes:
    """Return the stored model; its hash stands before it, and nothing that fails it is ever used."""
    try:
        stored = file.read_bytes()
    except OSError:
        raise ModelRefusedError(
            model="linear", file=str(file), reason="没有训练或语料已改变，请运行 hotline setup"
        ) from None
    digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise ModelRefusedError(model="linear", file=str(file), reason="模型文件损坏，请运行 hotline setup")
    return content


def _teach_words(city: City) -> None:
    """Let jieba know the city's names."""
    for word in city_words(city):
        _CUTTER.add_word(word, freq=_WORD_FREQUENCY)


class LinearUnderstander:
    """Understander on the linear model; it knows labels only, the rules around it know the rest."""

    name = "linear"

    def __init__(self, city: City, folder: Path) -> None:
        """Load the trained model; ``ModelRefusedError`` when it is missing, stale or damaged."""
        content = _read_checked(_file(city, folder))
        _teach_words(city)
        self._weights = weights_from(content)
        self.guess("预热")

    def guess(self, text: str) -> list[tuple[str, float]]:
        """Return every label with its probability, best first; nothing for text without words."""
        words = cleaned(text)
        if not words:
            return []
        scores = self._weights.scores(words, _ANALYZERS) * _STEEPNESS
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        return sorted(zip(self._weights.labels, map(float, chances), strict=True), key=lambda row: -row[1])

    async def understand(self, text: str) -> Understanding:
        """Understand one utterance by its label alone."""
        return understanding_of(text, await asyncio.to_thread(self.guess, text), engine=self.name)

    async def close(self) -> None:
        """Nothing is held."""
