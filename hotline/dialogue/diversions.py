"""Diversions that the dialogue may propose (分流建议): statutory channels and other cities, by the words that were said.

It only proposes: the citizen hears where such a matter goes, it is registered like every other, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hotline.dialogue.prompts import Prompts
from hotline.domain.appeal import Appeal, AppealKind
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.errors import CityConfigError


@dataclass(frozen=True, slots=True)
class _Channel:
    """A statutory channel: its name, whom to turn to, and the words that tell of it."""

    matter: str
    to: str
    words: tuple[str, ...]
    headings: tuple[str, ...] = ()

    def word_in(self, text: str) -> str | None:
        """Return the first of the words that ``text`` holds, other than as the heading of a letter (信访事项：……)."""
        for heading in self.headings:
            text = _heading(heading).sub("", text)
        return next((word for word in self.words if word in text), None)


class DiversionWords:
    """Finds what may be diverted, after ``config/<city>/lexicon/diversions.yaml``."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of the file; raise ``CityConfigError`` when something is missing."""
        try:
            self._channels = tuple(
                _Channel(row["matter"], row["to"], tuple(row["words"]), tuple(row.get("headings", ())))
                for row in rows["statutory_channel"]
            )
            secrets = rows["state_secret"]
            self._secrets, self._no_secret = tuple(secrets["words"]), tuple(secrets["not_after"])
            cities = rows["other_city"]
            self._cities = tuple(cities["names"])
            self._placed, self._not_before = tuple(cities["placed"]), tuple(cities["not_before"])
            self._of, self._towns = (
                tuple(cities["of"]),
                {str(town): str(city) for town, city in cities["towns"].items()},
            )
            before = "|".join(map(re.escape, (*cities["before"], *cities["provinces"])))
            names = "|".join(map(re.escape, (*self._cities, *self._towns)))
            self._elsewhere = re.compile(rf"(?:{before})*(?P<name>{names})(?P<rest>.*)", re.DOTALL)
        except (KeyError, TypeError) as error:
            raise CityConfigError(file=file, reason=f"分流线索缺少内容或写法不对：{error!r}") from error

    def may_be_state_secret(self, text: str) -> bool:
        """Tell whether ``text`` says that it is about a state or work secret (国家秘密、工作秘密)."""
        return any(
            not text[: found.start()].endswith(self._no_secret)
            for word in self._secrets
            for found in re.finditer(re.escape(word), text)
        )

    def proposal(self, appeal: Appeal, prompts: Prompts) -> Diversion | None:
        """Return the diversion to propose, with its reason and what is said to the citizen, or None.

        Who only asks about a procedure (咨询) is not in it.
        """
        if appeal.kind is AppealKind.INQUIRY:
            return None
        for channel in self._channels:
            word = channel.word_in(appeal.text)
            if word is not None:
                told = prompts.text("divert_statutory_channel", matter=channel.matter, to=channel.to)
                return _because(DiversionOutcome.STATUTORY_CHANNEL, word, told, prompts)
        is_here = appeal.place is not None and appeal.place.is_located
        city = None if is_here else self.other_city(appeal.text)
        if city is None and appeal.place is not None and not is_here:
            city = self.city_named(appeal.place.said)
        if city is None:
            return None
        told = prompts.text("divert_other_city", place=city)
        return _because(DiversionOutcome.OTHER_CITY, city, told, prompts)

    def other_city(self, text: str) -> str | None:
        """Return the other city in which a matter is told to be (“我在济南买的车”), None without one."""
        name: str
        for name in self._cities:
            start = text.find(name)
            if start < 0:
                continue
            after = text[start + len(name) :].removeprefix("市")
            is_placed = text[:start].endswith(self._placed) and not after.startswith(self._not_before)
            if is_placed or after.startswith(self._of):
                return name
        return None

    def city_named(self, answer: str) -> str | None:
        """Return the other city that an answer to the question for the place names (济南市历下区, 江苏徐州新沂市), None where it names none."""
        found = self._elsewhere.match(answer)
        if found is None or found["rest"].removeprefix("市").startswith(self._not_before):
            return None
        return self._towns.get(found["name"], found["name"])


@lru_cache(maxsize=64)
def _heading(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|(?<=[，。；、,;】\s])){re.escape(word)}\s*[：:]")


def _because(outcome: DiversionOutcome, word: str, told: str, prompts: Prompts) -> Diversion:
    return Diversion(outcome, prompts.text("divert_reason", word=word), told)
