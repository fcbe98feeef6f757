"""Texts spoken on the telephone and heard: pairs are kept, and a run that was stopped goes on where it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from asr.engines.scripted import ScriptedRecognizer
from bench.spoken import Pair, Pairs, PairsFileError, error_rates, heard_by, voice_for
from ivr.sip.sound import write_wav

VOICES = ("zf_one", "zm_two", "zf_three")


def test_what_was_heard_is_kept_and_not_heard_again(tmp_path: Path) -> None:
    sound, file = tmp_path / "said.wav", tmp_path / "pairs.jsonl"
    write_wav(sound, np.zeros(800, "<i2").tobytes())
    told: list[tuple[int, int]] = []

    async def run(texts: list[str], heard: list[str]) -> list[str]:
        recognizer = ScriptedRecognizer(heard)
        said = [(text, "zf_one") for text in texts]
        pairs = await heard_by(
            recognizer, said, lambda *_: sound, Pairs(file), lambda *step: told.append(step)
        )
        return [pair.heard for pair in pairs]

    assert asyncio.run(run(["停水了"], ["听水了"])) == ["听水了"]
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"said": "cut o')  # the machine went down while a line was being written
    assert asyncio.run(run(["停水了", "医保"], ["衣宝"])) == ["听水了", "衣宝"]
    assert asyncio.run(run(["医保", "停水了"], [])) == ["衣宝", "听水了"]
    assert told == [(1, 1), (1, 2), (2, 2), (1, 2), (2, 2)]


def test_what_else_it_may_have_been_is_kept_and_files_without_it_are_read(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"said": "医保", "heard": "衣宝", "voice": "zf_one", "engine": "x"}\n', encoding="utf-8")
    Pairs(file).add(Pair("停水", "听水", "zf_one", "x", ("挺水", "停水")))
    pairs = Pairs(file)
    assert pairs.find("医保", "zf_one", "x") == Pair("医保", "衣宝", "zf_one", "x")
    assert pairs.find("停水", "zf_one", "x") == Pair("停水", "听水", "zf_one", "x", ("挺水", "停水"))


@pytest.mark.parametrize("line", ["no JSON", '{"said": "a"}', "[]"])
def test_a_file_of_another_kind_is_refused_by_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(PairsFileError, match="第1行：不是一对说的和听到的"):
        Pairs(file)
    assert file.read_text(encoding="utf-8") == f"{line}\n"


def test_each_text_has_one_voice_and_all_voices_speak() -> None:
    texts = [f"第{number}句" for number in range(60)]
    said = [voice_for(text, VOICES) for text in texts]
    assert said == [voice_for(text, VOICES) for text in texts]
    assert set(said) == set(VOICES)


def test_errors_are_counted_before_and_after_repair() -> None:
    pairs = [Pair("停水了。", "听水了", "zf_one", "x"), Pair("路灯不亮", "路灯不亮。", "zf_one", "x")]
    assert error_rates(pairs, ["停水了", "路灯不亮"]) == {"cer_raw": 14.29, "cer": 0.0, "right_throughout": 2}
