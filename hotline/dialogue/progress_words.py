"""How citizens ask what has become of an order, urge it (催办), and say that they have called before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.openings import Openings
from hotline.dialogue.order_questions import OrderQuestions
from hotline.dialogue.patterns import any_of, either
from hotline.phonetics import SoundLexicon, han_only

_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;\s]+")
_SHORT_WISH: Final = 16
_SHORT_STORY: Final = 24


class ProgressWords(Openings):
    """Reads what is said of earlier orders, and of how long they take."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        super().__init__(rows, file=file)
        takes = rows["takes_how_long"]
        before, told, beside, long, does = (
            any_of(takes[name]) for name in ("before", "told", "beside", "long", "does")
        )
        self._takes_how_long = re.compile(f"{before}*{told}{beside}*{long}{does}*")
        self.how_long_it_takes = str(takes["question"]), str(takes["category"])
        stands = rows["stands"]
        whose, noun, how = (either(stands[name]) for name in ("whose", "noun", "stands"))
        most, few = int(stands["most"]), int(stands["few"])
        self._stands = re.compile(rf"(?:{whose}).{{0,{most}}}?(?:{noun}).{{0,{few}}}?(?:{how})")
        self._not_whose = tuple(stands["not_whose"])
        told = rows["told_before"]
        who, when, whom, did, state, unanswered = (
            either(told[name]) for name in ("who", "when", "to", "did", "stands", "unanswered")
        )
        self._told_before = re.compile(
            rf"(?:(?:{who})(?:{when})?|{when})(?:{whom})?(?:{did}).{{0,{int(told['most'])}}}?(?:{state})"
            rf"|(?:{when})(?:{whom})?(?:{did}).{{0,{int(told['most'])}}}?(?:{unanswered})"
        )
        self._progress_lexicon = SoundLexicon(rows["progress_inside"])
        self._earlier_lexicon = SoundLexicon(rows["earlier_inside"])
        self._forgotten_lexicon = SoundLexicon(rows["forgotten_inside"])
        self._dissatisfied_lexicon = SoundLexicon(rows["dissatisfied_inside"])
        self._called_lexicon = SoundLexicon(rows["called_inside"])
        self._urges = tuple(rows["urges_inside"])
        self._cut_off = tuple(rows["cut_off_inside"])
        self.order_questions = OrderQuestions(rows)

    def wants_progress(self, text: str) -> bool:
        """Tell whether the citizen asks how an order stands (查进度), or says of an earlier one that nothing has come of it."""
        words = han_only(text)
        is_short = len(words) <= _SHORT_WISH
        if self.asks_how_long_it_takes(text):
            return False
        if self._is_found(self._progress_lexicon, text) or (
            is_short and self._is_found(self._earlier_lexicon, text)
        ):
            return True
        if len(words) > _SHORT_STORY or any(word in words for word in self._not_whose):
            return False  # 我想问拆迁的事有没有结果
        return self._stands.search(words) is not None or self._told_before.search(words) is not None

    def asks_how_long_it_takes(self, text: str) -> bool:
        """Tell whether ``text`` asks how long a complaint takes, of none in particular (“投诉多长时间能处理完”)."""
        words = "".join(_CLAUSE.split(text))  # 打12345
        return len(words) <= _SHORT_STORY and self._takes_how_long.fullmatch(words) is not None

    def urges_earlier(self, text: str) -> bool:
        """Tell whether a short sentence urges what was told in an earlier call (“我反映过欠薪，催一下”)."""
        return self.urges(text) and self.has_called_before(text)

    def urges(self, text: str) -> bool:
        """Tell whether a short sentence urges what was just told to be under way (催办)."""
        return len(han_only(text)) <= _SHORT_WISH and any(word in text for word in self._urges)

    def was_cut_off(self, text: str) -> bool:
        """Tell whether a short sentence says that an earlier call broke off (掉线), and nothing of the matter."""
        return len(han_only(text)) <= _SHORT_WISH and any(word in text for word in self._cut_off)

    def has_called_before(self, text: str) -> bool:
        """Tell whether the citizen says that they have called before, or were promised an answer."""
        return self._is_found(self._called_lexicon, text) or self.order_questions.reminds(text)

    def has_forgotten(self, text: str) -> bool:
        """Tell whether the citizen does not know the number that was asked for."""
        return self._is_found(self._forgotten_lexicon, text)

    def is_dissatisfied_with_result(self, text: str) -> bool:
        """Tell whether the citizen objects to how their order was settled (异议)."""
        return self._is_found(self._dissatisfied_lexicon, text)
