"""The list of commands: loaded one by one, and true."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from app.entry import COMMANDS, listing


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
