"""Whose turn it is to speak (话轮): from a track of speech probabilities to decisions. Pure: time is audio time.

An utterance opens with the first voiced frame as a mere candidate. Once ``start_seconds`` of it are voiced it has
*begun*; before that it is dropped at its first pause, unless a question is open and it is long enough for “对”.

    candidate ──voiced──▶ Began ──▶ TookFloor ──▶ (Paused ⇄ Resumed)* ──silence──▶ Ended
        └──pause──▶ dropped, or a short answer: Paused, Ended

While a prompt plays, the floor is taken by ``barge_in_seconds`` of voice, be it speech or not yet, and never from a
prompt that must be heard out. Taking the floor only makes the prompt pause, so that it falls silent at once; it goes on
after a cough (``Dropped``) or a hum, and is stopped by ``insist_seconds`` of speech, or by words. One window of voice
is enough, and what is nearly as likely speech as not is voice (``over_prompt_threshold``): 49 synthetic callers stop a
prompt 0.06 s (median; nine in ten 0.12 s, the latest 0.20 s) after their first loud sound, by two windows of 0.5 it was
0.10, 0.16 and 0.30 s. Knocks stop it three times in 160 s (once), coughs six times (five), white and room noise never,
music twice (never), an echo over the line or 20 dB softer through a room never.

A pause is first a point to start recognising at (``Paused``). What ends the utterance is the silence that the kind of
question asks for, or a shorter one once the words recognised ahead are a whole answer (``whole``). Whoever goes on within
``merge_seconds`` of the end continues the same utterance, or, when its words were reported already, ``follows`` it.
Speech without a pause is cut at its quietest point into pieces a recogniser can take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hotline.domain.speech import Expected

_MIN_VOICED_SHARE: Final = 0.5  # scattered clicks do not add up to speech
_GAP_SECONDS: Final = 0.15  # up to here a gap belongs to the word


def _endpoints() -> Mapping[Expected, float]:
    return MappingProxyType(
        {Expected.YES_NO: 0.4, Expected.OPEN: 0.8, Expected.PLACE: 1.2, Expected.DIGITS: 1.2}
    )


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When speech counts as begun, interrupting and ended; seconds of audio.

    ``endpoint_seconds`` × the caller's slowness of silence end an utterance, ``whole_seconds`` × that when its words are
    a whole answer, ``likely_seconds`` when they probably are. ``short_answer_seconds`` of voice are enough after a question has been asked; other sounds shorter
    than ``start_seconds`` are dropped ``drop_seconds`` after their end. Over a prompt, up to ``hum_seconds`` of voice may
    be a mere hum. ``guard_seconds`` after a prompt's first sound nothing opens an utterance (echo).
    ``behind_seconds``: so long at least voices behind the caller go on before an utterance ends over them; with a whole
    answer, ``behind_pause_seconds`` longer than without them, which is also when recognition begins.
    ``answer_threshold``: probability of speech that is voice while an answer is awaited in silence; “对” of 0.22 s reaches 0.48.
    ``over_prompt_threshold``: the same while a prompt is heard.
    What is said within ``overlap_seconds`` of a prompt's end counts as said after it; to a yes-or-no question, also of the
    end of all that comes before its last part (``Playing.untold_seconds``).
    """

    speech_threshold: float = 0.5
    silence_threshold: float = 0.35
    answer_threshold: float = 0.3
    over_prompt_threshold: float = 0.45
    start_seconds: float = 0.25
    short_answer_seconds: float = 0.12
    resume_seconds: float = 0.09
    pre_roll_seconds: float = 0.3
    endpoint_seconds: Mapping[Expected, float] = field(default_factory=_endpoints)
    whole_seconds: float = 0.35
    likely_seconds: float = 0.6
    behind_seconds: float = 1.3
    behind_pause_seconds: float = 0.4
    speculate_seconds: float = 0.12
    drop_seconds: float = 0.3
    merge_seconds: float = 1.0
    barge_in_seconds: float = 0.03
    hum_seconds: float = 0.45
    insist_seconds: float = 0.8
    guard_seconds: float = 0.3
    overlap_seconds: float = 0.5
    max_piece_seconds: float = 14.0
    max_utterance_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Playing:
    """A prompt is being heard: since when, how much is left, and whether speech may stop it.

    ``untold_seconds``: how much is left before its last part, which only asks (“对吗？”). Not ``is_sounding``: it is silent
    just now, paused or waiting for its next part.
    """

    seconds: float
    remaining_seconds: float
    is_interruptible: bool
    untold_seconds: float = float("inf")
    is_sounding: bool = True


