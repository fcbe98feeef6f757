"""Identifiers (个人标识): numbers and mail addresses by which a person is reached or known, as people write and say them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from hotline.numerals import DigitRow, as_digits, digit_rows

_ONE_WIDTH: Final = str.maketrans("０１２３４５６７８９Ｘ两＠．", "0123456789X二@.")
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,}")
_FEWEST_DIGITS: Final = 7
"""With at most a blank or a hyphen between them, so many digits are somebody's number."""
_OF_SOMEBODY: Final = re.compile(
    r"1[3-9]\d{9}"  # mobile
    r"|0\d{9,11}"  # a landline with its area
    r"|[1-8]\d{5}(?:19|20)\d{9,10}"  # identity card, without its X
    r"|62\d{14,17}"  # bank card
)
"""Numbers that are known by their form, however they are parted: 138，5390，0001."""
_LOCAL: Final = re.compile(r"(?!20\d\d[,，]20)[2-8]\d{2,3}[,，]\d{4}")
_COUNTED: Final = re.compile(r"[多余几]?[元块万千百十年月日号人户米平斤公吨度个次天点%％]")
_CLOSE: Final = re.compile(r"[ -]?")
_MOST_PARTS: Final = 19
"""A bank card's number, digit by digit, has no more."""
_FEWEST_LISTED: Final = 4
_DAY_OR_YEARS: Final = re.compile(r"20\d\d-(?:20\d\d|\d{1,2}-\d{1,2})(?!-?\d)")


@dataclass(frozen=True, slots=True)
class Identifier:
    """One that stands in a text from ``start`` to ``end`` as ``said``; ``plain`` are its digits alone, or the mail address."""

    start: int
    end: int
    said: str
    plain: str


def identifiers(text: str) -> Iterator[Identifier]:
    """Yield what identifies somebody, in the order of the text. Days (2024-05-03) and years (2024-2025) do not."""
    plain, position = text.translate(_ONE_WIDTH), 0
    for mail in _MAIL.finditer(plain):
        yield from _numbers(text, plain[: mail.start()], position)
        yield Identifier(mail.start(), mail.end(), text[mail.start() : mail.end()], mail[0])
        position = mail.end()
    yield from _numbers(text, plain, position)


def without_identifiers(text: str, shown: Callable[[Identifier], str]) -> str:
    """Return ``text`` with each identifier as it may be ``shown``."""
    pieces, position = [], 0
    for found in identifiers(text):
        pieces += [text[position : found.start], shown(found)]
        position = found.end
    return "".join((*pieces, text[position:]))


def _numbers(text: str, plain: str, start: int) -> Iterator[Identifier]:
    for row in digit_rows(" " * start + plain[start:]):
        first = 0
        while first < len(row.parts):
            if day := _DAY_OR_YEARS.match(plain, row.parts[first].start):
                first += sum(day.start() <= part.start < day.end() for part in row.parts)
            elif count := _count(plain, row, first):
                theirs = row.parts[first : first + count]
                end = theirs[-1].end
                mark = plain[end] if plain[end : end + 1] in ("X", "x") else ""
                end += len(mark)
                digits = "".join(part.digits for part in theirs) + mark
                yield Identifier(theirs[0].start, end, text[theirs[0].start : end], digits)
                first += count
            else:
                first += 1


def _count(plain: str, row: DigitRow, first: int) -> int:
    """Return how many parts of ``row`` from the ``first`` on are one number of somebody's."""
    theirs = row.parts[first : first + _MOST_PARTS]
    for count in range(len(theirs), 1, -1):
        digits = "".join(part.digits for part in theirs[:count])
        if _OF_SOMEBODY.fullmatch(digits) and not _is_list(theirs[:count]):
            return count
    close = 1
    for one, following in pairwise(row.parts[first:]):
        if not _CLOSE.fullmatch(plain, one.end, following.start):
            break
        close += 1
    if sum(len(part.digits) for part in row.parts[first : first + close]) >= _FEWEST_DIGITS:
        return close
    is_local = _LOCAL.fullmatch(as_digits(plain[row.start : row.end])) is not None
    return len(row.parts) if is_local and not _COUNTED.match(plain, row.end) else 0


def _is_list(parts: Sequence[DigitRow]) -> bool:
    """Tell whether the parts count up, as buildings do (1、3、5、7、9、11、13、15号楼)."""
    values = [int(part.digits) for part in parts]
    return len(values) >= _FEWEST_LISTED and all(one < following for one, following in pairwise(values))
