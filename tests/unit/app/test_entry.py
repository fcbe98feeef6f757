"""The list of commands: loaded one by one, and true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.entry import COMMANDS, listing
from app.settings import ROOT, Settings


def said_by(command: typer.Typer) -> str:
    told = command.info.help
    if isinstance(told, str) and told:
        return told
    registered = command.registered_callback or command.registered_commands[0]
    assert registered.callback is not None
    return (registered.callback.__doc__ or "").strip().splitlines()[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_itself(name: str) -> None:
    command = COMMANDS[name].load(name)
    assert COMMANDS[name].help == said_by(command)
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0


def test_without_a_command_all_are_named() -> None:
    result = CliRunner().invoke(listing(), ["--help"])
    assert (result.exit_code, [name for name in COMMANDS if name not in result.output]) == (0, [])


def test_a_command_that_there_is_not_is_refused_by_name() -> None:
    result = CliRunner().invoke(listing(), ["hotlien"])
    assert (result.exit_code, "hotlien" in result.output) == (2, True)


def test_the_list_is_shown_without_loading_engines_or_the_store() -> None:
    script = (
        "import sys; from app.entry import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'sqlalchemy', 'jieba', 'pjsua2', 'fastapi') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def checked(tmp_path: Path, written: str | None) -> subprocess.CompletedProcess[str]:
    """Return what `hotline check` says with a settings' file that is or is not there."""
    file = tmp_path / "settings.toml"
    if written is not None:
        file.write_text(written, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "app", "check"],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "HOTLINE_SETTINGS_FILE": str(file)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (None, "没有这个文件"),
        ("record_call = false\n", "record_call"),
        ("HOTLINE_RECORD_CALLS = false\n", "HOTLINE_RECORD_CALLS"),
        ('[[oidc]]\nname = "city"\nrole_claim = "groups"\n', "oidc.role_claim"),
        ("record_calls = nein\n", "不是正确的 TOML"),
    ],
)
def test_a_settings_file_that_is_not_what_was_meant_starts_nothing(
    tmp_path: Path, written: str | None, why: str
) -> None:
    ran = checked(tmp_path, written)
    assert ran.returncode == 2
    assert (
        f"错误 [settings_file.invalid]：设置文件 {tmp_path / 'settings.toml'}（HOTLINE_SETTINGS_FILE）"
        in ran.stderr
    )
    assert why in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_settings_file_of_known_settings_is_read_below_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('record_calls = false\nmax_calls = 7\nsip_host = "10.1.0.9"\n', encoding="utf-8")
    monkeypatch.setenv("HOTLINE_SETTINGS_FILE", str(file))
    monkeypatch.setenv("HOTLINE_MAX_CALLS", "9")
    monkeypatch.setenv("HOTLINE_OF_ANOTHER_PROGRAM", "1")
    settings = Settings()
    assert (settings.record_calls, settings.max_calls, settings.sip_host) == (False, 9, "10.1.0.9")
