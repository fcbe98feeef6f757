from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from asr.engines.whisper import cut_at_pauses
from asr.engines.whisper_worker import Decoded, WhisperDecoder, check_files, window_for
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


def test_what_is_said_twice_is_noticed_but_a_word_of_two_characters_is_no_sentence() -> None:
    assert Decoded("首先从居民部门看。首先从居民部门看。", 0.8).is_said_again
    assert Decoded("13334293735 13334293735", 0.6).is_said_again
    assert not Decoded("不是不是", 0.9).is_said_again
    assert not Decoded("我家停水了，楼上也停水了", 0.9).is_said_again
    assert not Decoded("", 0.0).is_said_again


def test_long_sounds_have_silence_behind_them_and_short_ones_all_of_the_window() -> None:
    seconds = {
        length: window_for(np.zeros(int(length * RATE), np.float32)) for length in (0.4, 1.5, 1.6, 4.2, 13)
    }
    assert seconds == {0.4: 15, 1.5: 15, 1.6: 5.0, 4.2: 7.5, 13: 15}


class Scripted(WhisperDecoder):
    """A decoder without a model: it hears what it is told, one after the other, and how long the sound was."""

    def __init__(self, *heard: Decoded) -> None:
        self._heard = iter(heard)
        self.seconds: list[float] = []
        self.windows: list[float] = []

    def _decode(self, samples, _prompt, window, *_):  # type: ignore[no-untyped-def]  # the model's part
        self.seconds.append(len(samples) / RATE)
        self.windows.append(window)
        return next(self._heard)


def decoded(*heard: Decoded, seconds: float) -> tuple[str, list[float]]:
    decoder = Scripted(*heard)
    return decoder.decode(np.zeros(int(seconds * RATE), np.float32), "").text, decoder.seconds


def test_a_short_sound_in_doubt_is_heard_once_more_and_the_likelier_is_taken() -> None:
    doubtful, sure = Decoded("转", 0.3), Decoded("对", 0.6)
    assert decoded(doubtful, sure, seconds=0.8) == ("对", [0.8, 1.0])
    assert decoded(doubtful, Decoded("", 0.0), seconds=0.8) == ("转", [0.8, 1.0])
    assert decoded(sure, seconds=0.8) == ("对", [0.8])
    assert decoded(doubtful, seconds=2.0) == ("转", [2.0])


def test_what_is_said_twice_in_a_narrow_window_is_decoded_in_a_wide_one_and_believed() -> None:
    twice = Decoded("银雀山街道银雀山街道", 0.8)
    decoder = Scripted(twice, Decoded("银雀山街道", 0.8))
    assert decoder.decode(np.zeros(2 * RATE, np.float32), "").text == "银雀山街道"
    assert decoder.windows == [5.0, 15]
    assert decoded(twice, twice, seconds=2.0)[0] == twice.text


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
