"""Understander on a Rasa 3.6 server, by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.meaning import Intent, Understanding
from nlu.calibration import Calibration, Curve
from nlu.labels import Ranking, understanding_of

_LONGEST: Final = 400
_TOLD: Final = 0.3
_WARM_UP: Final = "你好"


class ParsedIntent(BaseModel):
    """One intent of Rasa's ranking."""

    name: str | None
    confidence: float


class ParsedCurve(BaseModel):
    """A curve of the calibration."""

    said: tuple[float, ...]
    right: tuple[float, ...]

    def to_curve(self) -> Curve:
        """Return it as the domain has it."""
        return Curve(self.said, self.right)


class ParsedCalibration(BaseModel):
    """How sure the model may be of a category."""

    curve_third: ParsedCurve
    curve_second: ParsedCurve
    third: float
    second: float

    def to_calibration(self) -> Calibration:
        """Return it as the domain has it."""
        return Calibration(self.curve_third.to_curve(), self.curve_second.to_curve(), self.third, self.second)


class ParsedCategory(BaseModel):
    """What the hotline's own component says: the likeliest third-level classes with their shares, best first.

    ``matter``: how likely it is that a matter was told at all (“我要投诉” tells of none).
    """

    shares: list[tuple[str, float]]
    matter: float
    calibration: ParsedCalibration


class Parsed(BaseModel):
    """What ``/model/parse`` answers, as far as it is used."""

    text: str
    intent: ParsedIntent
    intent_ranking: list[ParsedIntent] = []
    category: ParsedCategory | None = None

    def guesses(self) -> list[tuple[str, float]]:
        """Return intents with probabilities, best first."""
        ranking = self.intent_ranking or [self.intent]
        return [(one.name, one.confidence) for one in ranking if one.name]

    def ranking(self) -> Ranking:
        """Return the categories."""
        told = self.category is not None and self.category.matter >= _TOLD
        return Ranking(tuple(self.category.shares) if self.category is not None and told else ())

    def calibration(self) -> Calibration:
        """Return how sure the model may be of them."""
        return Calibration() if self.category is None else self.category.calibration.to_calibration()


class _Server:
    """One Rasa process: how many sentences it is at, and whether it is known to have the right model."""

    def __init__(
        self, url: str, token: str, timeout_seconds: float, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self.client = httpx.AsyncClient(
            base_url=url,
            params={"token": token},
            timeout=timeout_seconds,
            trust_env=False,
            transport=transport,
        )
        self.under_way = 0
        self.is_checked = False

    async def parse(self, text: str) -> Parsed:
        self.under_way += 1
        try:
            answer = await self.client.post("/model/parse", json={"text": text})
            answer.raise_for_status()
            return Parsed.model_validate_json(answer.content)
        finally:
            self.under_way -= 1


class RasaUnderstander:
    """Asks one or more Rasa servers, the idlest first: each answers one sentence at a time.

    The deadline is the caller's (``FallbackUnderstander``); here only a wider one holds.
    """

    name = "rasa"

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        *,
        model: str = "",
        timeout_seconds: float = 2.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``model``: name of the model file that must be loaded; Rasa silently takes another when it is missing."""
        self._servers = [_Server(url, token, timeout_seconds, transport) for url in urls]
        self._model = model

    async def understand(self, text: str) -> Understanding:
        """Understand one utterance by its intent and category alone."""
        if not text.strip():
            return Understanding(text=text, intent=Intent.UNKNOWN, confidence=0.0, engine=self.name)
        server = min(self._servers, key=lambda one: (not one.is_checked, one.under_way))
        parsed = await self._asked(server, text)
        return understanding_of(
            text,
            parsed.guesses(),
            engine=self.name,
            calibration=parsed.calibration(),
            ranking=parsed.ranking(),
        )

    async def warm_up(self, *, pause_seconds: float = 1.0) -> None:
        """Ask every server something until each has answered: its first sentence takes seconds, and no caller's may."""
        for server in self._servers:
            while not server.is_checked:
                try:
                    await self._asked(server, _WARM_UP)
                except EngineUnavailableError:
                    await asyncio.sleep(pause_seconds)

    async def close(self) -> None:
        """Close the connections."""
        for server in self._servers:
            await server.client.aclose()

    async def _asked(self, server: _Server, text: str) -> Parsed:
        try:
            if not server.is_checked:
                await self._check(server)
            parsed = await server.parse(text[:_LONGEST])
        except (httpx.HTTPError, ValidationError, ValueError) as error:
            server.is_checked = False
            raise EngineUnavailableError(self.name, type(error).__name__) from error
        server.is_checked = True
        return parsed

    async def _check(self, server: _Server) -> None:
        """See that the server has the model it is to have."""
        answer = await server.client.get("/status")
        answer.raise_for_status()
        loaded = str(answer.json().get("model_file", ""))
        if self._model and not loaded.endswith(self._model):
            raise EngineUnavailableError(self.name, f"another model is loaded: {loaded}")
