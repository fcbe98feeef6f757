from __future__ import annotations

import numpy as np
import pytest

from tts.sound import levelled, samples_of, trimmed

RATE = 24_000


def tone(seconds: float, amplitude: float = 0.3, rate: int = RATE) -> np.ndarray:
    at = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * 300 * at)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def loudness(sound: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(sound)))))


def test_silence_is_cut_so_that_the_first_sound_is_early() -> None:
    sound = trimmed(np.concatenate([silence(0.5), tone(1.0), silence(0.8)]), RATE, tail_seconds=0.25)

    assert len(sound) / RATE == pytest.approx(0.02 + 1.0 + 0.25, abs=0.005)
    assert np.flatnonzero(np.abs(sound) > 0.01)[0] / RATE < 0.025


def test_nothing_but_silence_is_nothing() -> None:
    assert len(trimmed(silence(1.0), RATE, tail_seconds=0.25)) == 0
    assert len(trimmed(silence(0.0), RATE, tail_seconds=0.25)) == 0


@pytest.mark.parametrize("amplitude", [0.02, 0.1, 0.9])
def test_speech_is_brought_to_one_loudness(amplitude: float) -> None:
    assert loudness(levelled(tone(1.0, amplitude), RATE)) == pytest.approx(-20, abs=0.1)


def test_pauses_do_not_make_speech_louder() -> None:
    sound = levelled(np.concatenate([tone(1.0), silence(3.0)]), RATE)

    assert loudness(sound[:RATE]) == pytest.approx(-20, abs=0.1)


def test_a_peak_is_never_clipped() -> None:
    sound = tone(1.0, 0.05)
    sound[500] = 0.9

    assert float(np.max(np.abs(levelled(sound, RATE)))) == pytest.approx(0.89)


def test_silence_stays_silence() -> None:
    assert not levelled(silence(1.0), RATE).any()
    assert levelled(silence(0.0), RATE).size == 0


def test_samples_are_given_at_the_rate_asked_for() -> None:
    sound = np.frombuffer(samples_of(tone(1.0), RATE, 8_000), "<i2")

    assert len(sound) == pytest.approx(8_000, abs=2)
    assert np.max(np.abs(sound[1_000:-1_000])) == pytest.approx(0.3 * 32_767, rel=0.01)
    assert samples_of(silence(0.0), RATE, 8_000) == b""


def test_what_is_too_loud_is_clipped_and_does_not_wrap() -> None:
    assert np.frombuffer(samples_of(np.array([2.0, -2.0], np.float32), RATE, RATE), "<i2").tolist() == [
        32_767,
        -32_768,
    ]
