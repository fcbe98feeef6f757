"""The line's sound made wide; the network refused when it is not the one that is wanted."""

import numpy as np
import pytest

from hotline.domain.errors import ModelRefusedError
from ivr.vad import WINDOW_SAMPLES, SileroModel, Upsampler


def sine(frequency_hz: float, seconds: float = 1.0) -> np.ndarray:
    times = np.arange(int(seconds * 8_000)) / 8_000
    return (8_000 * np.sin(2 * np.pi * frequency_hz * times)).astype("<i2")


@pytest.mark.parametrize("frequency_hz", [300, 1_000, 2_000, 3_400, 3_600, 3_800])
def test_a_tone_stays_the_same_tone_without_images(frequency_hz):
    upsampler, narrow = Upsampler(), sine(frequency_hz)
    frames = [upsampler.widen(narrow[i : i + 160].tobytes()) for i in range(0, len(narrow), 160)]
    assert {len(frame) for frame in frames} == {320}
    wide = np.concatenate(frames)[1_000:]
    spectrum = np.abs(np.fft.rfft(wide * np.hanning(len(wide))))
    frequencies = np.fft.rfftfreq(len(wide), 1 / 16_000)
    assert frequencies[spectrum.argmax()] == pytest.approx(frequency_hz, abs=2)
    assert spectrum[frequencies > 4_100].max() / spectrum.max() < 10 ** (-60 / 20)
    assert np.abs(wide).max() == pytest.approx(8_000, rel=0.05)


def test_the_loudest_sound_does_not_overflow():
    square = np.where(np.arange(1_600) // 8 % 2, 32_767, -32_768).astype("<i2")
    wide = Upsampler().widen(square.tobytes())
    assert np.corrcoef(wide[200:], np.repeat(square, 2)[168:-32])[0, 1] > 0.9


def test_silence_is_not_speech_and_every_call_has_its_own_memory():
    model = SileroModel()
    silence = np.zeros(WINDOW_SAMPLES, dtype=np.int16)
    noise = np.random.default_rng(1).normal(0, 8_000, WINDOW_SAMPLES).astype(np.int16)
    alone, disturbed, other = model.detector(), model.detector(), model.detector()
    disturbed.probability(noise)
    assert alone.probability(silence) == other.probability(silence) < 0.1
    assert disturbed.probability(silence) != other.probability(silence)


def test_a_long_silence_dulls_nobody_s_ears():
    model = SileroModel()
    times = np.arange(WINDOW_SAMPLES * 20) / 16_000
    voice = sum(np.sin(2 * np.pi * 180 * k * times) / k for k in range(1, 12))
    vowel = voice * (1 + np.sin(2 * np.pi * 4 * times))
    windows = (vowel * 2_000).astype(np.int16).reshape(20, WINDOW_SAMPLES)
    silence = np.zeros(WINDOW_SAMPLES, dtype=np.int16)
    fresh, patient = model.detector(), model.detector()
    for _ in range(1_250):  # 40 s, in which the hotline speaks
        patient.probability(silence)
    at_once = sum(fresh.probability(window) for window in windows[:10])
    assert sum(patient.probability(window) for window in windows[:10]) >= at_once


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_missing_or_damaged_network_is_refused_by_name(tmp_path, content):
    file = tmp_path / "vad.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelRefusedError, match=r"silero-vad.*vad\.onnx.*缺失或损坏"):
        SileroModel(file)
