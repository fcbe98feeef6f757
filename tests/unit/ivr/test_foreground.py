"""The caller's own voice, told from voices behind it by its loudness."""

from __future__ import annotations

from ivr.foreground import Foreground


def speak(foreground: Foreground, *levels: float, at: float = 0.0) -> list[bool]:
    """Feed windows of one utterance and return which are behind."""
    return [foreground.is_behind(level, at) for level in levels]


def spoken(*levels: float) -> Foreground:
    """Return what knows a caller of utterances so loud, the last of which was over after 10 s."""
    foreground = Foreground()
    for at, level in enumerate(levels, start=11 - len(levels)):
        speak(foreground, *[level] * 20, at=at)
        foreground.over(at)
    return foreground


def test_what_is_much_fainter_than_the_caller_is_behind() -> None:
    foreground = Foreground()
    assert not any(speak(foreground, *[60.0] * 20))
    assert speak(foreground, 55.0, 48.0, 46.0, 40.0) == [False, False, True, True]


def test_the_first_sounds_of_an_utterance_are_never_behind() -> None:
    assert not any(speak(Foreground(), 70.0, *[40.0] * 10))


def test_one_loud_click_makes_nobody_faint() -> None:
    assert not any(speak(Foreground(), 90.0, *[60.0] * 40))


def test_each_utterance_has_its_own_loudness() -> None:
    foreground = Foreground()
    assert speak(foreground, *[70.0] * 20, 56.5)[-1]
    foreground.over(1.0)
    assert not any(speak(foreground, *[56.5] * 20, at=1.5))


def test_a_television_alone_is_not_the_caller_who_just_spoke() -> None:
    foreground = spoken(70.0)
    taken = [level for level in (50.0, 55.0, 57.0, 70.0) if not foreground.is_far_behind(level, 12.0)]
    assert taken == [57.0, 70.0]
    # Nor does a click of theirs make it theirs.
    assert speak(foreground, 70.0, 50.0, at=12.0) == [False, True]


def test_whoever_speaks_lower_is_heard_after_a_while() -> None:
    foreground = spoken(70.0)
    assert [foreground.is_far_behind(50.0, at) for at in (29.9, 30.1)] == [True, False]


def test_whoever_shouted_once_is_heard_when_they_speak_as_before() -> None:
    assert not spoken(62.0, 80.0).is_far_behind(50.0, 11.0)
    assert not spoken(75.0, 62.0).is_far_behind(50.0, 11.0)


def test_a_short_word_says_nothing_of_the_callers_loudness() -> None:
    foreground = Foreground()
    speak(foreground, *[70.0] * 5)
    foreground.over(1.0)
    assert not foreground.is_far_behind(40.0, 1.5)


def forward(foreground: Foreground, *stretches: tuple[float, int]) -> list[float]:
    """Feed stretches of (loudness, windows), a window a second, and return since when the caller spoke."""
    levels = [level for level, windows in stretches for _ in range(windows)]
    told = []
    for at, level in enumerate(levels, start=1):
        foreground.is_behind(level, at)
        if (since := foreground.came_forward()) is not None:
            told.append(since)
    return told


def test_the_caller_comes_forward_out_of_a_television() -> None:
    foreground = Foreground()
    assert forward(foreground, (50.0, 20), (57.5, 1), (50.0, 39), (70.0, 60)) == [61.0]
    assert forward(foreground, (70.0, 60)) == []
    foreground.over(130.0)
    assert forward(foreground, (70.0, 60)) == []


def test_who_merely_speaks_up_has_said_all_of_it() -> None:
    assert forward(Foreground(), (60.0, 60), (70.0, 60)) == []
    assert forward(Foreground(), (50.0, 25), (70.0, 60)) == []


def test_a_loud_word_of_the_television_or_a_click_is_not_the_caller() -> None:
    assert forward(Foreground(), (50.0, 40), (70.0, 3), (50.0, 60), (70.0, 30)) == [104.0]