@dataclass(frozen=True, slots=True)
class Situation:
    """What the call is doing while a frame comes in. ``slowness``: how much longer this caller may pause (elders: 1.5)."""

    expect: Expected = Expected.OPEN
    is_question_asked: bool = False
    playing: Playing | None = None
    slowness: float = 1.0

    def is_told(self, *, within_seconds: float) -> bool:
        """Tell whether a yes-or-no question is being put of which all has been said but the asking, or nearly."""
        is_yes_or_no = self.is_question_asked and self.expect is Expected.YES_NO
        return is_yes_or_no and self.playing is not None and self.playing.untold_seconds <= within_seconds


@dataclass(frozen=True, slots=True)
class Began:
    """Speech, not noise: it is to be kept from ``start`` on. ``continues``: the last utterance goes on."""

    at: float
    start: float
    continues: bool = False


@dataclass(frozen=True, slots=True)
class TookFloor:
    """The caller has the floor; a prompt that is playing (``over_prompt``) is to fall silent."""

    at: float
    over_prompt: bool


@dataclass(frozen=True, slots=True)
class Insisted:
    """Who took the floor from a prompt has spoken longer than any “嗯”: the prompt need not wait."""

    at: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """What took the floor from a prompt was no speech: the prompt goes on."""

    at: float


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause that may be the end: recognise ``start`` to ``at`` ahead of time.

    ``may_be_hum``: it is so short a sound over a prompt that the prompt need not wait for its words.
    """

    at: float
    start: float
    may_be_hum: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pause was not the end."""

    at: float


@dataclass(frozen=True, slots=True)
class CameForward:
    """Only from ``start`` on it is the caller who speaks; what came before was behind them."""

    at: float
    start: float


@dataclass(frozen=True, slots=True)
class PieceEnded:
    """Speech went on so long that ``start`` to ``end`` is cut off as a piece of its own."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance is over; its last (mostly only) piece is ``start`` to ``at``.

    ``is_answer``: it began after a question had been asked and played. ``may_answer``: it began when all of a yes-or-no
    question had been said but its last part, which only asks. ``has_insisted``: see ``Insisted``. ``is_cut``: it was ended
    for its length, not by a pause. ``over_prompt``: it took the floor from a prompt. ``follows``: it began so soon after
    an utterance whose words had been reported that the two belong together.
    """

    at: float
    start: float
    speech_end: float
    voiced_seconds: float
    is_answer: bool
    has_floor: bool
    has_insisted: bool
    is_cut: bool = False
    over_prompt: bool = False
    follows: bool = False
    may_answer: bool = False


Decision = Began | TookFloor | Insisted | Dropped | Paused | Resumed | CameForward | PieceEnded | Ended


@dataclass(slots=True)
class _Utterance:
    start: float
    piece_start: float
    onset: float
    speech_end: float
    is_answer: bool
    may_answer: bool
    voiced: float = 0.0
    returning: float = 0.0
    has_begun: bool = False
    has_floor: bool = False
    is_over_prompt: bool = False
    has_insisted: bool = False
    is_paused: bool = False
    ends_after: float | None = None
    behind_until: float = 0.0
    follows: bool = False
    continues: bool = False
    track: list[tuple[float, float]] = field(default_factory=list)


