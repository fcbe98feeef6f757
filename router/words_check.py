"""What is wrong with one word list of the catalogue while it is being written: mistakes that bar it, and doubts that do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.rule_text import OWN_LISTS, CatalogueText, word_lists
from router.catalogue import compiled
from router.row_check import RowProblem

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")
_LONGEST: Final = 20
_MOST: Final = 300


def check_words(
    name: str, words: Sequence[str] | None, text: CatalogueText, city: City, limits: frozenset[str]
) -> tuple[RowProblem, ...]:
    """Return what is wrong with list ``name``, which ``text`` holds already as ``words``; None: it is taken out of it."""
    wrong = [*_mistakes(name, words)]
    if wrong:
        return tuple(wrong)
    try:
        compiled(text, city, limits)
    except CityConfigError as error:  # a row that goes by a list which is gone
        return (RowProblem("words", f"规则 {error.row}：{error.reason}"),)
    return tuple(_doubts(name, words or (), text))


def _mistakes(name: str, words: Sequence[str] | None) -> Iterator[RowProblem]:
    if not _NAME.fullmatch(name):
        yield RowProblem("name", "名称用小写字母开头，只有小写字母、数字和下划线")
    if words is None:
        if name in OWN_LISTS:
            yield RowProblem("words", "否定词和问话不能删去，只能改")
        return
    if not words and name not in OWN_LISTS:
        yield RowProblem("words", "至少写一个词")
    if len(words) > _MOST:
        yield RowProblem("words", f"最多 {_MOST} 个词")
    for word in words:
        if len(word) > _LONGEST:
            yield RowProblem("words", f"“{word[:_LONGEST]}……”太长，最多 {_LONGEST} 个字")


def _doubts(name: str, words: Sequence[str], text: CatalogueText) -> Iterator[RowProblem]:
    lists = word_lists(text.words)
    elsewhere = {word: other for other, found in lists.items() if other != name for word in found}
    both = [f"{word}（{elsewhere[word]}）" for word in words if word in elsewhere]
    if both:
        yield RowProblem("words", f"别的词表里也有：{'、'.join(both)}", is_error=False)
    if name in OWN_LISTS:
        return
    single = [word for word in words if len(word) == 1]
    if single:
        yield RowProblem("words", f"一个字的词容易误认：{'、'.join(single)}", is_error=False)
    inside = [f"{word}（已有“{short}”）" for word in words if (short := _part_of(word, words))]
    if inside:
        yield RowProblem("words", f"不用另写：{'、'.join(inside)}", is_error=False)
    if not any(
        name in row.data.get(field, ()) for row in text.rows for field in ("mentions", "also", "without")
    ):
        yield RowProblem("name", "还没有规则用到这个词表", is_error=False)


def _part_of(word: str, words: Sequence[str]) -> str:
    """Return a word of the list that is found wherever ``word`` is."""
    return next((each for each in words if each != word and each in word), "")
