"""From a sentence to a routing decision, with what is at hand: for ``hotline router explain``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app.published_rules import router_in_force
from hotline.city import City, read_yaml
from hotline.dialogue.intake import Draft
from hotline.dialogue.policy import WRITTEN
from hotline.dialogue.safety_words import Alarm, SafetyWords
from hotline.domain.appeal import Appeal, ContactChannel, EmergencyService
from hotline.domain.errors import ModelRefusedError
from hotline.domain.meaning import Intent, Understanding
from nlu.engines.linear import LinearUnderstander
from nlu.engines.rules import UnderstandingRules
from nlu.understander import Understander
from router.explaining import explain
from router.rule_router import build_router

Tell = Callable[[str], None]

_LONGEST: Final = 2_000


class NoModel:
    """An Understander that knows nothing: the rules around it then go by the categories' keywords alone."""

    name = "rules"

    async def understand(self, text: str) -> Understanding:
        """Say only that it is an appeal."""
        return Understanding(text=text, intent=Intent.APPEAL, confidence=1.0, engine=self.name)

    async def close(self) -> None:
        """Nothing is held."""


async def explained(
    text: str, city: City, models: Path, at: datetime, tell: Tell, *, database_url: str = ""
) -> dict[str, Any]:
    """Return why ``text`` would be dispatched as it would; ``models`` is the folder of trained models.

    With ``database_url`` what was published from the console counts too. Without a trained model the rules decide alone, which ``tell`` says.
    """
    text = text.strip()[:_LONGEST]
    understander = UnderstandingRules(_engine(city, models, tell), city, lambda: at)
    appeal = appeal_in(text, await understander.understand(text), city)
    router = (
        await router_in_force(city, database_url, at.date(), tell) if database_url else build_router(city)
    )
    return explain(router, city, appeal, at)


def appeal_in(text: str, meaning: Understanding, city: City) -> Appeal:
    """Return the appeal as the dialogue would take it down if the citizen said no more and confirmed it."""
    draft = Draft().heard(text).filled(meaning, WRITTEN)
    return draft.appeal(
        city.categories, ContactChannel.PHONE, is_confirmed=True, emergency=_emergency(text, city)
    )


def _emergency(text: str, city: City) -> EmergencyService | None:
    file = city.folder / "lexicon" / "safety.yaml"
    found = SafetyWords(read_yaml(file), file=str(file)).emergency_in(text)
    return found.service if found is not None and found.alarm is Alarm.CERTAIN else None


def _engine(city: City, models: Path, tell: Tell) -> Understander:
    try:
        return LinearUnderstander(city, models)
    except ModelRefusedError as error:
        tell(f"没有可用的理解模型，只按规则和关键词判断：{error.reason}")
        return NoModel()
