"""What is asked about an answer that was just given (追问): “要多少钱”, “在哪办”. It is answered out of the same article.

Such words say nothing of the matter, so a search for them finds anything. What the article does not tell is not made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hotline.dialogue.patterns import either
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article
from hotline.phonetics import SoundLexicon, han_only

_SENTENCE: Final = re.compile(r"[^。；！？]+[。；！？]?")
_MOST_WORDS: Final = 2  # characters beside the question itself and words that say nothing
_NAME: Final = 4  # characters: 学校食堂
_LONGEST: Final = 16
_MOST_TOLD: Final = 100  # characters: what is told is heard, too


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that is asked of a matter, as in ``asked``: ``fields`` of an article tell it, else sentences with words of ``told``.

    ``is_firm``: an article that tells nothing of it is no answer to who asks for it, however near the matter is.
    ``is_of_any``: it is asked of any matter there is, so that what is named beside it may be another one.
    """

    asked: tuple[str, ...]
    fields: tuple[str, ...]
    told: tuple[str, ...]
    is_firm: bool = False
    is_of_any: bool = False


class FollowUps:
    """Reads such questions and finds what an article tells (``answers.yaml``: ``aspects``, ``aspect_empty``)."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``answers.yaml``."""
        try:
            self._empty = tuple(sorted(map(str, rows["aspect_empty"]), key=len, reverse=True))
            self._whom = frozenset(map(str, rows.get("aspect_whom", ())))
            self._aspects = {
                word: aspect for aspect in map(_aspect, rows["aspects"].values()) for word in aspect.asked
            }
            self._asking = re.compile(
                either((*self._empty, *self._aspects, *rows.get("asks_inside", ()), *rows.get("may_ask", ())))
            )
            self._how_long = tuple(map(str, rows["aspects"].get("long", {}).get("asked", ())))
            self._for_me = tuple(sorted(map(str, rows.get("aspect_for_me", ())), key=len, reverse=True))
            fields = {field for aspect in self._aspects.values() for field in aspect.fields}
        except (KeyError, TypeError, AttributeError) as error:
            raise CityConfigError(file=file, reason=f"追问词表缺少内容或写法不对：{error}") from error
        for field in sorted(fields - Article.__dataclass_fields__.keys()):
            raise CityConfigError(file=file, row=field, reason="知识条目没有这一栏")
        self._asked = SoundLexicon(self._aspects)

    def aspect(self, text: str) -> Aspect | None:
        """Return what is asked of the matter at hand, or None where ``text`` says what matter it is about, or asks nothing such."""
        words = han_only(text)
        if len(words) > _LONGEST:
            return None
        for match in self._asked.find(words):
            if match.is_exact or (match.is_precise and len(match.word) > 2):
                rest = words[: match.start] + words[match.end :]
                if len(self._without_empty(rest)) <= _MOST_WORDS:
                    return self._aspects[match.word]
        return None

    def is_beside(self, article: Article, text: str, aspect: Aspect) -> bool:
        """Tell whether ``text`` asks ``aspect`` of two characters that ``article`` does not speak of (低保咋申请)."""
        if not aspect.is_of_any:
            return False
        words = han_only(text)
        asked = max((word for word in aspect.asked if word in words), key=len, default=words)
        rest = self._without_empty(words.replace(asked, "，")).replace("，", "")
        return len(rest) == _MOST_WORDS and rest not in self._whom and rest not in _text_of(article)

    def may_answer(self, article: Article, text: str) -> bool:
        """Tell whether ``article`` tells what ``text`` asks of its matter, where only that is an answer (“公园几点关门”)."""
        return all(self._tells(article, aspect) for aspect in self._firmly_asked(text))

    def asks_firmly(self, text: str) -> bool:
        """Tell whether ``text`` asks what only the very thing answers: an hour, a telephone number (“住建局电话多少”)."""
        return any(True for _ in self._firmly_asked(text))

    def _firmly_asked(self, text: str) -> Iterator[Aspect]:
        words = han_only(text)
        return (aspect for word, aspect in self._aspects.items() if aspect.is_firm and word in words)

    def _tells(self, article: Article, aspect: Aspect) -> bool:
        ways = (article.title, *article.questions)
        return bool(self.told(article, aspect)) or any(word in way for way in ways for word in aspect.asked)

    def is_empty(self, text: str) -> bool:
        """Tell whether ``text`` names nothing at all (“现在还有吗”)."""
        words = han_only(text)
        return len(words) <= _LONGEST and len(self._without_empty(words)) <= 1

    def asks_how_long(self, text: str) -> bool:
        """Tell whether ``text`` asks how long the matter at hand takes, and nothing else (“那多久能修好”, “啥时候能给修”)."""
        bare = text
        for words in self._for_me:
            bare = bare.replace(words, "")
        aspects = (self.aspect(way) for way in dict.fromkeys((text, bare)))
        return any(aspect is not None and aspect.asked == self._how_long for aspect in aspects)

    def names(self, article: Article, text: str, *, beside: Article | None = None) -> bool:
        """Tell whether ``text`` names what ``article`` is called by, and ``beside`` does not speak of (“护照怎么办” after 身份证)."""
        known = _text_of(beside) if beside is not None else ""
        parts = self._asking.split(han_only(text))
        named = (part[at : at + 2] for part in parts for at in range(len(part) - 1))
        return any(pair in article.title and pair not in known for pair in named)

    def names_another(self, text: str, *, beside: Article) -> bool:
        """Tell whether ``text`` names at some length what ``beside`` does not speak of (学校食堂几点开门)."""
        known = _text_of(beside)
        parts = [part for part in self._asking.split(han_only(text)) if len(part) >= _NAME]
        return any(all(part[at : at + 2] not in known for at in range(len(part) - 1)) for part in parts)

    def names_nothing(self, text: str) -> bool:
        """Tell whether ``text`` only asks, and says nothing of what it is about (“怎么收费的”)."""
        return all(len(part) < _MOST_WORDS for part in self._asking.split(han_only(text)))

    def _without_empty(self, words: str) -> str:
        for word in self._empty:
            words = words.replace(word, "")
        return words

    @staticmethod
    def told(article: Article, aspect: Aspect) -> str:
        """Return what ``article`` tells of ``aspect``, in its own words; empty where it tells nothing of it."""
        for field in aspect.fields:
            value = getattr(article, field)
            if found := value if isinstance(value, str) else "；".join(value):
                return found if found.endswith("。") else f"{found}。"
        return _sentences_with(article, lambda sentence: any(word in sentence for word in aspect.told))

    @staticmethod
    def is_about(article: Article, aspect: Aspect) -> bool:
        """Tell whether ``article`` as a whole is about ``aspect`` of its matter (“身份证多久能拿到”)."""
        return any(word in article.title for word in aspect.asked)

    def told_about(self, article: Article, text: str) -> str:
        """Return the sentences of ``article`` that name two things of ``text`` or more; empty where none does."""
        words = self._without_empty(han_only(text))
        return _sentences_with(article, lambda sentence: _named(words, sentence) > 1)


def _aspect(row: Mapping[str, Any]) -> Aspect:
    return Aspect(
        tuple(row["asked"]),
        tuple(row.get("fields", ())),
        tuple(map(str, row["told"])),
        is_firm=bool(row.get("firm", False)),
        is_of_any=bool(row.get("of_any", False)),
    )


def _text_of(article: Article) -> str:
    return "，".join((article.title, *article.questions, article.spoken, article.full))


def _named(words: str, sentence: str) -> int:
    """Count the pairs of characters of ``words``, none counted twice, that are in ``sentence``."""
    count = at = 0
    while at < len(words) - 1:
        is_there = words[at : at + 2] in sentence
        count, at = count + is_there, at + 1 + is_there
    return count


def _sentences_with(article: Article, is_meant: Callable[[str], bool]) -> str:
    for text in (article.full, article.spoken):
        told = ""
        for sentence in _SENTENCE.findall(text):
            if len(told) + len(sentence) <= _MOST_TOLD and is_meant(sentence):
                told += sentence
        if told:
            return told if told.endswith(("。", "？", "！")) else f"{told.rstrip('；')}。"
    return ""