class TurnTaker:
    """Follows one caller. ``feed`` it every frame in order; it answers with what has just become clear."""

    def __init__(self, settings: TurnSettings) -> None:
        self._settings = settings
        self._at = 0.0
        self._was_voiced = False
        self._open: _Utterance | None = None
        self._last: _Utterance | None = None
        self._is_last_reported = False
        self._floor_free_from = 0.0

    @property
    def is_open(self) -> bool:
        """True while an utterance, or what may become one, is under way."""
        return self._open is not None

    @property
    def is_speaking(self) -> bool:
        """True while the caller speaks, short pauses included."""
        return self._open is not None and self._open.has_begun

    def settle(self) -> None:
        """The last utterance has been reported: what comes now is a new one."""
        self._is_last_reported = True

    def whole(self, *, is_sure: bool = True) -> None:
        """What was recognised ahead, up to the present pause, is a whole answer: the end need not be waited for long.

        Not ``is_sure``: it probably is.
        """
        if self._open is None or not self._open.is_paused:
            return
        seconds = self._settings.whole_seconds if is_sure else self._settings.likely_seconds
        self._open.ends_after = min(seconds, self._open.ends_after or seconds)

    def came_forward(self, since: float, situation: Situation) -> list[Decision]:
        """Leave out what was voice before ``since``, when the caller began: somebody behind them spoke till then."""
        open_ = self._open
        if open_ is None or not open_.has_begun or open_.continues or since <= open_.onset:
            return []
        start = max(open_.start, since - self._settings.pre_roll_seconds)
        open_.start = open_.piece_start = start
        open_.onset = since
        open_.voiced = min(open_.voiced, self._at - since)
        open_.is_answer = open_.is_answer or self._is_answer(situation)
        open_.track = [frame for frame in open_.track if frame[0] > start]
        return [CameForward(self._at, start)]

    def feed(
        self, probability: float, at_seconds: float, situation: Situation, *, is_behind: bool = False
    ) -> list[Decision]:
        """Take the frame that ended at ``at_seconds`` (later than the one before, else ``ValueError``).

        ``is_behind``: there is voice in it, but too faint to be the caller's, unless they speak lower now.
        """
        if at_seconds <= self._at:
            raise ValueError("语音帧的时间没有前进")
        step, self._at = at_seconds - self._at, at_seconds
        limit = self._threshold(situation)
        is_voiced = self._was_voiced = probability >= limit and not is_behind
        if self._open is None:
            if not is_voiced or self._is_guarded(situation.playing):
                return []
            self._open = self._opened(at_seconds - step, situation)
        open_ = self._open
        open_.track.append((at_seconds, probability))
        if is_voiced:
            return self._voiced(open_, step, situation)
        open_.returning = 0.0
        dying_away = self._dying_away(open_, step, situation) if is_behind else []
        return dying_away + self._silent(open_, situation)

    def _threshold(self, situation: Situation) -> float:
        """Return what counts as voice now: after a question, in silence, a single “对” is enough, which scores low."""
        settings, playing = self._settings, situation.playing
        limit = settings.silence_threshold if self._was_voiced else settings.speech_threshold
        if playing is None:
            is_awaited = situation.is_question_asked
        elif playing.is_sounding:
            return min(limit, settings.over_prompt_threshold)
        else:
            is_awaited = self._is_told(situation)
        return min(limit, settings.answer_threshold) if is_awaited else limit

    def _is_told(self, situation: Situation) -> bool:
        return situation.is_told(within_seconds=self._settings.overlap_seconds)

    def _is_guarded(self, playing: Playing | None) -> bool:
        return playing is not None and playing.seconds < self._settings.guard_seconds

    def _opened(self, onset: float, situation: Situation) -> _Utterance:
        start = max(self._floor_free_from, onset - self._settings.pre_roll_seconds)
        return _Utterance(
            start=start,
            piece_start=start,
            onset=onset,
            speech_end=onset,
            is_answer=self._is_answer(situation),
            may_answer=self._is_told(situation),
        )

    def _is_answer(self, situation: Situation) -> bool:
        playing = situation.playing
        is_heard_out = playing is None or playing.remaining_seconds <= self._settings.overlap_seconds
        return situation.is_question_asked and is_heard_out

    def _voiced(self, open_: _Utterance, step: float, situation: Situation) -> list[Decision]:
        decisions: list[Decision] = []
        gap = self._at - step - open_.speech_end
        open_.returning += step
        if gap > _GAP_SECONDS and open_.returning < self._settings.resume_seconds:
            return decisions  # a click in a pause is not yet speech again
        open_.voiced += open_.returning
        open_.returning = 0.0
        open_.speech_end = self._at
        if open_.is_paused:
            open_.is_paused, open_.ends_after = False, None
            decisions.append(Resumed(self._at))
        if not open_.has_begun and self._is_speech(open_):
            decisions.append(self._begin(open_, situation))
        decisions += self._floor(open_, situation)
        decisions += self._cut(open_)
        return decisions

    def _dying_away(self, open_: _Utterance, step: float, situation: Situation) -> list[Decision]:
        """Count the faint end of a word as voice, though it may be somebody else's and so lengthens nothing.

        Only of speech that has begun: a click before a television is no short answer.
        """
        open_.behind_until = self._at
        if not open_.has_begun or self._at - open_.speech_end > _GAP_SECONDS:
            return []
        open_.voiced += step
        return self._floor(open_, situation)

    def _is_speech(self, open_: _Utterance) -> bool:
        share = open_.voiced / max(self._at - open_.onset, 1e-9)
        return open_.voiced >= self._settings.start_seconds - 1e-9 and share >= _MIN_VOICED_SHARE

    def _begin(self, open_: _Utterance, situation: Situation) -> Began:
        open_.has_begun = True
        last, self._last = self._last, None
        if last is None or open_.onset - last.speech_end > self._settings.merge_seconds:
            return Began(self._at, open_.start)
        if self._is_last_reported or (situation.playing is not None and not last.is_over_prompt):
            open_.follows = self._is_last_reported
            return Began(self._at, open_.start)
        open_.continues = True
        open_.start, open_.piece_start = last.start, last.piece_start
        open_.voiced += last.voiced
        open_.is_answer, open_.may_answer = last.is_answer, last.may_answer
        open_.has_insisted = last.has_insisted
        open_.has_floor = open_.has_floor or last.has_floor
        open_.is_over_prompt = open_.is_over_prompt or last.is_over_prompt
        open_.track = last.track + open_.track
        return Began(self._at, open_.piece_start, continues=True)

    def _floor(self, open_: _Utterance, situation: Situation) -> list[Decision]:
        if open_.has_floor:
            may_insist = open_.is_over_prompt and not open_.has_insisted
            if not may_insist or open_.voiced < self._settings.insist_seconds:
                return []
            open_.has_insisted = True
            return [Insisted(self._at)]
        playing = situation.playing
        if playing is None and not open_.has_begun:
            return []
        if playing is not None:
            enough = open_.voiced >= self._settings.barge_in_seconds - 1e-9
            if not (playing.is_interruptible and enough):
                return []
        open_.has_floor, open_.is_over_prompt = True, playing is not None
        return [TookFloor(self._at, over_prompt=playing is not None)]

    def _cut(self, open_: _Utterance) -> list[Decision]:
        settings = self._settings
        if self._at - open_.start >= settings.max_utterance_seconds:
            return [self._end(open_, is_cut=True)]
        if self._at - open_.piece_start < settings.max_piece_seconds:
            return []
        earliest = open_.piece_start + settings.max_piece_seconds * 2 / 3
        latest = self._at - settings.pre_roll_seconds  # so that the next piece is not empty
        quietest = min(
            (frame for frame in open_.track if earliest <= frame[0] <= latest),
            key=lambda frame: (frame[1], -frame[0]),
            default=(latest, 0.0),
        )[0]
        piece = PieceEnded(self._at, open_.piece_start, quietest)
        open_.piece_start = quietest
        open_.track = [frame for frame in open_.track if frame[0] > quietest]
        return [piece]

    def _silent(self, open_: _Utterance, situation: Situation) -> list[Decision]:
        settings = self._settings
        silence = self._at - open_.speech_end
        is_expected = open_.is_answer or open_.may_answer
        is_short_answer = is_expected and open_.voiced >= settings.short_answer_seconds
        if not open_.has_begun and not is_short_answer:
            if silence < settings.drop_seconds:
                return []
            self._open = None
            return [Dropped(self._at)] if open_.has_floor else []
        without_any = self._at - max(open_.speech_end, open_.behind_until)
        if without_any >= self._endpoint(open_, situation) or silence >= self._endpoint_behind(
            open_, situation
        ):
            return [self._end(open_)]
        is_pause = without_any >= settings.speculate_seconds or silence >= settings.behind_pause_seconds
        if is_pause and not open_.is_paused:
            open_.is_paused = True
            is_hum_long = open_.voiced <= settings.hum_seconds
            may_be_hum = open_.is_over_prompt and is_hum_long and not is_expected
            return [Paused(self._at, open_.piece_start, may_be_hum)]
        return []

    def _endpoint(self, open_: _Utterance, situation: Situation) -> float:
        seconds = self._settings.endpoint_seconds[situation.expect]
        if open_.ends_after is not None:
            seconds = min(seconds, open_.ends_after)
        return seconds * situation.slowness - 1e-9

    def _endpoint_behind(self, open_: _Utterance, situation: Situation) -> float:
        """Return how long a pause is that no voice behind lengthens further; words that begin faintly have come by then."""
        settings = self._settings
        if open_.ends_after is not None:
            return (open_.ends_after + settings.behind_pause_seconds) * situation.slowness
        return max(settings.behind_seconds, settings.endpoint_seconds[situation.expect]) * situation.slowness

    def _end(self, open_: _Utterance, *, is_cut: bool = False) -> Ended:
        self._open = None
        self._last, self._is_last_reported = (None if is_cut else open_), False
        self._floor_free_from = open_.speech_end
        return Ended(
            at=self._at,
            start=open_.piece_start,
            speech_end=open_.speech_end,
            voiced_seconds=open_.voiced,
            is_answer=open_.is_answer,
            has_floor=open_.has_floor,
            has_insisted=open_.has_insisted,
            is_cut=is_cut,
            over_prompt=open_.is_over_prompt,
            follows=open_.follows,
            may_answer=open_.may_answer,
        )
