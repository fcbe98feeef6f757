"""Turn taking on made-up tracks of speech probability."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.speech import Expected
from ivr.turn_taking import (
    Began,
    CameForward,
    Decision,
    Dropped,
    Ended,
    Insisted,
    Paused,
    PieceEnded,
    Playing,
    Resumed,
    Situation,
    TookFloor,
    TurnSettings,
    TurnTaker,
)

STEP = 0.032
OPEN = Situation()
ASKED = Situation(Expected.YES_NO, is_question_asked=True)
TALKING = Situation(playing=Playing(seconds=5.0, remaining_seconds=5.0, is_interruptible=True))
NOTICE = Situation(playing=Playing(seconds=5.0, remaining_seconds=5.0, is_interruptible=False))


def follow(
    *track: tuple[float, float] | tuple[float, float, Situation],
    situation: Situation = OPEN,
    settings: TurnSettings | None = None,
    taker: TurnTaker | None = None,
) -> list[Decision]:
    """Feed stretches of (probability, seconds[, situation]) and return the decisions."""
    taker = taker or TurnTaker(settings or TurnSettings())
    decisions: list[Decision] = []
    at = taker._at
    for probability, seconds, *special in track:
        for _ in range(round(seconds / STEP)):
            at += STEP
            decisions += taker.feed(probability, at, special[0] if special else situation)
    return decisions


def before_a_television(taker: TurnTaker, seconds: float, situation: Situation = OPEN) -> list[Decision]:
    """Feed voice that is too faint to be the caller's."""
    steps = range(round(seconds / STEP))
    return [one for _ in steps for one in taker.feed(1.0, taker._at + STEP, situation, is_behind=True)]


def kinds(decisions: list[Decision]) -> list[str]:
    return [type(decision).__name__ for decision in decisions]


def the_end(decisions: list[Decision]) -> Ended:
    (end,) = [decision for decision in decisions if isinstance(decision, Ended)]
    return end


def test_speech_begins_takes_the_floor_pauses_and_ends():
    decisions = follow((0, 1), (1, 2), (0, 2))
    assert kinds(decisions) == ["Began", "TookFloor", "Paused", "Ended"]
    began, _, paused, ended = decisions
    assert began.start == pytest.approx(1.0 - 0.3, abs=STEP)
    assert began.at == pytest.approx(1.0 + 0.25, abs=2 * STEP)
    assert paused.at - ended.speech_end == pytest.approx(0.128, abs=0.01)
    assert ended.at - ended.speech_end == pytest.approx(0.8, abs=STEP)


@pytest.mark.parametrize(
    ("expect", "seconds"),
    [(Expected.YES_NO, 0.4), (Expected.OPEN, 0.8), (Expected.PLACE, 1.2), (Expected.DIGITS, 1.2)],
)
@pytest.mark.parametrize("slowness", [1.0, 1.5])
def test_the_end_waits_as_long_as_the_kind_of_question_and_the_caller_ask(expect, seconds, slowness):
    ended = the_end(follow((1, 1), (0, 3), situation=Situation(expect, slowness=slowness)))
    assert ended.at - ended.speech_end == pytest.approx(seconds * slowness, abs=STEP)


@pytest.mark.parametrize(("slowness", "seconds"), [(1.0, 0.35), (1.5, 0.525)])
def test_a_whole_answer_is_not_waited_for_long(slowness, seconds):
    taker, place = TurnTaker(TurnSettings()), Situation(Expected.PLACE, slowness=slowness)
    assert kinds(follow((1, 1), (0, 0.3), taker=taker, situation=place))[-1] == "Paused"
    taker.whole()
    ended = the_end(follow((0, 2), taker=taker, situation=place))
    assert ended.at - ended.speech_end == pytest.approx(seconds, abs=STEP)


def test_a_probable_end_is_waited_for_longer_and_a_sure_one_is_not_made_less_sure():
    taker, place = TurnTaker(TurnSettings()), Situation(Expected.PLACE)
    follow((1, 1), (0, 0.2), taker=taker, situation=place)
    taker.whole(is_sure=False)
    ended = the_end(follow((0, 2), taker=taker, situation=place))
    assert ended.at - ended.speech_end == pytest.approx(0.6, abs=STEP)
    follow((1, 1), (0, 0.2), taker=taker, situation=place)
    taker.whole()
    taker.whole(is_sure=False)
    ended = the_end(follow((0, 2), taker=taker, situation=place))
    assert ended.at - ended.speech_end == pytest.approx(0.35, abs=STEP)


