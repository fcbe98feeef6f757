"""An Understander for what was recognised from speech: it reads words by their sounds before its engine does."""

from __future__ import annotations

import asyncio
from typing import Final

from hotline.domain.category import at_level
from hotline.domain.meaning import Understanding
from hotline.heard_words import HeardWords
from nlu.understander import Understander

_SURER: Final = 0.1
"""So much surer another class has to be: the likely words of a name that nobody knows may stand for one."""


class HeardUnderstander:
    """Asks its engine for the meaning of the words that were likely said (同音还原)."""

    def __init__(self, engine: Understander, words: HeardWords) -> None:
        """Take the engine, and how citizens word things."""
        self._engine = engine
        self._words = words

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    async def understand(self, text: str) -> Understanding:
        """Understand ``text`` as it was likely said, unless the class of what was heard is surer, or another and nearly as sure.

        Names that are not known become other words (圣庄街道 → 省中介), and those may stand for a class.
        """
        likely = await asyncio.to_thread(self._words.within, text)
        if likely == text:
            return await self._engine.understand(text)
        meant, heard = await asyncio.gather(self._engine.understand(likely), self._engine.understand(text))
        is_other = heard.category is not None and at_level(heard.category, 1) != at_level(meant.category, 1)
        least = meant.category_confidence - (_SURER if is_other else 0.0)
        return heard if heard.category_confidence > least else meant

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()
