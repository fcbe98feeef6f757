"""The same voice, slower: longer, as loud, as high."""

import asyncio

import numpy as np
import pytest

from hotline.domain.speech import PHONE_BAND
from tests.unit.ivr.fakes import ScriptedSynthesizer
from tts.engines.slowing import SlowingSynthesizer, lengthened

RATE = PHONE_BAND.sample_rate_hz


def tone(frequency_hz: float, seconds: float) -> bytes:
    times = np.arange(int(seconds * RATE)) / RATE
    return (6_000 * np.sin(2 * np.pi * frequency_hz * times)).astype("<i2").tobytes()


@pytest.mark.parametrize("tempo", [0.5, 0.8, 0.9])
def test_sound_gets_longer_and_neither_lower_nor_softer(tempo):
    slow = np.frombuffer(lengthened(tone(400, 2.0), tempo, RATE), dtype="<i2").astype(float)
    assert len(slow) / RATE == pytest.approx(2.0 / tempo, rel=0.05)
    spectrum = np.abs(np.fft.rfft(slow))
    assert np.fft.rfftfreq(len(slow), 1 / RATE)[spectrum.argmax()] == pytest.approx(400, abs=5)
    assert np.abs(slow).max() == pytest.approx(6_000, rel=0.15)


@pytest.mark.parametrize(("sound", "tempo"), [(b"", 0.8), (tone(400, 0.3), 1.0)])
def test_nothing_and_the_ordinary_pace_stay_as_they_are(sound, tempo):
    assert lengthened(sound, tempo, RATE) == sound


def test_what_another_engine_says_is_said_slowly():
    async def said() -> bytes:
        engine = SlowingSynthesizer(ScriptedSynthesizer(seconds=lambda _: 0.0), tempo=0.8)
        assert engine.name == "scripted*0.8"
        return b"".join([sound async for sound in engine.synthesize("请慢慢说", audio=PHONE_BAND)])

    seconds = len(asyncio.run(said())) / PHONE_BAND.bytes_per_second
    assert seconds == pytest.approx(0.8 / 0.8, abs=0.06)


@pytest.mark.parametrize("tempo", [0.4, 1.2])
def test_a_tempo_that_nobody_would_follow_is_refused(tempo):
    with pytest.raises(ValueError, match="语速"):
        SlowingSynthesizer(ScriptedSynthesizer(), tempo=tempo)
