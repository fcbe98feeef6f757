from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import PHONE_BAND
from tests.unit.tts.test_reading import READING
from tts.engines.espeak import EspeakSynthesizer


def program(folder: Path, script: str) -> str:
    file = folder / "espeak-ng"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


async def said(synthesizer: EspeakSynthesizer) -> bytes:
    return b"".join([sound async for sound in synthesizer.synthesize("您好。", audio=PHONE_BAND)])


async def test_a_missing_program_is_named() -> None:
    synthesizer = EspeakSynthesizer(READING, program="/nowhere/espeak-ng")

    assert not synthesizer.is_installed
    with pytest.raises(
        EngineUnavailableError, match="没有程序 /nowhere/espeak-ng（Debian 软件包 espeak-ng）"
    ):
        await said(synthesizer)


async def test_a_program_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="espeak: exit status 3"):
        await said(EspeakSynthesizer(READING, program=program(tmp_path, "cat >/dev/null; exit 3")))


async def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    hanging = program(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 60")

    with pytest.raises(EngineUnavailableError, match="no sound within 0.3 s"):
        await said(EspeakSynthesizer(READING, program=hanging, timeout_seconds=0.3))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


async def test_who_interrupts_ends_the_program(tmp_path: Path) -> None:
    hanging = program(
        tmp_path, f"echo $$ >{tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60"
    )
    listening = asyncio.create_task(said(EspeakSynthesizer(READING, program=hanging, timeout_seconds=30)))
    while not (tmp_path / "pid").exists():
        await asyncio.sleep(0.01)
    listening.cancel()

    with pytest.raises(asyncio.CancelledError):
        await listening
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
