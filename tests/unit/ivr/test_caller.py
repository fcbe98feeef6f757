"""What the scripted caller notes of an interruption."""

from __future__ import annotations

from ivr.caller import CallTurn


def test_a_prompt_that_goes_on_over_the_caller_is_stopped_so_late() -> None:
    turn = CallTurn("a.wav", spoken_from=2.0, is_over_prompt=True)
    turn.fell_quiet(2.18)
    assert (turn.is_over_prompt, turn.stopped_after_ms) == (True, 180.0)


def test_who_begins_between_two_sentences_interrupts_nobody_unless_the_next_is_begun() -> None:
    turn = CallTurn("a.wav", spoken_from=2.0, is_over_prompt=True)
    turn.fell_quiet(1.9)  # the end of a sentence, or the sound of a breath was enough
    assert (turn.is_over_prompt, turn.stopped_after_ms) == (False, None)
    turn.went_on()
    turn.fell_quiet(2.3)
    assert (turn.is_over_prompt, turn.stopped_after_ms) == (True, 300.0)


def test_what_sounds_into_silence_is_no_interruption() -> None:
    turn = CallTurn("a.wav", spoken_from=2.0)
    turn.went_on()
    turn.fell_quiet(2.5)
    assert (turn.is_over_prompt, turn.stopped_after_ms) == (False, 500.0)
