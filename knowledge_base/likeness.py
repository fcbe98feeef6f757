"""How like a question is to what an article is known to answer, as shares of weight between 0 and 1.

A term weighs what it is rare among the articles: 医保 in a question says more than 怎么.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from hotline.domain.knowledge import Article
from knowledge_base.signs import Shares, Signs, Sought
from knowledge_base.terms import Terms, sound_line, subjects_of, terms_of
from knowledge_base.wording import Wording

Weigh = Callable[[str], Mapping[str, float]]
"""What terms weigh in a field, every term in it: ``weigh("words")["医保"]``."""
_ROUNDING: Final = 1e-9
_COMMON: Final = 1.5
"""What a term weighs at least that a way of asking has and the question has not, taken together with the way's others."""
KINDS: Final = ("words", "characters", "sounds")
"""What terms are of."""
_Whole = tuple[str, str]


class NoAnalysisError(ValueError):
    """What should be an analysed article is none."""


class Looked(dict[str, float]):
    """What terms weigh, each looked up once: ways of asking have thousands of them, most the same."""

    def __init__(self, look_up: Callable[[str], float]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, term: str) -> float:
        found = self[term] = self._look_up(term)
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, without courtesies: ``meant`` are its terms with synonyms made one, ``heard`` as they were said."""

    text: str
    meant: Terms
    heard: Terms

    @classmethod
    def of(cls, question: str, wording: Wording) -> Asked:
        """Take a question's terms."""
        core = wording.core(question)
        text = wording.canonical(core)
        return cls(text=text, meant=terms_of(text), heard=terms_of(core))


@dataclass(frozen=True, slots=True)
class Way:
    """One way of asking for an article; ``text`` has synonyms made one, ``subjects`` are the words it is about.

    ``words``, ``sounds`` and ``subjects`` are each there once, spaces between: as tuples of strings they made the garbage
    collector stand still for 25 ms now and then. Its characters, one and two at a time, are found in ``text``. ``norms``
    keeps what its terms weigh together, as long as terms weigh the same: it belongs to one state of an index.
    """

    text: str
    words: str
    sounds: str
    subjects: str
    norms: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    def terms(self, kind: str) -> Sequence[str]:
        """Return its ``words``, ``characters`` (one and two at a time), ``sounds`` or ``subjects``, each once."""
        if kind == "characters":
            return tuple(dict.fromkeys((*self.text, *map("".join, pairwise(self.text)))))
        line: str = getattr(self, kind)
        return line.split()

    @classmethod
    def of(cls, asked: Asked) -> Way:
        """Take the terms of a title or of a way of asking."""
        return cls(
            text=asked.text,
            words=" ".join(sorted(set(asked.meant.words))),
            sounds=" ".join(sorted(set(asked.heard.sounds))),
            subjects=" ".join(subjects_of(asked.text)),
        )


class Known:
    """What is known of an article: its ways of asking, its words, and its whole text, written and as it sounds.

    A question looks at ``signs`` of every candidate; what else was dumped is read of those few that are weighed.
    """

    def __init__(
        self, signs: Signs, ways: Callable[[], tuple[Way, ...]], whole: Callable[[], _Whole]
    ) -> None:
        self.signs = signs
        self._read_ways = ways
        self._read_whole = whole

    @classmethod
    def of(cls, article: Article, wording: Wording) -> Known:
        """Analyse an article."""
        asked = [Asked.of(asking, wording) for asking in (article.title, *article.questions) if asking]
        meant = [wording.canonical(wording.core(part)) for part in body_of(article)]
        words = [one.meant.words for one in asked] + [terms_of(part).words for part in meant]
        ways = tuple(map(Way.of, asked))
        whole = (
            " ".join((*(way.text for way in ways), *meant)),
            " ".join(map(sound_line, (*(way.text for way in ways), *meant))),
        )
        signs = Signs.of(
            [tuple(map(way.terms, KINDS)) for way in ways],
            sorted({word for some in words for word in some}),
        )
        return cls(signs, lambda: ways, lambda: whole)

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """The article's ways of asking, its title first. Raises ``NoAnalysisError`` where the dump is none."""
        return self._read_ways()

    @cached_property
    def whole(self) -> _Whole:
        """The article's text with synonyms made one, and how it sounds; raises as ``ways``."""
        return self._read_whole()

    def dumped(self) -> str:
        """Return it as three lines, so that an index need not analyse the article again."""
        ways = [[way.text, *map(way.terms, ("words", "sounds", "subjects"))] for way in self.ways]
        return "\n".join((self.signs.dumped(), _json(ways), _json(self.whole)))

    @classmethod
    def loaded(cls, dumped: bytes) -> Known:
        """Return what ``dumped`` made, in UTF-8. Raises ``ValueError``."""
        signs, ways, whole = dumped.split(b"\n")
        return cls(Signs.loaded(signs), partial(_ways, ways), partial(_whole, whole))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _ways(line: bytes) -> tuple[Way, ...]:
    try:
        return tuple(_way(*each) for each in json.loads(line))
    except (ValueError, TypeError) as error:
        raise NoAnalysisError from error


def _way(text: str, words: list[str], sounds: list[str], subjects: list[str]) -> Way:
    return Way(text=text, words=" ".join(words), sounds=" ".join(sounds), subjects=" ".join(subjects))


