"""The hotline's own voice told from the caller's: voices made of harmonics, echoes through a line and through a room."""

import numpy as np
import pytest

from ivr.echo import is_echo, resemblance

RATE = 8_000


def voice(pitch_hz: float, seed: int, seconds: float = 1.2) -> np.ndarray:
    """Return something with the pitch and the syllables of a voice."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    pitch = pitch_hz * (
        1 + 0.15 * np.interp(times, np.arange(0, seconds + 0.2, 0.1), rng.normal(size=int(seconds * 10) + 2))
    )
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    strength = np.interp(
        times, np.arange(0, seconds + 0.4, 0.2), rng.uniform(0.2, 1.0, size=int(seconds * 5) + 2)
    )
    colours = rng.uniform(0.1, 1.0, size=12)
    sound = sum(colours[k - 1] * np.sin(k * phase + k) / k for k in range(1, 12))
    breath = rng.normal(size=len(times)) * 0.3
    return (sound + breath) * strength * 4_000


def samples(sound: np.ndarray) -> bytes:
    return np.clip(sound, -32_768, 32_767).astype("<i2").tobytes()


def late(sound: np.ndarray, seconds: float) -> np.ndarray:
    """Return the last quarter of a second of what comes back ``seconds`` later."""
    end = len(sound) - int(seconds * RATE)
    return sound[end - RATE // 4 : end]


PROMPT = voice(210, seed=1)


@pytest.mark.parametrize("delay", [0.03, 0.2, 0.45])
@pytest.mark.parametrize("softer_db", [6, 20, 30])
def test_a_prompt_that_comes_back_over_the_line_is_an_echo(delay, softer_db):
    back = late(PROMPT, delay) * 10 ** (-softer_db / 20)
    assert is_echo(samples(back), samples(PROMPT))


def test_a_prompt_that_comes_back_through_a_room_is_an_echo():
    rng = np.random.default_rng(7)
    room = rng.normal(size=1_200) * np.exp(-np.arange(1_200) / 180)
    room[0] = 3.0
    back = late(np.convolve(PROMPT, room / np.sqrt((room**2).sum()))[: len(PROMPT)], 0.2) * 0.1
    assert is_echo(samples(back), samples(PROMPT))


@pytest.mark.parametrize("seed", range(2, 12))
def test_another_voice_is_no_echo(seed):
    other = voice(120 + 10 * seed, seed)[: RATE // 4]
    assert not is_echo(samples(other), samples(PROMPT))


def test_who_speaks_over_the_echo_is_heard():
    both = voice(130, seed=3)[: RATE // 4] + late(PROMPT, 0.2) * 0.15
    assert not is_echo(samples(both), samples(PROMPT))


@pytest.mark.parametrize(
    ("heard", "sent"), [(b"", b""), (b"\0" * 4_000, b"\0" * 12_800), (b"\1\0" * 2_000, b"")]
)
def test_silence_resembles_nothing(heard, sent):
    assert resemblance(heard, sent) == 0.0
