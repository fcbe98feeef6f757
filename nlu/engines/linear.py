"""The in-process model: TF-IDF of words, characters and sounds, and linear classifiers. It is always there.

Trained in a minute or two from the same utterances as Rasa (``linear_training``), asked in milliseconds without the
library that trained it (``linear_weights``).
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import structlog

from hotline.city import City
from hotline.domain.errors import ModelRefusedError
from hotline.domain.meaning import Understanding
from nlu.calibration import Calibration
from nlu.engines.features import ANALYZERS, cleaned, passages
from nlu.engines.linear_weights import Weights, weights_from
from nlu.labels import understanding_of
from nlu.lexicon import city_words
from nlu.model_shelf import ModelShelf
from nlu.training_data import INTENTS, category_of, fingerprint, load_examples

log: Final = structlog.get_logger("nlu")

_VERSION: Final = "10"
_MARK: Final = f"hotline-linear-{_VERSION}\n".encode()


def shelf_of(folder: Path) -> ModelShelf:
    """Return where linear models are kept in ``folder``."""
    return ModelShelf(folder, "linear", _MARK)


def model_name(city: City) -> str:
    """Return the name of the model of the present data: the utterances, the taxonomy and whatever else it depends on."""
    taxonomy = json.dumps([astuple(category) for category in city.categories.values()], ensure_ascii=False)
    return fingerprint(_VERSION, importlib.metadata.version("scikit-learn"), taxonomy, *city_words(city))


def train_linear(city: City, folder: Path) -> Path:
    """Train the model unless a sound one of the present data is there, and return its file; written whole or not at all."""
    shelf, name = shelf_of(folder), model_name(city)
    return shelf.file(name) if shelf.holds(name) else shelf.put(name, fresh_model(city).stored())


def fresh_model(city: City) -> Weights:
    """Train a model of the present data."""
    from nlu.engines.linear_training import train  # noqa: PLC0415 -- seconds that asking need not wait

    return train(city, load_examples(city))


def packed_weights(city: City, folder: Path, into: Path) -> Path:
    """Write the arrays of the model in force without its mark and hash, for Rasa's component, and return the file."""
    content = shelf_of(folder).read(model_in_force(city, folder))
    file = into / "category.npz"
    file.write_bytes(content)
    return file


def weights_in(file: Path, city: City) -> Weights:
    """Read one model file; ``ModelRefusedError`` when it is unsound, of another version, or of another taxonomy."""
    weights = weights_from(shelf_of(file.parent).read(file))
    codes = {category_of(label) for label in weights.finest.labels if label not in INTENTS}
    if not codes <= city.categories.keys():
        raise ModelRefusedError(
            model="linear", file=str(file), reason="模型里的分类这座城市没有，请运行 hotline setup"
        )
    return weights


def model_in_force(city: City, folder: Path) -> Path:
    """Return the model of the present data, or the last good one; ``ModelRefusedError`` when there is none."""
    shelf, refusals = shelf_of(folder), list[ModelRefusedError]()
    for file in shelf.candidates(model_name(city)):
        try:
            weights_in(file, city)
        except ModelRefusedError as error:
            refusals.append(error)
            continue
        if refusals:
            log.error("model.refused", refused=[str(error) for error in refusals], used=file.name)
        return file
    raise refusals[0]


class LinearUnderstander:
    """Understander on the linear model; it knows labels only, the rules around it know the rest."""

    name = "linear"

    def __init__(self, city: City, folder: Path, file: Path | None = None) -> None:
        """Load ``file``, or else what is in force in ``folder``; ``ModelRefusedError`` when it cannot be used."""
        self.file = file or model_in_force(city, folder)
        self._weights = weights_in(self.file, city)
        self.guess("预热")

    @property
    def calibration(self) -> Calibration:
        """How sure the model may be of itself."""
        return self._weights.calibration

    def guess(self, text: str) -> list[tuple[str, float]]:
        """Return every label with its probability, best first; nothing for text without words."""
        parts = passages(text)
        if not parts:
            return []
        chances = self._weights.chances(parts, ANALYZERS)
        labels = self._weights.finest.labels
        return [(labels[place], float(chances[place])) for place in chances.argsort()[::-1]]

    def reasons(self, text: str, label: str, most: int = 8) -> list[tuple[str, float]]:
        """Return the words, characters and sounds that speak most for a label in ``text``, and how much."""
        weights = self._weights
        place = weights.finest.labels.index(label)
        columns, values = weights.features(cleaned(text), ANALYZERS)
        terms = {
            start + column: term for start, part in weights.starts() for term, column in part.columns.items()
        }
        said = [
            (terms[column], float(value) * weights.said_by(column, place))
            for column, value in zip(columns.tolist(), values, strict=True)
        ]
        return sorted((one for one in said if one[1] > 0), key=lambda one: -one[1])[:most]

    @property
    def about(self) -> Mapping[str, Any]:
        """Where the model comes from and how it did on what was held out."""
        return self._weights.about

    async def understand(self, text: str) -> Understanding:
        """Understand one utterance by its label alone."""
        guesses = await asyncio.to_thread(self.guess, text)
        return understanding_of(text, guesses, engine=self.name, calibration=self.calibration)

    async def close(self) -> None:
        """Nothing is held."""
