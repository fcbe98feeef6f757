"""Slots (要素): place, time, telephone, people, order numbers and other facts, found by code in one utterance."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from hotline.city import City
from hotline.domain.appeal import PhoneNumber, Place
from hotline.domain.meaning import FigureKind, Slots
from hotline.known_places import load_known_places
from nlu.facts import FactFinder
from nlu.figures import figures
from nlu.intervals import find_interval
from nlu.kinds import wants_secrecy
from nlu.lexicon import MeaningWords
from nlu.people import NameFinder
from nlu.phones import PhoneReader
from nlu.places import PlaceFinder
from nlu.self_repairs import put_right

_TIME: Final = re.compile(
    r"\d{1,2}月\d{1,2}[日号]|(?:上|这|本)?(?:周|星期)[一二三四五六日天]|(?!一点(?!半|钟|多|整|左))[\d一二三四五六七八九十两]+(?:点半?|点钟)"
)
_TAKEN_BACK: Final = re.compile(
    r".*[，,。\s][啊哎哦噢]?[，,]?(?:不对不对|不对|不是|错了|说错了|我说错了)[，,。\s](?P<right>.{2,})$"
)
_SAYS_WHERE: Final = re.compile("[边旁近村庄路街口]|对面|县城|城里")


class SlotFinder:
    """Finds slots with a city's gazetteer and word lists."""

    def __init__(self, city: City, words: MeaningWords) -> None:
        """Index the names of places."""
        self._words = words
        self._timezone = city.timezone
        self._facts = FactFinder(city, words)
        self._names = NameFinder(words)
        self._phones = PhoneReader(words.phone_owners)
        self._places = PlaceFinder(city, words, load_known_places(city))

    def find(self, text: str, at: datetime) -> Slots:
        """Return everything found in ``text``, which was said ``at``."""
        numbers = figures(text, self._words.letters)
        phone = self._phones.contact(text, numbers)
        orders = (one.value for one in numbers if one.kind is FigureKind.WORK_ORDER)
        place = self.place(text)
        choices = self._places.choices(text, place)
        name = self._names.find(text)
        return Slots(
            place=place,
            place_choices=choices,
            occurred=self._occurred(text),
            interval=find_interval(text, at.astimezone(self._timezone)),
            phone=PhoneNumber(phone) if phone else None,
            people=(name,) if name else (),
            facts=self._facts.find(text, numbers, name or ""),
            work_order_number=next(orders, ""),
            figures=numbers,
            wants_secrecy=wants_secrecy(text, self._words),
        )

    def place(self, text: str) -> Place | None:
        """Return the place said, as far as it is known; its detail is kept in the citizen's words.

        Of who takes back what they have just said (“大店那边，不对，就是县城边上”) it is what comes after.
        """
        text = put_right(text)
        taken_back = _TAKEN_BACK.search(text)
        if taken_back is not None:
            right = taken_back["right"]
            if (place := self._places.place(right)) is not None or _SAYS_WHERE.search(right):
                return place
        return self._places.place(text)

    def _occurred(self, text: str) -> str:
        parts = [word for word in self._words.times if word in text]
        parts = [word for word in parts if not any(word != other and word in other for other in parts)]
        parts += _TIME.findall(text)
        return "，".join(sorted(dict.fromkeys(parts), key=text.find))
