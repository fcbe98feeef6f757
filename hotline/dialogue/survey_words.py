"""What a citizen answers in a revisit (回访): read so that nobody is ever taken to be content who did not say so.

A good word counts only by its characters or by three and more sounds, and only where nothing beside it casts doubt
(“满意什么”, “满意吗”, “要是解决了就好了”); a bad and a good word together, or a negated bad one, are no answer. Then the
question is put again, with keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hotline.dialogue.short_answers import Answer
from hotline.dialogue.words import AnswerWords
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.errors import CityConfigError
from hotline.phonetics import Match, SoundLexicon, han_only, plain
from hotline.written_forms import simplified

_SHORT: Final = 2
_G = TypeVar("_G", Resolution, Satisfaction)


@dataclass(frozen=True, slots=True)
class _Scale:
    """The three lists of one question, the bad first."""

    bad: SoundLexicon
    middle: SoundLexicon
    good: SoundLexicon


class SurveyWords:
    """Reads the answers of a revisit."""

    def __init__(self, rows: Mapping[str, Any], answers: AnswerWords, *, file: str = "") -> None:
        """Take the content of ``survey.yaml`` and the words for yes and no."""
        try:
            satisfaction, resolution, contacted = (
                rows[name] for name in ("satisfaction", "resolution", "contacted")
            )
            self._satisfaction = _Scale(
                *(SoundLexicon(satisfaction[grade]) for grade in ("dissatisfied", "mostly", "satisfied"))
            )
            self._resolution = _Scale(
                *(SoundLexicon(resolution[grade]) for grade in ("unresolved", "mostly", "resolved"))
            )
            self._contacted = {
                is_yes: SoundLexicon(contacted[word]) for word, is_yes in (("yes", True), ("no", False))
            }
            self._inside = {
                name: SoundLexicon(rows[name])
                for name in ("stop_inside", "wrong_person", "busy_inside", "voicemail_inside", "person_yes")
            }
            self._convenient = SoundLexicon(rows["convenient_yes"])
            self._asks_why = tuple(sorted(rows["asks_why"], key=len, reverse=True))
            self._likely = {stage: tuple(words) for stage, words in rows["likely"].items()}
            self._whole = {
                name: frozenset(rows[name]) for name in ("hello", "nothing_to_add", "person_whole")
            }
            self._doubts = tuple(rows["doubts"])
            self._masks = tuple(sorted((*rows["not_these"],), key=len, reverse=True))
            self._doubtless = tuple(rows["doubtless"])
            self._negations = tuple(rows["negations"])
            scores = rows["scores"]
            self._before_score = tuple(sorted(scores["before"], key=len, reverse=True))
            self._after_score = str(scores["after"])
            self._scores = {str(score): grade for grade in Satisfaction for score in scores[grade.value]}
        except KeyError as error:
            raise CityConfigError(file=file, reason=f"回访词表缺少 {error}") from error
        self._answers = answers

    def is_contacted(self, text: str) -> bool | None:
        """Tell whether the handling unit got in touch, None when ``text`` does not say."""
        words = self._words(text)
        if any(_counts(match) for match in self._contacted[False].find(words)):
            return False
        if any(match.is_exact for match in self._contacted[True].find(words)):
            return None if self._is_doubtful(words) else True
        return self.yes_or_no(text)

    def resolution(self, text: str) -> Resolution | None:
        """Return whether the matter is resolved; a plain yes or no counts too."""
        grades = (Resolution.UNRESOLVED, Resolution.MOSTLY, Resolution.RESOLVED)
        graded, was_mentioned = self._graded(self._words(text), self._resolution, grades)
        if was_mentioned:
            return graded
        answer = self.yes_or_no(text)
        return None if answer is None else Resolution.RESOLVED if answer else Resolution.UNRESOLVED

    def satisfaction(self, text: str) -> Satisfaction | None:
        """Return how satisfied the citizen says to be; a plain yes says nothing, a score by itself (五分) does."""
        if (scored := self._scores.get(self._score_alone(text))) is not None:
            return scored
        grades = (Satisfaction.DISSATISFIED, Satisfaction.MOSTLY, Satisfaction.SATISFIED)
        return self._graded(self._words(text), self._satisfaction, grades)[0]

    def _score_alone(self, text: str) -> str:
        words = plain(simplified(text)).rstrip(self._after_score)
        return words.removeprefix(next(filter(words.startswith, self._before_score), ""))

    def yes_or_no(self, text: str) -> bool | None:
        """Read a plain yes or no, None for anything else."""
        answer = self._answers.read(text, Answer.NO, Answer.YES)
        return None if answer is None else answer is Answer.YES

    def is_person(self, text: str) -> bool | None:
        """Tell whether it is the citizen who speaks, None when ``text`` does not say."""
        if self._has("wrong_person", text):
            return False
        words = self._words(text)
        if words in self._whole["person_whole"]:
            return True
        if any(match.is_exact for match in self._inside["person_yes"].find(words)):
            return None if self._is_doubtful(words) else True
        return self.yes_or_no(self._without_question(text))

    def is_convenient(self, text: str) -> bool | None:
        """Tell whether the citizen can talk now, None when ``text`` does not say; to be asked of who is not busy."""
        words = self._words(text)
        if any(match.is_precise for match in self._convenient.find(words)):
            return None if self._is_doubtful(words) else True
        return self.yes_or_no(text)

    def likely(self, question: str) -> tuple[str, ...]:
        """Return the likely answers to a question, good and bad alike, for the recogniser to lean to."""
        return self._likely.get(question, ())

    def wants_no_calls(self, text: str) -> bool:
        """Tell whether the citizen does not want to be called (不接受回访)."""
        return self._has("stop_inside", text)

    def is_busy(self, text: str) -> bool:
        """Tell whether it is not convenient now."""
        return self._has("busy_inside", text)

    def is_voicemail(self, text: str) -> bool:
        """Tell whether a machine speaks (语音信箱)."""
        return self._has("voicemail_inside", text)

    def is_hello(self, text: str) -> bool:
        """Tell whether ``text`` only answers the telephone or asks who is calling."""
        return han_only(text) in self._whole["hello"]

    def has_nothing_to_add(self, text: str) -> bool:
        """Tell whether no reason is to be given."""
        return han_only(text) in self._whole["nothing_to_add"]

    def _without_question(self, text: str) -> str:
        """Take off what an answer asks back (“是的，什么事”); a question alone stays one."""
        words = han_only(text)
        for asked in self._asks_why:
            if words.endswith(asked) and len(words) > len(asked) + 1:  # “是什么事” asks, and answers nothing
                return words.removesuffix(asked)
        return words

    def _has(self, name: str, text: str) -> bool:
        return any(_counts(match) for match in self._inside[name].find(self._words(text)))

    def _words(self, text: str) -> str:
        words = han_only(simplified(text))
        for mask in self._masks:
            words = words.replace(mask, "／")
        return words

    def _is_doubtful(self, words: str) -> bool:
        for word in self._doubtless:
            words = words.replace(word, "")
        return any(doubt in words for doubt in self._doubts)

    def _graded(self, words: str, scale: _Scale, grades: tuple[_G, _G, _G]) -> tuple[_G | None, bool]:
        """Return the grade, if it is clear, and whether any grade was spoken of."""
        bad = list(_apart(match for match in scale.bad.find(words) if _counts(match)))
        rest = _without(words, bad)
        middle = list(_apart(match for match in scale.middle.find(rest) if _counts(match)))
        rest = _without(rest, middle)
        good = list(
            _apart(m for m in scale.good.find(rest) if m.is_exact or (m.is_precise and len(m.word) > _SHORT))
        )
        rest = _without(rest, good) if not bad else rest
        if not (bad or middle or good):
            return None, False
        if bad:
            is_negated = any(words[: match.start].endswith(self._negations) for match in bad)
            return (None if is_negated or middle or good else grades[0]), True
        if self._is_doubtful(rest):
            return None, True
        return (grades[1] if middle else grades[2]), True


def _counts(match: Match) -> bool:
    return match.is_exact or (match.is_precise and len(match.word) > _SHORT)


def _apart(matches: Iterator[Match]) -> Iterator[Match]:
    """Leave out matches inside longer ones."""
    taken: set[int] = set()
    for match in matches:
        span = set(range(match.start, match.end))
        if not span & taken:
            taken |= span
            yield match


def _without(words: str, matches: list[Match]) -> str:
    """Blot out what was found, keeping all positions."""
    kept = list(words)
    for match in matches:
        kept[match.start : match.end] = "／" * (match.end - match.start)
    return "".join(kept)
