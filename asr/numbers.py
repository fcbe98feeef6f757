"""Numbers as they are written (数字规整): telephone, identity-card, house numbers, dates and amounts in digits.

What is not clearly a number stays as it was said: 一点, 两个, 十分, 三五百.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import cn2an

from hotline.domain.errors import CityConfigError
from hotline.domain.speech import Expected
from hotline.phonetics import syllables

_VALUES: Final = {character: str(index) for index, character in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "幺": "1",
}
_DIGIT: Final = "[零〇一二三四五六七八九幺0-9]"
_SCALE: Final = "十百千万亿"
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_BY_SYLLABLE: Final = {syllables(character)[0]: character for character in _VALUES if character != "〇"}
_RUN: Final = re.compile(
    rf"(?<![{_SCALE}两点第.]){_DIGIT}(?:[ ,，、\-]*{_DIGIT})+[Xx]?(?![{_SCALE}点.][零一二三四五六七八九\d])(?![{_SCALE}])"
)
_GAPS: Final = re.compile(r"[ ,，、\-]+")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:[,，]\d{3})+")
_CARDINAL: Final = rf"[一二三四五六七八九两十][零一二三四五六七八九两{_SCALE}]*(?:点[零一二三四五六七八九]+)?"
_TWO_DIGITS: Final = re.compile(r"[一二三四五六七八九两]{2}")
_CUT_SHORT: Final = re.compile(r"([百千万])([一二三四五六七八九])$")
_NEXT_SCALE: Final = {"百": "十", "千": "百", "万": "千"}
_NUMBER_LENGTHS: Final = frozenset({7, 8, 11, 12, 15, 18})  # telephones and identity cards
_SURELY_DIGITS: Final = 5


class NumberWriter:
    """Writes spoken numbers in digits after the content of ``lexicon/numbers.yaml``."""

    def __init__(self, rows: dict[str, Any], names: Iterable[str], *, file: str = "") -> None:
        """``names``: place names; the numerals in them are left alone."""
        try:
            kept = {
                *rows["keep"],
                *(name for name in names if re.search(f"[一二三四五六七八九{_SCALE}]", name)),
            }
            self._lines = frozenset(rows["lines"])
            units, self._units_for_one = tuple(rows["units"]), tuple(rows["units_for_one"])
        except (KeyError, TypeError) as error:
            raise CityConfigError(file=file, reason=f"数字词表缺少内容或写法不对：{error!r}") from error
        self._kept = re.compile("|".join(map(re.escape, sorted(kept, key=len, reverse=True))))
        either = "|".join(map(re.escape, sorted({*units, *self._units_for_one}, key=len, reverse=True)))
        self._units = re.compile(either)
        self._counted = re.compile(
            rf"(?P<percent>百分之)?(?<![第零一二三四五六七八九几{_SCALE}\d])(?P<number>{_CARDINAL})(?P<more>[多来余]?)(?P<unit>{either})?"
        )

    def write(self, text: str, expect: Expected = Expected.OPEN) -> str:
        """Return ``text`` with its numbers in digits.

        Where digits are expected and most of ``text`` is digits, what sounds like one is one (腰三酒 → 139).
        """
        if expect is Expected.DIGITS:
            text = _by_sound(text)
        text = self._outside_kept(text, lambda part: _RUN.sub(lambda run: self._run(run, expect), part))
        text = self._outside_kept(text, lambda part: self._counted.sub(self._amount, part))
        return _THOUSANDS.sub(lambda found: _GAPS.sub("", found.group()), text)

    def _outside_kept(self, text: str, change: Callable[[str], str]) -> str:
        """Apply ``change`` with the kept words masked, so that units and neighbours are still seen around them."""
        words: list[str] = []

        def hide(found: re.Match[str]) -> str:
            words.append(found.group())
            return chr(0xE000 + len(words) - 1)

        changed = change(self._kept.sub(hide, text))
        return re.sub(r"[\ue000-\uf8ff]", lambda found: words[ord(found.group()) - 0xE000], changed)

    def _run(self, run: re.Match[str], expect: Expected) -> str:
        """Write a row of single digits as one number where that is what it must be."""
        said = run.group()
        digits = "".join(_VALUES.get(character, character) for character in _GAPS.sub("", said))
        is_number = len(digits) in _NUMBER_LENGTHS or expect is Expected.DIGITS
        if _GAPS.search(said):
            return digits if is_number else said
        is_counted = self._units.match(run.string, run.end()) is not None and len(digits) > 2
        has_zero = bool(re.search("[零〇幺]", said)) and len(digits) > 2
        is_long = len(digits) >= _SURELY_DIGITS
        return digits if is_number or is_counted or has_zero or is_long or digits in self._lines else said

    def _amount(self, found: re.Match[str]) -> str:
        """Write a cardinal before a unit, or a percentage."""
        said, unit = found["number"], found["unit"] or ""
        if not unit and not found["percent"]:
            return found.group()
        if (
            said in ("一", "两")
            and not found["percent"]
            and (found["more"] or unit not in self._units_for_one)
        ):
            return found.group()
        value = _value(said)
        if value is None:
            return found.group()
        rest = f"{found['more']}{unit}"
        return f"{value}%{rest}" if found["percent"] else f"{value}{rest}"


def _by_sound(text: str) -> str:
    digits = len(re.findall(_DIGIT, text))
    others = len(_HAN.findall(text)) - len(re.findall(_DIGIT.replace("0-9", ""), text))
    if digits <= others:
        return text
    return _HAN.sub(lambda found: _BY_SYLLABLE.get(syllables(found.group())[0], found.group()), text)


def _value(said: str) -> str | None:
    """Return the digits of a cardinal, 万 kept where it is round; None for what is no exact number (三五百)."""
    whole, _, fraction = said.partition("点")
    if _TWO_DIGITS.search(whole) or (len(whole) > 1 and not re.search(f"[{_SCALE}]", whole)):
        return None
    whole = _CUT_SHORT.sub(
        lambda tail: f"{tail[1]}{tail[2]}{_NEXT_SCALE[tail[1]]}", whole.replace("两", "二")
    )
    try:
        number = int(cn2an.cn2an(whole, "normal"))
    except ValueError:
        return None
    if fraction:
        return f"{number}.{''.join(_VALUES[character] for character in fraction)}"
    if number >= 10_000 and number % 10_000 == 0:
        return f"{number // 10_000}万"
    return str(number)
