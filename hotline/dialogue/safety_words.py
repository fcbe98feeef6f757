"""Words for emergencies (紧急情况), acted upon without a model: by characters and by sound.

The lists are a city's data (``config/<city>/lexicon/safety.yaml``). Recognition errors are mostly homophones, so “找火了”
is 着火了; a phrase that is no emergency (消防通道) is taken out first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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
"""Characters: who writes more tells of a bridge that gave way, and does not stand beside it.

Who speaks more arrives there: of a long story told by telephone as many characters at its end are read as a short one is.
"""
_SURE_BY_SOUND: Final = 3  # characters
_SHORT_BY_SOUND: Final = 2
_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;\s]+")
_SENTENCE: Final = re.compile(r"[。！？；!?;\n]+")


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


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a text is as a whole, for each of its clauses."""

    is_spoken: bool
    is_story: bool
    is_other: bool
    is_told: bool
    hurries: bool  # somebody is to hurry: 快来; that it is now alone hurries nobody
    is_anew: bool  # it happens again, whatever often happens


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
            self._not_now, self._hurry = tuple(rows["not_now"]), tuple(rows["hurry"])
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

    def emergency_in(self, text: str, *, is_spoken: bool = True) -> Emergency | None:
        """Return the emergency said in ``text``, if any; a certain one before a possible one.

        By their toneless sound four characters and more are certain, three are asked about (脚不行 sounds like 叫不醒) unless
        somebody is to hurry, two count only together with “了” or where somebody is to hurry, so that 找货 alone is not
        taken for 着火. What is typed was not misheard: there, sound is only asked about, and not in a long text. Words that are always asked about count in short texts, and at the end of a long one that was spoken. 俺 is 我. Where a beast or a thing is named it may
        have happened to that (羊抽搐, 水泵掉井里), and is asked about too; a fire is one, whatever burns.
        So is what was heard of in the news, or comes with a question about rules; in the same clause that is none (老房子塌了能翻盖不).
        """
        text = self._no_alarms.with_dates(in_standard_words(text))
        found = self._emergency_in(text, is_spoken=is_spoken)
        return found or (self._at_the_end(text) if is_spoken and len(text) > _LONGEST_ASKED else None)

    def certain_in(self, text: str) -> EmergencyService | None:
        """Return whom a text that was written calls for at once, None where that is not certain."""
        found = self.emergency_in(text, is_spoken=False)
        return found.service if found is not None and found.alarm is Alarm.CERTAIN else None

    def _at_the_end(self, text: str) -> Emergency | None:
        """Return the possible emergency where a long story arrives, None in one that is of the past or asks about rules."""
        since = self._no_alarms.since_turn(text)
        if any(word in self._sure(since) for word in self._hedges) or self._is_told(text):
            return None
        found = self._emergency_in(since[-_LONGEST_ASKED:], is_spoken=True)
        return None if found is None else Emergency(found.service, Alarm.POSSIBLE, found.word)

    def _sure(self, text: str) -> str:
        """Return ``text`` without what only looks like a hedge: 怕是 is no 怕, nor is 我害怕."""
        return self._no_alarms.without_pleas(without(text, self._doubts))

    def _emergency_in(self, text: str, *, is_spoken: bool) -> Emergency | None:
        text = self._no_alarms.with_turns(text)
        possible: Emergency | None = None
        setting = self._setting(text, is_spoken=is_spoken)
        for clause, is_supposed in self._clauses(text):
            if self._is_none(clause, text):
                continue
            for found in self._in_clause(clause, setting, is_supposed=is_supposed):
                if setting.is_story and found.word in self._ask_always:
                    continue
                if found.alarm is Alarm.CERTAIN:
                    return found
                possible = possible or found
        return possible or (None if setting.is_story else self._held_in(text) or self._together_in(text))

    def _setting(self, text: str, *, is_spoken: bool) -> _Setting:
        return _Setting(
            is_spoken=is_spoken,
            is_story=len(text) > _LONGEST_ASKED,
            is_other=any(word in without(text, self._not_others) for word in self._others),  # 羊水 is no 羊
            is_told=self._is_told(text),
            hurries=any(word in text for word in self._hurry),
            is_anew=self._no_alarms.is_anew(text),
        )

    def _clauses(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield each clause, and whether one before it in its sentence supposes something (如果货车自燃，发生爆炸)."""
        for sentence in _SENTENCE.split(text):
            is_supposed = False
            for clause in _CLAUSE.split(sentence):
                yield clause, is_supposed
                is_supposed = is_supposed or self._no_alarms.supposes(clause)

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
        text = self._no_alarms.since_turn(text)
        is_past = any(hedge in self._sure(text) for hedge in self._hedges)
        word = None if is_past else self._held.find(text)
        return None if word is None else Emergency(self._of_held, Alarm.POSSIBLE, word)

    def _together_in(self, text: str) -> Emergency | None:
        said = self._no_alarms.since_turn(self._no_alarms.without_idioms(text))
        if self._is_none(text, text) or any(hedge in self._sure(said) for hedge in self._hedges):
            return None
        found = None if any(doubt in said for doubt in self._doubts) else self._together.find(said)
        return None if found is None else Emergency(self._by_number[found[0]], Alarm.POSSIBLE, found[1])

    def misheard_in(self, text: str) -> Emergency | None:
        """Return the possible emergency that short speech sounds like (“有人晕水了”: 有人溺水), if any."""
        text = in_standard_words(text)
        if any(word in text for word in (*self._doubts, *self._hedges)) or self._no_alarms.is_question(text):
            return None
        rings = self._no_alarms
        if self._is_none(text, text) or rings.without_idioms(text) != text:
            return None
        if not rings.is_anew(text) and rings.without_habits(text) != text:
            return None
        text = rings.without_contact(text)
        word = self._misheard.find(text, is_urgent=any(word in text for word in self._now))
        if word is None:
            return None
        service = self._at_once.get(word) or self._ask_first[word]
        return Emergency(service, Alarm.POSSIBLE, word)

    def _in_clause(self, clause: str, setting: _Setting, *, is_supposed: bool) -> Iterable[Emergency]:
        clause = self._no_alarms.without_contact(self._no_alarms.without_idioms(clause))
        is_now = self._is_now(clause)
        if not (is_now or setting.is_anew):
            clause = self._no_alarms.without_habits(clause)
            clause = self._no_alarms.without_supposed(clause, is_supposed=is_supposed)
        harmless = [match for match in self._not_by_sound.find(clause) if match.is_precise]
        is_doubted = any(word in clause for word in self._doubts) and not is_now
        is_hedged = any(word in self._sure(clause) for word in self._hedges)
        if is_hedged and not is_now:
            return
        for match in sorted(self._lexicon.find(clause), key=lambda found: found.start - found.end):
            if not self._counts(match, clause, setting) or any(_takes_from(part, match) for part in harmless):
                continue
            if self._no_alarms.is_denied(clause, match.start):
                continue
            is_unsure = is_doubted or (not is_now and self._no_alarms.is_dated(clause, match.start))
            if match.word in self._at_once:
                alarm = self._alarm_at_once(match, setting, is_unsure=is_unsure)
                yield Emergency(self._at_once[match.word], alarm, match.word)
            elif is_unsure or (is_hedged and match.word in self._ask_always):
                continue
            else:
                hurries = is_now and (match.is_exact or _hurries(clause, self._hurry, setting))
                is_certain = hurries and not setting.is_told and match.word not in self._ask_always
                alarm = Alarm.CERTAIN if is_certain else Alarm.POSSIBLE
                yield Emergency(self._ask_first[match.word], alarm, match.word)

    def _is_now(self, clause: str) -> bool:
        clause = without(clause, self._not_now)  # 到现在 is since long
        return any(word in clause for word in self._now)

    def _counts(self, match: Match, clause: str, setting: _Setting) -> bool:
        """Tell whether ``match`` is one by its characters, or by a sound that is long enough."""
        if match.is_exact:
            return True
        if not match.is_precise or (setting.is_story and not setting.is_spoken):
            return False
        is_short = len(match.word) <= _SHORT_BY_SOUND
        return not is_short or (match.word in self._ask_first and _hurries(clause, self._hurry, setting))

    def _alarm_at_once(self, match: Match, setting: _Setting, *, is_unsure: bool) -> Alarm:
        is_heard = setting.is_spoken and (len(match.word) > _SURE_BY_SOUND or setting.hurries)
        may_be_other = setting.is_other and not any(sign in match.word for sign in self._whatever)
        is_unsure = is_unsure or may_be_other or setting.is_told
        return Alarm.CERTAIN if (match.is_exact or is_heard) and not is_unsure else Alarm.POSSIBLE

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


def _hurries(clause: str, words: Iterable[str], setting: _Setting) -> bool:
    """Tell whether somebody is to hurry in what was spoken: only then a sound of two characters is one, and a longer one sure."""
    return setting.is_spoken and any(word in clause for word in words)
