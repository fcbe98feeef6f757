"""Spoken numerals (口说数字): what rows of digits and small cardinals mean, and how a number is read back in groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

DIGITS: Final = "零〇○幺一二三四五六七八九0-9"
"""Characters that say one digit, for use within a character class."""
_DIGIT_VALUES: Final = str.maketrans("零〇○幺一二三四五六七八九", "0001123456789")
_TENS: Final = {"十": 10, "百": 100, "千": 1_000}
_CARDINAL: Final = {character: index for index, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_TIMES: Final = {"两": 2, "俩": 2, "二": 2, "三": 3, "仨": 3, "四": 4, "五": 5, "六": 6} | {
    str(count): count for count in range(2, 7)
}
_TIMES_OF: Final = rf"[{''.join(_TIMES)}]个[{DIGITS}]"
_COUNTED: Final = rf"(?:(?!{_TIMES_OF})[{DIGITS}])*[个号年月日天块元楼点]"
"""A number of things (两个30块), in which nothing is repeated; 两个30三个0 goes on."""
_REPEATED: Final = rf"(?P<times>[{''.join(_TIMES)}])个(?P<digit>[{DIGITS}])(?!{_COUNTED})"
_PIECE: Final = re.compile(rf"{_REPEATED}|[{DIGITS}]")
_GAP: Final = re.compile(r"[\s,，、\-—·]{1,3}")
_ORDER_NUMBER: Final = re.compile(r"2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{5}")
_GROUPS: Final = {6: (2, 2, 2), 7: (3, 4), 10: (3, 3, 4), 11: (3, 4, 4), 12: (4, 4, 4), 18: (6, 4, 4, 4)}
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class DigitRow:
    """A row of digits in a text: ``digits`` is what characters ``start`` to ``end`` say.

    ``parts`` are the same between pauses, each a row of its own without parts.
    """

    start: int
    end: int
    digits: str
    parts: tuple[DigitRow, ...] = ()


def as_digits(said: str) -> str:
    """Return ``said`` with every character that says a digit as that digit (幺三九 → 139)."""
    return said.translate(_DIGIT_VALUES)


def digit_rows(text: str) -> Iterator[DigitRow]:
    """Yield the rows of digits in ``text``: read one by one in any grouping, repeats (三个八 → 888) included."""
    position = 0
    while (first := _PIECE.search(text, position)) is not None:
        parts = [_part(text, first.start())]
        while (gap := _GAP.match(text, parts[-1].end)) and _PIECE.match(text, gap.end()):
            parts.append(_part(text, gap.end()))
        position = parts[-1].end
        yield DigitRow(first.start(), position, "".join(part.digits for part in parts), tuple(parts))


def _part(text: str, start: int) -> DigitRow:
    digits, end = "", start
    while (piece := _PIECE.match(text, end)) is not None:
        times = _TIMES[piece["times"]] if piece["times"] else 1
        digits += as_digits(piece["digit"] or piece[0]) * times
        end = piece.end()
    return DigitRow(start, end, digits)


def cardinal(said: str) -> int | None:
    """Return the value of a whole number below 10,000, in digits or characters (二十 → 20); None for anything else."""
    if said.isascii() and said.isdigit():
        return int(said)
    if not said or any(character not in _CARDINAL and character not in _TENS for character in said):
        return None
    if len(said) > 1 and not any(character in _TENS for character in said):
        return int(as_digits(said.replace("两", "二")))
    total, figure, last = 0, 0, 10_000
    for character in said:
        if character in _TENS:
            scale = _TENS[character]
            if scale >= last or (figure == 0 and total == 0 and scale != 10):
                return None
            total, figure, last = total + (figure or 1) * scale, 0, scale
        else:
            if figure:
                return None
            figure = _CARDINAL[character]
    return total + figure


def digit_groups(digits: str) -> tuple[str, ...]:
    """Return a number in the groups it is read back in.

    A mobile number in 3-4-4, a work order's number in 2-4-5, an identity card's in 6-4-4-4, up to four digits (a room)
    whole, others in fours.
    """
    if _ORDER_NUMBER.fullmatch(digits):
        sizes: Sequence[int] = (2, 4, 5)
    elif len(digits) <= _GROUP:
        sizes = (len(digits),)
    else:
        sizes = _GROUPS.get(len(digits)) or _fours(len(digits))
    return tuple(digits[start:end] for start, end in pairwise((0, *accumulate(sizes))) if end > start)


def _fours(length: int) -> Sequence[int]:
    whole, rest = divmod(length, _GROUP)
    return (
        (*[_GROUP] * (whole - 1), _GROUP + 1) if rest == 1 else (*[_GROUP] * whole, *([rest] if rest else []))
    )