def test_a_probable_end_makes_no_short_wait_longer():
    taker = TurnTaker(TurnSettings())
    follow((1, 1), (0, 0.2), taker=taker, situation=ASKED)
    taker.whole(is_sure=False)
    ended = the_end(follow((0, 2), taker=taker, situation=ASKED))
    assert ended.at - ended.speech_end == pytest.approx(0.4, abs=STEP)


def test_who_goes_on_after_a_whole_answer_is_waited_for_as_long_as_before():
    taker, place = TurnTaker(TurnSettings()), Situation(Expected.PLACE)
    follow((1, 1), (0, 0.25), taker=taker, situation=place)
    taker.whole()
    ended = the_end(follow((1, 1), (0, 2), taker=taker, situation=place))
    assert ended.at - ended.speech_end == pytest.approx(1.2, abs=STEP)


def test_words_that_are_known_while_the_caller_speaks_end_nothing():
    taker = TurnTaker(TurnSettings())
    follow((1, 1), taker=taker)
    taker.whole()
    ended = the_end(follow((1, 1), (0, 2), taker=taker))
    assert ended.at - ended.speech_end == pytest.approx(0.8, abs=STEP)


def test_a_sentence_before_a_television_ends_though_the_television_goes_on():
    taker = TurnTaker(TurnSettings())
    follow((1, 2), taker=taker)
    spoken_until = taker._at
    (ended,) = [one for one in before_a_television(taker, 5) if isinstance(one, Ended)]
    assert ended.speech_end == pytest.approx(spoken_until, abs=STEP)
    assert ended.at - ended.speech_end == pytest.approx(1.3, abs=STEP)


@pytest.mark.parametrize(("is_sure", "seconds"), [(True, 0.75), (False, 1.0)])
def test_a_whole_answer_before_a_television_is_not_waited_for_long(is_sure, seconds):
    taker = TurnTaker(TurnSettings())
    follow((1, 2), taker=taker)
    (paused,) = before_a_television(taker, 0.45)
    assert isinstance(paused, Paused)
    taker.whole(is_sure=is_sure)
    (ended,) = before_a_television(taker, 1.2)
    assert ended.at - ended.speech_end == pytest.approx(seconds, abs=STEP)


def test_what_was_behind_the_caller_before_they_came_forward_is_left_out():
    taker = TurnTaker(TurnSettings())
    follow((1, 5), taker=taker)
    (came,) = taker.came_forward(4.0, ASKED)
    assert came == CameForward(taker._at, 3.7)
    ended = the_end(follow((1, 1), (0, 2), taker=taker))
    assert (ended.start, ended.is_answer) == (3.7, True)
    assert ended.voiced_seconds == pytest.approx(2.0, abs=0.1)


def test_nobody_comes_forward_out_of_their_own_words_or_out_of_silence():
    taker = TurnTaker(TurnSettings())
    assert taker.came_forward(1.0, OPEN) == []
    follow((1, 2), (0, 0.9), (1, 1), taker=taker)  # goes on: the first words are theirs
    assert taker.came_forward(taker._at - 0.5, OPEN) == []


def test_a_pause_of_a_voice_behind_ends_the_sentence_as_any_pause():
    taker = TurnTaker(TurnSettings())
    follow((1, 2), taker=taker)
    before_a_television(taker, 0.3)
    ended = the_end(follow((0, 2), taker=taker))
    assert ended.at - ended.speech_end == pytest.approx(0.3 + 0.8, abs=2 * STEP)


def test_a_whole_answer_ends_in_silence_only_and_not_where_words_begin_faintly():
    taker = TurnTaker(TurnSettings())
    follow((1, 2), (0, 0.25), taker=taker)
    taker.whole()
    assert not [one for one in before_a_television(taker, 0.3) if isinstance(one, Ended)]
    assert not [one for one in follow((0, 0.2), taker=taker) if isinstance(one, Ended)]
    ended = the_end(follow((1, 1), (0, 2), taker=taker))
    assert ended.voiced_seconds == pytest.approx(3.0, abs=0.1)


