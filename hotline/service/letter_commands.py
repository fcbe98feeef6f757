"""A city's words for what citizens do with their own orders by letter (``self_service.yaml``); pure but for reading the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.citizen_view import CitizenDeed
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.errors import CityConfigError
from hotline.service.self_service import Rating

_NUMBER: Final = r"[\s：:#]*([0-9]{11,12})[\s，,。：:]*(.*)"


@dataclass(frozen=True, slots=True)
class LetterCommands:
    """A city's words: for what is done, for proving, and for a rating's three parts (是否解决、对结果、对态度)."""

    deeds: Mapping[str, CitizenDeed]
    resolutions: Mapping[str, Resolution]
    grades: Mapping[str, Satisfaction]
    proving: str

    def read(self, text: str) -> tuple[str, CitizenDeed, str, str] | None:
        """Return the command's word, what is to be done, the order's number and the rest; None for any other text."""
        for word, deed in self.deeds.items():
            found = re.fullmatch(re.escape(word) + _NUMBER, text.strip(), re.DOTALL)
            if found is not None:
                return word, deed, found[1], found[2].strip()
        return None

    def code(self, text: str) -> tuple[str, str] | None:
        """Return the order's number and the code of “验证码 number [code]”; the code is empty when one is asked for."""
        found = re.fullmatch(re.escape(self.proving) + _NUMBER, text.strip(), re.DOTALL)
        return None if found is None else (found[1], re.sub(r"\s", "", found[2]))

    def rating(self, text: str) -> Rating | None:
        """Return a rating of three words; None when it is not one."""
        parts = re.split(r"[\s，,、]+", text)
        if len(parts) < 3 or parts[0] not in self.resolutions or not {*parts[1:3]} <= {*self.grades}:
            return None
        return Rating(
            self.resolutions[parts[0]],
            self.grades[parts[1]],
            self.grades[parts[2]],
            remark=" ".join(parts[3:]),
        )


def load_letter_commands(city: City) -> LetterCommands:
    """Read the words for letters of ``self_service.yaml``; ``CityConfigError`` says what is wrong with them."""
    file = city.folder / "self_service.yaml"
    rows = read_yaml(file)
    try:
        return LetterCommands(
            {word: CitizenDeed(deed) for word, deed in rows["commands"].items()},
            {word: Resolution(value) for word, value in rows["resolutions"].items()},
            {word: Satisfaction(value) for word, value in rows["grades"].items()},
            str(rows["proving"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CityConfigError(
            file=str(file), row="commands", reason=f"缺少内容或写法不对：{error!r}"
        ) from error
