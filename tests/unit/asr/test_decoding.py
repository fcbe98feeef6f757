"""Voice messages as files: what telephones and browsers send is decoded, whatever else comes is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.decoding import MOST_BYTES, Fault, SoundRefusedError, container_of, decoded
from tests.media import a_photo, a_sound


def fault(body: bytes, *, most_seconds: float = 60.0) -> Fault:
    with pytest.raises(SoundRefusedError) as caught:
        decoded(body, most_seconds=most_seconds)
    return caught.value.fault


@pytest.mark.parametrize(
    ("container", "codec"),
    [("amr", "libopencore_amrnb"), ("ogg", "libopus"), ("webm", "libopus"), ("mp4", "aac"), ("wav", "pcm_s16le"),
     ("mp3", "libmp3lame")],
)  # fmt: skip
def test_what_telephones_and_browsers_send_is_decoded(container: str, codec: str) -> None:
    samples = np.frombuffer(decoded(a_sound(container, codec), most_seconds=60), dtype="<i2")
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.15)
    middle = samples[4_000:12_000].astype(float)
    assert np.abs(middle).max() > 5_000
    loudest = np.argmax(np.abs(np.fft.rfft(middle))) * 16_000 / len(middle)
    assert loudest == pytest.approx(300, abs=10)


def test_a_minute_is_enough() -> None:
    body = a_sound("ogg", "libopus", seconds=3)
    assert fault(body, most_seconds=2) is Fault.TOO_LONG


def test_what_is_too_big_is_refused_unread() -> None:
    assert fault(b"OggS" + bytes(MOST_BYTES)) is Fault.TOO_BIG


@pytest.mark.parametrize(
    "body", [b"", b"hello", a_photo(), b"#!AMR\n", b"OggS" + b"\x00" * 100, b"RIFF\x00\x00\x00\x00WAVE", b"%PDF-1.7"]
)  # fmt: skip
def test_what_is_no_sound_is_refused(body: bytes) -> None:
    assert fault(body) is Fault.NOT_SOUND


def test_a_sound_that_breaks_off_gives_what_there_is_or_is_refused() -> None:
    whole = a_sound("ogg", "libopus")
    for length in range(0, len(whole), 211):
        try:
            assert decoded(whole[:length], most_seconds=60)
        except SoundRefusedError as error:
            assert error.fault is Fault.NOT_SOUND  # noqa: PT017 -- either may be


@given(
    st.binary(max_size=300),
    st.sampled_from([b"#!AMR\n", b"OggS", b"\x1aE\xdf\xa3", b"\x00\x00\x00\x20ftyp", b"ID3"]),
)
def test_noise_behind_a_good_beginning_harms_nobody(noise: bytes, beginning: bytes) -> None:
    body = beginning + noise
    assert container_of(body) is not None
    try:
        decoded(body, most_seconds=5)
    except SoundRefusedError as error:
        assert error.fault in (Fault.NOT_SOUND, Fault.TOO_LONG)  # noqa: PT017 -- either may be
