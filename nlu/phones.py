"""Whose telephone it is (谁的电话): the number of somebody else (“老板电话是……”) is no number to call the citizen back at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from hotline.domain.meaning import Figure, FigureKind
from nlu.lexicon import PhoneOwners

_SAME_CLAUSE: Final = "[^，。；！？,;!?\\d]"
_NEAR: Final = (
    16  # characters between whose telephone it is and the number (他那个手机号我也有，你记一下，138…)
)
_LINK: Final = r"[是为：:\s]*"


class PhoneReader:
    """Finds the number at which the citizen can be reached among the numbers of an utterance."""

    def __init__(self, words: PhoneOwners) -> None:
        """Take the words for telephones, for oneself and for others."""
        self._others = words.others
        telephone, own, others, roles = (
            "|".join(map(re.escape, each))
            for each in (words.telephones, words.own, words.others, words.roles)
        )
        others = f"(?<!其)(?:{others})"
        gap = rf"(?:(?![{words.not_between}{words.own_signs}]){_SAME_CLAUSE}){{0,5}}?"
        call = "(?:给|打给|打|联系)"
        self._is_own_role = re.compile(rf"(?:{own})就?是{_SAME_CLAUSE}{{0,8}}$")
        self._of_others = (
            re.compile(rf"{others}{gap}(?:{telephone})(?!(?:老是|老|一直|都|也|总)?[{words.not_behind}])"),
            re.compile(
                rf"{others}{_SAME_CLAUSE}{{0,4}}?(?:姓.|叫.{{2,3}}?)[，,、]?[他她]?的?(?:{telephone})"
            ),
            re.compile(
                rf"(?:你们?|您|麻烦|请|直接)[可以直接去]*给{_SAME_CLAUSE}{{0,4}}?{others}打个?(?:{telephone})"
            ),
            re.compile(rf"(?:你们?|您|直接)[可以直接去]*{call}{_SAME_CLAUSE}{{0,2}}?{others}{_LINK}$"),
        )
        self._own = re.compile(
            rf"(?:{own})(?P<gap>{_SAME_CLAUSE}{{0,6}}?)(?:{telephone})|(?:{own})的是?|{call}(?:{own})"
        )
        self._bare = re.compile(rf"(?:^|[，。；,;])(?:{telephone}){_LINK}$|(?:{roles})[^。；\d]{{0,12}}$")
        self._behind = re.compile(
            rf"[，,]?(?:(?:你们?|您)[可以直接去]*{call}{others}|这?就?是(?:我们|俺们|那个|这个)?{others}的?(?:电话|手机|号码)?(?:$|[，。；,;]))"
        )

    def contact(self, text: str, numbers: Sequence[Figure]) -> str | None:
        """Return the last number, a mobile one first, that is not said to be somebody else's: who corrects a number says it last."""
        own = [number for number, is_own in self._numbers(text, numbers) if is_own]
        mobiles = [number for number in own if number.startswith("1")]
        return next(reversed(mobiles or own), None)

    def _numbers(self, text: str, numbers: Sequence[Figure]) -> Iterator[tuple[str, bool]]:
        """Yield each telephone number and whether it may be the citizen's."""
        begin = 0
        for number in numbers:
            start = text.find(number.said, begin)
            if number.kind is FigureKind.PHONE:
                end = start + len(number.said)
                yield number.value, not self._is_of_another(text[begin:start], text[end:])
                begin = end

    def _is_of_another(self, before: str, behind: str) -> bool:
        """Tell whether the nearest that is said of an owner names another: before the number, else behind it."""
        own = [found.span() for found in self._own.finditer(before) if not self._names_another(found["gap"])]
        own += [found.span() for found in self._bare.finditer(before)]
        others = [
            found.span()
            for pattern in self._of_others
            for found in pattern.finditer(before)
            if self._is_own_role.search(before, 0, found.start()) is None
        ]
        named = [
            (end, -start, is_other)
            for spans, is_other in ((own, False), (others, True))
            for start, end in spans
        ]
        if named:
            end, _, is_other = max(named)
            return is_other and len(before) - end <= _NEAR
        return self._behind.match(behind) is not None

    def _names_another(self, gap: str | None) -> bool:
        return any(other in (gap or "") for other in self._others)
