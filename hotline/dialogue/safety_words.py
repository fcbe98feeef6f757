"""Words for emergencies (紧急情况), acted upon without a model: by characters and by sound.

The lists are a city's data (``config/<city>/lexicon/safety.yaml``). Recognition errors are mostly homophones, so “找火了”
is 着火了; a phrase that is no emergency (消防通道) is taken out first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from hotline.dialogue.cries import MisheardCries
from hotline.domain.appeal import EmergencyService
from hotline.domain.errors import CityConfigError
from hotline.phonetics import Match, SoundLexicon, in_standard_words

_LONGEST_ASKED: Final = 40
"""Characters: who writes more tells of a bridge that gave way, and does not stand beside it."""
_SURE_BY_SOUND: Final = 3  # characters
_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;\s]+")


class Alarm(StrEnum):
    """How sure an emergency is."""

    CERTAIN = "certain"  # hand over at once
    POSSIBLE = "possible"  # ask once


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency heard in what was said."""

    service: EmergencyService
    alarm: Alarm
    word: str


class SafetyWords:
    """Finds emergencies (紧急情况) in what a citizen said."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``safety.yaml``."""
        try:
            services = {EmergencyService(number): lists for number, lists in rows["services"].items()}
            self._not_emergency = tuple(sorted(rows["not_emergency"], key=len, reverse=True))
            self._hedges = tuple(rows["hedges"])
            self._doubts = tuple(rows["doubts"])
            self._now, self._ask_always = tuple(rows["now"]), frozenset(rows["ask_always"])
            never, to_the_letter = tuple(rows["no_cry"]), frozenset(rows["to_the_letter"])
            of_another = rows["of_another"]
            self._others, self._whatever = tuple(of_another["named"]), tuple(of_another["whatever"])
            self._urgent = {name: tuple(words) for name, words in rows["is_it_urgent"].items()}
        except (KeyError, ValueError, AttributeError) as error:
            raise CityConfigError(file=file, reason=f"紧急词表缺少内容或写法不对：{error}") from error
        self._at_once = {
            word: service for service, lists in services.items() for word in lists.get("at_once", ())
        }
        self._ask_first = {
            word: service for service, lists in services.items() for word in lists.get("ask_first", ())
        }
        self._lexicon = SoundLexicon([*self._at_once, *self._ask_first])
        self._not_by_sound = SoundLexicon(self._not_emergency)
        by_sound = [word for word in (*self._at_once, *self._ask_first) if word not in to_the_letter]
        self._misheard = MisheardCries(by_sound, (*never, *self._not_emergency))

    def emergency_in(self, text: str) -> Emergency | None:
        """Return the emergency said in ``text``, if any; a certain one before a possible one.

        By their toneless sound four characters and more are certain, three are asked about (脚不行 sounds like 叫不醒) unless
        somebody is to hurry, two count only together with “了” or a word of urgency, so that 找货 alone is not taken for
        着火. Words that are always asked about count in short texts only. 俺 is 我. Where a beast or a thing is named it may
        have happened to that (羊抽搐, 水泵掉井里), and is asked about too; a fire is one, whatever burns.
        """
        text = in_standard_words(text)
        possible: Emergency | None = None
        is_story = len(text) > _LONGEST_ASKED
        is_other, hurries = (any(word in text for word in words) for words in (self._others, self._now))
        for clause in _CLAUSE.split(text):
            for found in self._in_clause(clause, is_other=is_other, hurries=hurries):
                if is_story and found.word in self._ask_always:
                    continue
                if found.alarm is Alarm.CERTAIN:
                    return found
                possible = possible or found
        return possible

    def misheard_in(self, text: str) -> Emergency | None:
        """Return the possible emergency that short speech sounds like (“有人晕水了”: 有人溺水), if any."""
        text = in_standard_words(text)
        if any(word in text for word in (*self._doubts, *self._hedges)):
            return None
        word = self._misheard.find(text, is_urgent=any(word in text for word in self._now))
        if word is None:
            return None
        service = self._at_once.get(word) or self._ask_first[word]
        return Emergency(service, Alarm.POSSIBLE, word)

    def _in_clause(self, clause: str, *, is_other: bool, hurries: bool) -> Iterable[Emergency]:
        harmless = [match for match in self._not_by_sound.find(clause) if match.is_precise]
        is_now = any(word in clause for word in self._now)
        is_doubted = any(word in clause for word in self._doubts) and not is_now
        sure = _without(clause, self._doubts)  # 怕是 is no 怕
        is_hedged = any(word in sure for word in self._hedges)
        if is_hedged and not is_now:
            return
        for match in sorted(self._lexicon.find(clause), key=lambda found: found.start - found.end):
            if not (match.is_exact or match.is_precise) or any(_takes_from(part, match) for part in harmless):
                continue
            if match.word in self._at_once and (match.is_exact or len(match.word) > 2):
                is_sure = match.is_exact or len(match.word) > _SURE_BY_SOUND or hurries
                may_be_other = is_other and not any(sign in match.word for sign in self._whatever)
                alarm = Alarm.CERTAIN if is_sure and not (is_doubted or may_be_other) else Alarm.POSSIBLE
                yield Emergency(self._at_once[match.word], alarm, match.word)
            elif is_doubted or (is_hedged and match.word in self._ask_always):
                continue
            elif match.word in self._ask_first and (match.is_exact or len(match.word) > 2 or is_now):
                is_certain = is_now and match.word not in self._ask_always
                yield Emergency(
                    self._ask_first[match.word],
                    Alarm.CERTAIN if is_certain else Alarm.POSSIBLE,
                    match.word,
                )

    def is_urgent(self, text: str) -> bool | None:
        """Tell what an answer says to the question whether there is danger now (“怎么不紧急，快转”); None where it says neither."""
        text = in_standard_words(text)
        order = (("retorts", True), ("no", False), ("yes", True))
        return next((said for name, said in order if any(w in text for w in self._urgent[name])), None)


def _takes_from(part: Match, found: Match) -> bool:
    """Tell whether ``found`` is made of ``part``: 上吊了 of 楼上吊; 从楼上掉下来, which holds all of that, is not."""
    overlaps = part.start < found.end and found.start < part.end
    return overlaps and not (found.start <= part.start and part.end <= found.end and found.is_exact)


def _without(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = text.replace(word, "／")
    return text
