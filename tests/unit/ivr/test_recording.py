"""A call's recording: both directions, sealed piece by piece, readable as far as it was written."""

from __future__ import annotations

import subprocess
import sys
import time
import wave
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.errors import StoreUnavailableError
from hotline.store.sealing import Seal
from ivr.recording import Recorder, RecordingWriter, read_recording

SEAL = Seal("tests only: " + "x" * 32)
FRAME = 160


def voice(seconds: float, hertz: float, level: int = 8_000) -> bytes:
    times = np.arange(int(seconds * 8_000)) / 8_000
    return (level * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()


def feed(recorder: Recorder, heard: bytes, sent: bytes, joined: bytes = b"") -> None:
    for start in range(0, len(heard), 2 * FRAME):
        recorder.sent(sent[start : start + 2 * FRAME])
        if piece := joined[start : start + 2 * FRAME]:
            recorder.joined(piece)
        recorder.heard(heard[start : start + 2 * FRAME])


def sides(wav: bytes) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8_000, 2)
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return both[:, 0].astype(float), both[:, 1].astype(float)


def alike(one: np.ndarray, other: bytes) -> float:
    wanted = np.frombuffer(other, "<i2").astype(float)
    return float(np.corrcoef(one[: len(wanted)], wanted)[0, 1])


@pytest.fixture
def writer(tmp_path: Path):
    made = RecordingWriter(tmp_path, SEAL.close)
    yield made
    made.close()


def test_the_caller_is_on_the_left_and_hotline_and_agent_on_the_right(writer: RecordingWriter) -> None:
    recorder = writer.begin("c1", "2026/11/24")
    assert recorder is not None
    caller, hotline, agent = voice(5, 300), voice(5, 500), voice(5, 900, 4_000)
    feed(recorder, caller, hotline, agent)
    writer.end(recorder)
    found = read_recording(recorder.path, "c1", SEAL.open)
    left, right = sides(found.wav())
    both = (np.frombuffer(hotline, "<i2").astype(int) + np.frombuffer(agent, "<i2")).astype("<i2").tobytes()
    assert (found.is_complete, recorder.is_complete, found.seconds, round(recorder.seconds, 2)) == (
        True,
        True,
        5.0,
        5.0,
    )
    assert alike(left, caller) > 0.999
    assert alike(right, both) > 0.999


def test_nothing_of_the_sound_lies_open_on_the_disk(writer: RecordingWriter) -> None:
    recorder = writer.begin("c1", "d")
    assert recorder is not None
    feed(recorder, bytes(64_000), bytes(64_000))
    writer.end(recorder)
    raw = np.frombuffer(recorder.path.read_bytes(), dtype=np.uint8)
    assert np.bincount(raw, minlength=256).max() < 3 * len(raw) / 256  # silence would be one value
    assert recorder.path.stat().st_mode & 0o077 == 0 or recorder.path.parent.stat().st_mode & 0o077 == 0


def test_a_recording_cannot_be_read_with_another_key_or_as_another_call(writer: RecordingWriter) -> None:
    recorder = writer.begin("c1", "d")
    assert recorder is not None
    feed(recorder, voice(3, 300), voice(3, 500))
    writer.end(recorder)
    with pytest.raises(StoreUnavailableError):
        read_recording(recorder.path, "c1", Seal("another key: " + "y" * 32).open)
    with pytest.raises(StoreUnavailableError):
        read_recording(recorder.path, "c2", SEAL.open)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    writer = RecordingWriter(tmp_path_factory.mktemp("whole"), SEAL.close)
    recorder = writer.begin("c1", "d")
    assert recorder is not None
    feed(recorder, voice(4.2, 300), bytes(int(4.2 * 16_000)))
    writer.end(recorder)
    writer.close()
    return recorder.path


@given(cut=st.integers(0, 70_000))
def test_what_was_cut_off_anywhere_is_readable_to_its_last_piece_and_said_to_be_incomplete(
    whole: Path, cut: int
) -> None:
    body, part = whole.read_bytes(), whole.with_name("part.rec")
    part.write_bytes(body[: min(cut, len(body) - 1)])
    found = read_recording(part, "c1", SEAL.open)
    assert not found.is_complete
    assert found.seconds in (0.0, 2.0, 4.0, 4.2)


def test_a_killed_process_leaves_a_readable_beginning(tmp_path: Path) -> None:
    script = (
        "import sys,time;from pathlib import Path\n"
        "from hotline.store.sealing import Seal\nfrom ivr.recording import RecordingWriter\n"
        "w=RecordingWriter(Path(sys.argv[1]),Seal('tests only: '+'x'*32).close);r=w.begin('c1','d')\n"
        "for _ in range(250): r.sent(bytes(320)); r.heard(b'\\x10\\x10'*160)\n"
        "print('fed',flush=True);time.sleep(60)\n"
    )
    path = tmp_path / "d" / "c1.rec"
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"fed\n"
        until = time.monotonic() + 10
        while path.stat().st_size < 64_000 and time.monotonic() < until:
            time.sleep(0.05)
        process.kill()
    found = read_recording(path, "c1", SEAL.open)
    assert (found.is_complete, found.seconds) == (False, 4.0)


def test_a_disk_that_takes_no_more_stops_the_recording_and_nothing_else(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, SEAL.close)
    one, other = writer.begin("full", "d"), writer.begin("c2", "d")
    assert one is not None
    assert other is not None
    device = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 -- the writer closes it
    writer._open["full"].file.close()
    writer._open["full"].file = device
    for recorder in (one, other):
        feed(recorder, voice(3, 300), voice(3, 500))
    writer.end(one)
    writer.end(other)
    writer.close()
    assert (one.is_complete, other.is_complete) == (False, True)
    assert read_recording(other.path, "c2", SEAL.open).is_complete


def test_a_folder_that_cannot_be_written_means_no_recording(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("a file is in the way")
    writer = RecordingWriter(tmp_path, SEAL.close)
    assert writer.begin("c1", "d") is None
    writer.close()


def test_a_writer_that_is_stuck_costs_no_memory(tmp_path: Path) -> None:
    recorder = Recorder("c1", tmp_path / "c1.rec")
    for _ in range(4_000):
        recorder.heard(bytes(320))
    assert not recorder.is_complete
    assert len(recorder._rows) == 3_000
