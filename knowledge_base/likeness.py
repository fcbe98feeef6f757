"""How like a question is to what an article is known to answer, as shares of weight between 0 and 1.

A term weighs what it is rare among the articles: 医保 in a question says more than 怎么.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter

from hotline.domain.knowledge import Article
from knowledge_base.terms import Terms, sound_line, subjects_of, terms_of
from knowledge_base.wording import Wording

Weigh = Callable[[str], Mapping[str, float]]
"""What terms weigh in a field, every term in it: ``weigh("words")["医保"]``."""


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

    ``words`` and ``sounds`` are each there once; its characters, one and two at a time, are found in ``text``. ``norms``
    keeps what its terms weigh together, as long as terms weigh the same: it belongs to one state of an index.
    """

    text: str
    words: tuple[str, ...]
    sounds: tuple[str, ...]
    subjects: tuple[str, ...]
    norms: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    @property
    def characters(self) -> tuple[str, ...]:
        """Its characters, one and two at a time, each once."""
        return tuple(dict.fromkeys((*self.text, *map("".join, pairwise(self.text)))))

    @classmethod
    def of(cls, asked: Asked) -> Way:
        """Take the terms of a title or of a way of asking."""
        return cls(
            text=asked.text,
            words=tuple(sorted(set(asked.meant.words))),
            sounds=tuple(sorted(set(asked.heard.sounds))),
            subjects=subjects_of(asked.text),
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an article: its ways of asking, all its words, and its whole text, written and as it sounds."""

    ways: tuple[Way, ...]
    words: frozenset[str]
    text: str
    sounds: str

    @classmethod
    def of(cls, article: Article, wording: Wording) -> Known:
        """Analyse an article."""
        ways = [Asked.of(asking, wording) for asking in (article.title, *article.questions) if asking]
        body = [wording.core(part) for part in body_of(article)]
        meant = [wording.canonical(part) for part in body]
        words = [way.meant.words for way in ways] + [terms_of(part).words for part in meant]
        return cls(
            ways=tuple(map(Way.of, ways)),
            words=frozenset(word for some in words for word in some),
            text=" ".join((*(way.text for way in ways), *meant)),
            sounds=" ".join(map(sound_line, (*(way.text for way in ways), *meant))),
        )

    def dumped(self) -> str:
        """Return it as JSON, so that an index need not analyse the article again."""
        ways = [[way.text, way.words, way.sounds, way.subjects] for way in self.ways]
        return json.dumps([ways, sorted(self.words), self.text, self.sounds], ensure_ascii=False)

    @classmethod
    def loaded(cls, text: str) -> Known:
        """Return what ``dumped`` made. Raises ``ValueError``."""
        try:
            ways, words, whole, sounds = json.loads(text)
            return cls(tuple(_way(*each) for each in ways), frozenset(words), whole, sounds)
        except TypeError as error:
            raise ValueError("not an analysed article") from error


def _way(text: str, words: list[str], sounds: list[str], subjects: list[str]) -> Way:
    return Way(text=text, words=tuple(words), sounds=tuple(sounds), subjects=tuple(subjects))


def body_of(article: Article) -> tuple[str, ...]:
    """Return the texts of an article that answer, without its title and ways of asking."""
    guide = (article.place, article.hours, article.fee, *article.steps, *article.materials, *article.audience)
    return (*article.tags, article.spoken, article.full, *(text for text in guide if text))


_Shared = tuple[float, float, float]
Glance = tuple[float, Way, _Shared]
"""What is seen of a way of asking at once: the likeness that it has at most, and what it shares with the question."""


class Comparison:
    """Compares one question with ways of asking and articles; its terms are weighed once for all of them."""

    def __init__(self, asked: Asked, weigh: Weigh) -> None:
        """Take the question and what terms weigh."""
        self._asked = asked
        self._tables = {field: weigh(field) for field in ("words", "characters", "sounds")}
        self._words = self._weighed(asked.meant.words, "words")
        self._characters = self._weighed(asked.meant.characters, "characters")
        self._sounds = self._weighed(asked.heard.sounds, "sounds")
        self._said = frozenset(self._words[0]), frozenset(self._sounds[0])

    def likeness(self, way: Way) -> float:
        """Compare by writing and by sound; what was misheard is still like by sound."""
        return self._likeness(way, self._shared(way))

    def glances(self, ways: Sequence[Way]) -> list[Glance]:
        """Look at ways of asking without weighing them, which takes long; those first that may be the most alike."""
        seen = [(self._at_most(shared), way, shared) for way in ways for shared in (self._shared(way),)]
        seen.sort(key=itemgetter(0), reverse=True)
        return seen

    def most_alike(self, glances: Sequence[Glance]) -> float:
        """Return the highest likeness; only ways that might have it are weighed."""
        best = 0.0
        for at_most, way, shared in glances:
            if at_most <= best:
                break
            best = max(best, self._likeness(way, shared))
        return best

    def known_share(self, known: Known) -> float:
        """Return the share of the question's words that the article has."""
        terms, whole = self._words
        return sum(value for word, value in terms.items() if word in known.words) / whole if whole else 0.0

    def subject_share(self, known: Known) -> float:
        """Return the share of what the question is about that the article knows, by writing or by sound.

        银行卡丢了怎么补办 is much like 社保卡丢了怎么补办, but the article has never heard of 银行卡.
        """
        return self._share(
            subjects_of(self._asked.text),
            lambda word: word in known.text or sound_line(word) in known.sounds,
        )

    def way_share(self, way: Way) -> float:
        """Return the share of what a way of asking is about that the question has too.

        办身份证周末能办吗 is much like 孩子怎么办身份证, but it does not ask about 孩子.
        """
        text = self._asked.text
        heard = sound_line(text)
        return self._share(way.subjects, lambda word: word in text or sound_line(word) in heard)

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
            math.fsum(map(self._words[0].__getitem__, words.intersection(way.words))),
            math.fsum([value for term, value in self._characters[0].items() if term in text]),
            math.fsum(map(self._sounds[0].__getitem__, sounds.intersection(way.sounds))),
        )

    def _at_most(self, shared: _Shared) -> float:
        """Return the likeness of a way that has nothing but what is shared."""
        wholes = (self._words[1], self._characters[1], self._sounds[1])
        return _together(
            *(math.sqrt(both / whole) if both else 0.0 for both, whole in zip(shared, wholes, strict=True))
        )

    def _likeness(self, way: Way, shared: _Shared) -> float:
        words, characters, sounds = shared
        return _together(
            words and words / math.sqrt(self._words[1] * self._norm("words", way)),
            characters and characters / math.sqrt(self._characters[1] * self._norm("characters", way)),
            sounds and sounds / math.sqrt(self._sounds[1] * self._norm("sounds", way)),
        )

    def _norm(self, field: str, way: Way) -> float:
        if (norm := way.norms.get(field)) is None:
            terms = getattr(way, field)
            norm = way.norms[field] = math.fsum(map(self._tables[field].__getitem__, terms))
        return norm

    def _share(self, asked: Iterable[str], knows: Callable[[str], bool]) -> float:
        weights = {word: self._tables["words"][word] for word in asked}
        whole = sum(weights.values())
        return sum(value for word, value in weights.items() if knows(word)) / whole if whole else 0.0


def _together(words: float, characters: float, sounds: float) -> float:
    written = (words + characters) / 2
    return 0.6 * max(written, sounds) + 0.4 * (written + sounds) / 2