def test_who_goes_on_louder_after_speaking_low_is_not_cut():
    taker = TurnTaker(TurnSettings())
    follow((1, 2), taker=taker)
    assert not [one for one in before_a_television(taker, 1.2) if isinstance(one, Ended)]
    ended = the_end(follow((1, 1), (0, 2), taker=taker))
    assert ended.voiced_seconds == pytest.approx(3.0 + 0.15, abs=0.05)  # the faint end of a word is its own


def test_words_that_die_away_insist_like_any_others():
    taker = TurnTaker(TurnSettings())
    follow((1, 0.7), taker=taker, situation=TALKING)
    assert kinds(before_a_television(taker, 0.16, TALKING)) == ["Insisted"]


def test_a_click_before_a_television_is_no_answer():
    taker = TurnTaker(TurnSettings())
    follow((0, 1), (1, 0.064, ASKED), taker=taker, situation=ASKED)
    assert before_a_television(taker, 2, ASKED) == []


def test_a_click_is_nothing():
    assert follow((0, 1), (1, 0.1), (0, 2)) == []


def test_scattered_clicks_do_not_add_up_to_speech():
    assert follow(*[(1, 0.064), (0, 0.25)] * 20) == []


def test_one_short_word_counts_once_a_question_has_been_asked():
    short = ((0, 1), (1, 0.16), (0, 2))
    assert kinds(follow(*short, situation=ASKED)) == ["Paused", "Ended"]
    assert the_end(follow(*short, situation=ASKED)).is_answer
    assert follow(*short, situation=OPEN) == []


def test_a_question_that_is_still_being_read_out_is_not_being_answered():
    reading = replace(ASKED, playing=Playing(3.0, 2.0, is_interruptible=True))
    ended = the_end(follow((0, 1), (1, 0.3), (0, 2), situation=reading))
    assert (ended.is_answer, ended.has_floor, ended.over_prompt) == (False, True, True)


def test_an_answer_on_the_question_s_last_syllable_is_an_answer():
    closing = replace(ASKED, playing=Playing(3.0, 0.4, is_interruptible=True))
    assert the_end(follow((0, 1), (1, 0.3, closing), (0, 2, ASKED))).is_answer


@pytest.mark.parametrize(
    ("expect", "untold", "may_answer"),
    [
        (Expected.YES_NO, 0.0, True),
        (Expected.YES_NO, 0.4, True),
        (Expected.YES_NO, 0.8, False),
        (Expected.OPEN, 0.0, False),
    ],
)
def test_a_yes_or_no_question_may_be_answered_once_all_has_been_said_but_the_asking(
    expect, untold, may_answer
):
    asking = Situation(
        expect,
        is_question_asked=True,
        playing=Playing(3.0, 1.4, is_interruptible=True, untold_seconds=untold),
    )
    ended = the_end(follow((0, 1), (1, 0.3, asking), (0, 2, asking)))
    assert (ended.may_answer, ended.is_answer) == (may_answer, False)


def test_one_short_word_while_only_the_asking_is_left_is_waited_for_and_no_hum():
    asking = replace(ASKED, playing=Playing(3.0, 1.4, is_interruptible=True, untold_seconds=0.0))
    decisions = follow((0, 1), (1, 0.16), (0, 2), situation=asking)
    assert kinds(decisions) == ["TookFloor", "Paused", "Ended"]
    assert not decisions[1].may_be_hum


def test_in_the_gap_before_the_asking_voice_counts_that_scores_low():
    gap = Playing(3.0, float("inf"), is_interruptible=True, untold_seconds=0.0, is_sounding=False)
    faint = ((0, 1), (0.4, 0.3), (0, 2))
    assert the_end(follow(*faint, situation=replace(ASKED, playing=gap))).may_answer
    assert follow(*faint, situation=replace(ASKED, playing=replace(gap, is_sounding=True))) == []
    assert follow(*faint, situation=replace(ASKED, playing=replace(gap, untold_seconds=2.0))) == []


