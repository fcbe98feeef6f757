"""What is heard at once of a long account (摘要): of a question its end, of a story its beginning, cut where words begin.

Recognisers give no punctuation, so a clause may be a whole story: it is cut before words that citizens go on with (“然后”).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from hotline.dialogue.letters import Letters
from hotline.dialogue.patterns import any_of, either

_CLAUSE: Final = re.compile(r"(?:[，。！？；!?;\s]|(?<!\d)[,.]|[,.](?!\d))+")  # 依法、合理 and 12.23 are one
_SIGNS: Final = "，。！？；、：,.!?;: "
_MOST: Final = 40
_QUESTION: Final = 12  # characters: fewer say little without what comes before them
_LEAST_ASKED: Final = 6  # characters
_LEAST: Final = 4  # characters: what is left of a text without its opening
_LEAST_BEFORE: Final = 5  # characters: 就是 right behind 那个 begins nothing
_NUMBERED: Final = re.compile(r"[，：:、。][（(]?\d{1,2}[）)]?$")


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    is_on: bool  # without a pause before it
    of_story: bool  # of several said so


def _joined(parts: Sequence[_Part]) -> str:
    return "".join(part.text if part.is_on else f"，{part.text}" for part in parts).strip("，")


class Briefs:
    """Cuts what is read back (``letters.yaml``: ``brief``); ``asks`` tells whether words are put as a question."""

    def __init__(self, rows: Mapping[str, Any], asks: Callable[[str], bool]) -> None:
        """Take the content of ``letters.yaml``. Raises ``KeyError`` for a list that is missing."""
        words = rows["brief"]
        self.asks = asks
        self.letters = Letters(rows, asks=asks, most=_MOST)
        self._begins = re.compile(rf"(?<![{re.escape(words['not_behind'])}]){any_of(words['begins'])}")
        self._softly = re.compile(rf"{any_of(words['softly'])}(?![{re.escape(words['not_begins'])}])")
        self._ends = re.compile(rf"{any_of(words['ends'])}(?={any_of(words['goes_on'])})")
        self._opening = re.compile(rf"(?:(?:{either(words['opening'])})[{re.escape(_SIGNS)}]*)+")
        yours = words["yours"]
        of = re.escape(str(yours["behind"]))
        self._yours = {
            you: re.compile(
                rf"(?<![^{of}{_SIGNS}|])(?:{either(yours['whose'])})(?={any_of(yours['between'])}?{any_of(kinds)})"
            )
            for you, kinds in yours["kinds"].items()
        }

    def yours(self, place: str) -> str:
        """Return ``place`` as it is said to the one who told it: 您家门口, for 俺家门口."""
        for you, own in self._yours.items():
            place = own.sub(you, place)
        return place

    def question_in(self, text: str) -> str:
        """Return the part of a story that asks (“…，他想回来买房，能不能用那边的公积金”), with what comes right before it; empty where none does."""
        return self._question_of(text)

    def _question_of(self, text: str, *, is_marked: bool = False) -> str:
        """Return likewise the clause that says that it asks (请问……), wherever it stands, where it is to be ``is_marked``."""
        parts = self._parts(text)
        asking = [index for index, part in enumerate(parts) if self.letters.asks(part.text)]
        if not asking:
            return ""
        marked = [i for i in asking if self.letters.is_marked(parts[i].text)] if is_marked else []
        first = last = (marked or asking)[-1]
        while last + 1 in asking and len(_joined(parts[first : last + 2])) < _MOST:
            last += 1  # 请问能不能补办，怎么操作
        while parts[first].is_on and first - 1 in asking:
            first -= 1  # 要带啥材料啊还有啥时候报名
        if parts[first].of_story:
            return self._with_beginning(parts, first, self._end_of(_joined(parts[first : last + 1])))
        while first > 0 and len(_joined(parts[first : last + 1])) < _QUESTION:
            first -= 1
        return self._end_of(_joined(parts[first : last + 1]))

    def _with_beginning(self, parts: Sequence[_Part], at: int, question: str) -> str:
        """Return ``question`` behind as much of the beginning of the story that it is a part of as fits: that names what it is about."""
        begins = at
        while parts[begins].is_on:
            begins -= 1
        for end in range(at, begins, -1):
            told = self.without_opening(_joined(parts[begins:end])).strip(_SIGNS)
            if len(told) + len(question) < _MOST and not self.letters.is_empty(told):
                return f"{told}，{question}"
        return question

    def _parts(self, text: str) -> list[_Part]:
        """Cut ``text`` into clauses, and a clause that is a story of its own where words begin."""
        parts = []
        for clause in filter(None, _CLAUSE.split(text)):
            starts = [0, *self._starts(clause), len(clause)] if len(clause) > _MOST else [0, len(clause)]
            of_story = len(starts) > 2
            parts += [
                _Part(clause[start:end], is_on=start > 0, of_story=of_story)
                for start, end in pairwise(starts)
            ]
        return parts

    def _starts(self, text: str) -> list[int]:
        """Return where words begin in ``text``, behind its beginning."""
        starts, last = [], 0
        found = {one.start() for one in self._begins.finditer(text)}
        for start in sorted(found | {one.end() for one in self._ends.finditer(text)}):
            if start - last >= _LEAST_BEFORE and start < len(text):
                starts.append(start)
                last = start
        return starts

    def clause_asked(self, text: str) -> str:
        """Return the last clause that asks, alone (“我在广东打工，社保卡丢了咋补”); empty where it is all, or says too little."""
        clauses = [self.without_opening(clause) for clause in _CLAUSE.split(text) if clause]
        asked = next((clause for clause in reversed(clauses) if self.asks(clause)), "")
        return asked if len(clauses) > 1 and len(asked) >= _LEAST_ASKED else ""

    def beginning_and_question(self, text: str) -> str:
        """Return the first clause of a story with the first that asks: the one names what it is about (社保卡丢了), the other what of it (网上能不能补办); empty where nothing is between them."""
        clauses = [clause for clause in _CLAUSE.split(self.without_opening(text)) if clause]
        asking = next((index for index, clause in enumerate(clauses) if self.asks(clause)), 0)
        return f"{clauses[0]}，{self.without_opening(clauses[asking])}" if asking > 1 else ""

    def asked_first(self, text: str) -> str:
        """Return the question with which an account begins that goes on without a pause (“公积金怎么提取啊就是买房子那个”); empty where none is."""
        for found in self._begins.finditer(text):
            before = text[: found.start()]
            if len(before) > _LEAST_BEFORE and len(text) - len(before) > _LEAST and self.asks(before):
                return self.without_opening(before)
        return ""

    def puts_question(self, text: str) -> bool:
        """Tell whether ``text`` is read back as a question: who asks and wishes (“请依法解决我的拆迁补偿”) says which only by “请问”."""
        if self.letters.demands(text, strongly=True):
            return False
        asking = [part.text for part in self._parts(text) if self.letters.asks(part.text)]
        if len(text) <= _MOST:
            is_wish = not asking and self.letters.demands(text, strongly=False)  # 这何时是个头？请做主
            return self.asks(self.letters.without_tail(text)) and not is_wish
        is_marked = any(self.letters.is_marked(clause) for clause in asking)
        return is_marked or (bool(asking) and not self.letters.wishes_of(text))

    def only_complains(self, text: str) -> bool:
        """Tell whether ``text`` asks for nothing to be told, and demands something, or complains by a question (你说是不是欺负人)."""
        if self.puts_question(text):
            return False
        if any(self.letters.demands(text, strongly=strongly) for strongly in (True, False)):
            return True
        is_long = len(text) > _MOST
        is_rhetoric = is_long and any(self.letters.is_rhetoric(part.text) for part in self._parts(text))
        return is_rhetoric or (len(text) > _QUESTION and self.letters.has_tail(text))

    def in_brief(
        self, accounts: Sequence[str], keywords: Sequence[str] = (), *, is_asked: bool = True
    ) -> str:
        """Return as much of ``accounts`` as can be heard at once, in whole clauses; what was told after a question is kept with it.

        Of what is not ``is_asked``, the clause that wishes or complains is told, or else one with ``keywords`` of its class.
        """
        text = self.without_opening("，".join(accounts)).rstrip(_SIGNS)
        if len(text) <= _MOST:
            return text
        told = accounts[-1].strip(_SIGNS)
        if len(accounts) > 1 and len(told) >= _QUESTION and not self.asks(told):
            return self._told_after("，".join(accounts[:-1]), self._beginning_of(told))
        question, wish = self._question_of(text, is_marked=True), self.letters.wishes_of(text, keywords)
        beginning = self._beginning_of(text)
        is_said = self.letters.complains(beginning, keywords)
        otherwise = beginning if is_said else self.letters.complaint_of(text, keywords) or beginning
        ways = (question, wish, otherwise) if is_asked else (wish, otherwise)
        return self.letters.tidied(next(way for way in ways if way))

    def beginning(self, accounts: Sequence[str]) -> str:
        """Return as much of the beginning of ``accounts`` as can be heard at once: who praises wishes nothing."""
        text = self.without_opening("，".join(accounts)).rstrip(_SIGNS)
        return text if len(text) <= _MOST else self._beginning_of(text)

    def without_opening(self, text: str) -> str:
        """Return ``text`` without greetings and words that announce what is said next (喂，你好，我想问一下)."""
        found = self._opening.match(text)
        rest = text[found.end() :] if found is not None else text
        return rest if len(rest) >= _LEAST else text

    def _told_after(self, before: str, told: str) -> str:
        """Return what was told last behind the question it was told to, where both can be heard at once."""
        question = self.question_in(before)
        both = f"{question}，{told}"
        return both if question and len(both) <= _MOST else told

    def _end_of(self, text: str) -> str:
        """Return as much of the end of ``text`` as can be heard at once, from where words begin."""
        if len(text) <= _MOST:
            return self.without_opening(text)
        first = len(text) - _MOST
        starts = [*self._starts(text), *(found.end() for found in _CLAUSE.finditer(text))]
        softly = [found.end() for found in self._softly.finditer(text)]
        for ways in (starts, softly):
            end = text[min((start for start in ways if start >= first), default=len(text)) :]
            if len(end) >= _QUESTION and self.letters.asks(end):
                return self.without_opening(end)
        return self._beginning_of(text)

    def _beginning_of(self, text: str) -> str:
        """Return as much of the beginning of ``text`` as can be heard at once, up to where words begin."""
        clauses = [clause for clause in _CLAUSE.split(text) if clause]
        while len(clauses) > 1 and self.letters.is_empty(clauses[0]):  # 今年上半年
            clauses = clauses[1:]
        kept = ""
        for clause in clauses:
            longer = f"{kept}，{clause}" if kept else clause
            if len(longer) > _MOST or (kept and self.letters.is_rhetoric(clause)):
                break
            kept = longer
        if not kept:
            text = "，".join(clauses)
            ends = [end for end in self._starts(text) if _QUESTION <= end <= _MOST]
            kept = text[: max(ends, default=_MOST)]
        return self.letters.tidied(_NUMBERED.sub("", kept).rstrip(_SIGNS) or kept)
