from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from asr.engines.whisper import Part, cut_at_pauses, others_of
from asr.engines.whisper_worker import NOTHING, Decoded, WhisperDecoder, check_files, window_for
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


def test_other_readings_of_pieces_are_put_together_piece_by_piece() -> None:
    pieces = [Part("暖气部落", 0.8, ("暖气不热",)), Part("", 0.1), Part("没人管", 0.9, ("没人馆", "没人关"))]
    assert list(others_of(pieces)) == ["暖气不热没人馆", "暖气部落没人关"]
    assert list(others_of([Part("对", 0.9)])) == []


def test_a_text_that_repeats_itself_is_a_loop() -> None:
    assert Decoded("河东区、" * 12, 0.8).is_loop
    assert not Decoded("我家从昨天晚上开始停水了到现在还没有来水", 0.8).is_loop
    assert not Decoded("", 0.0).is_loop


def test_what_is_said_twice_is_noticed_but_a_word_of_two_characters_is_no_sentence() -> None:
    assert Decoded("首先从居民部门看。首先从居民部门看。", 0.8).is_said_again
    assert Decoded("13334293735 13334293735", 0.6).is_said_again
    assert Decoded("对的，登记的内容是对的。对的，登记的内容是对的。对", 0.6).is_said_again
    assert Decoded("停水停水了，停水停水了", 0.6).is_said_again
    assert not Decoded("暖气不热，暖气不热，没人管", 0.9).is_said_again
    assert not Decoded("不是不是", 0.9).is_said_again
    assert not Decoded("我家停水了，楼上也停水了", 0.9).is_said_again
    assert not Decoded("", 0.0).is_said_again


def test_sounds_have_silence_behind_them_and_short_ones_at_least_five_seconds_of_it() -> None:
    seconds = {
        length: window_for(np.zeros(int(length * RATE), np.float32)) for length in (0.4, 1.5, 1.6, 4.2, 13)
    }
    assert seconds == {0.4: 7.0, 1.5: 7.0, 1.6: 5.0, 4.2: 7.5, 13: 15}


class Scripted(WhisperDecoder):
    """A decoder without a model: it hears what it is told, one after the other, and how long the sound was."""

    def __init__(self, *heard: Decoded, answer: Decoded | None) -> None:
        self._heard, self._likely = iter(heard), answer
        self.seconds: list[float] = []
        self.windows: list[float] = []

    def _encoded(self, samples, window):  # type: ignore[no-untyped-def]  # the model's part
        self.seconds.append(len(samples) / RATE)
        self.windows.append(window)
        return object()

    def _read(self, *_):  # type: ignore[no-untyped-def]  # the same
        return next(self._heard)

    def _answer(self, *_):  # type: ignore[no-untyped-def]  # the same
        return self._likely


def passes(
    *heard: Decoded, seconds: float = 0.8, answers: Sequence[str] = (), answer: Decoded | None = None
) -> tuple[str, list[tuple[float, float]]]:
    """Return what was read of a sound, and of each pass how long the sound was and the window."""
    decoder = Scripted(*heard, answer=answer)
    text = decoder.decode(np.zeros(int(seconds * RATE), np.float32), "", answers=answers).text
    return text, list(zip(decoder.seconds, decoder.windows, strict=True))


def test_a_short_answer_that_is_sure_is_read_once_in_a_narrow_window() -> None:
    assert passes(Decoded("对", 0.7)) == ("对", [(0.8, 7.0)])


def test_a_short_answer_that_is_not_sure_or_is_stammered_is_read_in_a_wide_window_and_believed() -> None:
    assert passes(Decoded("转", 0.69), Decoded("对", 0.6)) == ("对", [(0.8, 7.0), (0.8, 15)])
    assert passes(Decoded("不对。不对。", 0.9), Decoded("不对。", 0.7))[0] == "不对。"
    assert passes(Decoded("不对。不对。", 0.9), Decoded("不对。不对。", 0.7))[0] == "不对。不对。"
    assert passes(Decoded("谢谢。", 0.9)) == ("谢谢。", [(0.8, 7.0)])
    assert passes(Decoded("对对对。", 0.9)) == ("对对对。", [(0.8, 7.0)])


def test_where_a_short_answer_is_awaited_what_is_not_sure_is_read_among_the_answers_alone() -> None:
    awaits = {"answers": ("对", "对的"), "answer": Decoded("对的。", 0.7)}
    assert passes(Decoded("读读", 0.3), **awaits) == ("对的。", [(0.8, 7.0)])
    assert passes(Decoded("布料", 0.75), **awaits)[0] == "对的。"
    assert passes(Decoded("停水了", 0.8), **awaits)[0] == "停水了"
    assert passes(Decoded("家里停水了", 0.75), **awaits)[0] == "家里停水了"
    assert passes(NOTHING, NOTHING, NOTHING, **awaits)[0] == ""
    assert passes(Decoded("对", 0.6), Decoded("对", 0.6), **awaits)[0] == "对"
    assert passes(Decoded("停水了", 0.6), Decoded("停水了", 0.6), answers=("对",))[0] == "停水了"
    assert passes(Decoded("停水了", 0.3), **awaits, seconds=2.0)[0] == "停水了"
    assert passes(Decoded("停水了", 0.3), Decoded("停水了", 0.6), answer=Decoded("对", 0.9))[0] == "停水了"


def test_answers_may_be_given_one_after_another() -> None:
    answers = ("对", "没错", "不是")
    assert Decoded("对，没错。", 0.9).is_one_of(answers)
    assert Decoded("不是。", 0.9).is_one_of(answers)
    assert not Decoded("对了。", 0.9).is_one_of(answers)
    assert not Decoded("。", 0.9).is_one_of(answers)


def test_a_short_sound_in_doubt_is_heard_once_more_from_later_on_and_the_likelier_is_taken() -> None:
    narrow, doubtful, sure = Decoded("砖", 0.65), Decoded("转", 0.3), Decoded("对", 0.6)
    assert passes(narrow, doubtful, sure) == ("对", [(0.8, 7.0), (0.8, 15), (1.0, 15)])
    assert passes(narrow, doubtful, Decoded("", 0.0))[0] == "转"
    assert passes(doubtful, seconds=2.0) == ("转", [(2.0, 5.0)])


def test_what_is_said_twice_in_a_narrow_window_is_decoded_in_a_wide_one_and_believed() -> None:
    twice = Decoded("银雀山街道银雀山街道", 0.8)
    once = Decoded("银雀山街道", 0.8)
    assert passes(twice, once, seconds=2.0) == ("银雀山街道", [(2.0, 5.0), (2.0, 15)])
    assert passes(twice, twice, seconds=2.0)[0] == twice.text


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
