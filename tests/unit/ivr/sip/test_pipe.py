from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.line import FRAME_BYTES, Frame, LineEvent, Played
from ivr.sip.pipe import Pipe, PlaybackQueue

SILENCE = bytes(FRAME_BYTES)


def test_nothing_queued_is_silence() -> None:
    assert PlaybackQueue().pull() == (SILENCE, ())


def test_sound_comes_out_in_frames_and_the_rest_is_filled_up() -> None:
    queue = PlaybackQueue()
    queue.play(b"\1" * 400)
    assert queue.queued_seconds == 0.025
    assert queue.pull() == (b"\1" * 320, ())
    assert queue.pull() == (b"\1" * 80 + bytes(240), ())
    assert (queue.pull(), queue.queued_seconds) == ((SILENCE, ()), 0.0)


def test_a_mark_is_reached_with_the_frame_that_ends_before_it() -> None:
    queue = PlaybackQueue()
    queue.mark(1)
    queue.play(b"\1" * 320)
    queue.mark(2)
    queue.play(b"\2" * 100)
    queue.mark(3)
    assert queue.pull() == (b"\1" * 320, (1, 2))
    assert queue.pull() == (b"\2" * 100 + bytes(220), (3,))


def test_stopping_drops_the_sound_and_returns_the_marks() -> None:
    queue = PlaybackQueue()
    queue.play(b"\1" * 960)
    queue.mark(1)
    queue.pull()
    queue.play(b"\2" * 960)
    queue.mark(2)
    assert queue.stop() == (1, 2)
    assert (queue.pull(), queue.queued_seconds) == ((SILENCE, ()), 0.0)


@given(st.lists(st.one_of(st.binary(max_size=1_500), st.integers(0, 9))))
def test_all_that_is_queued_comes_out_once_and_in_order(items: list[bytes | int]) -> None:
    queue = PlaybackQueue()
    for item in items:
        if isinstance(item, int):
            queue.mark(item)
        else:
            queue.play(item)
    sound, marks = b"", []
    while True:
        frame, reached = queue.pull()
        assert len(frame) == FRAME_BYTES
        sound += frame
        marks += reached
        if queue.queued_seconds == 0 and queue.stop() == ():
            break
    whole = b"".join(item for item in items if isinstance(item, bytes))
    assert sound.rstrip(b"\0") == whole.rstrip(b"\0")
    assert marks == [item for item in items if isinstance(item, int)]


def test_a_pipe_counts_the_time_of_what_it_heard_and_reports_marks() -> None:
    events: list[LineEvent] = []
    pipe = Pipe(events.append)
    pipe.heard(b"a" * 320)
    pipe.heard(b"b" * 320)
    pipe.playback.mark(5)
    assert pipe.outgoing() == SILENCE
    assert events == [Frame(b"a" * 320, 0.0), Frame(b"b" * 320, 0.02), Played(5, was_stopped=False)]
