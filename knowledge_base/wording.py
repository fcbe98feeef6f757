"""How citizens word things: synonyms, courtesies, and whether a text asks or reports. The words are the city's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from hotline.city import read_yaml
from hotline.domain.errors import CityConfigError
from hotline.phonetics import plain as plain  # noqa: PLC0414 -- what texts are compared in

# A-not-A questions (违不违法, 收不收, 能退不能) and those that end in 不 or 没有 are built, not listed.
_BUILT_QUESTION: Final = re.compile(r"(\w{1,2})[不没]\1|[不没]$|[的了]没有$")

# 这是什么情况！ demands; 什么情况下可以提取 asks.
_BUILT_DEMAND: Final = re.compile(r"(?:什么|啥)情况(?![下能可才不会需要算])")

_LONGEST_OPENING: Final = 160
_SHORTEST_ANSWER: Final = 40


class Manner(StrEnum):
    """In what manner a text comes: an answer fits a question, hardly a bare topic, and not a report."""

    QUESTION = "question"  # 问话
    TOPIC = "topic"  # 只说了个题目，如“居住证”
    REPORT = "report"  # 反映问题


class Wording:
    """Words of ``lexicon/synonyms.yaml``.

    A demand stays a report even where it is worded as a question (“怎么还没人来修”); a report word does not when it is
    asked about (“暖气不热怎么办”).
    """

    def __init__(
        self,
        *,
        synonyms: Sequence[Sequence[str]],
        fillers: Sequence[str],
        asking: Sequence[str],
        demanding: Sequence[str],
        reporting: Sequence[str],
        openings: Sequence[str] = (),
    ) -> None:
        self.fingerprint = repr((synonyms, fillers, asking, demanding, reporting, openings))
        self._opening = (
            re.compile(rf"(?:{'|'.join(map(re.escape, openings))})[:：,，。]?") if openings else None
        )
        self._first = {plain(word): plain(group[0]) for group in synonyms for word in group}
        self._synonym = _any_of(self._first)
        self._filler = _any_of(map(plain, fillers))
        self._asking = _any_of(map(plain, asking))
        self._demanding = _any_of(map(plain, demanding))
        self._reporting = _any_of(map(plain, reporting))

    def core(self, text: str) -> str:
        """Return ``text`` in plain form without courtesies."""
        kept = plain(text)
        return self._filler.sub("", kept) or kept

    def answer(self, text: str) -> str:
        """Return an answer without its polite opening (“您的留言已收悉，现将有关情况回复如下：”), which says nothing of the matter."""
        found = self._opening.search(text[:_LONGEST_OPENING]) if self._opening is not None else None
        return (
            text[found.end() :] if found is not None and len(text) - found.end() > _SHORTEST_ANSWER else text
        )

    def canonical(self, text: str) -> str:
        """Return plain ``text`` with every word replaced by the first of its synonyms."""
        return self._synonym.sub(lambda found: self._first[found[0]], text)

    def manner(self, text: str) -> Manner:
        """Tell in what manner ``text`` comes."""
        kept = plain(text)
        if self._demanding.search(kept) or _BUILT_DEMAND.search(kept):
            return Manner.REPORT
        if self._asking.search(kept) or _BUILT_QUESTION.search(kept):
            return Manner.QUESTION
        return Manner.REPORT if self._reporting.search(kept) else Manner.TOPIC


def load_wording(file: Path) -> Wording:
    """Read ``lexicon/synonyms.yaml``. Raises ``CityConfigError``."""
    data = read_yaml(file)
    if not isinstance(data, dict):
        raise CityConfigError(file=str(file), reason="应是带字段的YAML")
    for number, group in enumerate(_list(file, data, "synonyms"), 1):
        if not (isinstance(group, list) and len(group) > 1 and all(isinstance(word, str) for word in group)):
            raise CityConfigError(file=str(file), row=f"synonyms 第{number}组", reason="应是两个以上的词")
    lists = {name: _words(file, data, name) for name in ("fillers", "asking", "demanding", "reporting")}
    openings = _words(file, data, "openings") if data.get("openings") else []
    return Wording(synonyms=data["synonyms"], openings=openings, **lists)


def _list(file: Path, data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    if not (isinstance(value, list) and value):
        raise CityConfigError(file=str(file), row=name, reason="缺少这一项，或者不是列表")
    return value


def _words(file: Path, data: dict[str, Any], name: str) -> list[str]:
    words = _list(file, data, name)
    for word in words:
        if not (isinstance(word, str) and plain(word)):
            raise CityConfigError(file=str(file), row=name, reason=f"不是词：{word!r}")
    return words


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))))
