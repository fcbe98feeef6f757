"""A Rasa component that puts the category on a message: a second label beside the intent, by the in-process model.

The model's file is packed into Rasa's own model when that is trained, so that one archive gives intent, entities and
category. What it says is the shares of the likeliest classes and the model's calibration; the hotline decides on them.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.engines.features import ANALYZERS, passages
from nlu.engines.linear_weights import weights_from

_FILE = "category.npz"
_LEAST, _DIGITS = 1e-4, 5


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CategoryClassifier(GraphComponent):
    """Sets ``category`` on every message: ``{"shares": [[code, share], …], "matter": …, "calibration": {…}}``,
    best first."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``weights``: the file with the model's arrays, read when Rasa's model is trained."""
        return {"weights": ""}

    def __init__(self, content: bytes, model_storage: ModelStorage, resource: Resource) -> None:
        """Take the stored arrays, and where they are kept in Rasa's model."""
        self._content, self._storage, self._resource = content, model_storage, resource
        self._weights = weights_from(content)
        self._calibration = asdict(self._weights.calibration)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 -- Rasa's
    ) -> CategoryClassifier:
        """Read the file that the configuration names."""
        return cls(Path(config["weights"]).read_bytes(), model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],  # noqa: ARG003 -- Rasa's
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 -- Rasa's
        **kwargs: Any,  # noqa: ARG003 -- Rasa's
    ) -> CategoryClassifier:
        """Take it out of Rasa's model again."""
        with model_storage.read_from(resource) as folder:
            return cls((folder / _FILE).read_bytes(), model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:  # noqa: ARG002 -- it is trained already
        """Pack the arrays into Rasa's model; nothing is to be learned here."""
        with self._storage.write_to(self._resource) as folder:
            (folder / _FILE).write_bytes(self._content)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing later in the pipeline needs the category."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Put the category on each message."""
        labels = self._weights.finest.labels
        for message in messages:
            parts = passages(message.get(TEXT) or "")
            if not parts:
                continue
            chances = self._weights.chances(parts, ANALYZERS)
            matters = [
                (labels[place][1:], float(chances[place]))
                for place in chances.argsort()[::-1]
                if labels[place][1:].isdecimal()
            ]
            together = sum(chance for _, chance in matters)
            shares = [
                [code, round(chance / together, _DIGITS)]
                for code, chance in matters
                if chance > _LEAST * together
            ]
            found = {"shares": shares, "matter": together, "calibration": self._calibration}
            message.set("category", found, add_to_output=True)
        return messages