def test_the_guard_window_stands_whatever_is_asked():
    starting = replace(ASKED, playing=Playing(0.1, 1.4, is_interruptible=True, untold_seconds=0.0))
    assert follow((0, 1), (1, 0.3, starting), (0, 2, OPEN)) == []


def test_a_prompt_is_stopped_by_lasting_speech():
    decisions = follow((0, 1), (1, 1), (0, 2), situation=TALKING)
    (floor,) = [decision for decision in decisions if isinstance(decision, TookFloor)]
    assert floor.over_prompt
    assert floor.at == pytest.approx(1.0 + STEP, abs=STEP / 2)
    (insisted,) = [decision for decision in decisions if isinstance(decision, Insisted)]
    assert insisted.at == pytest.approx(1.0 + 0.8, abs=STEP)
    assert the_end(decisions).has_insisted


@pytest.mark.parametrize(
    ("probability", "situation", "takes_it"),
    [(0.46, TALKING, True), (0.44, TALKING, False), (0.46, NOTICE, False), (0.46, OPEN, False)],
)
def test_one_window_that_may_be_speech_lets_a_prompt_fall_silent(probability, situation, takes_it):
    decisions = follow((0, 1), (probability, STEP), (0, 2), situation=situation)
    assert kinds(decisions) == (["TookFloor", "Dropped"] if takes_it else [])


def test_a_longer_hum_takes_the_floor_without_insisting():
    decisions = follow((0, 1), (1, 0.5), (0, 2), situation=TALKING)
    assert kinds(decisions) == ["TookFloor", "Began", "Paused", "Ended"]
    assert not the_end(decisions).has_insisted


@pytest.mark.parametrize(("seconds", "may_be_hum"), [(0.32, True), (0.6, False)])
def test_a_prompt_need_not_wait_for_the_words_of_a_hum(seconds, may_be_hum):
    decisions = follow((0, 1), (1, seconds), (0, 2), situation=TALKING)
    assert kinds(decisions) == ["TookFloor", "Began", "Paused", "Ended"]
    assert decisions[2].may_be_hum is may_be_hum


def test_a_cough_over_a_prompt_takes_the_floor_for_a_moment():
    decisions = follow((0, 1), (1, 0.16), (0, 2), situation=TALKING)
    assert kinds(decisions) == ["TookFloor", "Dropped"]
    assert decisions[1].at == pytest.approx(1.16 + 0.3, abs=STEP)


def test_a_notice_is_heard_out_but_words_over_it_are_kept():
    decisions = follow((0, 1), (1, 3), (0, 2), situation=NOTICE)
    assert kinds(decisions) == ["Began", "Paused", "Ended"]


def test_speech_that_outlasts_a_notice_takes_the_floor_then():
    decisions = follow((0, 1), (1, 2, NOTICE), (1, 1, OPEN), (0, 2, OPEN))
    (floor,) = [decision for decision in decisions if isinstance(decision, TookFloor)]
    assert floor == TookFloor(floor.at, over_prompt=False)
    assert floor.at == pytest.approx(3.0, abs=2 * STEP)


def test_echo_of_a_prompt_s_first_sound_opens_nothing():
    starting = Situation(playing=Playing(0.1, 5.0, is_interruptible=True))
    assert follow((0, 1), (1, 0.3, starting), (0, 2, TALKING)) == []


def test_a_pause_in_speech_voids_what_was_begun_ahead():
    decisions = follow((1, 1), (0, 0.5), (1, 1), (0, 2))
    assert kinds(decisions) == ["Began", "TookFloor", "Paused", "Resumed", "Paused", "Ended"]


def test_a_click_in_the_closing_silence_delays_nothing():
    ended = the_end(follow((1, 1), (0, 0.4), (1, STEP), (0, 2)))
    assert ended.at - ended.speech_end == pytest.approx(0.8, abs=2 * STEP)


def test_who_goes_on_before_the_words_are_reported_continues_the_utterance():
    taker = TurnTaker(TurnSettings())
    first = follow((1, 1), (0, 0.85), taker=taker)
    assert kinds(first)[-1] == "Ended"
    second = follow((1, 1), (0, 2), taker=taker)
    assert kinds(second) == ["Began", "Paused", "Ended"]
    assert second[0].continues
    assert second[0].start == first[0].start == the_end(second).start


