"""What a long letter or story is told for (诉求): the clause that wishes or complains, told apart from rhetoric.

A letter ends in a wish that names something (“希望市政府加快整治”) or in one that anybody may write (“请尽快处理”): only the
first says what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hotline.dialogue.patterns import any_of, either

_ASIDE: Final = re.compile(r"[（(【\[][^（）()【】\[\]]*[)）】\]]")
_SENTENCE: Final = re.compile(r"[。！？；!?;\n]+|(?<!\d)\.")
_CLAUSE: Final = re.compile(r"[，：\s]+|(?<!\d)[,:]|[,:](?!\d)")
_PAIRS: Final = ("“”", "《》", "【】", "（）", "()", "[]", "「」", "‘’")
_LEAST: Final = 4  # characters of a wish that name something
_WISH: Final = 3.0  # how much a clause says of what a letter is told for
_TOLD: Final = 2.0
_BAD: Final = 0.5
_OFTEN: Final = 3  # questions
_LONG_HEAD: Final = 16  # characters
_LEAST_PART: Final = 8  # characters


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    sentence: int


class Letters:
    """Picks out of a letter what it wishes (``letters.yaml``: ``letters``); ``most`` characters can be heard at once."""

    def __init__(self, rows: Mapping[str, Any], *, asks: Callable[[str], bool], most: int) -> None:
        """Take the content of ``letters.yaml``. Raises ``KeyError`` for a list that is missing."""
        words = rows["letters"]
        self._asks, self._most = asks, most
        wishes, first, ahead = (words[name] for name in ("wishes", "wishes_first", "ahead"))
        self._not_wishes = tuple(words["not_wishes"])
        self._wish = re.compile(rf"{any_of(wishes)}|^{any_of(ahead)}*{any_of(first)}")
        self._addressed = re.compile(
            rf"\w?{any_of(words['titles'])}|{either((*words['addressed'], *words['may']))}"
        )
        self._empty = re.compile(either(words["empty"]))
        self._goes_on = tuple(words["goes_on"])
        self._demands = {name == "strongly": tuple(rows) for name, rows in words["demands"].items()}
        self._told = re.compile(either(words["told"]))
        self._greets = tuple(words["greets"])
        self._complains, self._polite = tuple(words["complains"]), tuple(words["polite"])
        self._leads = re.compile(rf"^{any_of(words['leads'])}+(?=.{{6}})")
        self._marked, self._questions = tuple(words["marked"]), tuple(words["questions"])
        forms = words["forms"]
        self._number, self._unlike, self._twice, self._background, self._circumstance, self._cuts = (
            re.compile(forms[name])
            for name in ("number", "unlike", "twice", "background", "circumstance", "cuts")
        )
        rhetoric = words["rhetoric"]
        self._rhetoric = re.compile(
            rf"{either(rhetoric['words'])}|^{any_of(rhetoric['alone'])}$"
            rf"|{any_of(rhetoric['begins'])}.*{any_of(rhetoric['ends'])}$"
        )
        tails = rhetoric["tails"]
        self._tail = re.compile(
            rf"{any_of(tails['says'])}\w{{0,6}}?{any_of(tails['ends'])}|{either(tails['alone'])}"
        )

    def asks(self, clause: str) -> bool:
        """Tell whether ``clause`` asks for something to be told, and does not complain by a question (难道没人管吗)."""
        clause = self.without_tail(clause)
        is_question = self._asks(clause) or any(word in clause for word in self._questions)
        return is_question and not self.is_rhetoric(clause)

    def is_rhetoric(self, clause: str) -> bool:
        """Tell whether ``clause`` is a question that nobody means to be answered (何时是个头)."""
        clause = clause.rstrip("？?！!。 ")
        is_tail = self.has_tail(clause) and len(self.without_tail(clause)) < _LEAST
        return is_tail or self._rhetoric.search(clause) is not None

    def has_tail(self, text: str) -> bool:
        """Tell whether what is told ends, or goes on, with such a question said without a pause (……你说是不是欺负人)."""
        return self._tail.search(text) is not None

    def without_tail(self, text: str) -> str:
        """Return ``text`` without that."""
        return self._tail.sub("，", text).strip("，。！？；,!?; ") if self.has_tail(text) else text

    def is_marked(self, clause: str) -> bool:
        """Tell whether ``clause`` says that it asks (请问……)."""
        return any(word in clause for word in self._marked)

    def is_empty(self, clause: str) -> bool:
        """Tell whether ``clause`` is little more than a date (今年上半年), or only greets."""
        return len(self._unlike.sub("", clause)) < _LEAST or clause.endswith(self._greets)

    def asks_often(self, text: str) -> bool:
        """Tell whether ``text`` asks so much that one answer is none (补助原则是什么, 依据是什么, 能不能公开)."""
        return sum(self.asks(clause.text) for clause in self._clauses(text)) >= _OFTEN

    def demands(self, text: str, *, strongly: bool) -> bool:
        """Tell whether ``text`` wishes something done about what it tells: ``strongly`` that somebody is called to account (请求查处), or only that it is settled (希望能解决)."""
        return any(
            self._cue(clause.text) is not None
            and any(word in clause.text for word in self._demands[strongly])
            for clause in self._clauses(text)
        )

    def wishes_of(self, text: str, keywords: Iterable[str] = ()) -> str:
        """Return what ``text`` wishes, or says that it reports, with what stands right before it; empty where it does neither."""
        return self._best(text, tuple(keywords), least=_TOLD)

    def complaint_of(self, text: str, keywords: Iterable[str] = ()) -> str:
        """Return the first clause with something bad in it, likewise (电梯一直没人修)."""
        return self._best(text, tuple(keywords), least=_BAD)

    def complains(self, text: str, keywords: Iterable[str] = ()) -> bool:
        """Tell whether ``text`` names something bad, or what its class is known by."""
        return any(word in text for word in (*self._complains, *keywords))

    def _best(self, text: str, keywords: Sequence[str], *, least: float) -> str:
        clauses = self._joined(self._clauses(text))
        ranked = [(self._weight(clause.text, keywords), at) for at, clause in enumerate(clauses)]
        ranked = [(weight, at) for weight, at in ranked if weight >= least]
        # A wish stands at the end of a letter, and what is reported at its beginning.
        ranked.sort(key=lambda row: (-row[0], -row[1] if row[0] >= _WISH else row[1]))
        for _, at in ranked:
            if core := self._core(clauses[at].text):
                return self._leads.sub("", self.tidied(self._with_neighbours(core, at, clauses)))
        return ""

    def _clauses(self, text: str) -> list[_Clause]:
        bare, found = _ASIDE.sub("", text), []
        for number, sentence in enumerate(_SENTENCE.split(bare)):
            parts = (self._number.sub("", part.strip("，。、 ")) for part in _CLAUSE.split(sentence))
            found += [_Clause(part, number) for part in parts if part]
        return found

    def _joined(self, clauses: Sequence[_Clause]) -> list[_Clause]:
        """Join a wish that names nothing yet to what goes on behind it (希望有关部门，加强巡查)."""
        joined: list[_Clause] = []
        for clause in clauses:
            last = joined[-1] if joined else None
            is_near = last is not None and last.sentence == clause.sentence
            if last is not None and is_near and self._is_joined(last.text, clause.text):
                joined[-1] = _Clause(f"{last.text}，{clause.text}", last.sentence)
            else:
                joined.append(clause)
        return joined

    def _is_joined(self, clause: str, behind: str) -> bool:
        end = self._cue_end(clause)
        if end is None or len(self._named(clause[end:])) >= _LEAST or not self._goes_behind(behind):
            return False
        return not self._asked_of(clause[end:]) or behind.startswith(self._goes_on)

    def _asked_of(self, wish: str) -> str:
        """Return what is left of ``wish`` without whom it asks."""
        return re.sub(r"\W", "", self._circumstance.sub("", self._addressed.sub("", wish)))

    def _named(self, wish: str) -> str:
        return self._empty.sub("", self._asked_of(wish))

    def _cue(self, clause: str) -> re.Match[str] | None:
        """Find the words that a wish begins with."""
        for word in self._not_wishes:
            clause = clause.replace(word, "／" * len(word))
        return self._wish.search(clause)

    def _cue_end(self, clause: str) -> int | None:
        cue = self._cue(clause)
        return cue.end() if cue is not None else None

    def _weight(self, clause: str, keywords: Sequence[str]) -> float:
        if self.is_rhetoric(clause) or clause.startswith(self._polite):
            return 0
        is_named = any(word in clause for word in keywords)
        end = self._cue_end(clause)
        if end is not None and len(self._named(clause[end:])) >= _LEAST:
            return _WISH + is_named / 2
        told = self._told.search(clause)
        if told is not None and len(clause) - told.end() >= _LEAST:
            return _TOLD + is_named / 2
        return is_named * 1.0 + any(word in clause for word in self._complains) * _BAD

    def _core(self, clause: str) -> str:
        """Return ``clause`` as it can be heard at once: from its wish on, and up to where a row of things ends; empty where it cannot."""
        if len(clause) <= self._most:
            return clause
        found = self._cue(clause) or self._told.search(clause)
        head = found.start() if found is not None else 0
        if head > _LONG_HEAD and len(clause) - head < _LONG_HEAD:
            return ""  # 路灯坏了好几个月……希望派人来修一修: spoken in one breath, the end alone tells little
        clause = clause[head:]
        if len(clause) <= self._most:
            return clause
        if len(shorter := self._background.sub("", clause)) <= self._most:
            return shorter
        ends = [cut.start() for cut in (*self._cuts.finditer(clause), *re.finditer("，", clause))]
        end = max((end for end in ends if _LEAST_PART <= end <= self._most), default=0)
        return clause[:end]

    def _with_neighbours(self, core: str, at: int, clauses: Sequence[_Clause]) -> str:
        """Return ``core`` with as much before it as fits, and what goes on behind it where it is still short."""
        words, first, sentence = core, at, clauses[at].sentence
        behind = next((one.text for one in clauses[at + 1 : at + 2] if one.sentence == sentence), "")
        is_on = behind.startswith(self._goes_on)  # more of the wish, rather than what is before it
        if is_on:
            words = self._longer(words, behind)
        while (
            core == clauses[at].text and first > 0 and self._goes_before(clauses[first - 1], clauses[first])
        ):
            longer = f"{clauses[first - 1].text}，{words}"
            if len(longer) > self._most:
                break
            words, first = longer, first - 1
        return words if is_on or not self._goes_behind(behind) else self._longer(words, behind)

    def _longer(self, words: str, behind: str) -> str:
        longer = f"{words}，{behind}"
        return longer if len(longer) <= self._most else words

    def _goes_before(self, before: _Clause, clause: _Clause) -> bool:
        text = before.text
        is_told = not self.is_empty(text) and not text.startswith(self._polite)
        is_near = before.sentence == clause.sentence or any(word in text for word in self._complains)
        return is_told and is_near and not self.is_rhetoric(text) and not self._asks(text)

    def _goes_behind(self, text: str) -> bool:
        is_more = bool(text) and not text.startswith(self._polite)
        return is_more and not self.is_rhetoric(text) and not self._asks(text)

    def tidied(self, text: str) -> str:
        """Return ``text`` without a number before it, or signs of a quotation that is opened in it and not closed."""
        for opens, closes in _PAIRS:
            if text.count(opens) != text.count(closes):
                text = text.replace(opens, "").replace(closes, "")
        return self._twice.sub(r"\1", self._number.sub("", text))
