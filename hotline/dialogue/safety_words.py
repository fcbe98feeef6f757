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

from hotline.dialogue.alarm_answers import AlarmAnswers
from hotline.dialogue.cries import MisheardCries
from hotline.dialogue.held import HeldPeople
from hotline.dialogue.no_alarms import NoAlarms
from hotline.dialogue.patterns import without
from hotline.dialogue.together import TogetherCries
from hotline.domain.appeal import EmergencyService
from hotline.domain.errors import CityConfigError
from hotline.phonetics import Match, SoundLexicon
from hotline.written_forms import in_standard_words

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
            self._not_others = tuple(of_another["not_named"])
            self._urgent = AlarmAnswers(rows["is_it_urgent"])
            self._no_alarms, self._held = NoAlarms(rows["no_alarm"]), HeldPeople(rows["held"])
            self._of_held = EmergencyService(rows["held"]["service"])
            self._together = TogetherCries(rows["together"])
            self._by_number = {number: EmergencyService(number) for number in self._together.services}
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
        So is what was heard of in the news, or comes with a question about rules; in the same clause that is none (老房子塌了能翻盖不).
        """
        text = in_standard_words(text)
        possible: Emergency | None = None
        is_story = len(text) > _LONGEST_ASKED
        is_other = any(word in without(text, self._not_others) for word in self._others)  # 羊水 is no 羊
        hurries = any(word in text for word in self._now)
        is_told = self._is_told(text)
        for clause in _CLAUSE.split(text):
            if self._is_none(clause, text):
                continue
            for found in self._in_clause(clause, is_other=is_other, hurries=hurries, is_told=is_told):
                if is_story and found.word in self._ask_always:
                    continue
                if found.alarm is Alarm.CERTAIN:
                    return found
                possible = possible or found
        return possible or (None if is_story else self._held_in(text) or self._together_in(text))

    def _is_none(self, clause: str, text: str) -> bool:
        """Tell whether ``clause`` of ``text`` raises no alarm: it asks about rules, or tells the news."""
        rings = self._no_alarms
        is_hurried = rings.is_hurried(text)
        is_news = not is_hurried and rings.is_news(clause) and not rings.is_own(text)
        return is_news or rings.asks_of_rules(clause, is_hurried=is_hurried)

    def _is_told(self, text: str) -> bool:
        """Tell whether what ``text`` says beside an emergency makes it one to ask about: the news, or a question about rules."""
        rings = self._no_alarms
        if rings.only_asks(text) and not any(word in text for word in self._now):
            return True
        if rings.is_hurried(text):
            return False
        clauses = _CLAUSE.split(text)
        return rings.is_news(text) or any(rings.asks_of_rules(x) or rings.is_at_a_loss(x) for x in clauses)

    def _held_in(self, text: str) -> Emergency | None:
        is_past = any(hedge in text for hedge in self._hedges)
        word = None if is_past else self._held.find(text)
        return None if word is None else Emergency(self._of_held, Alarm.POSSIBLE, word)

    def _together_in(self, text: str) -> Emergency | None:
        said = self._no_alarms.without_idioms(text)
        if self._is_none(text, text) or any(hedge in without(said, self._doubts) for hedge in self._hedges):
            return None
        found = None if any(doubt in said for doubt in self._doubts) else self._together.find(said)
        return None if found is None else Emergency(self._by_number[found[0]], Alarm.POSSIBLE, found[1])

    def misheard_in(self, text: str) -> Emergency | None:
        """Return the possible emergency that short speech sounds like (“有人晕水了”: 有人溺水), if any."""
        text = in_standard_words(text)
        if any(word in text for word in (*self._doubts, *self._hedges)) or self._no_alarms.is_question(text):
            return None
        if self._is_none(text, text) or self._no_alarms.without_idioms(text) != text:
            return None
        word = self._misheard.find(text, is_urgent=any(word in text for word in self._now))
        if word is None:
            return None
        service = self._at_once.get(word) or self._ask_first[word]
        return Emergency(service, Alarm.POSSIBLE, word)

    def _in_clause(self, clause: str, *, is_other: bool, hurries: bool, is_told: bool) -> Iterable[Emergency]:
        clause = self._no_alarms.without_idioms(clause)
        harmless = [match for match in self._not_by_sound.find(clause) if match.is_precise]
        is_now = any(word in clause for word in self._now)
        is_doubted = any(word in clause for word in self._doubts) and not is_now
        sure = without(clause, self._doubts)  # 怕是 is no 怕
        is_hedged = any(word in sure for word in self._hedges)
        if is_hedged and not is_now:
            return
        for match in sorted(self._lexicon.find(clause), key=lambda found: found.start - found.end):
            if not (match.is_exact or match.is_precise) or any(_takes_from(part, match) for part in harmless):
                continue
            if self._no_alarms.is_denied(clause, match.start):
                continue
            if match.word in self._at_once and (match.is_exact or len(match.word) > 2):
                is_sure = match.is_exact or len(match.word) > _SURE_BY_SOUND or hurries
                may_be_other = is_other and not any(sign in match.word for sign in self._whatever)
                is_unsure = is_doubted or may_be_other or is_told
                alarm = Alarm.CERTAIN if is_sure and not is_unsure else Alarm.POSSIBLE
                yield Emergency(self._at_once[match.word], alarm, match.word)
            elif is_doubted or (is_hedged and match.word in self._ask_always):
                continue
            elif match.word in self._ask_first and (match.is_exact or len(match.word) > 2 or is_now):
                is_certain = is_now and not is_told and match.word not in self._ask_always
                yield Emergency(
                    self._ask_first[match.word],
                    Alarm.CERTAIN if is_certain else Alarm.POSSIBLE,
                    match.word,
                )

    def is_urgent(self, text: str) -> bool | None:
        """Tell what an answer says to the question whether there is danger now (“怎么不紧急，快转”); None where it says neither."""
        text = in_standard_words(text)
        if self._urgent.asks_back(text) and not self._no_alarms.is_hurried(text):
            return None
        read = self._urgent.is_urgent(text)
        return False if read is None and self._denies(text) else read

    def tells_of_danger(self, text: str) -> bool:
        """Tell whether an answer that is neither yes nor no says what is dangerous (“打得厉害，都见血了”)."""
        text = in_standard_words(text)
        is_told = self.emergency_in(text) is not None or self._urgent.describes_danger(text)
        return is_told and not self._urgent.is_harmless(text)

    def is_harmless(self, text: str) -> bool:
        """Tell whether an answer says that it is nothing, or was long ago (“我说的是有人在楼道抽烟”)."""
        return self._urgent.is_harmless(in_standard_words(text))

    def is_of_another(self, text: str) -> bool:
        """Tell whether what is said instead of an answer is of something else (“我想问一下医保”)."""
        return self._urgent.is_of_another(in_standard_words(text))

    def _denies(self, text: str) -> bool:
        """Tell whether an answer begins as a denial (不是着火，是旱), asks nothing and names nothing else that is dangerous."""
        if not self._urgent.begins_as_denial(text) or self._no_alarms.asks_back(text):
            return False
        return self.emergency_in(text) is None


def _takes_from(part: Match, found: Match) -> bool:
    """Tell whether ``found`` is made of ``part``: 上吊了 of 楼上吊; 从楼上掉下来, which holds all of that, is not."""
    overlaps = part.start < found.end and found.start < part.end
    return overlaps and not (found.start <= part.start and part.end <= found.end and found.is_exact)
