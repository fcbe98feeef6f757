"""Cries for help that were misheard (听错的呼救): “有人晕水了” is 有人溺水了, “出车过来” 出车祸了.

Of a short cry down a telephone line a recogniser makes words that only sound alike, and a third of them held none of the
words of ``safety.yaml``. So short speech is held against those words syllable by syllable. What is found so is only ever
asked about, once: a needless question costs seconds, a cry that is passed over may cost a life.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hotline.phonetics import are_near, blur, han_only, syllables

_LEAST: Final = 3  # syllables; of two, too much else sounds nearly the same
_MOST_OFF: Final = {3: 0.6, 4: 1.0, 5: 1.5, 6: 1.5}  # by syllables
_MOST_OFF_LONG: Final = 2.0
_MOST_BESIDE: Final = {3: 3}  # other syllables in the speech, by the word's
_MOST_BESIDE_LONG: Final = 5
_URGENT_BESIDE: Final = 4  # more where somebody is to hurry (“轮到里朝火了，快点来”)
_TOO_FAR: Final = float("inf")


class MisheardCries:
    """Finds the word for an emergency that short speech sounds like."""

    def __init__(self, words: Iterable[str], never: Iterable[str]) -> None:
        """Take the words for emergencies, and what a speech that holds it is no cry (什么, 怎么)."""
        self._words = tuple(
            (word, tuple(map(blur, syllables(word))), len(word))
            for word in dict.fromkeys(words)
            if len(word) >= _LEAST
        )
        self._longest = max((size for _, _, size in self._words), default=0) + _MOST_BESIDE_LONG
        self._never = tuple(never)

    def find(self, text: str, *, is_urgent: bool = False) -> str | None:
        """Return the word that ``text`` is closest to, None when it is close to none or says much else.

        ``is_urgent``: it says that somebody is to hurry; then it may say more.
        """
        if any(word in text for word in self._never):
            return None
        heard = tuple(map(blur, syllables(han_only(text))))
        more = _URGENT_BESIDE if is_urgent else 0
        if len(heard) > self._longest + more:
            return None
        close = [
            (off, word, size)
            for word, meant, size in self._words
            if (off := _closest(heard, meant)) is not None
        ]
        is_short = any(
            len(heard) - size <= _MOST_BESIDE.get(size, _MOST_BESIDE_LONG) + more for _, _, size in close
        )
        return min(close)[1] if is_short else None


def _closest(heard: Sequence[str], meant: Sequence[str]) -> float | None:
    """Return how far off, per syllable, the closest part of ``heard`` is; None: too far."""
    size = len(meant)
    off = min(
        (
            sum(_off(*both) for both in zip(heard[start : start + size], meant, strict=True))
            for start in range(len(heard) - size + 1)
        ),
        default=_TOO_FAR,
    )
    return off / size if off <= _MOST_OFF.get(size, _MOST_OFF_LONG) else None


def _off(heard: str, meant: str) -> float:
    """Return how far off a syllable is: 0 the same, a half with the same initial or final, 1 another."""
    if heard == meant:
        return 0.0
    return 0.5 if are_near(heard, meant) else 1.0
