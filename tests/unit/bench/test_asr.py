from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from asr.engines.scripted import ScriptedRecognizer
from bench.asr import AudioDataError, add_noise, bench_asr, comparable, on_the_telephone, read_sound


def write_wav(file: Path, seconds: float, rate: int = 16_000, channels: int = 1) -> None:
    tone = 8_000 * np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate)
    with wave.open(str(file), "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", ""))
        out.writeframes(np.repeat(tone.astype(np.int16), channels).tobytes())


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    write_wav(tmp_path / "a.wav", 1.0)
    write_wav(tmp_path / "b.wav", 0.5, rate=44_100, channels=2)
    (tmp_path / "t.csv").write_text("file,text\na.wav,家里停水了\nb.wav,三号楼\n", encoding="utf-8")
    return tmp_path


async def test_errors_are_counted_over_all_characters_and_progress_is_told(speech: Path) -> None:
    told: list[tuple[int, int]] = []
    recognizer = ScriptedRecognizer(["家里听水了。", "3号楼"])

    result = await bench_asr(
        recognizer, speech, speech / "t.csv", "phone", 15.0, lambda done, total: told.append((done, total))
    )

    assert (result["cer_raw"], result["cer"], result["utterances"]) == (12.5, 12.5, 2)
    assert told == [(1, 2), (2, 2)]
    assert set(result) == {"cer_raw", "cer", "rtf", "latency_p50_ms", "latency_p95_ms", "utterances"}


async def test_long_recordings_are_heard_in_pieces_with_progress(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 61.0)
    (tmp_path / "t.csv").write_text("file,text\na.wav,一二三\n", encoding="utf-8")
    told: list[tuple[int, int]] = []

    result = await bench_asr(
        ScriptedRecognizer(["一", "二", "三"]),
        tmp_path,
        tmp_path / "t.csv",
        "wide",
        None,
        lambda *at: told.append(at),
    )

    assert (result["cer"], told[-1]) == (0.0, (3, 3))


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("file,words\na.wav,好\n", "缺少列 text"),
        ("file,text\nnone.wav,好\n", "第2行：音频文件不存在"),
        ("file,text\n", "没有记录"),
        ("file,text\nt.csv,好\n", "音频文件无法读取"),
    ],
)
async def test_unusable_data_is_named(speech: Path, table: str, complaint: str) -> None:
    (speech / "t.csv").write_text(table, encoding="utf-8")

    with pytest.raises(AudioDataError, match=complaint):
        await bench_asr(ScriptedRecognizer([]), speech, speech / "t.csv", "wide", None, lambda *_: None)


async def test_a_missing_folder_and_a_missing_table_are_named(tmp_path: Path) -> None:
    for folder, complaint in ((tmp_path / "none", "音频目录不存在"), (tmp_path, "标注文件不存在")):
        with pytest.raises(AudioDataError, match=complaint):
            await bench_asr(ScriptedRecognizer([]), folder, tmp_path / "t.csv", "wide", None, lambda *_: None)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("會議，開始。OK!", "会议开始ok"),
        ("13858231743", "一三八五八二三一七四三"),
        ("1990年后", "一九九零年后"),
        ("90后", "九零后"),
        ("25到35岁", "二十五到三十五岁"),
        ("1.5倍", "一点五倍"),
        ("20%", "百分之二十"),
        ("12,000元", "一二零零零元"),
    ],
)
def test_texts_are_compared_without_punctuation_and_with_numbers_read_aloud(text: str, plain: str) -> None:
    assert comparable(text) == plain


def test_the_telephone_keeps_a_sound_within_a_law_precision() -> None:
    sound = np.linspace(-1, 1, 10_001).astype(np.float32)

    heard = on_the_telephone(sound)

    assert len(np.unique(heard)) == 256
    assert np.abs(heard - sound).max() <= 0.017  # half of the widest step


def test_room_noise_has_the_asked_level_and_falls_by_five_decibels_an_octave() -> None:
    sound = np.sin(np.arange(80_000) * 2 * np.pi * 1_000 / 8_000).astype(np.float32)

    noise = add_noise(sound, 8_000, 15.0, "room", np.random.default_rng(1)) - sound

    assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(15.0, abs=0.01)
    power = np.abs(np.fft.rfft(noise)) ** 2  # one bin is 0.1 Hz
    below, low, high = power[:990].mean(), power[4_500:5_500].mean(), power[9_000:11_000].mean()
    assert below < low / 1_000
    assert 10 * np.log10(low / high) == pytest.approx(4.9, abs=0.7)


def test_any_rate_and_number_of_channels_is_read(speech: Path) -> None:
    sound, rate = read_sound(speech / "b.wav")

    assert (rate, len(sound)) == (44_100, 22_050)
    assert np.abs(sound).max() == pytest.approx(8_000 / 32_768, abs=0.001)
