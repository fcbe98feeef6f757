"""The in-process model: TF-IDF of words, characters and sounds, and a linear classifier. It is always there.

Trained in seconds from the same utterances as Rasa, once as written and once with characters replaced by homophones,
since that is how recognisers err.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import jieba
import joblib
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from hotline.city import City
from hotline.domain.errors import ModelRefusedError
from hotline.domain.meaning import Understanding
from hotline.phonetics import sounds, syllables
from nlu.labels import understanding_of
from nlu.lexicon import write_city_dictionary
from nlu.training_data import Example, fingerprint, load_examples

_LONGEST: Final = 400
_NOISE: Final = 0.2
_KEPT: Final = re.compile(r"[\u4e00-\u9fff]|[A-Za-z0-9]+")
_VERSION: Final = "1"

jieba.setLogLevel(60)


def cleaned(text: str) -> str:
    """Return what the model looks at: no spaces (Vosk puts them), no signs, half-width, bounded length."""
    return "".join(_KEPT.findall(unicodedata.normalize("NFKC", text)))[:_LONGEST]


class _Words:
    """jieba's words; an object, since functions of jieba cannot be stored with a model."""

    def __call__(self, text: str) -> list[str]:
        return [word for word in jieba.cut(text) if word.strip()]


class _Sounds:
    """Runs of two and three fuzzy syllables."""

    def __call__(self, text: str) -> list[str]:
        heard = sounds(text)
        return [
            " ".join(heard[start : start + size]) for size in (2, 3) for start in range(len(heard) - size + 1)
        ]


def build_pipeline() -> Pipeline:
    """Return the untrained model."""
    return Pipeline(
        [
            (
                "features",
                FeatureUnion(
                    [
                        ("words", TfidfVectorizer(analyzer=_Words(), sublinear_tf=True)),
                        (
                            "characters",
                            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True),
                        ),
                        ("sounds", TfidfVectorizer(analyzer=_Sounds(), sublinear_tf=True)),
                    ],
                    transformer_weights={"words": 1.0, "characters": 1.0, "sounds": 0.7},
                ),
            ),
            ("classifier", LogisticRegression(C=30.0, max_iter=300, class_weight="balanced")),
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
    """Train the model unless it is there already, and return its file; written whole or not at all."""
    file = folder / f"linear-{_fingerprint(city)}.joblib"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    write_city_dictionary(city, folder / "jieba" / "city.txt")
    jieba.load_userdict(str(folder / "jieba" / "city.txt"))
    examples = load_examples(city)
    examples = (*examples, *misheard(examples, random.Random(12345)))  # noqa: S311 -- noise, not a secret
    model = build_pipeline()
    model.fit([cleaned(one.text) for one in examples], [one.label for one in examples])
    fresh = file.with_suffix(".new")
    joblib.dump(model, fresh, compress=1)
    fresh.replace(file)
    return file


def _fingerprint(city: City) -> str:
    return fingerprint(_VERSION, sklearn.__version__, json.dumps(sorted(city.categories)), city.name)


class LinearUnderstander:
    """Understander on the linear model; it knows labels only, the rules around it know the rest."""

    name = "linear"

    def __init__(self, city: City, folder: Path) -> None:
        """Load the trained model; ``ModelRefusedError`` when it is missing, stale or damaged."""
        file = folder / f"linear-{_fingerprint(city)}.joblib"
        if not file.exists():
            raise ModelRefusedError(
                model=self.name, file=str(file), reason="没有训练或语料已改变，请运行 hotline setup"
            )
        jieba.load_userdict(str(folder / "jieba" / "city.txt"))
        try:
            self._model: Any = joblib.load(file)
            self._labels: list[str] = list(self._model.classes_)
        except Exception as error:
            raise ModelRefusedError(model=self.name, file=str(file), reason="模型文件损坏") from error
        self.guess("预热")

    def guess(self, text: str) -> list[tuple[str, float]]:
        """Return every label with its probability, best first; nothing for text without words."""
        words = cleaned(text)
        if not words:
            return []
        chances = self._model.predict_proba([words])[0]
        return sorted(zip(self._labels, map(float, chances), strict=True), key=lambda row: -row[1])

    async def understand(self, text: str) -> Understanding:
        """Understand one utterance by its label alone."""
        return understanding_of(text, await asyncio.to_thread(self.guess, text), engine=self.name)

    async def close(self) -> None:
        """Nothing is held."""