def test_who_goes_on_after_the_words_were_reported_begins_anew():
    taker = TurnTaker(TurnSettings())
    follow((1, 1), (0, 0.85), taker=taker)
    taker.settle()
    second = follow((1, 1), (0, 2), taker=taker)
    assert second[0] == Began(pytest.approx(2.1, abs=0.1), pytest.approx(1.55, abs=0.1))
    assert the_end(second).follows  # so that the dialogue can take them together


def test_who_speaks_a_second_later_does_not_follow():
    taker = TurnTaker(TurnSettings())
    follow((1, 1), (0, 1.1), taker=taker)
    taker.settle()
    assert not the_end(follow((1, 1), (0, 2), taker=taker)).follows


def test_who_goes_on_after_more_than_a_second_begins_anew():
    taker = TurnTaker(TurnSettings())
    follow((1, 1), (0, 1.5), taker=taker)
    assert not follow((1, 1), taker=taker)[0].continues


def test_speech_without_a_pause_is_cut_where_it_is_quietest():
    decisions = follow((1, 11), (0.6, STEP), (1, 6), (0, 2))
    (piece,) = [decision for decision in decisions if isinstance(decision, PieceEnded)]
    assert piece.end == pytest.approx(11.0, abs=2 * STEP)
    assert the_end(decisions).start == piece.end


def test_a_minute_of_speech_is_ended_and_what_follows_is_a_new_utterance():
    decisions = follow((1, 70), (0, 2))
    cut, last = [decision for decision in decisions if isinstance(decision, Ended)]
    assert (cut.is_cut, last.is_cut) == (True, False)
    assert cut.at == pytest.approx(60.0, abs=2 * STEP)
    assert kinds(decisions).count("Began") == 2


def test_frames_out_of_order_are_refused():
    taker = TurnTaker(TurnSettings())
    taker.feed(0.0, 1.0, OPEN)
    with pytest.raises(ValueError, match="没有前进"):
        taker.feed(0.0, 1.0, OPEN)


SITUATIONS = st.sampled_from([OPEN, ASKED, TALKING, NOTICE, Situation(Expected.DIGITS)])
TRACKS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.4, 0.6, 1.0]), st.floats(STEP, 4.0), SITUATIONS), max_size=25
)


@given(TRACKS)
def test_every_speech_that_begins_ends_in_order_and_nothing_goes_back_in_time(track):
    decisions = follow(*track, (0.0, 2.0, OPEN))
    times = [decision.at for decision in decisions]
    assert times == sorted(times)
    is_open = is_paused = has_floor = False
    pieces_end = 0.0
    for decision in decisions:
        match decision:
            case Began():
                assert not is_open
                is_open = True
                assert decision.start <= decision.at
            case Paused():
                assert not is_paused
                is_paused = True
            case Resumed():
                assert is_paused
                is_paused = False
            case PieceEnded():
                assert is_open
                assert pieces_end <= decision.start < decision.end <= decision.at
                pieces_end = decision.end
            case Ended():
                assert decision.start < decision.speech_end <= decision.at
                assert decision.at - decision.start <= 14.0 + 1.3
                is_open = is_paused = has_floor = False
            case TookFloor():
                assert is_open or decision.over_prompt
                has_floor = True
            case Insisted():
                assert is_open
            case Dropped():
                assert has_floor
                assert not is_open
                has_floor = False
    assert (is_open, is_paused) == (False, False)


def test_a_cut_never_leaves_an_empty_piece():
    decisions = follow((1, 13.952), (0.4, 0.064), (0, 2))
    assert kinds(decisions)[2] == "PieceEnded"
    end = the_end(decisions)
    assert end.start < end.speech_end


def test_a_single_word_that_scores_low_is_an_answer_after_a_question_and_nothing_otherwise():
    track = ((0, 1), (0.45, 0.16), (0, 2))  # “对” of 0.22 s, as the detector judges it
    assert kinds(follow(*track, situation=ASKED))[-1] == "Ended"
    assert the_end(follow(*track, situation=ASKED)).is_answer
    assert follow(*track) == []
    over_a_prompt = follow(*track, situation=replace(ASKED, playing=TALKING.playing))
    assert kinds(over_a_prompt) == ["TookFloor", "Dropped"]  # it goes on
