"""How text is read aloud (读法): numbers, dates, telephone and order numbers, units, letters, names easily misread.

The rules are those of spoken Mandarin; what differs between cities, and every list of words, is in
``lexicon/pronunciation.yaml``. They are applied in the order of ``Reading.aloud``: each sees what those before it left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

import cn2an

from hotline.domain.errors import CityConfigError

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()} | {
    0xFF05: "%"
}
_DATE: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_CLOCK: Final = re.compile(r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?::[0-5]\d)?(?!\d)")
_LINE_NUMBER: Final = re.compile(r"(?<!\d)(0\d{2,3}|[48]00)[- ](\d{3,4})[- ]?(\d{3,4})(?!\d)")
_RANGE: Final = re.compile(r"(?<=[\d%元年月日号时分点半天度])\s*(?:—+|[-~～－–])\s*(?=\d)")
_BELOW_ZERO: Final = re.compile(r"(?<![\w.])[-−](?=\d+(?:\.\d+)?(?:摄氏)?度)")
_MINUS: Final = re.compile(r"(?<![\w.])[-−](?=\d)")
_THOUSANDS: Final = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)")
_FRACTION: Final = re.compile(r"(?<![\d./])(\d{1,3})/(\d{1,3})(?![\d/])")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?=[年〕\]到至版级届])")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:\s\d+)*(?:\s?%)?")
_LETTERS: Final = re.compile(r"[A-Za-z]+")
_PAUSE: Final = re.compile(
    r"\s*(?:——+|[（()）【】〔〕\[\]|])\s*|(?<=[\u4e00-\u9fff])[ \t]+(?=[\u4e00-\u9fff])"
)
_LEFT_OUT: Final = re.compile(r"[《》〈〉“”‘’\"'「」『』*#_`·]")
_SURPLUS_PAUSE: Final = re.compile(r"^，+|，+(?=[，、。！？；：])|(?<=[，、。！？；：])，+")
_LARGE_TWO: Final = re.compile(r"^二(?=[千万亿])")
_GROUPS: Final = {6: (2, 2, 2), 7: (3, 4), 10: (3, 3, 4), 11: (3, 4, 4), 18: (6, 4, 4, 4)}
_GROUP: Final = 4
_LONGEST_QUANTITY: Final = 15
_BY_DIGITS_FROM: Final = 5


class Reading:
    """Turns written text into text that a synthesizer reads right: Chinese characters and punctuation."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``lexicon/pronunciation.yaml``; raise ``CityConfigError`` when something is missing."""
        try:
            self._words = _replacer({**rows["words"], **rows["units"]})
            self._digits = str.maketrans({str(key): value for key, value in rows["digits"].items()})
            self._letters = {str(key).upper(): str(value) for key, value in rows["letters"].items()}
            self._services = frozenset(str(number) for number in rows["services"])
            # A number before one of these is a quantity: it is never read digit by digit, and 2 is 两 before ``pairs``.
            self._quantity = re.compile("|".join(map(re.escape, (*rows["measures"], *rows["pairs"]))))
            self._pairs = re.compile("|".join(map(re.escape, rows["pairs"])))
            self._by_digits = re.compile("|".join(map(re.escape, rows["by_digits"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise CityConfigError(file=file, reason=f"读法表缺少内容或写法不对：{error}") from error

    def aloud(self, text: str) -> str:
        """Return ``text`` as it is to be read."""
        text = text.translate(_FULL_WIDTH)
        text = _DATE.sub(r"\1年\3月\4日", text)
        text = _CLOCK.sub(_o_clock, text)
        text = _LINE_NUMBER.sub(self._line_number, text)
        text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
        text = self._words[0].sub(lambda found: self._words[1][found[0]], text)
        text = _RANGE.sub("到", text)
        text = _MINUS.sub("负", _BELOW_ZERO.sub("零下", text))
        text = _FRACTION.sub(r"\2分之\1", text)
        text = _YEAR.sub(lambda found: str(cn2an.an2cn(found[0], "direct")), text)
        text = _NUMBER.sub(self._number, text)
        text = _LETTERS.sub(self._spelt, text)
        text = _LEFT_OUT.sub("", _PAUSE.sub("，", text))
        return _SURPLUS_PAUSE.sub("", text).strip()

    def _number(self, found: re.Match[str]) -> str:
        written, after = found[0], found.string[found.end() : found.end() + 3]
        if written.endswith("%"):
            *before, share = written[:-1].split()
            return "，".join((*map(self._group, before), "百分之" + _quantity(share)))
        groups = written.split()
        if len(groups) > 1:
            return "，".join(map(self._group, groups))
        if "." in written or self._is_quantity(written, after):
            is_pair = (
                written == "2" and self._pairs.match(after) and found.string[: found.start()][-1:] != "第"
            )
            return "两" if is_pair else _quantity(written)
        if (
            written in self._services
            or len(written) >= _BY_DIGITS_FROM
            or (written.startswith("0") and len(written) > 1)
            or (len(written) >= 3 and self._by_digits.match(after))
        ):
            return self._digit_by_digit(written)
        return _quantity(written)

    def _group(self, group: str) -> str:
        """Say one of several figures in a row: digits one by one, a fraction as a quantity."""
        return _quantity(group) if "." in group else group.translate(self._digits)

    def _is_quantity(self, written: str, after: str) -> bool:
        is_short = len(written) <= _LONGEST_QUANTITY and (written == "0" or not written.startswith("0"))
        return is_short and self._quantity.match(after) is not None

    def _line_number(self, found: re.Match[str]) -> str:
        """Say a fixed line with its area code, or a 400 number."""
        return "，".join(part.translate(self._digits) for part in found.groups())

    def _digit_by_digit(self, digits: str) -> str:
        """Say digits one by one, a mobile number as 3-4-4, others in groups of at most four."""
        if digits in self._services or len(digits) <= _BY_DIGITS_FROM:
            return digits.translate(self._digits)
        sizes = _GROUPS.get(len(digits)) or _fours(len(digits))
        cuts = (0, *accumulate(sizes))
        return "，".join(digits[a:b].translate(self._digits) for a, b in pairwise(cuts))

    def _spelt(self, found: re.Match[str]) -> str:
        """Say Latin letters by their names."""
        return "".join(self._letters.get(letter.upper(), letter) for letter in found[0])


def _replacer(rows: Mapping[str, str]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern for all of ``rows`` at once, longest first, and what each becomes."""
    texts = {str(written): str(said) for written, said in rows.items()}
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True)))), texts


def _o_clock(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), found[2]
    said = "两点" if hour == 2 else f"{hour}点"
    if minute == "00":
        return said
    if minute == "30":
        return f"{said}半"
    return f"{said}零{minute[1]}分" if minute.startswith("0") else f"{said}{minute}分"


def _quantity(written: str) -> str:
    """Return a number as a quantity."""
    whole, dot, rest = written.partition(".")
    said = _LARGE_TWO.sub("两", str(cn2an.an2cn(str(int(whole)))))
    return said + ("点" + "".join(str(cn2an.an2cn(digit)) for digit in rest) if dot else "")


def _fours(length: int) -> Sequence[int]:
    whole, rest = divmod(length, _GROUP)
    return (*[_GROUP] * (whole - 1), _GROUP + 1) if rest == 1 else (*[_GROUP] * whole, rest)
