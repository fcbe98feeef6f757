"""The caller's own voice, told from voices behind it by its loudness."""

from __future__ import annotations

from ivr.foreground import Foreground


def test_what_is_much_fainter_than_the_caller_is_behind() -> None:
    foreground = Foreground()
    assert not any(foreground.is_behind(60.0) for _ in range(20))
    assert [foreground.is_behind(level) for level in (55.0, 48.0, 46.0, 40.0)] == [False, False, True, True]


def test_the_first_sounds_of_an_utterance_are_never_behind() -> None:
    foreground = Foreground()
    assert not any(foreground.is_behind(level) for level in (70.0, *[40.0] * 10))


def test_one_loud_click_makes_nobody_faint() -> None:
    foreground = Foreground()
    foreground.is_behind(90.0)
    assert not any(foreground.is_behind(60.0) for _ in range(40))


def test_each_utterance_has_its_own_loudness() -> None:
    foreground = Foreground()
    for _ in range(20):
        foreground.is_behind(70.0)
    assert foreground.is_behind(50.0)
    foreground.forget()
    assert not any(foreground.is_behind(50.0) for _ in range(20))
