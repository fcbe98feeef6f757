from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from ivr.line import FRAME_BYTES
from ivr.sip.sound import (
    Offset,
    Onset,
    SoundFileError,
    SoundWatch,
    loudness,
    read_wav,
    silent_lead_seconds,
    tone,
    voiced_length,
    write_wav,
)

LOUD = tone(400, 0.02)
QUIET = np.full(160, 8, "<i2").tobytes()  # what G.711 makes of silence


def _follow(frames: list[bytes]) -> list[Onset | Offset]:
    watch = SoundWatch()
    found = (watch.hear(frame, round(index * 0.02, 2)) for index, frame in enumerate(frames))
    return [event for event in found if event is not None]


def test_sound_begins_with_its_first_loud_frame_and_ends_with_its_last() -> None:
    assert _follow([QUIET] * 10 + [LOUD] * 20 + [QUIET] * 20) == [Onset(0.2), Offset(pytest.approx(0.6))]


def test_a_click_is_no_sound() -> None:
    assert _follow([QUIET] * 5 + [LOUD] * 2 + [QUIET] * 30) == []


def test_a_short_gap_is_no_end() -> None:
    frames = [LOUD] * 10 + [QUIET] * 14 + [LOUD] * 10 + [QUIET] * 15
    assert _follow(frames) == [Onset(0.0), Offset(pytest.approx(0.68))]


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("kind", ["u1", "<i2", "<i4", "<f4"])
def test_files_of_any_rate_and_width_become_telephone_sound(tmp_path: Path, rate: int, kind: str) -> None:
    wave_form = np.sin(2 * np.pi * 440 * np.arange(rate) / rate) * 0.5
    stereo = np.stack([wave_form, wave_form], axis=1)
    scaled = {"u1": stereo * 127 + 128, "<i2": stereo * 32_767, "<i4": stereo * (2**31 - 1), "<f4": stereo}[
        kind
    ]
    wavfile.write(tmp_path / "a.wav", rate, scaled.astype(kind))
    samples = np.frombuffer(read_wav(tmp_path / "a.wav"), "<i2").astype(float)
    assert len(samples) == pytest.approx(8_000, abs=8)
    assert np.sqrt((samples**2).mean()) == pytest.approx(32_767 * 0.5 / np.sqrt(2), rel=0.03)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 0.5))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8_000, 1, 4_000)
    again = np.frombuffer(read_wav(tmp_path / "a.wav"), "<i2").astype(int)
    assert np.abs(again - np.frombuffer(tone(440, 0.5), "<i2")).max() <= 1


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVEjunk", b"\x00" * 200])
def test_a_file_that_is_no_sound_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SoundFileError, match=r"bad\.wav"):
        read_wav(path)


def test_a_file_without_samples_is_named(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", b"")
    with pytest.raises(SoundFileError, match=r"empty\.wav：文件中没有声音"):
        read_wav(tmp_path / "empty.wav")


def test_the_voiced_length_leaves_out_the_silence_at_the_end() -> None:
    sound = QUIET * 5 + LOUD * 10 + QUIET * 25
    assert voiced_length(sound) == 15 * FRAME_BYTES
    assert voiced_length(QUIET * 10) == 0


def test_the_silence_before_the_first_sound_is_measured() -> None:
    assert silent_lead_seconds(QUIET * 3 + LOUD * 10) == pytest.approx(0.06)
    assert silent_lead_seconds(LOUD) == silent_lead_seconds(QUIET * 10) == 0


def test_an_offset_of_the_samples_is_not_loud() -> None:
    assert loudness(np.full(160, 5_000, "<i2").tobytes()) == 0.0
    assert loudness(b"") == 0.0
