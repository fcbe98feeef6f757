from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from asr.engines.whisper import cut_at_pauses
from asr.engines.whisper_worker import Decoded, check_files
from hotline.domain.errors import ModelRefusedError

RATE = 16_000


def test_speech_that_fits_the_window_is_one_piece() -> None:
    pieces = cut_at_pauses(np.ones(14 * RATE, np.int16))

    assert [len(piece) for piece in pieces] == [14 * RATE]


def test_long_speech_is_cut_in_its_pause() -> None:
    speech = np.full(20 * RATE, 1_000, np.int16)
    speech[10 * RATE : 10 * RATE + RATE // 2] = 0

    pieces = cut_at_pauses(speech)

    assert len(pieces) == 2
    assert 10.0 <= len(pieces[0]) / RATE <= 10.5
    assert np.array_equal(np.concatenate(pieces), speech)


def test_speech_without_a_pause_is_cut_all_the_same_and_nothing_is_lost() -> None:
    speech = np.random.default_rng(1).integers(-3_000, 3_000, 60 * RATE).astype(np.int16)

    pieces = cut_at_pauses(speech)

    assert max(len(piece) for piece in pieces) <= 14 * RATE
    assert np.array_equal(np.concatenate(pieces), speech)


def test_a_click_is_no_speech() -> None:
    assert cut_at_pauses(np.ones(RATE // 20, np.int16)) == []


def test_a_text_that_repeats_itself_is_a_loop() -> None:
    assert Decoded("河东区、" * 12, 0.8).is_loop
    assert not Decoded("我家从昨天晚上开始停水了到现在还没有来水", 0.8).is_loop
    assert not Decoded("", 0.0).is_loop


def test_a_model_with_the_right_files_is_taken(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"good")

    check_files("whisper", tmp_path, {"model.bin": hashlib.sha256(b"good").hexdigest()})


def test_a_missing_or_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError) as missing:
        check_files("whisper", tmp_path, {"model.bin": "0"})
    (tmp_path / "model.bin").write_bytes(b"bad")
    with pytest.raises(ModelRefusedError) as damaged:
        check_files("whisper", tmp_path, {"model.bin": hashlib.sha256(b"good").hexdigest()})

    assert (missing.value.file, missing.value.reason) == (str(tmp_path / "model.bin"), "模型文件不存在")
    assert "损坏" in damaged.value.reason
