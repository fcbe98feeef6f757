"""How a talk, or a matter in it, is ended (告辞、撤回): nothing more, no need, taken back, taking leave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hotline.dialogue.patterns import either
from hotline.dialogue.short_answers import Answer, ShortAnswers, clauses, is_made_of
from hotline.phonetics import SoundLexicon, han_only
from hotline.written_forms import in_standard_words

_GAPS: Final = r"[，,。\s]*"
_ADDS_NOTHING: Final = 2  # characters behind “没有了” that say nothing more
_SHORT_ANSWER: Final = 8
_SHORT_FAREWELL: Final = 12  # characters: 我现在有事，回头再打
_SHORT_WISH: Final = 16


class Endings(ShortAnswers):
    """Reads what ends something."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        super().__init__(rows)
        self._withdrawal_lexicon = SoundLexicon(rows["withdraws_inside"])
        self._withdraws_alone, self._refuses = tuple(rows["withdraws_alone"]), tuple(rows["refuses"])
        taken_back = rows["withdrawal"]
        lead, nots, what, spares, done, itself, whom, after = (
            either(taken_back[name])
            for name in ("before", "nots", "what", "spares", "done", "alone", "whom", "after")
        )
        own, others = rf"(?:{nots})(?:{what})", rf"(?:{spares})再?(?:{done})"
        self._withdrawal = re.compile(rf"(?:{lead})*(?:{own}|{others}|{itself})(?:{whom})?(?:{after})?")
        self._asks_besides, self._not_given_up = tuple(taken_back["asks"]), tuple(taken_back["but"])
        refused, fillers = either((*self._refuses, *self._withdraws_alone)), either(rows["fillers"])
        self._refusal = re.compile(rf"(?:(?:{fillers})*(?:{refused})(?:{fillers})*{_GAPS})+")
        self._no_call = tuple(rows["no_call_inside"])
        instead, back = rows["registers_instead"], rows["wants_call_back"]
        lead, takes, after = (either(instead[name]) for name in ("before", "registers", "after"))
        self._registers_instead = re.compile(rf"(?:{lead})*(?:{takes})(?:{after})*")
        lead, who, calls, after = (either(back[name]) for name in ("before", "who", "calls", "after"))
        self._wants_call_back = re.compile(rf"(?:{lead})*(?:{who})?(?:{calls})(?:{after})*")
        self._leaves, self._farewells = tuple(rows["leaves_inside"]), tuple(rows["farewell_inside"])
        urging, chat = rows["done_and_urges"], rows["done_and_chat"]
        self._done_and = tuple(urging["urges"]), tuple(urging["more"])
        self._done_first = re.compile(rf"(?:(?:{either(chat['done'])}){_GAPS})+")
        self._done_and_chat_more = tuple(chat["more"])
        news, goes = rows["awaits"], rows["goes_oneself"]
        lead, waits, whose, what, after = (
            either(news[name]) for name in ("before", "waits", "whose", "what", "after")
        )
        self._awaits = re.compile(rf"(?:{lead})*(?:{waits})(?:{whose})*(?:{what})(?:{after})*")
        lead, gone, after = (either(goes[name]) for name in ("before", "goes", "after"))
        self._goes_oneself = re.compile(rf"(?:{lead})*(?:{gone})(?:{after})*")
        self._mere_sounds = re.compile(rf"(?:{either(rows['mere_sounds'])})+")

    def withdraws(self, text: str) -> bool:
        """Tell whether a short sentence, or a clause by itself, takes the matter back (撤回, “先别登记了，我跟家里人商量商量”).

        Who says more within a clause tells of somebody or something else (“他叫我别投诉了”).
        """
        is_short = len(han_only(text)) <= _SHORT_WISH
        if is_short and (self._is_found(self._withdrawal_lexicon, text) or self.lets_it_be(text)):
            return True
        parts = clauses(text)
        return any(map(self._is_withdrawal, parts)) or self._gives_up(parts)

    def _gives_up(self, parts: Sequence[str]) -> bool:
        """Tell whether the first clause lets it be and the rest is about oneself (“那算了，我自己去问吧”)."""
        if len(parts) < 2 or not self.lets_it_be(parts[0]):
            return False
        rest = "".join(parts[1:])
        return len(rest) <= _SHORT_WISH and not any(word in rest for word in self._not_given_up)

    def _is_withdrawal(self, clause: str) -> bool:
        words = han_only(clause)
        return len(words) <= _SHORT_WISH and self._withdrawal.fullmatch(words) is not None

    def beside_withdrawal(self, text: str) -> str:
        """Return what is asked beside taking the matter back (“算了，我不投诉了，我就想问问停车费归谁定”); empty where nothing is."""
        rest = "，".join(
            part for part in clauses(text) if not (self._is_withdrawal(part) or self.lets_it_be(part))
        )
        is_more = len(han_only(rest)) > _SHORT_ANSWER
        return rest if is_more and any(words in rest for words in self._asks_besides) else ""

    def lets_it_be(self, text: str) -> bool:
        """Tell whether ``text`` only says that it need not be (算了吧), in one clause or several, politely or not (“好嘞没事了谢谢”, “算了不问了”)."""
        words = self._core(han_only(text))
        is_short = 0 < len(words) <= _SHORT_ANSWER
        if self._is_one_of(self._withdraws_alone, text) or (
            is_short and any(is_made_of(way, self._withdraws_alone) for way in (han_only(text), words))
        ):
            return True
        bare = self._polite_end.sub("", self._polite_start.sub("", han_only(text)))
        if self._is_one_of(self._withdraws_alone, bare) or (bare and is_made_of(bare, self._withdraws_alone)):
            return True
        parts = clauses(text)
        return len(parts) > 1 and all(self._is_one_of(self._withdraws_alone, part) for part in parts)

    def behind_refusal(self, text: str) -> str:
        """Return what is told behind a refusal (“不用不用，我就是想问医保怎么交”); the whole where it is none, or nothing more."""
        refused = self._refusal.match(text)
        rest = text[refused.end() :] if refused is not None else text
        return rest if len(han_only(rest)) > _ADDS_NOTHING else text

    def wants_no_call(self, text: str) -> bool:
        """Tell whether an answer to the offer of a call wants none, however it begins (“算了吧不要回电了”), and says nothing else."""
        words = han_only(text)
        is_short = len(words) <= _SHORT_WISH
        return self.lets_it_be(text) or (is_short and any(word in words for word in self._no_call))

    def registers_instead(self, text: str) -> bool:
        """Tell whether an answer to the offer of a call only says that the machine is to take the matter down (“那你登记吧”)."""
        return self._registers_instead.fullmatch(in_standard_words(han_only(text))) is not None

    def wants_call_back(self, text: str) -> bool:
        """Tell whether an answer to the offer of a call only says that somebody is to call (“好，让他回我电话”)."""
        return self._wants_call_back.fullmatch(in_standard_words(han_only(text))) is not None

    def takes_leave(self, text: str) -> bool:
        """Tell whether ``text`` says that the citizen goes (告辞), whatever became of their matter."""
        return any(word in text for word in self._leaves)

    def breaks_off(self, text: str) -> bool:
        """Tell whether a short sentence takes leave in the middle of something, and answers nothing (“行了再见”)."""
        is_short = len(han_only(text)) <= _SHORT_FAREWELL
        return is_short and any(word in text for word in self._farewells)

    def is_done_and_urges(self, text: str) -> bool:
        """Tell whether there is nothing more, but for a word of urging or thanks (“没了，恁快点派人来啊”)."""
        first, *others = clauses(text) or [""]
        rest = "".join(others)
        urges, more = self._done_and
        return (
            self._read(in_standard_words(first), Answer.DONE) is Answer.DONE
            and len(rest) <= _SHORT_WISH
            and any(words in rest for words in urges)
            and not any(words in rest for words in more)
            and not self.asks(rest)
        )

    def takes_over_from_here(self, text: str) -> bool:
        """Tell whether somebody only says that they await news, or will go themselves (“那我等你们信儿”, “那我去问问”)."""
        words = in_standard_words(han_only(text))
        is_all = self._awaits.fullmatch(words) or self._goes_oneself.fullmatch(words)
        return len(words) <= _SHORT_WISH and is_all is not None

    def is_mere_sound(self, text: str) -> bool:
        """Tell whether it was only heard out (“哦哦”)."""
        return self._mere_sounds.fullmatch(han_only(text)) is not None

    def behind_done(self, text: str) -> str:
        """Return what is said behind “没有了” (“没了没了你是真人吗”); empty where nothing is, or it goes on to another matter."""
        found = self._done_first.match(text)
        rest = text[found.end() :] if found is not None else ""
        is_more = any(words in rest for words in self._done_and_chat_more)
        return rest if len(han_only(rest)) > _ADDS_NOTHING and not is_more else ""