def _whole(line: bytes) -> _Whole:
    try:
        text, sounds = json.loads(line)
    except (ValueError, TypeError) as error:
        raise NoAnalysisError from error
    return text, sounds


def body_of(article: Article) -> tuple[str, ...]:
    """Return the texts of an article that answer, without its title and ways of asking."""
    guide = (article.place, article.hours, article.fee, *article.steps, *article.materials, *article.audience)
    return (*article.tags, article.spoken, article.full, *(text for text in guide if text))


_Shared = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen of an article at once, before its ways of asking are weighed.

    ``at_most``: the likeness that each of its ways has at most; ``words``: the share of the question's words that it has.
    """

    at_most: Sequence[float]
    words: float


class Comparison:
    """Compares one question with ways of asking and articles; its terms are weighed once for all of them."""

    def __init__(self, asked: Asked, weigh: Weigh) -> None:
        """Take the question and what terms weigh."""
        self._asked = asked
        self._tables = {field: weigh(field) for field in KINDS}
        self._words = self._weighed(asked.meant.words, "words")
        self._characters = self._weighed(asked.meant.characters, "characters")
        self._sounds = self._weighed(asked.heard.sounds, "sounds")
        self._said = frozenset(self._words[0]), frozenset(self._sounds[0])
        self._sought = Sought((self._words[0], self._characters[0], self._sounds[0]))

    def likeness(self, way: Way) -> float:
        """Compare by writing and by sound; what was misheard is still like by sound."""
        return self._likeness(way, self._shared(way))

    def glances(self, known: Sequence[Known]) -> list[Glance]:
        """Look at articles without weighing their ways of asking, which takes long; all are looked at in one go."""
        shares = self._sought.shares([one.signs for one in known])
        at_most = self._at_most(shares)
        whole = self._words[1]
        ends = accumulate(one.signs.ways for one in known)
        return [
            Glance(at_most[end - one.signs.ways : end], float(own) / whole if whole else 0.0)
            for one, end, own in zip(known, ends, shares.words, strict=True)
        ]

    def most_alike(self, known: Known, glance: Glance) -> float:
        """Return the highest likeness of an article's ways of asking; only ways that might have it are weighed."""
        best = 0.0
        for at in sorted(range(len(glance.at_most)), key=lambda at: -glance.at_most[at]):
            if glance.at_most[at] + _ROUNDING <= best:
                break
            best = max(best, self.likeness(known.ways[at]))
        return best

    def subject_share(self, known: Known) -> float:
        """Return the share of what the question is about that the article knows, by writing or by sound.

        银行卡丢了怎么补办 is much like 社保卡丢了怎么补办, but the article has never heard of 银行卡.
        """
        text, sounds = known.whole
        return self._share(
            subjects_of(self._asked.text),
            lambda word: word in text or sound_line(word) in sounds,
        )

    def way_share(self, way: Way) -> float:
        """Return the share of what a way of asking is about that the question has too.

        办身份证周末能办吗 is much like 孩子怎么办身份证, but it does not ask about 孩子.
        """
        text = self._asked.text
        heard = sound_line(text)
        return self._share(way.terms("subjects"), lambda word: word in text or sound_line(word) in heard)

    def _weighed(self, terms: Iterable[str], field: str) -> tuple[dict[str, float], float]:
        table = self._tables[field]
        weights = {term: table[term] for term in terms}
        return weights, sum(weights.values())

    def _shared(self, way: Way) -> _Shared:
        """Return what the terms weigh that a way has too: words, characters and sounds."""
        words, sounds = self._said
        text = way.text
        # the same in any order of the set
        return (
            math.fsum(map(self._words[0].__getitem__, words.intersection(way.terms("words")))),
            math.fsum([value for term, value in self._characters[0].items() if term in text]),
            math.fsum(map(self._sounds[0].__getitem__, sounds.intersection(way.terms("sounds")))),
        )

    def _at_most(self, shares: Shares) -> list[float]:
        """Return the likeness that ways would have if what else they hold were common."""
        wholes = [whole + _ROUNDING for _, whole in (self._words, self._characters, self._sounds)]
        norms = shares.ways + shares.others * _COMMON + _ROUNDING
        words, characters, sounds = (shares.ways / np.sqrt(wholes * norms)).T
        written = (words + characters) / 2
        alike: list[float] = (0.6 * np.maximum(written, sounds) + 0.4 * (written + sounds) / 2).tolist()
        return alike

    def _likeness(self, way: Way, shared: _Shared) -> float:
        words, characters, sounds = shared
        return _together(
            words and words / math.sqrt(self._words[1] * self._norm("words", way)),
            characters and characters / math.sqrt(self._characters[1] * self._norm("characters", way)),
            sounds and sounds / math.sqrt(self._sounds[1] * self._norm("sounds", way)),
        )

    def _norm(self, field: str, way: Way) -> float:
        if (norm := way.norms.get(field)) is None:
            norm = way.norms[field] = math.fsum(map(self._tables[field].__getitem__, way.terms(field)))
        return norm

    def _share(self, asked: Iterable[str], knows: Callable[[str], bool]) -> float:
        weights = {word: self._tables["words"][word] for word in asked}
        whole = sum(weights.values())
        return sum(value for word, value in weights.items() if knows(word)) / whole if whole else 0.0


def _together(words: float, characters: float, sounds: float) -> float:
    written = (words + characters) / 2
    return 0.6 * max(written, sounds) + 0.4 * (written + sounds) / 2
