"""Scripted callers over real SIP: calls that cannot be placed, and one from the command line to its score."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from app.callers import Hotline
from app.scripted_calls import Voices, place_all
from bench.conversation_scripts import read_scripts
from ivr.sip.sound import write_wav

pytestmark = [pytest.mark.telephony, pytest.mark.slow]

SCRIPTS = """
- name: 打不通的
  turns: [{wav: words.wav}]
  expected: agent
- name: 录音坏了的
  turns: [{wav: broken.wav}]
  expected: {outcome: agent, slots: {place: 罗庄区}}
"""


async def test_a_call_that_cannot_be_placed_is_reported_by_name_and_the_next_one_is_tried(
    tmp_path: Path,
) -> None:
    (tmp_path / "calls.yaml").write_text(SCRIPTS, encoding="utf-8")
    tone = np.sin(np.arange(8_000) / 4) * 4_000
    write_wav(tmp_path / "words.wav", tone.astype("<i2").tobytes())
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    scripts, refused = read_scripts(tmp_path)
    assert refused == []
    nobody = Hotline("http://127.0.0.1:9", "", "sip:12345@127.0.0.1:9")
    told: list[tuple[str, int]] = []
    scores = await place_all(
        scripts,
        nobody,
        Voices(tmp_path),
        tmp_path / "heard",
        at_once=1,
        told=lambda one, done: told.append((one.name, done)),
    )
    assert told == [("打不通的", 1), ("录音坏了的", 2)]
    assert [(one.name, one.outcome, one.is_done, one.slots) for one in scores] == [
        ("打不通的", "failed", False, 0),
        ("录音坏了的", "failed", False, 1),
    ]
    assert all(one.error for one in scores)


@pytest.mark.engine("kokoro")
@pytest.mark.engine("whisper")
@pytest.mark.timeout(400)
async def test_a_caller_who_presses_zero_reaches_a_person_and_is_scored_by_the_command(
    tmp_path: Path,
) -> None:
    (tmp_path / "good.yaml").write_text(
        "{name: 按零, turns: [{keys: '0'}], expected: {outcome: agent, most_turns: 1}}", encoding="utf-8"
    )
    (tmp_path / "bad.yaml").write_text("{name: 坏的, turns: [], expected: agent}", encoding="utf-8")
    report = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "bench", "conversations", "--scripts", str(tmp_path), "--report", str(report), "--json",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"HOTLINE_RASA": "off"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(380):
            printed, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, told.decode()[-2_000:]
    result = json.loads(printed)
    assert [(one["name"], one["outcome"], one["is_done"]) for one in result["calls"]] == [
        ("按零", "agent", True)
    ]
    assert [row["code"] for row in result["refused"]] == ["conversation_script.invalid"]
    assert "第 1 行“坏的” turns" in result["refused"][0]["error"]
    assert json.loads(report.read_text(encoding="utf-8")) == result
