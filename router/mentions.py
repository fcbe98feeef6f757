"""What a text mentions: topics of the catalogue's word lists, found by characters and by sound.

Words of one or two characters count only as written, since almost every short word has a homophone; words of three
count by the same toneless syllables as well, longer ones by sounds that the telephone blurs. A word straight after a
negation (不是工地) does not count, unless that asks rather than denies (是不是工地).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hotline.phonetics import SoundLexicon

_SHORT: Final = 2
_BLURRED_FROM: Final = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """A topic found in a text: ``word`` of its list at ``start``; ``is_exact`` False when only the sound agrees."""

    topic: str
    word: str
    start: int
    is_exact: bool


class TopicLexicon:
    """The word lists of a catalogue: topic → words."""

    def __init__(
        self, topics: Mapping[str, Sequence[str]], negations: Sequence[str], questions: Sequence[str]
    ) -> None:
        self.words = MappingProxyType({topic: tuple(words) for topic, words in topics.items()})
        self._topics_of: dict[str, list[str]] = {}
        for topic, words in topics.items():
            for word in words:
                self._topics_of.setdefault(word.casefold(), []).append(topic)
        self._short = [word for word in self._topics_of if len(word) <= _SHORT]
        self._long = SoundLexicon(word for word in self._topics_of if len(word) > _SHORT)
        self._negations = tuple(negations)
        self._questions = tuple(questions)

    def find(self, text: str) -> tuple[Mention, ...]:
        """Return every mention that counts, in the order of the text."""
        text = text.casefold()
        found = (*self._written(text), *self._sounding(text))
        return tuple(
            sorted(
                (mention for mention in found if not self._is_negated(text[: mention.start])),
                key=lambda mention: mention.start,
            )
        )

    def _is_negated(self, before: str) -> bool:
        return before.endswith(self._negations) and not before.endswith(self._questions)

    def _written(self, text: str) -> Iterator[Mention]:
        for word in self._short:
            start = text.find(word)
            while start >= 0:
                yield from (Mention(topic, word, start, is_exact=True) for topic in self._topics_of[word])
                start = text.find(word, start + 1)

    def _sounding(self, text: str) -> Iterator[Mention]:
        for match in self._long.find(text):
            if match.is_exact or match.is_precise or len(match.word) >= _BLURRED_FROM:
                for topic in self._topics_of[match.word]:
                    yield Mention(topic, match.word, match.start, is_exact=match.is_exact)
