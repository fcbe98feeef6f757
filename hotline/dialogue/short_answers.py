"""Short answers (简短回答): yes, no, nothing more and the like, read by characters and by sound, in the light of an open question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from hotline.dialogue.patterns import either
from hotline.phonetics import SoundLexicon, han_only, plain, syllables
from hotline.written_forms import in_standard_words, simplified

_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;\s]+")
_ADDS_NOTHING: Final = 2  # characters behind “对了” that say nothing yet
_SHORT_ANSWER: Final = 8
_GAP: Final = re.compile(r"(?<=\d)[ ,，、\-]+(?=\d)")
_ORDER_NUMBER: Final = re.compile(r"(?<!\d)2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{5}(?!\d)")
_DIGIT: Final = re.compile(r"\d")
_SIGNS: Final = "。.!！~～ "
_QUESTION_MARKS: Final = ("？", "?")


class Answer(StrEnum):
    """What a short answer says, in the light of an open question."""

    YES = "yes"
    NO = "no"
    DONE = "done"
    MORE = "more"
    UNCLEAR = "unclear"
    REPEAT = "repeat"
    ANONYMOUS = "anonymous"
    OPENLY = "openly"
    SECRETLY = "secretly"
    MISDIALLED = "misdialled"
    NO_PLACE = "no_place"
    NO_NEED = "no_need"
    MERGE = "merge"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"


class ShortAnswers:
    """Reads short answers, and figures; what else is acted upon without a model builds on it."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        self._lists = {answer: tuple(rows[answer.value]) for answer in Answer}
        self._sounds = {
            answer: {syllables(word) for word in words if len(han_only(word)) > 1}
            for answer, words in self._lists.items()
        }
        self._starts = {Answer.YES: tuple(rows["yes_start"]), Answer.NO: tuple(rows["no_start"])}
        self._buts, self._not_yes = tuple(rows["but_inside"]), tuple(rows["not_yes_start"])
        self._digits, self._scales = str.maketrans(dict(rows["digits"])), tuple(rows["scales"])
        self._fillers = tuple(sorted(rows["fillers"], key=len, reverse=True))
        self._other_than_yes, self._as_it_is = tuple(rows["other_than_yes"]), tuple(rows["as_it_is"])
        self._asks, self._not_asks = tuple(rows["asks_inside"]), tuple(rows["asks_not"])
        back = rows["asks_back"]
        self._asked_back, self._sounds_asked_back = frozenset(back["words"]), tuple(back["sounds"])
        self._ends_as_yes = tuple(back["but_ends"])
        heading, numeral = either(rows["headings"]["words"]), rows["headings"]["numerals"]
        number = rf"(?:[（(]?[\d{numeral}]{{1,2}}[）)]?[、.．：:]?|[：:])"
        self._heading = re.compile(rf"{number}?(?:(?:{heading}){number}?)+")
        self._before_digit = tuple(sorted(rows["before_digit"], key=len, reverse=True))
        after = either(rows["polite_after"])
        self._polite_start = re.compile(rf"(?:{either(rows['polite_starts'])})+")
        done_starts = (*rows["polite_starts"], *rows["done_starts"])
        self._done_start = re.compile(rf"(?:{either(done_starts)})*")
        self._only_this = _only_this(rows["only_this"])
        self._polite_end = re.compile(rf"(?:(?:{either(rows['polite_ends'])})(?:{after})*)+$")

    def read(self, text: str, *among: Answer) -> Answer | None:
        """Return the first of ``among`` that the whole of ``text`` says, or None if it says something else. 恁 is 你."""
        if Answer.YES in among and self.asks_back(text):
            among = tuple(answer for answer in among if answer is not Answer.YES)
        ways = dict.fromkeys((text, in_standard_words(text)))
        return next((answer for way in ways if (answer := self._read(way, *among)) is not None), None)

    def _read(self, text: str, *among: Answer) -> Answer | None:
        words = han_only(text)
        if (found := self._written(text, among)) is not None or not words:
            return found
        core = self._core(words)
        for answer in among:
            if words in self._lists[answer] or core in self._lists[answer]:
                return answer
        if len(words) <= _SHORT_ANSWER:
            for answer in among:
                if {syllables(words), syllables(core)} & self._sounds[answer]:
                    return answer
        for answer in among:
            if all(self._says(answer, part) for part in _CLAUSE.split(text)):
                return answer
        if Answer.DONE in among and (
            self._is_done_after_yes(_CLAUSE.split(text)) or self._only_this.fullmatch(words)
        ):
            return Answer.DONE
        return None

    def _written(self, text: str, among: Sequence[Answer]) -> Answer | None:
        """Return the answer that letters, digits or pictures are, as they stand (“OK的”, “88”)."""
        signs = text.strip(_SIGNS).casefold()
        ways = (signs, self._core(signs))
        return next((one for one in among if any(way in self._lists[one] for way in ways)), None)

    def _is_done_after_yes(self, parts: Sequence[str]) -> bool:
        """Tell whether clauses say yes, and at last that there is nothing more (“行，那我等消息”, “唉，没了”, “那行没啥了”)."""
        *before, last = [part for part in parts if part] or [""]
        bare = self._done_start.sub("", han_only(last), count=1)
        is_done = self._says(Answer.DONE, last) or (bool(bare) and self._says(Answer.DONE, bare))
        return is_done and all(
            self._says(Answer.YES, part) or self._done_start.fullmatch(han_only(part)) for part in before
        )

    def _says(self, answer: Answer, part: str) -> bool:
        """Tell whether a clause is a word of the answer, or some of them (“对的没错”), or a mere filler."""
        known, words = self._lists[answer], han_only(part)
        is_whole = words in known or self._core(words) in (*known, "")
        return is_whole or (len(words) <= _SHORT_ANSWER and is_made_of(words, known))

    def asks_back(self, text: str) -> bool:
        """Tell whether a sound or a yes is put as a question (“嗯？”, “对吗”): it answers nothing. “对吧？” is a yes."""
        words, is_marked = han_only(simplified(text)), text.rstrip().endswith(_QUESTION_MARKS)
        if words in self._asked_back or (is_marked and not plain(text)):  # “？”
            return True
        parts = [part for part in clauses(simplified(text)) if han_only(part)]
        return is_marked and bool(parts) and all(map(self._is_sound_or_yes, parts))

    def _is_sound_or_yes(self, part: str) -> bool:
        words = han_only(part)
        is_made = is_made_of(words, (*self._lists[Answer.YES], *self._sounds_asked_back))
        return is_made and len(words) <= _SHORT_ANSWER and not words.endswith(self._ends_as_yes)

    def leaves_as_it_is(self, text: str) -> bool:
        """Tell whether ``text`` takes what was read back as it is (“就这样吧”)."""
        return self._is_one_of(self._as_it_is, text)

    def is_heading(self, text: str) -> bool:
        """Tell whether a line of a letter is only a heading (“二、诉求”, “附件一、照片”)."""
        return self._heading.fullmatch(simplified(text).strip(_SIGNS + "【】")) is not None

    def digit_alone(self, text: str) -> str:
        """Return the digit that is all that was written (“1”, “选1”); empty where more, or none, was."""
        words = plain(simplified(text))
        words = words.removeprefix(next(filter(words.startswith, self._before_digit), ""))
        return words if len(words) == 1 and words.isascii() and words.isdigit() else ""

    def digit_said(self, text: str) -> str:
        """Return the digit that is all that was said (“二”, “选二吧”); empty where more, or none, was."""
        return self.digit_alone(self._core(plain(simplified(text))).translate(self._digits))

    def is_plain_yes(self, text: str) -> bool:
        """Tell whether ``text`` begins with a yes that nothing behind it takes back (“对的，登记的内容是对的”)."""
        rest = text
        for word in self._starts[Answer.YES]:  # “没错” takes nothing back
            rest = rest.replace(word, "")
        return self.opens_with(text, Answer.YES) and not any(word in rest for word in self._buts)

    def opens_with(self, text: str, answer: Answer) -> bool:
        """Tell whether a longer sentence begins with yes or no (“不对，是罗庄”); “对了，还有” is neither."""
        words = han_only(simplified(text))
        is_lead = words.startswith(self._not_yes) and len(words) > _ADDS_NOTHING
        is_other = is_lead or words.startswith((*self._other_than_yes, *self._asked_back))
        is_other = is_other or (self.asks_back(text) and len(words) <= _SHORT_ANSWER)
        return words.startswith(self._starts[answer]) and not (is_other and answer is Answer.YES)

    def only_leads(self, text: str) -> bool:
        """Tell whether ``text`` leads to something else and says nothing (对了)."""
        return han_only(text) in self._not_yes

    def agrees_politely(self, text: str) -> bool:
        """Tell whether ``text`` is a yes with thanks or a farewell behind it (“行，谢谢恁”, “中，那就这样吧”)."""
        words = in_standard_words(han_only(text))
        rest = self._polite_end.sub("", words)
        return rest not in ("", words) and self._read(rest, Answer.YES) is Answer.YES

    def asks(self, text: str) -> bool:
        """Tell whether ``text`` is put as a question; “好几个” and “有没有人管” ask nothing."""
        return self._is_asked_by(self._asks, text)

    def _is_asked_by(self, words: Iterable[str], text: str) -> bool:
        for word in self._not_asks:
            text = text.replace(word, "，")
        return any(word in text for word in words)

    def likely(self, *among: Answer) -> tuple[str, ...]:
        """Return likely answers for the recogniser to lean to."""
        return tuple(dict.fromkeys(word for answer in among for word in self._lists[answer][:8]))

    def digits_in(self, text: str) -> str:
        """Return the digits said or written in ``text``, without gaps."""
        return "".join(_DIGIT.findall(text.translate(self._digits)))

    def order_number_in(self, text: str) -> str | None:
        """Return the work order number in ``text``, if there is one: written, or read out digit by digit."""
        found = _ORDER_NUMBER.search(_GAP.sub("", text.translate(self._digits)))
        return found[0] if found is not None else None

    def has_figure(self, text: str) -> bool:
        """Tell whether there are two digits or more in ``text``, or a number of hundreds or thousands."""
        return len(self.digits_in(text)) > 1 or any(scale in text for scale in self._scales)

    def _is_one_of(self, words: Iterable[str], text: str) -> bool:
        core = self._core(han_only(simplified(text)))
        return bool(core) and core in {self._core(han_only(word)) for word in words}

    @staticmethod
    def _is_found(lexicon: SoundLexicon, text: str) -> bool:
        words = han_only(text)
        return any(
            match.is_exact or (match.is_precise and len(match.word) > 2)
            for way in dict.fromkeys((words, in_standard_words(words)))
            for match in lexicon.find(way)
        )

    def _core(self, words: str) -> str:
        """Strip fillers (那个、呃、吧 …) from both ends, but never all of it."""
        changed = True
        while changed and len(words) > 1:
            changed = False
            for filler in self._fillers:
                if words.startswith(filler) and len(words) > len(filler):
                    words, changed = words[len(filler) :], True
                if words.endswith(filler) and len(words) > len(filler):
                    words, changed = words[: -len(filler)], True
        return words


def _only_this(rows: Mapping[str, Any]) -> re.Pattern[str]:
    """Return the pattern of a sentence that says there is only this one (“就这一个”, “只有这一个诉求”)."""
    before, only, these, one, what, after = (
        f"(?:{either(rows[name])})" for name in ("before", "only", "these", "one", "what", "after")
    )
    return re.compile(rf"{before}*{only}(?:{these}{one}?|{one}){what}?{after}*")


def first_clause(text: str) -> str:
    """Return ``text`` up to its first pause."""
    return next(iter(clauses(text)), "")


def last_clause(text: str) -> str:
    """Return ``text`` from its last pause on."""
    return next(reversed(clauses(text)), "")


def clauses(text: str) -> list[str]:
    """Return what is said between pauses."""
    return [part for part in _CLAUSE.split(text) if part]


def is_made_of(text: str, words: Iterable[str]) -> bool:
    """Tell whether ``text`` is some of ``words`` one after the other (“对的没错”)."""
    ends = {0}
    for start in range(len(text)):
        if start in ends:
            ends |= {start + len(word) for word in words if text.startswith(word, start)}
    return len(text) in ends
