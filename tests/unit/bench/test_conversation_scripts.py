"""Scripts of calls are read whole, or refused by file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.conversation_scripts import Expected, Noise, Script, ScriptError, Turn, read_scripts

SCRIPTS = Path(__file__).parents[3] / "bench" / "scripts"


def written(folder: Path, text: str, name: str = "calls.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_script_is_read_with_all_it_says(tmp_path: Path) -> None:
    (tmp_path / "road.wav").write_bytes(b"RIFF")
    folder = written(
        tmp_path,
        """
- name: 路灯
  caller: "13905390001"
  speed: 0.75
  noise: {kind: television, snr_db: 10}
  turns:
    - 路灯坏了。
    - {wav: road.wav, barge_in: 1.5}
    - {keys: "0"}
    - {hang_up: true}
  expected: {outcome: registered, slots: {category: "0204"}, orders: 1}
""",
    )
    scripts, refused = read_scripts(folder)
    assert refused == []
    assert scripts == [
        Script(
            name="路灯",
            caller="13905390001",
            speed=0.75,
            noise=Noise(kind="television", snr_db=10),
            turns=(
                Turn(text="路灯坏了。"),
                Turn(wav=tmp_path / "road.wav", barge_in=1.5),
                Turn(keys="0"),
                Turn(hang_up=True),
            ),
            expected=Expected(outcome=("registered",), slots={"category": "0204"}, orders=1),
        )
    ]


@pytest.mark.parametrize(
    ("row", "where", "reason"),
    [
        ("turns: [路灯坏了]", "expected", "缺少这个字段"),
        ("turns: [路灯坏了], expected: agent, mood: 急", "mood", "没有这个字段"),
        (
            "turns: [{text: 路灯, keys: '0'}], expected: agent",
            "turns.0",
            "每一轮只能写 text、wav、keys、wait、hang_up 中的一个",
        ),
        ("turns: [{keys: abc}], expected: agent", "turns.0.keys", "写法不对"),
        ("turns: [路灯], noise: {kind: 打雷}, expected: agent", "noise.kind", "没有这个选项"),
        (
            "turns: [路灯], expected: done",
            "expected.outcome",
            "outcome 只能是 answered、registered、emergency、agent、failed",
        ),
    ],
)
def test_a_malformed_script_is_refused_by_line_field_and_reason(
    tmp_path: Path, row: str, where: str, reason: str
) -> None:
    folder = written(
        tmp_path, f"- {{name: 好的, turns: [转人工], expected: agent}}\n- {{name: 坏的, {row}}}\n"
    )
    scripts, refused = read_scripts(folder)
    assert [script.name for script in scripts] == ["好的"]
    assert [(error.file, error.where, error.reason) for error in refused] == [
        (str(tmp_path / "calls.yaml"), f"第 2 行“坏的” {where}", reason)
    ]


def test_a_file_that_is_no_yaml_is_refused_by_line_and_the_others_are_read(tmp_path: Path) -> None:
    written(tmp_path, "- {name: 坏的\nturns: [", name="bad.yaml")
    written(tmp_path, "{name: 好的, turns: [转人工], expected: agent}", name="good.yaml")
    scripts, refused = read_scripts(tmp_path)
    assert [script.name for script in scripts] == ["好的"]
    assert [(error.where, error.reason) for error in refused] == [("第 2 行", "不是有效的 YAML")]


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, "{name: 录音, turns: [{wav: none.wav}], expected: agent}")
    assert [error.reason for error in read_scripts(folder)[1]] == ["没有录音文件 none.wav"]


def test_two_scripts_of_one_name_are_not_both_taken(tmp_path: Path) -> None:
    row = "- {name: 同名, turns: [转人工], expected: agent}\n"
    scripts, refused = read_scripts(written(tmp_path, row * 2))
    assert (len(scripts), [error.reason for error in refused]) == (1, ["脚本的名字重复"])


def test_a_folder_without_scripts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="里面没有"):
        read_scripts(tmp_path)


def test_the_scripts_that_are_shipped_are_sixty_or_more_and_none_is_refused() -> None:
    scripts, refused = read_scripts(SCRIPTS)
    assert refused == []
    assert len(scripts) >= 60
