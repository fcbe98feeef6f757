"""How text is read aloud (读法): numbers, telephone and order numbers, units, names that are easily misread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import cn2an

from hotline.domain.errors import CityConfigError

_GROUP: Final = 4
_LONG: Final = 5
_SENTENCE: Final = re.compile(r"(?<=[。！？；!?;])|(?<=[：:\n])")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:\s\d+)*%?")
_YEAR: Final = re.compile(r"(\d{4})(?=年)")
_CLOCK: Final = re.compile(r"(\d{1,2})[:：](\d{2})")
_RANGE: Final = re.compile(r"(?<=\d)\s*[—~～-]\s*(?=\d)")
_LEFT_OUT: Final = re.compile(r"[《》“”\"'（）()【】\[\]*#]")


class Reading:
    """Turns written text into text that a synthesizer reads right."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``lexicon/pronunciation.yaml``."""
        try:
            self._words = dict(sorted(rows["words"].items(), key=lambda row: -len(row[0])))
            self._digits = str.maketrans({str(key): value for key, value in rows["digits"].items()})
            self._services = frozenset(str(number) for number in rows["services"])
            self._units = dict(sorted(rows["units"].items(), key=lambda row: -len(row[0])))
        except (KeyError, AttributeError) as error:
            raise CityConfigError(file=file, reason=f"读法表缺少内容或写法不对：{error}") from error
        self._percent = self._units.pop("%", "")
        self._to = str(rows.get("to", "到"))

    def aloud(self, text: str) -> str:
        """Return ``text`` as it is to be read."""
        for written, said in self._words.items():
            text = text.replace(written, said)
        for written, said in self._units.items():
            text = text.replace(written, said)
        text = _RANGE.sub(self._to, text)
        text = _YEAR.sub(lambda found: cn2an.an2cn(found[1], "direct"), text)
        text = _CLOCK.sub(
            lambda found: f"{found[1]}点{found[2]}分" if found[2] != "00" else f"{found[1]}点", text
        )
        return _LEFT_OUT.sub("", _NUMBER.sub(self._number, text))

    def sentences(self, text: str) -> list[str]:
        """Cut ``text`` where a reader draws breath, and return each piece as it is to be read."""
        return [self.aloud(part) for part in _SENTENCE.split(text) if part.strip()]

    def _number(self, found: re.Match[str]) -> str:
        said = found[0]
        percent, said = (self._percent, said[:-1]) if said.endswith("%") else ("", said)
        groups = said.split()
        if len(groups) == 1 and "." not in said and said not in self._services and len(said) < _LONG:
            return percent + str(cn2an.an2cn(said))
        if "." in said:
            return percent + str(cn2an.an2cn(said))
        return "，".join(self._digit_by_digit(group) for group in groups)

    def _digit_by_digit(self, digits: str) -> str:
        """Say digits one by one, an eleven-digit telephone number as 3-4-4, others in groups of at most four."""
        if digits in self._services or len(digits) <= _LONG:
            return digits.translate(self._digits)
        start = len(digits) % _GROUP or _GROUP
        cuts = [0, *range(start, len(digits), _GROUP), len(digits)]
        if len(digits) == 6:
            cuts = [0, 2, 4, 6]
        return "，".join(digits[a:b].translate(self._digits) for a, b in pairwise(cuts))
