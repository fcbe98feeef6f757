"""Rules over a model: what code knows better than a classifier — facts, kinds, and when not to believe it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Final

from hotline.city import City
from hotline.domain.appeal import AppealKind
from hotline.domain.category import SECOND, THIRD, at_level, nearest, within
from hotline.domain.meaning import Intent, Understanding
from hotline.phonetics import han_only
from hotline.written_forms import simplified
from nlu.kinds import is_upset, kind_of, urgency_of
from nlu.lexicon import MeaningWords, load_meaning_words
from nlu.slots import SlotFinder
from nlu.understander import Understander

_SURE: Final = 0.3
_LONGEST: Final = 2_000
_BY_KEYWORD: Final = 0.4
"""How sure a class is that only keywords speak for: of 63 such among 327 matters and the golden set, 28 were right."""
_TELLING: Final = 9
_ABBREVIATED: Final = 4  # letters: WIFI, ETC
_LEAST_AFTER_GREETING: Final = 4
"""So many signs after a greeting may say what is wanted (“您好，怎么交”)."""
_CLAUSE: Final = re.compile(r"[，。！？；,!?;]+")
_NOT_PRAISE: Final = (Intent.ASK_PROGRESS, Intent.UNKNOWN, Intent.THANK)
_LONGEST_ASIDE: Final = 16
_LEAST_TOLD: Final = 6
_LONGEST_PAIR: Final = 80
"""Characters: who writes more tells of one matter with all that belongs to it."""
_PAIR: Final = 2
_LEAST_HALF: Final = 4  # characters: 路灯坏了
_SURE_OF_HALF: Final = 0.6
"""Of 64 training utterances that have a joint two, and of 77 sentences from messages three, were taken for two matters."""
_SMALL_TALK: Final = frozenset(
    {Intent.GREET, Intent.THANK, Intent.NUISANCE, Intent.OFF_TOPIC, Intent.WITHDRAW}
)


class UnderstandingRules:
    """An Understander that completes another's understanding with slots, kind, urgency and mood."""

    def __init__(self, engine: Understander, city: City, clock: Callable[[], datetime]) -> None:
        """Take the engine and the city's word lists; ``clock`` says from when “昨晚” is seen."""
        self._engine = engine
        self._clock = clock
        self._city = city
        self._words = load_meaning_words(city)
        self._greeted = re.compile(rf"^(?:(?:{'|'.join(map(re.escape, self._words.greetings))})\W*)+")
        self._joint = re.compile("|".join(map(re.escape, self._words.joints)))
        self._slots = SlotFinder(city, self._words)
        self._finer = {
            above.code: {
                each.code: each.keywords
                for each in city.categories_at(THIRD)
                if within(each.code, {above.code})
            }
            for above in city.categories_at(SECOND)
        }
        self._keywords = {
            above.code: frozenset(above.keywords).union(*self._finer[above.code].values())
            for above in city.categories_at(SECOND)
        }

    def over(self, engine: Understander) -> UnderstandingRules:
        """Return the same rules over another engine; what they know of the city is read once."""
        same = copy(self)
        same._engine = engine  # noqa: SLF001 -- its own kind
        return same

    @property
    def engine(self) -> Understander:
        """The engine under the rules."""
        return self._engine

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    async def understand(self, text: str) -> Understanding:
        """Understand ``text``; spaces are taken out first (recognisers put them between words), control characters too.

        Traditional characters are read as simplified ones; the meaning keeps the text as it was written. Of a text as
        long as a book the beginning is read.
        """
        said = "".join(sign for sign in text if sign.isprintable() and not sign.isspace())
        text = simplified(said[:_LONGEST])
        slots = self._slots.find(text, self._clock())
        found = await self._engine.understand(text)
        if found.intent is Intent.GREET and (wanted := self._after_greeting(text)):
            found = await self._engine.understand(wanted)
        told = self._told(text) if found.category is None else ""
        if told:
            found = _surer(found, await self._engine.understand(told))
        meaning = replace(found, text=said, slots=slots, is_upset=is_upset(text, self._words))
        if slots.work_order_number and meaning.intent is not Intent.WITHDRAW:
            return replace(meaning, intent=Intent.ASK_PROGRESS, confidence=1.0, category=None)
        meaning = self._judged(meaning, text, self._by_keyword(told or text) or self._by_keyword(text))
        if meaning.intent is not Intent.APPEAL:
            return meaning
        category = nearest(meaning.category, self._city.categories)
        return replace(
            meaning,
            kind=kind_of(text, category, self._words),
            urgency=urgency_of(text, category, self._words),
            halves=await self._halves(text),
        )

    def _judged(self, meaning: Understanding, text: str, keyword: str | None) -> Understanding:
        """Return what the model found as far as it is believed; ``keyword`` is the class that keywords speak for."""
        if meaning.intent in _NOT_PRAISE and _praises(text, self._words):
            meaning = replace(meaning, intent=Intent.APPEAL, category=None)
        if meaning.intent is not Intent.APPEAL:
            if meaning.confidence >= _SURE and not (keyword and meaning.intent in _SMALL_TALK):
                return meaning
            if keyword is None:
                return replace(meaning, intent=Intent.UNKNOWN)
            meaning = replace(meaning, intent=Intent.APPEAL, category=None)
        if han_only(text) in self._words.where_alone or (keyword is None and self._is_guess(meaning, text)):
            return replace(meaning, intent=Intent.UNKNOWN, category=None)
        if meaning.category is None and keyword is not None:
            sure = max(_BY_KEYWORD, meaning.category_confidence)
            meaning = replace(meaning, category=keyword, category_confidence=sure, choices=())
        return meaning

    @staticmethod
    def _is_guess(meaning: Understanding, text: str) -> bool:
        """Whether a matter that no keyword speaks for is none: too few words, or a language that the model has never read."""
        if meaning.category is not None:
            return False
        is_short = bool(meaning.runners_up) and len(text) < _TELLING and meaning.slots.place is None
        return is_short or _is_foreign(text)

    async def _halves(self, text: str) -> tuple[str, ...] | None:
        """Return the matters of ``text``: what stands around the joints, where each is surely of a class, and no two of the same."""
        if len(text) > _LONGEST_PAIR:
            return None
        halves = tuple(half.strip("，。,. ") for half in self._joint.split(text))
        if len(halves) < _PAIR or min(map(len, halves)) < _LEAST_HALF:
            return None
        found = await asyncio.gather(*map(self._engine.understand, halves))
        is_sure = min(one.category_confidence for one in found) >= _SURE_OF_HALF
        classes = {at_level(one.category, SECOND) for one in found}
        return halves if is_sure and None not in classes and len(classes) == len(halves) else None

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()

    def _after_greeting(self, text: str) -> str:
        """Return what is said after the words of greeting; empty where hardly anything is."""
        rest = self._greeted.sub("", text)
        return rest if rest != text and len(rest) >= _LEAST_AFTER_GREETING else ""

    def _told(self, text: str) -> str:
        """Return ``text`` without what only goes with a matter (我姓王，让我打12345); empty where nothing goes, or little is left."""
        clauses = [part for part in _CLAUSE.split(text) if part]
        told = [
            part
            for part in clauses
            if len(part) > _LONGEST_ASIDE or not any(word in part for word in self._words.asides)
        ]
        rest = "，".join(told)
        return rest if len(told) < len(clauses) and len(rest) >= _LEAST_TOLD else ""

    def _by_keyword(self, text: str) -> str | None:
        """Return the one category whose keywords the text holds most of, as fine as they tell; None when none is clear."""
        second = _most_said(text, self._keywords)
        if second is None:
            return None
        return _most_said(text, self._finer[second]) or second


def _praises(text: str, words: MeaningWords) -> bool:
    """Tell whether ``text`` thanks or commends somebody, whatever it is that was done (“上次那个事办得挺好，我要感谢”)."""
    return any(word in text for kind, inside in words.kinds if kind is AppealKind.PRAISE for word in inside)


def _is_foreign(text: str) -> bool:
    """Tell whether ``text`` is in a language that the model has never read."""
    return not han_only(text) and sum(map(str.isalpha, text)) > _ABBREVIATED


def _surer(found: Understanding, of_rest: Understanding) -> Understanding:
    """Return the understanding of the rest where it names a class, and more surely."""
    is_surer = of_rest.category is not None and of_rest.category_confidence > found.category_confidence
    return of_rest if is_surer and of_rest.intent is Intent.APPEAL else found


def _most_said(text: str, keywords: Mapping[str, Iterable[str]]) -> str | None:
    hits = {code: sum(len(word) for word in words if word in text) for code, words in keywords.items()}
    best = sorted(((count, code) for code, count in hits.items() if count), reverse=True)
    if not best or (len(best) > 1 and best[0][0] == best[1][0]):
        return None
    return best[0][1]
