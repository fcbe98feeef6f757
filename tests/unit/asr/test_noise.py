from __future__ import annotations

import numpy as np

from asr.noise import is_from_phone, is_noisy, turn_down_noise

RATE = 16_000


def speech(noise: float, seconds: float = 4.0) -> np.ndarray:
    """Return bursts of a tone, with white noise of the given amplitude."""
    at = np.arange(int(seconds * RATE)) / RATE
    bursts = 0.3 * np.sin(2 * np.pi * 700 * at) * (at % 0.5 < 0.25)
    return (bursts + np.random.default_rng(1).normal(0, noise, len(at))).astype(np.float32)


def test_sound_in_noise_is_told_from_clean_sound() -> None:
    assert is_noisy(speech(0.03), is_phone=False)
    assert not is_noisy(speech(0.001), is_phone=False)
    assert not is_noisy(speech(0.001), is_phone=True)


def test_on_the_telephone_less_noise_is_enough() -> None:
    sound = speech(0.015)

    assert (is_noisy(sound, is_phone=True), is_noisy(sound, is_phone=False)) == (True, False)


def test_too_short_a_sound_is_left_as_it_is() -> None:
    assert not is_noisy(speech(0.03, seconds=1.0), is_phone=True)


def test_noise_is_turned_down_by_eight_decibels_and_speech_is_kept() -> None:
    sound = speech(0.03)

    quieter = turn_down_noise(sound)

    at = np.arange(len(sound)) / RATE % 0.5
    gap, burst = (at > 0.3) & (at < 0.45), (at > 0.05) & (at < 0.2)
    assert len(quieter) == len(sound)
    assert 6 < 20 * np.log10(sound[gap].std() / quieter[gap].std()) < 8.5
    assert abs(20 * np.log10(sound[burst].std() / quieter[burst].std())) < 0.5


def test_silence_and_a_whole_number_of_frames_pass() -> None:
    assert np.array_equal(turn_down_noise(np.zeros(512 * 60, np.float32)), np.zeros(512 * 60, np.float32))


def test_sound_without_its_upper_half_came_over_the_telephone() -> None:
    wide = speech(0.03)
    spectrum = np.fft.rfft(wide)
    spectrum[len(spectrum) // 2 :] = 0

    assert is_from_phone(np.fft.irfft(spectrum).astype(np.float32))
    assert not is_from_phone(wide)
