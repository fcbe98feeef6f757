"""Understander on a Rasa 3.6 server, by HTTP."""

from __future__ import annotations

import httpx
from pydantic import BaseModel, ValidationError

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.meaning import Understanding
from nlu.labels import understanding_of

_FALLBACK = "nlu_fallback"
_LONGEST = 400


class ParsedIntent(BaseModel):
    """One intent of Rasa's ranking."""

    name: str | None
    confidence: float


class Parsed(BaseModel):
    """What ``/model/parse`` answers, as far as it is used."""

    text: str
    intent: ParsedIntent
    intent_ranking: list[ParsedIntent] = []

    def guesses(self) -> list[tuple[str, float]]:
        """Return labels with probabilities, best first; Rasa's own fallback mark is no label."""
        ranking = self.intent_ranking or [self.intent]
        return [(one.name, one.confidence) for one in ranking if one.name and one.name != _FALLBACK]


class RasaUnderstander:
    """Asks a Rasa server. The deadline is the caller's (``FallbackUnderstander``); here only a wider one holds."""

    name = "rasa"

    def __init__(self, url: str, token: str, *, model: str = "", timeout_seconds: float = 2.0) -> None:
        """``model``: name of the model file that must be loaded; Rasa silently takes another when it is missing."""
        self._client = httpx.AsyncClient(
            base_url=url, params={"token": token}, timeout=timeout_seconds, trust_env=False
        )
        self._model = model
        self._is_checked = not model

    async def understand(self, text: str) -> Understanding:
        """Understand one utterance by its label alone."""
        if not text.strip():
            return understanding_of(text, [], engine=self.name)  # Rasa crashes on empty text
        try:
            if not self._is_checked:
                await self._check()
            answer = await self._client.post("/model/parse", json={"text": text[:_LONGEST]})
            answer.raise_for_status()
            parsed = Parsed.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            self._is_checked = not self._model
            raise EngineUnavailableError(self.name, type(error).__name__) from error
        return understanding_of(text, parsed.guesses(), engine=self.name)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _check(self) -> None:
        answer = await self._client.get("/status")
        answer.raise_for_status()
        loaded = str(answer.json().get("model_file", ""))
        if not loaded.endswith(self._model):
            raise EngineUnavailableError(self.name, f"another model is loaded: {loaded}")
        self._is_checked = True
