"""Long numbers in an utterance: telephones, identity cards, plates and work orders, as people say and correct them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from hotline.domain.meaning import Figure, FigureKind
from hotline.numerals import DIGITS, DigitRow, as_digits, digit_rows

_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"0\d{2,3}\d{7,8}|[2-8]\d{6}")
_ORDER: Final = re.compile(r"2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{5}")
_IDENTITY: Final = re.compile(r"[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_IDENTITY_DIGITS: Final = 17
_LAST_X: Final = re.compile(r"[\s,，]*(?:[xX叉×]|艾克斯|埃克斯)")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CHECK_DIGITS: Final = "10X98765432"
_MOBILE_DIGITS: Final = 11
_MOST_PARTS: Final = 18
"""A number said digit by digit, with a pause after each, has no more."""
# “一三八，不对，一三九…”: what stands between two tries at one number
_CORRECTION: Final = re.compile(
    r"[\s，,。]*(?:不对|不是|错了|说错了|哦不|不不|应该是|更正|是)+[\s，,。啊呃嗯]*(?:应该是|是)?[\s，,]*"
)
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# Without the province; cars on new energy have a letter more, in front (small) or at the end (large), GA 36-2018.
_PLATE: Final = re.compile(r"[A-Z](?:[A-HJ-NP-Z\d]{5}|[A-HJK][A-HJ-NP-Z\d]\d{4}|\d{5}[A-HJK])")
_LONGEST_PLATE: Final = 7


def is_identity_number(number: str) -> bool:
    """Tell whether an 18-character identity number is well formed and its check digit right (GB 11643)."""
    if not _IDENTITY.fullmatch(number):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return _CHECK_DIGITS[total % 11] == number[-1]


def figures(text: str, letters: Mapping[str, str]) -> tuple[Figure, ...]:
    """Return the numbers in ``text`` in the order they are said; ``letters`` are words for letters (圈 → Q)."""
    plates = list(_plates(text, letters))
    free = text
    for start, end, _ in plates:
        free = free[:start] + "／" * (end - start) + free[end:]
    found = [*plates, *_numbers(free)]
    return tuple(figure for _, _, figure in sorted(found, key=lambda one: one[:2]))


def _numbers(text: str) -> Iterator[tuple[int, int, Figure]]:
    rows = list(digit_rows(text))
    index = 0
    while index < len(rows):
        tries = [rows[index]]
        while index + 1 < len(rows) and _CORRECTION.fullmatch(text[rows[index].end : rows[index + 1].start]):
            index += 1
            tries.append(rows[index])
        index += 1
        yield from _of_tries(text, tries)


def _of_tries(text: str, tries: list[DigitRow]) -> Iterator[tuple[int, int, Figure]]:
    """Yield what several tries at one number say in the end; the last that is whole counts."""
    known: DigitRow | None = None
    for row in tries:
        if known is not None and (whole := _corrected(known.digits, row.digits)):
            known = DigitRow(known.start, row.end, whole)
        else:
            known = row if known is None or not _is_whole(known.digits) or _is_whole(row.digits) else known
    if known is None:
        return
    found = list(_of_row(text, known))
    if not found and len(tries) > 1:
        found = [one for row in tries for one in _of_row(text, row)][-1:]
    yield from found


def _is_whole(digits: str) -> bool:
    return _MOBILE.fullmatch(digits) is not None


def _corrected(before: str, after: str) -> str | None:
    """Return a mobile number whose last part was said again, None where it is no correction of a part."""
    if _is_whole(after) or len(after) < 2:
        return None
    if _is_whole(before):
        whole = before[: -len(after)] + after
    else:
        again = len(before) + len(after) - _MOBILE_DIGITS
        if not 0 < again <= min(len(before), len(after)):
            return None
        whole = before[: len(before) - again] + after
    return whole if _is_whole(whole) else None


def _of_row(text: str, row: DigitRow) -> Iterator[tuple[int, int, Figure]]:
    """Yield what a row is as a whole, else what its parts between pauses are."""
    end, digits = row.end, row.digits
    if len(digits) == _IDENTITY_DIGITS and (last := _LAST_X.match(text, end)):
        end, digits = last.end(), digits + "X"
    kind = _kind(digits)
    if kind is not None:
        yield row.start, end, _figure(kind, text[row.start : end], digits)
        return
    first = 0
    while first < len(row.parts):
        for until in range(min(len(row.parts), first + _MOST_PARTS), first, -1):
            joined = "".join(part.digits for part in row.parts[first:until])
            if (kind := _kind(joined)) is not None:
                start, stop = row.parts[first].start, row.parts[until - 1].end
                yield start, stop, _figure(kind, text[start:stop], joined)
                first = until
                break
        else:
            first += 1


def _kind(digits: str) -> FigureKind | None:
    if _IDENTITY.fullmatch(digits):
        return FigureKind.IDENTITY
    if _ORDER.fullmatch(digits):
        return FigureKind.WORK_ORDER
    if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits):
        return FigureKind.PHONE
    return None


def _figure(kind: FigureKind, said: str, value: str) -> Figure:
    if kind is not FigureKind.IDENTITY:
        return Figure(kind, said, value)
    hidden = f"{value[:3]}{'*' * 13}{value[-2:]}"  # only whether it is right is of use here
    return Figure(kind, hidden, hidden, is_valid=is_identity_number(value))


def _plates(text: str, letters: Mapping[str, str]) -> Iterator[tuple[int, int, Figure]]:
    """Yield licence plates: province, letter, five or six of letters and digits, letters also said as words."""
    words = sorted(letters, key=len, reverse=True)
    character = re.compile(
        rf"(?P<digit>[{DIGITS}])|(?P<letter>[A-Za-z])|(?P<word>{'|'.join(map(re.escape, words)) or '(?!)'})"
    )
    for province in re.finditer(f"[{_PROVINCES}]", text):
        value, end = "", province.end()
        best: tuple[int, str] | None = None
        while len(value) < _LONGEST_PLATE:
            gap = re.compile(r"[\s,，·.\-]*").match(text, end)
            one = character.match(text, gap.end() if gap else end)
            if one is None:
                break
            value += as_digits(one["digit"] or "") or (one["letter"] or letters.get(one["word"], "")).upper()
            end = one.end()
            if _PLATE.fullmatch(value):
                best = end, value
        if best is not None and sum(map(str.isdigit, best[1])) >= 2:
            said = text[province.start() : best[0]]
            yield province.start(), best[0], Figure(FigureKind.PLATE, said, province[0] + best[1])
