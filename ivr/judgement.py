"""What a sound on the line amounts to: words for the dialogue, a sign of listening, speech not understood, or nothing.

And whether words are a whole answer already, so that the hotline need not wait for more.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Final

from hotline.domain.speech import Expected
from ivr.hearing import Heard
from ivr.phone_settings import Endings, PhoneSettings
from ivr.turn_taking import Ended

_NOT_WORDS: Final = re.compile(r"[^\w]|_")
_DIGIT: Final = re.compile(r"\d")
_ASKS: Final = ("？", "?")
_NUMBER_DIGITS: Final = 11  # of a mobile telephone, and of a work order
_SHORT_ANSWER: Final = 6
_SHORT_QUESTION: Final = 6  # characters: “在哪里” may go on (“在哪里来着，柳青苑”)


def is_said(heard: Heard, settings: PhoneSettings, choices: Collection[str] = ()) -> bool:
    """Tell whether the caller said something; “嗯” is that only after a question, or when they insisted on it.

    While a yes-or-no question is being asked of which all else has been said, one of the likely answers ``choices`` is
    said too (“是的”): it is meant for the question.
    """
    words = _words(heard)
    if not words or heard.ended.is_answer or heard.ended.has_insisted:
        return bool(words)
    answers_early = heard.ended.may_answer and _is_made_of(words, choices)
    return answers_early or not is_backchannel(words, settings.backchannels)


def is_lost(heard: Heard, settings: PhoneSettings, expect: Expected) -> bool:
    """Tell whether the caller must hear that they were not understood: speech without words, not mere noise.

    After a yes-or-no question less speech counts: “对的” is no longer.
    """
    ended = heard.ended
    if heard.text is None:
        return matters(ended, settings)
    is_short_awaited = expect is Expected.YES_NO
    least = settings.lost_answer_seconds if is_short_awaited else settings.lost_voiced_seconds
    is_long = ended.voiced_seconds >= least
    return not _words(heard) and (ended.has_insisted or (ended.is_answer and is_long))


def matters(ended: Ended, settings: PhoneSettings) -> bool:
    """Tell whether a sound asks for an answer even before, or without, its words being known."""
    return ended.is_answer or ended.has_insisted or ended.voiced_seconds >= settings.lost_voiced_seconds


def is_backchannel(words: str, backchannels: AbstractSet[str]) -> bool:
    """Tell whether ``words`` are made of sounds of listening only (“嗯嗯好的”)."""
    return _is_made_of(words, backchannels)


def _is_made_of(words: str, known: Collection[str]) -> bool:
    ends = {0}
    for start in range(len(words)):
        if start in ends:
            ends |= {start + len(word) for word in known if words.startswith(word, start)}
    return len(words) in ends


def is_unfinished(text: str, endings: Endings) -> bool:
    """Tell whether ``text``, the words up to a pause, ends like words that go on (“因为”, “在”)."""
    return _NOT_WORDS.sub("", text).endswith(endings.unfinished)


def is_whole(text: str, expect: Expected, endings: Endings) -> bool:
    """Tell whether ``text``, the words up to a pause, are a whole answer to a question of the kind ``expect``."""
    words = _NOT_WORDS.sub("", text)
    if expect is Expected.PLACE and words in endings.place_alone:
        return True
    if not words or is_unfinished(text, endings):
        return False
    match expect:
        case Expected.YES_NO:
            return len(words) <= _SHORT_ANSWER or words.endswith(endings.finished)
        case Expected.DIGITS:
            return len(_DIGIT.findall(words)) == _NUMBER_DIGITS
        case Expected.PLACE:
            is_question = len(words) >= _SHORT_QUESTION and _is_asked(text, words, endings)
            return is_question or words.endswith(endings.place_finished)
        case Expected.OPEN:
            if len(words) < endings.least_characters:
                return False
            is_stated = any(word in words for word in endings.states) and words.endswith(endings.stated)
            return _is_asked(text, words, endings) or is_stated or words.endswith(endings.finished)


def _is_asked(text: str, words: str, endings: Endings) -> bool:
    return text.rstrip().endswith(_ASKS) or any(word in words for word in endings.asked)


def _words(heard: Heard) -> str:
    return _NOT_WORDS.sub("", heard.text or "")
